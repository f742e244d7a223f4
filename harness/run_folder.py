"""A run on disk: the layout that `harness/manifest.py` documents, and safe writing of its files."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from harness.manifest import Manifest, ManifestDevice


@dataclass(frozen=True)
class DeviceFolder:
    """The part of a run that belongs to one device."""

    path: Path

    @property
    def identity(self) -> Path:
        """What the device said of itself."""
        return self.path / "identity.json"

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
    def comparison(self) -> Path:
        """The result."""
        return self.path / "comparison.json"

    @property
    def report(self) -> Path:
        """The page for people."""
        return self.path / "report.html"

    @property
    def tables(self) -> Path:
        """Parquet files."""
        return self.path / "tables"

    @property
    def gallery(self) -> Path:
        """Pictures that comparison.json names."""
        return self.path / "gallery"

    def device(self, device: ManifestDevice) -> DeviceFolder:
        """The folder of one device."""
        return DeviceFolder(self.path / "devices" / device.folder)

    def read_manifest(self) -> Manifest:
        """run.json. Raises `UserError` where the folder is no run."""
        from pydantic import ValidationError

        from harness.manifest import Manifest

        try:
            return Manifest.model_validate_json(self.manifest.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(f"{self.path}: is not a run (it has no run.json)", "`bakeoff run` makes one.") from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise UserError(f"{self.manifest}: cannot be understood: {place}: {first['msg']}") from None


def write_atomically(path: Path, content: bytes) -> None:
    """Write under a temporary name, then rename: a reader sees the old file or the new one, never half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_model(path: Path, model: BaseModel) -> None:
    """A pydantic model as indented JSON."""
    write_atomically(path, (model.model_dump_json(indent=2, by_alias=True) + "\n").encode())


def safe_name(text: str, *, limit: int = 40) -> str:
    """A file name made from user text: only letters, digits, `.`, `_`, `-`; never empty, never hidden."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:limit].strip("-.")
    return name or "unnamed"
