"""What models say of themselves, read without a runtime; every truncation is an error and never a guess."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from harness.errors import UserError
from harness.models.model_file import read_model
from harness.models.tflite_file import TfliteFormatError, read_tflite

MODELS = Path(__file__).parents[3] / "examples" / "models"
SHARED = Path(__file__).parents[4] / "shared" / "models"


@pytest.mark.parametrize("name", ["sr_x2_fp32.onnx", "sr_x2_int8.onnx"])
def test_an_onnx_model_names_its_tensors(name):
    model = read_model(MODELS / name)
    assert (model.format, model.bytes) == ("onnx", (MODELS / name).stat().st_size)
    assert [(each.name, each.dtype) for each in model.inputs] == [("lr", "float32")]
    assert model.inputs[0].shape[:2] == [1, 3]
    assert [each.name for each in model.outputs] == ["sr"]


def test_dynamic_dimensions_keep_their_names():
    path = SHARED / "subpixel_cnn_x3.onnx"
    if not path.exists():
        pytest.skip("shared/models is not beside the project: it holds the real sub-pixel CNN")
    assert read_model(path).inputs[0].shape == ["batch_size", 1, 224, 224]


@pytest.mark.parametrize("name", ["sr_x2_fp32.tflite", "sr_x2_int8.tflite"])
def test_a_tflite_model_says_what_its_own_runtime_says(name):
    interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="pip install ai-edge-litert to compare")
    model = read_model(MODELS / name)
    loaded = interpreter.Interpreter(model_path=str(MODELS / name))
    for ours, theirs in (
        (model.inputs, loaded.get_input_details()),
        (model.outputs, loaded.get_output_details()),
    ):
        assert [each.name for each in ours] == [each["name"] for each in theirs]
        assert [each.dtype for each in ours] == [np.dtype(each["dtype"]).name for each in theirs]
        assert [each.shape for each in ours] == [each["shape_signature"].tolist() for each in theirs]
        for our, their in zip(ours, theirs, strict=True):
            scale, zero_point = their["quantization"]
            assert (our.scale or 0.0, our.zero_point or 0) == (pytest.approx(scale), zero_point)


def test_a_quantised_model_tells_its_scale():
    given = read_model(MODELS / "sr_x2_int8.tflite").inputs[0]
    assert given.dtype in {"int8", "uint8"}
    assert given.scale is not None
    assert given.scale > 0


@pytest.mark.parametrize("name", ["sr_x2_int8.tflite", "sr_x2_fp32.onnx"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.9, 0.999])
def test_a_truncated_model_is_refused(tmp_path, name, share):
    content = (MODELS / name).read_bytes()
    cut = tmp_path / name
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(UserError, match=str(cut)):
        read_model(cut)


def test_every_cut_of_a_tflite_file_is_an_error_or_whole():
    content = (MODELS / "sr_x2_int8.tflite").read_bytes()
    whole = read_tflite(content)
    generator = np.random.default_rng(1)
    for length in generator.integers(0, len(content), 300):
        try:
            assert read_tflite(content[:length]) == whole  # only padding was cut
        except TfliteFormatError:
            continue


def test_what_is_no_model_is_refused(tmp_path):
    for name, content, words in (
        ("text.onnx", b"hello, I am not a model", "not an ONNX model"),
        ("text.tflite", b"hello, I am not a model", "does not begin as a .tflite file"),
        ("weights.pth", b"x", "neither .onnx nor .tflite"),
        ("empty.onnx", b"", "empty"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=words):
            read_model(tmp_path / name)
    with pytest.raises(UserError, match="no such model file"):
        read_model(tmp_path / "gone.onnx")


def test_weights_in_a_second_file_are_refused_with_the_way_out(tmp_path):
    weight = onnx.numpy_helper.from_array(np.zeros((64, 64), np.float32), "w")
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        "g",
        [onnx.helper.make_tensor_value_info("x", 1, [1, 64])],
        [onnx.helper.make_tensor_value_info("y", 1, [1, 64])],
        [weight],
    )
    path = tmp_path / "split.onnx"
    onnx.save(onnx.helper.make_model(graph), path, save_as_external_data=True, size_threshold=0, location="w.bin")
    with pytest.raises(UserError, match="save it as one"):
        read_model(path)


@pytest.mark.parametrize("name", ["sr_x2_int8.tflite", "sr_x2_fp32.onnx"])
def test_damage_anywhere_is_an_error_in_words_or_no_error(tmp_path, name):
    """Bytes changed at random: never another exception than the one that is shown in a line."""
    whole = np.frombuffer((MODELS / name).read_bytes(), np.uint8)
    generator = np.random.default_rng(5)
    for attempt in range(150):
        damaged = whole.copy()
        first = 0 if attempt % 2 else max(0, len(whole) - 3000)
        damaged[generator.integers(first, first + 3000, 4)] = generator.integers(0, 256, 4)
        (tmp_path / name).write_bytes(damaged.tobytes())
        try:
            read_model(tmp_path / name)
        except UserError:
            continue


def test_an_element_type_that_nobody_knows_is_said(tmp_path):
    model = onnx.load(MODELS / "sr_x2_fp32.onnx")
    model.graph.output[0].type.tensor_type.elem_type = 94
    onnx.save(model, tmp_path / "odd.onnx")
    with pytest.raises(UserError, match="unknown type 94"):
        read_model(tmp_path / "odd.onnx")
