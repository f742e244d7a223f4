"""A device: a place that holds files and runs programs.

The protocol is narrow on purpose. Everything else (provisioning a runtime, conducting a run) is written against it
once and works on every kind of device. It has four parts, and who needs only one of them asks for that one. All paths
on a device are absolute POSIX strings; commands are argv lists.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from devices.identity import Identity

PushProgress = Callable[[int], None]
"""Called with the number of bytes moved since the last call."""


@dataclass(frozen=True)
class Completed:
    """A command that ran to its end. What it printed has a bound (`devices.posix.shell`); more ends it in an error."""

    exit_code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True)
class Blob:
    """Content named by its SHA-256 (lower-case hex)."""

    path: Path
    sha256: str
    bytes: int


@dataclass(frozen=True)
class ProcessHandle:
    """A detached process: its id, and its start time in clock ticks since boot so that a reused id is not mistaken
    for it.
    """

    pid: int
    start_ticks: int | None
    boot_id: str | None


class DevicePlace(Protocol):
    """Which device it is, and where bakeoff is at home there: what every part of a device says."""

    @property
    def name(self) -> str:
        """As the user wrote it: `local`, `ssh://pi@bench-4`."""
        ...

    @property
    def workdir(self) -> str:
        """Absolute directory on the device that is bakeoff's own."""
        ...


class DeviceIdentity(DevicePlace, Protocol):
    """Whether a device answers, and what it says of itself."""

    def connect(self) -> None:
        """Make sure the device answers and the work directory exists. May be called again after a loss."""
        ...

    def close(self) -> None:
        """Let go of the connection. What runs on the device goes on."""
        ...

    def identify(self) -> Identity:
        """What the device says of itself."""
        ...


class DeviceFiles(DevicePlace, Protocol):
    """What a device keeps, and how it comes and goes."""

    def push(self, blobs: Sequence[Blob], progress: PushProgress | None = None) -> dict[str, str]:
        """Bring blobs to `<workdir>/blobs/<sha256>`; returns sha256 → path there.

        A blob that is there, and whose hash computed on the device agrees, is not sent again; it is not computed again
        while the file is untouched (see `devices.posix.blob_survey`). Content goes to a temporary name first, is hashed
        on the device, and renamed only if the hash is right. Of a large file whose sending was cut the rest is sent.
        """
        ...

    def hash_with(self, program: Sequence[str]) -> None:
        """Hash by a native runner that is there from now on, which is quicker; `program` is its argv prefix."""
        ...

    def write(self, path: str, content: bytes) -> None:
        """Write a small file atomically (temporary name, then rename), creating its directory."""
        ...

    def fetch(
        self,
        files: Sequence[tuple[str, Path]],
        progress: PushProgress | None = None,
        *,
        most_bytes: Sequence[int] | None = None,
    ) -> None:
        """Copy files (path there, path here). Each arrives under a temporary name and is renamed when whole.

        One that is longer than its `most_bytes` (1 GiB where nothing is said) is refused.
        """
        ...

    def follow(self, path: str, offset: int, *, idle_s: float) -> Generator[bytes, None, None]:
        """Yield what a growing file has from `offset` on, as it comes; yields b"" whenever nothing came for `idle_s`.

        Never ends by itself; the caller stops iterating (closing the generator lets go of it). Raises
        `TransientError` when the connection is lost. A file that is not there yet is waited for. Costs the device as
        good as nothing while idle.
        """
        ...

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files or directories below the work directory; no error if they are not there."""
        ...


class DeviceCommands(DevicePlace, Protocol):
    """Commands that run to their end."""

    def run(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes | None = None) -> Completed:
        """Run a command to its end; any exit code is returned. Raises only if it could not be run or its end is not
        known.
        """
        ...


class DeviceProcesses(DevicePlace, Protocol):
    """Programs that outlive the connection."""

    def start(self, argv: Sequence[str], *, log: str, cwd: str) -> ProcessHandle:
        """Start a program that outlives the connection; stdout and stderr are appended to `log`."""
        ...

    def is_running(self, process: ProcessHandle) -> bool:
        """Whether that very process is alive."""
        ...

    def signal(self, process: ProcessHandle, *names: str) -> None:
        """Send signals by name (`TERM`, `KILL`), one after the other, to the process and its process group; no error
        if it is gone.
        """
        ...


class Device(DeviceIdentity, DeviceFiles, DeviceCommands, DeviceProcesses, Protocol):
    """All of them: what a run needs of a device. Every method has a deadline of its own and raises `devices.errors`."""
