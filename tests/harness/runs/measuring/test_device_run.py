"""One device followed from start to end: a real device, and in the runner's place a shell script that misbehaves."""

import json
import subprocess
import threading
import time
from pathlib import Path

import pytest

from devices.errors import NoSpaceError, PermanentError
from devices.posix.local import LocalDevice
from harness.documents.folder import DeviceFolder, read_model
from harness.documents.plan import LatencyOptions, Plan, PlanArm, PlanItem, QualityStep, WarmUpStep
from harness.documents.records import Record
from harness.documents.state import DeviceState
from harness.errors import UserError
from harness.runs.measuring import device_run as measure
from harness.runs.measuring.device_run import DeviceRun
from harness.runs.session.progress import SilentProgress
from harness.runs.session.stop_request import InterruptedRunError, StopRequest

CONTEXT = {"monotonic_ns": 1}


def line(record: str, n: int = 0, **fields: object) -> str:
    """A record as a runner writes it."""
    return json.dumps({"record": record, "n": n, "session": 0, "monotonic_ns": 1, **fields})


def started(n: int = 0) -> str:
    about = {"runner": "python", "runner_version": "1", "wall_time": "", "pid": 0, "machine": "", "system": ""}
    return line("runner_started", n, context=CONTEXT, **about)


def finished(n: int = 1, reason: str = "complete") -> str:
    return line("runner_finished", n, reason=reason, context=CONTEXT)


def quality(n: int = 0, item: str = "i0", **changes: object) -> str:
    """One output of one item."""
    output = {"tensor": "sr", "path": f"outputs/a0/{item}.0.npy", "sha256": "0" * 64, "bytes": 3}
    output |= {"dtype": "float32", "shape": [1, 3, 4, 4], **changes}
    return line("quality_output", n, step=0, arm="a0", item=item, outputs=[output], latency_ns=1)


STARTED, FINISHED = started(), finished()


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """What is waited for in minutes elsewhere is waited for in parts of a second here."""
    monkeypatch.setattr(measure, "SILENCE_BEFORE_LOOKING_S", 0.3)
    monkeypatch.setattr(measure, "IDLE_S", 0.1)


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


class Rig:
    """A run folder, and a device whose runner is a shell script with $plan, $records and $starts."""

    def __init__(self, tmp_path: Path, script: str) -> None:
        self.remote = tmp_path / "device" / "runs" / "x"
        self.folder = DeviceFolder(tmp_path / "here")
        self.folder.path.mkdir()
        self.folder.plan.write_text("{}")
        self.starts = tmp_path / "starts"
        self.device = LocalDevice(str(tmp_path / "device"))
        self.stop = StopRequest()
        self.seen: list[Record] = []
        header = f"plan=$1 records=$2; echo start >>'{self.starts}'; "
        conductor = ["sh", "-c", f"{header}\n{script}", "sh"]
        self.state = DeviceState(stage="planned", remote_folder=str(self.remote), conductor=conductor)

    def run(self, on_record=None) -> DeviceState:
        """To the end; returns the state as it is on disk."""
        DeviceRun(
            self.device, self.folder, self.state, SilentProgress(), self.stop, on_record or self.seen.append, PLAN
        ).run()
        return read_model(self.folder.state, DeviceState)

    def started(self) -> int:
        return len(self.starts.read_text().splitlines())


@pytest.fixture
def rig(tmp_path):
    return lambda script: Rig(tmp_path, script)


def test_records_come_home_byte_for_byte_and_the_device_is_left_clean(rig):
    given = rig(f"echo '{STARTED}' >>$records; echo words; sleep 0.3; echo '{FINISHED}' >>$records")
    assert given.run().stage == "fetched"
    assert given.folder.records.read_text() == f"{STARTED}\n{FINISHED}\n"
    assert [each.record for each in given.seen] == ["runner_started", "runner_finished"]
    assert given.folder.log.read_text() == "words\n"
    assert not given.remote.exists()
    assert given.started() == 1


def test_a_runner_that_says_it_cannot_go_on_is_not_started_again(rig):
    given = rig(f"echo '{STARTED}' >>$records; echo '[runner] the plan is torn' >&2; exit 65")
    with pytest.raises(PermanentError, match="cannot go on there: the plan is torn"):
        given.run()
    assert given.started() == 1


def test_a_runner_that_could_not_write_is_not_started_again(rig):
    given = rig(f"echo '{STARTED}' >>$records; echo '[runner] cannot write: Input/output error' >&2; exit 74")
    with pytest.raises(PermanentError, match="could not write there: cannot write: Input/output error"):
        given.run()
    assert given.started() == 1


def test_a_runner_that_finds_another_at_work_leaves_the_work_to_it(rig, tmp_path, monkeypatch):
    monkeypatch.setattr(measure, "RESTARTS_WITHOUT_PROGRESS", 50)
    given = rig("exit 75")
    given.remote.mkdir(parents=True)
    records = given.remote / "records.jsonl"
    other = f"sleep 0.5; echo '{STARTED}' >>{records}; sleep 1; echo '{FINISHED}' >>{records}"
    with subprocess.Popen(["sh", "-c", other]):
        assert given.run().stage == "fetched"
    assert [each.record for each in given.seen] == ["runner_started", "runner_finished"]


def test_a_runner_that_dies_without_a_word_is_given_up_after_three_times(rig):
    given = rig("echo 'Illegal instruction' >&2; exit 1")
    with pytest.raises(PermanentError, match="ended 3 times without a new record: Illegal instruction"):
        given.run()
    assert given.started() == 3


