"""A run on disk: the layout that `harness/documents/manifest.py` documents, and safe writing of its files."""

from __future__ import annotations

import errno
import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from harness.documents.received_folder import refuse_foreign_entries
from harness.errors import UserError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from harness.documents.manifest import Manifest, ManifestDevice

_Model = TypeVar("_Model", bound="BaseModel")


class DiskError(UserError):
    """This computer's disk did not take a file of the run. What is on devices goes on and can be fetched later."""

    @classmethod
    def of(cls, path: Path, error: OSError) -> DiskError:
        """Say which file, and why; errors of writing carry no file name of their own."""
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        return cls(
            f"{path}: cannot be written: {error.strerror or error}",
            "Free space on this computer's disk." if full else "Choose a folder that you may write to.",
        )


@dataclass(frozen=True)
class DeviceFolder:
    """The part of a run that belongs to one device."""

    path: Path

    @property
    def identity(self) -> Path:
        """What the device said of itself."""
        return self.path / "identity.json"

    @property
    def runner(self) -> Path:
        """Which runner measures it, and why."""
        return self.path / "runner.json"

    @property
    def survey(self) -> Path:
        """What the device showed of its sensors, as text."""
        return self.path / "survey.txt"

    @property
    def profile(self) -> Path:
        """What `bakeoff doctor` had found of it when the run began; not there where it had not."""
        return self.path / "profile.json"

    @property
    def held(self) -> Path:
        """What was held still there, where anything was."""
        return self.path / "held.json"

    @property
    def phone_state(self) -> Path:
        """What a phone was set to before and after it measured; not there for devices of other kinds."""
        return self.path / "phone_state.json"

    @property
    def plan(self) -> Path:
        """The plan as it was pushed."""
        return self.path / "plan.json"

    @property
    def state(self) -> Path:
        """How far the host got."""
        return self.path / "state.json"

    @property
    def records(self) -> Path:
        """Whole lines of the device's records."""
        return self.path / "records.jsonl"

    @property
    def log(self) -> Path:
        """What the runner and the runtimes printed."""
        return self.path / "runner.log"


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def manifest(self) -> Path:
        """What the run is made of."""
        return self.path / "run.json"

    @property
    def experiment(self) -> Path:
        """The experiment as the user wrote it."""
        return self.path / "experiment.toml"

    @property
    def claim(self) -> Path:
        """Locked by the bakeoff that works in this folder."""
        return self.path / ".claim"

    @property
    def comparison(self) -> Path:
        """The result."""
        return self.path / "comparison.json"

    @property
    def shared_comparison(self) -> Path:
        """The result as it may be mailed: without names of users and hosts, addresses, places and serial numbers."""
        return self.path / "comparison.shared.json"

    @property
    def report(self) -> Path:
        """The page for people, as it may be mailed."""
        return self.path / "report.html"

    @property
    def local_report(self) -> Path:
        """The page with the devices' own names; there where it was asked for."""
        return self.path / "report.local.html"

    @property
    def tables(self) -> Path:
        """Parquet files."""
        return self.path / "tables"

    @property
    def gallery(self) -> Path:
        """Files that comparison.json names, for the items to look at."""
        return self.path / "gallery"

    @property
    def items(self) -> Path:
        """What every arm made of every item, in files named after the items."""
        return self.path / "items"

    @property
    def votes_key(self) -> Path:
        """What of a blind look is of which arm; in no page."""
        return self.path / "votes" / "key.json"

    @property
    def votes(self) -> Path:
        """What people said in blind looks; not there before `bakeoff votes` joined some."""
        return self.path / "votes" / "votes.json"

    @property
    def vote_page(self) -> Path:
        """The page of a blind look."""
        return self.path / "vote.html"

    def device(self, device: ManifestDevice) -> DeviceFolder:
        """The folder of one device."""
        return DeviceFolder(self.path / "devices" / device.folder)

    def read_manifest(self) -> Manifest:
        """run.json. Raises `UserError` where the folder is no run, or holds what no run has."""
        from harness.documents.manifest import Manifest

        if not self.manifest.is_file():
            raise UserError(f"{self.path}: is not a run (it has no run.json)", "`bakeoff run` makes one.")
        refuse_foreign_entries(self.path)
        return read_model(self.manifest, Manifest)


def write_atomically(path: Path, content: bytes) -> None:
    """Write under a temporary name, then rename: a reader sees the old file or the new one, never half of one.

    Raises `DiskError`.
    """
    temporary = path.parent / f".part-{secrets.token_hex(8)}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise DiskError.of(path, error) from None


def write_model(path: Path, model: BaseModel) -> None:
    """A pydantic model as indented JSON."""
    write_atomically(path, (model.model_dump_json(indent=2, by_alias=True) + "\n").encode())


def read_model(path: Path, kind: type[_Model]) -> _Model:
    """What `write_model` wrote. Raises `UserError` where it is not there or was changed."""
    from pydantic import ValidationError

    try:
        return kind.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UserError(f"{path}: cannot be understood: {f'{place}: ' if place else ''}{first['msg']}") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}", "Is the run folder whole?") from None


def safe_name(text: str, *, limit: int = 40) -> str:
    """A file name made from user text: only letters, digits, `.`, `_`, `-`; never empty, never hidden."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:limit].strip("-.")
    return name or "unnamed"
