"""The one writer of values: a latency, a size, a score reads the same in a rule, a table, a sentence and a chart.

Three digits of what is below 1 and is compared by its ratio, sizes in the unit that fits them, and what is not zero is
never shown as zero. Whoever shows it chooses the sign and the space: `harness.words` writes plain ones, pages those of
typography.
"""

from __future__ import annotations

import math

from harness.quantity import QUANTITIES, Quantity

_MOST_DECIMALS = 9


def value_and_unit(quantity: Quantity, stored: float) -> tuple[str, str]:
    """The finite number as text and its unit, which may be empty: (`0.412`, `MB`), (`900`, `bytes`), (`30.39`,
    `dB`).
    """
    if quantity.unit == "bytes":
        return size_and_unit(stored)
    return _in_display_unit(quantity, stored), quantity.display_unit


def size_and_unit(count: float) -> tuple[str, str]:
    """A number of bytes in MB of 10⁶ bytes; from 10 GB on in GB; what is below a hundredth of a MB in kB, below one of
    those in bytes.
    """
    if abs(count) >= 1e10:
        return fixed_or_finer(count / 1e9, 2), "GB"
    if abs(count) >= 1e4 or count == 0:
        return _in_display_unit(QUANTITIES["model_size"], count), "MB"
    if abs(count) >= 1e3:
        return fixed_or_finer(count / 1e3, 2), "kB"
    return fixed_or_finer(count, 0), "byte" if count == 1 else "bytes"


def fixed_or_finer(number: float, decimals: int) -> str:
    """So many decimals, or more where a number that is not zero would read as zero; never `-0.00`."""
    text = f"{number:.{decimals}f}"
    if number != 0.0 and float(text) == 0.0:
        needed = 1 - math.floor(math.log10(abs(number)))
        text = f"{number:.{needed}f}" if needed <= _MOST_DECIMALS else f"{number:.1e}"
    return text.removeprefix("-") if float(text) == 0.0 else text


def _in_display_unit(quantity: Quantity, stored: float) -> str:
    shown = stored / quantity.display_divisor
    decimals = quantity.display_decimals
    # A microsecond model in milliseconds: three digits, not two zeros.
    if quantity.scale == "ratio" and 0.0 < abs(shown) < 1.0:
        decimals = min(_MOST_DECIMALS, 2 - math.floor(math.log10(abs(shown))))
    return fixed_or_finer(shown, decimals)
