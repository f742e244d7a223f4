"""A real tracking server of MLflow. It has some 700 MB with what it needs, and an environment of its own:

python3 -m venv /opt/mlflow && /opt/mlflow/bin/pip install mlflow
BAKEOFF_TEST_MLFLOW=/opt/mlflow/bin/mlflow make test
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import urllib.request
from pathlib import Path

from tests.rig.free_port import free_port

PROGRAM = os.environ.get("BAKEOFF_TEST_MLFLOW") or shutil.which("mlflow")
MISSING = (
    "no MLflow on this machine; `python3 -m venv DIR && DIR/bin/pip install mlflow` (700 MB), then set "
    "BAKEOFF_TEST_MLFLOW=DIR/bin/mlflow"
)


class TrackingServer:
    """Runs until it is stopped, with its database and its files in `folder`."""

    def __init__(self, folder: Path) -> None:
        assert PROGRAM is not None
        port = free_port()
        self.address = f"http://127.0.0.1:{port}"
        self.files = folder / "artifacts"
        argv = [PROGRAM, "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        argv += ["--backend-store-uri", f"sqlite:///{folder / 'mlflow.db'}", "--artifacts-destination", str(self.files)]
        self._log = (folder / "log").open("wb")
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self._process = subprocess.Popen(
            argv, cwd=folder, env=environment, stdout=self._log, stderr=self._log, start_new_session=True
        )
        self._wait_until_it_answers(Path(self._log.name))

    def _wait_until_it_answers(self, log: Path, patience_s: float = 300.0) -> None:
        until = time.monotonic() + patience_s
        while True:
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    self.stop()
                    raise RuntimeError(log.read_text()[-2000:]) from None
                time.sleep(0.5)

    def stop(self) -> None:
        """With all of its workers."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait(timeout=20)
        self._log.close()
