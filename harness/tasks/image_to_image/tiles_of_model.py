"""The tiles that a model takes: their size from its input, and whether what is declared of them fits it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from harness.errors import UserError
from harness.tasks.image_to_image.tiling import MOST_TILES, Tiling

if TYPE_CHECKING:
    from harness.models.model_file import ModelFile
    from harness.models.tensor_info import TensorInfo
    from harness.tasks.image_to_image.dataset import Item
    from harness.tasks.image_to_image.options import Tiles


def make_tiling(model: ModelFile, sides: Sequence[int | str | None], tiles: Tiles | None) -> Tiling | None:
    """How pictures are cut for a model whose input says this (height, width). Raises `UserError` where its tiles have
    no size, or two, and where they overlap too much or too little.
    """
    if tiles is None:
        return None
    fixed = [side if isinstance(side, int) and side > 1 else None for side in sides]
    if tiles.side is None and None in fixed:
        raise UserError(
            f"{model.path}: takes pictures of any size, so that its tiles have none",
            "Say it with side in the table tiles of [data.tensor], or leave the table out: pictures then go through"
            " whole.",
        )
    if tiles.side is not None and any(side not in {None, tiles.side} for side in fixed):
        raise UserError(
            f"{model.path}: takes {fixed[1] or '?'}×{fixed[0] or '?'}, and [data.tensor] tiles says side ="
            f" {tiles.side}",
            "A fixed input is its tile: leave side out.",
        )
    height, width = (side or tiles.side or 0 for side in fixed)
    if 2 * tiles.overlap > min(height, width):
        raise UserError(
            f"{model.path}: tiles of {width}×{height} cannot overlap by {tiles.overlap} pixels",
            f"At most half a tile: overlap = {min(height, width) // 2}.",
        )
    if 2 * tiles.margin > tiles.overlap:
        raise UserError(
            f"[data.tensor] tiles: with margin = {tiles.margin} an overlap of {tiles.overlap} leaves pixels that no"
            " tile gives",
            f"Both neighbours leave out their margins: overlap = {2 * tiles.margin} at least.",
        )
    return Tiling(
        size=(height, width), overlap=tiles.overlap, margin=tiles.margin, blend=tiles.blend, padding=tiles.padding
    )


def check_tiles(
    model: ModelFile, output: TensorInfo, layout: Literal["NCHW", "NHWC"], tiling: Tiling, item: Item
) -> None:
    """Whether a tile's output, as far as the model says its size, is as many times larger as the item's reference, and
    the item has a bounded number of tiles. Raises `UserError`.
    """
    sides = output.shape[2:] if layout == "NCHW" else output.shape[1:3]
    for makes, takes, before, after in zip(sides, tiling.size, item.input_size, item.reference_size, strict=True):
        # A converter writes down a single pixel where a size is open.
        if isinstance(makes, int) and makes > 1 and makes * before != takes * after:
            raise UserError(
                f"{model.path}: makes {sides[1]}×{sides[0]} of a tile of {tiling.size[1]}×{tiling.size[0]}, and the"
                f" reference {item.reference_path} is {item.reference_size[1]}×{item.reference_size[0]} for an input of"
                f" {item.input_size[1]}×{item.input_size[0]}",
                "Nothing is resized: correct the references, data.scale or the model.",
            )
    if tiling.count(item.input_size) > MOST_TILES:
        raise UserError(
            f"{item.input_path}: would be cut into {tiling.count(item.input_size):,} tiles; at most {MOST_TILES:,} are"
            " sensible",
            "Overlap them less, or crop the picture.",
        )
