"""Pictures to tensors and back."""

from pathlib import Path

import numpy as np
import pytest

from harness.errors import UserError
from harness.models.model_file import ModelFile
from harness.models.tensor_info import TensorInfo
from harness.tasks.image_to_image.codec import check_item, make_codec
from harness.tasks.image_to_image.dataset import Item
from harness.tasks.image_to_image.options import Tensor
from harness.tasks.picture_tensor import TensorQuestionError, luma_of

RNG = np.random.default_rng(3)
IMAGE = RNG.integers(0, 256, (6, 8, 3), dtype=np.uint8)


def model(shape, dtype="float32", scale=None, zero_point=None, inputs=1, output_shape=None):
    info = TensorInfo(name="x", dtype=dtype, shape=shape, scale=scale, zero_point=zero_point)
    made = info.model_copy(update={"shape": output_shape or shape})
    return ModelFile(Path("m.onnx"), "onnx", "0" * 64, 1, [info] * inputs, [made])


@pytest.mark.parametrize("shape", [[1, 3, None, None], [1, 3, 6, 8], [1, 6, 8, 3], ["n", "h", "w", 3], [-1, -1, -1, 3]])
@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0)])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_float_picture_survives_the_way_there_and_back(shape, bounds, dtype):
    codec = make_codec(model(shape, dtype), Tensor(range=bounds))
    tensor = codec.encode(IMAGE)
    assert tensor.dtype == dtype
    assert list(tensor.shape) == codec.input_shape((6, 8))
    assert tensor.min() >= bounds[0]
    assert tensor.max() <= bounds[1]
    assert np.array_equal(codec.decode(tensor, IMAGE), IMAGE)


@pytest.mark.parametrize(("dtype", "zero_point"), [("int8", -128), ("uint8", 0)])
def test_integers_go_through_the_model_s_own_quantisation(dtype, zero_point):
    codec = make_codec(model([1, 6, 8, 3], dtype, 1 / 255, zero_point), Tensor())
    tensor = codec.encode(IMAGE)
    assert tensor.dtype == dtype
    assert np.array_equal(tensor[0].astype(int) - zero_point, IMAGE.astype(int))
    assert np.array_equal(codec.decode(tensor, IMAGE), IMAGE)


def test_integers_without_quantisation_hold_the_levels_themselves():
    codec = make_codec(model([1, 3, None, None], "uint8"), Tensor())
    assert np.array_equal(codec.encode(IMAGE)[0].transpose(1, 2, 0), IMAGE)
    assert np.array_equal(codec.decode(codec.encode(IMAGE), IMAGE), IMAGE)


@pytest.mark.parametrize("color", ["y", "y_full"])
def test_a_luma_model_that_does_nothing_gives_the_picture_back(color):
    codec = make_codec(model([1, 1, None, None]), Tensor(color=color))
    tensor = codec.encode(IMAGE)
    assert tensor.shape == (1, 1, 6, 8)
    assert np.abs(codec.decode(tensor, IMAGE).astype(int) - IMAGE).max() <= 1


def test_luma_is_matlab_s_in_studio_range():
    # MATLAB's rgb2ycbcr: white is 235, black is 16, pure green is 16 + 128.553.
    corners = np.array([[[255, 255, 255], [0, 0, 0], [0, 255, 0]]], np.uint8)
    assert luma_of(corners, "studio")[0] == pytest.approx([235.0, 16.0, 144.553], abs=1e-9)
    assert luma_of(corners, "full")[0] == pytest.approx([255.0, 0.0, 149.685], abs=1e-9)


def test_grey_upscaled_by_a_luma_model_stays_grey():
    grey = np.repeat(IMAGE[..., :1], 3, axis=2)
    codec = make_codec(model([1, 1, None, None]), Tensor(color="y"))
    doubled = np.repeat(np.repeat(codec.encode(grey), 2, axis=2), 2, axis=3)
    result = codec.decode(doubled, grey).astype(int)
    assert np.ptp(result, axis=2).max() == 0


def test_values_outside_the_range_are_clipped_and_nan_is_refused():
    codec = make_codec(model([1, 3, 1, 2]), Tensor())
    tensor = np.array([2.0, -1.0] * 3, np.float32).reshape(1, 3, 1, 2)
    assert codec.decode(tensor, IMAGE).tolist() == [[[255] * 3, [0] * 3]]
    tensor[0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="1 values that are not finite"):
        codec.decode(tensor, IMAGE)


@pytest.mark.parametrize(
    ("given", "tensor", "words"),
    [
        (model([1, 3, 8]), Tensor(), "four dimensions"),
        (model([1, 3, 8, 3]), Tensor(), "cannot be told"),
        (model([1, None, None, None]), Tensor(), "neither its second size nor its last is 1 or 3"),
        (model([1, None, None, None]), Tensor(layout="NCHW"), r"1×\?×\?×\? as NCHW\) has \? channels"),
        (model([1, 5, None, None]), Tensor(), r"1×5×\?×\?: neither"),
        (model([1, 4, 8, 8]), Tensor(layout="NCHW"), "has 4 channels"),
        (model([8, 3, 8, 8]), Tensor(), "batches of 8"),
        (model([1, 3, 8, 8], "int64"), Tensor(), "holds int64"),
        (model([1, 3, 8, 8], inputs=2), Tensor(), "takes 2 inputs"),
        (model([1, 3, 8, 8]), Tensor(color="y"), "takes 3 channel"),
        (model([1, 3, 8, 8]), Tensor(range=(1.0, 0.0)), "from black to white"),
        (model([1, 3, 8, 8], output_shape=[1, 1, 8, 8]), Tensor(), "3 channel.* its output 'x' has 1"),
        (model([1, 1, 8, 8], output_shape=[1, 16, 16, 3]), Tensor(), "1 channel.* its output 'x' has 3"),
        # Levels 0…255 as they are, in a tensor that says so: 0…1 would be two of them.
        (model([1, 8, 8, 3], "uint8", 1.0, 0), Tensor(), "holds 0 to 255 in steps of 1"),
        (model([1, 8, 8, 3], "int8", 1 / 255, -128), Tensor(range=(0.0, 255.0)), "0 and 255 do not fit"),
    ],
)
def test_what_no_picture_fits_is_refused_in_words(given, tensor, words):
    with pytest.raises(UserError, match=words):
        make_codec(given, tensor)


