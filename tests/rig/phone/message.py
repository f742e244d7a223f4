"""Messages of the ADB transport protocol: a header of six 32-bit little-endian words, then the payload."""

from __future__ import annotations

import struct
from dataclasses import dataclass

CNXN = 0x4E584E43
AUTH = 0x48545541
OPEN = 0x4E45504F
OKAY = 0x59414B4F
CLSE = 0x45534C43
WRTE = 0x45545257

AUTH_TOKEN = 1
AUTH_SIGNATURE = 2
AUTH_RSA_PUBLIC_KEY = 3

VERSION_WITH_CHECKSUMS = 0x01000000
VERSION = 0x01000001
"""From this version on, receivers ignore the checksum."""

MAX_PAYLOAD_BYTES = 1 << 20

_HEADER = struct.Struct("<6I")
HEADER_BYTES = _HEADER.size


class NotAMessageError(Exception):
    """Bytes that cannot be a header: the connection is of no more use."""


@dataclass(frozen=True)
class Header:
    """What announces a payload of `payload_bytes`."""

    command: int
    arg0: int
    arg1: int
    payload_bytes: int


def pack(command: int, arg0: int, arg1: int, payload: bytes | memoryview = b"", *, checksum: bool = False) -> bytes:
    """Header and payload as they go over the wire."""
    check = sum(payload) & 0xFFFFFFFF if checksum else 0
    return _HEADER.pack(command, arg0, arg1, len(payload), check, command ^ 0xFFFFFFFF) + payload


def unpack_header(data: bytes) -> Header:
    """Raises `NotAMessageError` when the magic word is wrong or the payload is larger than was agreed on."""
    command, arg0, arg1, length, _, magic = _HEADER.unpack(data)
    if magic != command ^ 0xFFFFFFFF:
        raise NotAMessageError(f"magic {magic:#x} does not belong to command {command:#x}")
    if length > MAX_PAYLOAD_BYTES:
        raise NotAMessageError(f"a payload of {length} bytes where {MAX_PAYLOAD_BYTES} were agreed on")
    return Header(command, arg0, arg1, length)
