"""What an inference took, block by block, understood again from the texts that were read while the blocks ran.

rederive_intervals.py asks for it. Needs numpy, nothing of bakeoff: of a run the energy blocks of records.jsonl, the
names of the probes in plan.json, two facts of survey.txt (the range of a counter that wraps; whether it is a phone),
and a meter's file where there is one.

Every source ends in a mean power over the block, or in `LostBlockError`: a block that cannot be trusted is left out.
"""

import json
import math
import re

import numpy as np
from rederive_meter import meter_offset_s, read_meter


class LostBlockError(Exception):
    """Nothing can be said of this block."""


def trust(condition):
    if not condition:
        raise LostBlockError


def duration_ns(block):
    return block["ended_ns"] - block["started_ns"]


# --- looks: what was read through one probe ---------------------------------------------------------------------------


def number(text, low, high):
    """The whole number that a file of one line holds; None for what is none, or cannot be."""
    found = re.fullmatch(r"[ \t]*([+-]?\d{1,19})[ \t\r]*\n", text)
    return int(found[1]) if found and low <= int(found[1]) <= high else None


def looks(block, probe, parse, holes=0.05):
    """Times (the middle of each look, ns) and values; `LostBlockError` where more than this part of them is missing."""
    asked = [one for one in block["readings"] if one["probe"] == probe]
    found = [(one["monotonic_ns"] + one["took_ns"] / 2, parse(one["text"])) for one in asked if one["text"] is not None]
    found = [(at_ns, value) for at_ns, value in found if value is not None]
    trust(len(found) >= 2 and len(asked) - len(found) <= holes * len(asked))
    at_ns, values = np.array(found, dtype=np.float64).T
    return at_ns, values


# --- two ways to a mean power -----------------------------------------------------------------------------------------


def power_of_counter(counted_uj, covered_ns, step_uj):
    """mW; a counter that went on by fewer than three of its own steps tells nothing."""
    trust(covered_ns > 0 and counted_uj > 0 and counted_uj >= 3 * step_uj)
    return counted_uj * 1e6 / covered_ns


def power_of_samples(block, at_ns, power_mw):
    """mW: trapezoids, ∫P dt / ∫dt, over five samples or more, without a hole, over half of the block or more."""
    gaps = np.diff(at_ns)
    trust(at_ns.size >= 5 and gaps.min() > 0 and gaps.max() <= max(5 * np.median(gaps), 2e9))
    trust(gaps.sum() >= 0.5 * duration_ns(block))
    mean = np.sum((power_mw[1:] + power_mw[:-1]) / 2 * gaps) / gaps.sum()
    trust(mean > 0)
    return mean


# --- sources: each makes, of all blocks of a device, a function block → mean power in mW -----------------------------


def power_rails(blocks, probes, survey):
    """Accumulated µWs of each rail, last look less first; over the meter's own clock where it prints one."""

    def parse(text):
        """Rail → (µJ, the meter's ms), and the step of a counter in µJ."""
        rails = {
            name: (float(uj), int(ms)) for ms, name, uj in re.findall(r"CH\d+\(T=(\d+)\)\[([^]]+)\], (\d+)\n", text)
        }
        if rails:
            return rails, 1.0
        section = text.partition(" energy meter =")[2].partition("End of PowerStats HAL 2.0 energy meter")[0]
        lines = re.findall(r"\n\s*(?:\[([\w.-]+)\]:.+?|([\w.-]+))\s+(\d+\.\d\d) mWs", section)
        rails = {one or other: (float(mws) * 1000, None) for one, other, mws in lines}
        # The HAL prints through a float of 24 bits, with two decimals.
        steps = [max(2.0 ** max(int(uj).bit_length() - 24, 0), 10.0) for uj, _ in rails.values()]
        return (rails, max(steps)) if rails else None

    asked = {probe: [one for block in blocks for one in block["readings"] if one["probe"] == probe] for probe in probes}
    names = {probe: list(next(filter(None, (parse(one["text"] or "") for one in asked[probe])))[0]) for probe in probes}

    def of_meter(block, probe):
        ends = [one for one in block["readings"] if one["probe"] == probe]
        trust(len(ends) >= 2)
        first, last = ends[0], ends[-1]
        before, after = (parse(one["text"] or "") for one in (first, last))
        trust(before and after and all(name in before[0] and name in after[0] for name in names[probe]))
        steps = [after[0][name][0] - before[0][name][0] for name in names[probe]]
        trust(min(steps) >= 0)
        clocks = before[0][names[probe][0]][1], after[0][names[probe][0]][1]
        if clocks[0] is not None:
            covered_ns = (clocks[1] - clocks[0]) * 1e6
        else:
            covered_ns = (last["monotonic_ns"] + last["took_ns"] / 2) - (first["monotonic_ns"] + first["took_ns"] / 2)
        return power_of_counter(sum(steps), covered_ns, max(before[1], after[1]) * len(steps) ** 0.5)

    return lambda block: sum(of_meter(block, probe) for probe in probes)


