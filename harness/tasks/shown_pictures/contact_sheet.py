"""All pictures of a device in one file: a grid of items, each with its name and what every arm made of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from harness.tasks.item_views import SheetRow

_GAP: Final = 4
_LINE: Final = 14
_SIDE: Final = 96
"""Pixels of a small picture's cell."""
_WIDEST: Final = 1600
"""Pixels of a sheet, where one item takes no more."""
_PAPER, _INK, _MUTED = "#ffffff", "#1d2126", "#545b63"


def write_contact_sheet(path: Path, columns: Sequence[str], rows: Sequence[SheetRow]) -> None:
    """Write a PNG file. `columns` say what the pictures of every row are, in their order, and stand above the first
    row of items.
    """
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=11)
    cell_width = len(columns) * (_SIDE + _GAP) + 2 * _GAP
    cell_height = _LINE + _SIDE + 2 * _GAP
    across = max(1, min(len(rows), _WIDEST // cell_width))
    down = math.ceil(len(rows) / across)
    sheet = Image.new("RGB", (across * cell_width, _LINE + _GAP + down * cell_height), _PAPER)
    draw = ImageDraw.Draw(sheet)

    def write(left: int, top: int, width: int, text: str, ink: str) -> None:
        draw.text((left, top), _fitting(text, width, font), fill=ink, font=font)

    for place in range(across):
        for column, name in enumerate(columns):
            write(place * cell_width + _GAP + column * (_SIDE + _GAP), 1, _SIDE, name, _MUTED)
    for number, row in enumerate(rows):
        left = number % across * cell_width + _GAP
        top = _LINE + _GAP + number // across * cell_height
        write(left, top, cell_width - 2 * _GAP, row.name, _INK)
        for column, view in enumerate(row.views):
            if view is not None:
                sheet.paste(
                    Image.fromarray(np.ascontiguousarray(view[:_SIDE, :_SIDE])),
                    (left + column * (_SIDE + _GAP), top + _LINE),
                )
    sheet.save(path, format="PNG")


def _fitting(text: str, width: int, font: Any) -> str:
    """The text on one line, cut where it is longer than so many pixels. Signs that turn the direction of writing or
    stand for nothing are left out.
    """
    text = "".join(sign for sign in text if sign.isprintable())
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(f"{text}…") > width:
        text = text[: -1 - len(text) // 8]
    return f"{text}…"
