"""runner.json: which runner measured a device, why that one, and from where its runtimes' libraries were."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from devices.web_engines.package_origin import PackageOrigin


class LibraryRecord(BaseModel):
    """The shared library that an arm's runtime was opened from, by the native runner."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    """Its name on the host."""
    sha256: str
    source: str
    """The wheel, archive or path that it is from, with the archive's hash."""
    note: str = ""
    """What a reader should know of it, such as that it is another file than last time."""
    beside: dict[str, str] = {}
    """Name → SHA-256 of the libraries that were brought along with it."""


class EngineRecord(BaseModel):
    """The engine of an arm that runs in a browser, and the browser."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    browser: str
    """Path of its program on the device, or `android:` and an app's package."""
    browser_product: str
    """What it calls itself, such as `Chromium 150.0.7204.92`."""
    files: dict[str, str]
    """Package and path in it → SHA-256."""
    bytes: int
    """All the files that a page may load together; which it did load, the record of the arm says."""
    gzip_bytes: dict[str, int] = {}
    """File → its size as gzip makes it at its best, as a server would send it."""
    model_gzip_bytes: int | None = None
    """The same of the model's file."""
    packages: list[PackageOrigin]


class RunnerRecord(BaseModel):
    """Written when a device is planned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    runner: Literal["python", "native"]
    reason: str
    """Why this one, in words that follow a colon."""
    target: str | None = None
    """For the native runner the build, such as `linux-aarch64`."""
    portable: bool = False
    """Whether the runner brought its own libc along."""
    libraries: dict[str, LibraryRecord] = {}
    """Arm id → its library, for the native runner."""
    engines: dict[str, EngineRecord] = {}
    """Arm id → its engine, for arms that run in a browser."""

    @property
    def name(self) -> str:
        """Such as `native runner, portable`."""
        return f"{self.runner} runner{', portable' if self.portable else ''}"


RunnerKind = Literal["python", "native"]
