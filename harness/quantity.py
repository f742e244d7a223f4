"""What can be compared: one row a quantity, with all that is known of it; and a measured value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.unit import UNITS
from metrics.metric_facts import MetricFacts
from metrics.registry import FACTS, SET_METRICS

Pass = Literal["latency", "sustained", "memory", "quality", "energy", "page", "file", "votes"]


class Available(BaseModel):
    """A value that was measured or computed, with its unit and where it came from."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    kind: Literal["available"] = "available"
    value: float
    unit: str
    source: str


class Unavailable(BaseModel):
    """A value that could not be had, with the reason in words. It is never 0."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["unavailable"] = "unavailable"
    reason: str


Measured = Annotated[Available | Unavailable, Field(discriminator="kind")]


NEGLIGIBLE_RATIO = 0.02
"""A ratio within 2 % is too small a difference to matter, where no rule declares another margin."""


FEWEST_FOR_P99 = 500
"""Inferences of an arm: a 99th percentile of fewer rests on less than five of them."""
STALLED = 2.0
"""An inference is stalled where it takes more than so many times the median of its own block: whoever draws a frame
with each drops one there.
"""


ITEM_LATENCY = "item_latency"
"""The quantity of items that are several inferences."""


@dataclass(frozen=True)
class Quantity:
    """A quantity that two arms can be compared on: all that is known of it, in one row.

    `scale` says how: "ratio" quantities are compared as candidate / baseline (log-ratios of pairs of blocks),
    "difference" quantities as candidate − baseline (in `unit`). `unit` is the unit of stored values; people see
    stored / `display_divisor` in `display_unit` with `display_decimals`.
    """

    name: str
    label: str
    """Heads a row of a table."""
    unit: str
    better: Literal["lower", "higher"]
    scale: Literal["ratio", "difference"]
    measured_in: Pass
    display_decimals: int
    meaning: str
    subject: str
    """Begins a sentence: `latency`, `the model file`."""
    negligible: float
    """A difference within it is too small to matter, where no rule declares another margin: a fraction for ratios, else
    in the unit.
    """
    words: tuple[str, str]
    """Words for better and worse: `faster` and `slower`."""
    as_much: str
    """Completes `twice …`: `as long`."""
    measured_as: str | None = None
    """Name of the value among those of its pass: a field of the memory pass's record, a column of the blocks' summary.
    None where the pass gives it by the quantity's own name.
    """
    over: Literal["item", "set"] = "item"
    """For scores, whether each item has a value, or only a whole set of items."""
    gallery_order: int | None = None
    """Place among the scores of a task by which the items to look at are chosen: the first that has values chooses."""
    visible_loss: float | None = None
    """For scores, a loss on a single item that people see when they look for it, in the unit; None where none is known.
    """
    of_right_items: bool = False
    """For scores of single items in per cent that are 100 (right) or 0 (wrong): their mean is a share, and two arms are
    compared as paired shares.
    """
    of_ranks: bool = False
    """For a score of whole sets that is the area under a ROC curve: two arms are compared as DeLong does."""
    is_a_pace: bool = False
    """It is the time that one takes of many alike, and so a number a second too: `35 a second instead of 24`."""
    names_itself: bool = False
    """The words of its change say what changed: `31 % faster`."""
    told_by_few: bool = False
    """Few devices tell it: where one does not, nobody misses it, unless a rule does."""
    of_tail: bool = False
    """It tells of single slow inferences, which a median leaves out: the verdict names it where it got worse."""
    of_one_inference: bool = False
    """It is what one inference takes: of arms that need another number of them for an item it is not comparable."""
    facts: MetricFacts | None = None
    """For scores, what is known of the metric: convention, citation, what it is blind to; else None."""

    @property
    def display_unit(self) -> str:
        """The unit that people see values in."""
        return UNITS[self.unit].display_name

    @property
    def display_divisor(self) -> float:
        """What people see is the stored value divided by it."""
        return UNITS[self.unit].display_divisor

    @property
    def change_unit(self) -> str:
        """The unit that people see changes in: `%` of a ratio, else that of a difference, such as `dB` or `points`."""
        return "%" if self.scale == "ratio" else UNITS[self.unit].difference_name

    @property
    def change_decimals(self) -> int:
        """The most decimals that a change is told with."""
        return 2 if self.scale == "ratio" else UNITS[self.unit].difference_decimals


def _ratio(
    name: str,
    label: str,
    unit: str,
    measured_in: Pass,
    meaning: str,
    *,
    subject: str,
    measured_as: str | None = None,
    words: tuple[str, str] | None = None,
    as_much: str | None = None,
    is_a_pace: bool = False,
    names_itself: bool = False,
    told_by_few: bool = False,
    of_tail: bool = False,
    of_one_inference: bool = False,
) -> Quantity:
    return Quantity(
        name=name,
        label=label,
        unit=unit,
        better="lower",
        scale="ratio",
        measured_in=measured_in,
        display_decimals=0 if unit == "mW" else 2,
        meaning=meaning,
        subject=subject,
        negligible=NEGLIGIBLE_RATIO,
        words=words or (("faster", "slower") if unit == "ns" else ("less", "more")),
        as_much=as_much or UNITS[unit].as_much,
        measured_as=measured_as,
        is_a_pace=is_a_pace,
        names_itself=names_itself,
        told_by_few=told_by_few,
        of_tail=of_tail,
        of_one_inference=of_one_inference,
    )


def quantity_of_score(facts: MetricFacts, over: Literal["item", "set"] = "item") -> Quantity:
    """The row of a score, of the facts that stand beside its metric."""
    return Quantity(
        name=facts.name,
        label=facts.label,
        unit=facts.unit,
        better=facts.better,
        scale="difference",
        measured_in="quality",
        display_decimals=facts.decimals,
        meaning=facts.meaning,
        subject=facts.subject or facts.label,
        negligible=facts.negligible,
        words=("higher", "lower") if facts.better == "higher" else ("lower", "higher"),
        as_much=UNITS[facts.unit].as_much,
        over=over,
        gallery_order=facts.gallery_order,
        visible_loss=facts.visible_loss,
        of_right_items=facts.of_right_items,
        of_ranks=facts.of_ranks,
        facts=facts,
    )


_ALL = (
    _ratio(
        "latency_p50",
        "Latency, median",
        "ns",
        "latency",
        "half of the inferences are faster than this",
        subject="latency",
        measured_as="p50_ns",
        is_a_pace=True,
        names_itself=True,
        of_one_inference=True,
    ),
    _ratio(
        "latency_p90",
        "Latency, 90th percentile",
        "ns",
        "latency",
        "one inference in ten is slower than this",
        subject="the slowest tenth of inferences",
        measured_as="p90_ns",
        of_tail=True,
        of_one_inference=True,
    ),
    _ratio(
        "latency_p99",
        "Latency, 99th percentile",
        "ns",
        "latency",
        "one inference in a hundred is slower than this, of those of all blocks together",
        subject="the slowest hundredth of inferences",
        of_tail=True,
        of_one_inference=True,
    ),
    _ratio(
        "latency_mean",
        "Latency, mean",
        "ns",
        "latency",
        "time of all inferences divided by their number, slow ones included",
        subject="mean latency",
        measured_as="mean_ns",
        of_one_inference=True,
    ),
    _ratio(
        ITEM_LATENCY,
        "Latency, whole item",
        "ns",
        "latency",
        "all inferences of an item that is cut into parts, one after the other: mean latency times their number; "
        "cutting and joining are not in it",
        subject="latency of a whole item",
        measured_as="mean_ns",
    ),
    Quantity(
        name="latency_stalls",
        label="Stalled inferences",
        unit="%",
        better="lower",
        scale="difference",
        measured_in="latency",
        display_decimals=2,
        meaning=f"inferences that take more than {STALLED:g} times as long as the median of their own block",
        subject="the share of stalled inferences",
        negligible=0.5,
        words=("lower", "higher"),
        as_much="as much",
        of_tail=True,
        of_one_inference=True,
    ),
    _ratio(
        "sustained_latency",
        "Latency, sustained",
        "ns",
        "sustained",
        "an inference while the build works alone and without pause, its own heat included",
        subject="sustained latency",
        is_a_pace=True,
        of_one_inference=True,
    ),
    _ratio(
        "load_time",
        "Load time",
        "ns",
        "memory",
        "from opening the model to being ready for the first input",
        subject="loading",
        measured_as="load_ns",
    ),
    _ratio(
        "engine_start",
        "Engine start",
        "ns",
        "memory",
        "in a web page, from asking for the engine to its WebAssembly being compiled, before any model",
        subject="starting the engine",
        told_by_few=True,
    ),
    _ratio(
        "session_creation",
        "Session creation",
        "ns",
        "memory",
        "in a web page, from having the model's bytes to being ready for the first input, the engine having started "
        "before",
        subject="creating the session",
        told_by_few=True,
    ),
    _ratio(
        "first_inference",
        "First inference",
        "ns",
        "memory",
        "the first inference after loading, which users wait for",
        subject="the first inference",
        measured_as="first_inference_ns",
        of_one_inference=True,
    ),
    _ratio(
        "load_peak_memory",
        "Peak memory while loading",
        "bytes",
        "memory",
        "largest resident size until the model was ready, runtime included",
        subject="peak memory while loading",
        measured_as="load_peak_rss_bytes",
    ),
    _ratio(
        "run_peak_memory",
        "Peak memory while running",
        "bytes",
        "memory",
        "largest resident size during inference, runtime included",
        subject="peak memory while running",
        measured_as="run_peak_rss_bytes",
    ),
    _ratio(
        "steady_memory",
        "Memory held (RSS)",
        "bytes",
        "memory",
        "resident size after inference, shared pages counted whole",
        subject="memory held (RSS)",
        measured_as="steady_rss_bytes",
    ),
    _ratio(
        "pss_memory",
        "Memory held (PSS)",
        "bytes",
        "memory",
        "proportional share of memory held after inference",
        subject="memory held (PSS)",
        measured_as="pss_bytes",
    ),
    _ratio(
        "gpu_memory",
        "Graphics memory",
        "bytes",
        "memory",
        "what the graphics driver counts to the process, after inference",
        subject="graphics memory",
        told_by_few=True,
    ),
    _ratio(
        "browser_memory",
        "Memory of the browser",
        "bytes",
        "memory",
        "private memory of all processes of a browser that has nothing else open, its GPU process included, after "
        "inference",
        subject="memory of the browser",
        told_by_few=True,
    ),
    Quantity(
        name="frames_dropped",
        label="Frames dropped",
        unit="%",
        better="lower",
        scale="difference",
        measured_in="page",
        display_decimals=1,
        meaning="frames of a page that keeps animating which did not come in time while it infers without pause, of "
        "all that were due at the rate it has at rest",
        subject="the share of dropped frames",
        negligible=1.0,
        words=("lower", "higher"),
        as_much="as much",
        told_by_few=True,
    ),
    _ratio(
        "longest_frame",
        "Longest frame",
        "ns",
        "page",
        "the longest that a page which keeps animating stands still while it infers without pause",
        subject="the longest frame",
        words=("shorter", "longer"),
        told_by_few=True,
    ),
    _ratio(
        "unread_latency",
        "Inference, outputs not read",
        "ns",
        "page",
        "in a web page, time of many inferences divided by their number, the outputs of the last one alone read back: "
        "what is left where no user waits for each",
        subject="an inference whose outputs are not read",
        is_a_pace=True,
        told_by_few=True,
        of_one_inference=True,
    ),
    _ratio(
        "model_size",
        "Model file",
        "bytes",
        "file",
        "bytes to download and store",
        subject="the model file",
        words=("smaller", "larger"),
        as_much="as large",
    ),
    _ratio(
        "download_size",
        "Download",
        "bytes",
        "file",
        "what a web page fetches before it can infer: the engine's files that it loads and the model, gzipped",
        subject="the download",
        words=("smaller", "larger"),
        as_much="as large",
        told_by_few=True,
    ),
    _ratio(
        "energy_per_inference",
        "Energy per inference",
        "mJ",
        "energy",
        "energy above idle, divided by inferences",
        subject="energy per inference",
        of_one_inference=True,
    ),
    _ratio(
        "average_power",
        "Average power",
        "mW",
        "energy",
        "power of the whole device while it infers without pause",
        subject="average power",
    ),
    *(quantity_of_score(facts, "set" if name in SET_METRICS else "item") for name, facts in FACTS.items()),
    Quantity(
        name="preference",
        label="Preference of people",
        unit="%",
        better="higher",
        scale="difference",
        measured_in="votes",
        display_decimals=0,
        meaning="share of blind votes for a build, votes for neither counted half",
        subject="the share of votes",
        negligible=5.0,
        words=("higher", "lower"),
        as_much="as much",
    ),
)

QUANTITIES: dict[str, Quantity] = {quantity.name: quantity for quantity in _ALL}
"""Every quantity by name. A new one is one row here and whatever measures it; of a score, a file in metrics/facts/."""
