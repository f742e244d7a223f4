"""Runs below a folder: found by what they hold, not opened."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from harness.errors import UserError

_DEEPEST: Final = 6
"""Nights lie in folders of their suite and their date; deeper than this there are no runs."""


def runs_below(folder: Path) -> Iterator[Path]:
    """Folders below `folder`, or itself, that hold a comparison.json. Links are not followed; what a run holds is not
    looked through. Raises `UserError` where `folder` is none.
    """
    for place, files in _folders(folder):
        if "comparison.json" in files:
            yield place


def newest_page(folder: Path) -> Path:
    """The newest page below `folder`: of a run, a soak, or a night. Raises `UserError` where there is none."""
    if folder.is_file():
        return folder
    pages = []
    for place, files in _folders(folder):
        pages += [place / "report.html"] if "report.html" in files else []
        pages += [place / "index.html"] if {"index.html", "nightly.json"} <= files else []
    dated = [(page.stat().st_mtime_ns, page) for page in pages]
    if not dated:
        raise UserError(f"{folder}: there is no report in it", "`bakeoff report RUN` writes that of a run.")
    return max(dated)[1]


def _folders(folder: Path) -> Iterator[tuple[Path, set[str]]]:
    """Each folder with the names of its plain files; a run's own folders are left out."""
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "is not there"
        raise UserError(f"{folder}: {what}", "Name the folder of a run, or one with runs in it.")
    left = [(folder, 0)]
    while left:
        place, depth = left.pop()
        try:
            with os.scandir(place) as found:
                entries = sorted(found, key=lambda entry: entry.name)
        except OSError:
            continue  # a folder of somebody else's beside the runs
        files = {entry.name for entry in entries if entry.is_file(follow_symlinks=False)}
        yield place, files
        if depth < _DEEPEST and not files & {"run.json", "comparison.json", "soak.json"}:
            left += [
                (Path(entry.path), depth + 1)
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
            ]
