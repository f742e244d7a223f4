"""Numbers in plain English, for a reader who decides and does not measure.

Every number is rounded to what its interval supports, every sign is a word (`faster`, `lower`), and limits are rounded
away from the comfortable side. Nothing here computes a statistic.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from harness.words.ratios import part, times, told_in_times
from harness.words.sentences import plural
from harness.words.values import value_and_unit

if TYPE_CHECKING:
    from harness.documents.comparison import Outcome
    from harness.quantity import Quantity

_REPLICATES = {"pair of blocks": "pair", "process": "repeat", "cycle of long blocks": "cycle"}


def stated(quantity: Quantity, predicate: str) -> str:
    """`latency is 31 % faster`; `latency shows no clear difference`."""
    return f"{quantity.subject} {'shows' if predicate.startswith('no ') else 'is'} {predicate}"


def more_needed(n: int, needed: int | None, replicate: str) -> str:
    """`about 40 more pairs`; where no number is in reach, `far more pairs than is sensible`."""
    noun = _REPLICATES.get(replicate, replicate)
    if n < 2:
        return f"more {plural(noun)}"
    if needed is None:
        return f"far more {plural(noun)} than is sensible"
    count = how_many_more(n, needed)
    return f"about {count:,} more {noun if count == 1 else plural(noun)}"


def how_many_more(n: int, needed: int) -> int:
    """The number that `more_needed` tells: at least 1, and rounded up."""
    return _round_up_to_two_digits(max(needed - n, 1))


def _round_up_to_two_digits(count: int) -> int:
    if count < 20:
        return count
    step = int(10 ** (math.floor(math.log10(count)) - 1)) * (1 if count >= 100 else 5)
    return -(-count // step) * step


def value_in_words(quantity: Quantity, stored: float) -> str:
    """A quantity's own value for people: `12.34 ms`, `41.20 MB`, `30.12 dB`, `0.9312`, as tables have it."""
    if math.isnan(stored):
        return "unknown"
    if math.isinf(stored):
        return "infinite"
    return " ".join(value_and_unit(quantity, stored)).strip()


def change_in_words(quantity: Quantity, estimate: float, low: float | None = None, high: float | None = None) -> str:
    """Candidate against baseline: `31 % faster (between 29 % and 33 %)`, `0.04 dB lower (between 0.02 and 0.06)`.

    `estimate`, `low` and `high` are ratios (candidate / baseline) for ratio quantities and differences (candidate −
    baseline, in the unit) for scores, as in `harness.documents.comparison.Effect`. An interval with both signs is no
    change that anybody has seen: `no clear difference (between 2 % faster and 4 % slower)`.
    """
    if low is None or high is None:
        low = high = estimate
    if any(math.isnan(number) for number in (estimate, low, high)):
        return "unknown"
    if quantity.scale == "ratio" and low >= 2.0:
        return _times_as(quantity, estimate, low, high)
    if quantity.scale == "ratio" and any(told_in_times(number) for number in (estimate, low, high)):
        return _far_apart(quantity, estimate, low, high)
    change, first, last = (_signed(quantity, number) for number in (estimate, low, high))
    decimals = _decimals(quantity, change, first, last)
    if first == last:
        return _with_direction(quantity, change, decimals) if _fixed(change, decimals) != "0" else "no difference"
    if first < 0.0 < last:
        # Where the interval has both signs, the estimate's own sign would be told as if it were known.
        ends = (_with_direction(quantity, end, decimals) for end in (first, last))
        return f"no clear difference (between {' and '.join(ends)})"
    start, end = sorted((first, last), key=abs)
    if quantity.change_unit == "%":
        between = f"(between {_fixed(abs(start), decimals)} % and {_fixed(abs(end), decimals)} %)"
    else:
        between = f"(between {_fixed(abs(start), decimals)} and {_fixed(abs(end), decimals)})"
    return f"{_with_direction(quantity, change, decimals, tell_worse=True)} {between}"


