"""All runtimes, by the names arms use."""

from __future__ import annotations

import difflib
import re
from typing import Final

from devices.errors import RuntimeNotAvailableError
from devices.runtimes import ai_edge_litert, onnxruntime, tflite_runtime
from devices.runtimes.spec import RuntimeSpec

RUNTIMES: Final[dict[str, RuntimeSpec]] = {
    spec.name: spec for spec in (onnxruntime.SPEC, ai_edge_litert.SPEC, tflite_runtime.SPEC)
}


def resolve(text: str) -> tuple[RuntimeSpec, str]:
    """The runtime and version meant by `onnxruntime` (its tested version) or `onnxruntime==1.32.0`.

    Raises `RuntimeNotAvailableError` for a name that is not in `RUNTIMES` and for what is not a version.
    """
    name, equals, version = (part.strip() for part in text.partition("=="))
    known = ", ".join(RUNTIMES)
    spec = RUNTIMES.get(name.lower().replace("_", "-"))
    if spec is None:
        near = difflib.get_close_matches(name.lower(), [*RUNTIMES, "litert", "tflite"], 1, 0.5)
        meant = {"litert": "ai-edge-litert", "tflite": "ai-edge-litert"}.get(near[0], near[0]) if near else None
        hint = f"Did you mean {meant}? " if meant else ""
        raise RuntimeNotAvailableError(f"no runtime is called {name!r}", f"{hint}There are: {known}.")
    if not equals:
        return spec, spec.default_version
    if not re.fullmatch(r"[0-9][0-9A-Za-z.+!_-]*", version):
        raise RuntimeNotAvailableError(
            f"{text!r}: {version!r} is not a version", f"Write it as {spec.name}=={spec.default_version}."
        )
    return spec, version
