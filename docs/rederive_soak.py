"""Every interval of a soak's folder, computed again from what the devices wrote.

    python rederive_soak.py SOAK

Needs numpy and scipy, nothing of bakeoff. Reads SOAK/soak.json and SOAK/devices/*/records.jsonl, prints one line for
each device and quantity, and compares it with SOAK/result.json: exit code 1 where a digit differs.
"""

import json
import re
import sys
from pathlib import Path

import numpy as np
from scipy.special import gammaincinv, stdtr, stdtrit

MATTERS = 256.0  # bytes per 1000 inferences
LEAST_STEP = 16_384.0  # bytes: a large page
STEPS = (4096.0, 65_536.0, 1_048_576.0, 2_097_152.0)  # in which memory may come, and in larger ones that were seen
LOOKS = (0.25, 0.354, 0.5, 0.707, 1.0)  # of the hours asked for
SIZES = ("rss_anon_bytes", "pss_bytes", "rss_bytes")  # the first that nine windows of ten have


def t_interval(values, level):
    half = stdtrit(values.size - 1, (1 + level) / 2) * values.std(ddof=1) / np.sqrt(values.size)
    return values.mean() - half, values.mean() + half


def welch(late, early, share=1.0):
    """mean(late) − share·mean(early), its variance, and Welch and Satterthwaite's degrees of freedom."""
    parts = [(late.var(ddof=1) / late.size, late.size - 1), (share**2 * early.var(ddof=1) / early.size, early.size - 1)]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / count for part, count in parts) if variance > 0 else 1.0
    return late.mean() - share * early.mean(), variance, freedom


# --- memory -----------------------------------------------------------------------------------------------------------


def processes(windows, until_s=np.inf):
    """One array a session, a row a window that had ended by then: inferences so far, bytes held."""
    field = next((name for name in SIZES if np.mean([each.get(name) is not None for each in windows]) >= 0.9), None)
    if field is None:
        return []
    sessions, begun = [], 0.0
    for session in dict.fromkeys(each["session"] for each in windows):
        own = [each for each in windows if each["session"] == session]
        seconds = np.array([(each["ended_ns"] - each["started_ns"]) / 1e9 for each in own])
        done = np.cumsum([float(each["inferences"]) for each in own])
        held = [np.nan if each.get(field) is None else float(each[field]) for each in own]
        kept = begun + np.cumsum(seconds) <= until_s * (1 + 1e-9)
        sessions.append(np.column_stack([done, held])[kept])
        begun += seconds.sum()
    return sessions


def increments(sessions, left_out, of):
    """Bytes per 1000 inferences from stretch to stretch, which of them are of the later half of their process, what one
    step of memory in every process makes of their mean, and the bounds on leaks in steps.

    Each process without its first `left_out` (a share of its inferences), all of them cut into `of` stretches.
    """
    kept = [one[(one[:, 0] > left_out * one[-1, 0]) & np.isfinite(one[:, 1])] for one in sessions if len(one)]
    if sum(len(one) for one in kept) < 24:
        return None
    length = sum(one[-1, 0] - one[0, 0] for one in kept if len(one)) / of
    slopes, later, spans, moves, rises = [], [], [], [np.zeros(0)], []
    for one in kept:
        if len(one) < 4 or length <= 0:
            continue
        groups = np.array_split(one, max(4, int((one[-1, 0] - one[0, 0]) / length + 1e-9)))
        groups = [group for group in groups if len(group)]
        middles = np.array([group[:, 0].mean() for group in groups])
        levels = np.array([np.median(group[:, 1]) for group in groups])
        slopes += list(1000.0 * np.diff(levels) / np.diff(middles))
        spans.append(middles[-1] - middles[0])
        rises.append(levels[-1] - levels[0])
        moves.append(np.diff(one[:, 1]))
        later += [2 * place >= len(groups) - 1 for place in range(len(groups) - 1)]
    slopes, later = np.array(slopes), np.array(later, dtype=bool)
    if slopes.size < 4 or later.sum() < 2:
        return None
    steps = np.abs(np.concatenate(moves))
    step = max(LEAST_STEP, min(steps[steps > 0], default=0.0))
    moves = np.concatenate([np.zeros(0), *(np.diff(one[:, 1]) for one in kept)])
    return slopes, later, 1000.0 * step * len(spans) / sum(spans), in_steps(moves, rises, sum(spans))


