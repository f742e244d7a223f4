"""Numbers as people read them on a page: what `harness.words.values` writes, with the signs and spaces of typography.

Every text has its unit, a true minus sign, no thousands separators, and neither `nan` nor `-0.00`. A value that is not
zero is never shown as zero.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from harness.documents.comparison import Decision, Effect, Interval, Verdict
from harness.quantity import QUANTITIES, Available, Measured, Unavailable
from harness.unit import UNITS
from harness.words.ratios import times, told_in_times
from harness.words.values import fixed_or_finer, size_and_unit, value_and_unit

MINUS: Final = "\N{MINUS SIGN}"
NO_BREAK_SPACE: Final = "\N{NO-BREAK SPACE}"

DECISION_WORDS: Final[dict[Decision, str]] = {"ship": "Ship", "hold": "Hold", "undecided": "Undecided"}

_NUMBER_AND_UNIT: Final = re.compile(r"(?<=\d) (?=(?:%|points?|dB|ms|MB|kB|mJ|s|min)(?![A-Za-z]))")
_SHOWN_UNITS: Final = {
    **{unit.name: (unit.display_name, unit.display_divisor) for unit in UNITS.values()},
    "kHz": ("MHz", 1e3),
    "khz": ("MHz", 1e3),
}


def is_reserved(verdict: Verdict) -> bool:
    """Whether it says ship and something speaks against that which no rule asks about."""
    return verdict.decision == "ship" and bool(verdict.reservations)


def decision_in_words(verdict: Verdict) -> str:
    """`Ship`, `Ship, with reservations`, `Hold`, `Undecided`."""
    return DECISION_WORDS[verdict.decision] + (", with reservations" if is_reserved(verdict) else "")


@dataclass(frozen=True)
class Shown:
    """A value as text; or, where it could not be had, the word for that and the reason."""

    text: str
    unavailable_because: str | None = None


def label(quantity_name: str) -> str:
    """The quantity's label; its bare name where this bakeoff does not know it."""
    quantity = QUANTITIES.get(quantity_name)
    return quantity.label if quantity else quantity_name


def meaning(quantity_name: str) -> str:
    """What the quantity means, in words; empty where this bakeoff does not know it."""
    quantity = QUANTITIES.get(quantity_name)
    return quantity.meaning if quantity else ""


def number(value: float, decimals: int) -> str:
    """A finite number with so many decimals, or with more where it would otherwise be shown as zero."""
    return fixed_or_finer(value, decimals).replace("-", MINUS)


def signed(value: float, decimals: int) -> str:
    """As `number`, with a plus sign where the value is positive."""
    text = number(value, decimals)
    return f"+{text}" if value > 0 else text


def plain(value: float) -> str:
    """A finite number whose decimals nobody declared: up to six significant digits, no exponent for large ones."""
    if value == 0:
        return "0"
    if abs(value) >= 1e6 and abs(value) < 1e18:
        return f"{value:.0f}".replace("-", MINUS)
    return f"{value:.6g}".replace("-", MINUS)


def with_unit(text: str, unit: str) -> str:
    """`text` and `unit` held together on one line."""
    return f"{text}{NO_BREAK_SPACE}{unit}" if unit else text


def measured(value: Measured, quantity_name: str | None = None) -> Shown:
    """A measured value: in the quantity's display unit, or in its own where no quantity is known.

    An infinite number of dB is `identical`. A value that is not a number is unavailable, whatever it says of itself.
    """
    if isinstance(value, Unavailable):
        return Shown("unavailable", value.reason)
    if math.isnan(value.value):
        return Shown("unavailable", f"not a number (from {value.source})")
    if math.isinf(value.value):
        if value.unit == "dB" and value.value > 0:
            return Shown("identical")
        return Shown("unavailable", f"not finite (from {value.source})")
    quantity = QUANTITIES.get(quantity_name) if quantity_name else None
    if quantity is None or quantity.unit != value.unit:
        return Shown(_in_own_unit(value))
    return Shown(_typeset(*value_and_unit(quantity, value.value)))


def _in_own_unit(value: Available) -> str:
    if value.unit in ("ns", "bytes"):
        return milliseconds(value.value) if value.unit == "ns" else _typeset(*size_and_unit(value.value))
    unit, divisor = _SHOWN_UNITS.get(value.unit, (value.unit, 1.0))
    text = plain(value.value) if divisor == 1.0 else number(value.value / divisor, 2)
    return with_unit(text, unit)


def _typeset(digits: str, unit: str) -> str:
    return with_unit(digits.replace("-", MINUS), unit)


def milliseconds(nanoseconds: float) -> str:
    """A latency."""
    return _typeset(*value_and_unit(QUANTITIES["latency_p50"], nanoseconds))


def seconds(value: float) -> str:
    """A length of time in seconds, or in minutes and seconds from two minutes on."""
    if value < 120:
        return with_unit(number(value, 1 if value < 10 else 0), "s")
    whole = round(value)
    return f"{whole // 60}{NO_BREAK_SPACE}min {whole % 60}{NO_BREAK_SPACE}s"


