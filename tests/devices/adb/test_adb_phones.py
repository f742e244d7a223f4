"""Finding the phone that is meant, in whatever state it is, and leaving it as it was found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devices.adb.device import AdbDevice
from devices.base import Blob
from devices.errors import (
    CommandFailedError,
    DeadlineError,
    DeviceError,
    NotAuthorisedError,
    NotReachableError,
    PermanentError,
    TransientError,
)
from devices.open_device import open_device, open_devices
from devices.posix.local import LocalDevice
from tests.rig.adb_server import AdbServer, adb
from tests.rig.free_port import free_port
from tests.rig.real_phone import RealPhone
from tests.rig.tcp_proxy import TcpProxy

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "samples"
ROOT = Path(__file__).parents[3]


def failure(device: AdbDevice) -> DeviceError:
    with pytest.raises(DeviceError) as caught:
        device.connect()
    return caught.value


# --- the real adb ----------------------------------------------------------------------------------------------------


def test_the_only_phone_attached_is_meant_and_kept_to(phone: RealPhone) -> None:
    with AdbDevice("adb") as device:
        device.connect()
        assert (device.name, device.serial) == ("adb", phone.address)
        assert device.run(["getprop", "ro.serialno"], timeout_s=120).stdout == b"STANDIN0001\n"


def test_of_two_phones_one_must_be_named(phone: RealPhone, own_phone: RealPhone) -> None:
    error = failure(AdbDevice("adb"))
    assert isinstance(error, PermanentError)
    assert "adb: 2 phones are attached: " in error.what
    assert f"{phone.address} (Pixel 8)" in error.what
    assert f"{own_phone.address} (Pixel 8)" in error.what
    assert "or all: -d 'adb:*'" in error.remedy
    devices = open_devices("adb:*")
    assert {device.name for device in devices} == {f"adb:{phone.address}", f"adb:{own_phone.address}"}
    for device in devices:
        device.connect()
        identity = device.identify()
        assert identity.android is not None
        assert identity.android.sdk == 34
    with AdbDevice(f"adb:{own_phone.address}") as device:
        device.connect()
        assert device.serial == own_phone.address


def test_the_phone_that_the_user_s_own_adb_would_take_is_taken(
    phone: RealPhone, own_phone: RealPhone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANDROID_SERIAL", own_phone.address)
    with AdbDevice("adb") as device:
        device.connect()
        assert device.serial == own_phone.address


def test_where_no_phone_is_attached_that_is_said_at_once(adb_server: AdbServer, tmp_path: Path) -> None:
    with AdbServer(tmp_path / "adb") as server, server.meant_by_this_process():
        error = failure(AdbDevice("adb"))
        assert type(error) is PermanentError
        assert "adb: no phone is attached" in error.what
        assert "USB debugging" in error.remedy
        with pytest.raises(PermanentError, match="no phone is attached"):
            open_devices("adb:*")
        error = failure(AdbDevice("adb:R5CT30ABCDE"))
        assert isinstance(error, NotReachableError)
        assert "adb:R5CT30ABCDE: no phone R5CT30ABCDE is attached" in error.what


def test_an_adb_server_that_is_not_up_is_started(phone: RealPhone) -> None:
    adb("kill-server")
    try:
        with AdbDevice(f"adb:{phone.address}") as device:
            assert device.run(["echo", "x"], timeout_s=120).stdout == b"x\n"
    finally:
        phone.connect()


def test_a_phone_on_the_network_is_connected_to_by_its_address(phone: RealPhone) -> None:
    proxy = TcpProxy(phone.socket)
    try:
        with AdbDevice(f"adb:{proxy.address}") as device:
            assert device.run(["echo", "x"], timeout_s=120).stdout == b"x\n"
            proxy.refuses = True
            proxy.drop_now()
            device.close()
            proxy.close()
            error = failure(device)
            assert isinstance(error, NotReachableError)
            assert "refused" in error.what
    finally:
        proxy.close()
        adb("disconnect", proxy.address)


def test_an_address_where_nobody_listens_is_told(adb_server: AdbServer) -> None:
    address = f"127.0.0.1:{free_port()}"
    error = failure(AdbDevice(f"adb:{address}"))
    assert isinstance(error, NotReachableError)
    assert f"adb:{address}: cannot be connected to" in error.what
    assert "Connection refused" in error.what


def test_a_foreign_server_on_adb_s_port_is_told(adb_server: AdbServer, monkeypatch: pytest.MonkeyPatch) -> None:
    script = (
        "import socket\ns = socket.create_server(('127.0.0.1', 0))\nprint(s.getsockname()[1], flush=True)\n"
        "while True:\n c, _ = s.accept()\n c.sendall(b'SSH-2.0-OpenSSH_9.2\\r\\n')\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", server.stdout.readline().strip())
        error = failure(AdbDevice("adb"))
        server.kill()
    assert isinstance(error, TransientError)
    assert "adb server on this computer does not answer as it should" in error.what


# --- what no machine has at hand: an adb that answers from a list ----------------------------------------------------


@pytest.fixture
def canned_adb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with what `adb devices` says; every other call of this adb fails."""
    listed = tmp_path / "listed"
    program = tmp_path / "an adb"
    program.write_text(f'#!/bin/sh\n[ "$1" = devices ] && exec cat \'{listed}\'\necho "error: closed" >&2; exit 1\n')
    program.chmod(0o755)
    monkeypatch.setenv("BAKEOFF_ADB", f"'{program}'")
    monkeypatch.setattr("devices.adb.transport._SETTLE_S", 0.5)
    return listed


