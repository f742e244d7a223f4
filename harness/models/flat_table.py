"""Tables of a flatbuffer, as .tflite files are made of. Every offset is checked against the file, so that a truncated
file is an error and not a guess.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from harness.models.model_format import ModelFormatError


class TfliteFormatError(ModelFormatError):
    """The bytes are not a whole .tflite file."""


@dataclass(frozen=True)
class FlatTable:
    """A flatbuffer table at a position."""

    data: bytes
    position: int

    def field(self, index: int) -> int | None:
        """Absolute position of a field's value, None when the table has not got it."""
        vtable = self.position - int32(self.data, self.position)
        size = uint16(self.data, vtable)
        slot = 4 + 2 * index
        if slot + 2 > size:
            return None
        offset = uint16(self.data, vtable + slot)
        return self.position + offset if offset else None

    def byte(self, index: int) -> int:
        """A signed byte; 0 when the table has not got it."""
        position = self.field(index)
        return 0 if position is None else struct.unpack_from("<b", self.data, position)[0]

    def uint32(self, index: int) -> int:
        """A number; 0 when the table has not got it."""
        position = self.field(index)
        return 0 if position is None else uint32(self.data, position)

    def table(self, index: int) -> FlatTable | None:
        """A table within; None when there is none."""
        position = self.field(index)
        return None if position is None else FlatTable(self.data, position + uint32(self.data, position))

    def vector(self, index: int) -> tuple[int, int]:
        """(position of the first element, length) of a vector."""
        position = self.field(index)
        if position is None:
            return 0, 0
        start = position + uint32(self.data, position)
        return start + 4, uint32(self.data, start)

    def numbers(self, index: int, code: str) -> list[int] | list[float]:
        """A vector of numbers, by their code in `struct`. Raises `TfliteFormatError`."""
        start, length = self.vector(index)
        if start + length * struct.calcsize(code) > len(self.data):
            raise TfliteFormatError("a list reaches beyond the end of the file")
        return list(struct.unpack_from(f"<{length}{code}", self.data, start))

    def tables(self, index: int) -> list[FlatTable]:
        """A vector of tables. Raises `TfliteFormatError`."""
        start, length = self.vector(index)
        if start + 4 * length > len(self.data):
            raise TfliteFormatError("a list reaches beyond the end of the file")
        places = range(start, start + 4 * length, 4)
        return [FlatTable(self.data, place + uint32(self.data, place)) for place in places]

    def text(self, index: int) -> str:
        """A text; empty when there is none. Raises `TfliteFormatError`."""
        start, length = self.vector(index)
        if start + length > len(self.data):
            raise TfliteFormatError("a text reaches beyond the end of the file")
        return self.data[start : start + length].decode("utf-8", "replace")


def uint16(data: bytes, position: int) -> int:
    """Raises `struct.error` beyond the end, as those below do."""
    return int(struct.unpack_from("<H", data, position)[0])


def uint32(data: bytes, position: int) -> int:
    """An unsigned number of 32 bits."""
    return int(struct.unpack_from("<I", data, position)[0])


def int32(data: bytes, position: int) -> int:
    """A signed number of 32 bits."""
    return int(struct.unpack_from("<i", data, position)[0])
