"""How pictures are shown when there are many of them: PNG files whole, WebP files small, squares pixel by pixel."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from harness.tasks.item_views import ItemViews, SheetRow

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_QUALITIES: Final = (80, 65, 50, 35, 20)
"""How small pictures are written, tried in this order."""
_FAST: Final = 1
"""How hard zlib tries: whole pictures take a third of the time, and a tenth more room."""


def _write_whole(path: Path, picture: NDArray[np.uint8]) -> None:
    from PIL import Image

    Image.fromarray(picture).save(path, format="PNG", compress_level=_FAST)


def _small(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    import numpy as np
    from PIL import Image

    height, width = picture.shape[:2]
    shrink = min(1.0, side / max(height, width))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    smaller = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)
    return np.asarray(smaller)


def _encode_small(picture: NDArray[np.uint8], limit_bytes: int) -> bytes:
    content = b""
    for quality in _QUALITIES:
        content = _webp(picture, quality=quality, method=4)
        if len(content) <= limit_bytes:
            break
    return content


def _worst_place(
    reference: NDArray[np.uint8], baseline: NDArray[np.uint8], candidate: NDArray[np.uint8], side: int
) -> tuple[int, int, int] | None:
    from harness.tasks.shown_pictures.worst_place import worst_place

    return worst_place(reference, baseline, candidate, side)


def _cut(picture: NDArray[np.uint8], place: tuple[int, int, int]) -> bytes:
    left, top, side = place
    return _webp(picture[top : top + side, left : left + side], lossless=True, quality=100, method=4)


def _webp(picture: NDArray[np.uint8], **how: Any) -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "WEBP", **how)
    return buffer.getvalue()


def _write_sheet(path: Path, columns: Sequence[str], rows: Sequence[SheetRow]) -> None:
    from harness.tasks.shown_pictures.contact_sheet import write_contact_sheet

    write_contact_sheet(path, columns, rows)


PICTURE_VIEWS: Final = ItemViews(
    whole_suffix=".png",
    write_whole=_write_whole,
    small=_small,
    encode_small=_encode_small,
    small_suffix=".webp",
    worst_place=_worst_place,
    cut=_cut,
    cut_suffix=".webp",
    write_sheet=_write_sheet,
)
