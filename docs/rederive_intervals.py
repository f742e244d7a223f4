"""Every interval of latency, memory, energy and sustained use in a run folder, computed again from raw records.

    python rederive_intervals.py RUN

Needs numpy and scipy, nothing of bakeoff. Reads RUN/run.json and RUN/devices/*/records.jsonl (for energy a little more:
see rederive_energy.py beside this file; for single slow inferences see rederive_tails.py), prints one line for each
device, candidate and quantity, and compares it with RUN/comparison.json: exit code 1 where a digit differs.
"""

import hashlib
import json
import re
import sys
from pathlib import Path

import numpy as np
from rederive_energy import energy_values, is_sound
from rederive_launches import Launches, launches_of, neighbours
from rederive_launches import first_looks as first_looks_of_latency
from rederive_tails import TAILS, tails_of
from scipy.special import stdtrit
from scipy.stats import bootstrap

LATENCY = {
    "latency_p50": np.median,
    "latency_p90": lambda times: np.percentile(times, 90),
    "latency_mean": np.mean,
}
MEMORY = {
    "load_time": "load_ns",
    "first_inference": "first_inference_ns",
    "load_peak_memory": "load_peak_rss_bytes",
    "run_peak_memory": "run_peak_rss_bytes",
    "steady_memory": "steady_rss_bytes",
    "pss_memory": "pss_bytes",
}
ENERGY = ("energy_per_inference", "average_power")
SUSTAINED = "sustained_latency"
OF_CYCLES = (*ENERGY, SUSTAINED)
QUANTITIES = {*LATENCY, *TAILS, *MEMORY, "gpu_memory", *OF_CYCLES}
PRIOR_SD = 1.5  # of the standardised effect, in the anytime-valid interval


