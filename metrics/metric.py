"""The shape that every metric has: open once, prepare each reference once, score every arm's output against it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, runtime_checkable

from metrics.metric_facts import MetricFacts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Sample: TypeAlias = Any
"""What a family of metrics compares: an image, or tensors by name. Each metric of the family says which."""


@dataclass(frozen=True)
class MetricSettings:
    """What the metrics of a run need to know beside the images.

    `scale`: the super-resolution factor; luma metrics crop so many pixels at each border.
    `data_range`: largest minus smallest possible value, declared and never inferred; 255 for uint8 images.
    `threads`: threads a metric may use for one item; None is one per core.
    `at_once`: items that are scored at the same time, each with so many threads.
    `lpips_weights`: a folder to look into first for LPIPS weights (metrics/lpips/lpips_weights.py says for what).
    `download`: whether missing LPIPS weights may be downloaded.
    `classes`: for labels, the names of the classes that the items of the set are of, in the order of their places.
    `map_range`: smallest and largest value of maps of anomalies, declared and never inferred.
    `ignored_class`: number in masks of pixels that do not count; None where all do.
    `own_deadline_s`: how long a metric of an installed package may take for an item.
    """

    scale: int = 1
    data_range: float = 255.0
    threads: int | None = None
    at_once: int = 1
    lpips_weights: Path | None = None
    download: bool = True
    classes: tuple[str, ...] = ()
    map_range: tuple[float, float] = (0.0, 1.0)
    ignored_class: int | None = None
    own_deadline_s: float = 120.0

    @property
    def threads_in_turn(self) -> int | None:
        """Threads of a metric through which the items that are scored at the same time go one by one."""
        return None if self.threads is None else self.threads * self.at_once


class PreparedReference(Protocol):
    """A reference with whatever can be computed from it alone."""

    def score(self, output: Sample) -> float:
        """Score an output of the reference's shape and dtype.

        Raises:
            MetricInputError: shapes or dtypes differ, or the output is not finite. Nothing is ever resized.
        """
        ...


@runtime_checkable
class MapsErrors(Protocol):
    """A prepared reference that can also say where an output is how far from it."""

    def error_map(self, output: Sample) -> NDArray[np.floating[Any]]:
        """(H, W), not negative; 0 where nothing differs.

        Raises:
            MetricInputError: as `score` does.
        """
        ...


class Metric(Protocol):
    """A metric that is ready to be used for a run."""

    def prepare(self, reference: Sample) -> PreparedReference:
        """Compute once what every arm's score needs of this reference.

        Args:
            reference: As the metric's family has it; for images (H, W, 3) RGB or (H, W) grey, uint8 or floats.

        Raises:
            MetricInputError: another shape or dtype, values that are not finite, or too small for the metric.
        """
        ...

    def describe(self) -> str:
        """How the number is computed, in words, for the source of a measured value."""
        ...


MetricFactory = Callable[[MetricSettings], Metric]
"""Opens a metric; raises MetricUnavailableError with the reason where it cannot be had."""


@dataclass(frozen=True)
class ItemMetric:
    """A metric with a value for every item, as it is registered: what is known of it, and how it is opened."""

    facts: MetricFacts
    open: MetricFactory
