"""What the gallery shows of one item, and what it is drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Role = Literal["baseline", "candidate"]


@dataclass(frozen=True)
class ItemToDraw:
    """One item as it was put through two arms."""

    given: Any
    """The input, as the task's `read_input` gives it."""
    reference: Any
    """The reference, as the task's `read_reference` gives it."""
    outputs: Mapping[Role, tuple[Any, Sequence[NDArray[np.generic]]]]
    """For the arms that have any: the arm's codec, and the outputs that the task asked for."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """The metrics of the run that could be opened: those that can say where an output is off make maps."""


@dataclass(frozen=True)
class DrawnMap:
    """Where each arm is how far from the reference, in colours of one scale."""

    name: str
    """The metric that made it, or `absolute_error`."""
    label: str
    unit: str
    ticks: Sequence[float]
    """The values that lie at even distances along the colours."""
    colors: Sequence[str]
    """The colours at even distances, from the first tick to the last, such as `#00ff7f`."""
    files: Mapping[Role, Path]


@dataclass(frozen=True)
class Drawing:
    """Files and words for one item of the gallery."""

    pictures: Mapping[Literal["baseline", "candidate", "reference", "difference"], Path] = field(default_factory=dict)
    """PNG files by what they show; empty for a task that shows a table."""
    maps: Sequence[DrawnMap] = ()
    thumbnail: Path | None = None
    """A PNG file of the input made small, for a task whose outputs are no pictures and whose inputs are."""
    difference_gain: float | None = None
    """By how much |candidate − reference| was multiplied for its picture."""
    notes: tuple[str, ...] = ()
    """Sentences on the item, such as where an output is furthest off."""
