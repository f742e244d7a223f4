"""Processes found by a path on their command line, by what `grep` finds in /proc/PID/cmdline.

Words end in NUL there. Of a fixed string (`grep -F`) busybox, and toybox before 0.8.9 (phones with Android 10 to 13),
see no further than the first; for a basic regular expression every grep looks at all of them.
"""

from __future__ import annotations

import re


def pattern_of(text: str) -> str:
    """A basic regular expression that is found where `text` is, and nowhere else."""
    return re.sub(r"[\\\[.*^$]", r"\\\g<0>", text)
