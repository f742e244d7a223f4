"""Real adb and stand-in phones, a real sshd: what is attached, what should be, and what goes away on the way."""

import os
import shlex
import signal
import threading

import pytest

from harness.cli.main import main
from harness.commands.nightly import measure_run
from harness.commands.nightly.find_devices import find_devices
from harness.documents.nightly import Nightly
from harness.nightly.suite_file import read_suite
from harness.runs.session.progress import SilentProgress
from harness.runs.session.stop_request import StopRequest
from tests.rig import sshd as sshd_rig
from tests.rig.command import start
from tests.rig.held_runner import UNHURRIED
from tests.rig.phones_for_runs import server, stand_in
from tests.rig.postgresql import postgresql
from tests.rig.run_on_a_phone import over_adb
from tests.rig.run_watch import records, wait_for

__all__ = ["postgresql", "server", "stand_in"]
NIGHT = "2026-11-30"


def earlier(device: str, status: str = "measured") -> Nightly:
    """A night that had a device."""
    return Nightly.model_validate(
        {
            "bakeoff_version": "0", "suite": "tiny suite", "night": "2026-11-29", "host": "h", "started_at": "",
            "finished_at": "", "budget_minutes": 1, "spent_minutes": 1, "outcome": "fine", "sentence": "",
            "changes": [], "series": [], "devices": [], "history": {"url": "", "kept": True},
            "jobs": [{"experiment": "first", "device": device, "status": status}],
        }
    )  # fmt: skip


def found(suite, nights):
    read = read_suite(suite.write()).suite
    devices = find_devices(read, nights, SilentProgress(), StopRequest())
    return devices, devices.of(read.experiments[0], read)


def test_what_is_attached_is_taken_and_what_was_and_is_not_is_missing(suite, server, stand_in, monkeypatch):
    monkeypatch.setenv("ADB_SERVER_SOCKET", over_adb(server)["ADB_SERVER_SOCKET"])
    suite.devices = ["local", "adb:*"]
    phone = f"adb:{stand_in.address}"
    devices, names = found(suite, [earlier(phone), earlier("adb:GONE"), earlier("adb:NEVER", "missing")])
    assert names == ["local", phone, "adb:GONE"]
    assert list(devices.missing) == ["adb:GONE"]
    server.adb("disconnect", stand_in.address)
    devices, names = found(suite, [earlier(phone)])
    assert names == ["local", phone]
    assert "no phone is attached" in devices.missing[phone]
    devices, names = found(suite, [])
    assert names == ["local", "adb:*"]
    suite.devices = ["local", phone]
    devices, names = found(suite, [earlier("adb:GONE")])
    assert names == ["local", phone]
    assert devices.missing == {}


@pytest.fixture
def bench(tmp_path):
    """A machine to log in to."""
    missing = sshd_rig.missing_parts()
    if missing:
        pytest.skip(missing)
    bench = sshd_rig.LoopbackSshd(tmp_path / "sshd")
    bench.start()
    yield bench
    bench.freeze(frozen=False)
    bench.stop()


def test_a_device_that_stops_answering_costs_the_night_no_more_than_its_minutes(suite, bench, workdir, tmp_path):
    address = bench.address(workdir)
    suite.experiments = ["first", "long"]
    suite.devices = ["local", address]
    suite.of_experiments = {"first": ['devices = ["local"]'], "long": [f'devices = ["{address}"]']}
    suite.settings["budget_minutes"] = 0.5
    path = suite.write()
    long = suite.experiment("long")
    long.measure |= {"pairs": 5000, "block_ms": 20.0}
    long.write()
    log = tmp_path / "log"
    process = start("nightly", path, "--night", NIGHT, log=log, BAKEOFF_SSH=shlex.join(bench.ssh_command()))
    wait_for(lambda: f"{address}: measuring" in log.read_text() or process.poll() is not None)
    bench.freeze(frozen=True)
    code = process.wait(timeout=240)
    (folder,) = (suite.folder / "nights").glob(f"*/{NIGHT}/runs/long-*")
    # Nobody could tell the runner there to stop.
    for record in records(folder, next(each.name for each in (folder / "devices").iterdir())):
        if record.record == "runner_started":
            os.kill(record.pid, signal.SIGKILL)
    assert code == 3, log.read_text()
    (night,) = (suite.folder / "nights").glob(f"*/{NIGHT}/nightly.json")
    told = Nightly.model_validate_json(night.read_bytes())
    assert [(job.device, job.status) for job in told.jobs] == [("local", "measured"), (address, "out of time")]
    assert told.outcome == "partly"


