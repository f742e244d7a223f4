"""Prometheus and Pushgateway as processes of the test's own, on ports of their own, and questions put to them."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.rig.free_port import free_port

PROMETHEUS, PROMTOOL, PUSHGATEWAY = (
    shutil.which(name) for name in ("prometheus", "promtool", "prometheus-pushgateway")
)
READY_WITHIN_S = 60.0


class Prometheus:
    """A running Prometheus."""

    def __init__(self, url: str) -> None:
        self.url = url

    def query(self, expression: str, at: float | None = None) -> list[dict[str, Any]]:
        """The result of an instant query."""
        given = {"query": expression} if at is None else {"query": expression, "time": f"{at:.3f}"}
        found: list[dict[str, Any]] = self._ask("query", given)["result"]
        return found

    def query_range(self, expression: str, start: float, end: float, step_s: float) -> list[dict[str, Any]]:
        """The result of a range query."""
        given = {"query": expression, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step_s:g}"}
        found: list[dict[str, Any]] = self._ask("query_range", given)["result"]
        return found

    def _ask(self, what: str, given: dict[str, str]) -> dict[str, Any]:
        url = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(given)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as response:
                data: dict[str, Any] = json.load(response)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{given['query']}: {error.read().decode()}") from None
        return data


@contextmanager
def running_prometheus(folder: Path, configuration: str, *, data: Path | None = None) -> Iterator[Prometheus]:
    """Prometheus with this prometheus.yml; `data` is where blocks of past samples lie already."""
    file = folder / "prometheus.yml"
    file.write_text(configuration)
    port = free_port()
    argv = [
        str(PROMETHEUS),
        f"--config.file={file}",
        f"--storage.tsdb.path={data or folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.retention.time=10y",
    ]
    with _running(argv, folder / "prometheus.log", f"http://127.0.0.1:{port}/-/ready"):
        yield Prometheus(f"http://127.0.0.1:{port}")


@contextmanager
def running_pushgateway(folder: Path) -> Iterator[str]:
    """The address of a Pushgateway."""
    port = free_port()
    # Debian's keeps what it has in a file of the machine's, unless it is told not to.
    argv = [str(PUSHGATEWAY), f"--web.listen-address=127.0.0.1:{port}", "--persistence.file="]
    with _running(argv, folder / "pushgateway.log", f"http://127.0.0.1:{port}/-/ready"):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _running(argv: list[str], log: Path, ready: str) -> Iterator[None]:
    with log.open("wb") as said, subprocess.Popen(argv, stdout=said, stderr=said) as process:
        try:
            _wait_until_ready(process, ready, log)
            yield
        finally:
            process.kill()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    ends = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < ends:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended: {log.read_text()[-2000:]}")
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                if response.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"{url} is not ready: {log.read_text()[-2000:]}")
