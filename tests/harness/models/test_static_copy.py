"""A copy with fixed sizes computes what the model computes, bit for bit, and its file says the sizes."""

import struct
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from devices.cache import CACHE_VARIABLE
from harness.errors import UserError
from harness.models.flat_table import FlatTable, uint32
from harness.models.model_file import read_model
from harness.models.static_copy import sizes_in_words, static_copy
from harness.models.tflite_static import with_static_shapes
from harness.parity.engine import engine
from tests.rig.tiny_experiment import write_upscaler

MODELS = Path(__file__).parents[3] / "examples" / "models"
SIZES = {"sr_x2_fp32.onnx": [1, 3, 20, 36], "sr_x2_int8.onnx": [1, 3, 20, 36]} | {
    name: [1, 20, 36, 3] for name in ("sr_x2_fp32.tflite", "sr_x2_int8.tflite")
}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


def all_shapes(content):
    """Shape and signature of every tensor of a .tflite file."""
    graph = FlatTable(content, uint32(content, 0)).tables(2)[0]
    return [(tensor.numbers(0, "i"), tensor.numbers(7, "i")) for tensor in graph.tables(0)]


@pytest.mark.parametrize("name", SIZES)
def test_the_copy_puts_out_the_same_bits(name):
    if name.endswith(".tflite"):
        pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert to run .tflite models")
    model = read_model(MODELS / name)
    made = static_copy(model, {"lr": SIZES[name]})
    assert made.model.inputs[0].shape == SIZES[name]
    sides = [2 * side if side > 3 else side for side in SIZES[name]]
    assert made.model.outputs[0].shape == sides
    assert made.model.sha256 != model.sha256
    source = np.random.default_rng(3)
    dtype = model.inputs[0].dtype
    given = (
        source.random(SIZES[name], np.float32)
        if dtype == "float32"
        else source.integers(-128, 128, SIZES[name]).astype(dtype)
    )
    with engine() as running:
        results = [
            next(iter(opened.run({opened.inputs[0]: given}).values()))
            for path in (model.path, made.model.path)
            for opened in [running.open(path, optimise="all")]
        ]
    assert results[0].shape == tuple(sides)
    assert np.array_equal(*results)
    assert np.ptp(results[0].astype(float)) > 0


def test_the_same_model_and_sizes_are_the_same_file_and_others_another():
    model = read_model(MODELS / "sr_x2_fp32.onnx")
    one = static_copy(model, {"lr": [1, 3, 8, 8]}).model
    assert static_copy(model, {"lr": [1, 3, 8, 8]}).model == one
    assert static_copy(model, {"lr": [1, 3, 8, 9]}).model.sha256 != one.sha256
    one.path.write_bytes(b"somebody else's")
    assert read_model(static_copy(model, {"lr": [1, 3, 8, 8]}).model.path).sha256 == one.sha256


def test_every_tensor_within_a_tflite_file_has_its_size_and_nothing_else_changes(tmp_path):
    pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert to run .tflite models")
    path = MODELS / "sr_x2_int8.tflite"
    before, after = path.read_bytes(), with_static_shapes(path, {"lr": [1, 12, 16, 3]})
    assert any(-1 in signature for _shape, signature in all_shapes(before))
    for shape, signature in all_shapes(after):
        assert signature in ([], shape)
        assert all(side > 0 for side in shape)
    assert len(after) == len(before)  # written into the file's own lists
    changed = [place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    assert len(changed) < 400
    # A copy of the copy, with another size, is the copy of the model with that size.
    again = tmp_path / "again.tflite"
    again.write_bytes(after)
    assert with_static_shapes(again, {"lr": [1, 8, 8, 3]}) == with_static_shapes(path, {"lr": [1, 8, 8, 3]})


def test_a_list_of_sizes_that_two_tensors_share_becomes_one_for_each(tmp_path):
    """As a writer that stores equal lists once would have it: input and output of a ×2 upscaler then share theirs."""
    pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert to run .tflite models")
    content = bytearray((MODELS / "sr_x2_fp32.tflite").read_bytes())
    graph = FlatTable(bytes(content), uint32(content, 0)).tables(2)[0]
    tensors = graph.tables(0)
    ends = [tensors[int(graph.numbers(which, "i")[0])] for which in (1, 2)]
    first = ends[0].vector(7)[0] - 4
    place = ends[1].field(7)
    assert place is not None
    if first < place:  # an offset reaches forward only: the other way round then
        first, place = ends[1].vector(7)[0] - 4, ends[0].field(7)
    struct.pack_into("<I", content, place, first - place)
    shared = tmp_path / "shared.tflite"
    shared.write_bytes(content)
    assert ends[0].numbers(7, "i") == ends[1].numbers(7, "i")
    made = static_copy(read_model(shared), {"lr": [1, 10, 12, 3]}).model
    assert (made.inputs[0].shape, made.outputs[0].shape) == ([1, 10, 12, 3], [1, 20, 24, 3])
    assert made.bytes > len(content)


@pytest.mark.parametrize(
    ("shapes", "reason"),
    [
        ({"lr": [1, 3, 8]}, "no input 'lr' with 3 dimensions"),
        ({"other": [1, 3, 8, 8]}, "no input 'other'"),
        ({"lr": [1, 4, 8, 8]}, "a side of 3, and 4 was asked for"),
    ],
)
def test_sizes_that_a_model_cannot_have_are_refused(shapes, reason):
    with pytest.raises(UserError, match=reason):
        static_copy(read_model(MODELS / "sr_x2_fp32.onnx"), shapes)


def test_sizes_that_contradict_the_graph_are_refused(tmp_path):
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "y"], ["z"])],
        "add",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"]),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, ["m"]),
        ],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["k"])],
    )
    path = tmp_path / "add.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    with pytest.raises(UserError, match="no copy with fixed sizes can be made"):
        static_copy(read_model(path), {"x": [3], "y": [4]})
    assert static_copy(read_model(path), {"x": [3], "y": [3]}).model.outputs[0].shape == [3]


def test_a_tflite_model_whose_interpreter_fails_is_refused_with_its_word():
    pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert to run .tflite models")
    with pytest.raises(UserError, match="it has no input 'other'"):
        static_copy(read_model(MODELS / "sr_x2_fp32.tflite"), {"other": [1, 8, 8, 3]})
    with pytest.raises(UserError, match="it cannot have the sizes"):
        static_copy(read_model(MODELS / "sr_x2_fp32.tflite"), {"lr": [1, 8, 8, 4]})


def test_the_copy_of_a_model_that_somebody_made_of_few_weights(tmp_path):
    made = static_copy(read_model(write_upscaler(tmp_path / "u.onnx")), {"lr": [1, 3, 6, 4]}).model
    assert made.outputs[0].shape == [1, 3, 12, 8]


def test_sizes_read_as_people_write_them():
    assert sizes_in_words({"x": [1, 3, 8, 8]}) == "1×3×8×8"
    assert sizes_in_words({"x": [1, 2], "y": []}) == "x 1×2, y one number"
