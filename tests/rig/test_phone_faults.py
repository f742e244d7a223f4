"""Accidents with a phone, and what the real adb makes of them (measured: reference/devices.md)."""

from __future__ import annotations

import errno
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.phone import AdbServer, Faults
from tests.rig.phone.faults import Action
from tests.rig.phone_on_a_desk import PhoneOnADesk, needs_toybox, wait_for

MakePhone = Callable[..., PhoneOnADesk]


def there(desk: PhoneOnADesk, name: str) -> str:
    return desk.phone.path(f"/data/local/tmp/{name}")


def ended(client: subprocess.Popen[bytes]) -> tuple[int, bytes, bytes]:
    stdout, stderr = client.communicate(timeout=120)
    return client.returncode, stdout, stderr


@pytest.mark.parametrize("action", ["drop", "unplug", "adbd dies", "reboot"])
def test_a_command_whose_link_breaks_ends_in_0_and_without_a_word(own_phone: MakePhone, action: Action) -> None:
    desk = own_phone()
    desk.phone.faults.at_byte(100_000, of="output", do=action)
    answered = desk.shell("head -c 1000000 /dev/zero; sleep 600")
    assert (answered.exit_code, answered.stdout, answered.stderr) == (0, bytes(100_000), b"")
    assert desk.phone.faults.pending == 0


def test_a_followed_file_breaks_off_at_the_byte_that_was_said(own_phone: MakePhone) -> None:
    desk = own_phone()
    needs_toybox(desk)
    desk.phone.faults.at_byte(25, of="output", do="drop", where="tail -c +1")
    desk.shell(f"printf '%s\\n' 0123456789 0123456789 >{there(desk, 'records')}")
    client = desk.start("shell", f"exec tail -c +1 -f {there(desk, 'records')}")
    wait_for(lambda: "tail" in desk.shell("ps -A -o NAME").text, "tail runs")
    desk.shell(f"echo 0123456789 >>{there(desk, 'records')}")
    assert ended(client) == (0, b"0123456789\n0123456789\n012", b"")
    desk.reconnect()
    assert desk.shell(f"tail -c +26 {there(desk, 'records')}").stdout == b"3456789\n"


@pytest.mark.parametrize(("action", "left"), [("drop", None), ("adbd dies", 70_000)])
def test_a_push_that_breaks_off_fails(own_phone: MakePhone, tmp_path: Path, action: Action, left: int | None) -> None:
    desk = own_phone()
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(5_000_000))
    desk.phone.faults.at_byte(70_000, of="push", do=action)
    answered = desk.adb("push", sent, there(desk, "file"))
    assert answered.exit_code == 1
    assert desk.phone.faults.pending == 0
    partial = desk.phone.data_folder / "file"
    # adbd removes what it could not finish, if it is there to do so.
    wait_for(lambda: (partial.stat().st_size if partial.exists() else None) == left, "what is left of the file")
    desk.reconnect()
    assert desk.adb("push", sent, there(desk, "file")).exit_code == 0
    assert partial.read_bytes() == sent.read_bytes()


def test_a_pull_that_breaks_off_fails(own_phone: MakePhone, tmp_path: Path) -> None:
    desk = own_phone()
    (desk.phone.data_folder / "file").write_bytes(os.urandom(5_000_000))
    desk.phone.faults.at_byte(1_000_000, of="pull", do="drop")
    assert desk.adb("pull", there(desk, "file"), tmp_path / "back").exit_code == 1
    desk.reconnect()
    assert desk.adb("pull", there(desk, "file"), tmp_path / "back").exit_code == 0
    assert (tmp_path / "back").read_bytes() == (desk.phone.data_folder / "file").read_bytes()


def test_a_commands_input_breaks_off_at_the_byte_that_was_said(own_phone: MakePhone) -> None:
    desk = own_phone()
    desk.phone.faults.at_byte(123_456, of="input", do="drop")
    answered = desk.shell(f"cat >{there(desk, 'file')}; echo whole", stdin=os.urandom(2_000_000))
    assert (answered.exit_code, answered.stdout) == (0, b"")
    file = desk.phone.data_folder / "file"
    wait_for(lambda: file.exists() and file.stat().st_size == 123_456, "what came before the break is in the file")


