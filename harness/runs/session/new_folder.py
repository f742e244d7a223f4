"""The folder of a new run: none that holds something already, and one that can be made."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from harness.documents.folder import DiskError, RunFolder, safe_name
from harness.documents.soak_folder import SoakFolder
from harness.errors import UserError

_Folder = TypeVar("_Folder", RunFolder, SoakFolder)


def new_folder(kind: type[_Folder], out: Path | None, name: str) -> _Folder:
    """`out`, or a new folder below `runs/`; not made yet. Raises `UserError` where there is something already, or
    nothing can be made.
    """
    if out is None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        out = Path("runs") / f"{stamp}-{safe_name(name)}"
    folder = kind(out)
    refuse_used(folder)
    _refuse_unwritable(out)
    return folder


def _refuse_unwritable(out: Path) -> None:
    place = next(parent for parent in (out.absolute(), *out.absolute().parents) if parent.exists())
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        raise UserError(
            f"{out}: cannot be made: {place} is no folder that you may write to", "Name another with --out."
        )


def refuse_used(folder: RunFolder | SoakFolder) -> None:
    """Raise `UserError` where there is anything but a claim, and what a start that was cut off left half-written."""
    out = folder.path
    if out.exists() and (
        not out.is_dir() or any(each != folder.claim and not each.name.startswith(".part-") for each in out.iterdir())
    ):
        command = "bakeoff run" if isinstance(folder, RunFolder) else "bakeoff soak"
        raise UserError(f"{out}: is there already", f"Name another folder, or `{command} --resume` to go on with it.")


def make_folder(folder: RunFolder | SoakFolder) -> None:
    """Raises `DiskError`."""
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError.of(folder.path, error) from None
