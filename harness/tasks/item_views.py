"""How a task shows every one of its items: whole, small, all of them on one sheet, and the place that matters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class SheetRow:
    """One item on a contact sheet: its name, and one small view for each column, None where there is none."""

    name: str
    views: Sequence[Any | None]


@dataclass(frozen=True)
class ItemViews:
    """Functions of shown things: what `decode` and `read_reference` of a task give, as `as_shown` shows it."""

    whole_suffix: str
    """How the names of files end that `write_whole` writes, such as `.png`."""
    write_whole: Callable[[Path, Any], None]
    """Write a shown thing, lossless, into a file whose folder is there."""
    small: Callable[[Any, int], Any]
    """A shown thing made small, so that its longer side has at most so many pixels."""
    encode_small: Callable[[Any, int], bytes]
    """A small one as the content of a file, in so many bytes or as near as it comes."""
    small_suffix: str
    worst_place: Callable[[Any, Any, Any, int], tuple[int, int, int] | None]
    """(reference, baseline, candidate, side) → left, top and side of the square of at most that side where the
    candidate loses most against the baseline; None where all three are equal, or cannot be laid over each other.
    """
    cut: Callable[[Any, tuple[int, int, int]], bytes]
    """The square of a shown thing as the content of a lossless file."""
    cut_suffix: str
    write_sheet: Callable[[Path, Sequence[str], Sequence[SheetRow]], None]
    """Write small views in a grid, with their names and those of the columns, into a file like a whole one."""
    as_shown: Callable[[Any, Any, Any], Any | None] = lambda _, __, thing: thing
    """(codec of the arm, or of the baseline for a reference; the input; what `decode` or `read_reference` gave) → the
    shown thing; None where there is nothing to show.
    """
