"""The shape of a metric that has no value for an item, only for a whole set of them.

Each item gives a contribution (a short vector), and the set's value is a function of the contributions of its items:

    metric = SET_METRICS["psnr_pooled"].open(MetricSettings())
    contributions = np.stack([metric.prepare(reference).contribution(output) for reference, output in pairs])
    value = SET_METRICS["psnr_pooled"].value(contributions)

The value needs nothing that was opened: it can be computed again from contributions that were kept, and for any set
drawn from them, which is how its uncertainty is found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from metrics.metric import MetricSettings, Sample
from metrics.metric_facts import MetricFacts

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Contribution: TypeAlias = "NDArray[np.float64]"
"""What one item contributes: shape (k,), float64, finite; k is the same for every item of a run."""


@runtime_checkable
class PreparedSetReference(Protocol):
    """A reference with whatever can be computed from it alone."""

    def contribution(self, output: Sample) -> Contribution:
        """What an output of the reference's shape and dtype adds to the set.

        Raises:
            MetricInputError: shapes or dtypes differ, or the output is not finite. Nothing is ever resized.
        """
        ...


class OpenSetMetric(Protocol):
    """A metric over a set that is ready to be used for a run."""

    def prepare(self, reference: Sample) -> PreparedSetReference:
        """Compute once what every arm's contribution needs of this reference; as `metrics.metric.Metric.prepare`."""
        ...

    def describe(self) -> str:
        """How the number is computed, in words, for the source of a measured value."""
        ...


@dataclass(frozen=True)
class SetMetric:
    """A metric over a whole set, as it is registered: what is known of it, how it is opened, and the set's value.

    `open` raises MetricUnavailableError with the reason where the metric cannot be had. `value` gives the value of a
    set from its items' contributions, shape (n, k), n ≥ 1; ±∞ and NaN where the formula says so. `parts` gives what the
    value is made of, such as the accuracy of each class: place in `MetricSettings.classes` → value in the same unit,
    and of how many items.
    """

    facts: MetricFacts
    open: Callable[[MetricSettings], OpenSetMetric]
    value: Callable[[NDArray[np.float64]], float]
    parts: Callable[[NDArray[np.float64]], dict[int, tuple[float, int]]] | None = None
    chosen: Callable[[NDArray[np.float64]], float] | None = None
    value_at: Callable[[NDArray[np.float64], float], float] | None = None
    """For a value that depends on a number chosen on the baseline's contributions, such as a threshold: how that is
    chosen, and the value at it. `value` is then that at the set's own.
    """
    without_value: str | None = None
    """Why a set has no value where `value` gives NaN: a clause."""
    by_chance: Callable[[NDArray[np.float64]], float] | None = None
    """For a value that chance alone raises: its mean for a perfect model with these contributions, in the same unit."""
