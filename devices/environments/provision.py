"""Bringing a runtime to a device: a virtual environment of its own there, made once and then reused.

Runtimes conflict with each other (tflite-runtime 2.14 needs numpy<2) and versions of one are compared with each other,
so each has its own below `<workdir>/runtimes/`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from devices.base import DeviceCommands
from devices.environments.environment_builder import PROBE
from devices.environments.interpreters import Interpreter, find_interpreters
from devices.environments.pip_diagnosis import PipDiagnosis, PipTrouble, diagnose_pip
from devices.errors import NoSpaceError, RuntimeNotAvailableError
from devices.json_answer import JsonAnswer, parse_answer
from devices.posix.shell import NO_SPACE_REMEDY
from devices.runtimes.spec import RuntimeSpec

# A few hundred MB over a slow line onto an SD card.
BUILD_TIMEOUT_S = 1800.0
_VERIFY_TIMEOUT_S = 120.0
# A Python that is too new or too old for a version is common; more than this many in a row is another trouble.
_MOST_TRIES = 4

Note = Callable[[str], None]
"""Called with one line, for people, before each thing that takes time."""


@dataclass(frozen=True)
class ProvisionedRuntime:
    """A runtime that was imported on the device just now."""

    spec: RuntimeSpec
    version: str
    """The version that was installed."""
    key: str
    """Name of its folder below `<workdir>/runtimes/`."""
    python: str
    """Path of the environment's interpreter on the device."""
    python_version: str
    packages: dict[str, str]
    """Everything installed there, name → version."""
    reused: bool


class _Answer(JsonAnswer):
    """What the builder and the probe print: an environment, or at what its making failed."""

    failed: str | None = None
    output: str = ""
    version: str = ""
    python_version: str = ""
    packages: dict[str, str | None] = Field(default={}, max_length=10_000)


def provision(device: DeviceCommands, spec: RuntimeSpec, version: str, note: Note | None = None) -> ProvisionedRuntime:
    """Make sure that a version of a runtime can be used on a device.

    One that is there already is proved by importing it and nothing is asked of a package index. Two at once are safe.
    Raises `RuntimeNotAvailableError` that says which Pythons were found, or what pip answered, and what to do;
    `NoSpaceError` when the disk is full.
    """
    say = note or (lambda _: None)
    what = f"{spec.name}=={version}"
    key = _key(device, spec, version)
    directory = f"{device.workdir}/runtimes/{key}"
    ready = _verify(device, spec, directory)
    if ready is not None:
        return _provisioned(spec, key, directory, ready, reused=True)
    say(f"looking for a Python for {what}")
    refused: list[tuple[Interpreter, PipDiagnosis]] = []
    for interpreter in _usable(device, spec, what, find_interpreters(device))[:_MOST_TRIES]:
        python = ".".join(map(str, interpreter.version))
        say(f"installing {what} for Python {python} on {device.name}")
        answer = _build(device, interpreter, spec, version, directory)
        if answer.failed is None:
            return _provisioned(spec, key, directory, answer, reused=False)
        diagnosis = _judge(device, interpreter, what, answer)
        refused.append((interpreter, diagnosis))
    raise _no_wheel(device, spec, version, refused)


def _key(device: DeviceCommands, spec: RuntimeSpec, version: str) -> str:
    """Says what is in the folder: also the machine, for homes that machines of several kinds share."""
    machine = device.run(["uname", "-m"], timeout_s=60).stdout.decode(errors="replace").strip()
    machine = machine if re.fullmatch(r"[A-Za-z0-9._-]{1,40}", machine) else "unknown"
    requirements = hashlib.sha256("\n".join(spec.python_package().requirements(version)).encode()).hexdigest()[:8]
    return f"{spec.name}-{version}-{machine}-{requirements}"


def _verify(device: DeviceCommands, spec: RuntimeSpec, directory: str) -> _Answer | None:
    """What a finished environment says of itself after its runtime was imported, or None."""
    package = spec.python_package()
    script = '[ -f "$1/ready.json" ] || exit 1; exec "$1/bin/python" -I -c "$2" "$3" "$4"'
    completed = device.run(
        ["sh", "-c", script, "sh", directory, PROBE, package.import_name, package.distribution],
        timeout_s=_VERIFY_TIMEOUT_S,
    )
    if completed.exit_code != 0:
        return None
    answer = _last_answer(completed.stdout)
    return None if answer is None or answer.failed is not None else answer


def _build(
    device: DeviceCommands, interpreter: Interpreter, spec: RuntimeSpec, version: str, directory: str
) -> _Answer:
    package = spec.python_package()
    source = (Path(__file__).parent / "environment_builder.py").read_bytes()
    request = {
        "directory": directory,
        "requirements": list(package.requirements(version)),
        "import_name": package.import_name,
        "distribution": package.distribution,
    }
    completed = device.run([interpreter.path, "-I", "-", json.dumps(request)], timeout_s=BUILD_TIMEOUT_S, stdin=source)
    answer = _last_answer(completed.stdout)
    return answer or _Answer(failed="builder", output=completed.stderr.decode(errors="replace"))


