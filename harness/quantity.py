"""What can be compared: every quantity's name, unit, better direction and scale of comparison, and a measured value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Pass = Literal["latency", "memory", "quality", "energy", "file"]


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


@dataclass(frozen=True)
class Quantity:
    """A quantity that two arms can be compared on.

    `scale` says how: "ratio" quantities are compared as candidate / baseline (log-ratios of pairs of blocks),
    "difference" quantities as candidate − baseline (in `unit`). `unit` is the unit of stored values;
    `display_unit` and `display_divisor` are for people: shown = stored / display_divisor.
    """

    name: str
    label: str
    unit: str
    better: Literal["lower", "higher"]
    scale: Literal["ratio", "difference"]
    measured_in: Pass
    display_unit: str
    display_divisor: float
    display_decimals: int
    meaning: str


def _ratio(name: str, label: str, unit: str, measured_in: Pass, meaning: str) -> Quantity:
    display_unit, divisor = {"ns": ("ms", 1e6), "bytes": ("MB", 1e6), "mJ": ("mJ", 1.0), "mW": ("mW", 1.0)}[unit]
    return Quantity(
        name, label, unit, "lower", "ratio", measured_in, display_unit, divisor, 0 if unit == "mW" else 2, meaning
    )


def _score(
    name: str, label: str, unit: str, better: Literal["lower", "higher"], decimals: int, meaning: str
) -> Quantity:
    return Quantity(name, label, unit, better, "difference", "quality", unit, 1.0, decimals, meaning)


_ALL = (
    _ratio("latency_p50", "Latency, median", "ns", "latency", "half of the inferences are faster than this"),
    _ratio("latency_p90", "Latency, 90th percentile", "ns", "latency", "one inference in ten is slower than this"),
    _ratio("load_time", "Load time", "ns", "memory", "from opening the model to being ready for the first input"),
    _ratio(
        "first_inference",
        "First inference",
        "ns",
        "memory",
        "the first inference after loading, which users wait for",
    ),
    _ratio(
        "load_peak_memory",
        "Peak memory while loading",
        "bytes",
        "memory",
        "largest resident size until the model was ready, runtime included",
    ),
    _ratio(
        "run_peak_memory",
        "Peak memory while running",
        "bytes",
        "memory",
        "largest resident size during inference, runtime included",
    ),
    _ratio(
        "steady_memory",
        "Memory held (RSS)",
        "bytes",
        "memory",
        "resident size after inference, shared pages counted whole",
    ),
    _ratio(
        "pss_memory",
        "Memory held (PSS)",
        "bytes",
        "memory",
        "proportional share of memory held after inference",
    ),
    _ratio(
        "gpu_memory",
        "Graphics memory",
        "bytes",
        "memory",
        "what the graphics driver counts to the process, after inference",
    ),
    _ratio("model_size", "Model file", "bytes", "file", "bytes to download and store"),
    _ratio(
        "energy_per_inference",
        "Energy per inference",
        "mJ",
        "energy",
        "energy above idle, divided by inferences",
    ),
    _ratio("average_power", "Average power", "mW", "energy", "power of the whole device while it infers without pause"),
    _score(
        "psnr",
        "PSNR (RGB)",
        "dB",
        "higher",
        2,
        "pixel accuracy over all colour channels, mean of per-image values",
    ),
    _score(
        "psnr_y",
        "PSNR (Y)",
        "dB",
        "higher",
        2,
        "pixel accuracy of luma, borders cropped by the scale, mean of per-image values",
    ),
    _score("ssim", "SSIM (RGB)", "", "higher", 4, "structural similarity, 1 is identical"),
    _score("ssim_y", "SSIM (Y)", "", "higher", 4, "structural similarity of luma, borders cropped by the scale"),
    _score("lpips_alex", "LPIPS (AlexNet)", "", "lower", 4, "perceptual distance, 0 is identical"),
    _score("lpips_squeeze", "LPIPS (SqueezeNet)", "", "lower", 4, "perceptual distance, 0 is identical"),
    _score("snr", "Signal to noise", "dB", "higher", 2, "energy of the reference over that of the error"),
    _score("cosine_similarity", "Cosine similarity", "", "higher", 5, "direction of the outputs, 1 is the same"),
    _score("max_abs_error", "Largest error", "", "lower", 5, "furthest that any value is off, 0 is identical"),
)

QUANTITIES: dict[str, Quantity] = {quantity.name: quantity for quantity in _ALL}
"""Every quantity by name. A new one is one line here and whatever measures it."""