@pytest.mark.parametrize(
    ("state", "kind", "what"),
    [
        ("unauthorized usb:1-1", NotAuthorisedError, "has not allowed this computer"),
        ("offline", NotReachableError, "listed and does not answer"),
        ("authorizing", NotReachableError, "still checking this computer's key"),
        ("connecting", NotReachableError, "still connecting"),
        ("recovery usb:1-1", PermanentError, "in recovery mode"),
        ("bootloader", PermanentError, "in its bootloader"),
        ("no permissions (missing udev rules?); see [http://x]", PermanentError, "may not open the phone's USB"),
        ("device product:x model:y", NotReachableError, "the connection was lost (error: closed)"),
    ],
)
def test_a_phone_that_is_not_ready_says_why(canned_adb: Path, state: str, kind: type, what: str) -> None:
    canned_adb.write_text(f"List of devices attached\nR5CT30ABCDE\t{state}\n\n")
    for text in ("adb", "adb:R5CT30ABCDE"):
        error = failure(AdbDevice(text))
        assert type(error) is kind
        assert what in error.what
        assert error.remedy


def test_an_emulator_s_ghost_is_not_mistaken_for_a_choice(canned_adb: Path) -> None:
    name = "device-plus-offline-emulator.txt"
    if not SAMPLES.is_dir():
        pytest.skip("no ../shared/samples: unpack the shared samples beside the repository")
    canned_adb.write_bytes((SAMPLES / "adb_devices" / name).read_bytes())
    assert "error: closed" in failure(AdbDevice("adb")).what
    assert [device.name for device in open_devices("adb:*")] == ["adb:00000000000", "adb:emulator-5566"]


def test_a_missing_adb_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BAKEOFF_ADB", str(tmp_path / "no-adb"))
    error = failure(AdbDevice("adb"))
    assert type(error) is PermanentError
    assert "no-adb' cannot be run on this computer: No such file" in error.what
    assert "apt install adb" in error.remedy
    for no_command in (" ", "'"):
        monkeypatch.setenv("BAKEOFF_ADB", no_command)
        with pytest.raises(PermanentError, match="names no command"):
            open_device("adb")


