"""A soak's folder as it would be on disk, filled by the simulated device in virtual time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from devices.identity import Identity
from harness.documents.folder import write_model
from harness.documents.manifest import ManifestArm, ManifestDevice, ManifestItem
from harness.documents.plan import FileProbe, LatencyOptions, Plan, SoakStep, WarmUpStep
from harness.documents.records import Record
from harness.documents.runner_record import RunnerRecord
from harness.documents.soak_folder import SoakFolder
from harness.documents.soak_manifest import SoakManifest
from harness.documents.state import DeviceState
from harness.experiment.declaration import Arm, Experiment, Rule
from harness.models.model_file import read_model as read_model_file
from harness.tasks.image_to_image.codec import make_codec
from harness.tasks.image_to_image.options import Data
from tests.rig.simulated import SimulatedDevice, Truth
from tests.rig.tiny_experiment import write_upscaler

REFERENCE_NS = 5_000_000


def soak_plan(hours: float, window_s: float, *, battery: bool = False, reference_ns: int = REFERENCE_NS) -> Plan:
    """One arm that exists in the simulation only."""
    probes = [FileProbe(id="battery", path="/sys/class/power_supply/battery/uevent")] if battery else []
    return Plan(
        run_id="simulated", seed=1, arms=[], items=[], probes=probes, soak_probes=[probe.id for probe in probes],
        steps=[
            WarmUpStep(step=0, arms=["a0"], item="i0"),
            SoakStep(
                step=1, arm="a0", item="i0", duration_ns=round(hours * 3600e9), window_ns=round(window_s * 1e9)
            ),
        ],
        latency=LatencyOptions(
            block_target_ns=1, block_min_inferences=5, block_max_inferences=5, lead_in_inferences=0, settle_ns=0,
            warm_up_min_blocks=3, warm_up_max_blocks=3, warm_up_tolerance=0.02, max_ns=1,
            reference_target_ns=reference_ns,
        ),
        step_timeout_ns=1,
    )  # fmt: skip


def simulated_records(
    truth: Truth,
    *,
    hours: float = 72.0,
    window_s: float = 60.0,
    seed: int = 1,
    battery: bool = False,
    reference_ns: int = REFERENCE_NS,
) -> list[Record]:
    """What the simulated device writes."""
    plan = soak_plan(hours, window_s, battery=battery, reference_ns=reference_ns)
    return SimulatedDevice(truth, seed).run(plan)


def write_records(path: Path, records: Sequence[Record]) -> Path:
    """As a runner would, numbered anew."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (record.model_copy(update={"n": n}).model_dump_json(by_alias=True) for n, record in enumerate(records))
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def soaked_folder(
    folder: Path,
    records: Sequence[Record],
    *,
    hours: float = 72.0,
    window_s: float = 60.0,
    name: str = "a soak",
    arm: str = "candidate",
    device: str = "local",
    change: Callable[[SoakManifest], SoakManifest] = lambda manifest: manifest,
) -> SoakFolder:
    """Fetched and complete, but for its result."""
    folder.mkdir(parents=True, exist_ok=True)
    model = read_model_file(write_upscaler(folder / "m.onnx"))
    experiment = Experiment(
        name=name,
        question="?",
        data=Data(inputs="lr", references="hr", scale=2),
        arms=[
            Arm(name="baseline", role="baseline", model="m.onnx", runtime="onnxruntime"),
            Arm(name=arm, role="candidate", model="m.onnx", runtime="onnxruntime"),
        ],
        rules=[Rule.model_validate({"quantity": "latency_p50", "no_worse_than": "5 %"})],
    )
    manifest = SoakManifest(
        bakeoff_version="0", run_id="20260101-000000-abcdef", created_at="2026-01-01T00:00:00+00:00",
        experiment=experiment, experiment_folder=str(folder),
        arm=ManifestArm(
            id="a0", name=arm, role="candidate", model_path=str(model.path), model_sha256=model.sha256,
            model_bytes=model.bytes, format="onnx", runtime="onnxruntime", runtime_version="1.32.0",
            accelerator="cpu", threads=1, codec=make_codec(model, experiment.data.tensor),
        ),
        item=ManifestItem(id="i0", stem="picture", scene="picture", input_path="lr/p.png", reference_path="hr/p.png"),
        hours=hours, window_s=window_s, devices=[ManifestDevice(name=device, folder="0-device")],
    )  # fmt: skip
    soak = SoakFolder(folder / "soak")
    manifest = change(manifest)
    write_model(soak.manifest, manifest)
    files = soak.device(manifest.devices[0])
    write_records(files.records, records)
    write_model(files.state, DeviceState(stage="fetched", remote_folder="/x", conductor=[]))
    write_model(files.runner, RunnerRecord(runner="native", reason="it fits"))
    write_model(files.identity, Identity(kind="local"))
    return soak