def in_steps(moves, rises, inferences):
    """(size of a step, how many the rises amount to, the largest leak in such steps): Garwood's bound at 97.5 %."""
    far = max(65_536.0, 8 * 1.4826 * np.median(np.abs(moves - np.median(moves))))
    largest = max(moves[moves >= far], default=0.0)
    found = []
    for step in (*STEPS, *([largest] if largest > STEPS[-1] else [])):
        count = sum(max(0, round(rise / step)) for rise in rises)
        found.append((step, count, 1000.0 * gammaincinv(count + 1, 0.975) * step / inferences))
    return found


def is_dying_down(slopes, later):
    """The later increments are smaller: Welch's one-sided test at 5 %, and by a fifth at least."""
    early, late = slopes[~later], slopes[later]
    if min(early.size, late.size) < 2 or early.mean() <= 0 or late.mean() >= 0.8 * early.mean():
        return False
    difference, variance, freedom = welch(late, early)
    return variance == 0 or stdtr(freedom, difference / np.sqrt(variance)) < 0.05


def is_over(records):
    """Whether no more will come: all of it was done, or the arm failed."""
    last = max(one["session"] for one in records)
    return any(
        one["record"] == "arm_failed"
        or (one["record"] == "runner_finished" and one["session"] == last and one["reason"] != "stopped")
        for one in records
    )


def slope(windows, asked_s, is_over):
    """The mean increment and its one-sided 95 % bounds, and the bounds on steps, of the cut that the answer rests on;
    None without one.
    """
    done_s = sum((each["ended_ns"] - each["started_ns"]) / 1e9 for each in windows)
    if done_s < asked_s and not is_over:  # as it stood at the last look
        looks = [share * asked_s for share in LOOKS if share * asked_s <= done_s]
        cut = increments(processes(windows, looks[-1]), 0.25, 9) if looks else None
    else:
        sessions = processes(windows)
        cut = increments(sessions, 0.25, 9)
        small = [
            each
            for each in (cut, increments(sessions, 0.5, 5))
            if each is not None and t_interval(each[0], 0.95)[1] + each[2] < MATTERS
        ]
        if small:  # "no", by the first cut that says so of steps too, or not yet
            cut = next((each for each in small if all(most < MATTERS for _, _, most in each[3])), small[0])
        elif cut is not None and is_dying_down(*cut[:2]):
            cut = increments(sessions, 0.5, 9) or cut
    if cut is None:
        return None
    low, high = t_interval(cut[0], 0.90)
    return (cut[0].mean(), low - cut[2], high + cut[2]), cut[3]


# --- latency and battery ----------------------------------------------------------------------------------------------


