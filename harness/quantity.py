"""What can be compared: one row a quantity, with all that is known of it; and a measured value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.unit import UNITS

Pass = Literal["latency", "sustained", "memory", "quality", "energy", "file", "votes"]


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


STALLED = 2.0
"""An inference is stalled where it takes more than so many times the median of its own block: whoever draws a frame
with each drops one there.
"""


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
    """Begins a sentence: `latency`, `the model file`, `PSNR (Y)`."""
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
    of_right_items: bool = False
    """For scores of single items in per cent that are 100 (right) or 0 (wrong): their mean is a share, and two arms are
    compared as paired shares.
    """
    gallery_order: int | None = None
    """Place among the scores by which the items to look at are chosen: the first that has values chooses."""
    visible_loss: float | None = None
    """For scores, a loss on a single item that people see when they look for it, in the unit; None where none is known.
    """
    is_a_pace: bool = False
    """It is the time that one takes of many alike, and so a number a second too: `35 a second instead of 24`."""
    names_itself: bool = False
    """The words of its change say what changed: `31 % faster`."""
    told_by_few: bool = False
    """Few devices tell it: where one does not, nobody misses it, unless a rule does."""
    of_tail: bool = False
    """It tells of single slow inferences, which a median leaves out: the verdict names it where it got worse."""

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
    )


def _score(
    name: str,
    label: str,
    unit: str,
    better: Literal["lower", "higher"],
    decimals: int,
    meaning: str,
    *,
    negligible: float,
    gallery_order: int | None = None,
    visible_loss: float | None = None,
    over: Literal["item", "set"] = "item",
    subject: str | None = None,
    of_right_items: bool = False,
) -> Quantity:
    return Quantity(
        name=name,
        label=label,
        unit=unit,
        better=better,
        scale="difference",
        measured_in="quality",
        display_decimals=decimals,
        meaning=meaning,
        subject=subject or label,
        negligible=negligible,
        words=("higher", "lower") if better == "higher" else ("lower", "higher"),
        as_much=UNITS[unit].as_much,
        over=over,
        of_right_items=of_right_items,
        gallery_order=gallery_order,
        visible_loss=visible_loss,
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
    ),
    _ratio(
        "latency_p99",
        "Latency, 99th percentile",
        "ns",
        "latency",
        "one inference in a hundred is slower than this, of those of all blocks together",
        subject="the slowest hundredth of inferences",
        of_tail=True,
    ),
    _ratio(
        "latency_mean",
        "Latency, mean",
        "ns",
        "latency",
        "time of all inferences divided by their number, slow ones included",
        subject="mean latency",
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
    ),
    _ratio(
        "sustained_latency",
        "Latency, sustained",
        "ns",
        "sustained",
        "an inference while the build works alone and without pause, its own heat included",
        subject="sustained latency",
        is_a_pace=True,
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
        "first_inference",
        "First inference",
        "ns",
        "memory",
        "the first inference after loading, which users wait for",
        subject="the first inference",
        measured_as="first_inference_ns",
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
        "energy_per_inference",
        "Energy per inference",
        "mJ",
        "energy",
        "energy above idle, divided by inferences",
        subject="energy per inference",
    ),
    _ratio(
        "average_power",
        "Average power",
        "mW",
        "energy",
        "power of the whole device while it infers without pause",
        subject="average power",
    ),
    _score(
        "psnr",
        "PSNR (RGB)",
        "dB",
        "higher",
        2,
        "pixel accuracy over all colour channels, mean of per-image values",
        negligible=0.05,
        gallery_order=5,
        visible_loss=1.0,
    ),
    _score(
        "psnr_pooled",
        "PSNR (RGB, pooled)",
        "dB",
        "higher",
        2,
        "pixel accuracy of all images together: of the mean squared error over all their pixels",
        negligible=0.05,
        over="set",
    ),
    _score(
        "psnr_y",
        "PSNR (Y)",
        "dB",
        "higher",
        2,
        "pixel accuracy of luma, borders cropped by the scale, mean of per-image values",
        negligible=0.05,
        gallery_order=4,
        visible_loss=1.0,
    ),
    _score(
        "ssim",
        "SSIM (RGB)",
        "",
        "higher",
        4,
        "structural similarity, 1 is identical",
        negligible=0.001,
        gallery_order=7,
        visible_loss=0.02,
    ),
    _score(
        "ssim_y",
        "SSIM (Y)",
        "",
        "higher",
        4,
        "structural similarity of luma, borders cropped by the scale",
        negligible=0.001,
        gallery_order=6,
        visible_loss=0.02,
    ),
    _score(
        "lpips_alex",
        "LPIPS (AlexNet)",
        "",
        "lower",
        4,
        "perceptual distance, 0 is identical",
        negligible=0.002,
        gallery_order=1,
        visible_loss=0.05,
    ),
    _score(
        "lpips_squeeze",
        "LPIPS (SqueezeNet)",
        "",
        "lower",
        4,
        "perceptual distance, 0 is identical",
        negligible=0.002,
        gallery_order=2,
        visible_loss=0.05,
    ),
    _score(
        "lpips_vgg",
        "LPIPS (VGG)",
        "",
        "lower",
        4,
        "perceptual distance, 0 is identical",
        negligible=0.002,
        gallery_order=3,
        visible_loss=0.05,
    ),
    _score(
        "close_pixels",
        "Close pixels",
        "%",
        "higher",
        2,
        "pixels of which no channel is off by more than 8 of 255, mean of per-image values",
        negligible=0.5,
        subject="the share of close pixels",
    ),
    _score(
        "snr",
        "Signal to noise",
        "dB",
        "higher",
        2,
        "energy of the reference over that of the error",
        negligible=0.1,
        gallery_order=9,
        subject="signal to noise",
    ),
    _score(
        "cosine_similarity",
        "Cosine similarity",
        "",
        "higher",
        5,
        "direction of the outputs, 1 is the same",
        negligible=1e-4,
        gallery_order=10,
        subject="cosine similarity",
    ),
    _score(
        "max_abs_error",
        "Largest error",
        "",
        "lower",
        5,
        "furthest that any value is off, 0 is identical",
        negligible=1e-4,
        gallery_order=8,
        subject="the largest error",
    ),
    _score(
        "top1",
        "Accuracy (top 1)",
        "%",
        "higher",
        1,
        "items whose label is the class that the model gives most",
        negligible=0.5,
        gallery_order=11,
        subject="accuracy",
        of_right_items=True,
    ),
    _score(
        "top5",
        "Accuracy (top 5)",
        "%",
        "higher",
        1,
        "items whose label is among the five classes that the model gives most",
        negligible=0.5,
        gallery_order=13,
        subject="top-5 accuracy",
        of_right_items=True,
    ),
    _score(
        "brier_score",
        "Brier score",
        "",
        "lower",
        4,
        "squared distance of the probabilities from the label, 0 is sure and right, 2 sure and wrong",
        negligible=0.01,
        gallery_order=12,
        subject="the Brier score",
    ),
    _score(
        "class_accuracy",
        "Accuracy, mean of classes",
        "%",
        "higher",
        1,
        "accuracy of each class, and their mean: rare classes count as much as frequent ones",
        negligible=0.5,
        over="set",
        subject="accuracy by class",
    ),
    _score(
        "calibration_error",
        "Calibration error (ECE)",
        "%",
        "lower",
        2,
        "how far confidence is from how often answers are right, mean over 15 bins of confidence",
        negligible=1.0,
        over="set",
        subject="calibration error",
    ),
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
"""Every quantity by name. A new one is one row here and whatever measures it."""
