"""What `bakeoff doctor` found out of one device."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.documents.profile import DeviceProfile


@dataclass(frozen=True)
class Examined:
    """What came of one device: a profile and where it is kept, or why there is none."""

    device: str
    profile: DeviceProfile | None = None
    path: Path | None = None
    problem: str | None = None
    remedy: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether everything that was asked for was found out."""
        return self.profile is not None and self.profile.calibration_problem is None
