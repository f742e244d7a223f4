"""What keeps scores from deciding though an interval comes out: too few items, and crops of one scene that count as if
they were items of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from harness.analysis.evidence.evidence import Leeway, Level, Paired
from harness.statistics.estimate import estimate_mean
from harness.statistics.intraclass import intraclass
from harness.tasks.scenes_by_name import how_to_declare, scenes_by_name
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.statistics.estimate import Estimate, Floats
    from harness.statistics.intraclass import Intraclass
    from harness.tasks.scenes_by_name import ScenesByName

_ROUNDING = 1e-12
_CLEAR, _CLEAR_WHERE_NAMES_SAY_SO = 0.01, 0.05


def doubted_items(effect: Paired, noun: str, *, by_scene: bool, min_items: int) -> Paired:
    """The effect on scores with what is doubted about its items. `noun` is what an item is called."""
    replicate = "scene" if by_scene else noun
    suspicions = [effect.suspicion, _too_few(effect.estimate, replicate, min_items), _copies(effect.estimate, noun)]
    differences = {item: -loss for item, loss in effect.losses.items() if math.isfinite(loss)}
    found = None if by_scene else _alike(differences)
    warnings, leeways = list(effect.warnings), list(effect.leeways)
    if found is not None:
        said = _in_words(*found, noun)
        warnings.append(f"{said[:1].upper()}{said[1:]}.")
        suspicions.append(_too_few_scenes(found[1].groups, said, min_items))
        leeways.append(_by_scenes(said, differences, found[0], effect.estimate))
    return replace(effect, warnings=warnings, leeways=tuple(leeways), suspicion=_joined(suspicions))


def doubted_level(level: Level, values: Mapping[str, float], noun: str, *, by_scene: bool, min_items: int) -> Level:
    """The same of an arm's own value; `values`: item → its finite score."""
    if level.estimate is None:
        return level
    replicate = "scene" if by_scene else noun
    suspicions = [level.suspicion, _too_few(level.estimate, replicate, min_items)]
    found = None if by_scene else _alike(values)
    leeways = list(level.leeways)
    if found is not None:
        said = _in_words(*found, noun)
        suspicions.append(_too_few_scenes(found[1].groups, said, min_items))
        leeways.append(_by_scenes(said, values, found[0], level.estimate))
    return replace(level, leeways=tuple(leeways), suspicion=_joined(suspicions))


def _joined(parts: list[str | None]) -> str | None:
    return "; ".join(part for part in parts if part is not None) or None


def _too_few(estimate: Estimate, replicate: str, min_items: int) -> str | None:
    if estimate.n >= min_items:
        return None
    return f"only {counted(estimate.n, replicate)}, where {min_items} are the least that decide (measure.min_items)"


def _too_few_scenes(scenes: int, said: str, min_items: int) -> str | None:
    return f"{said}; those are only {counted(scenes, 'scene')}" if scenes < min_items else None


def _copies(estimate: Estimate, noun: str) -> str | None:
    """No two items lose the same to the last digit, unless they lose nothing."""
    if estimate.exact or estimate.sd != 0.0 or estimate.n < 2 or abs(estimate.mean) <= _ROUNDING:
        return None
    return f"every {noun} gave exactly the same difference, as copies of one do"


def _alike(values: Mapping[str, float]) -> tuple[ScenesByName, Intraclass] | None:
    """The scenes that names suggest, where the values resemble each other within them."""
    best = None
    for scenes in scenes_by_name(list(values)):
        groups = np.array(list(scenes.scenes.values()), dtype=object)
        found = intraclass(np.array(list(values.values()), dtype=np.float64), groups)
        if found is None or found.p_value >= (_CLEAR_WHERE_NAMES_SAY_SO if scenes.is_told else _CLEAR):
            continue
        if best is None or found.p_value < best[1].p_value:
            best = scenes, found
    return best


def _in_words(scenes: ScenesByName, found: Intraclass, noun: str) -> str:
    first, second = scenes.example
    return (
        f"{noun}s look like crops of {counted(found.groups, 'scene')} (such as {first} and {second}), whose scores "
        f"resemble each other (intraclass correlation {found.correlation:.1f}): {how_to_declare(scenes)}"
    )


def _by_scenes(text: str, values: Mapping[str, float], scenes: ScenesByName, estimate: Estimate) -> Leeway:
    """How much further the interval reaches where scenes are counted."""
    groups = np.array(list(scenes.scenes.values()), dtype=object)
    everything = np.array(list(values.values()), dtype=np.float64)
    means: Floats = np.array([everything[groups == one].mean() for one in dict.fromkeys(groups)])
    ends, wide = estimate.interval(0.95), estimate_mean(means).interval(0.95)
    if ends is None or wide is None:
        return Leeway(text, math.inf, math.inf)
    return Leeway(text, max(ends[0] - wide[0], 0.0), max(wide[1] - ends[1], 0.0))