def read(path):
    """Whole lines only: the last one of a run that was cut may be unfinished."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


# --- values: (arm, number of the pair, repeat or cycle) → value -------------------------------------------------------


def latency_blocks(records, arms, sessions_of):
    """The times of the blocks. A pair counts when one session of the runner holds a block of every arm that never
    failed; the last such session. `sessions_of` is filled with it.
    """
    blocks = {}
    for record in records:
        if record["record"] == "latency_block":
            blocks.setdefault(record["pair"], {}).setdefault(record["session"], {})[record["arm"]] = record
    failed = {record["arm"] for record in records if record["record"] == "arm_failed"}
    required = set(arms) - failed or set(arms)
    values = {}
    for pair, sessions in blocks.items():
        whole = [session for session, found in sessions.items() if required <= set(found)]
        if whole:
            found = sessions[max(whole)]
            sessions_of[pair] = max(whole)
            values |= {(arm, pair): np.array(found[arm]["latency_ns"], dtype=float) for arm in found}
    return values


def latency_values(blocks, of_block):
    values = {place: of_block(times) for place, times in blocks.items()}
    return values if all(value > 0 for value in values.values()) else {}  # else the clock is too coarse for ratios


def latency_tails(blocks, baseline, candidate, quantity, launches, first_look):
    """What rederive_tails.py makes of the blocks; each pair is a replicate of its own where there are no launches."""
    own = {pair: blocks[arm, pair] for arm, pair in sorted(blocks) if arm == candidate}
    both = [pair for pair in own if (baseline, pair) in blocks]
    ours, theirs = [blocks[baseline, pair] for pair in both], [own[pair] for pair in both]
    labels = [[launches[key] or key for key in keys] for keys in (both, own)]
    return tails_of(quantity, ours, theirs, list(own.values()), labels, first_look)


def memory_values(records, quantity):
    """Of fresh processes; of a repeat that was done again the last counts."""
    last = {(one["arm"], one["repeat"]): one for one in records if one["record"] == "memory"}
    take = graphics_bytes if quantity == "gpu_memory" else lambda one: one[MEMORY[quantity]]
    return {place: value for place, one in last.items() if (value := take(one))}


def graphics_bytes(one):
    """From `dumpsys meminfo`, KiB: Graphics of its App Summary, or else what the driver counts (GL mtrack)."""
    text = next((each["text"] for each in one["readings"] if each["probe"] == "meminfo"), None) or ""
    table, _, summary = text.partition("App Summary")
    found = re.search(r"\bGraphics:\s+(\d+)\s", summary) or re.search(r"(?m)^\s*GL mtrack\s+(\d+)\s", table)
    return int(found[1]) * 1024.0 if found else None


def sustained_values(records, arms):
    """Mean time of an inference over the second half of each long block of whole cycles, by its slices; over whole
    blocks, where some were not told in slices. A block in which the device slept or restarted has no value.
    """
    blocks = [one for one in energy_blocks(records, arms, whole_cycles=True) if one["arm"] is not None]
    half = [len(one.get("slice_ns", [])) // 2 for one in blocks]
    halved = all(sum(one.get("slice_inferences", [])[at:]) for one, at in zip(blocks, half))
    values = {}
    for one, at in zip(blocks, half):
        if not is_sound(one) or one["inferences"] < 1:
            continue
        count, took_ns = one["inferences"], one["ended_ns"] - one["started_ns"]
        if halved:
            count, took_ns = sum(one["slice_inferences"][at:]), sum(one["slice_ns"][at:])
        values[one["arm"], one["cycle"]] = took_ns / count
    return values


def energy_blocks(records, arms, whole_cycles):
    """All, or of whole cycles only: one session holds a block of every arm that never failed."""
    blocks = [record for record in records if record["record"] == "energy_block"]
    if not whole_cycles:
        return blocks
    failed = {record["arm"] for record in records if record["record"] == "arm_failed"}
    required = set(arms) - failed or set(arms)
    sessions = {}
    for block in blocks:
        sessions.setdefault((block["cycle"], block["session"]), set()).add(block["arm"])
    last = {cycle: session for (cycle, session), found in sorted(sessions.items()) if required <= found}
    return [block for block in blocks if last.get(block["cycle"]) == block["session"]]


def above_idle(values, *arms):
    """Energy per inference of cycles in which all of these arms took more than idling does; none where one of them did
    not in more than 5 % of its cycles: what is left would be a selection.
    """
    for arm in arms:
        own = [value for (other, _), value in values.items() if other == arm]
        if sum(value <= 0 for value in own) > 0.05 * len(own):
            return {}
    return {place: value for place, value in values.items() if value > 0}


def paired(values, baseline, candidate):
    """ln(candidate / baseline), in order of the pairs, repeats or cycles that both have."""
    both = sorted(key for arm, key in values if arm == baseline and (candidate, key) in values)
    return np.array([np.log(values[candidate, key]) - np.log(values[baseline, key]) for key in both])


def alone(values, arm):
    """ln(value) of one arm, in order."""
    return np.array([np.log(values[place]) for place in sorted(values) if place[0] == arm])


# --- intervals of a mean ----------------------------------------------------------------------------------------------


def t_interval(values, effective_n=None, level=0.95):
    """mean ± t(n − 1, .975) · s/√n for 95 %; of an arm's own values with their effective number, for n − 1 too if it is
    less.
    """
    n, mean, sd = effective_n or values.size, values.mean(), values.std(ddof=1)
    if sd <= 1e-12 * np.abs(values).max():
        sd = 0.0  # equal but for rounding
    half_width = stdtrit(max(min(values.size - 1, n), 1), (1 + level) / 2) * sd / np.sqrt(n)
    return mean - half_width, mean + half_width


def anytime_half_width(n, sd, level):
    """From the Bayes factor of t with K = 1 + n·c²: BF = K^(−1/2)·[(1 + t²/ν)/(1 + t²/(νK))]^(n/2) = 1/α + 1/2.

    Wang & Ramdas 2023 (arXiv 2310.03722); infinite while n is small.
    """
    spread = 1 + n * PRIOR_SD**2
    allowed = (np.sqrt(spread) * (1 / (1 - level) + 0.5)) ** (2 / n)
    if n <= 1 or allowed >= spread:
        return np.inf
    return np.sqrt((n - 1) * (allowed - 1) / (1 - allowed / spread)) * sd / np.sqrt(n)


def valid_looks(values, first_look, effective_n=len):
    """(mean, sd, n) after `first_look` values and after every value from there on."""
    looks = [look_at(values[:n], effective_n) for n in range(first_look, values.size)] + [look_at(values, effective_n)]
    low, high = in_common(looks, 0.90)
    if np.isfinite([low, high]).all() and not low <= values.mean() <= high:
        return looks[-1:]  # the device changed on the way: the last look alone speaks for all
    return looks


def look_at(values, effective_n):
    n, sd = effective_n(values), values.std(ddof=1)
    if getattr(effective_n, "widens", False):
        sd, n = sd * np.sqrt(values.size / n), values.size
    return values.mean(), sd, n


def in_common(looks, level):
    widths = [anytime_half_width(n, sd, level) for _, sd, n in looks]
    low = max(mean - width for (mean, _, _), width in zip(looks, widths))
    high = min(mean + width for (mean, _, _), width in zip(looks, widths))
    return low, high


def anytime_interval(values, first_look, effective_n=len, level=0.95):
    """What the intervals after `first_look` values, and after every value from there on, have in common."""
    return in_common(valid_looks(values, first_look, effective_n), level)


def seed_of(*name):
    """Made of the run's own and of what it is drawn for."""
    return int.from_bytes(hashlib.sha256("\0".join(map(str, name)).encode()).digest()[:8], "big")


