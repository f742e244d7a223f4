"""Rows that wait in files while the database cannot be had, and come into it at the next opportunity.

A file is whole or not there, and is removed once the database has what it holds. A file that was imported and not yet
removed when the power went is imported again, and changes nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from devices.cache import sweep_parts
from harness.documents.folder import safe_name, write_atomically
from harness.documents.nightly import Change, Nightly
from harness.errors import UserError
from harness.history.faults import HistoryError, HistoryOutOfReachError, HistoryRefusedError
from harness.history.rows import RunRow
from harness.plain_file import read_plain_file

if TYPE_CHECKING:
    from harness.history.store import History

VARIABLE: Final = "BAKEOFF_HISTORY_WAITING"
_MOST_BYTES: Final = 256 * 2**20

_RUNS: Final = TypeAdapter(list[RunRow], config=ConfigDict(ser_json_inf_nan="constants"))
_NIGHT: Final = TypeAdapter(Nightly)
_CHANGES: Final = TypeAdapter(tuple[str, list[Change]])


@dataclass(frozen=True)
class Kept:
    """Where rows are now."""

    in_history: bool
    waiting: int
    """Files that wait."""
    reason: str | None = None
    """Why they do."""
    broken: tuple[str, ...] = ()
    """Files that waited and cannot be understood, which stay where they are under another name."""


@dataclass(frozen=True)
class CameIn:
    """What an import of waiting files came to."""

    files: int
    runs: int
    """Runs on a device that the database did not have."""
    nights: int = 0
    broken: tuple[str, ...] = ()
    """Files that cannot be understood, which stay where they are under another name."""


def waiting_folder() -> Path:
    """`$BAKEOFF_HISTORY_WAITING`, or `~/.local/share/bakeoff/history-waiting`."""
    return Path(os.environ.get(VARIABLE) or "~/.local/share/bakeoff/history-waiting").expanduser()


class Waiting:
    """A folder of files that wait, with those of each suite in one of their own: two suites may have two histories, and
    what waits for one must not come into the other.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or waiting_folder()

    def of_suite(self, suite: str) -> Waiting:
        """What waits of that suite alone."""
        digest = hashlib.sha256(suite.encode("utf-8", "replace")).hexdigest()[:8]
        return Waiting(self.folder / f"{safe_name(suite)}-{digest}")

    def put_runs(self, rows: Sequence[RunRow]) -> None:
        """Write runs into a file. Raises `DiskError`."""
        if rows:
            self._put("runs", rows[0].run_id, _RUNS.dump_json(list(rows)))

    def put_night(self, nightly: Nightly) -> None:
        """Write a night into a file, in place of what waits of the same night. Raises `DiskError`."""
        name = f"{nightly.suite}-{nightly.night}-{nightly.host}"
        content = nightly.model_dump_json(by_alias=True).encode()
        self._put("night", name, content, key=repr((nightly.suite, nightly.night, nightly.host)).encode())

    def put_changes(self, suite: str, changes: Sequence[Change]) -> None:
        """Write what was told into a file. Raises `DiskError`."""
        if changes:
            self._put("changes", suite, _CHANGES.dump_json((suite, list(changes))))

    def _put(self, kind: str, name: str, content: bytes, key: bytes | None = None) -> None:
        # The same content has the same name: whoever writes it twice has one file.
        digest = hashlib.sha256(key if key is not None else content).hexdigest()[:16]
        write_atomically(self.folder / f"{kind}-{safe_name(name, limit=60)}-{digest}.json", content)

    def files(self) -> list[Path]:
        """What waits, the oldest first."""
        found = [path for kind in ("runs", "night", "changes") for path in self.folder.rglob(f"{kind}-*.json")]
        ages = {}
        for path in found:
            with contextlib.suppress(FileNotFoundError):  # another one imported it
                ages[path] = path.stat().st_mtime_ns
        return sorted(ages, key=lambda path: (ages[path], path.name))

    def bring_in(self, history: History) -> CameIn:
        """Import what waits. Raises `HistoryError` where the database cannot be had; what was not imported waits on."""
        files = runs = nights = 0
        broken = []
        for path in self.files():
            try:
                new = _import(history, path)
            except FileNotFoundError:
                continue
            except (HistoryOutOfReachError, HistoryRefusedError):
                raise
            except (ValidationError, OSError, HistoryError):
                with contextlib.suppress(OSError):
                    path.rename(path.with_suffix(".broken"))
                broken.append(str(path.with_suffix(".broken")))
                continue
            files, runs, nights = files + 1, runs + new, nights + path.name.startswith("night-")
            with contextlib.suppress(OSError):
                path.unlink()
        for folder in {path.parent for path in self.folder.rglob(".part-*")}:
            sweep_parts(folder)
        return CameIn(files, runs, nights, tuple(broken))


def _import(history: History, path: Path) -> int:
    content = read_plain_file(path, most_bytes=_MOST_BYTES)
    if path.name.startswith("runs-"):
        return history.keep_runs(_RUNS.validate_json(content))
    if path.name.startswith("night-"):
        history.keep_night(_NIGHT.validate_json(content))
    else:
        history.keep_changes(*_CHANGES.validate_json(content))
    return 0


def keep_or_wait(
    url: str | None,
    rows: Sequence[RunRow] = (),
    *,
    nightly: Nightly | None = None,
    changes: tuple[str, Sequence[Change]] | None = None,
    folder: Path | None = None,
) -> Kept:
    """Keep rows in the history at `url`; where it cannot be had for whatever reason, in files of `folder`, or of their
    suite's where it is None. What waited there comes in first. Raises `DiskError` where neither takes them.
    """
    from harness.history.store import open_history

    suites = [row.suite for row in rows] + [each.suite for each in (nightly,) if each is not None]
    suites += [changes[0]] if changes is not None else []
    waiting = Waiting().of_suite(suites[0]) if folder is None and suites else Waiting(folder)
    reason: str | None = None
    broken: tuple[str, ...] = ()
    # Files first: whatever happens to this process from here on, nothing is lost.
    waiting.put_runs(rows)
    if nightly is not None:
        waiting.put_night(nightly)
    if changes is not None:
        waiting.put_changes(*changes)
    try:
        with open_history(url) as history:
            broken = waiting.bring_in(history).broken
    except UserError as error:
        reason = error.what
    left = len(waiting.files())
    return Kept(left == 0, left, reason, broken)
