"""Runs parts of models for `harness.parity.engine`, in a process of its own: a model is a stranger's program.

    python -P engine_child.py FOLDER        one JSON request a line on stdin, one answer a line on stdout

It uses numpy and whichever runtimes this Python has, and nothing of the project. Arrays go through the files in.npy and
out.npy, one behind the other.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

TFLITE_MODULES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")


class Onnx:
    """A session of ONNX Runtime."""

    def __init__(self, path: str, about: dict[str, Any]) -> None:
        import onnxruntime

        onnxruntime.set_default_logger_severity(4)
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        options.intra_op_num_threads = 2
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        level = onnxruntime.GraphOptimizationLevel
        options.graph_optimization_level = {
            "none": level.ORT_DISABLE_ALL, "extended": level.ORT_ENABLE_EXTENDED, "all": level.ORT_ENABLE_ALL,
        }[about["optimise"]]  # fmt: skip
        if about.get("dump"):
            options.optimized_model_filepath = about["dump"]
        provider = about.get("provider") or "CPUExecutionProvider"
        if provider not in onnxruntime.get_available_providers():
            raise ValueError(f"this ONNX Runtime has no {provider}: {', '.join(onnxruntime.get_available_providers())}")
        providers = list(dict.fromkeys([provider, "CPUExecutionProvider"]))
        self.session = onnxruntime.InferenceSession(path, options, providers=providers)
        if provider not in self.session.get_providers():
            raise ValueError(f"{provider} does not start here")

    def names(self) -> tuple[list[str], list[str]]:
        """Inputs and outputs."""
        return [each.name for each in self.session.get_inputs()], [each.name for each in self.session.get_outputs()]

    def run(self, feeds: dict[str, Any], fetch: list[str]) -> list[Any]:
        """Arrays in, arrays out."""
        return list(self.session.run(fetch, feeds))


class Tflite:
    """An interpreter of TensorFlow Lite."""

    def __init__(self, path: str, about: dict[str, Any]) -> None:
        for module in TFLITE_MODULES:
            try:
                interpreter = importlib.import_module(module)
                break
            except ModuleNotFoundError:
                continue
        else:
            raise ValueError("this Python has no runtime for .tflite models: pip install ai-edge-litert")
        options: dict[str, Any] = {"num_threads": 2}
        if about["optimise"] == "none" and hasattr(interpreter, "OpResolverType"):
            options["experimental_op_resolver_type"] = interpreter.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        if about.get("preserve"):
            options["experimental_preserve_all_tensors"] = True
        self.interpreter = interpreter.Interpreter(model_path=path, **options)
        self.allocated = False

    def names(self) -> tuple[list[str], list[str]]:
        """Inputs and outputs, by their places."""
        count = len(self.interpreter.get_input_details()), len(self.interpreter.get_output_details())
        return [str(place) for place in range(count[0])], [str(place) for place in range(count[1])]

    def run(self, feeds: dict[str, Any], fetch: list[str]) -> list[Any]:
        """Arrays in, arrays out: by the place of an output, or as `t7` by that of a tensor which is kept."""
        details = self.interpreter.get_input_details()
        for place, each in enumerate(details):
            wanted = list(feeds[str(place)].shape)
            if list(each["shape"]) != wanted:
                self.interpreter.resize_tensor_input(each["index"], wanted)
                self.allocated = False
        if not self.allocated:
            self.interpreter.allocate_tensors()
            self.allocated = True
        self.interpreter.reset_all_variables()
        for place, each in enumerate(details):
            self.interpreter.set_tensor(each["index"], feeds[str(place)])
        self.interpreter.invoke()
        outputs = self.interpreter.get_output_details()
        places = [int(name[1:]) if name.startswith("t") else outputs[int(name)]["index"] for name in fetch]
        return [self.interpreter.get_tensor(place) for place in places]


def _main(folder: Path) -> None:
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a runtime prints is no answer
    opened: dict[str, Any] = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = _answer(request, opened, folder)
        except Exception as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            answer = {"failed": next((each for each in reversed(said) if each.strip()), said[-1])[:400]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _answer(request: dict[str, Any], opened: dict[str, Any], folder: Path) -> dict[str, Any]:
    key = request["key"]
    if request["do"] == "close":
        opened.pop(key, None)
        return {}
    if request["do"] == "open":
        path = request["path"]
        with Path(path).open("rb") as file:
            is_tflite = file.read(8)[4:8] == b"TFL3"
        opened[key] = (Tflite if is_tflite else Onnx)(path, request)
        inputs, outputs = opened[key].names()
        return {"inputs": inputs, "outputs": outputs}
    with (folder / "in.npy").open("rb") as file:
        feeds = {name: np.load(file, allow_pickle=False) for name in request["feeds"]}
    made: list[str] = []
    with (folder / "out.npy").open("wb") as file:
        for name, array in zip(request["fetch"], opened[key].run(feeds, request["fetch"]), strict=True):
            if isinstance(array, np.ndarray) and array.dtype.kind in "fiub":
                np.save(file, array, allow_pickle=False)
                made.append(name)
    return {"made": made}


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