def test_what_was_detached_outlives_a_pulled_cable_and_the_host_catches_up(own_phone: MakePhone) -> None:
    desk = own_phone()
    needs_toybox(desk)
    log = there(desk, "log")
    desk.shell(
        f"setsid nohup sh -c 'echo began; while [ ! -e {log}.go ]; do sleep 0.02; done; echo went on'"
        f" >{log} 2>&1 </dev/null &"
    )
    desk.phone.unplug()
    desk.server.wait_for_state(desk.phone.address, "offline")
    (desk.phone.data_folder / "log.go").touch()
    wait_for(lambda: (desk.phone.data_folder / "log").read_text() == "began\nwent on\n", "the work goes on")
    assert "failed to connect" in desk.server.connect(desk.phone.address) or desk.phone.address in desk.server.devices()
    assert desk.adb("shell", "true").exit_code == 1
    desk.phone.plug_in()
    desk.reconnect()
    assert desk.shell(f"cat {log}").text == "began\nwent on"


def test_a_phone_that_is_off_the_desk_cannot_be_connected_to_and_adb_returns_0(own_phone: MakePhone) -> None:
    desk = own_phone(connect=False)
    desk.phone.unplug()
    answered = desk.server.adb("connect", desk.phone.address)
    assert answered.exit_code == 0
    assert "Connection refused" in answered.text


def test_commands_hang_up_with_the_link_unless_adbd_died(own_phone: MakePhone) -> None:
    desk = own_phone()
    needs_toybox(desk)
    running = "ps -A -o ARGS"
    client = desk.start("shell", "exec sleep 1111")
    wait_for(lambda: "sleep 1111" in desk.shell(running).text, "the command runs")
    desk.phone.drop()
    assert ended(client) == (0, b"", b"")
    desk.reconnect()
    wait_for(lambda: "sleep 1111" not in desk.shell(running).text, "the command is gone")
    desk.phone.faults.at_byte(3, of="output", do="adbd dies")
    assert desk.shell("echo ok; exec sleep 2222").stdout == b"ok\n"
    desk.reconnect()
    assert "sleep 2222" in desk.shell(running).text


def test_a_phone_that_says_nothing_is_offline(own_phone: MakePhone) -> None:
    desk = own_phone(faults=Faults(silent=True), connect=False)
    client = desk.server.start_adb("connect", desk.phone.address)
    try:
        desk.server.wait_for_state(desk.phone.address, "offline")
        answered = desk.adb("shell", "true")
        assert answered.exit_code == 1
        assert "device offline" in answered.stderr.decode()
    finally:
        client.kill()
        client.communicate()


def test_an_unauthorised_phone_says_so_until_somebody_allows_it(own_phone: MakePhone) -> None:
    desk = own_phone(faults=Faults(unauthorized=True), connect=False)
    answered = desk.server.adb("connect", desk.phone.address)
    assert answered.exit_code == 0
    assert "failed to authenticate" in answered.text
    desk.server.wait_for_state(desk.phone.address, "unauthorized")
    refused = desk.shell("true")
    assert refused.exit_code == 1
    assert "device unauthorized" in refused.stderr.decode()
    desk.phone.authorise()
    desk.server.wait_for_state(desk.phone.address, "device")
    assert desk.shell("echo in").text == "in"


def test_permission_can_be_taken_back(own_phone: MakePhone) -> None:
    desk = own_phone()
    desk.phone.revoke_authorisation()
    desk.server.adb("disconnect", desk.phone.address)
    assert "failed to authenticate" in desk.server.connect(desk.phone.address)
    desk.server.wait_for_state(desk.phone.address, "unauthorized")


@pytest.mark.parametrize("state", ["recovery", "sideload", "bootloader"])
def test_other_states_are_called_by_their_names(own_phone: MakePhone, state: str) -> None:
    desk = own_phone(faults=Faults(state=state))
    assert desk.server.devices()[desk.phone.address].startswith(state)