def bootstrap_interval(values, *name):
    """BCa; None for fewer than six values."""
    if values.size < 6 or np.ptp(values) <= 1e-12 * np.abs(values).max():
        return None
    random = np.random.default_rng(seed_of(*name))
    drawn = bootstrap((values,), np.mean, n_resamples=9999, method="BCa", rng=random)
    return drawn.confidence_interval


def effective_n(values):
    """n·(1 − r)/(1 + r): an arm's own values resemble their neighbours. r is freed of its bias (Kendall 1954), and has
    three tenths of its standard error added.
    """
    r, n = neighbours(values), values.size
    alike = np.clip(r + (1 + 3 * r) / n + 0.3 / np.sqrt(n), 0.0, 0.95)
    return max(n * (1 - alike) / (1 + alike), 2.0)


def effective_n_at_a_look(values):
    """The same without what is added: all looks together allow for more than any one of them."""
    r, n = neighbours(values), values.size
    alike = np.clip(r + (1 + 3 * r) / n, 0.0, 0.99)
    return max(n * (1 - alike) / (1 + alike), min(n, 2))


# --- the run ----------------------------------------------------------------------------------------------------------


def first_looks(experiment, by_launch):
    """Quantity → after how many launches, pairs or cycles it was first looked at; not there where their number was
    fixed, or where nothing of it was known on the way.
    """
    measure, energy = experiment["measure"], experiment["measure"]["energy"]
    least = energy.get("min_cycles")
    latency = first_looks_of_latency(measure, by_launch)
    looks = {} if latency is None else dict.fromkeys((*LATENCY, *TAILS), latency)
    cycles = 8 if energy["cycles"] is None else energy["cycles"]
    by_meter = energy["meter_csv"] is not None and energy["source"] in (None, "external_meter")
    sustained = asks_for_sustained(experiment)
    if least is not None and least < cycles and not by_meter and not energy["unplugged"] and not sustained:
        looks |= dict.fromkeys(OF_CYCLES, least)
    return looks if measure["design"] == "sequential" else {}


def in_launches(values, pairs, launches, sessions):
    """Of latencies the launches' means, and how many of those count; of a pass without launches the values."""
    labels = [launches.get((pair, sessions.get(pair))) for pair in pairs]
    if not labels or None in labels:
        return values, len
    grouped = Launches(values, labels)
    return grouped.means, grouped.weigh


def asks_for_sustained(experiment):
    """Whether long blocks are measured for the sake of sustained use: then all of them are."""
    cycles = experiment["measure"].get("sustained", {}).get("cycles")
    return any(rule["quantity"] == SUSTAINED for rule in experiment["rules"]) if cycles is None else cycles > 0


