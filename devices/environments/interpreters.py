"""The Python interpreters of a device. Each is really started: a name on the PATH may be a shim that fails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from devices.base import DeviceCommands
from devices.errors import RuntimeNotAvailableError
from devices.json_answer import JsonAnswer, parse_answer

_OLDEST = (3, 8)

# Newest first. Also where people and installers put them when a login by ssh does not see their PATH.
_NAMES = [f"python3.{minor}" for minor in range(20, 7, -1)] + ["python3", "python"]
_PLACES = (
    '"$HOME"/.pyenv/versions/*/bin/python3 /usr/local/bin/python3 /usr/local/bin/python3.* /usr/bin/python3'
    " /opt/python/*/bin/python3"
    ' "$HOME"/.local/share/uv/python/*/bin/python3 "$HOME"/miniforge3/bin/python3 "$HOME"/miniconda3/bin/python3'
    " /opt/homebrew/bin/python3 /opt/homebrew/bin/python3.*"
)

_ASK = """
import json, os, platform, sys
lacks = []
for name in ("ssl", "venv", "ensurepip"):
    try:
        __import__(name)
    except Exception:
        lacks.append(name)
print(json.dumps({
    "path": sys.executable, "real_path": os.path.realpath(sys.executable), "version": list(sys.version_info[:3]),
    "machine": platform.machine(), "implementation": sys.implementation.name,
    "in_venv": sys.prefix != sys.base_prefix, "lacks": lacks,
}))
"""

_FIND = f"""\
for p in $(for n in {" ".join(_NAMES)}; do command -v "$n"; done) {_PLACES}; do
  case "$p" in *-config) continue;; /*) ;; *) continue;; esac
  [ -x "$p" ] && "$p" -I -c "$1" 2>/dev/null </dev/null
done
exit 0
"""


@dataclass(frozen=True)
class Interpreter:
    """A Python on a device."""

    path: str
    real_path: str
    """Where the links lead."""
    version: tuple[int, int, int]
    machine: str
    """platform.machine(): the kernel's, where a 32-bit Python runs on a 64-bit kernel."""
    implementation: str
    """`cpython`, `pypy`."""
    in_venv: bool
    lacks: tuple[str, ...]
    """Those of `ssl`, `venv` and `ensurepip` that cannot be imported."""

    def __str__(self) -> str:
        """Such as `3.11.2 (/usr/bin/python3.11, without ensurepip)`."""
        without = f", without {' and '.join(self.lacks)}" if self.lacks else ""
        return f"{'.'.join(map(str, self.version))} ({self.path}{without})"


class _Answer(JsonAnswer):
    """What `_ASK` prints."""

    path: str
    real_path: str
    version: list[Annotated[int, Field(ge=0, le=9999)]] = Field(min_length=3, max_length=3)
    machine: str
    implementation: str
    in_venv: bool
    lacks: list[str] = Field(max_length=10)


def find_interpreters(device: DeviceCommands) -> list[Interpreter]:
    """Every Python from 3.8 on that starts there, newest first; those of virtual environments last."""
    completed = device.run(["sh", "-c", _FIND, "sh", _ASK], timeout_s=120)
    found: dict[str, Interpreter] = {}
    for line in completed.stdout.splitlines():
        interpreter = _parse(line)
        if interpreter is not None:
            # Two names of one program are one; a venv's interpreter is a link to its base, and not the same.
            found.setdefault(interpreter.path if interpreter.in_venv else interpreter.real_path, interpreter)
    return sorted(found.values(), key=lambda one: (one.in_venv, [-part for part in one.version], one.path))


def find_python(device: DeviceCommands) -> Interpreter:
    """A Python from 3.8 on, for programs that need the standard library alone: what `python3` starts, if it will do.

    Raises `RuntimeNotAvailableError` when there is none.
    """
    completed = device.run(["python3", "-I", "-c", _ASK], timeout_s=60)
    default = _parse(completed.stdout) if completed.exit_code == 0 else None
    found = [default] if default is not None else find_interpreters(device)
    if not found:
        raise RuntimeNotAvailableError(
            f"{device.name}: there is no Python 3.8 or newer",
            "Install one on the device, such as: apt install python3. A phone needs none: leave --runner python out.",
        )
    return found[0]


def _parse(line: bytes) -> Interpreter | None:
    answer = parse_answer(line, _Answer)
    if answer is None or not answer.path.startswith("/") or "\0" in answer.path:
        return None
    major, minor, micro = answer.version
    interpreter = Interpreter(
        path=answer.path,
        real_path=answer.real_path,
        version=(major, minor, micro),
        machine=answer.machine,
        implementation=answer.implementation,
        in_venv=answer.in_venv,
        lacks=tuple(answer.lacks),
    )
    return interpreter if interpreter.version >= _OLDEST else None
