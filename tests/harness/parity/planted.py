"""Sound builds of the networks in both formats, and faults in them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.documents.parity import Parity
from tests.harness.parity.compared import compared
from tests.harness.parity.onnx_faults import FAULTS as ONNX_FAULTS
from tests.harness.parity.onnx_faults import Sites
from tests.harness.parity.onnx_graphs import GRAPHS, quantized, renamed, some_inputs
from tests.harness.parity.tflite_build import channels_last, converted
from tests.harness.parity.tflite_build import quantized as tflite_quantized
from tests.harness.parity.tflite_faults import FAULTS as TFLITE_FAULTS
from tests.harness.parity.tflite_faults import TfliteSites

BUILDS = ("renamed", "QDQ", "QOperator", "tflite", "tflite int8", "tflite to int8")
"""ONNX by another exporter, ONNX Runtime's two forms of quantisation; ONNX to TensorFlow Lite in floats and in int8,
and TensorFlow Lite in floats to int8.
"""


@dataclass(frozen=True)
class Built:
    """An original and a sound build of it."""

    original: Any
    sound: Any
    items: list[dict[str, Any]]
    """The original's inputs."""


def built(graph: str, build: str, folder: Path) -> Built:
    original = GRAPHS[graph](0)
    items = some_inputs(original, 8)
    if build == "renamed":
        return Built(original, renamed(original), items)
    if not build.startswith("tflite"):
        return Built(original, quantized(original, folder, form=build, per_channel=build == "QDQ"), items)
    flat = converted(original)
    if build == "tflite":
        return Built(original, flat, items)
    calibrating = [channels_last(each["x"]) for each in some_inputs(original, 16, seed=1)]
    levels = tflite_quantized(flat, calibrating)
    if build == "tflite int8":
        return Built(original, levels, items)
    return Built(flat, levels, [{"x": channels_last(each["x"])} for each in items])


def planted(pair: Built, fault: str, place: int) -> tuple[Any, set[str]]:
    """(the build with the fault, names of the layers that it may be told by). Raises LookupError where the build has no
    such place.
    """
    if isinstance(pair.sound, bytes):
        flat = TfliteSites(pair.sound)
        names = TFLITE_FAULTS[fault](flat, place)
        return flat.file(), _names(names)
    sites = Sites(pair.sound)
    names = ONNX_FAULTS[fault](sites, place)
    return sites.model, _names(names)


def _names(told: str) -> set[str]:
    return {name.removesuffix("_quant") for name in told.split("|")}


def named_first(parity: Parity) -> set[str]:
    if parity.culprit is None:
        return set()
    layer = parity.layers[parity.culprit.layers[0]]
    return {op.name.removesuffix("_quant") for op in [*layer.ops, *layer.original_ops]}


def compare(pair: Built, build: Any, folder: Path) -> Parity:
    return compared(pair.original, build, folder, pair.items)
