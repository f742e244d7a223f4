"""Whole runs of the task `segmentation`: strokes of digits, on this machine and on a phone."""

import numpy as np
import pytest
from PIL import Image

from tests.rig.command import bakeoff
from tests.rig.run_on_a_phone import device_folders, over_adb, runners
from tests.rig.run_watch import assert_whole, comparison
from tests.rig.strokes import StrokesExperiment

ITEMS = 20


def assert_scored_rightly(experiment, folder):
    """The baseline has the very bounds that the masks are made by."""
    result = comparison(folder)
    found = {each.quantity: each for each in result.devices[0].contrasts}["mean_iou"]
    assert found.baseline_value.value == 100.0
    masks = [np.array(Image.open(path)) for path in sorted((experiment.folder / "masks").glob("*.png"))]
    pictures = [np.array(Image.open(path)) for path in sorted((experiment.folder / "given").glob("*.png"))]
    pairs = list(zip(pictures, masks, strict=True))
    made = np.concatenate([np.digitize(picture, experiment.off)[mask != 255] for picture, mask in pairs])
    wanted = np.concatenate([mask[mask != 255] for mask in masks])
    expected = [
        100.0 * ((made == place) & (wanted == place)).sum() / ((made == place) | (wanted == place)).sum()
        for place in range(3)
    ]  # fmt: skip
    assert found.candidate_value.value == pytest.approx(np.mean(expected))
    (parts,) = result.devices[0].score_parts
    assert {part.name: part.candidate.value for part in parts.parts} == pytest.approx(
        dict(zip(["paper", "edge", "stroke"], expected, strict=True))
    )
    assert [rule.outcome for rule in result.devices[0].rules] == ["broken"]


@pytest.fixture(scope="module")
def strokes(tmp_path_factory, workdir):
    """A finished run on this machine: the experiment and the run folder."""
    home = tmp_path_factory.mktemp("strokes")
    experiment = StrokesExperiment(home / "experiment", items=ITEMS)
    done = bakeoff("run", experiment.write(), "--out", home / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    return experiment, home / "run"


def test_a_run_on_masks_is_scored(strokes):
    experiment, folder = strokes
    assert_whole(folder, ITEMS, 3)
    assert_scored_rightly(experiment, folder)


def test_on_a_phone_it_is_scored_alike(strokes, new_phone, tmp_path):
    experiment, _ = strokes
    desk, folder = new_phone(), tmp_path / "run"
    done = bakeoff(
        "run", experiment.folder / "experiment.toml", "-d", desk.name, "--out", folder, **over_adb(desk.server)
    )
    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert runners(folder, device) == {"native"}
    assert_scored_rightly(experiment, folder)
