"""Labels, masks and outputs of anomaly detection: what is found, and what is refused in which words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.cli.main import main
from harness.errors import UserError
from harness.models.model_file import ModelFile
from harness.models.tensor_info import TensorInfo
from harness.tasks.anomaly_detection.anomaly_looks import AnomalyLooks, order_in_words
from harness.tasks.anomaly_detection.codec import make_codec
from harness.tasks.anomaly_detection.dataset import find_items
from harness.tasks.anomaly_detection.options import AnomalyTensor, Data
from metrics.anomaly.anomaly import AnomalyReference
from tests.rig.defects import DefectsExperiment

SCORE = TensorInfo(name="score", dtype="float32", shape=[1, 1])
MAP = TensorInfo(name="map", dtype="float32", shape=[1, 1, 8, 8])


def model(*outputs: TensorInfo) -> ModelFile:
    given = TensorInfo(name="picture", dtype="float32", shape=[1, 3, 8, 8])
    return ModelFile(Path("m.onnx"), "onnx", "0" * 64, 1, [given], list(outputs))


def pictures(folder: Path, *names: str, size: tuple[int, int] = (8, 8), level: int = 9) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", size, (level, level, level)).save(path)


def found(folder: Path, **more: object) -> list:
    return find_items(Data(task="anomaly_detection", inputs="in", **more), lambda path: folder / path)


def test_normal_and_anomalous_come_from_folders_and_masks_by_name(tmp_path):
    pictures(tmp_path / "in", "good/a.png", "cut/a.png", "cut/b.png")
    pictures(tmp_path / "masks", "cut/a_mask.png", "cut/b.png")
    items = found(tmp_path, masks="masks")
    assert [(item.stem, item.label) for item in items] == [
        ("cut/a", "anomalous"), ("cut/b", "anomalous"), ("good/a", "normal"),
    ]  # fmt: skip
    assert items[0].reference_path.name == "a_mask.png"
    assert items[2].reference_path == items[2].input_path


def test_what_is_wrong_with_labels_and_masks_is_said(tmp_path):
    pictures(tmp_path / "in", "fine/a.png", "cut/a.png")
    with pytest.raises(UserError, match=r"none of the labels \(cut, fine\) is that of normal items"):
        found(tmp_path)
    (tmp_path / "masks").mkdir()
    with pytest.raises(UserError, match="has no mask of cut/a, which is anomalous"):
        found(tmp_path, normal=["fine"], masks="masks")
    pictures(tmp_path / "masks", "cut/a.png", size=(9, 8))
    with pytest.raises(UserError, match=r"a\.png: is 9×8, and its input a\.png is 8×8"):
        found(tmp_path, normal=["fine"], masks="masks")
    with pytest.raises(UserError, match="the folder of masks does not exist"):
        found(tmp_path, normal=["fine"], masks="nowhere")


@pytest.mark.parametrize(
    ("given", "tensor", "words"),
    [
        (model(SCORE, MAP), AnomalyTensor(), r"puts out 2 tensors: 'score' \(1×1\), 'map'"),
        (model(MAP), AnomalyTensor(score="map"), "is not one number"),
        (model(MAP), AnomalyTensor(map="x"), "has no output 'x'"),
        (model(TensorInfo(name="y", dtype="bool", shape=[1, 1])), AnomalyTensor(), "holds bool"),
    ],
)
def test_a_model_that_does_not_fit_is_refused_in_words(given, tensor, words):
    with pytest.raises(UserError, match=words):
        make_codec(given, tensor, "pictures")


def test_scores_and_maps_are_read_and_a_map_alone_has_its_largest_value():
    grid = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8)
    both = make_codec(model(SCORE, MAP), AnomalyTensor(score="score", map="map"), "pictures")
    read = both.decode([np.array([[3.0]], np.float32), grid])
    assert read.score == 3.0
    assert read.map.shape == (8, 8)
    alone = make_codec(model(MAP), AnomalyTensor(), "pictures").decode([grid])
    assert alone.score == 63.0
    with pytest.raises(ValueError, match="not finite"):
        make_codec(model(SCORE), AnomalyTensor(), "pictures").decode([np.array([[np.nan]], np.float32)])


def test_an_order_upside_down_and_none_at_all_are_told_and_a_good_one_is_not():
    draw = np.random.default_rng(0)
    labels = [place % 2 == 1 for place in range(60)]
    good = [(float(draw.normal() + 2.0 * one), one) for one in labels]
    none = [(float(draw.normal()), one) for one in labels]
    assert order_in_words(good) is None
    assert "normality" in (order_in_words([(-score, one) for score, one in good]) or "")
    assert "no better than chance" in (order_in_words(none) or "")
    assert order_in_words(none[:6]) is None


def test_both_arms_upside_down_are_doubted_alike():
    looks = AnomalyLooks(["here"], ["one", "two"])
    codec = make_codec(model(SCORE), AnomalyTensor(), "pictures")
    for place in range(20):
        looks.item(f"i{place}", place, 20, Path("x"), None, AnomalyReference(place % 2 == 1))
        for arm in ("one", "two"):
            value = np.array([[-float(place % 2) + 0.01 * place]], np.float32)
            looks.output(["here"], arm, codec, [value])
    (text,) = looks.seen().doubts["here"].pairs
    assert "has higher scores for normal items than for anomalous ones" in text


def test_one_class_only_is_said_before_the_run_and_the_rest_can_be_run(tmp_path, capsys):
    experiment = DefectsExperiment(tmp_path, items=10, defects=False, more_data="")
    assert main(["check", str(experiment.write())]) == 0
    assert "all items are of one class: AUROC and F1 have no value" in capsys.readouterr().out


def test_init_sees_that_it_is_anomaly_detection(tmp_path, capsys):
    DefectsExperiment(tmp_path, items=10).write()
    out = tmp_path / "new.toml"
    command = ["init", "--baseline", str(tmp_path / "good.onnx"), "--candidate", str(tmp_path / "worse.onnx")]
    assert main([*command, "--inputs", str(tmp_path / "given"), "--out", str(out)]) == 0
    assert "taken for the task anomaly_detection" in capsys.readouterr().out
    assert main(["check", str(out)]) == 0
