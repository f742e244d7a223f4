"""Models and parts of models on a device, each by one run of the runner that measures there too.

A model is pushed with all inputs that it will be asked for, runs once on each, and its outputs come back: a device is
far away, so that what is asked for is told beforehand (`expect`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from devices.errors import DeviceError
from devices.runtimes.registry import resolve as resolve_runtime
from harness.documents.folder import RunFolder, write_model
from harness.documents.plan import QualityStep
from harness.documents.records import MOST_OUTPUTS, ArmFailed, output_name
from harness.errors import UserError
from harness.experiment.file import parse_experiment
from harness.experiment.resolve import Resolved, ResolvedArm, refuse_accelerator
from harness.models.model_file import ModelFile
from harness.models.tensor_info import TensorInfo
from harness.parity.engine import Array, EngineError, Optimise
from harness.runs.measuring.device_run import DeviceRun
from harness.runs.measuring.measure_all import for_each_device
from harness.runs.planning.make_manifest import make_manifest
from harness.runs.planning.make_plan import make_plan
from harness.runs.preparing.distinct_phones import open_asked
from harness.runs.preparing.prepare_all import closing_all, prepare_all, refuse_unusable, write_prepared
from harness.runs.session.stop_request import StopRequest
from harness.scratch_folder import scratch_folder
from harness.tasks.tensor_file import read_header

if TYPE_CHECKING:
    from devices.base import Device
    from devices.runtimes.spec import RuntimeSpec
    from harness.documents.plan import Plan
    from harness.documents.records import Record
    from harness.runs.planning.make_plan import Placement
    from harness.runs.session.progress import Progress

RUNTIMES: Final = {"onnx": "onnxruntime", "tflite": "ai-edge-litert"}
"""Format → the runtime that a build runs in on a device."""
_FORM: Final = """
name = "parity"
question = "Which layer departs?"
[data]
task = "tensors"
inputs = "given"
references = "wanted"
[[arms]]
name = "build"
role = "baseline"
model = "model"
runtime = "{runtime}"
accelerator = "{accelerator}"
[[arms]]
name = "itself"
role = "candidate"
model = "model"
runtime = "{runtime}"
[measure]
design = "fixed"
pairs = 2
memory_repeats = 0
min_items = 2
seed = 14
gates.max_wait_s = 0.0
[[rules]]
quantity = "snr"
at_least = "0 dB"
"""
"""An experiment that is a build and items; nothing else of it is asked for."""


@dataclass(frozen=True)
class Place:
    """A device, and in what a build runs there."""

    device: Device
    runtime: RuntimeSpec
    version: str
    accelerator: str


class DeviceEngine:
    """Opens models on a device."""

    is_far = True

    def __init__(self, place: Place, folder: Path, progress: Progress) -> None:
        self.place, self.folder = place, folder
        on = "" if place.accelerator == "cpu" else f", accelerator {place.accelerator}"
        self.where = f"on {place.device.name} by {place.runtime.name} {place.version}{on}"
        self._progress, self._count = progress, 0

    def open(
        self,
        model: bytes | Path,
        *,
        optimise: Optimise,
        dump: Path | None = None,
        provider: str | None = None,
        preserve: bool = False,
    ) -> DeviceSession:
        """A model that will be pushed when it is known what it is to be given; the runtime optimises it as it does.

        Raises `EngineError`.
        """
        del optimise, dump, provider, preserve
        self._count += 1
        home = self.folder / f"model-{self._count}"
        home.mkdir(parents=True)
        content = model if isinstance(model, bytes) else model.read_bytes()
        return DeviceSession(self, home, content)

    def measure(self, home: Path, model: ModelFile, given: Sequence[Sequence[Array]]) -> list[Path]:
        """Run a model on items, each a list of arrays in the order of its inputs; returns for each the path of its
        first output, beside which the others lie. Raises `EngineError`, `UserError`, `DeviceError`.
        """
        resolved = self._resolved(home, model, given)
        stop, device = StopRequest(), self.place.device
        ready = prepare_all([device], resolved, self._progress, stop)
        refuse_unusable(ready, resolved)
        manifest = make_manifest(resolved, [device.name], quick=False)
        folder = RunFolder(home / "run")
        files = folder.device(manifest.devices[0])
        files.path.mkdir(parents=True)
        write_model(folder.manifest, manifest)

        def plan(placement: Placement) -> Plan:
            made = make_plan(manifest, placement, 0)
            return made.model_copy(update={"steps": [each for each in made.steps if isinstance(each, QualityStep)]})

        write_prepared(files, f"{manifest.run_id}-0", ready[0], plan)
        failed: list[str] = []

        def note(record: Record) -> None:
            if isinstance(record, ArmFailed):
                failed.append(f"{record.stage}: {record.message}"[:300])

        faults: dict[str, Exception] = {}
        for_each_device(
            folder,
            manifest.devices,
            lambda _, there, state, made: DeviceRun(device, there, state, self._progress, stop, note, made),
            self._progress,
            stop,
            faults=faults,
        )
        if faults:
            raise next(iter(faults.values()))
        paths = [files.path / output_name("a0", f"i{place}", 0) for place in range(len(given))]
        if failed or not all(path.exists() for path in paths):
            raise EngineError(f"{device.name}: {failed[0] if failed else 'no outputs came back'}")
        return paths

    def _resolved(self, home: Path, model: ModelFile, given: Sequence[Sequence[Array]]) -> Resolved:
        spec, version = self.place.runtime, self.place.version
        form = _FORM.format(runtime=f"{spec.name}=={version}", accelerator=self.place.accelerator)
        file = parse_experiment(form.encode(), home / "experiment.toml")
        refuse_accelerator(file.experiment.baseline, spec)
        for number, arrays in enumerate(given):
            given_here = {info.name: array for info, array in zip(model.inputs, arrays, strict=True)}
            # Items have references; nothing is compared with these.
            for name, tensors in (("given", given_here), ("wanted", {model.outputs[0].name: np.zeros(1, np.float32)})):
                path = home / name / f"i{number:03}"
                path.mkdir(parents=True)
                for tensor, array in tensors.items():
                    np.save(path / f"{tensor}.npy", array, allow_pickle=False)
        task, data = file.experiment.task, file.experiment.data
        codec = task.make_codec(model, data.tensor, data)
        items = task.find_items(data, file.resolve)
        arm = ResolvedArm("a0", file.experiment.baseline, model, codec, spec, version)
        return Resolved(file=file, arms=[arm], items=items, latency_item=0, notes=[])


class _Told:
    """What a run says goes to whoever waits for the comparison; how far it is does not."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told: set[str] = set()

    def say(self, device: str, text: str) -> None:
        """Something happened on a device; once is enough, as there are many short runs."""
        if text not in self._told:
            self._told.add(text)
            self._tell(f"{device}: {text}")

    def advance(self, device: str, what: str, done: int, total: int) -> None:
        """Of no interest, for the same reason."""


