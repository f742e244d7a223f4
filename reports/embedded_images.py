"""PNG files of a run folder as data URIs, byte for byte, up to a limit for the whole page."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
TOTAL_LIMIT_BYTES: Final = 48_000_000
"""The most bytes of PNG files in one page. Browsers open such a page; mail servers would not carry much more."""


@dataclass(frozen=True)
class Picture:
    """A picture for the page, or the reason why it is not there."""

    source: str | None
    width: int = 0
    height: int = 0
    missing_because: str = ""


class ImageEmbedder:
    """Embeds pictures of one run folder until `limit_bytes` of PNG are used up; says so for those that come later."""

    def __init__(self, run_folder: Path, limit_bytes: int = TOTAL_LIMIT_BYTES) -> None:
        self._run_folder = run_folder.resolve()
        self._limit_bytes = limit_bytes
        self._left_bytes = limit_bytes

    def embed(self, path: str | None) -> Picture:
        """The picture at `path`, relative to the run folder. What lies outside of it, or is no PNG, is not embedded."""
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
        if len(content) > self._left_bytes:
            limit = f"{self._limit_bytes / 1e6:g} MB"
            return Picture(None, missing_because=f"left out to keep this page below {limit}; open {path}")
        self._left_bytes -= len(content)
        width, height = struct.unpack(">II", content[16:24])
        return Picture(f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}", width, height)
