"""Runs on the device: makes a virtual environment with a runtime in it. Standard library only, Python 3.8 or newer.

    python environment_builder.py REQUEST

REQUEST is JSON: `directory`, `requirements`, `import_name`, `distribution`. The last line of stdout is JSON: either
what `ready.json` holds, or `failed` (`venv`, `pip`, `import`) with `output`.

`ready.json` is written last, so an environment without it is a half-made one, and is removed. A lock on a file beside
the directory keeps two builders apart; the system lets go of it however a builder ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

OUTPUT_CHARACTERS = 20000

# Run by the environment's own interpreter: prove that the runtime works, say what is installed.
PROBE = """
import importlib, importlib.metadata as metadata, json, platform, sys
importlib.import_module(sys.argv[1])
packages = {one.metadata["Name"]: one.version for one in metadata.distributions()}
print()
print(json.dumps({
    "version": metadata.version(sys.argv[2]), "python_version": platform.python_version(), "packages": packages,
}))
"""


def run(argv: list[str]) -> subprocess.CompletedProcess[str]:
    """A command to its end, both streams in one text."""
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )


def probe(python: Path, request: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Import the runtime in its environment."""
    return run([str(python), "-I", "-c", PROBE, request["import_name"], request["distribution"]])


def failure(stage: str, output: str) -> dict[str, Any]:
    """What is told about a step that failed."""
    return {"failed": stage, "output": output[-OUTPUT_CHARACTERS:]}


def reuse(request: dict[str, Any], python: Path, ready_path: Path) -> dict[str, Any] | None:
    """What a finished environment says of itself, if it still works."""
    try:
        ready = json.loads(ready_path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    if not isinstance(ready, dict) or ready.get("requirements") != request["requirements"]:
        return None
    try:
        return ready if probe(python, request).returncode == 0 else None
    except OSError:
        return None


def build(request: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Make the environment, or find it made."""
    python, ready_path = directory / "bin" / "python", directory / "ready.json"
    found = reuse(request, python, ready_path)
    if found is not None:
        return found
    shutil.rmtree(directory, ignore_errors=True)
    made = run([sys.executable, "-I", "-m", "venv", str(directory)])
    if made.returncode != 0:
        return failure("venv", made.stdout)
    quietly = ["--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    installed = run(
        [str(python), "-I", "-m", "pip", "install", "--only-binary=:all:", *quietly, *request["requirements"]]
    )
    if installed.returncode != 0:
        return failure("pip", installed.stdout)
    proved = probe(python, request)
    if proved.returncode != 0:
        return failure("import", proved.stdout)
    ready: dict[str, Any] = json.loads(proved.stdout.splitlines()[-1])
    ready.update(python=str(python), base=sys.executable, requirements=request["requirements"])
    temporary = directory / "ready.json.part"
    with temporary.open("w", encoding="utf-8") as file:
        json.dump(ready, file, indent=1, sort_keys=True)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(ready_path)
    return ready


def main() -> None:
    """Build under the lock, answer in JSON."""
    request = json.loads(sys.argv[1])
    directory = Path(request["directory"])
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_name(directory.name + ".lock").open("a", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        answer = build(request, directory)
        if "failed" in answer:
            shutil.rmtree(directory, ignore_errors=True)
    print()
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
