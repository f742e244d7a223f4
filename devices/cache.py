"""Where what was downloaded or built is kept on this computer."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "BAKEOFF_CACHE"


def cache_folder() -> Path:
    """`$BAKEOFF_CACHE`, or `~/.cache/bakeoff`."""
    return Path(os.environ.get(CACHE_VARIABLE) or "~/.cache/bakeoff").expanduser()