def byte_count(value: int) -> str:
    """A size, in MB of 10⁶ bytes as the quantities are; small ones in kB or bytes."""
    return _typeset(*size_and_unit(value))


def percent(fraction: float, *, decimals: int = 1) -> str:
    """A share without a sign: 0.025 is `2.5 %`."""
    return with_unit(number(100.0 * fraction, decimals), "%")


def change(value: float, scale: str, quantity_name: str, *, beside: Sequence[float] = ()) -> str:
    """A value on the scale of an effect: a ratio as a signed percentage, a difference in the quantity's unit.

    A ratio that is beyond per cent, or stands `beside` others that are all 2 or more as it is, is a factor: `×12`,
    `÷230`. A difference has as many decimals as the largest of it and those `beside` it needs for two significant
    digits.
    """
    if math.isnan(value):
        return "unavailable"
    if math.isinf(value):
        return "without bound"
    if scale == "ratio":
        if told_in_times(value) or all(ratio >= 2.0 for ratio in (value, *beside)):
            return _factor(value)
        fraction = value - 1.0
        return with_unit(signed(100.0 * fraction, 0 if abs(fraction) >= 1 else 1), "%")
    quantity = QUANTITIES.get(quantity_name)
    if quantity is None:
        return f"+{plain(value)}" if value > 0 else plain(value)
    largest = max(abs(number) for number in (value, *beside) if math.isfinite(number)) / quantity.display_divisor
    needed = 1 - math.floor(math.log10(largest)) if largest > 0 else 0
    decimals = min(9, max(quantity.display_decimals, needed))
    return with_unit(signed(value / quantity.display_divisor, decimals), quantity.change_unit)


def _factor(ratio: float) -> str:
    if ratio <= 0.0:
        return "nothing"
    size, sign = (ratio, "×") if ratio >= 1.0 else (1.0 / ratio, "÷")
    text = times(size) if size >= 1000.0 else f"{size:.{2 if size < 10.0 else 1 if size < 100.0 else 0}f}"
    return sign + text.replace(" ", NO_BREAK_SPACE)


def estimate(effect: Effect, quantity_name: str) -> str:
    """The estimate of an effect, such as `−31.2 %` or `+0.05 dB`."""
    beside = () if effect.interval is None else (effect.interval.low, effect.interval.high)
    return change(effect.estimate, effect.scale, quantity_name, beside=beside)


def interval(bounds: Interval, scale: str, quantity_name: str) -> str:
    """An interval, such as `−33.0 to −29.1 %`."""
    return span(bounds.low, bounds.high, scale, quantity_name)


def span(low: float, high: float, scale: str, quantity_name: str) -> str:
    """From one value on the scale of an effect to another, such as `−33.0 to −29.1 %`."""
    both = (low, high)
    low_text, high_text = (change(bound, scale, quantity_name, beside=both) for bound in both)
    low_number, _, low_unit = low_text.partition(NO_BREAK_SPACE)
    high_unit = high_text.partition(NO_BREAK_SPACE)[2]
    is_shared = low_unit == high_unit and not low_text.startswith(("×", "÷"))
    return f"{low_number if is_shared else low_text} to {high_text}"


def minimum_detectable(effect: Effect, quantity_name: str) -> str:
    """The smallest effect that the design can see: a percentage for ratios, else in the unit."""
    if effect.minimum_detectable is None:
        return "unknown"
    if effect.scale == "ratio":
        ratio = 1.0 + effect.minimum_detectable
        return _factor(ratio) if told_in_times(ratio) else percent(effect.minimum_detectable)
    return change(effect.minimum_detectable, effect.scale, quantity_name).removeprefix("+")


def p_value(value: float | None) -> str:
    """A p-value; `under 0.0001` below that, since it is limited by the number of sign flips."""
    if value is None or math.isnan(value):
        return "none"
    return "under 0.0001" if value < 0.0001 else f"{value:.4f}" if value < 0.1 else f"{value:.2f}"


def moment(iso_8601: str) -> str:
    """A moment such as `2025-11-23 06:31 UTC`; the text itself where it is not ISO 8601 with a zone."""
    try:
        parsed = datetime.fromisoformat(iso_8601)
    except ValueError:
        return iso_8601
    if parsed.tzinfo is None:
        return iso_8601
    shown = parsed.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return shown.replace("-", "\N{NON-BREAKING HYPHEN}").replace(" ", NO_BREAK_SPACE)


def held_together(text: str) -> str:
    """A sentence whose numbers do not part from their units at the end of a line."""
    return _NUMBER_AND_UNIT.sub(NO_BREAK_SPACE, text)


def count(amount: int, one: str, many: str | None = None) -> str:
    """`1 device`, `2 devices`."""
    return f"{amount}{NO_BREAK_SPACE}{one if amount == 1 else many or one + 's'}"
