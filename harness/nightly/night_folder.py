"""The folder of one night: NIGHTS/<suite>/<night>/, and what lies in it."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from harness.documents.folder import RunFolder, read_model, safe_name
from harness.documents.nightly import Nightly
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.nightly.state import RunOfNight

_NIGHT: Final = re.compile(r"^\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True)
class NightFolder:
    """The folder of one night."""

    path: Path

    @property
    def state(self) -> Path:
        """How far it got."""
        return self.path / "night.json"

    @property
    def document(self) -> Path:
        """What it came to; there once it is done."""
        return self.path / "nightly.json"

    @property
    def claim(self) -> Path:
        """Locked by the bakeoff that works on this night."""
        return self.path / ".claim"

    def run(self, run: RunOfNight) -> RunFolder:
        """The folder of a run."""
        return RunFolder(self.path / run.folder)

    def new_run_name(self, experiment: str, device: str, taken: Container[str]) -> str:
        """A folder for one more run, that is neither there nor among those `taken`; it is not made. Of the device it
        has `local`, `adb` or `ssh` alone: the night's page, which may be mailed, links to it.
        """
        stem = f"runs/{safe_name(experiment)}-{safe_name(device.partition(':')[0])}"
        number = 1
        while f"{stem}-{number}" in taken or (self.path / f"{stem}-{number}").exists():
            number += 1
        return f"{stem}-{number}"


def nights_before(suite_folder: Path, night: str) -> Iterator[Nightly]:
    """The nights of a suite that are done, before this one, the newest first. What cannot be read is left out."""
    if not suite_folder.is_dir():
        return
    names = sorted((each.name for each in suite_folder.iterdir() if _NIGHT.match(each.name)), reverse=True)
    for name in names:
        document = NightFolder(suite_folder / name).document
        if name < night and document.is_file():
            try:
                yield read_model(document, Nightly)
            except UserError:
                continue