def series(run):
    """(device, candidate, quantity) → the candidate's log-ratios to the baseline, its own logarithms, in order, and how
    many of the ratios count; and quantity → first look. Of `TAILS` what rederive_tails.py makes of them, or None.
    """
    manifest = json.loads((run / "run.json").read_text(encoding="utf-8"))
    of_devices = {}
    for device in manifest["devices"]:
        path = run / "devices" / device["folder"] / "records.jsonl"
        of_devices[device["name"]] = read(path) if path.exists() else []
    by_launch = any(launches_of(records) for records in of_devices.values())
    looks, found = first_looks(manifest["experiment"], by_launch), {}
    baseline, *candidates = manifest["arms"]
    arms = [arm["id"] for arm in manifest["arms"]]
    for device in manifest["devices"]:
        records, sessions = of_devices[device["name"]], {}
        launches = launches_of(records)
        times = latency_blocks(records, arms, sessions)
        values = {name: latency_values(times, of_block) for name, of_block in LATENCY.items()}
        values |= {name: memory_values(records, name) for name in (*MEMORY, "gpu_memory")}
        values[SUSTAINED] = sustained_values(records, arms)
        blocks = energy_blocks(records, arms, whole_cycles="average_power" in looks)
        values |= energy_values(run, device["folder"], manifest, blocks)
        for candidate in candidates:
            for name, each in values.items():
                pair = baseline["id"], candidate["id"]
                both, one = (above_idle(each, *pair), above_idle(each, pair[1])) if name in ENERGY else (each, each)
                ratios, own, weigh = paired(both, *pair), alone(one, pair[1]), len
                if name in LATENCY:
                    of_both = sorted(key for arm, key in both if arm == pair[0] and (pair[1], key) in both)
                    of_one = sorted(key for arm, key in one if arm == pair[1])
                    ratios, weigh = in_launches(ratios, of_both, launches, sessions)
                    own, _ = in_launches(own, of_one, launches, sessions)
                found[device["name"], candidate["name"], name] = ratios, own, weigh
            for name in TAILS:
                places = {key: launches.get((key, sessions[key])) for key in sessions}
                tails = latency_tails(times, baseline["id"], candidate["id"], name, places, looks.get(name))
                found[device["name"], candidate["name"], name] = *tails, len
    return found, looks


def own_interval(values, quantity, looks):
    """Of an arm's own logarithms."""
    if quantity in looks:
        return anytime_interval(values, looks[quantity], effective_n_at_a_look)
    return t_interval(values, effective_n(values) if quantity in {*LATENCY, *OF_CYCLES} else values.size)


def intervals(run):
    """(device, candidate, quantity, kind) → (value, low, high): ratios of candidate to baseline, or its own value."""
    manifest = json.loads((run / "run.json").read_text(encoding="utf-8"))
    bounded = {rule["quantity"] for rule in manifest["experiment"]["rules"] if rule["at_most"] or rule["at_least"]}
    of_all, looks = series(run)
    found, tails = {}, {}
    for place, (differences, own, weigh) in of_all.items():
        name = place[2]
        if name in TAILS:
            tails |= tail_intervals(place, differences, own if name in bounded else None)
            continue
        if differences.size >= (3 if name in OF_CYCLES else 2):
            ends = t_interval(differences, weigh(differences))
            if name in looks:
                ends = anytime_interval(differences, looks[name], weigh)
            found[*place, "ratio"] = (differences.mean(), *ends)
            again = None if name in looks else bootstrap_interval(differences, manifest["seed"], *place)
            if again is not None:
                found[*place, "ratio, bootstrap"] = (differences.mean(), *again)
        if own.size >= 2 and name in bounded:
            found[*place, "own value"] = (own.mean(), *own_interval(own, name, looks))
    known = {place: numbers for place, numbers in found.items() if np.isfinite(numbers).all()}
    return tails | {place: tuple(float(np.exp(number)) for number in numbers) for place, numbers in known.items()}


