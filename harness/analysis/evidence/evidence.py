"""What one device knows of one quantity: each arm's own level, and the candidate's effect against the baseline."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from harness.documents.comparison import NoEffect
from harness.quantity import Available, Measured
from harness.statistics.bootstrap import BootstrapIntervals
from harness.statistics.estimate import Estimate
from harness.statistics.sign_flip import SignFlipTest
from harness.statistics.tail import Tail
from harness.tasks.nouns import Nouns
from harness.tasks.registry import DEFAULT_NOUNS


@dataclass(frozen=True)
class Leeway:
    """A finding that leaves more open than an interval says: the truth may lie this far outside of it.

    `below` and `above` are ≥ 0, on the scale of the estimate (logarithms for ratio quantities); infinite where nothing
    is known any more. A rule is decided only where it would be so wherever in there the truth lies.
    """

    text: str
    """What is doubted, as it stands after `doubted: `."""
    below: float
    above: float


@dataclass(frozen=True)
class Level:
    """An arm's own value. Of ratio quantities it is a geometric mean, as the interval and the change beside it are.

    `estimate` is its mean with uncertainty, in logarithms for ratio quantities; None where `value` is unavailable.
    `infinite` where every item is identical to its reference, so that a ratio to the error has no mean and passes any
    lower bound.
    """

    value: Measured
    estimate: Estimate | None
    infinite: bool = False
    doubt: str | None = None
    """The same as `Paired.doubt`, for a rule on the level."""
    suspicion: str | None = None
    """The same as `Paired.suspicion`, for a rule on the level."""
    leeways: tuple[Leeway, ...] = ()
    """The same as `Paired.leeways`, for a rule on the level."""


@dataclass(frozen=True)
class TailCount:
    """Replicates worse than a per-item margin.

    Where several items are crops of one scene, the scene is the replicate: `any_item` counts scenes with at least one
    such crop (its upper bound holds for the share of items too), `all_items` scenes where every crop is one (the same
    for its lower bound). Without scenes the two are the same.
    """

    items_worse: int
    items: int
    any_item: Tail
    all_items: Tail


@dataclass(frozen=True)
class Paired:
    """The candidate's effect: estimate of candidate − baseline (log-ratio or unit) and what travels with it."""

    estimate: Estimate
    replicate: str
    robust: BootstrapIntervals | None = None
    sign_flip: SignFlipTest | None = None
    excluded: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    doubt: str | None = None
    """Why a rule cannot be called met, whatever the interval says: losses that the mean leaves out."""
    suspicion: str | None = None
    """Why a rule can be called neither met nor broken, whatever the numbers say: the experiment seems to read the items
    wrongly, or there are too few of them.
    """
    leeways: tuple[Leeway, ...] = ()
    """Findings on how it was measured that keep a rule from being decided where they could turn it."""
    tail: Callable[[float], TailCount | None] | None = None
    """Counts of items worse than a margin (> 0, in the unit); for scores of single items only."""
    against_share: Callable[[float], Paired | NoEffect] | None = None
    """The same of candidate − share · baseline, for rules on a share of the baseline's value; for scores only."""
    spread_of_launches: float | None = None
    """The standard deviation of launches' own log-ratios beyond what their pairs make; for latency in launches only."""
    method: str | None = None
    """How the interval is made, in words, where that does not follow from the replicate."""
    exact_p: float | None = None
    """McNemar's p-value of no difference; for scores of items that are right or wrong only."""
    skewness: float = 0.0
    """The skewness of the replicates; of scores of single items only."""
    losses: dict[str, float] = field(default_factory=dict)
    """Item → loss in the unit (> 0 is worse; infinite where the candidate has no value); for scores of single items
    only.
    """


@dataclass(frozen=True)
class Evidence:
    """Both levels and the effect, of one candidate on one quantity."""

    baseline: Level
    candidate: Level
    effect: Paired | NoEffect
    nouns: Nouns = DEFAULT_NOUNS
    """What items are called."""

    @property
    def baseline_value(self) -> float:
        """The baseline's own value in the quantity's unit; 0 where it is unavailable, and no effect is there either."""
        return self.baseline.value.value if isinstance(self.baseline.value, Available) else 0.0
