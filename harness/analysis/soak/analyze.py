"""From the records of a soak to result.json and the page: at its end, and whenever it is looked at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from devices.identity import Identity
from harness import __version__
from harness.analysis.conditions.load_of_others import CROWDED_CORES
from harness.analysis.soak.battery import battery_finding
from harness.analysis.soak.courses import draw_courses
from harness.analysis.soak.drift import FEWEST_WINDOWS, MEDIAN_BOUND, STRETCHES, TAIL_BOUND, drift_finding
from harness.analysis.soak.gaps import count_boots, find_gaps
from harness.analysis.soak.heat import temperature_finding
from harness.analysis.soak.memory import memory_finding
from harness.analysis.soak.throttling import SLOWER, STRETCH_SLOWER, throttling_finding
from harness.analysis.soak.windows import SoakRecords, read_soak_records
from harness.analysis.tables.device_records import RecordsError
from harness.documents.folder import read_model
from harness.documents.runner_record import RunnerRecord
from harness.documents.soak_result import Activity, SoakDevice, SoakResult
from harness.documents.state import DeviceState
from harness.quantity import Available, Measured, Unavailable
from harness.statistics.leak import LOOKS, MATTERS_BYTES_PER_1000
from harness.words.sentences import listed

if TYPE_CHECKING:
    from harness.documents.manifest import ManifestDevice
    from harness.documents.soak_folder import SoakFolder
    from harness.documents.soak_manifest import SoakManifest

_LOOKS = listed([f"{100 * share:.0f} %" for share in LOOKS])

METHOD = [
    "Continuous inference in one process, alone; each window is summarised as it ends, its quantiles from a histogram "
    "with steps of 1 %.",
    "Leak: increments of memory between stretches of the soak, each stretch its median, warm-up left out. Yes: their "
    "mean is above 0 (one-sided t-test at 1 %, and 5 % in the later half alone). No: the one-sided 95 % bound is below "
    f"{MATTERS_BYTES_PER_1000:g} bytes per 1000 inferences, and so is that on a leak in steps of up to 2 MiB (a page, "
    "64 KiB, 1 MiB, 2 MiB, and larger ones that were seen): Garwood's bound on the number of steps, times their size. "
    "Not yet known otherwise. However often a soak is looked "
    f"at, the answer changes only after {_LOOKS} of the hours asked for; before the end it is never no, and yes only "
    "where two of these looks in a row show growth that keeps its pace.",
    f"Latency drift: the soak is cut into {STRETCHES[0]} stretches, and into {STRETCHES[1]}; the last third of their "
    "log-medians against the first, 95 %, the wider of the two intervals. It allows for stretches that resemble each "
    "other (AR(1) about a smooth course), so that of a latency that wanders slowly it is not yet known. A change of "
    f"{100 * MEDIAN_BOUND:g} % matters for the median, {100 * TAIL_BOUND:g} % for the 99th percentile. At least "
    f"{FEWEST_WINDOWS} windows. Where the later two thirds agree, they are held against the first hour as well.",
    "Throttling: a running median of five windows of the runner's fixed work (a hash of a fixed number of bytes, by "
    f"its CPU time) more than {100 * SLOWER - 100:.0f} % above its own best, and above noise, or a tenth of the soak "
    f"{100 * STRETCH_SLOWER - 100:.0f} % slower than the first; without fixed work, the arm's own latency where the "
    f"clocks were down as well. Windows in which others kept {CROWDED_CORES:g} cores busier than usual do not count: "
    "what was slow in those alone was slowed by other programs, or it cannot be told what it was.",
    "Hours count what the device spent in windows; interruptions are listed and not counted.",
    "Charts keep the lowest and the highest window of each stretch.",
]


def analyze_soak(folder: SoakFolder, activity: Mapping[str, Activity] | None = None) -> SoakResult:
    """What is known by now. `activity` is what a look at the devices has shown. Raises `UserError`."""
    manifest = folder.read_manifest()
    arm = manifest.arm
    return SoakResult(
        bakeoff_version=__version__,
        run_id=manifest.run_id,
        created_at=manifest.created_at,
        name=manifest.experiment.name,
        arm=arm.name,
        model_file=Path(arm.model_path).name,
        model_sha256=arm.model_sha256,
        runtime=f"{arm.runtime} {arm.runtime_version}",
        threads=arm.threads,
        accelerator=arm.accelerator,
        item=manifest.item.stem,
        asked_hours=manifest.hours,
        window_s=manifest.window_s,
        devices=[_device(folder, entry, manifest, (activity or {}).get(entry.name)) for entry in manifest.devices],
        method=METHOD,
    )


def _device(folder: SoakFolder, entry: ManifestDevice, soak: SoakManifest, activity: Activity | None) -> SoakDevice:
    files = folder.device(entry)
    identity = read_model(files.identity, Identity) if files.identity.exists() else None
    runner = read_model(files.runner, RunnerRecord) if files.runner.exists() else None
    records, damage = SoakRecords([], [], [], [], [], {}), None
    try:
        records = read_soak_records(files.records) if files.records.exists() else records
    except RecordsError as error:  # a device's fault is that device's
        damage = f"{error.what}\n  {error.remedy}"
    status, problem = _status(read_model(files.state, DeviceState) if files.state.exists() else None, records, activity)
    if damage is not None:
        status, problem = "failed", damage
    return SoakDevice(
        device=entry.name,
        identity=identity,
        runner=runner.name if runner is not None else None,
        status=status,
        problem=problem,
        started_at=records.started[0].wall_time if records.started else None,
        hours=float(records.seconds.sum()) / 3600.0,
        windows=len(records.windows),
        inferences=int(records.inferences.sum()),
        inferences_per_second=_rate(records),
        sessions=len(records.started),
        boots=count_boots(records),
        memory=memory_finding(records, None if status in {"complete", "failed"} else soak.hours),
        latency=drift_finding(records, "latency_p50_ns"),
        tail=drift_finding(records, "latency_p99_ns"),
        throttling=throttling_finding(records),
        temperature=temperature_finding(records),
        battery=battery_finding(records),
        gaps=find_gaps(records, soak.window_s),
        courses=draw_courses(records),
        session_hours=[float(records.hours[places[0] - 1]) for places in records.sessions[1:]],
    )


def _status(
    state: DeviceState | None, records: SoakRecords, activity: Activity | None
) -> tuple[Literal["complete", "failed", "at work", "stopped", "unknown"], str | None]:
    if records.failed:
        last = records.failed[-1]
        return "failed", f"the arm failed at {last.stage}: {last.error}: {last.message}"
    if state is None:
        return "stopped", "the soak was cut before this device was ready; `bakeoff soak --resume` goes on"
    if state.stage == "unprepared":
        return "failed", state.problem
    finished = records.finished[-1].reason if records.finished and _is_last(records) else None
    if state.stage in {"measured", "fetched"} or finished in {"complete", "bound"}:
        return "complete", state.problem
    return ("stopped" if finished is not None else activity or "unknown"), state.problem


def _is_last(records: SoakRecords) -> bool:
    """Whether the newest session has said that it is finished."""
    return records.finished[-1].session == max(records.last_ns)


def _rate(records: SoakRecords) -> Measured:
    seconds = float(records.seconds.sum())
    if seconds <= 0.0:
        return Unavailable(reason="there is no window yet")
    return Available(
        value=float(records.inferences.sum()) / seconds, unit="per second", source="inferences and lengths of windows"
    )