def test_after_a_reboot_the_boot_id_is_another_and_files_stay_and_processes_do_not(own_phone: MakePhone) -> None:
    desk = own_phone(faults=Faults(reboot_down_s=0.2, boot_s=0.5))
    if not desk.phone.confined:
        pytest.skip("this phone is a plain directory: run the tests as root for one with namespaces")
    boot_id = "cat /proc/sys/kernel/random/boot_id"
    before = desk.shell(boot_id).text
    assert before == desk.phone.state.boot_id
    desk.shell("setsid nohup sleep 3333 >/dev/null 2>&1 </dev/null &")
    desk.shell("echo kept >/data/local/tmp/file; setprop debug.mine 1; settings put system mine 2")
    desk.shell("dumpsys battery unplug")
    assert desk.adb("reboot").exit_code == 0
    wait_for(lambda: desk.phone.state.boot_id != before, "the phone is down")
    wait_for(lambda: "connected to" in desk.server.connect(desk.phone.address), "the phone listens")
    desk.reconnect()
    assert desk.shell(boot_id).text == desk.phone.state.boot_id != before
    assert "sleep 3333" not in desk.shell("ps -A -o ARGS").text
    # Services, settings among them, answer once the boot is complete.
    wait_for(lambda: desk.shell("getprop sys.boot_completed").text == "1", "the boot is complete")
    assert desk.shell("cat /data/local/tmp/file; getprop debug.mine; settings get system mine").text == "kept\n\n2"
    assert "UPDATES STOPPED" not in desk.shell("dumpsys battery").text


def test_a_reboot_asked_for_on_the_phone_itself_takes_its_shell_with_it(own_phone: MakePhone) -> None:
    desk = own_phone(faults=Faults(reboot_down_s=0.1))
    before = desk.phone.state.boot_id
    answered = desk.shell("reboot; echo never")
    assert (answered.exit_code, answered.stdout) == (0, b"")
    wait_for(lambda: desk.phone.state.boot_id != before, "the phone has booted again")


def test_while_nothing_moves_adb_waits_and_calls_it_a_device(own_phone: MakePhone) -> None:
    desk = own_phone()
    desk.phone.stall()
    client = desk.start("shell", "echo late")
    with pytest.raises(subprocess.TimeoutExpired):
        client.wait(1)
    assert desk.adb("get-state").text == "device"
    desk.phone.resume()
    assert ended(client) == (0, b"late\n", b"")


def test_a_push_that_stalls_in_the_middle_goes_on_and_is_whole(own_phone: MakePhone, tmp_path: Path) -> None:
    desk = own_phone()
    sent = tmp_path / "sent"
    sent.write_bytes(os.urandom(3_000_000))
    desk.phone.faults.at_byte(1_000_000, of="push", do="stall")
    client = desk.start("push", sent, there(desk, "file"))
    wait_for(lambda: desk.phone.faults.pending == 0, "the push is under way")
    with pytest.raises(subprocess.TimeoutExpired):
        client.wait(0.5)
    desk.phone.resume()
    assert ended(client)[0] == 0
    assert (desk.phone.data_folder / "file").read_bytes() == sent.read_bytes()


@pytest.mark.parametrize("flow", ["output", "pull"])
def test_output_that_stalls_for_a_while_comes_whole(own_phone: MakePhone, tmp_path: Path, flow: str) -> None:
    desk = own_phone(faults=Faults(stall_s=0.3))
    content = os.urandom(1_000_000)
    (desk.phone.data_folder / "file").write_bytes(content)
    desk.phone.faults.at_byte(123_456, of="output" if flow == "output" else "pull", do="stall")
    if flow == "output":
        assert desk.shell(f"cat {there(desk, 'file')}").stdout == content
    else:
        assert desk.adb("pull", there(desk, "file"), tmp_path / "back").exit_code == 0
        assert (tmp_path / "back").read_bytes() == content
    assert desk.phone.faults.pending == 0


