"""Texts of other benchmark tools as they were saved: a file, or what is piped in."""

from __future__ import annotations

import codecs
import sys
from pathlib import Path

from harness.errors import UserError

STDIN = "-"
MOST_BYTES = 64 * 2**20

HOW_TO_SAVE = "Save all that the tool prints: TOOL … > FILE 2>&1"
_OR_A_LOG = f"{HOW_TO_SAVE}, or adb logcat -d > FILE."


def read_text(name: str) -> str:
    """The text, bytes that are no UTF-8 replaced; UTF-16 where its mark says so, as PowerShell's `>` writes it.

    Raises:
        UserError: it cannot be read, or is far larger than what a tool prints.
    """
    if name == STDIN:
        if sys.stdin is None:
            raise UserError("stdin is closed: there is nothing to read there", _OR_A_LOG)
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
    else:
        try:
            with Path(name).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            raise UserError(f"{name}: no such file", _OR_A_LOG) from None
        except (OSError, ValueError) as error:
            raise UserError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MOST_BYTES:
        raise UserError(
            f"{name}: is larger than {MOST_BYTES // 2**20} MiB, which no benchmark tool prints",
            "Keep the part with the benchmark: grep 'tflite' FILE, for a logcat.",
        )
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    return data.decode("utf-8-sig", "replace")
