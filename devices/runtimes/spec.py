"""What bakeoff knows of a runtime before it is installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from devices.errors import RuntimeNotAvailableError
from devices.runtimes.web_engine import WebEngine

ON_THE_PROCESSOR: Final = frozenset({"cpu", "wasm"})
"""Accelerators that are the processor itself: nothing falls back from them."""


@dataclass(frozen=True)
class PinnedLibrary:
    """A release whose wheel was tested as the source of the library for one kind of Linux machine."""

    version: str
    platform: str
    """The wheel's platform tag, such as `manylinux_2_28_x86_64`."""
    machine: str
    """The name that `uname -m` says."""
    sha256: str
    """The wheel's."""


@dataclass(frozen=True)
class NativeLibrary:
    """The runtime's own shared library, which the native runner opens."""

    file: str
    """Its file name, which may have a version after it, such as `libonnxruntime.so`."""
    wheel_folder: str
    """The folder in the distribution's wheel where it lies, with a slash at its end."""
    wheel_pattern: str
    """Its name there, as a glob pattern."""
    pinned: tuple[PinnedLibrary, ...] = ()
    archive: tuple[str, str] | None = None
    """Maven group and artifact of its archive for Android; None where its makers publish none."""
    accelerator_files: Mapping[str, Mapping[Literal["linux", "android"], tuple[str, ...]]] = field(default_factory=dict)
    """Accelerator that a library of its own drives → system → names of that library, in the order in which the runtime
    tries them.
    """


@dataclass(frozen=True)
class PythonPackage:
    """A runtime as a package for Python."""

    distribution: str
    """Its name on a package index."""
    import_name: str
    """The module whose import proves that it works."""
    python_min: tuple[int, int]
    """Oldest and newest Python that any version of it was ever built for, as far as is known: what a version really
    has wheels for is the index's to say.
    """
    python_max: tuple[int, int] | None = None
    extra_requirements: tuple[str, ...] = ("numpy",)
    """Installed beside it, in pip's language."""

    def requirements(self, version: str) -> tuple[str, ...]:
        """What is installed for one version of it."""
        return (f"{self.distribution}=={version}", *self.extra_requirements)

    def supports_python(self, version: tuple[int, int]) -> bool:
        """Whether wheels for this Python can be expected at all."""
        return version >= self.python_min and (self.python_max is None or version <= self.python_max)

    def python_range(self) -> str:
        """Such as `3.9 to 3.11`, for people."""
        lowest = ".".join(map(str, self.python_min))
        return f"{lowest} or newer" if self.python_max is None else f"{lowest} to {'.'.join(map(str, self.python_max))}"


@dataclass(frozen=True)
class RuntimeSpec:
    """A named engine: a Python distribution, or packages for web pages."""

    name: str
    """The name that arms use."""
    default_version: str
    """The version that was tested with this bakeoff."""
    formats: tuple[str, ...]
    """Formats of models that it opens, as `harness.models.registry` names them."""
    python: PythonPackage | None = None
    """None for an engine that lives in a web page."""
    web: WebEngine | None = None
    """None for all others."""
    accelerators: tuple[str, ...] = ("cpu",)
    """What it can be asked to run on, in one build or another: what a build really has shows on the device. An arm
    that names none gets the first.
    """
    accelerator_hints: Mapping[str, str] = field(default_factory=dict)
    """For an accelerator that it is often asked for in vain: what to write instead."""
    option_patterns: Mapping[str, str] = field(default_factory=dict)
    """Accelerator option → regular expression of its values, where the runtime ignores or misreads others."""
    also_called: tuple[str, ...] = ()
    """Names that people write for it; each is answered with its own name."""
    native: NativeLibrary | None = None
    """None where only the python runner has it."""

    def python_package(self) -> PythonPackage:
        """Raises `RuntimeNotAvailableError` for an engine that lives in a web page."""
        if self.python is None:
            raise RuntimeNotAvailableError(f"{self.name} lives in a web page, and Python has no package of it")
        return self.python