def drift(windows, hours, field):
    """The last third of 24 stretches against the first, or of 48 where each has a window: the wider interval."""
    if len(windows) < 24:
        return None
    logs, found = np.log([max(each[field], 1) for each in windows]), []
    for of in (24, 48):
        stretch = np.minimum(of - 1, (of * (hours - hours[0] / 2) / hours[-1]).astype(int))
        places = np.unique(stretch)
        early, late = (3 * places // of == third for third in (0, 2))
        if places.size >= (of if found else 12) and min(early.sum(), late.sum()) >= 2:
            medians = np.array([np.median(logs[stretch == one]) for one in places])
            found.append(contrast(medians, places, late / late.sum() - early / early.sum()))
    if not found:
        return None
    change, half = max(found, key=lambda one: one[1])
    return np.exp(change), np.exp(max(change - half, -50)), np.exp(min(change + half, 50))


def contrast(values, places, weights):
    """weights·values and half of its 95 % interval: AR(1) errors φ about a cubic, and about a jump where one step is
    five robust standard deviations from the others. φ gives the residuals the lag-1 autocorrelation that is seen, half
    a standard error is added, and σ² has Satterthwaite's degrees of freedom.
    """
    n, steps = values.size, np.diff(values)
    away = np.abs(steps - np.median(steps))
    course = [np.linspace(-1, 1, places[-1] - places[0] + 1)[places - places[0]] ** power for power in range(4)]
    if away.max() > 5 * 1.4826 * np.median(away):
        course.append(np.arange(n) > away.argmax())
    course = np.column_stack(course).astype(float)
    leave = np.eye(n) - course @ np.linalg.pinv(course)
    left = leave @ values
    if left @ left <= n * 1e-18:
        return weights @ values, 0.0

    def of(alike):
        """Correlations of the values, and M·R·M."""
        correlations = alike ** np.abs(np.subtract.outer(places, places))
        return correlations, leave @ correlations @ leave

    grid = np.arange(0, 0.9951, 0.005)
    expected = [np.trace(each, 1) / np.trace(each) for _, each in map(of, grid)]
    alike = np.interp(left[1:] @ left[:-1] / (left @ left), expected, grid) + 0.5 / np.sqrt(n)
    correlations, remains = of(grid[min(int(np.ceil(alike / 0.005 - 1e-9)), grid.size - 1)])
    variance = left @ left / np.trace(remains) * (weights @ correlations @ weights)
    freedom = np.trace(remains) ** 2 / np.sum(remains**2)
    return weights @ values, stdtrit(freedom, 0.975) * np.sqrt(variance)


def battery_level(window):
    """Percent, out of a supply's uevent or of `dumpsys battery`."""
    for reading in window["readings"]:
        said = re.search(r"^(?:POWER_SUPPLY_CAPACITY=|\s*level: )(\d+)\s*$", reading.get("text") or "", re.MULTILINE)
        if said:
            return float(said.group(1))
    return np.nan


def drain(windows, hours):
    """Percent an hour, over six stretches."""
    level = np.array([battery_level(each) for each in windows])
    hours, level = hours[np.isfinite(level)], level[np.isfinite(level)]
    edges = np.linspace(0, hours.size - 1, 7).round().astype(int)
    if hours.size <= 6 or np.diff(hours[edges]).min() <= 0:
        return None
    drains = -np.diff(level[edges]) / np.diff(hours[edges])
    return drains.mean(), *t_interval(drains, 0.95)


# --- the soak ---------------------------------------------------------------------------------------------------------


def intervals(soak):
    """(device, quantity) → (value, low, high)."""
    manifest = json.loads((soak / "soak.json").read_text(encoding="utf-8"))
    found = {}
    for device in manifest["devices"]:
        path = soak / "devices" / device["folder"] / "records.jsonl"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        records = [json.loads(line) for line in lines]
        windows = [one for one in records if one["record"] == "soak_window"]
        if not windows:
            continue
        seconds = np.array([(each["ended_ns"] - each["started_ns"]) / 1e9 for each in windows])
        hours = np.cumsum(seconds) / 3600.0
        grown, steps = slope(windows, manifest["hours"] * 3600.0, is_over(records)) or (None, [])
        per_day = sum(each["inferences"] for each in windows) / seconds.sum() * 86_400.0 / 1000.0
        found[device["name"], "memory, bytes per 1000 inferences"] = grown
        found[device["name"], "memory, bytes per 24 h"] = None if grown is None else [per_day * each for each in grown]
        for size, count, most in steps:
            found[device["name"], f"leak in steps of {size:.0f} bytes: seen, least, most"] = count, 0.0, most
        found[device["name"], "latency"] = drift(windows, hours, "latency_p50_ns")
        found[device["name"], "99th percentile"] = drift(windows, hours, "latency_p99_ns")
        found[device["name"], "battery, % per hour"] = drain(windows, hours)
    return {place: each for place, each in found.items() if each is not None}


def published(soak):
    """The same from result.json."""
    result = json.loads((soak / "result.json").read_text(encoding="utf-8"))
    found = {}
    for device in result["devices"]:
        for quantity, one in (
            ("memory, bytes per 1000 inferences", device["memory"]["per_1000_inferences"]),
            ("memory, bytes per 24 h", device["memory"]["per_day"]),
            ("latency", device["latency"]["late_over_early"]),
            ("99th percentile", device["tail"]["late_over_early"]),
            ("battery, % per hour", device["battery"]["drain_per_hour"]),
        ):
            if one["kind"] == "estimated":
                found[device["device"], quantity] = (one["value"], one["low"], one["high"])
        for one in device["memory"].get("steps", []):
            place = f"leak in steps of {one['step_bytes']:.0f} bytes: seen, least, most"
            found[device["device"], place] = one["count"], 0.0, one["at_most"]
    return found


def digits(numbers):
    """Nine significant digits: more is floating-point rounding. A gauge that stood still has no −0."""
    value, low, high = ("none" if number is None else f"{round(number, 9) + 0.0:.9g}" for number in numbers)
    return f"{value} [{low}, {high}]"


def main():
    soak = Path(sys.argv[1])
    ours, theirs = intervals(soak), published(soak)
    differ = 0
    for place in sorted({*ours, *theirs}):
        again = digits(ours[place]) if place in ours else "none"
        before = digits(theirs[place]) if place in theirs else "none"
        differ += again != before
        print(*place, again, "" if again == before else f"but result.json has {before}", sep="  ")
    print(f"{len(theirs)} intervals, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
