"""What a task sees in the outputs of a run beside their scores: whether the scores can be what the models do.

None of it enters a score. Two arms that share a mistake are alike, and their difference does not show it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from harness.tasks.floor import Floor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Doubts:
    """Findings on one device's scores. Each is a sentence without its capital and full stop.

    A *suspicion* says that the experiment itself reads items wrongly, so that a rule is neither met nor broken by these
    scores. A *doubt* says that one arm's outputs are no good ones, so that a rule may be broken and is never met.
    """

    pairs: list[str] = field(default_factory=list)
    """Suspicions that concern every arm."""
    suspicions: dict[str, list[str]] = field(default_factory=dict)
    """Arm → suspicions."""
    doubts: dict[str, list[str]] = field(default_factory=dict)
    """Arm → doubts."""

    def all(self) -> list[str]:
        """Every finding, each once."""
        parts = [*self.pairs]
        for found in (self.suspicions, self.doubts):
            parts += [text for texts in found.values() for text in texts]
        return list(dict.fromkeys(parts))


@dataclass(frozen=True)
class Seen:
    """What was seen of a whole run."""

    floor: Floor | None = None
    doubts: Mapping[str, Doubts] = field(default_factory=dict)
    """Device → what is to be doubted of its scores."""
    notes: Sequence[str] = ()
    """Sentences on how outputs were read, with nothing wrong."""


class Looks(Protocol):
    """Looks at a run's items and outputs, one after the other, while they are scored."""

    def item(self, item: str, place: int, total: int, reference_path: Path, given: Any, reference: Any) -> None:
        """The item at `place` of `total`: its input and reference, as the task reads them."""

    def output(self, devices: Sequence[str], arm: str, codec: Any, outputs: Sequence[NDArray[np.generic]]) -> None:
        """What the arm put out for that item on these devices, as the task's `decode` takes it."""

    def seen(self) -> Seen:
        """When every output was looked at."""


@dataclass(frozen=True)
class SeenOutput:
    """One output, as looks that are taken ahead have it."""

    devices: Sequence[str]
    """Those that gave it."""
    arm: str
    codec: Any
    tensors: Sequence[NDArray[np.generic]]
    """What the model put out, as the task's `decode` takes it."""
    decoded: Callable[[], Any]
    """What they are decoded to, once for all who ask; None where they cannot be."""


@dataclass(frozen=True)
class SeenItem:
    """One item with its outputs, as looks that are taken ahead have it."""

    name: str
    place: int
    total: int
    reference_path: Path
    given: Any
    reference: Any
    outputs: Sequence[SeenOutput]
    score: Callable[[str, Any], float | None]
    """(metric, output) → its score against the item's reference; None where there is none."""


@runtime_checkable
class LooksAhead(Protocol):
    """Looks of which one item needs nothing of another: they are taken in threads, beside the scores."""

    def ahead(self, item: SeenItem) -> Callable[[], None]:
        """Look at an item and its outputs, in any thread. What is given back writes down what was seen, and is called
        in the items' order.
        """


Recall = Callable[[Mapping[str, Any], Callable[[], str]], str]
"""(what a text is computed from, how) → the text, from an earlier time where there was one."""


@runtime_checkable
class RemembersLooks(Protocol):
    """Looks that need not be taken again at what was looked at on this machine before."""

    recall: Recall
