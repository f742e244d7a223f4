"""Looking at one device, calibrating it, and keeping what was found."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devices.errors import DeviceError
from devices.identity import device_key
from devices.open_device import open_device
from devices.power.survey import parse_survey, survey_energy
from devices.readings.unavailable import NotThere
from harness import __version__
from harness.analysis.tables.device_records import read_device_records
from harness.commands.run import Overrides, start_run
from harness.doctor.calibration import CalibrationFacts, judge_calibration
from harness.doctor.calibration_experiment import BLOCK_MS, CalibrationModel, write_calibration
from harness.doctor.device_survey import survey as survey_devices
from harness.doctor.findings import askable_gates, capacity, chosen_source, energy_sources
from harness.doctor.obstacles import busy_cores, find_obstacles
from harness.documents.examined import Examined
from harness.documents.folder import RunFolder
from harness.documents.profile import Ability, Calibration, DeviceProfile
from harness.documents.profile_store import find_profile, store_profile, store_records
from harness.errors import UserError
from harness.experiment.resolve import resolve
from harness.scratch_folder import scratch_folder

if TYPE_CHECKING:
    from devices.base import DeviceCommands
    from devices.identity import Identity
    from devices.readings.unavailable import Decimal
    from harness.documents.device_survey import DeviceSurvey
    from harness.runs.session.progress import Progress

_LOOK_S: Final = 2.0
"""Between two looks at what the processors do."""
_TIMEOUT_S: Final = 15.0


def examine(name: str, model: CalibrationModel, minutes: float | None, progress: Progress) -> list[Examined]:
    """Each device that `name` stands for; `minutes` None leaves the calibration out.

    Raises `UserError` for a model that cannot be used and a folder of profiles that cannot be written. A device that
    does not answer is a finding.
    """
    if minutes is not None:
        check_model(model)
    return [_examine(look, model, minutes, progress) for look in survey_devices(name)]


def check_model(model: CalibrationModel) -> None:
    """Raises `UserError` where no device could calibrate with it."""
    with scratch_folder("doctor") as folder:
        resolve(write_calibration(folder, model, 0.0), lambda _done, _total: None)


def _examine(look: DeviceSurvey, model: CalibrationModel, minutes: float | None, progress: Progress) -> Examined:
    if look.problem is not None or look.identity is None:
        return Examined(look.device, problem=look.problem, remedy=look.remedy)
    progress.say(look.device, "looking at its sensors, and at what else runs there")
    try:
        device = open_device(look.device)
        try:
            device.connect()
            others = _busy_cores(device)
            survey = parse_survey(survey_energy(device))
        finally:
            device.close()
    except DeviceError as error:
        return Examined(look.device, problem=error.what, remedy=error.remedy or None)
    known = find_profile(look.device, look.identity)
    calibration = known.calibration if isinstance(known, DeviceProfile) else None
    if isinstance(known, NotThere) and minutes is None:
        progress.say(look.device, f"no calibration to keep: {known.reason}")
    problem = None
    if minutes is not None:
        found = _calibrate(look.device, look.identity, model, minutes, progress)
        if isinstance(found, Calibration):
            calibration = found
        else:
            problem = found.reason
    profile = DeviceProfile(
        bakeoff_version=__version__,
        device=look.device,
        key=device_key(look.device, look.identity),
        made_at=_now(),
        identity=look.identity,
        abilities=[
            Ability(what=each.what, possible=each.possible, how=each.how)
            for each in look.abilities
            if each.what != "energy"
        ],
        energy=energy_sources(survey),
        energy_source=chosen_source(survey),
        battery_capacity_mwh=capacity(survey),
        gates=askable_gates(survey),
        obstacles=find_obstacles(survey, look.identity, others),
        calibration=calibration,
        calibration_problem=problem,
    )
    return Examined(look.device, profile, store_profile(profile))


def _busy_cores(device: DeviceCommands) -> Decimal:
    looks = []
    for pause in (0.0, _LOOK_S):
        time.sleep(pause)
        done = device.run(["cat", "/proc/stat"], timeout_s=_TIMEOUT_S)
        looks.append(done.stdout.decode("utf-8", "replace"))
    return busy_cores(*looks)


def _calibrate(
    name: str, identity: Identity, model: CalibrationModel, minutes: float, progress: Progress
) -> Calibration | NotThere:
    """A whole run of the ordinary kind, of which only the records are looked at, and kept where they say something."""
    with scratch_folder("doctor") as scratch:
        file = write_calibration(scratch, model, minutes)
        folder = RunFolder(scratch / "run")
        try:
            outcome = start_run(file, [name], folder, Overrides(), progress)
        except (DeviceError, UserError) as error:
            return NotThere(f"{error.what} {error.remedy}".strip())
        if outcome.problems:
            return NotThere("; ".join(outcome.problems.values()))
        manifest = folder.read_manifest()
        result = outcome.comparison.devices[0]
        failures = [failure for arm in result.arms for failure in arm.failures]
        if failures:
            return NotThere(f"the model failed there: {failures[0]}")
        path = folder.device(manifest.devices[0]).records
        records = read_device_records(path)
        arm = manifest.arms[0]
        facts = CalibrationFacts(
            made_at=_now(),
            model=Path(file.experiment.baseline.model).name,
            runtime=f"{arm.runtime} {arm.runtime_version}",
            runner=result.runner or "no runner",
            block_ms=BLOCK_MS,
        )
        found = judge_calibration(records.complete_pairs([each.id for each in manifest.arms]), facts)
        if isinstance(found, Calibration):
            store_records(name, identity, path)
        return found


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
