"""What goes wrong with a tab in the middle of a plan: named, of that arm alone, in time, and nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from devices.python_runner.browser.process_tree import Process, tree
from harness.documents.records import (
    ArmFailed,
    ArmLoaded,
    LatencyBlock,
    QualityOutput,
    Record,
    RunnerFinished,
    RunnerStarted,
)
from tests.devices.browser.web_bench import add_web_arm, changed_page, web
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import Bench, kill_at_once, of_kind
from tests.rig.small_disk import small_disk

SHAPES = {"image": [1, 1, 8, 8]}


def add_arm(bench: Bench, **fields: object) -> str:
    return add_web_arm(bench, bench.folder / "own.onnx", input_shapes=SHAPES, **fields)  # type: ignore[arg-type]


def add_long_pass(bench: Bench, arms: Sequence[str], *, before: int) -> None:
    """A warm-up and six pairs, held before one of the blocks."""
    item = bench.add_item(models.image(8, 8))
    bench.warm_up(list(arms), item)
    for pair in range(6):
        bench.pair(pair, list(arms), item)
    bench.hold("latency", before_block=before)
    bench.write_plan(step_timeout_s=60)


def processes_of(bench: Bench) -> list[Process]:
    """Those of every browser of this bench's runner, by what started them."""
    started = of_kind(bench.records(), RunnerStarted)[-1]
    return [process for process in tree(started.pid) if process.role != "browser"]


def browsers_of(bench: Bench) -> list[int]:
    """The browsers themselves: whose parent is the holder."""
    [started] = of_kind(bench.records(), RunnerStarted)
    found = []
    for process in tree(started.pid):
        command = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
        is_chromium = any(word.startswith(b"--user-data-dir=") for word in command)
        is_part = any(word.startswith(b"--type=") for word in command)
        if (is_chromium and not is_part) or b"--new-instance" in command:
            found.append(process.pid)
    return found


def failures(records: Sequence[Record]) -> list[tuple[str, str]]:
    return [(failed.arm, failed.error) for failed in of_kind(records, ArmFailed)]


def run_held(bench: Bench, accident: Callable[[], None]) -> list[Record]:
    """Starts, waits until the runner is held, has the accident happen, lets go, and waits for the end."""
    process = bench.start()
    bench.wait_until_held()
    accident()
    bench.let_go()
    assert process.wait(120) == 0, bench.log_path.read_text(errors="replace")
    assert list(bench.folder.glob(".browser-*")) == []
    bench.assert_no_worker_left()
    return bench.records()


def assert_nothing_holds(folder: Path) -> None:
    """No process has a file of the folder open any more; what was killed may take a moment to be gone."""
    deadline = time.monotonic() + 30
    while left := [process.name for process in Path("/proc").glob("[0-9]*") if has_open(process, folder)]:
        assert time.monotonic() < deadline, f"{left} outlived their runner"
        time.sleep(0.05)


def has_open(process: Path, folder: Path) -> bool:
    try:
        links = [str(link.readlink()) for link in [*(process / "fd").iterdir(), process / "cwd"]]
        return any(link.startswith(str(folder)) for link in links) or str(folder) in (process / "maps").read_text()
    except OSError:
        return False  # it has gone meanwhile


def pid_of(bench: Bench, arm: str) -> int:
    return [loaded.pid for loaded in of_kind(bench.records(), ArmLoaded) if loaded.arm == arm][-1]


@pytest.mark.parametrize("program", ["chromium", "firefox-esr"])
def test_a_page_whose_process_is_killed_fails_alone(bench: Bench, program: str) -> None:
    add_arm(bench, program=program)
    add_long_pass(bench, ["a0", "a1"], before=5)
    records = run_held(bench, lambda: os.kill(pid_of(bench, "a1"), signal.SIGKILL))
    assert failures(records) == [("a1", "PageCrashed")]
    blocks = [(block.pair, block.arm) for block in of_kind(records, LatencyBlock)]
    assert [pair for pair, arm in blocks if arm == "a0"] == list(range(6))
    assert len(blocks) == len(set(blocks))
    assert of_kind(records, RunnerFinished)[-1].reason == "complete"


def test_a_page_that_crashes_takes_no_other_frame_with_it(bench: Bench) -> None:
    add_arm(bench)
    add_arm(bench)
    add_long_pass(bench, ["a1", "a2"], before=4)
    records = run_held(bench, lambda: os.kill(pid_of(bench, "a1"), signal.SIGSEGV))
    assert failures(records) == [("a1", "PageCrashed")]
    assert [block.pair for block in of_kind(records, LatencyBlock) if block.arm == "a2"] == list(range(6))
    assert [loaded.arm for loaded in of_kind(records, ArmLoaded)] == ["a1", "a2"]


