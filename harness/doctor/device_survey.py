"""What `bakeoff devices` finds on a device: who it is, what can be measured there, which runtimes stand ready."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.documents.device_parts import DeviceParts
from harness.documents.device_survey import DeviceSurvey
from harness.documents.profile import Ability

if TYPE_CHECKING:
    from devices.base import Device, DeviceCommands
    from devices.browsers.find_browsers import Browser
    from devices.identity import Identity
    from devices.power.survey import Survey as Sensors


MEASURABLE_FILES = {
    "memory peaks": "/proc/self/clear_refs",
    "memory held (PSS)": "/proc/self/smaps_rollup",
    "clock": "/sys/devices/system/cpu/cpu*/cpufreq/scaling_cur_freq",
}
"""What is measured → the file that it takes; of several, one will do."""
_ANY = 'for f in $2; do test "$1" "$f" && exit 0; done; exit 1'


def survey(name: str) -> list[DeviceSurvey]:
    """Look at the device that a user names, or at each phone for `adb:*`. One that does not answer is a finding, not an
    error.
    """
    from devices.errors import DeviceError
    from devices.open_device import open_devices

    try:
        devices = open_devices(name)
    except DeviceError as error:
        return [DeviceSurvey(device=name, problem=error.what, remedy=error.remedy or None)]
    return [_look_at(device) for device in devices]


def _look_at(device: Device) -> DeviceSurvey:
    from devices.browsers.find_browsers import find_browsers
    from devices.environments.ready_runtimes import ready_runtimes
    from devices.errors import DeviceError
    from devices.power.survey import parse_survey, survey_energy
    from harness.doctor.device_parts import parts_of

    try:
        device.connect()
        identity = device.identify()
        python = _python(device, identity)
        environments = ready_runtimes(device)
        browsers = find_browsers(device, identity)
        parts = parts_of(identity, python, environments, browsers)
        abilities = [_latency(parts), _in_browsers(browsers)]
        for what, path in MEASURABLE_FILES.items():
            # Memory peaks are reset by writing to their file; the others are read.
            test = "-w" if path.endswith("clear_refs") else "-r"
            there = device.run(["sh", "-c", _ANY, "sh", test, path], timeout_s=15.0).exit_code == 0
            how = path if there else f"{path} cannot be {'written' if test == '-w' else 'read'} there"
            abilities.append(Ability(what=what, possible=there, how=how))
        sensors = parse_survey(survey_energy(device))
        abilities += [_temperature(sensors), _energy(sensors)]
        return DeviceSurvey(
            device=device.name,
            identity=identity,
            python=python,
            abilities=abilities,
            runtimes=environments,
            parts=parts,
        )
    except DeviceError as error:
        return DeviceSurvey(device=device.name, problem=error.what, remedy=error.remedy or None)
    finally:
        device.close()


def _temperature(sensors: Sensors) -> Ability:
    """As the gates of a run would look at it."""
    from harness.experiment.declaration import GateBounds
    from harness.runs.planning.device_gates import device_gates

    found = device_gates(sensors, GateBounds(), on_battery=False)
    if "temperature" in found.missing:
        return Ability(what="temperature", possible=False, how=found.missing["temperature"])
    asked = next(each.probe for each in found.gates.conditions if each.id == "temperature")
    probe = next(each for each in found.probes if each.id == asked)
    return Ability(what="temperature", possible=True, how=probe.path if probe.kind == "file" else " ".join(probe.argv))


def _energy(sensors: Sensors) -> Ability:
    """By the most trustworthy source that is there; whether a cable feeds the battery now is for the run to say."""
    from devices.power.registry import SOURCES, choose_source
    from devices.power.source import FoundSource

    found = choose_source(sensors)
    if isinstance(found, FoundSource):
        return Ability(what="energy", possible=True, how=f"{SOURCES[found.source].label} ({found.covers})")
    return Ability(what="energy", possible=False, how="no source there; `bakeoff doctor` says of each why")


def _in_browsers(browsers: Sequence[Browser]) -> Ability:
    """Which browsers there are. What they can shows once a page is open in them."""
    if not browsers:
        return Ability(what="web pages", possible=False, how="no browser was found there")
    names = "; ".join(map(str, browsers))
    return Ability(what="web pages", possible=True, how=f"{names}. What each can: bakeoff web-check MODEL")


def _python(device: DeviceCommands, identity: Identity) -> str | None:
    """The Python that is there; phones are not asked."""
    from devices.environments.interpreters import find_python
    from devices.errors import RuntimeNotAvailableError

    if identity.android is not None:
        return None
    try:
        return str(find_python(device))
    except RuntimeNotAvailableError:
        return None


def _latency(parts: DeviceParts) -> Ability:
    """Whether anything can run there."""
    if parts.usable:
        return Ability(what="latency", possible=True, how=parts.runner)
    missing = [part for part in (*parts.others, *parts.runtimes) if part.state == "missing"]
    return Ability(what="latency", possible=False, how=f"{parts.runner}: {missing[0].how}")


def survey_everything() -> list[DeviceSurvey]:
    """This machine, and every phone that adb lists; where there is none, why."""
    return [*survey("local"), *survey("adb:*")]