def test_two_computers_that_share_a_database_take_turns_on_a_device(suite, bench, workdir, tmp_path, postgresql):
    """Two processes with locks of their own stand for two computers."""
    suite.devices = [bench.address(workdir)]
    suite.tables = ["[history]", f'url = "{postgresql.new_database()}"']
    started, logs = [], []
    for computer in ("one", "other"):
        suite.name = computer
        path = suite.write().rename(suite.folder / f"{computer}.toml")
        logs.append(tmp_path / f"{computer}.log")
        surroundings = {"BAKEOFF_STATE": str(tmp_path / computer), "BAKEOFF_SSH": shlex.join(bench.ssh_command())}
        started.append(start("nightly", path, "--night", NIGHT, log=logs[-1], **surroundings))
    assert [each.wait(timeout=240) for each in started] == [0, 0], [log.read_text() for log in logs]
    assert sum("another computer is at work there" in log.read_text() for log in logs) <= 1
    spans = []
    for computer in ("one", "other"):
        (run,) = (suite.folder / "nights" / computer / NIGHT / "runs").iterdir()
        (device,) = (run / "devices").iterdir()
        found = records(run, device.name)
        spans.append((found[0].monotonic_ns, found[-1].monotonic_ns))
    (_, ended), (begun, _) = sorted(spans)
    assert ended < begun


def test_a_device_that_is_away_is_asked_again(suite, bench, workdir, monkeypatch):
    monkeypatch.setenv("BAKEOFF_SSH", shlex.join(bench.ssh_command()))
    monkeypatch.setattr(measure_run, "FIRST_CONNECT_S", 0.0)
    bench.stop()
    suite.devices = [bench.address(workdir)]
    suite.settings |= {"retries": 12, "retry_wait_s": 0.05}
    path = suite.write()
    back = threading.Timer(2.0, bench.start)
    back.start()
    assert main(["nightly", str(path), "--night", NIGHT]) == 0
    back.join()
    (night,) = (suite.folder / "nights").glob(f"*/{NIGHT}/nightly.json")
    (job,) = Nightly.model_validate_json(night.read_bytes()).jobs
    assert job.status == "measured"
    assert job.attempts > 1


def test_a_phone_that_another_run_is_at_work_on_is_waited_for_while_there_is_time(
    suite, server, stand_in, monkeypatch, tmp_path, tiny
):
    monkeypatch.setenv("ADB_SERVER_SOCKET", over_adb(server)["ADB_SERVER_SOCKET"])
    monkeypatch.setattr(measure_run, "LOOK_AGAIN_S", 0.5)
    phone = f"adb:{stand_in.address}"
    tiny.measure |= {"pairs": 5000, "block_ms": 20.0, **UNHURRIED}
    log = tmp_path / "log"
    other = start("run", tiny.write(), "-d", phone, "--out", tmp_path / "run", log=log)
    wait_for(lambda: f"{phone}: measuring" in log.read_text() or other.poll() is not None)
    suite.devices = ["adb:*"]
    suite.settings["budget_minutes"] = 0.15
    try:
        assert main(["nightly", str(suite.write()), "--night", NIGHT]) == 2
    finally:
        other.send_signal(signal.SIGINT)
        other.wait(timeout=240)
    (night,) = (suite.folder / "nights").glob(f"*/{NIGHT}/nightly.json")
    told = Nightly.model_validate_json(night.read_bytes())
    assert [(job.device, job.status) for job in told.jobs] == [(phone, "busy")]
    assert [device.status for device in told.devices] == ["busy"]
    assert "another run is at work there" in str(told.jobs[0].reason)


def test_phones_that_are_named_twice_are_refused(suite, server, stand_in, monkeypatch, capsys):
    monkeypatch.setenv("ADB_SERVER_SOCKET", over_adb(server)["ADB_SERVER_SOCKET"])
    suite.devices = ["adb", f"adb:{stand_in.address}"]
    assert main(["nightly", str(suite.write()), "--night", NIGHT]) == 2
    assert "is the same phone as" in capsys.readouterr().err
    assert not (suite.folder / "nights").exists()
