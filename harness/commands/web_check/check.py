"""Try a model in every engine and backend of a browser on a device, through the ordinary runner of a run."""

from __future__ import annotations

import hashlib
import io
import posixpath
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from devices.base import Blob
from devices.browsers.known_browsers import why_unknown
from devices.open_device import open_device
from devices.retry import with_reconnect
from devices.runtimes.registry import RUNTIMES
from harness import __version__
from harness.analysis.tables.device_records import DeviceRecords, read_device_records
from harness.commands.web_check.found import backend_check, in_a_line
from harness.commands.web_check.made_inputs import input_shapes, made_inputs
from harness.commands.web_check.reference import reference_outputs
from harness.documents.folder import DeviceFolder
from harness.documents.plan import Plan, PlanArm, PlanItem, QualityStep
from harness.documents.web_check import WebCheck
from harness.errors import UserError
from harness.experiment.declaration import Measure
from harness.models.model_file import read_model
from harness.models.static_copy import StaticCopy, static_copy
from harness.runs.measuring.exclusive_run import refuse_second_run
from harness.runs.measuring.fetch_outputs import fetch_outputs, kept_outputs
from harness.runs.planning.make_plan import latency_options
from harness.runs.preparing.set_up_runner import set_up_runner
from harness.runs.preparing.web_setup import WebNeeds
from harness.runs.session.stop_request import StopRequest
from harness.scratch_folder import scratch_folder
from harness.tasks.output_tensor import read_output_tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from devices.base import Device
    from devices.identity import Identity
    from devices.runtimes.spec import RuntimeSpec
    from harness.documents.records import QualityOutput
    from harness.documents.runner_record import RunnerKind
    from harness.models.model_file import ModelFile
    from harness.runs.session.progress import Progress

STEP_TIMEOUT_S: Final = 300.0
_TRIES: Final = 3
"""Two inputs, and the first once more: some GPUs are right once only (google-ai-edge/LiteRT#8065)."""
_MOST_RECORD_BYTES: Final = 64 << 20


@dataclass(frozen=True)
class Asked:
    """What the command line asks for."""

    model: Path
    device: str = "local"
    browser: str | None = None
    shapes: Mapping[str, list[int]] | None = None
    threads: int = 1
    runner: RunnerKind | None = None


@dataclass(frozen=True)
class Tried:
    """One backend, as it is tried."""

    id: str
    spec: RuntimeSpec
    backend: str
    static: StaticCopy | None


def web_check(asked: Asked, progress: Progress) -> WebCheck:
    """Raises `UserError` for a browser that nobody knows or a model that no page opens, and `DeviceError`."""
    unknown = why_unknown(asked.browser) if asked.browser is not None else None
    if unknown is not None:
        raise UserError(unknown)
    model = read_model(asked.model)
    tried = _backends(model, asked)
    shapes = input_shapes(model, asked.shapes or {})
    items = [made_inputs(model, shapes, seed) for seed in range(_TRIES - 1)]
    items.append(items[0])
    progress.say(asked.device, "the reference on this computer")
    reference, expected = reference_outputs(model, items)
    device = open_device(asked.device)
    try:
        with scratch_folder("web-check") as folder:
            with_reconnect(device, device.connect, total_s=10.0)
            refuse_second_run(device)
            identity = device.identify()
            tried = [_with_copy(each, model, shapes) for each in tried]
            records, made, browser = _run(device, identity, model, tried, items, asked, progress, folder)
            outputs = {each.id: _outputs(device, [one for one in made if one.arm == each.id], folder) for each in tried}
    finally:
        device.close()
    backends = [
        backend_check(each.spec, each.backend, each.static, records, each.id, outputs[each.id], expected, model)
        for each in tried
    ]
    return WebCheck(
        bakeoff_version=__version__,
        model=str(model.path),
        model_sha256=model.sha256,
        format=model.format,
        device=asked.device,
        browser=browser,
        inputs=shapes,
        reference=reference,
        backends=backends,
        line=in_a_line(model.path.name, asked.device, browser, backends),
    )


def _backends(model: ModelFile, asked: Asked) -> list[Tried]:
    found = [
        (spec, backend)
        for spec in RUNTIMES.values()
        if spec.web is not None and model.format in spec.formats
        for backend in spec.accelerators
    ]
    if not found:
        raise UserError(f"{asked.model}: no engine of web pages opens {model.format} models")
    return [Tried(f"a{place}", spec, backend, None) for place, (spec, backend) in enumerate(found)]


def _with_copy(tried: Tried, model: ModelFile, shapes: dict[str, list[int]]) -> Tried:
    """With the copy of fixed sizes that its engine needs."""
    free = any(not isinstance(size, int) or size <= 0 for each in model.inputs for size in each.shape)
    if not free or tried.spec.web is None or tried.backend not in tried.spec.web.needs_static_shapes:
        return tried
    return Tried(tried.id, tried.spec, tried.backend, static_copy(model, shapes))


