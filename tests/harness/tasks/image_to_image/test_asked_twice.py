"""What an experiment says of a tensor that already says it is refused, and not ignored."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.errors import UserError
from harness.models.model_file import ModelFile
from harness.models.tensor_info import TensorInfo
from harness.tasks.image_to_image.codec import make_codec
from harness.tasks.image_to_image.options import Tensor


def model(dtype="float32", **quantisation):
    tensors = [TensorInfo(name=name, dtype=dtype, shape=[1, 3, 16, 16], **quantisation) for name in ("x", "y")]
    return ModelFile(
        path=Path("m.onnx"), sha256="0" * 64, bytes=1, format="onnx", inputs=tensors[:1], outputs=tensors[1:]
    )


IMAGENET = {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225)}


@pytest.mark.parametrize(
    ("dtype", "said", "refusal"),
    [
        ("uint8", {"input_range": (0.0, 1.0)}, "holds a picture's levels as they are, [0, 255]; the experiment says"),
        ("uint8", {"range": (-1.0, 1.0)}, "range = [-1, 1]"),
        ("int8", {"output_range": (0.0, 255.0)}, "levels as they are, [-128, 127]"),
        ("uint8", IMAGENET, "the experiment also gives mean or std"),
        ("uint8", {"output_mean": (0.5,) * 3}, "the experiment also gives output_mean or output_std"),
        ("float32", {"mean": (123.7, 116.3, 103.5)}, "mean = [123.7, 116.3, 103.5] lies outside [0, 1]"),
        ("float32", {"range": (0.0, 255.0), **IMAGENET}, "std = [0.229, 0.224, 0.225] would make 1,138"),
        (
            "float32",
            {"range": (0.0, 255.0), "input_range": (0.0, 1.0), "output_range": (-1.0, 1.0)},
            "range = [0, 255] is of neither tensor",
        ),
    ],
)
def test_what_contradicts_a_tensor_is_refused_in_words(dtype, said, refusal):
    with pytest.raises(UserError) as refused:
        make_codec(model(dtype), Tensor(**said))
    assert refusal in str(refused.value)


@pytest.mark.parametrize(
    ("dtype", "said"),
    [
        ("uint8", {}),
        ("uint8", {"range": (0.0, 1.0)}),  # what a float arm of the same experiment has
        ("uint8", {"input_range": (0.0, 255.0)}),
        ("int8", {"output_range": (-128.0, 127.0)}),
        ("float32", IMAGENET),
        ("float32", {"range": (0.0, 255.0), "mean": (123.7, 116.3, 103.5), "std": (58.4, 57.1, 57.4)}),
        ("float32", {"range": (0.0, 1.0), "output_range": (-1.0, 1.0)}),
    ],
)
def test_what_agrees_is_taken(dtype, said):
    make_codec(model(dtype), Tensor(**said))


def test_a_luma_model_may_be_normalised_by_one_value():
    luma = model()
    tensors = [each.model_copy(update={"shape": [1, 1, 16, 16]}) for each in (*luma.inputs, *luma.outputs)]
    luma = replace(luma, inputs=tensors[:1], outputs=tensors[1:])
    said = {"color": "y_full", "mean": (0.5,), "std": (0.5,), "output_mean": (0.5,), "output_std": (0.5,)}
    codec = make_codec(luma, Tensor(**said))
    grey = np.repeat(np.arange(256, dtype=np.uint8).reshape(16, 16, 1), 3, axis=2)
    tensor = codec.encode(grey)
    assert (tensor.min(), tensor.max()) == (-1.0, 1.0)
    assert np.array_equal(codec.decode(tensor, grey), grey)
    with pytest.raises(UserError, match=r"takes 1 channel\(s\), and the experiment gives mean and std for 3"):
        make_codec(luma, Tensor(**IMAGENET))


def test_a_tensor_of_16_bits_holds_pictures_through_its_own_scale():
    codec = make_codec(model("uint16", scale=1 / 65535, zero_point=0), Tensor())
    picture = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    tensor = codec.encode(picture)
    assert tensor.dtype == np.uint16
    assert tensor.max() > 60_000
    assert np.array_equal(codec.decode(tensor, picture), picture)
