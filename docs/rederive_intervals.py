"""Every interval of latency and memory in a run folder, computed again from what the devices wrote.

    python rederive_intervals.py RUN

Needs numpy and scipy, nothing of bakeoff. Reads RUN/run.json and RUN/devices/*/records.jsonl, prints one line for each
device, candidate and quantity, and compares it with RUN/comparison.json: exit code 1 where a digit differs.
"""

import json
import sys
from pathlib import Path

import numpy as np
from scipy.special import stdtrit

MEMORY = {
    "load_time": "load_ns",
    "first_inference": "first_inference_ns",
    "load_peak_memory": "load_peak_rss_bytes",
    "run_peak_memory": "run_peak_rss_bytes",
    "steady_memory": "steady_rss_bytes",
    "pss_memory": "pss_bytes",
}
LATENCY = {"latency_p50": 50, "latency_p90": 90}
PRIOR_SD = 0.8  # of the standardised effect, in the anytime-valid interval


def read(path):
    """Whole lines only: the last one of a run that was cut may be unfinished."""
    return [json.loads(line) for line in path.read_bytes().split(b"\n")[:-1]]


# --- pairs ------------------------------------------------------------------------------------------------------------


def latency_pairs(records, arms, baseline, candidate, percentile):
    """ln(candidate / baseline) of the blocks' percentiles, pair by pair.

    A pair counts when one session of the runner holds a block of every arm that never failed; the last such session.
    """
    blocks = {}
    for record in records:
        if record["record"] == "latency_block":
            blocks.setdefault(record["pair"], {}).setdefault(record["session"], {})[record["arm"]] = record
    failed = {record["arm"] for record in records if record["record"] == "arm_failed"}
    required = set(arms) - failed or set(arms)
    differences = []
    for pair in sorted(blocks):
        whole = [session for session, found in blocks[pair].items() if required <= set(found)]
        if not whole:
            continue
        found = blocks[pair][max(whole)]
        if baseline in found and candidate in found:
            ours, theirs = (np.percentile(found[arm]["latency_ns"], percentile) for arm in (baseline, candidate))
            if min(ours, theirs) <= 0:
                return np.array([])  # the clock is too coarse for a ratio
            differences.append(np.log(theirs) - np.log(ours))
    return np.array(differences)


def memory_pairs(records, baseline, candidate, field):
    """The same over fresh processes, paired by repeat; of a repeat that was done again the last counts."""
    last = {(one["arm"], one["repeat"]): one.get(field) for one in records if one["record"] == "memory"}
    repeats = sorted({repeat for arm, repeat in last if arm == baseline})
    values = [(last[baseline, repeat], last.get((candidate, repeat))) for repeat in repeats]
    return np.array([np.log(theirs) - np.log(ours) for ours, theirs in values if ours and theirs])


# --- intervals of a mean ----------------------------------------------------------------------------------------------


def t_interval(differences):
    """mean ± t(n − 1, .975) · s/√n."""
    n, mean, sd = differences.size, differences.mean(), differences.std(ddof=1)
    if sd <= 1e-12 * np.abs(differences).max():
        sd = 0.0  # equal but for rounding
    half_width = stdtrit(n - 1, 0.975) * sd / np.sqrt(n)
    return mean - half_width, mean + half_width


def anytime_half_width(n, sd, level):
    """From the Bayes factor of t with K = 1 + n·c²: BF = K^(−1/2)·[(1 + t²/ν)/(1 + t²/(νK))]^(n/2) = 1/α + 1/2.

    Wang & Ramdas 2023 (arXiv 2310.03722); infinite while n is small.
    """
    spread = 1 + n * PRIOR_SD**2
    allowed = (np.sqrt(spread) * (1 / (1 - level) + 0.5)) ** (2 / n)
    if allowed >= spread:
        return np.inf
    return np.sqrt((n - 1) * (allowed - 1) / (1 - allowed / spread)) * sd / np.sqrt(n)


def anytime_interval(differences, first_look, level=0.95):
    """What the intervals after `first_look` pairs, and after every pair from there on, have in common."""
    sizes = [*range(first_look, differences.size), differences.size]
    looks = [(differences[:n].mean(), differences[:n].std(ddof=1), n) for n in sizes]

    def common(looks, level):
        widths = [anytime_half_width(n, sd, level) for _, sd, n in looks]
        low = max(mean - width for (mean, _, _), width in zip(looks, widths))
        high = min(mean + width for (mean, _, _), width in zip(looks, widths))
        return low, high

    low, high = common(looks, 0.90)
    if not low <= differences.mean() <= high:  # the device changed on the way: the last look alone speaks for all
        looks = looks[-1:]
    return common(looks, level)


# --- the run ----------------------------------------------------------------------------------------------------------


def intervals(run):
    """(device, candidate, quantity) → (ratio, low, high), in ratios of candidate to baseline."""
    manifest = json.loads((run / "run.json").read_text(encoding="utf-8"))
    measure = manifest["experiment"]["measure"]
    sequential = measure["design"] == "sequential" and measure["min_pairs"] < measure["pairs"]
    baseline, *candidates = manifest["arms"]
    arms = [arm["id"] for arm in manifest["arms"]]
    found = {}
    for device in manifest["devices"]:
        path = run / "devices" / device["folder"] / "records.jsonl"
        records = read(path) if path.exists() else []
        for candidate in candidates:
            for quantity in [*LATENCY, *MEMORY]:
                if quantity in LATENCY:
                    differences = latency_pairs(records, arms, baseline["id"], candidate["id"], LATENCY[quantity])
                else:
                    differences = memory_pairs(records, baseline["id"], candidate["id"], MEMORY[quantity])
                if differences.size < 2:
                    continue
                ends = (
                    anytime_interval(differences, measure["min_pairs"])
                    if sequential and quantity in LATENCY
                    else t_interval(differences)
                )
                if np.isfinite(ends).all():
                    place = device["name"], candidate["name"], quantity
                    found[place] = tuple(float(np.exp(number)) for number in (differences.mean(), *ends))
    return found


def published(run):
    """The same from comparison.json."""
    comparison = json.loads((run / "comparison.json").read_text(encoding="utf-8"))
    return {
        (device["device"], one["candidate"], one["quantity"]): (
            one["effect"]["estimate"],
            one["effect"]["interval"]["low"],
            one["effect"]["interval"]["high"],
        )
        for device in comparison["devices"]
        for one in device["contrasts"]
        if one["quantity"] in {**LATENCY, **MEMORY} and one["effect"].get("interval")
    }


def digits(numbers):
    """Nine significant digits: more is floating-point rounding."""
    ratio, low, high = (f"{number:.9g}" for number in numbers)
    return f"{ratio} [{low}, {high}]"


def main():
    run = Path(sys.argv[1])
    ours, theirs = intervals(run), published(run)
    differ = 0
    for place in sorted({*ours, *theirs}):
        again = digits(ours[place]) if place in ours else "none"
        before = digits(theirs[place]) if place in theirs else "none"
        differ += again != before
        print(*place, again, "" if again == before else f"but comparison.json has {before}", sep="  ")
    print(f"{len(theirs)} intervals, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