def _run(
    device: Device,
    identity: Identity,
    model: ModelFile,
    tried: list[Tried],
    items: list[list[NDArray[np.generic]]],
    asked: Asked,
    progress: Progress,
    folder: Path,
) -> tuple[DeviceRecords, list[QualityOutput], str]:
    """The records of all tries, those of outputs that the plan asks for, which are fetched, and the browser."""

    def retry(operation: Any) -> Any:
        return with_reconnect(device, operation)

    needs = [
        WebNeeds(each.id, each.spec, each.spec.default_version, each.backend, _model_of(each, model), asked.browser)
        for each in tried
    ]
    setup = set_up_runner(device, identity, [], progress, retry, asked.runner, needs)
    for refusal in setup.refused.values():
        raise UserError(refusal.reason, refusal.remedy)
    engines = setup.record.engines
    models = {
        each.sha256: Blob(each.path, each.sha256, each.bytes) for each in (_model_of(one, model) for one in tried)
    }
    tensors = [[_tensor(array, folder) for array in arrays] for arrays in items]
    blobs = {blob.sha256: blob for blob in (*models.values(), *(one for arrays in tensors for one in arrays))}
    places = retry(lambda: device.push(list(blobs.values())))
    remote = f"{device.workdir}/runs/web-check-{secrets.token_hex(6)}"
    plan = Plan(
        run_id=posixpath.basename(remote),
        seed=0,
        arms=[
            PlanArm(
                id=each.id,
                model=places[_model_of(each, model).sha256],
                model_sha256=_model_of(each, model).sha256,
                format=model.format,
                runtime=each.spec.name,
                runtime_version=each.spec.default_version,
                worker=setup.workers[each.id],
                accelerator=each.backend,
                threads=asked.threads,
                input_shapes=each.static.shapes if each.static is not None else {},
                web=setup.web[each.id],
            )
            for each in tried
        ],
        items=[
            PlanItem(id=f"i{place}", inputs={each.id: [places[blob.sha256] for blob in arrays] for each in tried})
            for place, arrays in enumerate(tensors)
        ],
        # A backend after the other: one that hangs or crashes has the others behind it.
        steps=[
            QualityStep(step=number * len(items) + place, arm=each.id, item=f"i{place}")
            for number, each in enumerate(tried)
            for place in range(len(items))
        ],
        latency=latency_options(Measure()),
        step_timeout_ns=round(STEP_TIMEOUT_S * 1e9),
    )
    device.write(f"{remote}/plan.json", plan.model_dump_json().encode())
    try:
        backends = len(tried)
        progress.say(device.name, f"trying {backends} backends in {engines[tried[0].id].browser_product}")
        argv = [*setup.conductor, f"{remote}/plan.json", f"{remote}/records.jsonl"]
        done = device.run(argv, timeout_s=STEP_TIMEOUT_S * (_TRIES + 2) * backends)
        records = folder / "records.jsonl"
        if done.exit_code not in {0, 1}:
            last = (done.stderr or done.stdout).decode("utf-8", "replace").strip().splitlines()[-1:] or [
                "it said nothing"
            ]
            raise UserError(f"{device.name}: the runner ended with {done.exit_code}: {last[0][:300]}")
        device.fetch([(f"{remote}/records.jsonl", records)], most_bytes=[_MOST_RECORD_BYTES])
        found = read_device_records(records)
        planned = _as_planned(found.outputs, plan)
        fetch_outputs(
            device,
            remote,
            DeviceFolder(folder / "outputs"),
            kept_outputs(planned),
            retry=retry,
            stop=StopRequest(),
            progress=progress,
        )
    finally:
        device.remove([remote])
    return found, planned, engines[tried[0].id].browser_product


def _as_planned(outputs: Sequence[QualityOutput], plan: Plan) -> list[QualityOutput]:
    """Those of the plan's own steps: a device may tell of more."""
    steps = {(step.step, step.arm, step.item) for step in plan.steps if isinstance(step, QualityStep)}
    return [each for each in outputs if (each.step, each.arm, each.item) in steps]


def _outputs(device: Device, outputs: Sequence[QualityOutput], folder: Path) -> list[list[NDArray[np.generic]]]:
    """The arrays of each item that went through. Raises `UserError` where one is not what was recorded."""
    found = {}
    for made in outputs:
        try:
            found[made.step] = [
                read_output_tensor(
                    folder / "outputs" / each.path,
                    dtype=each.dtype,
                    shape=each.shape,
                    length_bytes=each.bytes,
                    sha256=each.sha256,
                )
                for each in made.outputs
            ]
        except (OSError, ValueError) as error:
            raise UserError(f"{device.name}: an output of {made.arm} cannot be read: {error}") from None
    return [found[step] for step in sorted(found)]


def _model_of(tried: Tried, model: ModelFile) -> ModelFile:
    return model if tried.static is None else tried.static.model


def _tensor(array: NDArray[np.generic], folder: Path) -> Blob:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    path = folder / f"{hashlib.sha256(buffer.getvalue()).hexdigest()}.npy"
    path.write_bytes(buffer.getvalue())
    return _blob(path)


def _blob(path: Path) -> Blob:
    content = path.read_bytes()
    return Blob(path=path, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
