"""Text for a POSIX shell: quoted words, and whole scripts packed into one line of plain ASCII."""

from __future__ import annotations

import os
from collections.abc import Sequence


def quote(word: str) -> str:
    """One word for sh, always in single quotes, so that no word is taken for a keyword, an assignment or a pattern.

    Raises ValueError for a NUL, which no command line can carry.
    """
    if "\0" in word:
        raise ValueError(f"a NUL character cannot be part of a command: {word!r}")
    return "'" + word.replace("'", "'\\''") + "'"


def quote_all(argv: Sequence[str]) -> str:
    """A command line for sh that runs exactly `argv`. Raises ValueError for an empty one."""
    if not argv:
        raise ValueError("an empty command")
    return " ".join(quote(word) for word in argv)


def pack_script(script: str) -> bytes:
    """The script as one ASCII line (without its newline) that `printf %b` of any sh turns back into the same bytes.

    A packed script travels over standard input, so that neither a login shell (fish, csh) nor a limit on the length
    of arguments has a say in it.
    """
    packed = bytearray()
    for byte in os.fsencode(script):
        if byte == 0x5C:
            packed += rb"\\"
        elif 0x20 <= byte < 0x7F:
            packed.append(byte)
        else:
            packed += b"\\0%03o" % byte
    return bytes(packed)
