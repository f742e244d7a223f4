"""Two devices of one run, one of which lies: the other is measured to its end, and the run is told which it was."""

import json
import sys

import pytest

from devices.identity import Identity
from devices.posix.local import LocalDevice
from harness.documents import allowance
from harness.documents.folder import RunFolder, read_model, write_model
from harness.documents.manifest import ManifestDevice
from harness.documents.state import DeviceState
from harness.runs.measuring import device_run as measure
from harness.runs.measuring.device_run import DeviceRun
from harness.runs.measuring.measure_all import for_each_device
from harness.runs.measuring.output_check import WrongOutputError
from harness.runs.session.progress import SilentProgress
from harness.runs.session.stop_request import StopRequest
from tests.harness.runs.measuring.test_lying_runner import PLAN
from tests.rig.hostile import lying_runner

ENTRIES = [ManifestDevice(name="liar", folder="0-liar"), ManifestDevice(name="honest", folder="1-honest")]
CONTEXT = {"monotonic_ns": 1}
HONEST = [
    {"record": "runner_started", "runner": "python", "runner_version": "1", "wall_time": "", "pid": 0, "machine": "",
     "system": "", "context": CONTEXT},
    {"record": "runner_finished", "reason": "complete", "context": CONTEXT},
]  # fmt: skip


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(measure, "SILENCE_BEFORE_LOOKING_S", 0.3)
    monkeypatch.setattr(measure, "IDLE_S", 0.1)
    monkeypatch.setattr(allowance, "_SPARE_S", 2.0)


def measured(tmp_path, lie, on_record):
    """Device → problem, and the folder."""
    folder = RunFolder(tmp_path / "run")
    lines = [json.dumps(record | {"n": n, "session": 0, "monotonic_ns": n}) for n, record in enumerate(HONEST)]
    honest = "sleep 1; " + "; ".join(f"echo '{line}' >>$2" for line in lines)
    liar = ["env", f"LYING_RUNNER={lie}", f"LIE_TARGET={tmp_path}/x", sys.executable, lying_runner.__file__]
    for entry, conductor in zip(ENTRIES, (liar, ["sh", "-c", honest, "sh"]), strict=True):
        files = folder.device(entry)
        files.path.mkdir(parents=True)
        remote = str(tmp_path / entry.name / "runs" / "x")
        write_model(files.state, DeviceState(stage="planned", remote_folder=remote, conductor=conductor))
        write_model(files.plan, PLAN)
        write_model(files.identity, Identity(kind="local", boot_id=entry.name))

    def make_run(index, files, state, plan):
        device = LocalDevice(str(tmp_path / ENTRIES[index].name))
        return DeviceRun(device, files, state, SilentProgress(), StopRequest(), on_record(index), plan)

    return folder, for_each_device(folder, ENTRIES, make_run, SilentProgress(), StopRequest())


def stage(folder, place):
    return read_model(folder.device(ENTRIES[place]).state, DeviceState).stage


@pytest.mark.parametrize("lie", ["an absolute path", "nested brackets", "records without end", "silence without end"])
def test_a_liar_is_told_and_the_other_device_is_measured(tmp_path, lie):
    folder, problems = measured(tmp_path, lie, lambda _index: lambda _record: None)
    assert list(problems) == ["liar"]
    assert stage(folder, 1) == "fetched"
    assert read_model(folder.device(ENTRIES[0]).state, DeviceState).problem == problems["liar"]


def wrong(_record):
    raise WrongOutputError("makes 1×1")


def test_outputs_that_one_device_alone_says_are_wrong_are_its_fault(tmp_path):
    folder, problems = measured(
        tmp_path, "an empty tensor", lambda index: wrong if index == 0 else lambda _record: None
    )
    assert problems == {"liar": "makes 1×1"}
    assert stage(folder, 1) == "fetched"


def test_outputs_that_all_devices_say_are_wrong_are_the_models(tmp_path):
    with pytest.raises(WrongOutputError, match="makes 1×1"):
        measured(tmp_path, "an empty tensor", lambda _index: wrong)
