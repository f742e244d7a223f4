"""Whole runs of the task `anomaly_detection`: detectors that were made here, on this machine and on a phone."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import f1_score, roc_auc_score

from harness.cli.main import main
from tests.rig.command import bakeoff
from tests.rig.defects import DefectsExperiment
from tests.rig.run_on_a_phone import device_folders, over_adb, runners
from tests.rig.run_watch import assert_whole, comparison

ITEMS = 40


@pytest.fixture(scope="module")
def defects(tmp_path_factory, workdir):
    """A finished run on this machine: the experiment and the run folder."""
    home = tmp_path_factory.mktemp("defects")
    experiment = DefectsExperiment(home / "experiment", items=ITEMS)
    done = bakeoff("run", experiment.write(), "--out", home / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    return experiment, home / "run"


def assert_scored_rightly(folder, device):
    """Against the outputs themselves."""
    manifest = json.loads((folder / "run.json").read_text())
    labels = np.array([item["label"] == "anomalous" for item in manifest["items"]])
    scores = {
        arm: np.array(
            [np.load(folder / "devices" / device / "outputs" / arm / f"{item['id']}.0.npy").max()
             for item in manifest["items"]]
        )
        for arm in ("a0", "a1")
    }  # fmt: skip
    found = {each.quantity: each for each in comparison(folder).devices[0].contrasts}
    for arm, value in (("a0", found["auroc"].baseline_value), ("a1", found["auroc"].candidate_value)):
        assert value.value == pytest.approx(100.0 * roc_auc_score(labels, scores[arm]))
    assert found["auroc"].effect.interval.method == "DeLong's interval of two areas under ROC curves"
    best = max(scores["a0"], key=lambda one: f1_score(labels, scores["a0"] >= one))
    below = scores["a0"][scores["a0"] < best].max()
    expected = f1_score(labels, scores["a1"] >= (best + below) / 2.0)
    assert found["f1_at_baseline"].candidate_value.value == pytest.approx(100.0 * expected)
    assert "which is the baseline's best" in found["f1_at_baseline"].candidate_value.source
    assert 0.0 < found["aupro"].candidate_value.value < found["aupro"].baseline_value.value + 20.0


def test_a_run_on_defects_is_scored(defects):
    _, folder = defects
    assert_whole(folder, ITEMS, 3)
    assert_scored_rightly(folder, "0-local")


def test_maps_are_shown_over_the_pictures_beside_the_masks(defects):
    _, folder = defects
    result = comparison(folder)
    device = result.devices[0]
    assert len(result.reference_views) == len(device.views) == ITEMS
    manifest = json.loads((folder / "run.json").read_text())
    (first, *_) = manifest["items"]
    made = np.load(folder / "devices" / "0-local" / "outputs" / "a0" / f"{first['id']}.0.npy").squeeze()
    view = next(one for one in device.views if one.item == first["stem"])
    baseline = result.arms[0].name
    shown = np.array(Image.open(folder / view.whole[baseline])).astype(float)
    times = shown.shape[0] // made.shape[0]
    small = shown[times // 2 :: times, times // 2 :: times]
    assert small.shape == (*made.shape, 3)
    # Lighter is more, above what the picture itself has.
    given = np.array(Image.open(first["input_path"]).convert("L")).astype(float)
    light = small.mean(axis=2) - 0.4 * given
    order = np.argsort(made.ravel())
    assert light.ravel()[order[-5:]].min() >= light.ravel()[order[:5]].max()
    entry = device.gallery[0]
    assert entry.baseline_image is not None
    assert entry.candidate_image is not None
    assert "Maps: darkest at 0, lightest at 1" in " ".join(entry.notes)
    assert "lightest at 1" in (folder / "report.html").read_text(encoding="utf-8")


def test_with_one_class_only_ranks_have_no_value_and_the_rest_is_kept(defects, tmp_path):
    _, folder = defects
    home = tmp_path / "copy"
    shutil.copytree(folder, home)
    manifest = json.loads((home / "run.json").read_text())
    for item in manifest["items"]:
        item |= {"label": "normal", "reference_path": item["input_path"], "reference_sha256": item["input_sha256"]}
    (home / "run.json").write_text(json.dumps(manifest))
    assert main(["analyze", str(home)]) == 0
    found = {each.quantity: each for each in comparison(home).devices[0].contrasts}
    assert found["auroc"].effect.reason == "every example is normal, and AUROC compares examples of both kinds"
    assert found["model_size"].effect.kind == "effect"


def test_on_a_phone_it_is_scored_alike(defects, new_phone, tmp_path):
    experiment, _ = defects
    desk, folder = new_phone(), tmp_path / "run"
    done = bakeoff(
        "run", experiment.folder / "experiment.toml", "-d", desk.name, "--out", folder, **over_adb(desk.server)
    )
    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert runners(folder, device) == {"native"}
    assert_scored_rightly(folder, device)