@contextmanager
def on_device(
    name: str, of_format: str, runtime: str | None, accelerator: str, tell: Callable[[str], None]
) -> Iterator[DeviceEngine]:
    """A device for as long as it is needed. Raises `UserError` for a name that is none, or that is several."""
    try:
        asked = open_asked([name])
    except DeviceError as error:
        raise UserError(error.what, error.remedy) from None
    if len(asked) != 1:
        raise UserError(f"{name}: is {len(asked)} devices", "Name one: a build is compared on one device at a time.")
    try:
        spec, version = resolve_runtime(runtime or RUNTIMES[of_format])
    except DeviceError as error:
        raise UserError(error.what, error.remedy) from None
    if of_format not in spec.formats:
        raise UserError(f"{spec.name} runs no .{of_format} models", f"It runs {' and '.join(sorted(spec.formats))}.")
    if accelerator not in spec.accelerators:
        raise UserError(
            f"{spec.name} cannot be asked for accelerator {accelerator!r}", f"It knows {', '.join(spec.accelerators)}."
        )
    place = Place(asked[0].device, spec, version, accelerator)
    with closing_all([place.device]), scratch_folder("parity-device") as folder:
        yield DeviceEngine(place, folder, _Told(tell))


class DeviceSession:
    """A model that runs on a device. What was asked once is kept on disk."""

    def __init__(self, engine: DeviceEngine, home: Path, content: bytes) -> None:
        self._engine, self._home, self._content = engine, home, content
        self._format, self.inputs, self.outputs = _ends(content)
        if len(self.outputs) > MOST_OUTPUTS:
            raise EngineError(f"it has {len(self.outputs)} outputs, and {MOST_OUTPUTS} are fetched of a device")
        self._made: dict[str, Path] = {}
        self._runs = 0

    def expect(self, feeds: Iterable[Mapping[str, Array]]) -> None:
        """Run it on all of these at once. Raises `EngineError`, `DeviceError`."""
        waiting = {key: each for each in feeds if (key := _key(each)) not in self._made}
        if not waiting:
            return
        self._runs += 1
        home = self._home / f"run-{self._runs}"
        home.mkdir()
        path = home / f"model.{self._format}"
        first = next(iter(waiting.values()))
        content = self._content if self._format == "tflite" else _with_shapes(self._content, first)
        path.write_bytes(content)
        # A runner goes by their order: no name of the user's becomes that of a file.
        infos = [
            TensorInfo(name=f"x{place}", dtype=first[name].dtype.name, shape=list(first[name].shape))
            for place, name in enumerate(self.inputs)
        ]
        outputs = [TensorInfo(name=f"y{place}", dtype="float32", shape=[]) for place in range(len(self.outputs))]
        model = ModelFile(path, self._format, hashlib.sha256(content).hexdigest(), len(content), infos, outputs)
        given = [[np.ascontiguousarray(each[name]) for name in self.inputs] for each in waiting.values()]
        try:
            paths = self._engine.measure(home, model, given)
        except DeviceError as error:
            raise UserError(error.what, error.remedy) from None
        self._made.update(zip(waiting, paths, strict=True))

    def run(self, feeds: Mapping[str, Array], fetch: Sequence[str] | None = None) -> dict[str, Array]:
        """Arrays by the names of inputs → arrays by the names of outputs."""
        given = {name: feeds[name] for name in self.inputs}
        self.expect([given])
        first = self._made[_key(given)]
        stem = first.name.removesuffix(".0.npy")
        places = {name: place for place, name in enumerate(self.outputs)}
        wanted = [name for name in (self.outputs if fetch is None else fetch) if name in places]
        paths = {name: first.with_name(f"{stem}.{places[name]}.npy") for name in wanted}
        for path in paths.values():
            read_header(path)  # a device's word: a header may announce more than there is memory
        return {name: np.load(path, allow_pickle=False) for name, path in paths.items()}

    def close(self) -> None:
        """What was kept of it stays until the end: others may ask for the same."""
        self._made.clear()


