"""All runtimes, by the names arms use."""

from __future__ import annotations

import difflib
import re
from typing import Final

from devices.errors import RuntimeNotAvailableError
from devices.runtimes import ai_edge_litert, litert_js, onnxruntime, onnxruntime_web, tflite_runtime
from devices.runtimes.spec import NativeLibrary, RuntimeSpec

RUNTIMES: Final[dict[str, RuntimeSpec]] = {
    spec.name: spec
    for spec in (onnxruntime.SPEC, ai_edge_litert.SPEC, tflite_runtime.SPEC, onnxruntime_web.SPEC, litert_js.SPEC)
}
"""Runtimes stand in the order in which a model of a format that several open is given to one."""


def native_library_of(runtime: str) -> NativeLibrary | None:
    """What the native runner opens of a runtime, by its name; None where only the python runner has it."""
    spec = RUNTIMES.get(runtime)
    return None if spec is None else spec.native


def runtime_for(model_format: str) -> RuntimeSpec:
    """The first runtime that opens models of a format. Raises `RuntimeNotAvailableError` where none does."""
    found = next((spec for spec in RUNTIMES.values() if model_format in spec.formats), None)
    if found is None:
        raise RuntimeNotAvailableError(f"no runtime opens {model_format} models", "Export the model to another format.")
    return found


def resolve(text: str) -> tuple[RuntimeSpec, str]:
    """The runtime and version meant by `onnxruntime` (its tested version) or `onnxruntime==1.32.0`.

    Raises `RuntimeNotAvailableError` for a name that is not in `RUNTIMES` and for what is not a version.
    """
    name, equals, version = (part.strip() for part in text.partition("=="))
    known = ", ".join(RUNTIMES)
    spec = RUNTIMES.get(name.lower().replace("_", "-"))
    if spec is None:
        names = {called: each.name for each in RUNTIMES.values() for called in (each.name, *each.also_called)}
        near = difflib.get_close_matches(name.lower(), names, 1, 0.5)
        meant = names[near[0]] if near else None
        hint = f"Did you mean {meant}? " if meant else ""
        raise RuntimeNotAvailableError(f"no runtime is called {name!r}", f"{hint}There are: {known}.")
    if not equals:
        return spec, spec.default_version
    if not re.fullmatch(r"[0-9][0-9A-Za-z.+!_-]*", version):
        raise RuntimeNotAvailableError(
            f"{text!r}: {version!r} is not a version", f"Write it as {spec.name}=={spec.default_version}."
        )
    return spec, version


def runs_in_a_page(name: str) -> bool:
    """Whether a runtime is an engine of web pages; False for one that is not known."""
    spec = RUNTIMES.get(name)
    return spec is not None and spec.web is not None
