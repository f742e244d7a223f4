"""Groups of items: from folders and from tag files, and every way that fails."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from harness.errors import UserError
from harness.tasks.image_file import write_image
from harness.tasks.image_to_image.options import Data
from harness.tasks.image_to_image.task import IMAGE_TO_IMAGE
from harness.tasks.item_groups import MOST_GROUPS, groups_of, read_tags, with_groups
from harness.tasks.tensors.options import Data as TensorData
from harness.tasks.tensors.task import TENSORS
from harness.words.groups import groups_in_words


def picture(path: Path, side: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, np.zeros((side, side, 3), np.uint8))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Pictures a to d side by side."""
    for stem in "abcd":
        picture(tmp_path / "lr" / f"{stem}.png", 4)
        picture(tmp_path / "hr" / f"{stem}.png", 8)
    return tmp_path


def grouped(home: Path, **data: object) -> dict[str, list[str]]:
    declared = Data(inputs="lr", references="hr", scale=2, **data)  # type: ignore[arg-type]
    resolve = home.joinpath
    return groups_of(with_groups(IMAGE_TO_IMAGE.find_items(declared, resolve), declared, resolve, "image"))


def tags(home: Path, text: str | bytes) -> Path:
    path = home / "tags.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_an_item_may_have_several_tags_or_none(home: Path) -> None:
    tags(home, "\ufeffItem,Tag\r\nb,night\r\na, faces \r\nb,faces\r\n\r\nb,night\r\n")
    assert grouped(home, groups="tags.csv") == {"faces": ["a", "b"], "night": ["b"]}
    assert grouped(home) == {}


def test_folders_of_the_inputs_are_groups_and_what_lies_beside_them_is_in_none(home: Path) -> None:
    picture(home / "lr" / "night" / "e.png", 4)
    picture(home / "lr" / "faces" / "f.png", 4)
    picture(home / "hr" / "e.png", 8)  # references may lie together
    picture(home / "hr" / "faces" / "f.png", 8)
    assert grouped(home, groups="folders") == {"faces": ["f"], "night": ["e"]}


def test_tensors_have_groups_too(tmp_path: Path) -> None:
    for folder in ("in", "out"):
        for place in ("night/a.npy", "night/b/x.npy", "day/c.npy"):
            (tmp_path / folder / place).parent.mkdir(parents=True, exist_ok=True)
            np.save(tmp_path / folder / place, np.zeros(3, np.float32))
    data = TensorData(task="tensors", inputs="in", references="out", groups="folders")
    items = with_groups(TENSORS.find_items(data, tmp_path.joinpath), data, tmp_path.joinpath, "example")
    assert groups_of(items) == {"day": ["c"], "night": ["a", "b"]}


def test_a_limit_leaves_tags_of_other_items_aside(home: Path) -> None:
    tags(home, "item,tag\na,night\nd,night\n")
    assert grouped(home, groups="tags.csv", limit=2) == {"night": ["a"]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("item,tag\nbb,night\nx,day\n", "there is no image 'bb' (and 1 more are unknown)"),
        ("item,tag\na,\n", "line 2: the tag is empty"),
        ("item,tag\n,night\n", "line 2: the item is empty"),
        ("item,tag\na,night,2\n", "line 2: does not have 2 columns but 3"),
        ("item;tag\na;night\n", "line 1: is not item,tag"),
        ("a,night\n", "line 1: is not item,tag"),
        ("", "line 1: is not item,tag"),
        ("item,tag\n", "holds no tags"),
        (b"item,tag\na,n\xffght\n", "is not UTF-8 text (byte 12)"),
        ('item,tag\na,"night\nb,day\n', "is not CSV"),
        ("item,tag\na,ni\x1b[31mght\n", "is no name for a group"),
        ("item,tag\na,\u202enight\n", "is no name for a group"),
        (f"item,tag\na,{'x' * 101}\n", "the name of a group has 101 characters, and 100 is the most"),
        ("item,tag\n" + "".join(f"a,t{n}\n" for n in range(MOST_GROUPS + 1)), "makes 65 groups"),
        ("item,tag\na," + "x" * 200_000, "is not CSV: field larger than field limit"),
    ],
)  # fmt: skip
def test_a_tag_file_that_is_none_is_refused_with_its_line(home: Path, text: str | bytes, said: str) -> None:
    path = tags(home, text)
    with pytest.raises(UserError) as raised:
        grouped(home, groups="tags.csv")
    assert str(path) in raised.value.what
    assert said in raised.value.what
    assert raised.value.remedy
    assert len(raised.value.what.splitlines()) == 1


def test_the_nearest_item_is_offered(home: Path) -> None:
    picture(home / "lr" / "butterfly.png", 4)
    picture(home / "hr" / "butterfly.png", 8)
    tags(home, "item,tag\nbuterfly,night\n")
    with pytest.raises(UserError) as raised:
        grouped(home, groups="tags.csv")
    assert raised.value.remedy == "Did you mean 'butterfly'?"


def test_a_tag_file_that_is_a_pipe_a_folder_or_gone_is_refused_at_once(home: Path) -> None:
    os.mkfifo(home / "pipe.csv")
    for name, said in (("pipe.csv", "named pipe"), ("lr", "Is a directory"), ("none.csv", "no such file")):
        with pytest.raises(UserError, match=said):
            read_tags(home / name)


def test_folders_that_are_no_groups_are_refused(home: Path) -> None:
    with pytest.raises(UserError, match="no item lies in a folder there"):
        grouped(home, groups="folders")
    picture(home / "lr" / "night" / "a.png", 4)
    with pytest.raises(UserError, match=r"'a.png' and 'night/a.png' have the same stem"):
        grouped(home, groups="folders")
    (home / "lr" / "night" / "a.png").rename(home / "lr" / "night" / "e.png")
    picture(home / "hr" / "day" / "e.png", 8)
    with pytest.raises(UserError, match="lies in night, and its reference in day"):
        grouped(home, groups="folders")


def test_pictures_in_folders_are_pointed_out_where_no_groups_are_declared(tmp_path: Path) -> None:
    picture(tmp_path / "lr" / "night" / "a.png", 4)
    picture(tmp_path / "hr" / "night" / "a.png", 8)
    with pytest.raises(UserError) as raised:
        grouped(tmp_path)
    assert raised.value.remedy is not None
    assert 'groups = "folders"' in raised.value.remedy
    assert grouped(tmp_path, groups="folders") == {"night": ["a"]}


def test_in_words_small_groups_are_told_apart(home: Path) -> None:
    tags(home, "item,tag\na,night\nb,night\nb,faces\n")
    data = Data(inputs="lr", references="hr", scale=2, groups="tags.csv")
    items = with_groups(IMAGE_TO_IMAGE.find_items(data, home.joinpath), data, home.joinpath, "image")
    assert (
        groups_in_words(items, 2, "image")
        == "night (2 images), too few to decide (below 2): faces (1); 2 images in none"
    )
