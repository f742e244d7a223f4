"""One model run on this machine on a few tensors, in a process of its own: a model is a stranger's program and may
crash, hang or fill the memory.

    python -P run_once.py MODEL FOLDER        in-0.npy, in-1.npy, … → out-0.0.npy, …, and names.json

The child uses numpy and whichever runtime this Python has, and nothing of the project.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MOST_SAID = 4000
"""Bytes of what a runtime says that are looked at for the reason."""
TFLITE_MODULES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


class NotRunHereError(Exception):
    """The model was not run: there is no runtime for it here, or it failed. The text is one line that says why."""


def run_once(
    model: Path, tensors: list[NDArray[np.generic]], timeout_s: float
) -> tuple[list[str], list[list[NDArray[np.generic]]]]:
    """(names of the outputs, outputs of each tensor). Raises `NotRunHereError`."""
    import numpy as np

    from harness.scratch_folder import scratch_folder  # the child knows nothing of the project

    with scratch_folder("look") as folder:
        for place, tensor in enumerate(tensors):
            np.save(folder / f"in-{place}.npy", tensor, allow_pickle=False)
        argv = [sys.executable, "-P", __file__, str(model.resolve()), str(folder)]
        said = folder / "said.txt"
        try:
            with said.open("wb") as errors:
                done = subprocess.run(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=errors,
                    timeout=timeout_s,
                    cwd=folder,
                    check=False,
                )
        except subprocess.TimeoutExpired:
            raise NotRunHereError(f"it was not done within {timeout_s:.0f} s") from None
        names_file = folder / "names.json"
        if done.returncode != 0 or not names_file.exists():
            lines = _end_of(said).strip().splitlines()
            raise NotRunHereError(lines[-1][:300] if lines else f"exit code {done.returncode}")
        names: list[str] = json.loads(names_file.read_text(encoding="utf-8"))
        return names, [
            [np.load(folder / f"out-{place}.{output}.npy", allow_pickle=False) for output in range(len(names))]
            for place in range(len(tensors))
        ]


def _end_of(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _MOST_SAID))
        return file.read(_MOST_SAID).decode("utf-8", "replace")


def _main(model: str, folder: Path) -> None:
    import numpy as np

    given = [np.load(folder / f"in-{place}.npy") for place in range(len(list(folder.glob("in-*.npy"))))]
    with Path(model).open("rb") as file:
        is_tflite = file.read(8)[4:8] == b"TFL3"
    names, results = (_tflite if is_tflite else _onnx)(model, given)
    for place, outputs in enumerate(results):
        for output, array in enumerate(outputs):
            np.save(folder / f"out-{place}.{output}.npy", array, allow_pickle=False)
    (folder / "names.json").write_text(json.dumps(names), encoding="utf-8")


def _onnx(model: str, given: list[Any]) -> tuple[list[str], list[list[Any]]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return [each.name for each in session.get_outputs()], [session.run(None, {name: tensor}) for tensor in given]


def _tflite(model: str, given: list[Any]) -> tuple[list[str], list[list[Any]]]:
    import importlib

    for module in TFLITE_MODULES:
        try:
            interpreter = importlib.import_module(module).Interpreter(model_path=model, num_threads=2)
            break
        except ModuleNotFoundError:
            continue
    else:
        raise SystemExit("this Python has no runtime for .tflite models")
    results = []
    for tensor in given:
        details = interpreter.get_input_details()[0]
        if list(details["shape"]) != list(tensor.shape):
            interpreter.resize_tensor_input(details["index"], list(tensor.shape))
        interpreter.allocate_tensors()
        interpreter.set_tensor(details["index"], tensor)
        interpreter.invoke()
        results.append([interpreter.get_tensor(each["index"]) for each in interpreter.get_output_details()])
    return [str(each["name"]) for each in interpreter.get_output_details()], results


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
