"""The layer that a fault was planted into is named first, and on sound builds none is.

`BAKEOFF_EXPERIMENTS=100` plants all of them; without it there are a few, of each kind of build one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.documents.parity import Parity
from tests.harness.experiments import experiments
from tests.harness.parity.compared import compared
from tests.harness.parity.onnx_faults import FAULTS, Sites
from tests.harness.parity.onnx_graphs import GRAPHS, halved, quantized, renamed, some_inputs

BUILDS = ("renamed", "QDQ", "QOperator")
FEW = (
    ("upscaler", "renamed", "padding", 4),
    ("upscaler", "QDQ", "clipped range", 3),
    ("depthwise", "QOperator", "zero point", 2),
    ("transformer", "QDQ", "transposed weights", 3),
)
MANY = tuple(
    (graph, build, fault, place)
    for graph in GRAPHS
    for place, fault in enumerate(FAULTS)
    for build in (BUILDS[1], BUILDS[place % 2 * 2])
)


def built(graph: str, build: str, folder: Path) -> tuple[Any, Any]:
    original = GRAPHS[graph](0)
    if build == "renamed":
        return original, renamed(original)
    return original, quantized(original, folder, form=build, per_channel=build == "QDQ")


def named_first(parity: Parity) -> set[str]:
    if parity.culprit is None:
        return set()
    layer = parity.layers[parity.culprit.layers[0]]
    return {op.name.removesuffix("_quant") for op in [*layer.ops, *layer.original_ops]}


@pytest.mark.parametrize(("graph", "build", "fault", "place"), MANY if experiments(0) else FEW)
def test_the_layer_with_the_fault_is_named_first(
    tmp_path: Path, graph: str, build: str, fault: str, place: int
) -> None:
    original, sound = built(graph, build, tmp_path)
    sites = Sites(sound)
    try:
        planted = FAULTS[fault](sites, place)
    except LookupError:
        pytest.skip("this build has no such place")
    parity = compared(original, sites.model, tmp_path, some_inputs(original, 8))
    if experiments(0):
        before = compared(original, sound, tmp_path, some_inputs(original, 8))
        if parity.output_error.mean < 2 * before.output_error.mean:
            pytest.skip("the fault does not show at the outputs")
    assert parity.outcome == "culprit"
    assert named_first(parity) & {name.removesuffix("_quant") for name in planted.split("|")}, parity.sentence
    assert parity.culprit is not None
    assert parity.culprit.returned is not None
    assert parity.culprit.returned.mean >= 0.5
    assert parity.coverage.aligned >= 0.8 * parity.coverage.of


@pytest.mark.parametrize("graph", GRAPHS if experiments(0) else ["upscaler"])
def test_a_build_in_halves_agrees(tmp_path: Path, graph: str) -> None:
    original = GRAPHS[graph](0)
    parity = compared(original, halved(original), tmp_path, some_inputs(original, 8))
    assert (parity.outcome, parity.arithmetic) == ("agree", "float16")
    assert 1e-5 < parity.output_error.mean < 0.01


@pytest.mark.parametrize(
    ("graph", "build"),
    [(graph, build) for graph in GRAPHS for build in BUILDS]
    if experiments(0)
    else [("residual", "renamed"), ("branches", "QDQ")],
)
def test_nobody_is_named_on_a_sound_build(tmp_path: Path, graph: str, build: str) -> None:
    original, sound = built(graph, build, tmp_path)
    parity = compared(original, sound, tmp_path, some_inputs(original, 8))
    assert parity.culprit is None
    assert parity.outcome in ({"agree"} if build == "renamed" else {"spread", "unproven"})
    assert parity.coverage.aligned == parity.coverage.of
    if build != "renamed":
        assert 0.001 < parity.output_error.mean < 0.1
        assert "to blame" not in parity.sentence
