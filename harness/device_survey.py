"""What `bakeoff devices` finds on a device: who it is, what can be measured there, which runtimes stand ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from devices.identity import Identity

if TYPE_CHECKING:
    from devices.base import Device


class Ability(BaseModel):
    """One thing that can or cannot be measured, and how or why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    possible: bool
    how: str


class Survey(BaseModel):
    """What was found; `problem` says why a device could not be looked at."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    device: str
    problem: str | None = None
    remedy: str | None = None
    identity: Identity | None = None
    python: str | None = None
    abilities: list[Ability] = []
    runtimes: list[str] = []
    """Provisioned and ready, such as `onnxruntime 1.32.0`."""


MEASURABLE_FILES = {
    "memory peaks": "/proc/self/clear_refs",
    "memory held (PSS)": "/proc/self/smaps_rollup",
    "clock": "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
    "temperature": "/sys/class/thermal/thermal_zone0/temp",
}


def survey(name: str) -> list[Survey]:
    """Look at the device that a user names, or at each phone for `adb:*`. One that does not answer is a finding, not an
    error.
    """
    from devices.errors import DeviceError
    from devices.open_device import open_devices

    try:
        devices = open_devices(name)
    except DeviceError as error:
        return [Survey(device=name, problem=error.what, remedy=error.remedy or None)]
    return [_look_at(device) for device in devices]


def _look_at(device: Device) -> Survey:
    from devices.errors import DeviceError
    from devices.ready_runtimes import ready_runtimes

    try:
        device.connect()
        identity = device.identify()
        latency, python = _runner(device, identity)
        abilities = [latency]
        for what, path in MEASURABLE_FILES.items():
            # Memory peaks are reset by writing to their file; the others are read.
            test = "-w" if path.endswith("clear_refs") else "-r"
            there = device.run(["test", test, path], timeout_s=15.0).exit_code == 0
            how = path if there else f"{path} cannot be {'written' if test == '-w' else 'read'} there"
            abilities.append(Ability(what=what, possible=there, how=how))
        abilities.append(Ability(what="energy", possible=False, how="not in this version"))
        return Survey(
            device=device.name,
            identity=identity,
            python=python,
            abilities=abilities,
            runtimes=ready_runtimes(device),
        )
    except DeviceError as error:
        return Survey(device=device.name, problem=error.what, remedy=error.remedy or None)
    finally:
        device.close()


def _runner(device: Device, identity: Identity) -> tuple[Ability, str | None]:
    """Which runner would measure latency there, and the Python that is there."""
    from devices.errors import DeviceError
    from devices.interpreters import find_python
    from harness.runs.runner_setup import choose_runner

    if choose_runner(identity, None) == "native":
        libc = identity.libc or "no libc that our builds can use: their loader and libraries are pushed along"
        return Ability(what="latency", possible=True, how=f"native runner ({libc})"), None
    try:
        python = str(find_python(device))
    except DeviceError as error:
        return Ability(what="latency", possible=False, how=f"python runner: {error.what}; --runner native may do"), None
    return Ability(what="latency", possible=True, how="python runner"), python


def attached() -> list[str]:
    """Every phone that adb lists, by the name it is given with; none where adb is not installed or lists none."""
    from devices.adb import attached_phones
    from devices.errors import DeviceError

    try:
        return [phone.name for phone in attached_phones()]
    except DeviceError:
        return []
