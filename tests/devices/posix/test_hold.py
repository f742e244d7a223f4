"""Clocks and charging held on a phone with the real adbd, whose kernel's files its user may write, and let go again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from devices.adb.device import AdbDevice
from devices.errors import PermanentError
from devices.posix.hold import Held, Hold
from devices.posix.local import LocalDevice
from tests.rig.real_phone import RealPhone

ROOT = Path(__file__).parents[3]
SWITCH = "/sys/class/power_supply/battery/input_suspend"
HELD = Hold("performance", charging_off=True)

HOST = """
import os, signal
from devices.adb.device import AdbDevice
from devices.posix.hold import Hold
device = AdbDevice("adb")
device.hold(Hold("performance", charging_off=True))
os.kill(os.getpid(), signal.SIGKILL)
"""


class Inside:
    """What the phone's kernel says now."""

    def __init__(self, phone: RealPhone) -> None:
        self._cpu = phone.state / "sys" / "cpu"
        self.switch = phone.state / "sys" / "power_supply" / "battery" / "input_suspend"

    @property
    def governor_files(self) -> list[Path]:
        return sorted(self._cpu.glob("cpu[0-9]*/cpufreq/scaling_governor"))

    def governors(self) -> set[str]:
        return {file.read_text().strip() for file in self.governor_files}

    def charging(self) -> str:
        return self.switch.read_text().strip()


@pytest.fixture
def inside(phone: RealPhone) -> Iterator[Inside]:
    found = Inside(phone)
    found.switch.write_text("0\n")
    found.switch.chmod(0o666)
    assert found.governors() == {"sched_pixel"}
    yield found
    for file in found.governor_files:
        file.chmod(0o666)
        file.write_text("sched_pixel\n")
    found.switch.unlink()


def test_what_is_held_is_told_and_let_go_again(inside: Inside) -> None:
    with AdbDevice("adb") as device:
        held = device.hold(HELD)
        assert held[0] == Held("charging", SWITCH, before="0", held="1")
        assert {(each.kind, each.before, each.held) for each in held[1:]} == {
            ("governor", "sched_pixel", "performance")
        }
        assert len(held) == 1 + len(inside.governor_files)
        assert (inside.governors(), inside.charging()) == ({"performance"}, "1")
        device.connect()
        assert device.hold(HELD) == held, "a second time something else is told"
        assert device.restore() == len(held)
        assert (inside.governors(), inside.charging()) == ({"sched_pixel"}, "0")


def test_after_a_host_was_killed_the_next_connection_lets_go(inside: Inside) -> None:
    done = subprocess.run([sys.executable, "-c", HOST], cwd=ROOT, check=False, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL
    assert (inside.governors(), inside.charging()) == ({"performance"}, "1")
    with AdbDevice("adb") as device:
        device.connect()
    assert (inside.governors(), inside.charging()) == ({"sched_pixel"}, "0")


def test_an_unknown_governor_is_said_with_those_that_there_are(inside: Inside) -> None:
    with AdbDevice("adb") as device, pytest.raises(PermanentError) as caught:
        device.hold(Hold("warp"))
    assert "the governor cannot be held: there is no governor warp here; there is: sched_pixel" in caught.value.what
    assert caught.value.remedy == "Write one of those into measure.hold.governor."
    assert inside.governors() == {"sched_pixel"}


def test_without_root_the_remedy_says_how_to_be_it(inside: Inside) -> None:
    inside.governor_files[-1].chmod(0o444)
    with AdbDevice("adb") as device, pytest.raises(PermanentError) as caught:
        device.hold(Hold("performance"))
    assert "may not be written: root is needed" in caught.value.what
    assert "`adb root`" in caught.value.remedy
    assert "take measure.hold.governor out of the experiment" in caught.value.remedy
    assert inside.governors() == {"sched_pixel"}


def test_what_was_held_before_a_refusal_is_let_go(inside: Inside) -> None:
    with AdbDevice("adb") as device:
        with pytest.raises(PermanentError):
            device.hold(Hold("warp", charging_off=True))
        assert inside.charging() == "1"
        device.restore()
        assert inside.charging() == "0"


def test_a_linux_machine_is_left_as_it_was_found_too(tmp_path: Path) -> None:
    """Of a list that a killed host left: nothing of this machine is held, so the file of its line is not there."""
    folder = tmp_path / "device"
    folder.mkdir()
    gone = "/sys/devices/system/cpu/cpufreq/policy9999/scaling_governor"
    (folder / "changed").write_text(f"clock\t{gone}\tschedutil\n")
    with LocalDevice(str(folder)) as device:
        device.connect()
    assert not (folder / "changed").exists()
