"""Tables of a flatbuffer, as .tflite files are made of. Every offset is checked against the file, so that a truncated
file is an error and not a guess.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from harness.models.model_format import ModelFormatError


class TfliteFormatError(ModelFormatError):
    """The bytes are not a whole .tflite file."""


_TABLE_BYTES: Final = 8
"""The least that a table and its place in a list take."""


class Reading:
    """How much of a file has been read. Offsets may lead to one part from many, so that lists of lists of a few
    kilobytes would unfold into millions of tables.
    """

    def __init__(self, data: bytes) -> None:
        self._left = 2 * len(data) + (1 << 16)

    def spend(self, count: int) -> None:
        """Bytes that are read. Raises `TfliteFormatError` where no honest file has so many."""
        self._left -= count
        if self._left < 0:
            raise TfliteFormatError("its lists lead to the same parts again and again")


@dataclass(frozen=True)
class FlatTable:
    """A flatbuffer table at a position."""

    data: bytes
    position: int
    reading: Reading | None = None
    """What bounds the lists that are read below the root; None for no bound."""

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
        return None if position is None else FlatTable(self.data, position + uint32(self.data, position), self.reading)

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
        self._spend(length * struct.calcsize(code))
        return list(struct.unpack_from(f"<{length}{code}", self.data, start))

    def tables(self, index: int) -> list[FlatTable]:
        """A vector of tables. Raises `TfliteFormatError`."""
        start, length = self.vector(index)
        if start + 4 * length > len(self.data):
            raise TfliteFormatError("a list reaches beyond the end of the file")
        self._spend(length * _TABLE_BYTES)
        places = range(start, start + 4 * length, 4)
        return [FlatTable(self.data, place + uint32(self.data, place), self.reading) for place in places]

    def text(self, index: int) -> str:
        """A text; empty when there is none. Raises `TfliteFormatError`."""
        start, length = self.vector(index)
        if start + length > len(self.data):
            raise TfliteFormatError("a text reaches beyond the end of the file")
        self._spend(length)
        return self.data[start : start + length].decode("utf-8", "replace")

    def _spend(self, count: int) -> None:
        if self.reading is not None:
            self.reading.spend(count)


def uint16(data: bytes, position: int) -> int:
    """Raises `struct.error` beyond the end, as those below do."""
    return int(struct.unpack_from("<H", data, position)[0])


def uint32(data: bytes, position: int) -> int:
    """An unsigned number of 32 bits."""
    return int(struct.unpack_from("<I", data, position)[0])


def int32(data: bytes, position: int) -> int:
    """A signed number of 32 bits."""
    return int(struct.unpack_from("<i", data, position)[0])
