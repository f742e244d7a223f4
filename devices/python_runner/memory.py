"""Sizes of this process."""

from __future__ import annotations

import re
from pathlib import Path

from devices.python_runner.machine import read_text_file


def own_bytes(file: str, key: str) -> int | None:
    """A size in kB from /proc/self, in bytes. The colon matters: `Pss` has `Pss_Anon` and `Pss_File` beside it."""
    text = read_text_file(Path("/proc/self") / file)
    matched = re.search(rf"^{key}:\s+(\d+) kB", text or "", re.MULTILINE)
    return int(matched.group(1)) * 1024 if matched else None
