"""`bakeoff monitor` of a real model on this machine: scraped by a real Prometheus, ended by Ctrl-C, and gone."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from harness.nightly.device_lock import device_lock
from tests.rig.command import bakeoff, start
from tests.rig.free_port import free_port
from tests.rig.prometheus import PROMETHEUS, running_prometheus
from tests.rig.run_on_a_phone import over_adb
from tests.rig.run_watch import wait_for

SAMPLE = re.compile(r"^(bakeoff_monitor_\w+)\{([^}]*)\} (\S+)$", re.MULTILINE)


class Monitor:
    """A monitor at work, with its own folder for what it keeps meanwhile."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path, rounds: Path) -> None:
        self.process, self._log, self.rounds = process, log, rounds

    def said(self) -> str:
        assert self.process.poll() is None or self._log.exists()
        return self._log.read_text()

    @property
    def url(self) -> str:
        wait_for(lambda: "metrics at http" in self.said() or self.process.poll() is not None)
        found = re.search(r"metrics at (http://\S+);", self.said())
        assert found, self.said()
        return found[1]

    def metrics(self) -> str:
        with urllib.request.urlopen(self.url, timeout=30) as response:
            return response.read().decode()

    def value(self, name: str, having: str = "") -> float | None:
        found = [
            float(value)
            for metric, labels, value in SAMPLE.findall(self.metrics())
            if metric == name and having in labels
        ]
        return found[0] if found else None

    def wait_for_windows(self, count: int) -> None:
        def are_there() -> bool:
            assert self.process.poll() is None, self.said()
            return (self.value("bakeoff_monitor_windows_total") or 0) >= count

        wait_for(are_there)

    def end(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(120)


def is_at_work(pid: int) -> bool:
    """One that has ended and waits for its parent is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def monitoring(tiny, workdir, tmp_path, monkeypatch):
    monkeypatch.setenv("BAKEOFF_STATE", str(tmp_path / "state"))
    experiment = tiny.write()

    @contextmanager
    def begin(*arguments: object, **more: str) -> Iterator[Monitor]:
        log = tmp_path / "log"
        given = ("--window", 0.25, "--port", free_port(), *arguments)
        process = start("monitor", experiment, *given, log=log, BAKEOFF_LOCAL_WORKDIR=str(workdir), **more)
        try:
            yield Monitor(process, log, tmp_path / "state" / "monitor")
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    return begin


@pytest.mark.skipif(PROMETHEUS is None, reason="no prometheus on this machine; run scripts/install_test_packages.sh")
def test_a_deployed_model_is_scraped_and_the_device_is_left_as_it_was_found(monitoring, tmp_path):
    with monitoring() as monitor:
        monitor.wait_for_windows(2)
        target = monitor.url.removeprefix("http://").removesuffix("/metrics")
        configuration = (
            "global: {scrape_interval: 250ms}\n"
            f"scrape_configs: [{{job_name: bakeoff, static_configs: [{{targets: ['{target}']}}]}}]\n"
        )
        with running_prometheus(tmp_path, configuration) as prometheus:
            wait_for(lambda: bool(prometheus.query("rate(bakeoff_monitor_inferences_total[1m]) > 0")))
            (up,) = prometheus.query("bakeoff_monitor_up")
            median, slow = (
                float(prometheus.query(f'bakeoff_monitor_latency_seconds{{quantile="{q}"}}')[0]["value"][1])
                for q in ("0.5", "0.99")
            )
            (info,) = prometheus.query("bakeoff_monitor_info")
        assert up["value"][1] == "1"
        assert {name: up["metric"][name] for name in ("device", "arm")} == {"device": "local", "arm": "baseline"}
        assert 0 < median <= slow < 10
        assert re.fullmatch("[0-9a-f]{64}", info["metric"]["model_sha256"])
        if shutil.which("promtool"):
            text = monitor.metrics().encode()
            checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
            assert (checked.returncode, checked.stderr) == (0, b"")
        (state,) = monitor.rounds.glob("*/devices/0-local/state.json")
        at_work = json.loads(state.read_text())
        there = Path(at_work["remote_folder"])
        assert there.is_dir()
        assert monitor.end() == 0
        assert "Traceback" not in monitor.said()
    assert not there.exists()
    wait_for(lambda: not is_at_work(at_work["process"]["pid"]), 60)
    assert not list(monitor.rounds.iterdir())


def test_a_night_and_a_monitor_take_turns(monitoring):
    with ExitStack() as night:
        night.enter_context(device_lock("local", lambda _: False, lambda: None))
        with monitoring("--round", 2 / 3600) as monitor:
            wait_for(lambda: monitor.value("bakeoff_monitor_state", 'state="waiting"') == 1)
            assert monitor.value("bakeoff_monitor_up") == 0
            night.close()
            monitor.wait_for_windows(1)

            def wait(seconds: float) -> bool:
                assert monitor.process.poll() is None, monitor.said()
                time.sleep(seconds)
                return True

            with device_lock("local", wait, lambda: None) as had:
                assert had
                wait_for(lambda: monitor.value("bakeoff_monitor_state", 'state="waiting"') == 1)


@pytest.mark.parametrize("how", ["asked once", "killed in between"])
def test_a_phone_is_left_as_it_was_found(monitoring, new_phone, how):
    desk = new_phone()
    before = desk.phone.settings()
    with monitoring("-d", desk.name, **over_adb(desk.server)) as monitor:
        monitor.wait_for_windows(1)
        assert desk.phone.settings() != before  # it is kept awake
        assert monitor.value("bakeoff_monitor_battery_ratio") is not None
        if how == "killed in between":
            monitor.process.kill()
            monitor.process.wait()
    if how == "killed in between":  # what the next one finds it ends and removes
        with monitoring("-d", desk.name, **over_adb(desk.server)) as monitor:
            monitor.wait_for_windows(1)
            assert monitor.end() == 0, monitor.said()
    else:
        assert monitor.process.returncode == 0, monitor.said()
    desk.assert_left_as_found(before)


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh on this machine; run scripts/install_test_packages.sh")
def test_a_device_that_cannot_be_had_is_counted_and_keeps_no_other_from_it(monitoring):
    away = f"ssh://nobody@127.0.0.1:{free_port()}"
    with monitoring("-d", "local", "-d", away) as monitor:
        wait_for(lambda: monitor.value("bakeoff_monitor_failures_total", away) == 1)
        wait_for(lambda: (monitor.value("bakeoff_monitor_windows_total", 'device="local"') or 0) >= 1)
        assert monitor.value("bakeoff_monitor_up", away) == 0
        assert monitor.value("bakeoff_monitor_up", 'device="local"') == 1
        assert monitor.value("bakeoff_monitor_latency_seconds", away) is None
        assert monitor.end() == 0
    assert "refuses the connection" in monitor.said()


def test_a_monitor_of_so_many_hours_ends_by_itself(monitoring):
    with monitoring("--hours", 3 / 3600) as monitor:
        assert monitor.process.wait(240) == 0, monitor.said()
    assert not list(monitor.rounds.iterdir())


def test_what_cannot_be_watched_is_refused_in_two_lines(tiny, tmp_path):
    experiment = tiny.write()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments, words in (
            (["--port", port], f"cannot listen on 127.0.0.1 port {port}"),
            (["--port", 0], "a number of a port up to 65535"),
            (["--arm", "nobody"], "--arm nobody: the experiment has no such arm"),
            (["-d", "nonsense://x"], "nonsense"),
            (["--window", "0"], "a number of seconds"),
        ):
            said = bakeoff("monitor", experiment, *arguments, BAKEOFF_STATE=str(tmp_path / "state"))
            assert said.exit_code == 2, said.stderr
            assert words in said.stderr
            assert "Traceback" not in said.stderr


def test_an_experiment_without_its_model_ends_the_monitor(tiny, tmp_path):
    experiment = tiny.write()
    for model in experiment.parent.rglob("*.onnx"):
        model.unlink()
    said = bakeoff("monitor", experiment, "--port", free_port(), BAKEOFF_STATE=str(tmp_path / "state"))
    assert said.exit_code == 2, said.stderr
    assert "onnx" in said.stderr
