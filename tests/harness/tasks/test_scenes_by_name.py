"""Names that show several items of one scene, and names that do not."""

from __future__ import annotations

import pytest

from harness.tasks.scenes_by_name import how_to_declare, scenes_by_name


def crops(pattern: str, scenes: int = 3, parts: int = 4) -> list[str]:
    return [pattern.format(scene=scene, part=part) for scene in range(1, scenes + 1) for part in range(1, parts + 1)]


@pytest.mark.parametrize(
    ("pattern", "separator", "is_told"),
    [
        ("080{scene}x4_s00{part}", "_s", True),
        ("img_00{scene}_crop{part}", "_crop", True),
        ("place{scene}-tile-{part}", "-tile-", True),
        ("city{scene}_{part}", "_", False),
        ("Baboon{scene}__{part}", "__", False),
    ],
)
def test_parts_of_scenes_are_seen_in_their_names(pattern: str, separator: str, is_told: bool) -> None:
    items = crops(pattern)
    found = scenes_by_name(items)[0]
    assert (found.separator, found.is_told, len(set(found.scenes.values()))) == (separator, is_told, 3)
    assert all(item.split(separator)[0] == scene for item, scene in found.scenes.items())
    assert how_to_declare(found) == f'declare data.scene_separator = "{separator}"'


def test_what_no_separator_can_say_is_to_be_renamed() -> None:
    (found, *_) = scenes_by_name(crops("img_{scene}_{part}"))
    assert found.separator is None
    assert "SCENE__N" in how_to_declare(found)


def test_two_numbers_behind_a_scene_are_a_place_in_it() -> None:
    grouped = [set(found.scenes.values()) for found in scenes_by_name(crops("080{scene}_x0_y{part}"))]
    assert {"0801", "0802", "0803"} in grouped


@pytest.mark.parametrize(
    "items",
    [
        [f"image{number:02d}" for number in range(24)],
        [f"img_{number:03d}" for number in range(24)],
        [f"{number:04d}" for number in range(801, 901)],
        ["baby", "bird", "butterfly", "head", "woman"],
        [f"photo{number}_1" for number in range(20)],
        ["_s1", "_s2", "-1"],
        [],
    ],
)
def test_pictures_of_their_own_are_no_crops(items: list[str]) -> None:
    assert scenes_by_name(items) == []