def effect_in_words(quantity: Quantity, estimate: float, low: float | None = None, high: float | None = None) -> str:
    """As `change_in_words`, for a sentence that stands alone: what is faster by a share of its time is told with how
    many times the speed that is: `58 % faster (between 57 % and 59 %), 2.38 times the speed`.
    """
    words = change_in_words(quantity, estimate, low, high)
    head = words.partition(" (")[0]
    factor = speed_in_words(quantity, estimate) if head.endswith(f"% {quantity.words[0]}") else ""
    return f"{words}, {factor}" if factor else words


def speed_in_words(quantity: Quantity, ratio: float) -> str:
    """`2.38 times the speed` of what takes 0.42 times as long, with two digits of what it is more than once; empty for
    what is no length of time, or is not faster.
    """
    if quantity.unit != "ns" or not 0.0 < ratio < 1.0:
        return ""
    factor = 1.0 / ratio
    decimals = min(5, max(2, 1 - math.floor(math.log10(factor - 1.0))))
    return f"{_fixed(factor, decimals)} times the speed"


def limit_in_words(quantity: Quantity, limit: float) -> str:
    """A bound on the size of a difference, rounded up: `1.2 %`, `0.05 dB`. `limit` is a fraction or in the unit."""
    size = abs(limit) * (100.0 if quantity.scale == "ratio" else 1.0)
    return _rounded_up(size, quantity.change_unit, quantity.change_decimals)


def floor_in_words(quantity: Quantity, least: float, *, beyond: float) -> str:
    """What a difference is at least, rounded down: `2.1 %`, `0.05 dB`. `least` > `beyond` ≥ 0 are fractions or in the
    unit; another decimal is shown where it tells them apart.
    """
    size, margin = (number * (100.0 if quantity.scale == "ratio" else 1.0) for number in (least, beyond))
    most = quantity.change_decimals
    decimals = min(most, max(0, 1 - math.floor(math.log10(size))))
    while decimals < most and _floor(size, decimals) <= margin + 1e-9:
        decimals += 1
    return _with_unit(_fixed(_floor(size, decimals), decimals), quantity.change_unit)


def _floor(size: float, decimals: int) -> float:
    return math.floor(size * 10.0**decimals + 1e-9) / 10.0**decimals


def percent_in_words(share: float) -> str:
    """A share as a percentage, rounded up to two digits: `12 %`, `2.5 %`."""
    return _rounded_up(share * 100.0, "%", 2)


def outcome_in_words(
    quantity: Quantity,
    outcome: Outcome,
    estimate: float,
    interval: tuple[float, float] | None,
    *,
    limit: float | None = None,
    needed: str | None = None,
) -> str:
    """The sentence of a contrast.

    `limit` is the largest difference that the equivalence or not-worse test leaves open (a fraction or in the unit);
    `needed` says how much more it takes, for what is inconclusive.
    """
    low, high = interval or (None, None)
    change = effect_in_words(quantity, estimate, low, high)
    match outcome:
        case "equivalent":
            return _equivalent_in_words(
                quantity, change, (estimate if low is None else low, estimate if high is None else high), limit
            )
        case "not worse" if limit is not None and limit <= 0.0:
            # Its bound is one-sided; the interval beside it is not, and may reach a little over no difference.
            return f"very likely not worse: {change}"
        case "not worse" if limit is not None:
            return f"not worse by more than {limit_in_words(quantity, limit)}: {change}"
        case "inconclusive":
            return f"cannot tell yet: {change}" + (f"; needs {needed}" if needed else "")
        case _:
            return change


def _equivalent_in_words(quantity: Quantity, change: str, ends: tuple[float, float], limit: float | None) -> str:
    neutral = 1.0 if quantity.scale == "ratio" else 0.0
    if ends == (neutral, neutral):
        return "exactly the same"
    if limit is not None and ends[0] <= neutral <= ends[1]:
        return f"no difference larger than {limit_in_words(quantity, limit)}"
    return f"{change}, too little to matter"


def _signed(quantity: Quantity, number: float) -> float:
    """Candidate − baseline in per cent or in the unit."""
    return (number - 1.0) * 100.0 if quantity.scale == "ratio" else number


def _with_unit(number: str, unit: str) -> str:
    """`0.4 points`, `1 point`, `0.05 dB`; a plain number where there is no unit."""
    return f"{number} {'point' if unit == 'points' and float(number) == 1.0 else unit}".strip()