def _last_answer(stdout: bytes) -> _Answer | None:
    """The last line of what was printed; null where that is neither an environment nor a failure."""
    lines = stdout.strip().splitlines()
    answer = parse_answer(lines[-1], _Answer) if lines else None
    return answer if answer is not None and (answer.failed or answer.version) else None


def _provisioned(spec: RuntimeSpec, key: str, directory: str, ready: _Answer, *, reused: bool) -> ProvisionedRuntime:
    return ProvisionedRuntime(
        spec=spec,
        version=ready.version,
        key=key,
        python=f"{directory}/bin/python",
        python_version=ready.python_version,
        packages={name: version or "" for name, version in sorted(ready.packages.items())},
        reused=reused,
    )


def _usable(device: DeviceCommands, spec: RuntimeSpec, what: str, found: Sequence[Interpreter]) -> list[Interpreter]:
    package = spec.python_package()
    if not found:
        raise RuntimeNotAvailableError(
            f"{device.name}: {what} needs Python {package.python_range()}, and there is no Python 3 there",
            "Install one on the device, such as: apt install python3 python3-venv",
        )
    listed = ", ".join(map(str, found))
    suitable = [one for one in found if package.supports_python(one.version[:2]) and one.implementation == "cpython"]
    if not suitable:
        raise RuntimeNotAvailableError(
            f"{device.name}: {what} needs Python {package.python_range()}; found: {listed}",
            "Install such a Python on the device (pyenv or uv can), or choose another runtime.",
        )
    usable = [one for one in suitable if not {"venv", "ensurepip"} & set(one.lacks)]
    if not usable:
        names = " ".join(sorted({f"python3.{one.version[1]}-venv" for one in suitable}))
        raise RuntimeNotAvailableError(
            f"{device.name}: no Python for {what} can make a virtual environment; found: {listed}",
            f"On Debian, Ubuntu, Raspberry Pi OS: sudo apt install {names}",
        )
    return usable


def _judge(device: DeviceCommands, interpreter: Interpreter, what: str, answer: _Answer) -> PipDiagnosis:
    """What pip's refusal of this Python means where another may do; raises where none will."""
    output = answer.output
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    diagnosis = diagnose_pip(output)
    if diagnosis.trouble is PipTrouble.NO_SPACE:
        raise NoSpaceError(f"{device.name}: no space left on the device to install {what} ({last})", NO_SPACE_REMEDY)
    if answer.failed == "import":
        raise RuntimeNotAvailableError(
            f"{device.name}: {what} was installed for Python {interpreter}, but cannot be imported: {last}",
            "A system library may be missing there, or the processor may lack an instruction the wheel was built for.",
        )
    if answer.failed != "pip":
        raise RuntimeNotAvailableError(
            f"{device.name}: no virtual environment could be made with Python {interpreter}: {last}",
            f"Try it there by hand: {interpreter.path} -m venv /tmp/try",
        )
    if diagnosis.trouble is PipTrouble.NO_INDEX:
        raise RuntimeNotAvailableError(
            f"{device.name}: no package index could be reached to install {what}: {diagnosis.last_line}",
            "Give the device a network, or name an index that it can reach in its pip.conf or PIP_INDEX_URL.",
        )
    if diagnosis.trouble in (PipTrouble.CONFLICT, PipTrouble.OTHER):
        raise RuntimeNotAvailableError(f"{device.name}: pip could not install {what}: {diagnosis.last_line}")
    return diagnosis


def _no_wheel(
    device: DeviceCommands, spec: RuntimeSpec, version: str, refused: Sequence[tuple[Interpreter, PipDiagnosis]]
) -> RuntimeNotAvailableError:
    package = spec.python_package()
    pythons = ", ".join(".".join(map(str, one.version)) for one, _ in refused)
    machine = refused[0][0].machine
    offered: dict[tuple[str, ...], list[str]] = {}
    for one, diagnosis in refused:
        if diagnosis.versions:
            offered.setdefault(diagnosis.versions[-5:], []).append(f"{one.version[0]}.{one.version[1]}")
    offers = [f"{', '.join(versions)} (Python {', '.join(names)})" for versions, names in offered.items()]
    remedy = (
        f"The newest that the index has for it: {'; '.join(offers)}."
        if offers
        else f"The index has no {package.distribution} at all for this machine and these Pythons. It is made for Python"
        f" {package.python_range()}."
    )
    return RuntimeNotAvailableError(
        f"{device.name}: there is no ready-made {spec.name}=={version} for {machine} and Python {pythons}. pip:"
        f" {refused[0][1].last_line}",
        remedy,
    )
