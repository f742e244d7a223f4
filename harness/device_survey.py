"""What `bakeoff devices` finds on a device: who it is, what can be measured there, which runtimes stand ready."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from devices.identity import Identity


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


def survey(name: str) -> Survey:
    """Look at one device. A device that does not answer is a finding, not an error."""
    from devices.errors import DeviceError
    from devices.interpreters import find_python
    from devices.open_device import open_device
    from devices.ready_runtimes import ready_runtimes

    try:
        device = open_device(name)
        try:
            device.connect()
            identity = device.identify()
            abilities = [Ability(what="latency", possible=True, how="monotonic clock of the runner")]
            for what, path in MEASURABLE_FILES.items():
                there = device.run(["test", "-r", path], timeout_s=15.0).exit_code == 0
                how = path if there else f"{path} cannot be read there"
                abilities.append(Ability(what=what, possible=there, how=how))
            abilities.append(Ability(what="energy", possible=False, how="not in this version"))
            try:
                python: str | None = str(find_python(device))
            except DeviceError as error:
                python = None
                abilities[0] = Ability(what="latency", possible=False, how=error.what)
            return Survey(
                device=name,
                identity=identity,
                python=python,
                abilities=abilities,
                runtimes=ready_runtimes(device),
            )
        finally:
            device.close()
    except DeviceError as error:
        return Survey(device=name, problem=error.what, remedy=error.remedy or None)
