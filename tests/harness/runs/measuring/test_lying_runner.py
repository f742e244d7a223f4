"""One device whose runner lies: told in a line, ended there, and nothing outside of its folder is touched."""

import sys
import threading
import time
from pathlib import Path

import pytest

from devices.errors import PermanentError
from devices.posix.local import LocalDevice
from harness.documents import allowance
from harness.documents.folder import DeviceFolder, read_model
from harness.documents.plan import LatencyOptions, Plan, PlanArm, PlanItem, QualityStep, WarmUpStep
from harness.documents.state import DeviceState
from harness.runs.measuring import device_run as measure
from harness.runs.measuring.device_run import DeviceRun
from harness.runs.session.progress import SilentProgress
from harness.runs.session.stop_request import StopRequest
from tests.rig.hostile import lying_runner

TAKEN = {lie for lie in lying_runner.LIES if "tensor" in lie}
"""What only a look into the file shows: the run is whole, and the item has a reason for having no score."""
ARM = PlanArm(
    id="a0", model="/m", model_sha256="0" * 64, format="onnx", runtime="onnxruntime", runtime_version="1", worker=[],
    threads=1,
)  # fmt: skip
PLAN = Plan(
    run_id="x", seed=1, arms=[ARM], items=[PlanItem(id="i0", inputs={})], step_timeout_ns=1,
    steps=[QualityStep(step=0, arm="a0", item="i0"), WarmUpStep(step=1, arms=["a0"], item="i0")],
    latency=LatencyOptions(
        block_target_ns=1, block_min_inferences=1, block_max_inferences=1, lead_in_inferences=0, settle_ns=0,
        warm_up_min_blocks=3, warm_up_max_blocks=3, warm_up_tolerance=0.02, max_ns=1,
    ),
)  # fmt: skip


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(measure, "SILENCE_BEFORE_LOOKING_S", 0.3)
    monkeypatch.setattr(measure, "IDLE_S", 0.1)
    monkeypatch.setattr(allowance, "_SPARE_S", 2.0)


class Lied:
    """A run on this machine whose runner tells a lie."""

    def __init__(self, tmp_path: Path, lie: str) -> None:
        self.target = tmp_path / "of the user" / "precious.txt"
        self.target.parent.mkdir()
        self.target.write_text("precious")
        self.folder = DeviceFolder(tmp_path / "run" / "devices" / "0-local")
        self.folder.path.mkdir(parents=True)
        self.folder.plan.write_text(PLAN.model_dump_json(by_alias=True))
        environment = ["env", f"LYING_RUNNER={lie}", f"LIE_TARGET={self.target}"]
        conductor = [*environment, sys.executable, lying_runner.__file__]
        state = DeviceState(stage="planned", remote_folder=str(tmp_path / "device" / "runs" / "x"), conductor=conductor)
        self.seen: list[object] = []
        self.run = DeviceRun(
            LocalDevice(str(tmp_path / "device")),
            self.folder,
            state,
            SilentProgress(),
            StopRequest(),
            self.seen.append,
            PLAN,
        )

    def files_here(self) -> set[str]:
        home = self.folder.path
        return {str(path.relative_to(home)) for path in home.rglob("*") if not path.is_dir()}


@pytest.mark.parametrize("lie", lying_runner.LIES)
def test_a_lie_ends_its_device_and_touches_nothing_else(tmp_path, lie):
    lied = Lied(tmp_path, lie)
    if lie in TAKEN:
        lied.run.run()
    else:
        with pytest.raises(PermanentError, match=r"^local: ") as caught:
            lied.run.run()
        assert caught.value.remedy
        assert len(str(caught.value)) < 2000
    assert lied.target.read_text() == "precious"
    assert list(lied.target.parent.iterdir()) == [lied.target]
    known = {"plan.json", "state.json", "records.jsonl", "runner.log", "refused.txt", "outputs/a0/i0.0.npy"}
    assert lied.files_here() <= known
    assert sum(path.stat().st_size for path in lied.folder.path.rglob("*")) < 80 << 20
    if lie not in TAKEN:
        assert read_model(lied.folder.state, DeviceState).stage in {"started", "measured"}


def test_what_is_no_record_is_kept_aside_and_counted(tmp_path):
    lied = Lied(tmp_path, "nested brackets")
    with pytest.raises(PermanentError, match="holds a line that is no record") as caught:
        lied.run.run()
    assert "2 line(s) from there on are kept in refused.txt" in caught.value.remedy
    refused = (lied.folder.path / "refused.txt").read_bytes()
    assert refused.startswith(b"[" * 200_000 + b"\n")
    assert lied.folder.records.read_bytes().count(b"\n") == 1  # what came before it was a record


def test_a_runner_that_was_lied_about_is_ended(tmp_path):
    lied = Lied(tmp_path, "records without end")
    with pytest.raises(PermanentError, match="records that its plan can have"):
        lied.run.run()
    pid = read_model(lied.folder.state, DeviceState).process.pid
    until = time.monotonic() + 20
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < until, "the runner goes on"
        time.sleep(0.05)


def test_lines_of_a_stream_are_looked_at_once():
    """256 MiB without a newline took more than a minute when each piece was joined to all before it."""
    from harness.runs.measuring.line_splitter import LineSplitter, LineTooLongError

    splitter = LineSplitter(1 << 30)
    for _ in range(1024):
        assert splitter.take(b"x" * (1 << 18)) == []
    assert [len(line) for line in splitter.take(b"\nab\ncd")] == [256 << 20, 2]
    assert splitter.take(b"\n") == [b"cd"]
    short = LineSplitter(10)
    with pytest.raises(LineTooLongError):
        short.take(b"x" * 11)
    with pytest.raises(LineTooLongError):
        LineSplitter(10).take(b"x" * 11 + b"\n")


def test_threads_of_the_lies_are_gone():
    assert threading.active_count() < 20
