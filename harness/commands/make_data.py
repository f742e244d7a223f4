"""Inputs made from references, by the task that can."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.tasks.derived_data import DerivedData, DerivesData, Recipe
from harness.tasks.names import DEFAULT_TASK
from harness.tasks.registry import TASKS


def _deriving() -> DerivesData:
    """What the default task says of making inputs."""
    found = TASKS[DEFAULT_TASK].derives
    if found is None:
        msg = f"the task {DEFAULT_TASK} cannot make inputs"
        raise LookupError(msg)
    return found


def make_data(folders: Sequence[Path], out: Path, recipe: Recipe, advance: Callable[[int, int], None]) -> DerivedData:
    """Write the data set. Raises `UserError`."""
    return _deriving().derive(folders, out, recipe, advance)


def look_at_data(folders: Sequence[Path]) -> list[str]:
    """What is odd in the folders, a line each. Raises `UserError`."""
    return _deriving().look(folders)


def kernels() -> dict[str, str]:
    """Name → what it is, in words; the first is the default."""
    return _deriving().kernels
