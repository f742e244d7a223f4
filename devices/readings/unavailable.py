"""A value that the device did not give, with the reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Unavailable:
    """Why there is no value. It is never 0."""

    reason: str

    def __bool__(self) -> bool:
        """False, so that `value or …` falls through."""
        return False


Whole = int | Unavailable
Decimal = float | Unavailable
Word = str | Unavailable