def test_a_picture_of_the_wrong_size_for_a_fixed_model_is_named():
    codec = make_codec(model([1, 224, 320, 3]), Tensor())
    item = Item("a", "a", Path("lr/a.png"), Path("hr/a.png"), (224, 300), (448, 600))
    with pytest.raises(UserError, match=r"lr/a\.png: is 300×224, and m\.onnx takes only 320×224"):
        check_item(model([1, 224, 320, 3]), codec, item)
    check_item(model([1, -1, None, 3]), make_codec(model([1, -1, None, 3]), Tensor()), item)


def test_a_reference_of_another_size_than_a_fixed_model_makes_is_named_before_anything_runs():
    given = model([1, 1, 224, 224], output_shape=[1, 1, 672, 672])
    item = Item("a", "a", Path("lr/a.png"), Path("hr/a.png"), (224, 224), (448, 448))
    with pytest.raises(UserError, match=r"m\.onnx: puts out 672×672, and the reference hr/a\.png is 448×448"):
        check_item(given, make_codec(given, Tensor()), item)


def test_input_and_output_may_have_different_layouts():
    given = model([1, 3, 6, 8], output_shape=[1, 6, 8, 3])
    codec = make_codec(given, Tensor())
    tensor = codec.encode(IMAGE)
    assert np.array_equal(codec.decode(tensor.transpose(0, 2, 3, 1), IMAGE), IMAGE)


def quantised(dtype, scale, zero_point, name="x", shape=(1, 6, 8, 3)):
    return TensorInfo(name=name, dtype=dtype, shape=list(shape), scale=scale, zero_point=zero_point)


def tflite(given, result):
    return ModelFile(Path("m.tflite"), "tflite", "0" * 64, 1, [given], [result])


def test_int16_goes_through_its_scale_as_int8_does():
    codec = make_codec(tflite(quantised("int16", 1 / 32767, 0), quantised("int16", 1 / 32767, 0)), Tensor())
    tensor = codec.encode(IMAGE)
    assert tensor.dtype == np.int16
    assert np.array_equal(tensor[0], np.rint(IMAGE / 255 * 32767).astype(np.int16))
    assert np.array_equal(codec.decode(tensor, IMAGE), IMAGE)
    with pytest.raises(UserError, match="without a scale"):
        make_codec(tflite(quantised("int16", None, None), quantised("int16", None, None)), Tensor())


def test_each_tensor_has_a_range_of_its_own_and_no_remedy_leads_back():
    """0 to 1 in and 0 to 255 out, by the scales: every remedy asks of one tensor alone, and following them ends."""
    given = tflite(quantised("int8", 1 / 255, -128), quantised("int8", 1.0, -128, "out"))
    with pytest.raises(TensorQuestionError, match="tensor 'out' holds 0 to 255") as caught:
        make_codec(given, Tensor())
    assert caught.value.key == "output_range"
    assert "output_range = [0, 255]" in caught.value.remedy
    codec = make_codec(given, Tensor(output_range=(0.0, 255.0)))
    with pytest.raises(TensorQuestionError, match="tensor 'x' holds 0 to 1") as caught:
        make_codec(given, Tensor(range=(0.0, 255.0)))
    assert caught.value.key == "input_range"
    make_codec(given, Tensor(range=(0.0, 255.0), input_range=(0.0, 1.0)))
    assert np.array_equal(codec.encode(IMAGE)[0].astype(int) + 128, IMAGE.astype(int))
    assert np.array_equal(codec.decode(IMAGE[None].astype(int) - 128, IMAGE), IMAGE)


def test_a_single_pixel_stands_for_any_size():
    one, four = (
        quantised("float32", None, None, shape=(1, 1, 1, 3)),
        quantised("float32", None, None, "out", (1, 2, 2, 3)),
    )
    codec = make_codec(tflite(one, four), Tensor())
    assert (codec.input_layout, codec.takes_any_size) == ("NHWC", True)
    check_item(tflite(one, four), codec, Item("a", "a", Path("lr/a.png"), Path("hr/a.png"), (6, 8), (12, 16)))


def test_blue_first_in_and_out():
    codec = make_codec(model([1, 3, 6, 8]), Tensor(color="bgr"))
    tensor = codec.encode(IMAGE)
    assert np.allclose(tensor[0, 0] * 255, IMAGE[..., 2], atol=1e-4)
    assert np.array_equal(codec.decode(tensor, IMAGE), IMAGE)


def test_normalised_channels_survive_the_way_there_and_back():
    usual = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}
    codec = make_codec(model([1, 3, 6, 8]), Tensor(**usual, output_mean=usual["mean"], output_std=usual["std"]))
    tensor = codec.encode(IMAGE)
    assert np.allclose(tensor[0, 1], (IMAGE[..., 1] / 255 - 0.456) / 0.224, atol=1e-5)
    assert np.array_equal(codec.decode(tensor, IMAGE), IMAGE)
    with pytest.raises(UserError, match="above 0"):
        make_codec(model([1, 3, 6, 8]), Tensor(std=(0.0, 1.0, 1.0)))
