"""How many times one number is another: said where per cent no longer say anything to anybody."""

from __future__ import annotations

import math
from typing import Final

MANY: Final = 10.0
"""From this ratio on: `×12`, and no longer `+1100 %`."""
FEW: Final = 0.01
"""Below this ratio: `1/230`, and no longer `−99.6 %`."""

_DIGITS: Final = 2
_NAMES: Final = ((1e12, "trillion"), (1e9, "billion"), (1e6, "million"), (1e3, "thousand"))
_MOST: Final = 1e15


def told_in_times(ratio: float) -> bool:
    """Whether a ratio is too large or too small for per cent."""
    return ratio >= MANY or ratio < FEW


def times(ratio: float, *, round_down: bool = False) -> str:
    """A ratio of 1 or more to two significant digits: `2.3`, `27`, `230`, `6.4 thousand`, `7.5 million`."""
    if ratio >= _MOST:
        return "over 1000 trillion"
    if round_down:
        step = 10.0 ** (math.floor(math.log10(ratio)) + 1 - _DIGITS)
        ratio = math.floor(ratio / step + 1e-9) * step
    ratio = float(f"{ratio:.{_DIGITS - 1}e}")
    size, name = next(((size, f" {name}") for size, name in _NAMES if ratio >= size), (1.0, ""))
    shown = ratio / size
    return f"{shown:.{1 if shown < 9.95 else 0}f}{name}"


def part(ratio: float) -> str:
    """A ratio below 1 as a part: `1/230`, `1/5,000`, `less than a millionth`. Above 0."""
    inverse = 1.0 / ratio if ratio > 0.0 else math.inf
    return "less than a millionth" if inverse >= 1e6 else f"1/{float(f'{inverse:.{_DIGITS - 1}e}'):,.0f}"
