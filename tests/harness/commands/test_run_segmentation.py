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


def test_every_mask_is_shown_in_colours_and_the_worst_with_where_which_arm_is_wrong(strokes):
    _, folder = strokes
    result = comparison(folder)
    device = result.devices[0]
    assert len(result.reference_views) == len(device.views) == ITEMS
    assert all(set(view.whole) == {arm.name for arm in result.arms} for view in device.views)
    assert any(view.worst for view in device.views)
    assert device.contact_sheets
    (name, reference), *_ = result.reference_views.items()
    mask = np.array(Image.open(folder.parent / "experiment" / "masks" / f"{name}.png"))
    shown = np.array(Image.open(folder / reference.whole))
    times = shown.shape[0] // mask.shape[0]
    assert shown.shape == (mask.shape[0] * times, mask.shape[1] * times, 3)
    small = shown[::times, ::times].astype(int)
    # One class is one hue over a grey picture: what differs between channels is the class's alone.
    for number in set(np.unique(mask).tolist()) - {255}:
        tint = (small - small[..., :1])[mask == number]
        assert np.abs(tint - tint[0]).max() <= 1
    worst = device.gallery[0]
    paths = (worst.baseline_image, worst.candidate_image, worst.reference_image, worst.difference_image)
    assert all(path is not None and (folder / path).is_file() for path in paths)
    # The baseline is right everywhere, so that nothing is blue.
    difference = np.array(Image.open(folder / worst.difference_image)).reshape(-1, 3)
    found = {tuple(color) for color in difference.tolist()}
    assert (214, 40, 40) in found
    assert (38, 84, 200) not in found
    assert any("pixels wrong, most of them" in note for note in worst.notes)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 'data-role="difference"' in page
    assert "red where the candidate alone is wrong" in page


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
