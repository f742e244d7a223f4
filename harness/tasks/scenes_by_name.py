"""Whether the names of items look as if several of them were parts of one scene, which the experiment does not say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

_PART = r"(?P<mark>[_\-. ]+(?P<word>crop|patch|tile|part|sub|s|c|p|t|r|x|y)?[_\-]?)\d+"
_ONE_NUMBER = re.compile(rf"^(?P<scene>.+?){_PART}$", re.IGNORECASE)
_TWO_NUMBERS = re.compile(rf"^(?P<scene>.+?){_PART}[_\-. ]+[a-z]{{0,5}}[_\-]?\d+$", re.IGNORECASE)
_CROP_WORDS = {"crop", "patch", "tile", "part", "sub", "s"}
_LEAST_SHARE = 2.0 / 3.0
"""With more scenes than this for each item hardly any have two."""


@dataclass(frozen=True)
class ScenesByName:
    """Items grouped by what their names have in common before a number."""

    scenes: dict[str, str]
    """Item → scene."""
    separator: str | None
    """What `data.scene_separator` would have to be; None where no one separator gives these scenes."""
    is_told: bool
    """Whether the names say it themselves (`_crop2`, `_s001`), and are not just numbered."""

    @property
    def example(self) -> tuple[str, str]:
        """Two items of one scene."""
        of_one = Counter(self.scenes.values()).most_common(1)[0][0]
        first, second = [item for item, scene in self.scenes.items() if scene == of_one][:2]
        return first, second


def scenes_by_name(items: Sequence[str]) -> list[ScenesByName]:
    """The ways in which they can be grouped, each in two scenes at least; none where names show nothing."""
    found = []
    for pattern in (_ONE_NUMBER, _TWO_NUMBERS):
        matches = [pattern.match(item) for item in items]
        known = [match for match in matches if match is not None]
        if len(known) < len(items) or not items:
            continue
        scenes = {item: match["scene"] for item, match in zip(items, known, strict=True)}
        if not 2 <= len(set(scenes.values())) <= _LEAST_SHARE * len(items):
            continue
        marks = {match["mark"] for match in known}
        mark = next(iter(marks)) if len(marks) == 1 else None
        fits = mark is not None and all(item.split(mark)[0] == scene for item, scene in scenes.items())
        words = {(match["word"] or "").lower() for match in known}
        found.append(ScenesByName(scenes, mark if fits else None, words <= _CROP_WORDS))
    return found


def how_to_declare(found: ScenesByName) -> str:
    """What to write so that scenes are counted."""
    if found.separator is not None:
        return f'declare data.scene_separator = "{found.separator}"'
    return 'name them SCENE__N and declare data.scene_separator = "__"'


def crops_told(found: Sequence[ScenesByName], nouns: str) -> str | None:
    """What names that say it themselves look like, and what to do if it is so; None where they do not. `nouns` is what
    items are called.
    """
    told = next((each for each in found if each.is_told), None)
    if told is None:
        return None
    first, second = told.example
    scenes = len(set(told.scenes.values()))
    return (
        f"the names of the {nouns} look like crops of {scenes} scenes (such as {first} and {second}): if they are, "
        f"{how_to_declare(told)}, so that scenes are counted and not crops"
    )
