"""One row a unit: how values in it, and differences between them, are written by users and shown to people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """A unit that values are stored in.

    People see value / `display_divisor` in `display_name`. A difference of two values is in `difference_name` (two
    percentages differ by points), told with `difference_decimals` decimals at most. `amounts` and `difference_amounts`
    are the units in which an experiment may give a value or a difference → what one of them is in the stored unit.
    `as_much` completes `twice …` for values in the unit.
    """

    name: str
    display_name: str
    display_divisor: float
    difference_name: str
    difference_decimals: int
    amounts: Mapping[str, float]
    difference_amounts: Mapping[str, float]
    as_much: str = "as much"


def _unit(
    name: str, display_name: str, display_divisor: float, amounts: Mapping[str, float], as_much: str = "as much"
) -> Unit:
    return Unit(name, display_name, display_divisor, display_name, 2, amounts, amounts, as_much)


_SIZES = {"bytes": 1.0, "B": 1.0, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20}
_DECIBELS = {"dB": 1.0, "": 1.0}

_ALL = (
    _unit("ns", "ms", 1e6, {"ns": 1.0, "us": 1e3, "ms": 1e6, "s": 1e9}, "as long"),
    _unit("bytes", "MB", 1e6, _SIZES),
    _unit("mJ", "mJ", 1.0, {"uJ": 1e-3, "mJ": 1.0, "J": 1e3}),
    _unit("mW", "mW", 1.0, {"mW": 1.0, "W": 1e3}),
    Unit("dB", "dB", 1.0, "dB", 3, _DECIBELS, _DECIBELS),
    Unit("%", "%", 1.0, "points", 2, {"%": 1.0}, {"points": 1.0, "point": 1.0}),
    Unit("", "", 1.0, "", 5, {"": 1.0}, {"": 1.0}),
)

UNITS: dict[str, Unit] = {unit.name: unit for unit in _ALL}
"""Every stored unit by its name."""
