"""A copy of a model whose sizes are fixed, for engines that take no others. It is a file of its own, with a hash of its
own, and every record and report that is about it says so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from devices.cache import cache_folder, write_in_cache
from harness.errors import UserError
from harness.models.model_file import ModelFile, read_model
from harness.models.model_format import ModelFormatError
from harness.models.registry import READERS


@dataclass(frozen=True)
class StaticCopy:
    """The copy, and what was fixed."""

    model: ModelFile
    """The copy's own file, in the cache, named by its hash."""
    shapes: dict[str, list[int]]
    """Input → its sizes there."""


def static_copy(model: ModelFile, shapes: dict[str, list[int]]) -> StaticCopy:
    """The same model with the sizes of its inputs fixed, by their names. Raises `UserError`."""
    make = READERS[model.format].with_static_shapes
    if make is None:
        raise UserError(f"{model.path}: no copy with fixed sizes can be made of a {model.format} model")
    try:
        content = make(model.path, shapes)
    except ModelFormatError as error:
        raise UserError(
            f"{model.path}: no copy with fixed sizes can be made: {error}", "Export the model with fixed sizes."
        ) from None
    digest = hashlib.sha256(content).hexdigest()
    path = cache_folder() / "static-models" / f"{digest}{READERS[model.format].suffix}"
    if not path.exists() or path.read_bytes() != content:
        write_in_cache(path, content)
    return StaticCopy(read_model(path), shapes)


def sizes_in_words(shapes: dict[str, list[int]]) -> str:
    """Such as `1×3×48×48`, or `frame 1×3×48×48, gain 1` where there are several."""
    sides = {name: "×".join(map(str, shape)) or "one number" for name, shape in shapes.items()}
    return ", ".join(sides.values() if len(sides) == 1 else [f"{name} {side}" for name, side in sides.items()])
