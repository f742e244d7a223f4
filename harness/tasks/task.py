"""A task is a value: what the items are, how they become tensors and back, and what people call them.

Everything that differs from task to task is here, and nothing outside `harness/tasks/` and the metrics of its family
knows more of a task than this. A new one is a folder like `image_to_image/` and a line in the registry.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from harness.quantity import QUANTITIES
from harness.tasks.derived_data import DerivesData
from harness.tasks.draft import DraftData, TaskDraft
from harness.tasks.drawing import Drawing, ItemToDraw
from harness.tasks.first_look import FirstLook
from harness.tasks.item import TaskItem
from harness.tasks.item_views import ItemViews
from harness.tasks.looks import Looks
from harness.tasks.made_up import MadeUp
from harness.tasks.nouns import Nouns
from harness.tasks.parts import Parts
from metrics.registry import METRICS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo
    from metrics.metric import Metric, MetricSettings

DataT = TypeVar("DataT")
TensorT = TypeVar("TensorT")
ItemT = TypeVar("ItemT", bound=TaskItem)
CodecT = TypeVar("CodecT")

Resolve = Callable[[str], Path]
"""A path of the experiment as an absolute one."""
Advance = Callable[[int, int], None]
"""Called with (done, total)."""


def _no_labels(_: str, path: Path) -> Any:
    msg = f"{path}: the items of this task have no labels"
    raise ValueError(msg)


def _as_it_is(table: TensorT, _: Resolve) -> TensorT:
    return table


def _says_nothing(_: DraftData) -> str | None:
    return None


@dataclass(frozen=True)
class Task(Generic[DataT, TensorT, ItemT, CodecT]):
    """One task. `DataT` and `TensorT` are its tables [data] and [data.tensor] of experiment.toml, `ItemT` its items,
    `CodecT` how one arm's tensors hold them.

    Functions raise `UserError` for what is wrong with the user's files, naming the file and the remedy.
    """

    name: str
    """The name that `data.task` says."""
    nouns: Nouns

    # Items
    find_items: Callable[[DataT, Resolve], list[ItemT]]
    """Inputs and references matched, in order of their names; looks at headers only."""
    read_items: Callable[[Sequence[ItemT], Advance], list[ItemT]]
    """Every file read once to its end: the items again, with fingerprints."""
    fingerprint: Callable[[Path], str]
    """Lower-case hex SHA-256 of what lies at an item's path."""
    read_input: Callable[[Path], Any]
    """The input of an item, as `encode` and `decode` take it."""
    read_reference: Callable[[Path], Any]
    """The reference of an item, as the metrics of the task take it."""
    items_in_words: Callable[[int, str, DataT], str]
    """So many items, with the text ` of 6 scenes` or none behind them: `24 pictures of 6 scenes, ×2`."""

    # Codec
    make_codec: Callable[[ModelFile, TensorT, DataT], CodecT]
    """How a model's tensors hold items."""
    check_item: Callable[[ModelFile, CodecT, ItemT], None]
    """Whether an item and its reference fit a model, as far as its file says."""
    notes: Callable[[ModelFile, CodecT], list[str]]
    """What a person should know of an arm, with nothing wrong: predicates of sentences about it."""
    tensor_is_a_factor: bool
    """Whether two arms with different tables [data.tensor] are given something different; not where it holds names."""
    tensors: Callable[[CodecT], tuple[Sequence[TensorInfo], Sequence[TensorInfo]]]
    """The input and the output tensors that are used."""
    input_shapes: Callable[[CodecT, ItemT], dict[str, list[int]]]
    """Tensor → shape to load the model with, where its sizes are not fixed."""
    encode: Callable[[CodecT, Any], list[NDArray[np.generic]]]
    """An input as one array for each of the model's inputs, in the model's order, dtypes and shapes."""
    outputs_needed: Callable[[CodecT], Sequence[int]]
    """Indices among the model's outputs that `decode` takes, in that order."""
    decode: Callable[[CodecT, Sequence[NDArray[np.generic]], Any], Any]
    """Those outputs, and the input they were made from, as the metrics take them. Raises ValueError with the reason
    where they cannot be read.
    """
    output_bytes: Callable[[CodecT, ItemT], int]
    """About how many bytes the outputs for one item have."""
    check_outputs: Callable[[ModelFile, CodecT, str, ItemT, Sequence[Sequence[int]]], None]
    """Whether shapes of a model's outputs fit an item's reference; the text is the arm's name."""

    # Metrics
    metrics: tuple[str, ...]
    """The quantities it can be scored by."""
    default_metrics: tuple[str, ...]
    metric_settings: Callable[[DataT], MetricSettings]

    # Gallery
    shows_pictures: bool
    """Whether the gallery shows pictures of each item; else a table of the items' scores."""
    draw: Callable[[Path, ItemToDraw], Drawing]
    """Draw one item into a folder that is its own."""

    # Beginning
    draft: Callable[[DraftData], TaskDraft]
    """The task's part of a new experiment.toml."""
    guess: Callable[[DraftData], str | None] = _says_nothing
    """Why models and files that a user named look like this task: a sentence; None where nothing speaks for it, and for
    the task that is taken where nothing speaks for another. Raises `UserError` for files that cannot be read.
    """
    derives: DerivesData | None = None
    """How inputs are made of references; None for a task that cannot."""
    made_up: MadeUp | None = None
    """What devices are calibrated with; None for a task whose items cannot be made up."""

    parts: Parts[ItemT, CodecT] | None = None
    """How an item becomes several inferences; None where it is always one."""

    # For a task whose references are labels.
    read_labelled: Callable[[str, Path], Any] = _no_labels
    """The reference of an item, of its label and what lies at its reference's path, as the metrics take it."""
    with_files: Callable[[TensorT, Resolve], TensorT] = _as_it_is
    """A table [data.tensor] with what the files hold that it names."""

    # What a person should know, and what keeps scores from being believed; None where a task has nothing to say.
    notes_on_items: Callable[[DataT, Resolve, Sequence[ItemT]], list[str]] | None = None
    """What a person should know of the items that `read_items` gave, with nothing wrong."""
    first_look: Callable[[str, ModelFile, CodecT, Sequence[ItemT], DataT], FirstLook] | None = None
    """A few items put through a model on this machine, before any device is asked; the text is the arm's name. Raises
    `UserError` where the model cannot make what the references hold.
    """
    sample_for: Callable[[Path], Callable[[str, Any], Any]] | None = None
    """The sample for a reference's path: (metric, output or reference) → the same as that metric is to take it."""
    over_items: Callable[[str, Metric], Metric] | None = None
    """A metric by its name → the same over the task's items, where these are made of several of what it compares."""
    most_at_once: int | None = None
    """The most items that are scored at once, where one alone fills much of the memory."""
    looks: Callable[[DataT, Sequence[str], Sequence[str], Sequence[str]], Looks] | None = None
    """Looks at outputs while they are scored, of these metrics, devices and arms (the baseline first)."""
    views: ItemViews | None = None
    """How every item is shown, small and whole; None for a task whose items are not looked at."""

    reads: Callable[[DataT], Mapping[str, Any]] | None = None
    """What the table [data] changes of how files are read: members of this task (such as `read_reference`) → what
    stands in their place. None for a task whose files are read in one way.
    """

    def of(self, data: DataT) -> Task[DataT, TensorT, ItemT, CodecT]:
        """The task as a table [data] declares it."""
        return self if self.reads is None else replace(self, **self.reads(data))

    def offered_metrics(self) -> tuple[str, ...]:
        """The quantities it can be scored by, those of installed metrics of the same family last."""
        families = {facts.family for name in self.metrics if (facts := QUANTITIES[name].facts) is not None}
        others = (
            name
            for name in METRICS
            if name in QUANTITIES and (facts := QUANTITIES[name].facts) is not None and facts.family in families
        )
        return tuple(dict.fromkeys([*self.metrics, *others]))

    def read_known(self, path: Path, sha256: str | None, read: Callable[[Path], Any]) -> Any:
        """What `read` gives of an item's path. Raises `UserError` where it is gone or was changed since the run."""
        from harness.errors import UserError

        remedy = "Put it back as it was; `bakeoff report` shows what was found before."
        if not path.exists():
            raise UserError(f"{path}: is no longer there, and the scores need it", remedy)
        if sha256 is not None and self.fingerprint(path) != sha256:
            raise UserError(f"{path}: has changed since the run", remedy)
        return read(path)


AnyTask = Task[Any, Any, Any, Any]
