"""Numbers on the command line with the bounds that what they stand for has."""

from __future__ import annotations

import argparse
from collections.abc import Callable

_MOST_DIGITS = 20


def bounded_number(text: str, most: float, unit: str) -> float:
    """A number above 0 and up to `most`. Raises `argparse.ArgumentTypeError`, which names the unit."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.0 < number <= most:
        raise argparse.ArgumentTypeError(f"a number of {unit} up to {most:g} is needed, not {text!r}")
    return number


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers from `least` to `most`, which raises `argparse.ArgumentTypeError` for all others."""

    def parse(text: str) -> int:
        is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
        if not is_number or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"a whole number from {least} to {most} is needed, not {text[:40]!r}")
        return int(text)

    return parse
