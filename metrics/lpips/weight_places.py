"""The places in which one part of a metric's weights is looked for, one after the other until one has it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from metrics.errors import LpipsUnavailableError
from metrics.lpips.lpips_weight_files import Arrays, load_part, save_part
from metrics.lpips.lpips_weight_sources import Found, NotThereError
from metrics.lpips.torch_checkpoint import WeightsFileError

FOLDER_VARIABLE = "BAKEOFF_LPIPS_WEIGHTS"
CACHE_VARIABLE = "BAKEOFF_CACHE"


@dataclass(frozen=True)
class Place:
    """A place, and how to look there."""

    name: str
    look: Callable[[], Found]
    keep: bool = False
    """What was found here is kept in the cache."""
    must_be_sound: bool = False
    """A damaged file here is the end: the user named it, and other weights in its place would go unnoticed."""


def folder_of_user(folder: Path | None) -> Path | None:
    """The folder to look into first: the one given, else $BAKEOFF_LPIPS_WEIGHTS, if there is either."""
    if folder is None and os.environ.get(FOLDER_VARIABLE):
        return Path(os.environ[FOLDER_VARIABLE]).expanduser()
    return folder


def cache_folder() -> Path:
    """Where downloaded weights are kept: $BAKEOFF_CACHE/weights, or ~/.cache/bakeoff/weights."""
    return Path(os.environ.get(CACHE_VARIABLE) or "~/.cache/bakeoff").expanduser() / "weights"


def find_part(
    metric: str, part: str, places: list[Place], cached: Path, shapes: dict[str, tuple[int, ...]], wanted: str
) -> Found:
    """The part from the first place that has it, the cache coming right after the user's folder.

    Args:
        metric: what it is for, in a few words.
        part: what it is called.
        places: in the order of looking, the user's folder first where there is one.
        cached: the file of the cache.
        shapes: name and shape of every array of the part.
        wanted: the file to put into a folder, in words.

    Raises:
        LpipsUnavailableError: it is nowhere, with every place's reason and what to do; or the user's file is damaged.
    """
    first = 1 if places and places[0].must_be_sound else 0
    places = [*places[:first], Place("the cache", lambda: _from_cache(cached, shapes)), *places[first:]]
    reasons = []
    for place in places:
        try:
            arrays, source = place.look()
        except NotThereError as error:
            reasons.append(f"{place.name}: {error}")
        except (WeightsFileError, OSError) as error:
            if place.must_be_sound:
                raise LpipsUnavailableError(f"{metric} unavailable: {error}") from None
            reasons.append(f"{place.name}: {error}")
        else:
            if place.keep:
                _keep(cached, arrays, source)
            return arrays, source
    raise LpipsUnavailableError(
        f"{metric} unavailable, because its {part} weights are nowhere: {'; '.join(reasons)}.\n"
        f"Put {wanted} into a folder and name that folder in {FOLDER_VARIABLE}."
    )


def _from_cache(path: Path, shapes: dict[str, tuple[int, ...]]) -> Found:
    if not path.is_file():
        raise NotThereError(f"no {path.name} in {path.parent}")
    return load_part(path, shapes)


def _keep(path: Path, arrays: Arrays, source: str) -> None:
    try:
        save_part(path, arrays, source)
    except OSError:
        # A cache that cannot be written costs a download each time; the weights in hand are still good.
        return
