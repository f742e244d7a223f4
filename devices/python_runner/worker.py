"""A worker: one arm's model in one runtime, asked over a pipe."""

from __future__ import annotations

import gc
import hashlib
import io
import json
import os
import platform
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.python_runner.affinity import cores_of_all_threads, set_cores
from devices.python_runner.child_process import die_with_parent, private_stdout
from devices.python_runner.clock import clock_ns
from devices.python_runner.contract import WARM_UP_BLOCK_MIN_INFERENCES
from devices.python_runner.histogram import LatencyHistogram
from devices.python_runner.inferences import timed_inferences
from devices.python_runner.log import one_line
from devices.python_runner.memory import own_bytes
from devices.python_runner.output_file import write_whole
from devices.python_runner.runtimes.adapter import Adapter
from devices.python_runner.runtimes.registry import make_adapter
from devices.python_runner.slices import Slices

if TYPE_CHECKING:
    import numpy.typing as npt


class Worker:
    """Answers the conductor's requests, one at a time. Each method is a request of its name."""

    def __init__(self) -> None:
        self.make_adapter: Adapter | None = None
        self._histogram = LatencyHistogram()

    @property
    def adapter(self) -> Adapter:
        """The runtime, once `start` has been asked for."""
        if self.make_adapter is None:
            raise RuntimeError("no runtime was started")
        return self.make_adapter

    def start(
        self, runtime: str, threads: int, accelerator: str, options: dict[str, str], cores: list[int] | None
    ) -> dict[str, Any]:
        """Takes the arm's cores, before anything makes threads; imports numpy and the runtime."""
        self._cores, refused = cores, None
        if cores is not None:
            refused = set_cores(cores)
        import numpy  # noqa: F401 - so that its pages are there before sizes are read

        self._runtime, self._threads, self._accelerator = runtime, threads, accelerator
        self.make_adapter = make_adapter(runtime, threads, accelerator, options)
        if refused is not None:
            self.make_adapter.settings["affinity"] = refused
        return {}

    def load(self, model: str, input_shapes: dict[str, list[int]]) -> dict[str, Any]:
        """Loads the model and times that, from opening it to being ready for inputs."""
        adapter = self.adapter
        begun_ns = clock_ns()
        adapter.load(model, input_shapes)
        load_ns = clock_ns() - begun_ns
        loaded = {
            "pid": os.getpid(),
            "runtime": self._runtime,
            "runtime_version": adapter.version,
            "interpreter": f"{platform.python_implementation()} {platform.python_version()}",
            "load_ns": load_ns,
            "inputs": adapter.inputs(),
            "outputs": adapter.outputs(),
            "threads": self._threads,
            "accelerator": self._accelerator,
            "delegated_nodes": adapter.delegated_nodes,
            "total_nodes": adapter.total_nodes,
            "wholly_delegated": adapter.wholly_delegated,
            "cores_asked": self._cores,
            "cores": None if self._cores is None else cores_of_all_threads(),
            "settings": adapter.settings,
            "notes": [],
        }
        return {"loaded": loaded}

    def bind(self, files: list[str]) -> dict[str, Any]:
        """Reads an item's inputs and sets them. Raises ValueError where one is not what the model takes."""
        import numpy as np

        inputs = self.adapter.inputs()
        if len(files) != len(inputs):
            raise ValueError(f"the model takes {len(inputs)} inputs, the item has {len(files)}")
        arrays: list[npt.NDArray[Any]] = []
        for info, file in zip(inputs, files):  # noqa: B905 - equal lengths, and no `strict` before Python 3.10
            array = np.load(file, allow_pickle=False)
            expected = f"input {info['name']!r} takes {info['dtype']} {info['shape']}"
            if array.dtype.name != info["dtype"]:
                raise ValueError(f"{expected}, the item has {array.dtype.name} {list(array.shape)}")
            free = [not (isinstance(size, int) and size >= 0) for size in info["shape"]]
            if array.ndim != len(free) or any(
                not is_free and size != given
                for is_free, size, given in zip(free, info["shape"], array.shape)  # noqa: B905
            ):
                raise ValueError(f"{expected}, the item has shape {list(array.shape)}")
            arrays.append(np.ascontiguousarray(array, dtype=info["dtype"]))
        self.adapter.bind(arrays)
        return {}

    def block(
        self, lead_in: int, count: int, budget_ns: int | None = None, least: int = WARM_UP_BLOCK_MIN_INFERENCES
    ) -> dict[str, Any]:
        """Runs lead-in and timed inferences; with a budget, ends after it once a minimum of inferences is there."""
        infer = self.adapter.infer
        gc.collect()
        gc.disable()
        try:
            cpu_begun_ns = time.process_time_ns()
            lead_in_ns = timed_inferences(infer, lead_in)
            started_ns = clock_ns()
            if budget_ns is None:
                latency_ns = timed_inferences(infer, count)
            else:
                latency_ns = timed_inferences(infer, min(count, least))
                while len(latency_ns) < count and clock_ns() - started_ns < budget_ns:
                    latency_ns += timed_inferences(infer, 1)
            ended_ns = clock_ns()
            cpu_ns = time.process_time_ns() - cpu_begun_ns
        finally:
            gc.enable()
        return {
            "lead_in_ns": lead_in_ns,
            "latency_ns": latency_ns,
            "started_ns": started_ns,
            "ended_ns": ended_ns,
            "cpu_ns": cpu_ns,
        }

    def infer_for(self, duration_ns: int, slices: int) -> dict[str, Any]:
        """Infers on and on for a time and keeps no latencies; start and end by both clocks, and inferences and time of
        each of so many parts of it.
        """
        infer, clock = self.adapter.infer, clock_ns
        sliced = Slices(duration_ns, slices)
        gc.collect()
        gc.disable()
        try:
            inferences = 0
            wall_started_ns, started_ns = time.time_ns(), clock()
            until_ns = started_ns + duration_ns
            ended_ns = started_ns
            slice_until_ns = sliced.begin(started_ns)
            while ended_ns < until_ns:
                infer()
                inferences += 1
                ended_ns = clock()
                if ended_ns >= slice_until_ns:
                    slice_until_ns = sliced.end(inferences, ended_ns)
            wall_ended_ns = time.time_ns()
        finally:
            gc.enable()
        return {
            "inferences": inferences,
            "started_ns": started_ns,
            "ended_ns": ended_ns,
            "wall_started_ns": wall_started_ns,
            "wall_ended_ns": wall_ended_ns,
            **sliced.summary(inferences, ended_ns),
        }

    def soak(self, window_ns: int) -> dict[str, Any]:
        """Infers on and on for a time, keeps a histogram of the latencies, and then reads the sizes of this process."""
        infer, clock, add = self.adapter.infer, clock_ns, self._histogram.add
        self._histogram.clear()
        gc.collect()
        gc.disable()
        try:
            cpu_begun_ns = time.process_time_ns()
            started_ns = ended_ns = clock()
            until_ns = started_ns + window_ns
            while ended_ns < until_ns:
                begun_ns = clock()
                inferred = infer()
                ended_ns = clock()
                del inferred
                add(ended_ns - begun_ns)
            cpu_ns = time.process_time_ns() - cpu_begun_ns
        finally:
            gc.enable()
        sizes = {
            "rss_bytes": own_bytes("status", "VmRSS"),
            "rss_anon_bytes": own_bytes("status", "RssAnon"),
            "pss_bytes": own_bytes("smaps_rollup", "Pss"),
        }
        return {
            "started_ns": started_ns,
            "ended_ns": ended_ns,
            "cpu_ns": cpu_ns,
            **self._histogram.summary(),
            **sizes,
            "notes": [f"{name} is unavailable: /proc/self does not say it" for name in sizes if sizes[name] is None],
        }

    def keep(self, folder: str, arm: str, item: str) -> dict[str, Any]:
        """Runs once and writes every output as .npy, first under a temporary name."""
        import numpy as np

        adapter = self.adapter
        begun_ns = clock_ns()
        inferred = adapter.infer()
        latency_ns = clock_ns() - begun_ns
        outputs: list[dict[str, Any]] = []
        for k, (info, array) in enumerate(zip(adapter.outputs(), adapter.fetch(inferred))):  # noqa: B905
            relative = f"outputs/{arm}/{item}.{k}.npy"
            content = io.BytesIO()
            np.save(content, array, allow_pickle=False)
            write_whole(Path(folder) / relative, content.getbuffer())
            outputs.append(
                {
                    "tensor": info["name"],
                    "path": relative,
                    "sha256": hashlib.sha256(content.getbuffer()).hexdigest(),
                    "dtype": array.dtype.name,
                    "shape": list(array.shape),
                    "bytes": content.getbuffer().nbytes,
                }
            )
        return {"outputs": outputs, "latency_ns": latency_ns}

    def reset_peak(self) -> dict[str, Any]:
        """Resets VmHWM to the present resident size (Linux 4.0, proc(5): 5 into clear_refs)."""
        before = own_bytes("status", "VmHWM"), own_bytes("status", "VmRSS")
        try:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        except OSError as error:
            return {"reset": False, "notes": [f"peak while running is unavailable: VmHWM cannot be reset: {error}"]}
        after = own_bytes("status", "VmHWM")
        if None not in before and before[0] == after and int(before[0] or 0) - int(before[1] or 0) > 1 << 20:
            return {"reset": False, "notes": ["peak while running is unavailable: VmHWM did not change when reset"]}
        return {"reset": True, "notes": []}

    def memory(self) -> dict[str, Any]:
        """Resident size, its peak, and the proportional share, in bytes; null where /proc does not say."""
        sizes = {
            "rss_bytes": own_bytes("status", "VmRSS"),
            "peak_rss_bytes": own_bytes("status", "VmHWM"),
            "pss_bytes": own_bytes("smaps_rollup", "Pss"),
        }
        notes = [f"{name} is unavailable: /proc/self does not say it" for name, size in sizes.items() if size is None]
        return {**sizes, "notes": notes}


