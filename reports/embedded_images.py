"""Pictures of a run folder as data URIs, up to a limit for the whole page: PNG files byte for byte where they are small
enough, else made smaller, with the region that matters kept lossless beside.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from harness.documents.comparison import Comparison
from reports.made_smaller import lossless_details, made_smaller

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
TOTAL_LIMIT_BYTES: Final = 3_400_000
"""The most bytes of pictures in one page. As text they are a third more: with its figures the page stays below the 5 MB
that mail and chat carry.
"""
_PAGE_BYTES: Final = 4_900_000
_FIXED_BYTES: Final = 350_000
_DEVICE_BYTES: Final = 60_000
_ROW_BYTES: Final = 750
_CELL_BYTES: Final = 220
"""What text takes of a page: style, script and verdict; each device's tables and charts; each item's row and links on
each device; each of its scores, in the row and as a dot. Generous: `benchmarks/report_speed.py` shows what is left.
"""
_OF_A_PICTURE: Final = 0.5
"""What a picture that is made smaller may take of its share of the page; the rest is for its lossless region."""


def left_for_files(comparison: Comparison) -> int:
    """Bytes of files that a page of 5 MB has room for beside the text of this comparison."""
    text = _FIXED_BYTES
    for device in comparison.devices:
        cells = sum(len(scores.items) for scores in device.scores)
        rows = len(device.views) or max((len(scores.items) for scores in device.scores), default=0)
        text += _DEVICE_BYTES + _ROW_BYTES * rows + _CELL_BYTES * cells
    return max(_PAGE_BYTES - text, _PAGE_BYTES // 8) * 3 // 4


@dataclass(frozen=True)
class Picture:
    """A picture for the page, or the reason why it is not there."""

    source: str | None
    width: int = 0
    height: int = 0
    missing_because: str = ""
    original: str | None = None
    """Where the whole picture lies, relative to the page, as a link; None where it is in the page itself."""


class ImageEmbedder:
    """Embeds pictures of one run folder until `limit_bytes` are used up; says so for those that come later. Each of
    `pictures` has an equal share.
    """

    def __init__(self, run_folder: Path, limit_bytes: int = TOTAL_LIMIT_BYTES, pictures: int = 0) -> None:
        self._run_folder = run_folder.resolve()
        self._limit_bytes = limit_bytes
        self._left_bytes = limit_bytes
        self._share_bytes = limit_bytes // pictures if pictures else limit_bytes

    def embed(self, path: str | None) -> Picture:
        """The picture at `path`, relative to the run folder. What lies outside of it, or is no PNG, is not embedded."""
        content = self._read(path)
        if isinstance(content, Picture):
            return content
        width, height = struct.unpack(">II", content[16:24])
        original, kind = None, "png"
        if len(content) > self._share_bytes:
            smaller = made_smaller(content, int(_OF_A_PICTURE * self._share_bytes))
            if smaller is not None:
                content, width, height, kind = smaller.content, smaller.width, smaller.height, smaller.kind
                original = f"./{quote(str(path))}"
        if len(content) > self._left_bytes:
            limit = f"{self._limit_bytes / 1e6:g} MB"
            return Picture(None, missing_because=f"left out to keep this page below {limit}; open {path}")
        return self._taken(content, width, height, kind, original)

    def details(
        self, paths: Mapping[str, str | None], difference: str | None, around: tuple[int, int] | None = None
    ) -> dict[str, Picture]:
        """By role the region `around` a place, or where none is known the one where the picture at `difference` is
        brightest, lossless and the same of all; empty where a picture has another size or does not fit.
        """
        contents = {role: self._read(path) for role, path in paths.items() if path is not None}
        guide = self._read(difference)
        if isinstance(guide, Picture):
            return {}
        known = {role: content for role, content in contents.items() if isinstance(content, bytes)}
        cut = lossless_details(known, guide, int((1.0 - _OF_A_PICTURE) * self._share_bytes), around)
        if sum(len(one.content) for one in cut.values()) > self._left_bytes:
            return {}
        return {role: self._taken(one.content, one.width, one.height, one.kind, None) for role, one in cut.items()}

    def _taken(self, content: bytes, width: int, height: int, kind: str, original: str | None) -> Picture:
        self._left_bytes -= len(content)
        source = f"data:image/{kind};base64,{base64.b64encode(content).decode('ascii')}"
        return Picture(source, width, height, original=original)

    def _read(self, path: str | None) -> bytes | Picture:
        if path is None:
            return Picture(None, missing_because="not made in this run")
        try:
            file = (self._run_folder / path).resolve()
            if not file.is_relative_to(self._run_folder):
                return Picture(None, missing_because=f"{path} lies outside of the run folder")
            content = file.read_bytes()
        except (OSError, ValueError) as error:
            reason = "is not there" if isinstance(error, FileNotFoundError) else "cannot be read"
            return Picture(None, missing_because=f"{path} {reason}")
        if not content.startswith(_SIGNATURE) or len(content) < 33:
            return Picture(None, missing_because=f"{path} is not a PNG file")
        return content
