"""Telling the node exporter of Prometheus: a file in the folder of its textfile collector, a file a suite.

It is renamed into its place, so that a scrape sees the old night or the new one; and the collector, which runs as
another user, may read it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from harness.documents.folder import DiskError, safe_name, write_atomically
from harness.documents.nightly import Nightly
from harness.nightly.telling.settings import Textfile
from harness.nightly.telling.teller import Render, Teller, TellingError


def file_of(folder: Path, suite: str) -> Path:
    """Where a suite's metrics lie. Two suites never share a file: where a name had to be changed, it is told apart by
    its hash.
    """
    name = safe_name(suite)
    if name != suite:
        name += f"-{hashlib.sha256(suite.encode('utf-8', 'replace')).hexdigest()[:8]}"
    return folder / f"bakeoff_{name}.prom"


def _tell(nightly: Nightly, settings: Textfile, render: Render) -> None:
    folder = Path(settings.folder)
    if not folder.is_dir():
        raise TellingError(
            f"{folder}: is no folder",
            "Name in [tell.textfile] what the node exporter was given as --collector.textfile.directory.",
        )
    path = file_of(folder, nightly.suite)
    try:
        write_atomically(path, render("prometheus", nightly))
        path.chmod(0o644)
    except DiskError as error:
        raise TellingError(error.what, error.remedy) from None
    except OSError as error:
        raise TellingError(f"{path}: {error.strerror}") from None


TELLER = Teller("textfile", _tell)
