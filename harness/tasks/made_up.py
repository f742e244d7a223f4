"""A model and an item that a task makes up, to measure a device's own noise with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile


@dataclass(frozen=True)
class MadeUp:
    """How both are written."""

    write_model: Callable[[Path], Path]
    """A small ONNX model, the same bytes each time, at a path."""
    write_item: Callable[[Path, ModelFile, int | None], str]
    """One item for a model below a folder, and the table [data] that names it; the number is how many times larger the
    model's outputs are than its inputs, where the user says it. Raises `UserError` where it must be said.
    """
