"""Numbers as text, believed only inside bounds that the thing they measure can reach."""

from __future__ import annotations

import re

from devices.readings.unavailable import Decimal, NotThere, Whole

_LONGEST = 40
_WHOLE = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?([0-9]{1,19}(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


def whole(text: str | None, what: str, low: int, high: int) -> Whole:
    """An integer in [low, high]; blanks around it are allowed, nothing else is."""
    if text is None:
        return NotThere(f"{what} is not given")
    stripped = text.strip()
    if not _WHOLE.fullmatch(stripped):
        return NotThere(f"{what} is no whole number: {stripped[:_LONGEST]!r}")
    value = int(stripped)
    if not low <= value <= high:
        return NotThere(f"{what} cannot be {value}: expected {low} to {high}")
    return value


def decimal(text: str | None, what: str, low: float, high: float) -> Decimal:
    """A finite number in [low, high], in decimal or scientific notation."""
    if text is None:
        return NotThere(f"{what} is not given")
    stripped = text.strip()
    if not _DECIMAL.fullmatch(stripped):
        return NotThere(f"{what} is no number: {stripped[:_LONGEST]!r}")
    value = float(stripped)
    if not low <= value <= high:
        return NotThere(f"{what} cannot be {stripped[:_LONGEST]}: expected {low:g} to {high:g}")
    return value
