"""The example models are what their card says: small, better than bicubic, and int8 loses what is written down."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from harness.models.model_file import read_model
from harness.tasks.image_file import read_image
from harness.tasks.image_to_image.codec import make_codec
from harness.tasks.image_to_image.dataset import read_items
from harness.tasks.image_to_image.options import Tensor
from metrics.image.bicubic import imresize
from metrics.metric import MetricSettings
from metrics.registry import METRICS

EXAMPLES = Path(__file__).parents[2] / "examples"
MODELS = sorted((EXAMPLES / "models").iterdir())
SET5 = Path(__file__).parents[3] / "shared" / "images" / "set5"
CARD = (EXAMPLES / "MODEL_CARD.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.name)
def test_a_model_is_small_and_its_hash_is_on_the_card(path):
    assert path.stat().st_size <= 300_000
    assert hashlib.sha256(path.read_bytes()).hexdigest() in CARD


def test_no_demo_image_comes_from_a_photograph_that_was_trained_on():
    scenes = {item.scene for item in read_items(EXAMPLES / "images/lr_x2", EXAMPLES / "images/hr", 2, "__", None)}
    assert len(scenes) >= 4
    trained = re.search(r"(?im)^.*train.*photograph.*$", CARD)
    assert trained is not None
    assert all(scene in CARD for scene in scenes)


@pytest.fixture(scope="module")
def psnr_y():
    """Model file (None: bicubic) → mean PSNR-Y on Set5 ×2, in dB."""
    if not SET5.is_dir():
        pytest.skip("Set5 is not beside the project (shared/images/set5): it holds the pictures the card's table is of")
    import onnxruntime

    metric = METRICS["psnr_y"](MetricSettings(scale=2))
    items = read_items(SET5 / "lr_x2", SET5 / "hr", 2, None, None)

    def mean(name: str | None) -> float:
        scores = []
        session = name and onnxruntime.InferenceSession(EXAMPLES / "models" / name, providers=["CPUExecutionProvider"])
        codec = name and make_codec(read_model(EXAMPLES / "models" / name), Tensor())
        for item in items:
            image, reference = read_image(item.input_path), read_image(item.reference_path)
            if session:
                output = codec.decode(session.run(None, {"lr": codec.encode(image)})[0], image)
            else:
                output = imresize(image, 2)
            scores.append(metric.prepare(reference).score(output))
        return float(np.mean(scores))

    return mean


def test_fp32_beats_bicubic_on_set5_by_at_least_one_decibel(psnr_y):
    assert psnr_y("sr_x2_fp32.onnx") - psnr_y(None) >= 1.0


@pytest.mark.parametrize("name", ["sr_x2_fp32.onnx", "sr_x2_int8.onnx"])
def test_the_card_s_table_is_true(psnr_y, name):
    row = next(line for line in CARD.splitlines() if "mean" in line and line.count("|") >= 6)
    numbers = [float(number) for number in re.findall(r"\d+\.\d+", row)]
    assert any(abs(psnr_y(name) - number) < 0.005 for number in numbers), (psnr_y(name), numbers)
