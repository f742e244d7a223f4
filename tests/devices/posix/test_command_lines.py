"""A process found by a path on its command line, on every kind of device and by every grep that is here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from devices.posix.command_lines import pattern_of
from devices.posix.posix_device import PosixDevice
from harness.runs.measuring.runner_process import RunnerProcess

PLAIN, SPECIAL = "/data/local/tmp/bakeoff/runs/", "/a.b*[c]^d$e\\f g'h/runs/"


@pytest.mark.parametrize("text", [PLAIN, SPECIAL])
def test_a_word_that_is_not_the_first_is_found_and_a_like_one_is_not(device: PosixDevice, text: str) -> None:
    with subprocess.Popen(["/bin/sh", "-c", "read -r _", "sh", f"{text}x/plan.json"], stdin=subprocess.PIPE) as other:
        cmdline = Path(f"/proc/{other.pid}/cmdline")
        copy = Path(device.workdir) / "cmdline"
        copy.write_bytes(cmdline.read_bytes())
        assert finds(device, text, copy)
        assert not finds(device, text.replace("b", "c", 1), copy)
        assert not finds(device, text.replace(".", "c") if "." in text else f"{text}y", copy)


def finds(device: PosixDevice, text: str, file: Path) -> bool:
    return device.run(["grep", "-q", "--", pattern_of(text), os.fspath(file)], timeout_s=120).exit_code == 0


def test_what_is_changed_for_a_run_at_work_stays_so_until_it_has_ended(device: PosixDevice) -> None:
    folder, changes = f"{device.workdir}/runs/x", f"{device.workdir}/changed"
    device.write(f"{folder}/plan.json", b"{}")
    argv = ["sh", "-c", "sleep 300; :", "sh", f"{folder}/plan.json", f"{folder}/records.jsonl"]
    runner = device.start(argv, log=f"{folder}/log", cwd=folder)
    try:
        assert RunnerProcess(device, folder).writes(runner.pid)
        assert not RunnerProcess(device, f"{device.workdir}/runs/y").writes(runner.pid)
        device.write(changes, b"clock\t/sys/devices/system/cpu/cpufreq/policy9999/scaling_governor\tschedutil\n")
        device.connect()
        assert device.run(["test", "-s", changes], timeout_s=120).exit_code == 0
    finally:
        device.signal(runner, "KILL")
    ends = 'while grep -q . "/proc/$1/cmdline" 2>/dev/null; do sleep 0.1; done'
    device.run(["sh", "-c", ends, "sh", str(runner.pid)], timeout_s=120)
    device.connect()
    assert device.run(["test", "-e", changes], timeout_s=120).exit_code == 1