def work() -> int:
    """The worker's loop: a JSON line in, a JSON line out, until stdin ends."""
    die_with_parent()
    # Only the conductor ends a worker: signals to everyone in a service or at a terminal are for the conductor.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    replies = os.fdopen(private_stdout(), "wb", buffering=0)
    requests = os.fdopen(os.dup(0), "rb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    process = Worker()
    for line in requests:
        request: dict[str, Any] = json.loads(line)
        try:
            reply = getattr(process, request.pop("do"))(**request)
        except Exception as error:  # a runtime raises what it likes; all of it belongs on record
            reply = {"error": type(error).__name__, "message": str(error), "traceback": traceback.format_exc()}
        content = json.dumps(reply).encode("ascii") + b"\n"
        while content:
            content = content[replies.write(content) or 0 :]
    # Interpreter shutdown runs destructors of runtimes that have been seen to crash there, after all is measured.
    sys.stderr.flush()
    os._exit(0)


def describe(model: str, runtime: str, threads: int, accelerator: str, options: dict[str, str]) -> int:
    """Prints a model's inputs and outputs as one JSON object; on failure one with `error`, `message` and the `stage`
    that it came to (`start` of the runtime, `load` of the model), exit 1.
    """
    fd = private_stdout()
    stage = "start"
    try:
        adapter = make_adapter(runtime, threads, accelerator, options)
        stage = "load"
        adapter.load(model, {})
        answer: dict[str, Any] = {
            "runtime": runtime,
            "runtime_version": adapter.version,
            "inputs": adapter.inputs(),
            "outputs": adapter.outputs(),
        }
    except Exception as error:  # a runtime raises what it likes
        answer = {"error": type(error).__name__, "message": one_line(str(error)), "stage": stage}
    with os.fdopen(fd, "w", encoding="utf-8") as stdout:
        stdout.write(json.dumps(answer) + "\n")
    return 1 if "error" in answer else 0
