"""TensorFlow Lite models on either side: wrong ones are refused in words, and none is called sound that is not."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.cli.main import main
from harness.models.flat_table import TfliteFormatError
from harness.models.tflite_file import read_tflite
from harness.parity.tflite_graph import TfliteGraph
from tests.harness.experiments import experiments
from tests.harness.parity.compared import saved
from tests.harness.parity.onnx_graphs import GRAPHS, upscaler
from tests.harness.parity.planted import built
from tests.harness.parity.tflite_build import converted
from tests.harness.parity.tflite_faults import TfliteSites

EXAMPLES = Path(__file__).parents[3] / "examples"


def with_last_weights(value: float) -> bytes:
    """The upscaler with one value in all weights of its last layer."""
    sites = TfliteSites(converted(upscaler(0)))
    last = sites.layers()[-1]
    for place in last.inputs[1:]:
        array = sites.array(place)
        assert array is not None
        sites.put(place, np.full_like(array, value))
    return sites.file()


@pytest.mark.parametrize(("value", "words"), [(np.nan, "are not finite"), (0.0, "one and the same value")])
@pytest.mark.parametrize("beside", ["itself", "a sound build"])
def test_an_original_without_a_signal_is_refused_also_beside_one_that_is_wrong_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: float, words: str, beside: str
) -> None:
    original = saved(with_last_weights(value), tmp_path, "a")
    other = original if beside == "itself" else saved(converted(upscaler(0)), tmp_path, "b")
    assert main(["parity", str(original), str(other), "--out", str(tmp_path / "out")]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", [np.nan, 0.0])
def test_a_build_that_puts_out_no_signal_is_never_called_sound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], value: float
) -> None:
    original = saved(upscaler(0), tmp_path, "a")
    build = saved(with_last_weights(value), tmp_path, "b")
    assert main(["parity", str(original), str(build), "--out", str(tmp_path / "out"), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["outcome"] in {"culprit", "unproven"}


def test_another_network_cannot_be_aligned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    original, build = saved(upscaler(0), tmp_path, "a"), saved(converted(upscaler(5)), tmp_path, "b")
    assert main(["parity", str(original), str(build), "--out", str(tmp_path / "out")]) == 2
    assert "the two models cannot be aligned" in capsys.readouterr().err


def test_another_shape_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    original, build = saved(upscaler(0), tmp_path, "a"), saved(converted(GRAPHS["perceptron"](0)), tmp_path, "b")
    assert main(["parity", str(original), str(build), "--out", str(tmp_path / "out")]) == 2
    assert "does not fit" in capsys.readouterr().err


def unfolding(count: int, *, deep: bool) -> bytes:
    """A file in which as many graphs are one graph (`deep`), and as many operators one operator, that reads a list as
    long.
    """
    from ai_edge_litert import schema_py_generated as schema
    from flatbuffers import Builder

    made = Builder(1 << 16)

    def listed(start: Any, places: list[int], *, of_tables: bool) -> int:
        start(made, len(places))
        for place in places:
            (made.PrependUOffsetTRelative if of_tables else made.PrependInt32)(place)
        return int(made.EndVector())

    reads = listed(schema.OperatorStartInputsVector, [0] * count, of_tables=False)
    schema.OperatorStart(made)
    schema.OperatorAddInputs(made, reads)
    operators = listed(schema.SubGraphStartOperatorsVector, [schema.OperatorEnd(made)] * count, of_tables=True)
    schema.TensorStart(made)
    tensors = listed(schema.SubGraphStartTensorsVector, [schema.TensorEnd(made)], of_tables=True)
    end = listed(schema.SubGraphStartInputsVector, [0], of_tables=False)
    schema.SubGraphStart(made)
    for add, place in (
        (schema.SubGraphAddTensors, tensors), (schema.SubGraphAddInputs, end), (schema.SubGraphAddOutputs, end),
        (schema.SubGraphAddOperators, operators),
    ):  # fmt: skip
        add(made, place)
    graph = schema.SubGraphEnd(made)
    graphs = listed(schema.ModelStartSubgraphsVector, [graph] * (count if deep else 1), of_tables=True)
    schema.ModelStart(made)
    schema.ModelAddSubgraphs(made, graphs)
    made.Finish(schema.ModelEnd(made), file_identifier=b"TFL3")
    return bytes(made.Output())


def test_graphs_that_are_one_graph_are_not_unfolded() -> None:
    content = unfolding(100, deep=True)
    read_tflite(content)
    with pytest.raises(ValueError, match="the same parts again and again"):
        TfliteGraph(content)


def test_operators_that_share_one_long_list_are_not_unfolded() -> None:
    with pytest.raises(TfliteFormatError, match="the same parts again and again"):
        read_tflite(unfolding(1000, deep=False))


@pytest.mark.parametrize("seed", range(experiments(6)))
def test_a_damaged_file_ends_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int) -> None:
    """Bytes of the graph are overwritten: what still can be read may be compared, and nothing ends in a traceback."""
    pair = built("upscaler", "tflite int8", tmp_path)
    rng = random.Random(seed)
    damaged = bytearray(pair.sound)
    for _ in range(8):
        damaged[rng.randrange(8, len(damaged))] = rng.choice([0, 255, rng.randrange(256)])
    original, build = saved(pair.original, tmp_path, "a"), saved(bytes(damaged), tmp_path, "b")
    assert main(["parity", str(original), str(build), "--out", str(tmp_path / "out")]) in {0, 1, 2}
    assert "Traceback" not in capsys.readouterr().err


def test_a_model_of_any_size_that_tensorflow_converted_agrees_with_its_original(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models, pictures = EXAMPLES / "models", EXAMPLES / "images" / "lr_x2"
    paths = [str(models / "sr_x2_fp32.onnx"), str(models / "sr_x2_fp32.tflite")]
    assert main(["parity", *paths, "--inputs", str(pictures), "--out", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["outcome"], document["arithmetic"]) == ("agree", "float32")
    assert document["coverage"]["aligned"] == document["coverage"]["of"]


def test_an_original_that_takes_levels_gives_a_build_of_floats_their_real_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models, pictures = EXAMPLES / "models", EXAMPLES / "images" / "lr_x2"
    paths = [str(models / "sr_x2_int8.tflite"), str(models / "sr_x2_fp32.tflite")]
    main(["parity", *paths, "--inputs", str(pictures), "--out", str(tmp_path / "out"), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert 0.001 < document["output_error"]["mean"] < 0.02
    assert not any("1 tensors" in note for note in document["notes"])


def test_its_int8_build_loses_a_little_in_every_layer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    models, pictures = EXAMPLES / "models", EXAMPLES / "images" / "lr_x2"
    paths = [str(models / "sr_x2_fp32.tflite"), str(models / "sr_x2_int8.tflite")]
    assert main(["parity", *paths, "--inputs", str(pictures), "--out", str(tmp_path / "out"), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["outcome"], document["arithmetic"]) == ("spread", "int8")
    assert 0.001 < document["output_error"]["mean"] < 0.02
    assert document["coverage"]["aligned"] == document["coverage"]["of"]
    page = (tmp_path / "out" / "parity.html").read_text()
    assert "CONV_2D" in page
    assert "XNNPACK" in page