def test_a_runner_that_dies_after_new_records_is_started_as_often_as_it_takes(rig):
    given = rig(
        f"n=$(cat $records 2>/dev/null | wc -l); [ $n -lt 5 ] && {{\n"
        f'  echo \'{STARTED}\' | sed "s/.n.: 0/\\"n\\": $n/" >>$records; kill -9 $$\n}}\n'
        f"echo '{finished(5)}' >>$records"
    )
    assert given.run().stage == "fetched"
    assert given.started() == 6


def test_a_torn_line_that_a_restarted_runner_cuts_off_is_no_record_and_no_fault(rig):
    given = rig(
        f"printf '%s\\n%s' '{STARTED}' '{FINISHED[:15]}' >$records; sleep 0.5\n"
        f"printf '%s\\n' '{STARTED}' >$records.new; cat $records.new >$records; echo '{FINISHED}' >>$records; sleep 3"
    )
    assert given.run().stage == "fetched"
    assert given.folder.records.read_text() == f"{STARTED}\n{FINISHED}\n"


def test_a_line_that_stays_no_record_is_said(rig):
    given = rig(f"printf '%s\\nnonsense\\n' '{STARTED}' >$records; sleep 20")
    with pytest.raises(PermanentError, match="holds a line that is no record"):
        given.run()


def test_a_runner_that_had_no_space_for_an_output_says_so_though_a_little_space_is_left(rig):
    said = "cannot write beside records.jsonl: outputs/a0/i0.0.npy cannot be written: No space left on device"
    given = rig(f"echo '{STARTED}' >>$records; echo '[runner] {said}' >&2; exit 74")
    with pytest.raises(NoSpaceError, match=r"the disk is full there: .*i0\.0\.npy cannot be written") as caught:
        given.run()
    assert "bakeoff run --resume" in caught.value.remedy
    assert given.started() == 1


def test_what_the_looker_on_cannot_accept_ends_the_runner(rig):
    given = rig(f"echo $$ >$records.pid; echo '{STARTED}' >>$records; sleep 600")

    def refuse(record):
        raise UserError("not so")

    with pytest.raises(UserError, match="not so"):
        given.run(refuse)
    pid = (given.remote / "records.jsonl.pid").read_text().strip()
    until = time.monotonic() + 90
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < until, "the runner goes on"
        time.sleep(0.05)


def test_a_stop_is_asked_for_with_a_file_and_waited_for(rig):
    given = rig(
        f"echo '{STARTED}' >>$records; while [ ! -f \"${{records%/*}}/stop\" ]; do sleep 0.1; done; "
        f"echo '{FINISHED.replace('complete', 'stopped')}' >>$records"
    )
    threading.Timer(1.0, given.stop.ask).start()
    with pytest.raises(InterruptedRunError):
        given.run()
    assert given.folder.records.read_text().splitlines()[-1] == FINISHED.replace("complete", "stopped")


class Quiet(LocalDevice):
    """The device of this machine, whose first stream says nothing until the device has been asked something else
    `questions` times.
    """

    def __init__(self, workdir: str, questions: float) -> None:
        super().__init__(workdir)
        self.left = questions
        self.streams = 0

    def run(self, argv, *, timeout_s, stdin=None):
        self.left -= self.streams == 1
        return super().run(argv, timeout_s=timeout_s, stdin=stdin)

    def follow(self, path, offset, *, idle_s):
        self.streams += 1
        if self.streams > 1:
            yield from super().follow(path, offset, idle_s=idle_s)
        while self.left > 0:
            time.sleep(idle_s)
            yield b""
        while True:
            content = Path(path).read_bytes()[offset:]
            offset += len(content)
            yield content


def test_a_stream_that_is_slow_to_begin_costs_neither_a_record_nor_a_second_runner(rig, tmp_path):
    given = rig(f"echo '{STARTED}' >>$records; echo '{FINISHED}' >>$records")
    given.device = Quiet(str(tmp_path / "device"), questions=1)
    assert given.run().stage == "fetched"
    assert (given.started(), given.device.streams) == (1, 1)


def test_a_stop_that_falls_into_a_slow_stream_still_brings_the_last_record_home(rig, tmp_path):
    given = rig(f"echo '{STARTED}' >>$records; echo '{FINISHED.replace('complete', 'stopped')}' >>$records")
    given.device = Quiet(str(tmp_path / "device"), questions=1)
    given.stop.ask()
    with pytest.raises(InterruptedRunError):
        given.run()
    assert given.folder.records.read_text().splitlines()[-1] == FINISHED.replace("complete", "stopped")


def test_a_stream_that_stays_quiet_though_there_is_more_is_left_for_a_new_one(rig, tmp_path):
    given = rig(f"echo '{STARTED}' >>$records; echo '{FINISHED}' >>$records")
    given.device = Quiet(str(tmp_path / "device"), questions=float("inf"))
    assert given.run().stage == "fetched"
    assert given.folder.records.read_text() == f"{STARTED}\n{FINISHED}\n"
    assert given.started() == 1
    assert given.device.streams > 1


def test_records_that_are_gone_there_and_here_already_are_not_measured_again_in_silence(rig):
    given = rig("exit 1")
    given.folder.records.write_text(STARTED + "\n")
    with pytest.raises(PermanentError, match="is no longer there, and with it what was measured"):
        given.run()
    assert not given.starts.exists()


def test_an_output_that_is_gone_is_said(rig):
    given = rig(f"echo '{quality()}' >>$records; echo '{FINISHED}' >>$records")
    with pytest.raises(PermanentError, match="an output is no longer there"):
        given.run()
