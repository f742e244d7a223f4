"""What a shared library says that it needs beside it, and whether its file is whole: read from its program headers.

The format: https://gabi.xinuos.com. Only what a linker reads is read: an Android library may have no section headers.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from devices.errors import RuntimeNotAvailableError

_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRING_TABLE, _STRING_BYTES = 1, 5, 10
_MAX_DYNAMIC_BYTES: Final = 1 << 16
_MAX_STRING_BYTES: Final = 1 << 22
_MAX_NAME_BYTES: Final = 255


@dataclass(frozen=True)
class _Segment:
    kind: int
    offset: int
    address: int
    file_bytes: int


def needed_by(path: Path) -> list[str]:
    """File names of the libraries that the one at `path` needs (DT_NEEDED), in its order.

    A file that is no library, or whose tables lie outside of it, needs none that can be told. Raises `OSError`.
    """
    with path.open("rb") as file:
        wide, segments = _segments(file)
        dynamic = next((each for each in segments if each.kind == _DYNAMIC), None)
        if dynamic is None:
            return []
        entry = struct.Struct("<qQ" if wide else "<iI")
        table = _read(file, dynamic.offset, min(dynamic.file_bytes, _MAX_DYNAMIC_BYTES))
        entries = list(entry.iter_unpack(table[: len(table) // entry.size * entry.size]))
        found = dict(reversed([(tag, value) for tag, value in entries if tag in {_STRING_TABLE, _STRING_BYTES}]))
        at = _file_offset(segments, found.get(_STRING_TABLE, 0))
        if at is None:
            return []
        strings = _read(file, at, min(found.get(_STRING_BYTES, 0), _MAX_STRING_BYTES))
    names = [_name(strings, value) for tag, value in entries if tag == _NEEDED]
    return [name for name in names if name]


def refuse_cut(path: Path, where: str) -> None:
    """Raises `RuntimeNotAvailableError` where the library at `path` ends before what it says it has: one whose copying
    was cut opens nowhere. `where` names the file for people.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        _, segments = _segments(file)
    ends = max((each.offset + each.file_bytes for each in segments if each.kind == _LOAD), default=0)
    if ends > size:
        raise RuntimeNotAvailableError(
            f"{where} is cut: it has {size} bytes, and its own tables speak of {ends}", "Copy or build it again."
        )


def _segments(file: IO[bytes]) -> tuple[bool, list[_Segment]]:
    """Whether it is a 64-bit file, and its program headers, as far as they are there."""
    head = _read(file, 0, 64)
    if len(head) < 52 or head[:4] != b"\x7fELF" or head[5] != 1:
        return False, []
    wide = head[4] == 2
    if wide and len(head) < 64:
        return wide, []
    start = struct.unpack_from("<Q" if wide else "<I", head, 32 if wide else 28)[0]
    size, count = struct.unpack_from("<HH", head, 54 if wide else 42)
    form = struct.Struct("<IIQQQQQQ" if wide else "<IIIIIIII")
    if size < form.size:
        return wide, []
    table = _read(file, start, size * count)
    segments = []
    for at in range(0, len(table) - form.size + 1, size):
        fields = form.unpack_from(table, at)
        kind = fields[0]
        offset, address, file_bytes = (fields[2], fields[3], fields[5]) if wide else (fields[1], fields[2], fields[4])
        segments.append(_Segment(kind, offset, address, file_bytes))
    return wide, segments


def _file_offset(segments: list[_Segment], address: int) -> int | None:
    for each in segments:
        if each.kind == _LOAD and each.address <= address < each.address + each.file_bytes:
            return address - each.address + each.offset
    return None


def _name(strings: bytes, at: int) -> str:
    """Empty where it is none that a file beside the library could have."""
    text = strings[at : at + _MAX_NAME_BYTES + 1].split(b"\0")[0].decode("utf-8", "replace")
    return text if len(text) <= _MAX_NAME_BYTES and "/" not in text and text not in {".", ".."} else ""


def _read(file: IO[bytes], at: int, count: int) -> bytes:
    # What a file says of an offset is not believed beyond what a file can have.
    if at > 1 << 40:
        return b""
    file.seek(at)
    return file.read(count)
