"""Masks and outputs of segmentation: what is read, and what is refused in which words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.cli.main import main
from harness.errors import UserError
from harness.models.model_file import ModelFile
from harness.models.tensor_info import TensorInfo
from harness.tasks.segmentation.codec import make_codec
from harness.tasks.segmentation.options import MaskTensor
from tests.rig.strokes import StrokesExperiment


def model(shape: list, dtype: str = "float32", outputs: int = 1) -> ModelFile:
    given = TensorInfo(name="picture", dtype="float32", shape=[1, 3, 4, 6])
    made = [TensorInfo(name=f"y{place}", dtype=dtype, shape=shape) for place in range(outputs)]
    return ModelFile(Path("m.onnx"), "onnx", "0" * 64, 1, [given], made)


@pytest.mark.parametrize(("shape", "axis"), [([1, 3, 4, 6], 1), ([1, 4, 6, 3], 3)])
def test_scores_become_the_class_of_each_pixel(shape, axis):
    wanted = np.random.default_rng(0).integers(0, 3, (4, 6))
    scores = np.moveaxis(np.eye(3, dtype=np.float32)[wanted][None], 3, axis)
    codec = make_codec(model(shape), MaskTensor(), "pictures", 3)
    assert np.array_equal(codec.decode(scores), wanted)
    with pytest.raises(ValueError, match="not finite"):
        codec.decode(np.full(shape, np.nan, np.float32))


def test_numbers_of_classes_are_taken_as_they_are():
    wanted = np.random.default_rng(0).integers(0, 9, (4, 6))
    codec = make_codec(model([1, 4, 6], "int64"), MaskTensor(), "pictures", 9)
    assert np.array_equal(codec.decode(wanted[None]), wanted)
    with pytest.raises(ValueError, match="no numbers of classes"):
        make_codec(model([1, 4, 6]), MaskTensor(), "pictures", 9).decode(np.full((1, 4, 6), 0.5, np.float32))


@pytest.mark.parametrize(
    ("given", "tensor", "words"),
    [
        (model([1, 3, 4, 6], outputs=2), MaskTensor(), "puts out 2 tensors: 'y0'"),
        (model([1, 5, 4, 6]), MaskTensor(), "holds no scores of 3 classes, and no mask"),
        (model([1, 10]), MaskTensor(), "holds no scores of 3 classes"),
        (model([1, 3, 4, 6]), MaskTensor(output="z"), "has no output 'z'"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_in_words(given, tensor, words):
    with pytest.raises(UserError, match=words):
        make_codec(given, tensor, "pictures", 3)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda mask: Image.new("L", (9, 8)), "is 9×8, and its input d000.png is 8×8"),
        (lambda mask: Image.new("L", (8, 8), 7), "has the class 7, and data.classes names 3"),
        (lambda mask: Image.new("RGB", (8, 8)), "is a picture of colours, and a mask holds the numbers"),
        (lambda mask: None, "has no reference in"),
    ],
)
def test_masks_that_do_not_fit_are_refused_before_anything_runs(tmp_path, capsys, spoil, words):
    path = StrokesExperiment(tmp_path, items=2).write()
    mask = tmp_path / "masks" / "d000.png"
    other = spoil(mask)
    if other is None:
        mask.unlink()
    else:
        other.save(mask)
    assert main(["check", str(path)]) == 2
    assert words in " ".join(capsys.readouterr().err.split())


def test_init_writes_what_can_be_run(tmp_path, capsys):
    StrokesExperiment(tmp_path, items=3).write()
    out = tmp_path / "new.toml"
    command = ["init", "--task", "segmentation", "--baseline", str(tmp_path / "right.onnx")]
    command += ["--candidate", str(tmp_path / "off.onnx"), "--inputs", str(tmp_path / "given")]
    assert main([*command, "--references", str(tmp_path / "masks"), "--out", str(out)]) == 0
    assert "ignore = 255" in out.read_text()
    capsys.readouterr()
    assert main(["check", str(out)]) == 0