def _key(feeds: Mapping[str, Array]) -> str:
    digest = hashlib.sha256()
    for name in sorted(feeds):
        digest.update(f"{name}\0{feeds[name].dtype}{feeds[name].shape}".encode())
        digest.update(np.ascontiguousarray(feeds[name]).tobytes())
    return digest.hexdigest()


def _with_shapes(content: bytes, given: Mapping[str, Array]) -> bytes:
    """An ONNX model that says which shapes it takes: a runner gives it no others."""
    import onnx

    model = onnx.load_model_from_string(content)
    for each in model.graph.input:
        if each.name in given and not each.type.tensor_type.HasField("shape"):
            for size in given[each.name].shape:
                each.type.tensor_type.shape.dim.add().dim_value = size
    return bytes(model.SerializeToString())


def _ends(content: bytes) -> tuple[str, list[str], list[str]]:
    """(format, inputs, outputs): by name, or for TensorFlow Lite by place."""
    if content[4:8] == b"TFL3":
        from harness.models.tflite_file import read_tflite

        inputs, outputs = read_tflite(content)
        return "tflite", [str(place) for place in range(len(inputs))], [str(place) for place in range(len(outputs))]
    import onnx

    graph = onnx.load_model_from_string(content).graph
    constants = {each.name for each in graph.initializer}
    return (
        "onnx",
        [each.name for each in graph.input if each.name not in constants],
        [each.name for each in graph.output],
    )
