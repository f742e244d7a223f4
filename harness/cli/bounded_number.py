"""A number on the command line with an upper bound, which what it stands for has."""

from __future__ import annotations

import argparse


def bounded_number(text: str, most: float, unit: str) -> float:
    """A number above 0 and up to `most`. Raises `argparse.ArgumentTypeError`, which names the unit."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0.0 < number <= most:
        raise argparse.ArgumentTypeError(f"a number of {unit} up to {most:g} is needed, not {text!r}")
    return number