@pytest.mark.parametrize("program", ["chromium", "firefox-esr"])
def test_a_browser_that_is_killed_fails_the_arm_at_work_and_the_other_starts_anew(bench: Bench, program: str) -> None:
    add_arm(bench, program=program)
    add_arm(bench, program=program)
    add_long_pass(bench, ["a1", "a2"], before=4)

    def accident() -> None:
        for pid in browsers_of(bench):
            os.kill(pid, signal.SIGKILL)

    records = run_held(bench, accident)
    # A page may answer once more before it notices: which of the two is at work then is not ours to say.
    [(failed, error)] = failures(records)
    other = {"a1": "a2", "a2": "a1"}[failed]
    assert error == "BrowserEnded"
    assert [block.pair for block in of_kind(records, LatencyBlock) if block.arm == other] == list(range(6))
    assert [loaded.arm for loaded in of_kind(records, ArmLoaded)] == ["a1", "a2", other]


def test_a_holder_that_is_killed_ends_its_browser_and_leaves_no_profile(bench: Bench) -> None:
    add_arm(bench)
    add_long_pass(bench, ["a0", "a1"], before=5)

    def accident() -> None:
        [browser] = browsers_of(bench)
        holder = int(Path(f"/proc/{browser}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(holder, signal.SIGKILL)

    records = run_held(bench, accident)
    [failed] = of_kind(records, ArmFailed)
    assert (failed.arm, failed.error) == ("a1", "signal 9 (SIGKILL)")
    assert [block.pair for block in of_kind(records, LatencyBlock) if block.arm == "a0"] == list(range(6))


def test_a_gpu_process_that_is_killed_is_named(bench: Bench) -> None:
    model = models.conv_onnx(bench.folder / "static.onnx", static=(8, 8))
    add_web_arm(bench, model, accelerator="webgpu")
    add_long_pass(bench, ["a0", "a1"], before=5)

    def accident() -> None:
        for process in processes_of(bench):
            if process.role == "gpu":
                os.kill(process.pid, signal.SIGKILL)

    records = run_held(bench, accident)
    assert failures(records) == [("a1", "GpuLost")]
    assert [block.pair for block in of_kind(records, LatencyBlock) if block.arm == "a0"] == list(range(6))


def test_a_page_that_never_answers_ends_at_its_deadline(bench: Bench, tmp_path: Path) -> None:
    hung = ("soak, animate, keep, memory, spin", "soak, animate, keep, memory, spin, block: () => { for (;;); }")
    add_arm(bench, web=changed_page(web("onnxruntime-web", "wasm"), tmp_path, "frame.js", hung))
    add_arm(bench)
    item = bench.add_item(models.image(8, 8))
    bench.warm_up(["a1", "a2"], item)
    bench.pair(0, ["a1", "a2"], item)
    bench.write_plan(step_timeout_s=8)
    begun = time.monotonic()
    records = bench.run()
    assert failures(records) == [("a1", "timeout")]
    assert time.monotonic() - begun < 90
    assert [block.arm for block in of_kind(records, LatencyBlock)] == ["a2"]


def test_a_page_that_is_loaded_anew_is_named(bench: Bench, tmp_path: Path) -> None:
    start = "async function keep() {"
    fickle = (start, f"{start}\n  location.reload();\n  await new Promise(() => {{}});")
    add_arm(bench, web=changed_page(web("onnxruntime-web", "wasm"), tmp_path, "frame.js", fickle))
    item = bench.add_item(models.image(8, 8))
    for arm in ("a1", "a0"):
        bench.quality(arm, item)
    bench.write_plan(step_timeout_s=30)
    records = bench.run()
    assert failures(records) == [("a1", "PageReloaded")]
    assert [output.arm for output in of_kind(records, QualityOutput)] == ["a0"]


def test_an_engine_file_that_is_not_there_is_named(bench: Bench) -> None:
    given = web("onnxruntime-web", "wasm")
    gone = "onnxruntime-web/dist/ort-wasm-simd-threaded.wasm"
    files = {name: path for name, path in given.engine_files.items() if name != gone}
    add_arm(bench, web=given.model_copy(update={"engine_files": files}))
    item = bench.add_item(models.image(8, 8))
    bench.quality("a1", item)
    bench.quality("a0", item)
    bench.write_plan(step_timeout_s=30)
    records = bench.run()
    [failed] = of_kind(records, ArmFailed)
    assert (failed.arm, failed.stage) == ("a1", "start")
    assert f"engine/{gone}" in failed.message
    assert [output.arm for output in of_kind(records, QualityOutput)] == ["a0"]


def test_a_browser_that_is_not_there_is_named(bench: Bench) -> None:
    given = web("onnxruntime-web", "wasm")
    add_arm(bench, web=given.model_copy(update={"browser": ["/nowhere/chrome"]}))
    bench.quality("a1", bench.add_item(models.image(8, 8)))
    bench.write_plan()
    [failed] = of_kind(bench.run(), ArmFailed)
    assert (failed.arm, failed.error) == ("a1", "BrowserNotStarted")
    assert "/nowhere/chrome" in failed.message


def test_a_program_that_is_no_browser_is_named(bench: Bench) -> None:
    given = web("onnxruntime-web", "wasm")
    add_arm(bench, web=given.model_copy(update={"browser": ["/bin/false"]}))
    bench.quality("a1", bench.add_item(models.image(8, 8)))
    bench.write_plan()
    [failed] = of_kind(bench.run(), ArmFailed)
    assert (failed.arm, failed.error) == ("a1", "BrowserNotStarted")
    assert "exit 1" in failed.message


def test_a_model_that_the_engine_refuses_fails_alone_and_names_the_operator(bench: Bench) -> None:
    model = models.unknown_operator_onnx(bench.folder / "unknown.onnx")
    add_web_arm(bench, model)
    item = bench.add_item(models.image(8, 8))
    for arm in ("a1", "a0"):
        bench.quality(arm, item)
    bench.write_plan()
    records = bench.run()
    [failed] = of_kind(records, ArmFailed)
    assert (failed.arm, failed.stage) == ("a1", "load")
    assert "FrobnicateTensor" in failed.message
    assert [output.arm for output in of_kind(records, QualityOutput)] == ["a0"]


def test_a_runner_that_is_killed_leaves_no_browser_and_its_next_session_goes_on(bench: Bench) -> None:
    add_arm(bench)
    add_long_pass(bench, ["a0", "a1"], before=5)
    process = bench.start()
    bench.wait_until_held()
    browsers = browsers_of(bench)
    assert len(browsers) == 1
    kill_at_once(process)
    deadline = time.monotonic() + 30
    while any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in browsers):
        assert time.monotonic() < deadline, "the browser outlived its runner"
        time.sleep(0.05)
    bench.let_go()
    records = bench.run()
    assert failures(records) == []
    of_session = {1: [(b.pair, b.arm) for b in of_kind(records, LatencyBlock) if b.session == 1]}
    assert of_session[1][-2:] == [(5, "a0"), (5, "a1")]
    assert list(bench.folder.glob(".browser-*")) == []


def test_a_stop_file_ends_the_browser_too(bench: Bench) -> None:
    add_arm(bench)
    add_long_pass(bench, ["a0", "a1"], before=5)
    records = run_held(bench, bench.stop_path.touch)
    assert of_kind(records, RunnerFinished)[-1].reason == "stopped"


def test_a_second_runner_disturbs_nothing(bench: Bench) -> None:
    add_arm(bench)
    add_long_pass(bench, ["a0", "a1"], before=5)
    second: list[int] = []

    def accident() -> None:
        second.append(bench.start().wait(30))

    records = run_held(bench, accident)
    assert second == [75]
    assert failures(records) == []


def test_an_output_for_which_there_is_no_space_ends_the_session_and_fails_no_arm(empty_bench: Bench) -> None:
    bench = empty_bench
    add_web_arm(bench, models.conv_onnx(bench.folder / "conv.onnx", static=(64, 64)))
    items = [bench.add_item(models.image(64, 64, seed=seed)) for seed in range(3)]
    for item in items:
        bench.quality("a0", item)
    bench.write_plan()
    with small_disk(bench.folder / "outputs", 4 * 64 * 64 * 4 * 5 // 2) as outputs:
        records = bench.run(expected_exit_code=74)
        kept = [record.item for record in of_kind(records, QualityOutput)]
        assert kept == ["i0", "i1"]
        assert of_kind(records, ArmFailed) == []
        assert list(bench.folder.glob(".browser-*")) == []
        subprocess.run(["mount", "-o", "remount,size=16m", str(outputs)], check=True)
        records = bench.run()
        assert of_kind(records, ArmFailed) == []
        assert [record.item for record in of_kind(records, QualityOutput)] == ["i0", "i1", "i2"]


def test_a_profile_for_which_there_is_no_space_is_named_or_done_without(empty_bench: Bench, tmp_path: Path) -> None:
    with small_disk(tmp_path / "small", 256 * 1024) as folder:
        bench = Bench(folder, empty_bench.command)
        add_web_arm(bench, models.conv_onnx(folder / "conv.onnx", static=(8, 8)))
        bench.quality("a0", bench.add_item(models.image(8, 8)))
        bench.write_plan(step_timeout_s=30)
        begun = time.monotonic()
        assert bench.start().wait(100) in (0, 74)
        assert time.monotonic() - begun < 100
        kept = of_kind(bench.records(), QualityOutput)
        failed = of_kind(bench.records(), ArmFailed)
        assert len(kept) + len(failed) <= 1
        assert kept or failed or "No space left" in bench.log_path.read_text()
        assert_nothing_holds(folder)
