"""Items: inputs and references matched by stem, and every way that fails."""

import numpy as np
import pytest

from harness.errors import UserError
from harness.tasks.image_file import write_image
from harness.tasks.image_to_image.dataset import read_items


def picture(path, height, width):
    write_image(path, np.zeros((height, width, 3), np.uint8))


@pytest.fixture
def folders(tmp_path):
    for name in ("b__1", "a__2", "a__1"):
        picture(tmp_path / "lr" / f"{name}.png", 4, 6)
        picture(tmp_path / "hr" / f"{name}.png", 8, 12)
    return tmp_path / "lr", tmp_path / "hr"


def test_items_come_in_order_of_their_names_with_scenes(folders):
    items = read_items(*folders, 2, "__", None)
    assert [(item.stem, item.scene) for item in items] == [("a__1", "a"), ("a__2", "a"), ("b__1", "b")]
    assert items[0].input_size == (4, 6)
    assert items[0].reference_size == (8, 12)
    assert [item.stem for item in read_items(*folders, 2, None, 2)] == ["a__1", "a__2"]


def test_files_that_are_no_pictures_are_left_alone(folders):
    (folders[0] / "notes.txt").write_text("x")
    (folders[0] / ".hidden.png").write_text("x")
    (folders[0] / "folder.png").mkdir()
    assert len(read_items(*folders, 2, None, None)) == 3


@pytest.mark.parametrize(("side", "word"), [(0, "no input"), (1, "no reference")])
def test_a_picture_without_its_partner_is_named(folders, side, word):
    (folders[side] / "a__1.png").unlink()
    with pytest.raises(UserError, match=rf"a__1\.png: has {word}"):
        read_items(*folders, 2, None, None)


def test_two_files_of_one_stem_are_refused(folders):
    picture(folders[0] / "a__1.bmp", 4, 6)
    with pytest.raises(UserError, match="same stem"):
        read_items(*folders, 2, None, None)


def test_a_size_that_does_not_fit_the_scale_is_said_and_nothing_resized(folders):
    picture(folders[1] / "a__2.png", 8, 13)
    with pytest.raises(UserError, match=r"a__2\.png: is 13×8, and its input is 6×4") as caught:
        read_items(*folders, 2, None, None)
    assert "It should be 12×8" in caught.value.remedy


def test_empty_missing_and_wrong_folders_are_said(tmp_path, folders):
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder, words in ((empty, "holds no pictures"), (tmp_path / "gone", "does not exist")):
        with pytest.raises(UserError, match=words):
            read_items(folder, folders[1], 2, None, None)
    with pytest.raises(UserError, match="is a file"):
        read_items(folders[0] / "a__1.png", folders[1], 2, None, None)


def test_hostile_names_are_names_like_others(tmp_path):
    names = ["a b", "$(touch x)", "a;b", "quo'te\"", "new\nline", "ünïcode-图", "x" * 200, "-rf"]
    for name in names:
        picture(tmp_path / "lr" / f"{name}.png", 2, 2)
        picture(tmp_path / "hr" / f"{name}.png", 2, 2)
    assert sorted(names) == [item.stem for item in read_items(tmp_path / "lr", tmp_path / "hr", 1, None, None)]
