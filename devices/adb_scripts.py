"""The scripts of adb_scripts/, which run on the phone."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).resolve().parents[1] / "adb_scripts"


def read_script(name: str) -> str:
    """The text of a script, such as `describe.sh`."""
    return (_FOLDER / name).read_text(encoding="utf-8")
