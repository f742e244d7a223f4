"""onnxruntime."""

from __future__ import annotations

import functools
import os
import re
from typing import TYPE_CHECKING, Any

from devices.python_runner.runtimes.adapter import options_text, refused

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt


class OnnxRuntime:
    """onnxruntime on one of its execution providers, with that of the CPU behind it."""

    delegated_nodes: int | None = None
    total_nodes: int | None = None
    wholly_delegated: bool | None = None
    infer: Callable[[], object]

    _DTYPES = {  # noqa: RUF012 - a constant
        "float": "float32",
        "double": "float64",
        "float16": "float16",
        "bfloat16": "bfloat16",
        "bool": "bool",
        "string": "str",
        **{f"{sign}int{bits}": f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    }

    _CPU = "CPUExecutionProvider"
    _PROVIDERS = {  # noqa: RUF012 - a constant
        "cpu": _CPU,
        "nnapi": "NnapiExecutionProvider",
        "qnn": "QNNExecutionProvider",
        "webgpu": "WebGpuExecutionProvider",
        "xnnpack": "XnnpackExecutionProvider",
    }

    def __init__(self, threads: int, accelerator: str, options: dict[str, str]) -> None:
        if accelerator not in self._PROVIDERS:
            raise refused(accelerator, "onnxruntime", ", ".join(self._PROVIDERS))
        # Since 1.29 onnxruntime on Linux collects telemetry: a thread of its own, a device id and a database under
        # ~/.cache/Microsoft, uploads over HTTPS. It starts with the import, and only this variable, set before that,
        # keeps it from starting; disable_telemetry_events() merely mutes it afterwards.
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"
        import onnxruntime

        telemetry = "ORT_DISABLE_TELEMETRY=1 before the import"
        if hasattr(onnxruntime, "disable_telemetry_events"):
            onnxruntime.disable_telemetry_events()
            telemetry += ", disable_telemetry_events()"
        onnxruntime.set_default_logger_severity(3)
        self._onnxruntime: Any = onnxruntime
        self._threads = threads
        self.version = str(onnxruntime.__version__)
        self._provider, self._provider_options = self._PROVIDERS[accelerator], dict(options)
        available = onnxruntime.get_available_providers()
        if self._provider not in available:
            raise ValueError(
                f"this build of onnxruntime {self.version} has no {self._provider} (accelerator {accelerator!r}); it"
                f" has {', '.join(available)}. Bring a build that has it, or set accelerator to 'cpu'"
            )
        self.settings = {
            "intra_op_num_threads": str(threads),
            "inter_op_num_threads": "1",
            "execution_mode": "sequential",
            "log_severity_level": "3",
            "telemetry": f"off ({telemetry})",
        }

    def load(self, model: str, input_shapes: dict[str, list[int]]) -> None:
        """Opens a session. Free dimensions stay free, so `input_shapes` is not needed."""
        options = self._onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.execution_mode = self._onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 3
        if self._provider == self._CPU:
            providers = [self._CPU]
            self._session: Any = self._onnxruntime.InferenceSession(model, options, providers=providers)
        else:
            providers = [self._provider, self._CPU]
            self._session = self._open_accelerated(model, options)
            got = self._session.get_provider_options().get(self._provider, {})
            self.settings["provider_options_got"] = options_text(got) or "none that it tells of"
            self._count_nodes()
        self._output_names = [output.name for output in self._session.get_outputs()]
        self.settings["graph_optimization_level"] = str(options.graph_optimization_level).rpartition(".")[2]
        self.settings["providers_asked"] = ",".join(providers)
        self.settings["providers_got"] = ",".join(self._session.get_providers())

    def _open_accelerated(self, model: str, options: Any) -> Any:
        own = dict(self._provider_options)
        if own:
            self.settings["provider_options"] = options_text(own)
        if self._provider == "XnnpackExecutionProvider":
            # It has threads of its own, for which those of the session must not spin: as its documentation asks.
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            self.settings["allow_spinning"] = "0"
            own.setdefault("intra_op_num_threads", str(self._threads))
        if hasattr(self._onnxruntime.InferenceSession, "get_provider_graph_assignment_info"):
            options.add_session_config_entry("session.record_ep_graph_assignment_info", "1")
        # Without a fallback a provider that cannot be had is an error, and not another measurement.
        return self._onnxruntime.InferenceSession(
            model, options, providers=[(self._provider, own), self._CPU], enable_fallback=False
        )

    def _count_nodes(self) -> None:
        """How many nodes the provider took, of the graph after basic optimisation."""
        try:
            parts = self._session.get_provider_graph_assignment_info()
        except AttributeError:
            self.settings["nodes_taken"] = "unknown: onnxruntime says it since 1.24 only"
            return
        counts = [(part.ep_name == self._provider, len(part.get_nodes())) for part in parts]
        taken, total = sum(count for ours, count in counts if ours), sum(count for _, count in counts)
        self.delegated_nodes, self.total_nodes = taken, total
        self.wholly_delegated = 0 < total == taken
        self.settings["nodes_taken"] = f"{self._provider} {taken}, others {total - taken} (as onnxruntime counts them)"

    def _info(self, tensor: Any) -> dict[str, Any]:
        matched = re.fullmatch(r"tensor\((\w+)\)", tensor.type)
        dtype = self._DTYPES.get(matched.group(1)) if matched else None
        if dtype is None:
            raise ValueError(f"{tensor.name!r} is a {tensor.type}; only dense tensors can be given and kept")
        shape = [size if isinstance(size, (int, str)) else None for size in tensor.shape]
        return {"name": tensor.name, "dtype": dtype, "shape": shape, "scale": None, "zero_point": None}

    def inputs(self) -> list[dict[str, Any]]:
        """In the order of the model's graph, without initialisers."""
        return [self._info(tensor) for tensor in self._session.get_inputs()]

    def outputs(self) -> list[dict[str, Any]]:
        """In the order of the model's graph."""
        return [self._info(tensor) for tensor in self._session.get_outputs()]

    def bind(self, arrays: list[npt.NDArray[Any]]) -> None:
        """Builds the feeds; the session itself checks sizes that share a symbol."""
        feeds = {tensor.name: array for tensor, array in zip(self._session.get_inputs(), arrays)}  # noqa: B905
        self.infer = functools.partial(self._session.run, self._output_names, feeds)

    def fetch(self, inferred: object) -> list[npt.NDArray[Any]]:
        """What `session.run` returned."""
        assert isinstance(inferred, list)
        return inferred
