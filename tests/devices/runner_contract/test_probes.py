"""Probes are read raw and within bounds: whatever is wrong with one is said in its reading, and the run goes on."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import numpy as np
import pytest

from harness.documents.records import ArmLoaded, MemoryMeasured, Reading
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import RUNNERS, Bench, is_alive, of_kind

HANGS = """
import os, sys, time
if child := os.fork():
    with open(sys.argv[1], 'w') as file:
        file.write(f'{os.getpid()} {child}')
time.sleep(600)
"""
FLOODS = "import sys\nwhile True: sys.stdout.write('x' * 1000)"
# The shorter one, unless it is over before the program that hangs has started another.
TIMEOUTS_S = (0.4, 10.4)


@dataclass(frozen=True)
class Readings:
    """What one memory step read through every kind of probe."""

    by_probe: dict[str, Reading]
    order: list[str]
    pid: int
    """Of the worker that was measured."""
    hung_pids: list[int]
    timeout_s: float


@pytest.fixture(scope="module", params=sorted(RUNNERS))
def readings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Readings:
    for timeout_s in TIMEOUTS_S:
        bench = Bench(tmp_path_factory.mktemp("probes"), RUNNERS[request.param]())
        found = read_all(bench, timeout_s)
        if found.hung_pids:
            break
    return found


def read_all(bench: Bench, timeout_s: float) -> Readings:
    timeout_ns = int(timeout_s * 1e9)
    arm = bench.add_arm(models.conv_onnx(bench.folder / "conv.onnx"))
    item = bench.add_item(np.zeros((1, 1, 8, 8), np.float32))
    bench.memory(arm, item)
    python = [sys.executable, "-I", "-S", "-c"]
    bench.file_probe("plain", " 42\nsecond line ü\n")
    bench.file_probe("binary", b"caf\xe9 \0 21\xff")
    bench.file_probe("cut_file", "0123456789" * 100, max_bytes=25)
    bench.file_probe("empty", "")
    bench.file_probe("absent", "").unlink()
    bench.file_probe("folder", "").unlink()
    (bench.folder / "folder.probe").mkdir()
    bench.file_probe("pipe", "").unlink()
    os.mkfifo(bench.folder / "pipe.probe")
    bench.command_probe("says", "printf", "%s", "a 'b' $c\n")
    bench.command_probe("reads_stdin", "cat")
    bench.command_probe("pid", "echo", "{pid}", "x{pid}")
    bench.command_probe("binary_command", "printf", "caf\\351\\n")
    bench.command_probe("fails", "sh", "-c", "echo something; exit 3")
    bench.command_probe("dies", "sh", "-c", "kill -9 $$")
    bench.command_probe("missing", "/nowhere/at-all")
    bench.command_probe("hangs", *python, HANGS, str(bench.folder / "hung"), timeout_ns=timeout_ns)
    bench.command_probe("silent", "sh", "-c", "exec >&-; exec sleep 600", timeout_ns=timeout_ns)
    bench.command_probe("floods", *python, FLOODS, max_bytes=1500)
    bench.command_probe("cut_command", "printf", "%s", "0123456789", max_bytes=4)
    bench.memory_probes = [probe.id for probe in bench.probes]
    bench.write_plan()

    records = bench.run()

    (memory,) = of_kind(records, MemoryMeasured)
    (loaded,) = of_kind(records, ArmLoaded)
    hung_path = bench.folder / "hung"
    hung = [int(pid) for pid in hung_path.read_text().split()] if hung_path.exists() else []
    by_probe = {reading.probe: reading for reading in memory.readings}
    return Readings(by_probe, [reading.probe for reading in memory.readings], loaded.pid, hung, timeout_s)


def test_each_probe_is_read_once_and_in_order(readings: Readings) -> None:
    assert readings.order == list(readings.by_probe)
    assert len(readings.order) == 18
    stamps = [reading.monotonic_ns for reading in readings.by_probe.values()]
    assert stamps == sorted(stamps)
    assert all(reading.took_ns >= 0 for reading in readings.by_probe.values())
    assert all((reading.text is None) != (reading.error is None) for reading in readings.by_probe.values())


@pytest.mark.parametrize(
    ("probe", "text"),
    [
        ("plain", " 42\nsecond line ü\n"),
        ("binary", "caf\ufffd \0 21\ufffd"),
        ("cut_file", "0123456789012345678901234"),
        ("empty", ""),
        ("says", "a 'b' $c\n"),
        ("reads_stdin", ""),
        ("binary_command", "caf\ufffd\n"),
        ("floods", "x" * 1500),
        ("cut_command", "0123"),
    ],
)
def test_text_is_kept_as_it_was_up_to_its_bound(readings: Readings, probe: str, text: str) -> None:
    assert readings.by_probe[probe].text == text
    assert readings.by_probe[probe].error is None


def test_the_workers_process_id_stands_in_for_the_word_pid_and_for_no_part_of_one(readings: Readings) -> None:
    assert readings.by_probe["pid"].text == f"{readings.pid} x{{pid}}\n"


@pytest.mark.parametrize(
    ("probe", "said"),
    [
        ("absent", "No such file"),
        ("folder", "directory"),
        ("fails", "exit 3"),
        ("dies", "signal 9"),
        ("missing", "/nowhere/at-all"),
        ("hangs", "{timeout_s:g} s"),
        ("silent", "{timeout_s:g} s"),
    ],
)
def test_what_went_wrong_is_said_and_there_is_no_text(readings: Readings, probe: str, said: str) -> None:
    reading = readings.by_probe[probe]
    assert reading.text is None
    assert reading.error is not None
    assert said.format(timeout_s=readings.timeout_s) in reading.error
    assert "\n" not in reading.error


def test_a_command_that_hangs_is_killed_at_its_deadline_with_all_that_it_started(readings: Readings) -> None:
    assert readings.by_probe["hangs"].took_ns >= readings.timeout_s * 1e9
    assert readings.by_probe["silent"].took_ns >= readings.timeout_s * 1e9
    assert len(readings.hung_pids) == 2
    assert not [pid for pid in readings.hung_pids if is_alive(pid)]


def test_a_pipe_that_nobody_writes_to_is_not_waited_for(readings: Readings) -> None:
    assert readings.by_probe["pipe"].text in {"", None}


def test_a_plan_that_names_a_probe_it_does_not_have_is_refused(bench: Bench) -> None:
    bench.memory("a0", "i0")
    bench.memory_probes = ["levitation"]
    bench.write_plan()

    assert bench.start().wait(120) == 65
    assert "levitation" in bench.log_path.read_text()
    assert not bench.records_path.exists()