def rapl(blocks, probes, survey):
    """µJ of each package, added up from look to look, so that a counter that wraps is seen to."""
    path_of = dict(probes)

    def of_package(block, probe):
        folder = path_of[probe].rpartition("/")[0]
        range_uj = int(re.search(rf"^{re.escape(folder)}/max_energy_range_uj\t(\d+)", survey, re.MULTILINE)[1])
        at_ns, values = looks(block, probe, lambda text: number(text, 0, 2**63 - 1))
        steps = np.diff(values) % (range_uj + 1)
        trust(values.max() <= range_uj and steps.max() <= range_uj // 2)
        return power_of_counter(steps.sum(), at_ns[-1] - at_ns[0], 61.0)

    return lambda block: sum(of_package(block, probe) for probe in probes)


def board_sensors(blocks, probes, survey):
    """INA226, INA3221 and their like: mW, µW, or mV × mA, of sensors that stand beside each other."""

    def of_sensor(block, name):
        if f"{name}_milliwatts" in probes:
            return looks(block, f"{name}_milliwatts", lambda text: number(text, -1_000, 100_000))
        if f"{name}_power" in probes:
            at_ns, microwatts = looks(block, f"{name}_power", lambda text: number(text, 0, 10**10))
            return at_ns, microwatts / 1e3
        volts_at_ns, millivolts = looks(block, f"{name}_voltage", lambda text: number(text, -1_000, 100_000))
        amps_at_ns, milliamps = looks(block, f"{name}_current", lambda text: number(text, -(10**6), 10**6))
        trust(volts_at_ns.size == amps_at_ns.size and not milliamps.min() < 0 < milliamps.max())
        return (volts_at_ns + amps_at_ns) / 2, np.abs(millivolts * milliamps) / 1e3

    def power(block):
        rows = [of_sensor(block, name) for name in dict.fromkeys(probe.rpartition("_")[0] for probe in probes)]
        trust(len({at_ns.size for at_ns, _ in rows}) == 1)
        at_ns = np.mean([at_ns for at_ns, _ in rows], axis=0)
        trust(all(np.abs(one - at_ns).max() <= 1e9 for one, _ in rows))
        return power_of_samples(block, at_ns, np.sum([power_mw for _, power_mw in rows], axis=0))

    return power


def pi_pmic(blocks, probes, survey):
    """V × A of every rail that the Raspberry Pi's power chip gives both of."""

    def parse(text):
        amps = dict(re.findall(r"(?m)^\s*(\w+)_A current\(\d+\)=(\d+\.\d+)A", text))
        volts = dict(re.findall(r"(?m)^\s*(\w+)_V volt\(\d+\)=(\d+\.\d+)V", text))
        return {name: float(amps[name]) * float(volts[name]) for name in amps if name in volts}

    names = next(filter(None, (parse(one["text"] or "") for block in blocks for one in block["readings"])), {})

    def milliwatts(text):
        watts = parse(text)
        return 1e3 * sum(watts[name] for name in names) if names and names.keys() <= watts.keys() else None

    return lambda block: power_of_samples(block, *looks(block, "pmic", milliwatts))


# --- a battery: what flows out of it is the device's only while no cable feeds it -------------------------------------

BOUNDS = {"voltage": (1_000_000, 60_000_000), "current": (-100_000_000, 100_000_000)}
FILES = {"voltage": "voltage_now", "current": "current_now", "power": "power_now", "counter": "charge_counter"}
FILES |= {"charge": "charge_now", "energy": "energy_now", "status": "status"}
DUMPSYS = {"voltage": "voltage", "current": "current now", "counter": "Charge counter", "status": "status"}
STATUSES = {1: "Unknown", 2: "Charging", 3: "Discharging", 4: "Not charging", 5: "Full"}


def in_dumpsys(role, text):
    """µV, µAh, a raw current, or a status in words, from `dumpsys battery`."""
    found = re.search(rf"(?m)^\s*{DUMPSYS[role]}: *(-?\d+)\s*$", text)
    if found is None or "UPDATES STOPPED" in text:
        return None
    value = int(found[1]) * (1000 if role == "voltage" else 1)
    if role == "status":
        return STATUSES.get(value)
    low, high = BOUNDS.get(role, (1, 10**9))
    return value if low <= value <= high else None


def in_file(role, text):
    """The same from a file of the power supply, or from a command that prints nothing else."""
    if role == "status":
        return text.strip() if text.strip() in STATUSES.values() and text.strip() != "Unknown" else None
    value = number(text, *BOUNDS.get(role, (1, 10**9)))
    is_error_code = role == "current" and value in (-22, -61, -19, -5, -11, -110)
    return None if is_error_code else value


class Battery:
    """Its numbers over a block, by role; a role is read in a file, else by a command, else in `dumpsys battery`."""

    def __init__(self, blocks, probes):
        readings = [one for block in blocks for one in block["readings"] if one["probe"] == "battery_dumpsys"]
        dumped = next((one["text"] for one in readings if one["text"]), "")
        self.probe = {}
        for role, name in FILES.items():
            for probe in (f"battery_{name}", f"battery_{role}_command"):
                if probe in probes:
                    self.probe.setdefault(role, probe)
            if role in DUMPSYS and in_dumpsys(role, dumped) is not None:
                self.probe.setdefault(role, "battery_dumpsys")

    def parse(self, role):
        reader = in_dumpsys if self.probe[role] == "battery_dumpsys" else in_file
        return lambda text: reader(role, text)

    def looks(self, block, role, holes=0.05):
        trust(role in self.probe)
        return looks(block, self.probe[role], self.parse(role), holes)

    def feeds_alone(self, block, counted_by):
        """In every look the status is Discharging, and the charge does not rise (200 µAh may be rounding)."""
        texts = [one["text"] for one in block["readings"] if one["probe"] == self.probe.get("status")]
        seen = [status for text in texts if text is not None and (status := self.parse("status")(text))]
        trust(seen and set(seen) == {"Discharging"})
        if counted_by in self.probe:
            try:
                charge = self.looks(block, counted_by, holes=1.0)[1]
            except LostBlockError:
                return
            trust(charge[-1] - charge[0] <= 200)


def charge_counter(blocks, probes, survey):
    """µAh × mean voltage (or µWh): how fast it fell between its first and its last change within the block."""
    battery = Battery(blocks, probes)
    role = next((name for name in ("counter", "energy", "charge") if name in battery.probe), "counter")

    def power(block):
        battery.feeds_alone(block, role)
        at_ns, charge = battery.looks(block, role)
        volts = 1.0 if role == "energy" else battery.looks(block, "voltage")[1].mean() / 1e6
        changed = 1 + np.flatnonzero(np.diff(charge))
        trust(changed.size >= 2)
        when, level = at_ns[changed], charge[changed]
        fell, covered_ns = level[0] - level[-1], when[-1] - when[0]
        trust(fell > 0 and np.diff(level).max() <= fell)
        quantum = math.gcd(*charge.astype(int).tolist())
        centred = when - when.mean()
        slope = np.sum(centred * (level - level.mean())) / np.sum(centred**2)
        off = 2 * np.abs(level - level.mean() - slope * centred).max()
        if changed.size < 8:
            error = max(quantum, off)
        else:  # enough changes for a line through them
            fell, error = -slope * covered_ns, max(quantum / 2, off)
        return power_of_counter(fell * 3600 * volts, covered_ns, error * 3600 * volts)

    return power


def battery_current(blocks, probes, survey):
    """µA × µV (or µW), trapezoids; the current's sign and unit are found out from all blocks together."""
    battery = Battery(blocks, probes)
    direct = not {"current", "voltage"} <= battery.probe.keys()
    role = "power" if direct else "current"
    factor = None if direct else ua_per_unit(battery, blocks, is_phone=bool(re.search(r"@@bakeoff sdk\n\d", survey)))

    seen = []
    for block in blocks:
        try:
            seen += battery.looks(block, role, holes=1.0)[1].tolist()
        except LostBlockError:
            continue
    steps = np.diff(np.unique(seen))
    step = steps.min() if steps.size and steps.min() <= 0.25 * steps.sum() else 0.0

    def power(block):
        trust(direct or factor is not None)
        battery.feeds_alone(block, "counter")
        at_ns, raw = battery.looks(block, role)
        if direct:
            power_mw = raw / 1e3
        else:
            microvolts = battery.looks(block, "voltage")[1]
            power_mw = raw * factor * (microvolts if microvolts.size == raw.size else microvolts.mean()) / 1e9
        changed = 1 + np.flatnonzero(np.diff(raw))
        if changed.size < 4 and step >= 0.005 * abs(raw.mean()) and np.ptp(raw) <= 1.001 * step and raw.any():
            return power_of_samples(block, at_ns, power_mw)  # a coarse gauge at a steady load
        trust(changed.size >= 4)
        fresh = slice(changed[1], None)  # before its second change the gauge may speak of what was before the block
        return power_of_samples(block, at_ns[fresh], power_mw[fresh])

    return power


def ua_per_unit(battery, blocks, is_phone):
    """raw × this = µA out of the battery; None where that cannot be told."""
    idle, working, currents = [], [], []
    for block in blocks:
        try:
            battery.feeds_alone(block, "counter")
            raw, microvolts = (battery.looks(block, role, holes=1.0)[1] for role in ("current", "voltage"))
        except LostBlockError:
            continue
        currents += raw[raw != 0].tolist()
        fall = None
        if "counter" in battery.probe:
            at_ns, charge = battery.looks(block, "counter", holes=1.0)
            fall = (charge[0] - charge[-1]) / (at_ns[-1] - at_ns[0]) * 3.6e12  # µAh per hour are µA
        (idle if block["arm"] is None else working).append((raw.mean(), microvolts.mean() / 1e6, fall))
    negative = np.mean(np.array(currents) < 0) if currents else 0.5
    if 0.1 < negative < 0.9:
        return None
    sign = -1 if negative > 0.5 else 1
    if idle and working and sign * np.mean([one[0] for one in working]) <= sign * np.mean([one[0] for one in idle]):
        return None
    seen = working or idle
    mean, volts = np.mean([abs(one[0]) for one in seen]), np.mean([one[1] for one in seen])
    falls = [one[2] for one in seen if one[2] is not None and one[2] > 0]
    low, high = (0.1, 15.0) if is_phone else (0.3, 250.0)
    plausible = [unit for unit in (1.0, 1000.0) if low <= mean * unit * volts / 1e6 <= high]  # µA, mA
    if falls:
        near = [unit for unit in (1.0, 1000.0) if 1 / 3 <= mean * unit / np.mean(falls) <= 3]
        if not near:
            return None
        if len(near) == 1 and near[0] in plausible:
            return sign * near[0]
    return sign * plausible[0] if len(plausible) == 1 else None


# --- a meter outside: its file is read by rederive_meter.py -----------------------------------------------------------


def external_meter(blocks, text, declared_offset_s):
    """Samples between the block's wall-clock times, moved by the offset; one a stamp."""
    log = read_meter(text)
    offset_s = meter_offset_s(*log, blocks) if log and declared_offset_s is None else declared_offset_s

    def power(block):
        trust(log and offset_s is not None)
        meter_at_ns, meter_mw = log
        jump_ns = block["wall_ended_ns"] - block["wall_started_ns"] - duration_ns(block)
        trust(abs(jump_ns) <= 50_000_000)  # else the clock was set meanwhile
        begin, end = (block[key] - round(offset_s * 1e9) for key in ("wall_started_ns", "wall_ended_ns"))
        inside = slice(np.searchsorted(meter_at_ns, begin, "left"), np.searchsorted(meter_at_ns, end, "right"))
        at_ns, first = np.unique(meter_at_ns[inside], return_index=True)
        return power_of_samples(block, at_ns.astype(np.float64), meter_mw[inside][first])

    return power


# --- the run ----------------------------------------------------------------------------------------------------------

SOURCES = {
    "android_rails": ("rails_", power_rails),
    "board_sensors": ("sensor_", board_sensors),
    "pi_pmic": ("pmic", pi_pmic),
    "rapl": ("rapl_", rapl),
    "charge_counter": ("battery_", charge_counter),
    "battery_current": ("battery_", battery_current),
}


def asks_for_energy(experiment):
    """Whether energy is measured: else long blocks are of sustained use alone, and nothing was read around them."""
    cycles = experiment["measure"]["energy"]["cycles"]
    ruled = any(rule["quantity"] in ("energy_per_inference", "average_power") for rule in experiment["rules"])
    return ruled if cycles is None else cycles > 0


def energy_values(run, folder, manifest, blocks):
    """Quantity → (arm, cycle) → mJ above idling per inference, or mW of the whole device while the arm works."""
    if not blocks or not asks_for_energy(manifest["experiment"]):
        return {}
    energy = manifest["experiment"]["measure"]["energy"]
    plan = json.loads((run / "devices" / folder / "plan.json").read_text(encoding="utf-8"))
    survey = (run / "devices" / folder / "survey.txt").read_text(encoding="utf-8", errors="replace")
    asked = [*plan["energy"]["boundary_probes"], *plan["energy"]["sampled_probes"]]
    paths = {one["id"]: one.get("path", "") for one in plan["probes"]}
    found = []
    if energy["meter_csv"] is not None and energy["source"] in (None, "external_meter"):
        file = run / manifest["experiment_folder"] / energy["meter_csv"]
        text = file.read_text(encoding="utf-8", errors="replace")
        found = [per_inference(blocks, external_meter(blocks, text, energy["meter_offset_s"]))]
    else:
        for name, (prefix, source) in SOURCES.items():
            probes = {probe: paths[probe] for probe in asked if probe.startswith(prefix)}
            if probes and energy["source"] in (None, name):
                found.append(per_inference(blocks, source(blocks, probes, survey)))
    # A battery has two sources, the better one first: it counts unless it left most blocks without energy.
    enough = [values for values, count in found if 2 * len(values["energy_per_inference"]) >= count]
    return (enough or [values for values, _ in found] or [{}])[0]


def is_sound(block):
    """Neither slept the device during the block nor did it restart."""
    boots = block["before"]["boot_id"], block["after"]["boot_id"]
    slept = [block[moment].get("suspended_ns") for moment in ("before", "after")]
    restarted = all(boots) and boots[0] != boots[1]
    return duration_ns(block) > 0 and not restarted and (None in slept or slept[1] - slept[0] <= 1e8)


def per_inference(blocks, power_of):
    """Less what the cooled device takes while it idles; a cycle that a restart cut is left out. And how many blocks of
    arms there are in the others.
    """
    powers = []
    for block in blocks:
        try:
            trust(is_sound(block))
            powers.append(float(power_of(block)))
        except LostBlockError:
            powers.append(None)
    sessions = {}
    for block in blocks:
        if block["arm"] is not None:
            sessions.setdefault(block["cycle"], set()).add(block["session"])
    values, count = {"energy_per_inference": {}, "average_power": {}}, 0
    for block, power in zip(blocks, powers):
        if block["arm"] is None or len(sessions[block["cycle"]]) > 1:
            continue
        count += 1
        if power is None:
            continue
        place = block["arm"], block["cycle"]
        values["average_power"][place] = power
        idle_mw = idle_power(block, blocks, powers)
        if idle_mw is not None and block["inferences"]:  # the difference may be below zero
            above_mj = (power - idle_mw) * duration_ns(block) / 1e9
            values["energy_per_inference"][place] = above_mj / block["inferences"]
    return values, count


def idle_power(block, blocks, powers):
    """Mean power of the idle blocks of the same cycle before which the temperature gate held; else of all such ones of
    the session; else of those of the cycle that began warm.
    """
    idle = [
        (one, mw)
        for one, mw in zip(blocks, powers)
        if one["arm"] is None and one["session"] == block["session"] and mw is not None
    ]
    near = [(one, mw) for one, mw in idle if one["cycle"] == block["cycle"]]

    def cool(some):
        return [(one, mw) for one, mw in some if "temperature" not in (one.get("gate") or {"failed": []})["failed"]]

    known = near and (cool(near) or cool(idle) or near)
    return np.mean([mw for _, mw in known]) if known else None
