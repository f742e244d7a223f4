"""The file of a meter between the supply and a device: its columns, and how far its clock is off.

rederive_energy.py asks for it, where the experiment names such a file. Needs numpy, nothing of bakeoff.
"""

import datetime
import math
import re

import numpy as np

HEADINGS = {
    "time": r"time|timestamp|date|datetime|t|elapsed|unixtime|epoch",
    "power": r"power|p|watt|watts|w|pbus",
    "voltage": r"voltage|volt|volts|v|vbus|u|main avg voltage|bus voltage",
    "current": r"current|ampere|amps|amp|i|ibus|main avg current|a",
}
PREFIXES = {"n": 1e-9, "u": 1e-6, "µ": 1e-6, "μ": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3}
TIMES = dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1e9) | {"ms": 1e6, "us": 1e3, "µs": 1e3, "ns": 1.0}


def heading_of(cells):
    """Role → (column, factor to ns, W, V or A); None where no time and power are named."""
    found = {}
    for index, cell in enumerate(cells):
        split = re.fullmatch(r"(.*?)[ _]*[\[(]\s*([^\])]*)\s*[\])]\s*|(.*)_([A-Za-zµμ]{1,4})", cell)
        bare, unit = (split[1] or split[3] or "", (split[2] or split[4] or "").strip()) if split else (cell, "")
        for role, pattern in HEADINGS.items():
            if role in found or not re.fullmatch(pattern, bare.strip().lower()):
                continue
            if role == "time":
                factor = 0.0 if not unit or "utc" in unit.lower() else TIMES.get(unit.lower())
            else:
                letter = {"power": "W", "voltage": "V", "current": "A"}[role]
                factor = 1.0 if not unit else PREFIXES.get(unit[:-1]) if unit[-1] == letter else None
            if factor is not None:
                found[role] = index, factor
    return found if "time" in found and ("power" in found or {"voltage", "current"} <= found.keys()) else None


def read_meter(text):
    """Times in ns, powers in mW; None for a file that holds neither."""
    lines = [line.strip("\r\ufeff ") for line in text.splitlines()]

    def cells_of(line, separator):
        return [cell.strip().strip('"') for cell in line.lstrip("# ").split(separator)]

    tried = ((at, separator) for at in range(min(200, len(lines))) for separator in (";", "\t", ",", None))
    first, separator = next((one for one in tried if heading_of(cells_of(lines[one[0]], one[1]))), (None, None))
    if first is None:
        return None
    heading = heading_of(cells_of(lines[first], separator))
    roles = ["power"] if "power" in heading else ["voltage", "current"]
    times, powers, scale = [], [], heading["time"][1]
    for line in lines[first + 1 :]:
        cells = cells_of(line, separator)
        if separator in (";", "\t"):
            cells = [re.sub(r"^([+-]?\d+),(\d+)$", r"\1.\2", cell) for cell in cells]
        try:
            values = [float(cells[heading[role][0]]) * heading[role][1] for role in roles]
            stamp = cells[heading["time"][0]]
            try:
                when = float(stamp)
            except ValueError:
                moment, scale = datetime.datetime.fromisoformat(stamp.replace("/", "-")), 1.0
                moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
                since = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
                when = float((since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000)
        except (IndexError, ValueError):
            continue
        times.append(when)
        powers.append(abs(math.prod(values)) * 1e3)
    since_1970 = [unit for unit in (1e9, 1e6, 1e3, 1.0) if times and 1e9 <= times[0] * unit / 1e9 < 1e10]
    if len(times) < 2 or not (scale or since_1970):
        return None
    at_ns = np.array([round(time * (scale or since_1970[0])) for time in times])
    return (at_ns, np.array(powers)) if np.diff(at_ns).min() >= 0 else None


def meter_offset_s(at_ns, power_mw, blocks):
    """The device's clock less the meter's, where what was done (idling, or which arm) explains most of the variance of
    power; None where nothing explains it, or several offsets do.
    """
    begins, ends = (np.array([block[key] for block in blocks]) for key in ("wall_started_ns", "wall_ended_ns"))
    arms = [block["arm"] for block in blocks]
    is_relative = at_ns[0] < 1e18
    around, within = (round((begins[0] - at_ns[0]) / 1e9, 1), 3600) if is_relative else (0.0, 60)
    sums, squares = (np.concatenate([[0.0], np.cumsum(values)]) for values in (power_mw, power_mw**2))

    def explained(offset_s):
        first = np.searchsorted(at_ns, begins - offset_s * 1e9, "left")
        last = np.searchsorted(at_ns, ends - offset_s * 1e9, "right")
        if (last - first).min() < 2:
            return 0.0
        parts, counts = sums[last] - sums[first], last - first
        total = parts.sum() ** 2 / counts.sum()
        groups = [np.array([arm == name for arm in arms]) for name in set(arms)]
        between = sum(parts[one].sum() ** 2 / counts[one].sum() for one in groups) - total
        variance = (squares[last] - squares[first]).sum() - total
        return between / variance if variance > 0 else 0.0

    offsets = [around + step / 10 for step in range(-within * 10, within * 10 + 1)]
    scores = np.array([explained(offset) for offset in offsets])
    near = [offset for offset, score in zip(offsets, scores) if score > 0.999 * scores.max()]
    others = [offset for offset, score in zip(offsets, scores) if score > 0.95 * scores.max()]
    is_one = max(near) - min(near) <= 10 and min(near) - 3 <= min(others) and max(others) <= max(near) + 3
    return round(sum(near) / len(near), 3) if scores.max() >= 0.5 and is_one else None
