"""The plan's probes: files and commands, read raw."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from devices.python_runner.clock import clock_ns
from devices.python_runner.command_output import CommandOutput, ProbeError
from devices.python_runner.contract import RUNNER_VERSION
from devices.python_runner.log import one_line
from devices.python_runner.worker_process import ArmWorker

if TYPE_CHECKING:
    from collections.abc import Sequence


class Probes:
    """The plan's probes, read raw. Whatever goes wrong with one is said in its reading and ends nothing."""

    def __init__(self, probes: Sequence[dict[str, Any]]) -> None:
        self._probes = {probe["id"]: probe for probe in probes}

    def read(self, name: str, worker: ArmWorker | None) -> dict[str, Any]:
        """One look, in the shape of `harness.documents.records.Reading`."""
        probe = self._probes[name]
        text: str | None = None
        error: str | None = None
        begun_ns = clock_ns()
        try:
            content = self._content(probe, worker)
            text = content[: probe["max_bytes"]].decode("utf-8", "replace")
        except ProbeError as failure:
            error = one_line(str(failure), 300)
        took_ns = clock_ns() - begun_ns
        return {"probe": name, "monotonic_ns": begun_ns, "took_ns": took_ns, "text": text, "error": error}

    @staticmethod
    def _content(probe: dict[str, Any], worker: ArmWorker | None) -> bytes:
        if probe["kind"] == "file":
            return small_file(probe["path"], probe["max_bytes"])
        if probe["kind"] != "command":
            raise ProbeError(f"runner version {RUNNER_VERSION} knows no probes of kind {probe['kind']}")
        argv = list(probe["argv"])
        if "{pid}" in argv:
            if worker is None:
                raise ProbeError("there is no worker whose process id could stand for {pid} here")
            argv = [str(worker.working_pid) if word == "{pid}" else word for word in argv]
        return CommandOutput(argv, probe["max_bytes"], probe["timeout_ns"]).read()


def small_file(path: str, max_bytes: int) -> bytes:
    """Up to `max_bytes` of a file. Raises ProbeError."""
    content = b""
    try:
        # What is no plain file (a pipe, a device) must not be waited for.
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        try:
            while len(content) < max_bytes:
                chunk = os.read(fd, max_bytes - len(content))
                if not chunk:
                    break
                content += chunk
        finally:
            os.close(fd)
    except (OSError, ValueError) as error:
        raise ProbeError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    return content
