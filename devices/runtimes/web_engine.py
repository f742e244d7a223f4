"""A runtime that lives in a web page: packages of npm, and which of their files a page needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class NpmPackage:
    """A package of npm as a part of an engine. All of an engine's have the engine's version."""

    name: str
    """Such as `onnxruntime-web`, `@litertjs/core`."""
    below: str = ""
    """Where its files lie below the engine's address, with a slash at its end; empty for the engine's main package."""
    pinned: Mapping[str, str] = field(default_factory=dict)
    """Version → SHA-256 of the archive that was tested with this bakeoff."""


@dataclass(frozen=True)
class WebEngine:
    """How a web page comes to an engine."""

    packages: tuple[NpmPackage, ...]
    """The main one first."""
    scripts: Mapping[str, str]
    """Accelerator → the module that a page imports, by its path in the main package."""
    files: Mapping[str, tuple[str, ...]]
    """Accelerator → what else that module may load, below the engine's address."""
    needs_static_shapes: tuple[str, ...] = ()
    """Accelerators that refuse a model whose input shapes are not fixed."""
    imports: Mapping[str, str] = field(default_factory=dict)
    """Package that a module imports by its bare name → the file meant, below the engine's address. A page has no
    resolver: the name is written as an address there, as a bundler does.
    """
