"""Simulated years of nights: what is found, what is told wrongly and how often, beside what others do with the same
nights.

`python benchmarks/nightly_detection.py [NIGHTS] [YEARS]` prints tables; a year of 365 nights with 200 series takes
about half a minute of one core for bakeoff's own rule, and the last line says how long and how much memory it took.
"""

from __future__ import annotations

import resource
import sys
from copy import copy
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from tests.harness.history.changes.other_rules import as_asv_does, beyond_a_threshold, far_from_the_last_nights
from tests.harness.history.changes.simulated_year import QUIET, Year, YearSettings
from tests.harness.history.changes.told_year import Score, alerts_of_rule, nights_of, score

FOR_ASV = 40
"""Series that asv's rule is tried on: it takes long."""
NOISES = (
    ("all of it the run's own", {"shared": 0.0}),
    ("a quarter of its variance the night's, AR(1) .4", {"shared": 0.25}),
    ("half of it the night's, AR(1) .6", {"shared": 0.5, "memory": 0.6}),
)


def shown(scores: list[Score]) -> str:
    """The columns of a table's row, of years together."""
    kinds = sorted({kind for each in scores for kind in each.found})
    found = sum(each.found[kind][0] for each in scores for kind in kinds if kind in each.found)
    there = sum(each.found[kind][1] for each in scores for kind in kinds if kind in each.found)
    steps = [nights for each in scores for nights in each.nights_until.get("step", [])]
    count = sum(each.found.get("step", (0, 0))[1] for each in scores)
    within = f"{100 * np.mean([n <= 5 for n in steps]) * len(steps) / count:.0f} %" if count and steps else "0 %"
    median = f"{np.median(steps):.0f}" if steps else "–"
    alerts = np.mean([each.alerts for each in scores])
    overlap = np.mean([each.overlap for each in scores])
    an_event = np.mean([each.alerts_an_event for each in scores])
    false = np.mean([each.false_alarms for each in scores])
    return f"{false:.1f} | {alerts:.0f} | {found} of {there} | {within} | {median} | {an_event:.2f} | {overlap:.2f}"


def part_of(year: Year, alerts: list[list[frozenset[int]]], series: int) -> Score:
    """The score of a rule that was tried on the first series alone, as if the others were like them."""
    found = score(with_first(year, series), alerts)
    factor = len(year.keys) / series
    return replace(found, false_alarms=round(found.false_alarms * factor), alerts=round(found.alerts * factor))


def with_first(year: Year, series: int) -> Year:
    """The same year, of which only the first series count."""
    some = copy(year)
    some.planted = [
        replace(each, series=tuple(i for i in each.series if i < series))
        for each in year.planted
        if min(each.series) < series
    ]
    return some


def main() -> None:
    nights = int(sys.argv[1]) if len(sys.argv) > 1 else 365
    years = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    head = "false alarms a year | alerts | events found | 5 % steps within 5 nights | nights until | alerts an event"
    head += " | overlap"
    seconds = []
    for words, noise in NOISES:
        print(f"\nNoise of 2 %, {words}\n| rule | {head} |\n|---|---|---|---|---|---|---|---|")
        busy = [Year(YearSettings(nights=nights, seed=seed, **noise)).build() for seed in range(1, years + 1)]
        quiet = [Year(replace(QUIET, nights=nights, seed=100 + seed, **noise)).build() for seed in range(1, years + 1)]
        told = [nights_of(year) for year in busy]
        seconds += [each.seconds for each in told]
        again = np.mean([each.measured_again for each in told]) / (nights * len(busy[0].keys) / 10)
        print("| bakeoff | " + shown([score(each.year, each.alerts, each.members) for each in told]) + " |")
        calm = [nights_of(year) for year in quiet]
        print("| the same, a year in which nothing happens | " + shown([score(e.year, e.alerts) for e in calm]) + " |")
        for name, rule in (("z > 3 of 30 nights", far_from_the_last_nights), ("5 % threshold", beyond_a_threshold)):
            print(f"| {name} | " + shown([score(year, alerts_of_rule(year, rule)) for year in busy]) + " |")
        some = [alerts_of_rule(year, lambda values: as_asv_does(values[:, :FOR_ASV])) for year in busy[:1]]
        print(
            "| asv's | " + shown([part_of(year, each, FOR_ASV) for year, each in zip(busy, some, strict=False)]) + " |"
        )
        print(f"({100 * again:.1f} % of runs were measured a second time)")
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{nights} nights of 200 series: {np.mean(seconds):.1f} s of one core, {peak_mb:.0f} MB")


if __name__ == "__main__":
    main()
