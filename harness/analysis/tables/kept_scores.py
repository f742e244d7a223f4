"""Scores that were computed before, kept on this machine: outputs and references that have not changed are not scored
again, by a second `analyze` or by the next night's run.

A score's key is the hash of everything that it is computed from: the contents of input, reference and output, how the
arm's tensors hold items, the task's settings, the metric's own description (its convention, its weights' hash), and the
code: the source of the metrics, of the tasks and of these tables, and the versions of the libraries that compute. So
nothing is ever out of date; what is no longer asked for is the first to go when the file is full. What a task saw in
its items and outputs is kept likewise, as text.

`BAKEOFF_SCORES` names another file, or is `off`. A file that cannot be read or written costs time and never a result:
then everything is scored anew, and that is said.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from devices.cache import cache_folder

if TYPE_CHECKING:
    from types import TracebackType

Kept = float | list[float]
"""A value, or an item's contribution to a metric over a set."""

MOST_ROWS: Final = 1_000_000
"""About 100 MB. When there are more, the tenth that was longest not asked for goes."""
SCORES_VARIABLE: Final = "BAKEOFF_SCORES"
_LIBRARIES: Final = ("numpy", "pillow", "opencv-python-headless", "onnxruntime", "scipy", "imageio-ffmpeg")
"""Those that read items, and those that compute."""
_FORMAT: Final = 1
_TEXT: Final = b"t"
_PROOF_BYTES: Final = 8
_WAIT_S: Final = 5.0


def score_key(parts: Mapping[str, Any]) -> str:
    """Of what a score is computed from, as JSON has it; the code that computes it is added."""
    text = json.dumps({**parts, "code": _code_sha256()}, sort_keys=True, ensure_ascii=True, allow_nan=True)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _code_sha256() -> str:
    """Of every file that computes scores, and the versions of the libraries they use."""
    import harness.analysis.tables
    import harness.tasks
    import metrics

    found = hashlib.sha256()
    for package in (metrics, harness.tasks, harness.analysis.tables):
        home = Path(package.__path__[0])
        for path in sorted(home.rglob("*.py")):
            found.update(str(path.relative_to(home)).encode() + b"\0" + path.read_bytes() + b"\0")
    for library in _LIBRARIES:
        try:
            found.update(f"{library} {metadata.version(library)}\0".encode())
        except metadata.PackageNotFoundError:
            found.update(f"{library} is not there\0".encode())
    return found.hexdigest()


class KeptScores:
    """The scores of this machine's cache folder; used from several threads.

    A context: what was put is written when it ends, also where it ends with an error.
    """

    def __init__(self, path: Path | None = None) -> None:
        """`path` of the file; None is what `BAKEOFF_SCORES` says, else `scores.sqlite` in the cache folder."""
        named = os.environ.get(SCORES_VARIABLE, "")
        self._is_off = path is None and named == "off"
        self._path = path or (Path(named).expanduser() if named else cache_folder() / "scores.sqlite")
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._new: dict[str, bytes] = {}
        self._asked: set[str] = set()
        self.fault: str | None = None
        """Why nothing is kept, in words; None where all is well."""

    def __enter__(self) -> Self:
        if self._is_off:
            return self
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._connection = self._open()
        except (OSError, sqlite3.Error) as error:
            self._give_up(error)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is None:
            return
        try:
            self._write(self._connection)
        except sqlite3.Error as failed:
            self._give_up(failed)
        finally:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def get(self, keys: Sequence[str]) -> dict[str, Kept]:
        """Those of the keys that there is a score for."""
        with self._lock:
            if self._connection is None or not keys:
                return {}
            marks = ",".join("?" * len(keys))
            try:
                rows = self._connection.execute(
                    f"SELECT key, score FROM scores WHERE key IN ({marks})", list(keys)
                ).fetchall()
            except sqlite3.Error as error:
                self._give_up(error)
                return {}
            found = {str(key): _unpacked(packed) for key, packed in rows}
            self._asked.update(found)
            return {key: score for key, score in found.items() if score is not None}

    def put(self, scores: Mapping[str, Kept]) -> None:
        """Keep these."""
        with self._lock:
            if self._connection is None:
                return
            self._new.update({key: _packed(score) for key, score in scores.items()})

    def recall(self, parts: Mapping[str, Any], compute: Callable[[], str]) -> str:
        """The text that is computed from `parts` alone: the kept one, else `compute`'s, which is kept."""
        key = score_key(parts)
        with self._lock:
            text = self._text(key)
        if text is None:
            text = compute()
            with self._lock:
                if self._connection is not None:
                    self._new[key] = _TEXT + _proof(text.encode()) + text.encode()
        return text

    def _text(self, key: str) -> str | None:
        if self._connection is None:
            return None
        try:
            row = self._connection.execute("SELECT score FROM scores WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            self._give_up(error)
            return None
        if row is None or not isinstance(row[0], bytes) or not row[0].startswith(_TEXT):
            return None
        proof, text = row[0][1 : 1 + _PROOF_BYTES], row[0][1 + _PROOF_BYTES :]
        if proof != _proof(text):
            return None
        self._asked.add(key)
        return text.decode()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_WAIT_S, check_same_thread=False)
        try:
            if connection.execute("PRAGMA user_version").fetchone()[0] not in (0, _FORMAT):
                msg = f"{self._path} was written by another version"
                raise sqlite3.DatabaseError(msg)
            with connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS scores"
                    " (key TEXT PRIMARY KEY, score BLOB NOT NULL, asked_day INTEGER NOT NULL) WITHOUT ROWID"
                )
                connection.execute(f"PRAGMA user_version = {_FORMAT}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _write(self, connection: sqlite3.Connection) -> None:
        today = int(time.time() // 86_400)
        with connection:
            connection.executemany(
                "INSERT OR REPLACE INTO scores VALUES (?, ?, ?)", [(key, new, today) for key, new in self._new.items()]
            )
            connection.executemany(
                "UPDATE scores SET asked_day = ? WHERE key = ? AND asked_day < ?",
                [(today, key, today) for key in self._asked],
            )
            (count,) = connection.execute("SELECT count(*) FROM scores").fetchone()
            if count > MOST_ROWS:
                connection.execute(
                    "DELETE FROM scores WHERE key IN (SELECT key FROM scores ORDER BY asked_day LIMIT ?)",
                    (count - MOST_ROWS * 9 // 10,),
                )

    def _give_up(self, error: Exception) -> None:
        self.fault = f"scores are not kept for the next time: {self._path}: {error}"
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _packed(score: Kept) -> bytes:
    """A letter for the kind, and the numbers to the last bit."""
    import numpy as np

    numbers = np.asarray(score, dtype="<f8")
    return (b"s" if isinstance(score, list) else b"v") + numbers.tobytes()


def _unpacked(packed: object) -> Kept | None:
    """None where it is nothing that `_packed` wrote."""
    import numpy as np

    if not isinstance(packed, bytes) or len(packed) % 8 != 1 or packed[:1] not in (b"s", b"v"):
        return None
    numbers = [float(number) for number in np.frombuffer(packed[1:], "<f8")]
    if packed[:1] == b"s":
        return numbers
    return numbers[0] if len(numbers) == 1 else None


def _proof(text: bytes) -> bytes:
    """By which a text is known to be whole."""
    return hashlib.sha256(text).digest()[:_PROOF_BYTES]
