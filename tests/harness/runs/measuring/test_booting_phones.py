"""A phone whose adbd answers before Android is up: it is waited for, told of, and only then kept awake and measured."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from devices.adb.device import AdbDevice
from harness.runs.measuring.wait_until_booted import wait_until_booted
from tests.rig.adb_server import AdbServer
from tests.rig.command import start
from tests.rig.phone import StandInPhone
from tests.rig.run_on_a_phone import ConnectedPhone, LongRun, device_folders, over_adb
from tests.rig.run_watch import assert_whole, wait_for

BOOTED = "sys.boot_completed"
WAITED = "Android is still booting there; waiting for it"


@pytest.fixture
def device(stand_in: StandInPhone, server: AdbServer) -> Iterator[AdbDevice]:
    with server.meant_by_this_process(), AdbDevice(f"adb:{stand_in.address}") as device:
        device.connect()
        yield device


def test_a_run_waits_for_a_phone_that_is_still_booting(tiny, stand_in, server, tmp_path):
    before, folder, log = stand_in.settings(), tmp_path / "run", tmp_path / "log"
    stand_in.state.set_property(BOOTED, "0")
    run = start("run", tiny.write(), "-d", f"adb:{stand_in.address}", "--out", folder, log=log, **over_adb(server))
    wait_for(lambda: WAITED in log.read_text())
    assert not folder.exists()
    stand_in.state.set_property(BOOTED, "1")
    assert run.wait(timeout=240) == 0, log.read_text()
    assert "Android is up" in log.read_text()
    assert "warning: Android" not in log.read_text()
    assert_whole(folder, len(tiny.names), tiny.measure["pairs"], *device_folders(folder))
    assert stand_in.settings() == before


def test_after_a_restart_in_the_latency_pass_the_boot_is_waited_for_before_measuring_goes_on(
    tiny, stand_in, server, tmp_path
):
    stand_in.faults.reboot_down_s, stand_in.faults.boot_s = 0.5, 3600.0
    desk = ConnectedPhone(stand_in, server)
    run = LongRun(tiny, desk, tmp_path)
    run.wait_for_the_latency_pass()
    assert WAITED not in run.log()
    run.phone.reboot()
    wait_for(lambda: WAITED in run.log())
    assert run.sessions_so_far() == {0}
    stand_in.state.set_property(BOOTED, "1")
    wait_for(lambda: 1 in run.sessions_so_far())
    assert run.is_kept_awake()
    run.ends_whole()
    desk.assert_left_as_found(run.settings_before)


def test_a_phone_that_never_says_it_has_booted_is_measured_with_a_warning(stand_in, device):
    stand_in.state.set_property(BOOTED, "0")
    said: list[str] = []
    wait_until_booted(device, said.append, time.sleep, longest_s=1.0)
    assert len(said) == 2
    assert "after 1 s (sys.boot_completed is not 1); measuring all the same" in said[1]
    device.keep_awake()


@pytest.mark.parametrize(
    ("properties", "is_booting"),
    [
        ({BOOTED: "1"}, False),
        ({BOOTED: "0"}, True),
        ({BOOTED: "", "init.svc.zygote": "running"}, True),
        ({BOOTED: "", "init.svc.bootanim": "running"}, True),
        ({BOOTED: ""}, False),
    ],
    ids=["up", "0", "not said, zygote", "not said, boot animation", "a board without the property"],
)
def test_whether_it_is_booting_is_asked_of_android_only(stand_in, device, properties, is_booting):
    for name, value in properties.items():
        stand_in.state.set_property(name, value)
    assert device.is_booting() is is_booting


def test_what_a_crash_left_changed_is_put_back_once_the_phone_has_booted(stand_in, device):
    before = stand_in.settings()
    device.keep_awake()
    changed = stand_in.settings()
    assert changed != before
    stand_in.state.set_property(BOOTED, "0")
    with AdbDevice(device.name) as other:
        other.connect()
        assert stand_in.settings() == changed
        stand_in.state.set_property(BOOTED, "1")
        other.connect()
        assert stand_in.settings() == before