def test_a_full_phone_refuses_a_push_and_a_command_alike(own_phone: MakePhone, tmp_path: Path) -> None:
    desk = own_phone(data_bytes=20_000_000)
    needs_toybox(desk)
    if not desk.phone.confined:
        pytest.skip("this phone is a plain directory: run the tests as root for one with namespaces")
    (tmp_path / "sent").write_bytes(os.urandom(2_000_000))
    desk.phone.leave_free(1_000_000)
    answered = desk.adb("push", tmp_path / "sent", "/data/local/tmp/file")
    assert answered.exit_code == 1
    assert "No space left on device" in answered.text
    assert desk.shell("ls /data/local/tmp").text == ""
    written = desk.shell("head -c 2000000 /dev/zero >/data/local/tmp/file")
    assert written.exit_code != 0
    assert "No space left on device" in written.stderr.decode()
    desk.shell("rm /data/local/tmp/file")
    free_kb = int(desk.shell("df -Pk /data | tail -n 1").text.split()[3])
    assert 900 <= free_kb <= 977
    desk.phone.leave_free(10_000_000)
    assert desk.adb("push", tmp_path / "sent", "/data/local/tmp/file").exit_code == 0


def test_truncated_output_looks_like_success(own_phone: MakePhone) -> None:
    desk = own_phone(faults=Faults(truncate_output_at=10))
    answered = desk.shell("echo 0123456789abcdef; echo more; exit 6")
    assert (answered.exit_code, answered.stdout) == (6, b"0123456789")


def test_a_server_that_dies_leaves_the_phone_as_it_is(own_phone: MakePhone, tmp_path: Path) -> None:
    desk = own_phone(connect=False)
    needs_toybox(desk)
    with AdbServer(tmp_path / "adb") as server:
        desk = PhoneOnADesk(desk.phone, server)
        desk.phone.connect(server)
        desk.shell(f"setsid nohup sh -c 'sleep 0.5; echo done' >{there(desk, 'log')} 2>&1 </dev/null &")
        client = desk.start("shell", "echo begun; sleep 600")
        assert client.stdout is not None
        assert client.stdout.readline() == b"begun\n"
        server.stop()
        assert ended(client)[0] == 0
        server.start()
        desk.phone.connect(server)
        wait_for(lambda: desk.shell(f"cat {there(desk, 'log')}").text == "done", "the detached work goes on")


def ended_by_peer(connection: socket.socket, rubbish: bytes) -> bool:
    """Send rubbish and wait until the other side ends the connection: by closing it, or (sooner) by resetting it."""
    deadline = time.monotonic() + 60
    try:
        connection.sendall(rubbish)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(4096):
            if time.monotonic() > deadline:
                return False
    except OSError as error:
        # Which of these it is depends on how much had been sent when the other side closed.
        return error.errno in {errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN}
    return True


def test_rubbish_on_the_port_ends_that_connection_and_no_other(desk: PhoneOnADesk) -> None:
    for rubbish in (b"GET / HTTP/1.1\r\n\r\n" + bytes(100), os.urandom(200), b"CNXN" + b"\xff" * 20):
        with socket.create_connection(("127.0.0.1", desk.phone.port), timeout=120) as connection:
            assert ended_by_peer(connection, rubbish)
    assert desk.shell("echo alive").text == "alive"


def test_several_phones_have_accidents_of_their_own(own_phone: MakePhone) -> None:
    desks = [own_phone(serial=f"PHONE{number}", model=f"Model {number}") for number in range(3)]
    for number, desk in enumerate(desks):
        assert desk.shell("getprop ro.serialno; getprop ro.product.model").text == f"PHONE{number}\nModel {number}"
        desk.shell(f"echo {number} >{there(desk, 'mine')}")
    desks[1].phone.unplug()
    assert [desk.shell(f"cat {there(desk, 'mine')}").text for desk in (desks[0], desks[2])] == ["0", "2"]
    assert desks[1].shell("true").exit_code == 1
    assert len({desk.phone.state.boot_id for desk in desks}) == 3
