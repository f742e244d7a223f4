"""What every arm made of every item: in files named after the items, lossless, and small ones for the report."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.analysis.item_views import draw_views
from harness.analysis.tables.outputs import load_output, read_known, read_outputs
from harness.documents.folder import RunFolder
from harness.runs.session.progress import SilentProgress
from harness.tasks.item_views import SheetRow
from harness.tasks.shown_pictures.contact_sheet import write_contact_sheet
from harness.tasks.shown_pictures.views import PICTURE_VIEWS
from harness.tasks.shown_pictures.worst_place import worst_place


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def noise(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def run(finished_run, tmp_path):
    return RunFolder(finished_run.copy_to(tmp_path / "run"))


@pytest.fixture
def drawn(run):
    manifest = run.read_manifest()
    return draw_views(run, manifest, read_outputs(run, manifest), SilentProgress())


def test_every_output_lies_in_a_lossless_file_named_after_its_item(run, drawn):
    manifest = run.read_manifest()
    outputs = read_outputs(run, manifest)["local"]
    task = manifest.experiment.task
    for item in manifest.items:
        given, reference = read_known(manifest, item)
        assert np.array_equal(pixels(run.path / f"items/reference/{item.stem}.png"), reference)
        for arm in manifest.arms:
            made = task.decode(arm.codec, load_output(task, arm, outputs[arm.id, item.id], given), given)
            file = run.path / "items" / "device-1" / arm.name / f"{item.stem}.png"
            assert np.array_equal(pixels(file), made)
    assert [view.item for view in drawn.by_device["local"]] == [item.stem for item in manifest.items]


def test_the_worst_place_is_cut_out_of_all_three_pixel_by_pixel(run, drawn):
    baseline, candidate = (arm.name for arm in run.read_manifest().arms)
    for view in drawn.by_device["local"]:
        worst = view.worst[candidate]
        wholes = {
            "baseline": view.whole[baseline],
            "candidate": view.whole[candidate],
            "reference": drawn.references[view.item].whole,
        }
        for role, whole in wholes.items():
            cut = pixels(run.path / worst.files[role])
            there = pixels(run.path / whole)[worst.top : worst.top + worst.side, worst.left : worst.left + worst.side]
            assert np.array_equal(cut, there)


def test_all_items_of_a_device_stand_on_a_contact_sheet(run, drawn):
    assert drawn.contact_sheets == {"local": ["items/contact-sheet-device-1.png"]}
    sheet = pixels(run.path / "items/contact-sheet-device-1.png")
    for view in drawn.by_device["local"]:
        small = PICTURE_VIEWS.small(pixels(run.path / drawn.references[view.item].whole), 96)
        height, width = small.shape[:2]
        assert any(
            np.array_equal(sheet[top : top + height, left : left + width], small)
            for top, left in np.argwhere((sheet == small[0, 0]).all(axis=2))
        ), view.item


def test_an_output_that_cannot_be_read_is_left_out_and_the_others_are_there(run):
    manifest = run.read_manifest()
    item = manifest.items[0]
    (run.path / "devices/0-local/outputs/a1" / f"{item.id}.0.npy").write_bytes(b"no array")
    drawn = draw_views(run, manifest, read_outputs(run, manifest), SilentProgress())
    first, second = drawn.by_device["local"][:2]
    assert set(first.whole) == {manifest.arms[0].name}
    assert first.worst == {}
    assert set(second.whole) == {arm.name for arm in manifest.arms}


def test_names_that_a_disk_takes_for_one_stay_two(run):
    from harness.analysis.item_views import _names

    names = _names(["a/b", "a?b", "A-B", "..", "x" * 300, "\u202enot"], taken=[])
    folded = [name.casefold() for name in names.values()]
    assert len(set(folded)) == len(folded)
    assert all(name == Path(name).name and not name.startswith(".") and len(name) < 100 for name in names.values())


@pytest.mark.parametrize(("height", "width"), [(40, 300), (64, 64), (7, 9), (1, 1), (301, 203)])
def test_a_planted_blemish_is_found_wherever_it_lies(height, width):
    reference = noise(height, width)
    for corner in ((0, 0), (height - 1, width - 1), (height // 2, width // 3)):
        baseline, candidate = reference.copy(), reference.copy()
        baseline[:, :: max(1, width // 5)] ^= 1  # both are off by a little everywhere
        candidate[:, :: max(1, width // 5)] ^= 1
        candidate[corner] = 255 - candidate[corner]
        candidate[corner][0] ^= 128
        left, top, side = worst_place(reference, baseline, candidate, 32)
        assert side == min(32, height, width)
        assert 0 <= left <= corner[1] < left + side <= width
        assert 0 <= top <= corner[0] < top + side <= height


def test_where_both_are_off_alike_is_no_worst_place():
    reference = np.full((96, 96, 3), 128, dtype=np.uint8)
    baseline, candidate = reference.copy(), reference.copy()
    baseline[:32, :32] = candidate[:32, :32] = 255
    candidate[70:80, 60:70] = 140
    left, top, side = worst_place(reference, baseline, candidate, 32)
    assert left <= 60
    assert left + side >= 70
    assert top <= 70
    assert top + side >= 80


def test_what_is_equal_or_of_another_size_has_no_worst_place():
    reference = noise(20, 20)
    assert worst_place(reference, reference, reference, 16) is None
    assert worst_place(reference, reference, noise(21, 20), 16) is None


def test_a_small_one_is_of_the_whole_and_within_its_bytes():
    smooth = np.broadcast_to(np.linspace(0, 255, 400).astype(np.uint8)[None, :, None], (200, 400, 3)).copy()
    small = PICTURE_VIEWS.small(smooth, 96)
    assert small.shape == (48, 96, 3)
    assert np.all(np.abs(small[:, 48].astype(int) - 128) < 4)
    assert len(PICTURE_VIEWS.encode_small(small, 600)) <= 600
    assert PICTURE_VIEWS.small(noise(3, 5000), 96).shape == (1, 96, 3)
    assert PICTURE_VIEWS.small(noise(5, 4), 96).shape == (5, 4, 3)


def test_a_contact_sheet_takes_names_of_every_kind_and_gaps(tmp_path):
    rows = [
        SheetRow(name, [noise(96, 40), None])
        for name in ("", "x" * 5000, "\u202e\u0000<script>", "\U0001f600 写真", "plain")
    ]
    write_contact_sheet(tmp_path / "sheet.png", ["reference", "y" * 900], rows)
    assert pixels(tmp_path / "sheet.png").shape[1] <= 1600