def _rounded_up(size: float, unit: str, most_decimals: int) -> str:
    if size == 0.0 or not math.isfinite(size):
        return f"{_fixed(size, 0)} {unit}".strip()
    decimals = min(most_decimals, max(0, 1 - math.floor(math.log10(size))))
    return _with_unit(_fixed(math.ceil(size * 10**decimals - 1e-9) / 10**decimals, decimals), unit)


def _with_direction(quantity: Quantity, change: float, decimals: int, *, tell_worse: bool = False) -> str:
    better, worse = quantity.words
    below, above = (better, worse) if quantity.better == "lower" else (worse, better)
    size = _with_unit(_fixed(abs(change), decimals), quantity.change_unit)
    word = below if change < 0 else above
    if tell_worse and quantity.scale == "difference" and quantity.better == "lower" and change != 0.0:
        word += f", which is {'better' if change < 0 else 'worse'}"
    return f"{size} {word}"


def _times_as(quantity: Quantity, estimate: float, low: float, high: float) -> str:
    width = (high - low) / 2.0
    decimals = 1 if width == 0.0 else min(2, max(0 if low >= 10 else 1, -math.floor(math.log10(width))))

    def count(ratio: float) -> str:
        return _fixed(ratio, decimals) if ratio < 1000.0 else times(ratio)

    text = f"{count(estimate)} times {quantity.as_much}"
    return text if low == high else f"{text} (between {count(low)} and {count(high)})"


def _far_apart(quantity: Quantity, estimate: float, low: float, high: float) -> str:
    """A change whose size, or one of whose bounds, is beyond per cent: each is told in the words that fit it."""

    def told(ratio: float) -> str:
        if ratio < 1.0 and told_in_times(ratio):
            return f"{part(ratio)} {quantity.as_much}"
        if told_in_times(ratio):
            return f"{times(ratio)} times {quantity.as_much}"
        change = _signed(quantity, ratio)
        return _with_direction(quantity, change, 0) if _fixed(change, 0) != "0" else "no difference"

    if low == high:
        return told(estimate)
    words = "no clear difference" if low < 1.0 < high else told(estimate)
    return f"{words} (between {told(low)} and {told(high)})"


def at_least_in_words(quantity: Quantity, least: float, *, beyond: float) -> str:
    """What a loss is at least, rounded down: `at least 2.1 % slower`, `at least 2.4 times as long`. Two digits of a
    factor are enough where they are more than `beyond` too.
    """
    is_far = least >= 1.0 and 1.0 + least > 1.1 * (1.0 + beyond)
    if quantity.scale == "ratio" and quantity.better == "lower" and is_far:
        return f"at least {times(1.0 + least, round_down=True)} times {quantity.as_much}"
    return f"at least {floor_in_words(quantity, least, beyond=beyond)} {quantity.words[1]}"


def _decimals(quantity: Quantity, change: float, first: float, last: float) -> int:
    """As many decimals as the half-width of the interval has one significant digit; for exact values two digits."""
    most = quantity.change_decimals
    half_width = abs(last - first) / 2.0
    scale = half_width if half_width > 1e-12 else abs(change) / 10.0
    if scale == 0.0:
        return 0
    decimals = min(most, max(0, -math.floor(math.log10(scale))))
    nearest = min(abs(first), abs(last))
    # An end that is not zero is not shown as zero while another decimal can tell them apart; where zero is between
    # the ends, one decimal more at most: `0.2 % more`, and not `0 % more`.
    most = most if first * last > 0.0 else min(most, decimals + 1)
    finer = decimals
    while finer < most and float(_fixed(nearest, finer)) == 0.0:
        finer += 1
    return finer if first * last > 0.0 or float(_fixed(nearest, finer)) != 0.0 else decimals


def _fixed(number: float, decimals: int) -> str:
    """Fixed decimals; never `-0.0`; `unknown` for what is not a number."""
    if not math.isfinite(number):
        return "unknown" if math.isnan(number) else "infinite"
    text = f"{number:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0.0 else text
