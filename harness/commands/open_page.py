"""A page in the browser that the user's desktop has for it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

_PATIENCE_S: Final = 3.0
"""Openers hand the page on and end; one that is itself the browser goes on, and is left alone."""


def open_page(page: Path) -> bool:
    """Whether a desktop took the page. Where there is none nothing is tried."""
    opener = "open" if sys.platform == "darwin" else "xdg-open"
    has_desktop = sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    program = shutil.which(opener)
    if program is None or not has_desktop:
        return False
    try:
        process = subprocess.Popen(
            [program, str(page.resolve())],  # absolute: never an option, never an address
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return process.wait(timeout=_PATIENCE_S) == 0
    except subprocess.TimeoutExpired:
        return True
    except OSError:
        return False