def tail_intervals(place, both, own):
    """As `intervals`; shares are no logarithms, and an own one is between 0 and 100 %."""
    is_share, found = place[2] == "latency_stalls", {}
    if both is not None and np.isfinite(both.interval(0.95)).all():
        numbers = (both.value, *both.interval(0.95))
        found[*place, "difference" if is_share else "ratio"] = numbers if is_share else tuple(np.exp(numbers))
    if own is not None and np.isfinite(own.interval(0.95)).all():
        numbers = (own.value, *own.interval(0.95))
        found[*place, "own value"] = tuple(np.clip(numbers, 0.0, 100.0) if is_share else np.exp(numbers))
    return {where: tuple(map(float, numbers)) for where, numbers in found.items()}


def published(run):
    """The same from comparison.json. Own values stand in the words of their rules alone: see `agrees`."""
    comparison = json.loads((run / "comparison.json").read_text(encoding="utf-8"))
    found = {}
    for device in comparison["devices"]:
        for one in device["contrasts"]:
            place, effect = (device["device"], one["candidate"], one["quantity"]), one["effect"]
            for kind, key in (("ratio", "interval"), ("ratio, bootstrap", "robust_interval")):
                if one["quantity"] in QUANTITIES and effect.get(key):
                    found[*place, kind if effect["scale"] == "ratio" else effect["scale"]] = (
                        effect["estimate"],
                        effect[key]["low"],
                        effect[key]["high"],
                    )
        for one in device["rules"]:
            words = re.search(r"([\d.]+) (ms|MB|mJ|mW|%) \(between ([\d.]+) \2 and ([\d.]+) \2\)", one["reason"])
            if words and one["quantity"] != "preference":  # of votes, which are not joined again here
                found[device["device"], one["candidate"], one["quantity"], "own value"] = words.group(1, 3, 4, 2)
    return found


def held_back(run):
    """Energy that comparison.json does not give since the source's steps and noise, which are not computed again here,
    are too large for it: places without an interval of their own.
    """
    comparison = json.loads((run / "comparison.json").read_text(encoding="utf-8"))
    why, found = "the source is too coarse", set()
    for device in comparison["devices"]:
        for one in device["contrasts"]:
            if one["quantity"] in ENERGY and (one["effect"].get("reason") or "").startswith(why):
                place = device["device"], one["candidate"], one["quantity"]
                found |= {(*place, "ratio"), (*place, "ratio, bootstrap")}
        for one in device["rules"]:
            if one["quantity"] in ENERGY and f" is not known: {why}" in one["reason"]:
                found.add((device["device"], one["candidate"], one["quantity"], "own value"))
    return found


def digits(numbers, like=None):
    """Nine significant digits: more is floating-point rounding, and so is what is left of a difference of equal sums.
    Of an own value as many decimals as the rule's words give, in their unit.
    """
    if isinstance(numbers[0], str):
        return f"{numbers[0]} [{numbers[1]}, {numbers[2]}] {numbers[3]}"
    if like is not None and isinstance(like[0], str):
        scale = {"ms": 1e6, "MB": 1e6}.get(like[3], 1.0)
        shown = [f"{number / scale:.{len(one.partition('.')[2])}f}" for number, one in zip(numbers, like)]
        return digits((*shown, like[3]))
    value, low, high = (f"{number if abs(number) > 1e-12 else 0.0:.9g}" for number in numbers)
    return f"{value} [{low}, {high}]"


def main():
    run = Path(sys.argv[1])
    ours, theirs = intervals(run), published(run)
    for place in sorted(held_back(run) & (ours.keys() - theirs.keys())):
        print(*place, digits(ours.pop(place)), "not given: the source is too coarse", sep="  ")
    differ = 0
    for place in sorted({*ours, *theirs}):
        again = digits(ours[place], theirs.get(place)) if place in ours else "none"
        before = digits(theirs[place]) if place in theirs else "none"
        differ += again != before
        print(*place, again, "" if again == before else f"but comparison.json has {before}", sep="  ")
    print(f"{len(theirs)} intervals, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
