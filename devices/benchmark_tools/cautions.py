"""What a tool's own figures say against its average."""

from __future__ import annotations

import math

from devices.benchmark_tools.printed import Number, PrintedNumber
from devices.benchmark_tools.tool_run import ToolRun

MEAN_BESIDE_MEDIAN = 0.05
SPREAD = 0.10
RANGE = 1.5
WARM_UP = 1.3
TWO_SPEEDS = 0.8
FEW = 10


def cautions(run: ToolRun) -> tuple[str, ...]:
    """Reasons not to trust the run's numbers, each with those numbers; the gravest first."""
    found = [
        *_skew(run),
        *_spread(run),
        *_two_speeds(run),
        *_range(run),
        *_warm_up(run),
        *_delegates(run),
        *_tail(run),
        *_few(run),
        *run.remarks,
    ]
    return tuple(found)


def _value(number: Number) -> float | None:
    return number.value if isinstance(number, PrintedNumber) else None


def _ms(value: float) -> str:
    """Without an exponent, and never as 0."""
    return f"{value:.{1 if value >= 100 else 2 if value >= 1 else 4}f} ms" if value >= 0.001 else f"{value:.2g} ms"


def _percent(fraction: float) -> str:
    return f"{100.0 * fraction:.0f} %"


def _skew(run: ToolRun) -> list[str]:
    mean, median = _value(run.avg_ms), _value(run.median_ms)
    if mean is None or median is None or abs(mean / median - 1.0) <= MEAN_BESIDE_MEDIAN:
        return []
    side = "above" if mean > median else "below"
    why = "some inferences took far longer than most" if mean > median else "some inferences took far less than most"
    return [
        f"the average ({_ms(mean)}) is {_percent(abs(mean / median - 1.0))} {side} the median ({_ms(median)}): {why}"
    ]


def _spread(run: ToolRun) -> list[str]:
    mean, deviation = _value(run.avg_ms), _value(run.std_ms)
    if mean is None or deviation is None or deviation <= SPREAD * mean:
        return []
    return [
        f"the standard deviation ({_ms(deviation)}) is {_percent(deviation / mean)} of the average: "
        "another run would give another average"
    ]


def _two_speeds(run: ToolRun) -> list[str]:
    """No spread between `min` and `max` is larger than √((max − avg)(avg − min)), which only two speeds reach
    (Bhatia & Davis 2000).
    """
    low, mean, high, deviation = (_value(each) for each in (run.min_ms, run.avg_ms, run.max_ms, run.std_ms))
    if low is None or mean is None or high is None or deviation is None or high < 1.2 * low:
        return []
    most = math.sqrt(max(0.0, (high - mean) * (mean - low)))
    slow = (mean - low) / (high - low)
    if most == 0.0 or deviation < TWO_SPEEDS * most or not 0.2 <= slow <= 0.8:
        return []
    return [
        f"such a spread is that of two speeds: about {_percent(slow)} of the inferences took {_ms(high)}, the others "
        f"{_ms(low)}, as where work moves to other cores or a clock changes"
    ]


def _range(run: ToolRun) -> list[str]:
    """Where no standard deviation is printed, the extremes have to do."""
    low, high = _value(run.min_ms), _value(run.max_ms)
    if low is None or high is None or isinstance(run.std_ms, PrintedNumber) or high < RANGE * low:
        return []
    return [f"the slowest inference ({_ms(high)}) took {high / low:.1f} times as long as the fastest ({_ms(low)})"]


def _warm_up(run: ToolRun) -> list[str]:
    warmup, mean = _value(run.warmup_avg_ms), _value(run.avg_ms)
    if warmup is None or mean is None or warmup < WARM_UP * mean:
        return []
    slower = _percent(warmup / mean - 1.0)
    return [f"the warm-up ({_ms(warmup)} on average) was {slower} slower and may have ended too early"]


def _delegates(run: ToolRun) -> list[str]:
    found = []
    for each in run.delegations:
        taken, total, parts = _value(each.nodes_delegated), _value(each.nodes_total), _value(each.partitions)
        if each.share == "part" and taken is not None and total is not None:
            pieces = f" in {parts:.0f} parts" if parts is not None and parts > 1 else ""
            found.append(f"{each.name} took {taken:.0f} of {total:.0f} nodes{pieces}: the others ran elsewhere")
        elif each.share == "part":
            found.append(f"{each.name} took a part of the model: the rest ran elsewhere")
        elif each.share == "none":
            found.append(f"{each.name} was asked for and took nothing of the model")
        elif each.share == "failed":
            found.append(f"{each.name} failed to be applied: whatever ran, ran without it")
    return found


def _tail(run: ToolRun) -> list[str]:
    high, count = _value(run.max_ms), _value(run.count)
    if high is None or count is None:
        return []
    names = {"P90": run.p90_ms, "P95": run.p95_ms, "P99": run.p99_ms, "P999": run.p999_ms}
    same = [name for name, value in names.items() if _value(value) == high]
    if not same:
        return []
    which = f"{same[0]} to {same[-1]} are" if len(same) > 1 else f"{same[0]} is"
    return [f"{which} the slowest of {count:.0f} inferences: too few to tell a percentile so high"]


def _few(run: ToolRun) -> list[str]:
    count = _value(run.count)
    if count is None or count >= FEW or not isinstance(run.avg_ms, PrintedNumber):
        return []
    return [f"{count:.0f} inferences are few: their average says little of the next ones"]
