"""A stand-in phone whose programs are arm64 ones, run by qemu."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.phone import Faults
from tests.rig.phone.phone import missing_parts
from tests.rig.phone_on_a_desk import PhoneOnADesk, wait_for

MakePhone = Callable[..., PhoneOnADesk]


@pytest.fixture
def make_phone(own_phone: MakePhone) -> MakePhone:
    reason = missing_parts("arm64")
    if reason is not None:
        pytest.skip(reason)
    return own_phone


def test_it_is_an_arm64_phone_to_who_asks(make_phone: MakePhone) -> None:
    desk = make_phone(architecture="arm64", cores=4)
    assert desk.shell("uname -m; getprop ro.product.cpu.abi").text == "aarch64\narm64-v8a"
    assert desk.shell("file -L /system/bin/toybox").text.count("arm64") == 1
    if desk.phone.confined:
        assert desk.shell("grep -c '^CPU part' /proc/cpuinfo").text == "4"


def test_commands_files_and_a_reboot_are_as_on_any_phone(make_phone: MakePhone, tmp_path: Path) -> None:
    desk = make_phone(architecture="arm64", faults=Faults(reboot_down_s=0.1))
    answered = desk.shell("echo out; echo err >&2; exit 3", stdin=b"x")
    assert (answered.exit_code, answered.stdout, answered.stderr) == (3, b"out\n", b"err\n")
    (tmp_path / "sent").write_bytes(os.urandom(300_000))
    assert desk.adb("push", tmp_path / "sent", desk.phone.path("/data/local/tmp/file")).exit_code == 0
    assert desk.adb("pull", desk.phone.path("/data/local/tmp/file"), tmp_path / "back").exit_code == 0
    assert (tmp_path / "back").read_bytes() == (tmp_path / "sent").read_bytes()
    assert "Thermal Status: 0" in desk.shell("dumpsys thermalservice").text
    before = desk.phone.state.boot_id
    desk.adb("reboot")
    wait_for(lambda: desk.phone.state.boot_id != before, "the phone is down")
    wait_for(lambda: "connected to" in desk.server.connect(desk.phone.address), "the phone listens")
    desk.reconnect()
    assert desk.shell("echo back").text == "back"
