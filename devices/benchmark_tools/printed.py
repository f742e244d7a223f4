"""Values as a tool printed them, with the line they stood on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal as Exact

from devices.readings.bounded_number import decimal, whole
from devices.readings.unavailable import NotThere

_LONGEST_TIME_MS = 1e9


@dataclass(frozen=True)
class PrintedNumber:
    """A number in the unit of its field's name."""

    value: float
    line: int
    """Counted from 1."""
    step: float | None = None
    """The tool prints whole multiples of it only, so that 0 is anything below it. None where it has digits enough."""


@dataclass(frozen=True)
class PrintedText:
    """Words."""

    text: str
    line: int
    """Counted from 1."""


Number = PrintedNumber | NotThere
Text = PrintedText | NotThere


def time_ms(text: str | None, what: str, line: int, unit_ms: float) -> Number:
    """A length of time that was printed in units of `unit_ms`. 0 is not one: no inference takes no time."""
    value = decimal(text, what, 0.0, _LONGEST_TIME_MS / unit_ms)
    if isinstance(value, NotThere):
        return value
    if value == 0.0:
        return NotThere(f"{what} is printed as 0: less than the tool's last digit (line {line})")
    assert text is not None
    # In decimals, so that 0.0958204 s are 95.8204 ms to the last digit.
    return PrintedNumber(float(Exact(text.strip()) * Exact(str(unit_ms))), line)


def amount(text: str | None, what: str, line: int, high: float, low: float = 0.0) -> Number:
    """A decimal number in [low, high]."""
    value = decimal(text, what, low, high)
    return value if isinstance(value, NotThere) else PrintedNumber(value, line)


def tally(text: str | None, what: str, line: int, low: int, high: int = 10**15) -> Number:
    """A whole number in [low, high]."""
    value = whole(text, what, low, high)
    return value if isinstance(value, NotThere) else PrintedNumber(float(value), line)