def test_an_adb_that_hangs_has_a_deadline(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "adb"
    program.write_text("#!/bin/sh\nexec sleep 300\n")
    program.chmod(0o755)
    monkeypatch.setenv("BAKEOFF_ADB", str(program))
    monkeypatch.setattr("devices.adb.client._LIST_TIMEOUT_S", 0.3)
    error = failure(AdbDevice("adb"))
    assert isinstance(error, DeadlineError)
    assert "adb gave no answer to `devices` within 0.3 s" in error.what
    assert "adb kill-server" in error.remedy


# --- as it was found -------------------------------------------------------------------------------------------------


def test_a_phone_that_was_kept_awake_is_left_as_it_was_found(phone: RealPhone) -> None:
    before = phone.settings()
    with AdbDevice("adb") as device:
        device.keep_awake()
        awake = phone.settings()
        assert awake["global/stay_on_while_plugged_in"] == "15"
        device.connect()
        device.keep_awake()
        assert phone.settings() == awake, "a reconnect of the same program changed something"
        assert device.restore() == 3
        assert phone.settings() == before
        assert device.restore() == 0


HOST = """
import os, signal
from devices.adb.device import AdbDevice
device = AdbDevice("adb")
device.keep_awake()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_after_a_host_was_killed_the_next_connection_undoes_what_it_changed(phone: RealPhone) -> None:
    before = phone.settings()
    done = subprocess.run([sys.executable, "-c", HOST], cwd=ROOT, check=False, env=dict(os.environ))
    assert done.returncode == -signal.SIGKILL
    assert phone.settings() != before
    with AdbDevice("adb") as device:
        device.connect()
        assert phone.settings() == before


def test_while_a_run_goes_on_without_its_host_the_phone_is_kept_awake(phone: RealPhone) -> None:
    before = phone.settings()
    with AdbDevice("adb") as device:
        run = f"{device.workdir}/runs/one"
        device.write(f"{run}/plan.json", b"{}")
        runner = ["sh", "-c", "sleep 300; :", "sh", f"{run}/plan.json"]
        process = device.start(runner, log=f"{run}/log", cwd=run)
        subprocess.run([sys.executable, "-c", HOST], cwd=ROOT, check=False, env=dict(os.environ))
        awake = phone.settings()
        device.connect()
        assert phone.settings() == awake != before
        device.signal(process, "KILL")
        until = time.monotonic() + 90
        while device.is_running(process) and time.monotonic() < until:
            time.sleep(0.05)
        device.connect()
        assert phone.settings() == before


def test_what_cannot_be_undone_is_an_error_that_names_the_list(phone: RealPhone) -> None:
    with AdbDevice("adb") as device:
        device.write(f"{device.workdir}/changed", b"run\trm -rf /\n")
        with pytest.raises(CommandFailedError) as caught:
            device.restore()
        assert "could not undo: run\trm -rf /" in caught.value.what
        assert "/data/local/tmp/bakeoff/changed" in caught.value.remedy
        device.run(["rm", f"{device.workdir}/changed"], timeout_s=120)


def test_a_phone_s_state_is_read_in_one_go(phone: RealPhone) -> None:
    with AdbDevice("adb") as device:
        state = device.read_state()
    assert "Thermal Status: 0" in state["thermalservice"]
    assert "level: 78" in state["battery"]
    assert state["power"] == "Can't find service: power"


def test_a_phone_says_who_it_is(phone: RealPhone) -> None:
    with AdbDevice("adb") as device:
        identity = device.identify()
    assert (identity.kind, identity.model, identity.os) == ("adb", "Google Pixel 8", "Android 14")
    assert [one.max_frequency_khz for one in identity.clusters] == [2914000]
    assert identity.governor == "sched_pixel"
    assert identity.boot_id == LocalDevice(str(phone.folder / "local")).identify().boot_id
    assert identity.android is not None
    assert identity.android.serial == "STANDIN0001"
    assert identity.android.abis == ["x86_64"]
    assert identity.android.build_fingerprint == "google/shiba/shiba:14/AP2A.240605.024/11860263:user/release-keys"
    assert type(identity).model_validate_json(identity.model_dump_json()) == identity


def test_an_identity_of_before_phones_can_still_be_read() -> None:
    from devices.identity import Identity

    old = {"kind": "ssh", "model": "Raspberry Pi 5", "cores": 4, "missing": {"libc": "nothing told"}}
    assert Identity.model_validate_json(json.dumps(old)).android is None


def test_a_large_file_that_changed_since_it_was_hashed_is_not_delivered(phone: RealPhone, tmp_path: Path) -> None:
    import hashlib

    path = tmp_path / "-large"
    content = os.urandom(5 << 20)
    path.write_bytes(content)
    one = Blob(path, hashlib.sha256(content).hexdigest(), len(content))
    with AdbDevice("adb") as device:
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        with pytest.raises(PermanentError):
            device.push([one])
        path.unlink()
        with pytest.raises(PermanentError, match="-large: cannot be read: No such file"):
            device.push([one])
        path.write_bytes(content)
        path.chmod(0o755)
        moved: list[int] = []
        there = device.push([one], moved.append)[one.sha256]
        assert sum(moved) == len(content)
        listed = device.run(["ls", "-lA", f"{device.workdir}/blobs"], timeout_s=120).stdout.decode().splitlines()
        assert [line for line in listed if ".in-" in line] == []
        assert next(line for line in listed if one.sha256 in line).startswith("-rwxr-xr-x")
        device.run(["rm", there], timeout_s=120)
