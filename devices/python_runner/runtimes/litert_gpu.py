"""ai-edge-litert on a GPU."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.python_runner.runtimes.adapter import options_text
from devices.python_runner.runtimes.tensorflow_lite import TensorFlowLite

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt


class LitertOnGpu:
    """LiteRT's compiled model on a GPU, with the CPU behind it for what the GPU does not take."""

    delegated_nodes: int | None = None
    total_nodes: int | None = None
    wholly_delegated: bool | None = None
    infer: Callable[[], object]

    _FLAGS = {  # noqa: RUF012 - a constant
        "allow_src_quantized_fc_conv_ops": "allow_src_quantized_fc_conv_ops",
        "benchmark_mode": "benchmark_mode",
        "enable_constant_tensors_sharing": "constant_tensor_sharing",
        "enable_infinite_float_capping": "infinite_float_capping",
        "hint_waiting_for_completion": "hint_waiting_for_completion",
    }
    """LiteRT's own names of options → the Python package's. `precision` is there as one of its values only."""

    def __init__(self, threads: int, accelerator: str, options: dict[str, str]) -> None:
        self.version = str(importlib.import_module("ai_edge_litert").__version__)
        try:
            self._compiled_model: Any = importlib.import_module("ai_edge_litert.compiled_model").CompiledModel
            self._options: Any = importlib.import_module("ai_edge_litert.options")
            self._accelerators: Any = importlib.import_module("ai_edge_litert.hardware_accelerator").HardwareAccelerator
        except (ImportError, AttributeError) as error:
            raise ValueError(
                f"ai-edge-litert {self.version} has no compiled models with options, which accelerator 'gpu' needs"
                f" ({error}): use 2.3.0 or newer, or --runner native"
            ) from None
        self._threads = threads
        self._gpu_options = self._options.GpuOptions(**self._named(options))
        self.settings = {
            "num_threads": str(threads),
            "hardware_accelerators": "gpu, cpu",
            "timed": "the run and reading its outputs back",
        }
        if options:
            self.settings["accelerator_options"] = options_text(options)
        self._tensors: tuple[list[dict[str, Any]], list[dict[str, Any]]] | None = None
        self._buffers: tuple[list[Any], list[Any]] | None = None

    def _named(self, options: dict[str, str]) -> dict[str, bool]:
        named = {}
        for name, value in options.items():
            if name in self._FLAGS and value in ("true", "false"):
                named[self._FLAGS[name]] = value == "true"
            elif (name, value) == ("precision", "2"):
                named["enforce_f32"] = True
            else:
                raise ValueError(
                    f"ai-edge-litert's Python package has no option {name!r} with value {value!r} of its GPU; it has"
                    f" precision = 2, and as true or false {', '.join(self._FLAGS)}. Others: --runner native"
                )
        return named

    def load(self, model: str, input_shapes: dict[str, list[int]]) -> None:
        """Compiles for the GPU alone; where that is refused, with the CPU behind it. Nothing else here says whether
        the GPU took all of it.
        """
        Path(model).open("rb").close()
        self._model_path = model
        gpu, cpu = self._accelerators.GPU, self._accelerators.CPU
        try:
            self._compiled: Any = self._compile(gpu)
            self.wholly_delegated = True
            self.settings["nodes_taken"] = "GPU all"
        except RuntimeError:
            try:
                self._compiled = self._compile(gpu | cpu)
            except RuntimeError as error:
                raise RuntimeError(f"LiteRT could not compile the model for the GPU: {error}") from None
            self.wholly_delegated = False
            self.settings["nodes_taken"] = "GPU not all: LiteRT does not say how many"
            self.settings["load"] = "with a first try on the GPU alone"
        self._signature = next(iter(self._compiled.get_signature_list()))
        names = {details["name"]: details for details in self._details("Input")}
        for name, shape in input_shapes.items():
            if name not in names:
                raise ValueError(f"the plan gives input {name!r} a shape, and the model has only {sorted(names)}")
            self._resize(self._details("Input").index(names[name]), shape)

    def _compile(self, accelerators: Any) -> Any:
        options = self._options.Options(
            hardware_accelerators=accelerators,
            cpu_options=self._options.CpuOptions(num_threads=self._threads),
            gpu_options=self._gpu_options,
        )
        return self._compiled_model.from_file(self._model_path, options=options)

    def _details(self, which: str) -> list[dict[str, Any]]:
        """In the order of the signature, which is that of the buffers; with the present shapes."""
        names = self._compiled.get_signature_list()[self._signature][which.lower() + "s"]
        details = getattr(self._compiled, f"get_{which.lower()}_tensor_details")(self._signature)
        return [details[name] for name in names]

    def _resize(self, place: int, shape: list[int]) -> None:
        self._compiled.resize_input_tensor(place, shape)
        self._buffers = None

    def _described(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Inputs and outputs in the order of the model's graph. A compiled model does not say their quantisation, so
        an interpreter is asked, which is made for that and never run.
        """
        if self._tensors is None:
            module = importlib.import_module("ai_edge_litert.interpreter")
            plain = module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
            interpreter = module.Interpreter(model_path=self._model_path, experimental_op_resolver_type=plain)
            self._tensors = (interpreter.get_input_details(), interpreter.get_output_details())
        return self._tensors

    def inputs(self) -> list[dict[str, Any]]:
        """In the order of the model's graph."""
        return [TensorFlowLite._info(details) for details in self._described()[0]]

    def outputs(self) -> list[dict[str, Any]]:
        """In the order of the model's graph."""
        return [TensorFlowLite._info(details) for details in self._described()[1]]

    def _places(self, which: int) -> list[int]:
        """Where in the signature each tensor of the graph is."""
        order = [details["index"] for details in self._details("Output" if which else "Input")]
        return [order.index(int(details["index"])) for details in self._described()[which]]

    def bind(self, arrays: list[npt.NDArray[Any]]) -> None:
        """Writes the inputs; new buffers where a shape is another."""
        places = self._places(0)
        for place, array in zip(places, arrays):  # noqa: B905
            details = self._details("Input")[place]
            if list(array.shape) != list(details["shape"]):
                try:
                    self._resize(place, list(array.shape))
                except RuntimeError as error:
                    mismatch = f"takes shape {list(details['shape'])}, the item has {list(array.shape)}"
                    raise ValueError(f"input {details['name']!r} {mismatch}") from error
        if self._buffers is None:
            self._buffers = self._compiled.create_input_buffers(0), self._compiled.create_output_buffers(0)
        inputs, outputs = self._buffers
        for place, array in zip(places, arrays):  # noqa: B905
            inputs[place].write(array)
        shapes = [details["shape"] for details in self._details("Output")]
        dtypes = [details["dtype"] for details in self._details("Output")]
        self.infer = functools.partial(self._run_and_read, inputs, outputs, shapes, dtypes)

    def _run_and_read(
        self, inputs: list[Any], outputs: list[Any], shapes: list[list[int]], dtypes: list[str]
    ) -> list[npt.NDArray[Any]]:
        self._compiled.run_by_index(0, inputs, outputs)
        arrays = []
        for buffer, shape, dtype in zip(outputs, shapes, dtypes):  # noqa: B905
            size = 1
            for length in shape:
                size *= length
            arrays.append(buffer.read(size, dtype).reshape(shape))
        return arrays

    def fetch(self, inferred: object) -> list[npt.NDArray[Any]]:
        """What was read back within the timed call."""
        assert isinstance(inferred, list)
        return [inferred[place] for place in self._places(1)]
