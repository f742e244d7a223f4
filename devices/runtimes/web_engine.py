"""A runtime that lives in a web page: packages of npm, and which of their files a page needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class NpmPackage:
    """A package of npm as a part of an engine. All of an engine's have the engine's version."""

    name: str
    """Such as `onnxruntime-web`, `@litertjs/core`."""
    pinned: Mapping[str, str] = field(default_factory=dict)
    """Version → SHA-256 of the archive that was tested with this bakeoff."""


@dataclass(frozen=True)
class WebEngine:
    """How a web page comes to an engine. Files are named by their package and their path in it."""

    packages: tuple[NpmPackage, ...]
    """The main one first."""
    scripts: Mapping[str, str]
    """Accelerator → the module that a page imports, such as `onnxruntime-web/dist/ort.wasm.min.mjs`."""
    files: Mapping[str, tuple[str, ...]]
    """Accelerator → what else that module may load."""
    needs_static_shapes: tuple[str, ...] = ()
    """Accelerators that refuse a model whose input shapes are not fixed."""
