"""ai-edge-litert and tflite-runtime, on the CPU."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.python_runner.runtimes.adapter import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt


class TensorFlowLite:
    """TensorFlow Lite's interpreter with the delegates it applies by default (XNNPACK)."""

    package: str
    """Import name of the package that has `interpreter.Interpreter`."""
    wholly_delegated: bool | None = None
    infer: Callable[[], object]

    def __init__(self, threads: int, accelerator: str, options: dict[str, str]) -> None:
        if accelerator != "cpu":
            raise refused(accelerator, self.package.replace("_", "-"), "cpu")
        package = importlib.import_module(self.package)
        self._interpreter_class: Any = importlib.import_module(self.package + ".interpreter").Interpreter
        self._threads = threads
        self.version = str(package.__version__)
        self.settings = {"num_threads": str(threads), "delegates": "the runtime's default"}
        self.delegated_nodes: int | None = None
        self.total_nodes: int | None = None

    def load(self, model: str, input_shapes: dict[str, list[int]]) -> None:
        """As `Adapter.load`."""
        # A path that the interpreter cannot open reads like a bug in it; say it plainly.
        Path(model).open("rb").close()
        self._interpreter: Any = self._interpreter_class(model_path=model, num_threads=self._threads)
        indices = {details["name"]: details["index"] for details in self._interpreter.get_input_details()}
        for name, shape in input_shapes.items():
            if name not in indices:
                raise ValueError(f"the plan gives input {name!r} a shape, and the model has only {sorted(indices)}")
            self._interpreter.resize_tensor_input(indices[name], shape)
        self._interpreter.allocate_tensors()
        self.infer = self._interpreter.invoke
        self._count_delegated_nodes()

    def _count_delegated_nodes(self) -> None:
        """How many of the graph's nodes a delegate took.

        The interpreter lists every node of the model and, after them, one node for each part that a delegate took.
        Going back from the outputs and preferring a delegate's node as the producer of a tensor visits exactly the
        nodes that the interpreter's own kernels still run; the rest were replaced.
        """
        try:
            nodes: list[dict[str, Any]] = self._interpreter._get_ops_details()
        except (AttributeError, RuntimeError, ValueError):
            return  # no public interface says this; without it the counts stay null
        own = [node for node in nodes if node["op_name"] != "DELEGATE"]
        delegates = [node for node in nodes if node["op_name"] == "DELEGATE"]
        producer = {int(tensor): node for node in own + delegates for tensor in node["outputs"]}
        kept: set[int] = set()
        seen: set[int] = set()
        waiting = [int(details["index"]) for details in self._interpreter.get_output_details()]
        while waiting:
            node = producer.get(waiting.pop())
            if node is None or node["index"] in seen:
                continue
            seen.add(node["index"])
            if node["op_name"] != "DELEGATE":
                kept.add(node["index"])
            waiting.extend(int(tensor) for tensor in node["inputs"] if tensor >= 0)
        self.total_nodes = len(own)
        self.delegated_nodes = len(own) - len(kept) if delegates else 0

    @staticmethod
    def _info(details: dict[str, Any]) -> dict[str, Any]:
        import numpy as np

        scales = details["quantization_parameters"]["scales"]
        zero_points = details["quantization_parameters"]["zero_points"]
        is_quantised = len(scales) == 1
        return {
            "name": details["name"],
            "dtype": np.dtype(details["dtype"]).name,
            "shape": [int(size) for size in details["shape_signature"]],
            "scale": float(scales[0]) if is_quantised else None,
            "zero_point": int(zero_points[0]) if is_quantised else None,
        }

    def inputs(self) -> list[dict[str, Any]]:
        """As `Adapter.inputs`."""
        return [self._info(details) for details in self._interpreter.get_input_details()]

    def outputs(self) -> list[dict[str, Any]]:
        """As `Adapter.outputs`."""
        return [self._info(details) for details in self._interpreter.get_output_details()]

    def bind(self, arrays: list[npt.NDArray[Any]]) -> None:
        """As `Adapter.bind`."""
        resized = False
        for details, array in zip(self._interpreter.get_input_details(), arrays):  # noqa: B905
            now, signature = [int(size) for size in details["shape"]], details["shape_signature"]
            if list(array.shape) == now:
                continue
            fits = len(signature) == array.ndim and all(s in (-1, n) for s, n in zip(signature, array.shape))  # noqa: B905
            if not fits:
                raise ValueError(f"input {details['name']!r} takes shape {now}, the item has {list(array.shape)}")
            self._interpreter.resize_tensor_input(details["index"], list(array.shape))
            resized = True
        if resized:
            self._interpreter.allocate_tensors()
        for details, array in zip(self._interpreter.get_input_details(), arrays):  # noqa: B905
            self._interpreter.set_tensor(details["index"], array)

    def fetch(self, inferred: object) -> list[npt.NDArray[Any]]:
        """As `Adapter.fetch`."""
        return [self._interpreter.get_tensor(details["index"]) for details in self._interpreter.get_output_details()]


class AiEdgeLitert(TensorFlowLite):
    """TensorFlow Lite under its present name, LiteRT."""

    package = "ai_edge_litert"


class TfliteRuntime(TensorFlowLite):
    """TensorFlow Lite's last wheel under its old name."""

    package = "tflite_runtime"
