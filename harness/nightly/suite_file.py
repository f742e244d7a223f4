"""Reading suite.toml, with errors that name the key and the nearest valid one."""

from __future__ import annotations

import hashlib
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from harness.documents.folder import safe_name
from harness.errors import UserError
from harness.experiment.file import MOST_BYTES, declared, toml_table
from harness.nightly.suite import Suite, SuiteExperiment
from harness.plain_file import read_plain_file

_SECRET: Final = ("history", "tell", "repository")
"""Keys whose values may hold a password."""


@dataclass(frozen=True)
class SuiteFile:
    """A validated suite, and where it lies."""

    suite: Suite
    path: Path
    """Absolute."""

    @property
    def folder(self) -> Path:
        """What its paths are relative to."""
        return self.path.parent

    def experiment_path(self, experiment: SuiteExperiment) -> Path:
        """Where an experiment's file is."""
        return self.folder / os.path.expanduser(experiment.file)  # noqa: PTH111  # as paths of an experiment

    def nights_folder(self, instead: Path | None = None) -> Path:
        """The folder of this suite's nights, absolute; `instead` of the one that the suite names."""
        named = self.folder / os.path.expanduser(self.suite.nights)  # noqa: PTH111
        return Path(os.path.abspath(instead or named)) / folder_name(self.suite.name)  # noqa: PTH100  # links stay


def folder_name(name: str) -> str:
    """A folder's name for user text, different for different texts."""
    plain = safe_name(name)
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def read_suite(path: Path) -> SuiteFile:
    """Read and validate. Raises `UserError` naming the file, the key and what to write instead."""
    try:
        content = read_plain_file(path, most_bytes=MOST_BYTES)
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", "docs/run-every-night.md shows one.") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    table = toml_table(content, path, "suite")
    return SuiteFile(declared(table, path, Suite, secret=_SECRET), path.absolute())


def is_suite(path: Path) -> bool:
    """Whether a file looks like a suite rather than an experiment: it has a table of `experiments`, or a budget."""
    try:
        table = tomllib.loads(read_plain_file(path, most_bytes=MOST_BYTES).decode("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return "experiments" in table or "budget_minutes" in table
