"""How precisely a device measures, computed again from the blocks of its calibration.

    python rederive_doctor.py PROFILE.json

Needs numpy and scipy, nothing of bakeoff. Reads the profile that `bakeoff doctor` names and the records beside it
(PROFILE.records.jsonl), and compares the one with the other: exit code 1 where a digit differs.
"""

import json
import sys
from pathlib import Path

import numpy as np
from rederive_intervals import LATENCY, anytime_half_width, latency_blocks, latency_values, paired, read, t_interval
from rederive_launches import Launches, launch_sizes, launches_of
from scipy.special import ndtri, stdtr, stdtrit

MINUTES = (1.0, 5.0, 20.0)
DEFAULT_PAIRS = 30
NOTABLE = 0.02


def pairs_of(records):
    """Blocks of every whole pair: of one session, the last that holds both."""
    sessions = {}
    for one in records:
        if one["record"] == "latency_block":
            sessions.setdefault(one["pair"], {}).setdefault(one["session"], {})[one["arm"]] = one
    whole = []
    for pair in sorted(sessions):
        found = [session for session, arms in sessions[pair].items() if len(arms) == 2]
        if found:
            whole.append(sorted(sessions[pair][max(found)].values(), key=lambda one: one["started_ns"]))
    return whole


def trend(values):
    """From the first to the last, by least squares; None unless its t-test has a p-value below 1 %."""
    n = values.size
    if n < 8:
        return None
    time = np.arange(n) - (n - 1) / 2
    slope = time @ values / (time @ time)
    left = values - values.mean() - slope * time
    error = np.sqrt(left @ left / (n - 2) / (time @ time))
    if error == 0:
        return slope * (n - 1) if slope else None
    return slope * (n - 1) if 2 * stdtr(n - 2, -abs(slope) / error) < 0.01 else None


def calibration(records):
    """Name in the profile → number."""
    pairs, arms = pairs_of(records), ("a0", "a1")
    sessions = {}
    values = latency_values(latency_blocks(records, arms, sessions), LATENCY["latency_p50"])
    d, launches = paired(values, *arms), launches_of(records)
    blocks = [block for pair in pairs for block in pair]
    medians = np.array([np.median(block["latency_ns"]) for block in blocks])
    low, high = t_interval(d)
    within, between = 0.0 if d.std(ddof=1) <= 1e-12 * np.abs(d).max() else d.std(ddof=1), None
    mean = d.mean()
    if launches:  # the mean of launches is what is counted
        labels = [launches[place, sessions[place]] for arm, place in sorted(values) if arm == arms[0]]
        grouped = Launches(d, labels)
        low, high = t_interval(grouped.means, grouped.weigh(grouped.means))
        mean, within, between = grouped.means.mean(), grouped.within(), grouped.spread()
    seconds = (blocks[-1]["ended_ns"] - blocks[0]["started_ns"]) / 1e9
    waited = sum(block["gate"]["waited_ns"] for block in blocks[1:] if block["gate"]) / 1e9
    moved, differ = trend(np.log(medians)), not low <= 0 <= high
    away = np.abs(d - np.median(d))
    scale = round(1 / ndtri(0.75), 4) * np.median(away)
    works = np.array([np.median(block["reference_ns"]) for block in blocks if block["reference_ns"]])
    pair_seconds = max(seconds - waited, 1e-3) / d.size
    found = {
        "pairs": d.size,
        "seconds": seconds,
        "waited_seconds": waited,
        "latency_ns": np.median(medians),
        "pair_sd": within,
        "launches": grouped.means.size if launches else None,
        "launch_sd": between,
        "difference": np.expm1(mean),
        "interval_half_width": np.expm1((high - low) / 2),
        "called_different": differ,
        "drift": None if moved is None else np.expm1(moved),
        "outlier_pairs": (away > 3.5 * scale).sum() if scale > 0 else 0,
        "reference_spread": None,
    }
    if works.size >= 3 and np.median(works) > 0:
        found["reference_spread"] = np.ptp(np.percentile(works, [10, 90])) / np.median(works)
    for name, minutes in [
        ("detectable in a default run", (DEFAULT_PAIRS + 0.5) * pair_seconds / 60),
        *((f"detectable in {minutes:g} min", minutes) for minutes in MINUTES),
    ]:
        count = int(60 * minutes / pair_seconds)
        drifted = moved is not None and abs(np.expm1(moved)) > NOTABLE and count > d.size
        found[name] = None if differ or drifted else detectable(count, within, between)
    return found


def detectable(count, sd, between):
    """(c + t.80)·s/√n, c the half-width of the interval that holds at every look; None where it bounds nothing. In
    launches of three pairs, where there are any, for as many launches.
    """
    if between is not None and count:
        sd, count = np.sqrt(between**2 + sd**2 / 3), len(launch_sizes({"pairs": count}))
    if count < 2 or not np.isfinite(anytime_half_width(count, sd, 0.95)):
        return None
    return np.expm1(anytime_half_width(count, sd, 0.95) + stdtrit(count - 1, 0.80) * sd / np.sqrt(count))


def published(profile):
    """The same from the profile."""
    found = profile["calibration"]
    said = {f"detectable in {one['minutes']:g} min": one["fraction"] for one in found["detectable"]}
    return found | said | {"detectable in a default run": found["default_run"]["fraction"]}


def digits(number):
    return "none" if number is None else f"{number:.9g}"


def main():
    path = Path(sys.argv[1])
    profile, records = json.loads(path.read_text(encoding="utf-8")), path.with_suffix(".records.jsonl")
    if profile["calibration"] is None or not records.exists():
        sys.exit(f"{path}: not calibrated, or before its records were kept; run `bakeoff doctor` again")
    ours, theirs = calibration(read(records)), published(profile)
    differ = 0
    for name, number in ours.items():
        again, before = digits(number), digits(theirs[name])
        differ += again != before
        print(name, again, "" if again == before else f"but the profile has {before}", sep="  ")
    print(f"{len(ours)} numbers, {differ} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
