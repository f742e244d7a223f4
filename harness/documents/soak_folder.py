"""A soak on disk: the layout that `harness/documents/soak_manifest.py` documents."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.documents.folder import DeviceFolder, read_model
from harness.documents.received_folder import refuse_foreign_entries
from harness.errors import UserError

if TYPE_CHECKING:
    from harness.documents.manifest import ManifestDevice
    from harness.documents.soak_manifest import SoakManifest


@dataclass(frozen=True)
class SoakFolder:
    """The folder of one soak."""

    path: Path

    @property
    def manifest(self) -> Path:
        """What the soak is made of."""
        return self.path / "soak.json"

    @property
    def claim(self) -> Path:
        """Locked by the bakeoff that works in this folder."""
        return self.path / ".claim"

    @property
    def result(self) -> Path:
        """What came out so far."""
        return self.path / "result.json"

    @property
    def report(self) -> Path:
        """The page for people, which may be mailed."""
        return self.path / "report.html"

    @property
    def local_report(self) -> Path:
        """The page that keeps the devices' own names."""
        return self.path / "report.local.html"

    def device(self, device: ManifestDevice) -> DeviceFolder:
        """The folder of one device."""
        return DeviceFolder(self.path / "devices" / device.folder)

    def read_manifest(self) -> SoakManifest:
        """soak.json. Raises `UserError` where the folder is no soak."""
        from harness.documents.soak_manifest import SoakManifest

        if not self.manifest.is_file():
            raise UserError(f"{self.path}: is not a soak (it has no soak.json)", "`bakeoff soak` makes one.")
        refuse_foreign_entries(self.path)
        return read_model(self.manifest, SoakManifest)
