"""How the inputs of a data set are made from its references, as a value: for a task that can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Recipe:
    """How an input is made of a reference."""

    scale: int
    """How many times smaller an input is, ≥ 1."""
    kernel: str
    """One of the task's `kernels`."""
    noise_levels: float
    """Standard deviation of Gaussian noise, in levels of 255, after the resizing; 0 for none."""
    jpeg_quality: int | None
    """The quality of a JPEG that is written and read again at the end, 1 to 100; None for none."""
    seed: int
    """Each item's noise is drawn from this and its name."""


@dataclass(frozen=True)
class DerivedData:
    """What was made."""

    items: int
    left_out: list[str]
    """What was not taken, each with its reason, in words."""
    odd: list[str]
    """What a person should know of what was taken."""
    lines: list[str]
    """The table [data] that names it, for a new experiment.toml."""


@dataclass(frozen=True)
class DerivesData:
    """A task's way to make inputs, and to look at a folder."""

    kernels: dict[str, str]
    """Name → what it is, in words; the first is the default."""
    derive: Callable[[Sequence[Path], Path, Recipe, Callable[[int, int], None]], DerivedData]
    """(folders of references, a new folder, how, progress) → what was made. Raises `UserError`; then the new folder is
    not there.
    """
    look: Callable[[Sequence[Path]], list[str]]
    """What is odd in folders, a line each; empty where nothing is. Raises `UserError`."""
