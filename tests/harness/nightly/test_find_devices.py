"""Real adb and stand-in phones, a real sshd: what is attached, what should be, and what goes away on the way."""

import os
import shlex
import signal

import pytest

from harness.cli.main import main
from harness.commands.nightly.find_devices import find_devices
from harness.documents.nightly import Nightly
from harness.nightly.suite_file import read_suite
from harness.runs.session.progress import SilentProgress
from harness.runs.session.stop_request import StopRequest
from tests.rig import sshd as sshd_rig
from tests.rig.command import start
from tests.rig.phones_for_runs import server, stand_in
from tests.rig.run_on_a_phone import over_adb
from tests.rig.run_watch import records, wait_for

__all__ = ["server", "stand_in"]
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


def test_phones_that_are_named_twice_are_refused(suite, server, stand_in, monkeypatch, capsys):
    monkeypatch.setenv("ADB_SERVER_SOCKET", over_adb(server)["ADB_SERVER_SOCKET"])
    suite.devices = ["adb", f"adb:{stand_in.address}"]
    assert main(["nightly", str(suite.write()), "--night", NIGHT]) == 2
    assert "is the same phone as" in capsys.readouterr().err
    assert not (suite.folder / "nights").exists()
