"""What a model puts out on this computer, in the format's own runtime."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Final

from harness.parity.engine import EngineError, engine

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile

_RUNTIMES: Final = {"onnx": ("onnxruntime",), "tflite": ("ai-edge-litert", "tflite-runtime")}


def reference_outputs(
    model: ModelFile, items: Sequence[Sequence[NDArray[np.generic]]]
) -> tuple[str, list[list[NDArray[np.generic]]] | None]:
    """(which runtime, the outputs of each item in the model's order), or (why there are none, None)."""
    found: list[list[NDArray[np.generic]]] = []
    try:
        with engine() as child:
            session = child.open(model.path, optimise="all")
            for arrays in items:
                made = session.run(dict(zip(session.inputs, arrays, strict=True)))
                found.append([made[name] for name in session.outputs])
    except EngineError as error:
        return f"nothing: on this computer {error}", None
    except KeyError as error:
        return f"nothing: the model's output {error} is no array of numbers", None
    return f"{_named(model.format)} on this computer", found


def _named(model_format: str) -> str:
    for name in _RUNTIMES.get(model_format, ()):
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    return f"the runtime of .{model_format} models"
