"""What is known of a score without computing one: its facts, which stand beside the metric and are light to import."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MetricFacts:
    """All that is known of the score that a metric gives. Whoever shows it or judges by it takes it from here."""

    name: str
    """The score's name in an experiment: lower-case letters, digits and underscores."""
    label: str
    """Heads a row of a table."""
    family: str
    """What the metric compares, and so which tasks offer it: `anomaly`, `image`, `labels`, `segmentation`, `sequence`,
    `tensors`.
    """
    unit: str
    """The unit of values: `dB`, `%`, or nothing."""
    better: Literal["lower", "higher"]
    range: tuple[float | None, float | None]
    """The smallest and the largest value that there can be; None where there is no such bound."""
    decimals: int
    """The decimals that people see."""
    meaning: str
    """Half a sentence for people who do not know the metric."""
    convention: str
    """How it is computed where libraries differ: which colours, crop, window, downsampling."""
    citation: str
    """Who defined it, and where."""
    blind_to: str
    """The faults that it does not see."""
    negligible: float
    """A difference within it is too small to matter, where no rule declares another margin; in the unit."""
    visible_loss: float | None = None
    """A loss on a single item that people see when they look for it, in the unit; None where none is known."""
    gallery_order: int | None = None
    """Place among the scores of its family by which the items to look at are chosen: the first with values chooses.
    None for a score that never chooses.
    """
    of_right_items: bool = False
    """Whether each item has 100 (right) or 0 (wrong), in per cent: a mean is then a share, and two arms are compared as
    paired shares.
    """
    of_ranks: bool = False
    """Whether a set's value is the area under the ROC curve of contributions (score, label), in per cent: two arms are
    then compared as DeLong does.
    """
    subject: str | None = None
    """Begins a sentence; None where the label does."""
    source: str = ""
    """The package that it came with and its version, for metrics that are not of this house."""
