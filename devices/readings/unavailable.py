"""A value that the device did not give, with the reason."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotThere:
    """Why there is no value. It is never 0."""

    reason: str


Whole = int | NotThere
Decimal = float | NotThere
Word = str | NotThere
