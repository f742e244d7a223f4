"""The real adb runs commands on the stand-in phone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.rig.phone import Faults
from tests.rig.phone_on_a_desk import PhoneOnADesk, needs_toybox, wait_for

HOSTILE = "a b'c\"d$e`f\\g;h|i&j*k?é\U0001f600\t(l)<m>#n"


def quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"


def test_adb_lists_it_with_its_model_and_knows_its_features(desk: PhoneOnADesk) -> None:
    assert desk.server.devices()[desk.phone.address].startswith("device product:shiba model:Pixel_8 device:shiba")
    assert {"shell_v2", "stat_v2", "ls_v2"} <= set(desk.adb("features").text.split())
    assert desk.adb("get-state").text == "device"


@pytest.mark.parametrize("code", [0, 1, 3, 127, 255])
def test_the_exit_code_of_a_command_is_that_of_adb(desk: PhoneOnADesk, code: int) -> None:
    assert desk.shell(f"exit {code}").exit_code == code


def test_a_command_killed_by_a_signal_has_128_and_its_number(desk: PhoneOnADesk) -> None:
    assert desk.shell("kill -9 $$").exit_code == 137


def test_stderr_is_apart_from_stdout(desk: PhoneOnADesk) -> None:
    answered = desk.shell("echo out; echo err >&2")
    assert (answered.stdout, answered.stderr) == (b"out\n", b"err\n")


def test_without_shell_v2_exit_code_and_stderr_are_lost(own_phone: Callable[..., PhoneOnADesk]) -> None:
    desk = own_phone(faults=Faults(shell_v2=False))
    assert "shell_v2" not in desk.adb("features").text.split()
    answered = desk.shell("echo out; echo err >&2; exit 3")
    assert (answered.exit_code, answered.stdout, answered.stderr) == (0, b"out\nerr\n", b"")


def test_an_old_phone_ends_lines_in_crlf(own_phone: Callable[..., PhoneOnADesk]) -> None:
    desk = own_phone(faults=Faults(shell_v2=False, lines_end_in_crlf=True))
    assert desk.shell("echo one; echo two").stdout == b"one\r\ntwo\r\n"


def test_commands_run_as_the_shell_user_of_an_android(desk: PhoneOnADesk) -> None:
    if not desk.phone.confined:
        pytest.skip("this phone is a plain directory: run the tests as root for one with namespaces")
    assert desk.shell("id -u").text == "2000"
    assert desk.shell("pwd").text == "/"
    assert desk.shell("echo $ANDROID_ROOT:$TMPDIR").text == "/system:/data/local/tmp"
    assert desk.shell("cat /proc/1/comm").text == "init"
    assert desk.shell("command -v python3 || command -v awk || command -v bash").exit_code != 0
    assert desk.shell("ls -d /lib /lib64 /usr /lib/ld-linux* 2>/dev/null").text == ""
    assert "Read-only file system" in desk.shell("echo x >/system/x").stderr.decode()
    assert desk.shell("echo $KSH_VERSION").text.startswith("@(#)MIRBSD KSH")
    assert desk.adb("root").text == "adbd cannot run as root in production builds"


def test_a_command_leads_a_process_group_of_its_own(desk: PhoneOnADesk) -> None:
    """So that `kill -- -PID` reaches all that it started."""
    assert desk.shell("sleep 600 & sleep 600 & kill -s KILL -- -$$").exit_code == 137
    wait_for(lambda: desk.shell("pgrep -x sleep").text == "", "both sleeps are killed")


def test_stdin_reaches_the_command_and_ends_bit_for_bit(desk: PhoneOnADesk) -> None:
    content = os.urandom(3_000_001)
    assert desk.shell("cat", stdin=content).stdout == content
    assert desk.shell("wc -c", stdin=b"").text == "0"


def test_a_command_that_reads_nothing_ends_although_input_waits(desk: PhoneOnADesk) -> None:
    assert desk.shell("exit 5", stdin=bytes(2_000_000)).exit_code == 5


def test_twenty_megabytes_of_output_arrive_whole(desk: PhoneOnADesk) -> None:
    assert desk.shell("head -c 20000000 /dev/zero").stdout == bytes(20_000_000)


def test_an_interactive_command_answers_line_by_line(desk: PhoneOnADesk) -> None:
    with desk.start("shell", "while read -r word; do echo heard $word; done; exit 4") as client:
        assert client.stdin is not None
        assert client.stdout is not None
        for word in (b"one", b"two"):
            client.stdin.write(word + b"\n")
            client.stdin.flush()
            assert client.stdout.readline() == b"heard " + word + b"\n"
        client.stdin.close()
        assert client.wait(120) == 4


def test_a_shell_without_a_command_takes_commands_from_stdin(desk: PhoneOnADesk) -> None:
    answered = desk.adb("shell", stdin=b"echo hi\nexit 7\n")
    assert (answered.exit_code, answered.stdout) == (7, b"hi\n")


def test_a_terminal_is_given_to_who_asks_for_one(desk: PhoneOnADesk) -> None:
    answered = desk.adb("shell", "-t", "-t", "test -t 0 && test -t 1 && echo terminal")
    assert (answered.exit_code, answered.stdout) == (0, b"terminal\r\n")


def test_hostile_text_stays_one_word(desk: PhoneOnADesk) -> None:
    assert desk.shell(f"printf %s {quoted(HOSTILE)}").stdout == HOSTILE.encode()


def test_exec_out_and_exec_in_carry_bytes_as_they_are(desk: PhoneOnADesk) -> None:
    content = os.urandom(300_000) + b"\r\n\r\n"
    target = desk.phone.path("/data/local/tmp/from exec-in")
    desk.adb("exec-in", f"cat >{quoted(target)}", stdin=content)
    # exec-in returns before the phone has written: a check right after it can be too early, here as there.
    wait_for(
        lambda: desk.shell(f"wc -c <{quoted(target)}").text == str(len(content)), "all of the input is in the file"
    )
    assert desk.adb("exec-out", f"cat {quoted(target)}").stdout == content


def test_sixteen_streams_at_once_do_not_mix(desk: PhoneOnADesk) -> None:
    contents = [os.urandom(400_000) for _ in range(16)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda content: desk.shell("cat", stdin=content), contents))
    assert [answer.stdout for answer in answers] == contents


def test_a_command_dies_with_its_client_and_a_detached_one_does_not(desk: PhoneOnADesk) -> None:
    needs_toybox(desk)
    kept = desk.shell("setsid nohup sleep 4321 >/dev/null 2>&1 </dev/null & echo $!").text
    client = desk.start("shell", "exec sleep 1234")
    wait_for(lambda: desk.shell("pgrep -f '[s]leep 1234'").text != "", "the command runs")
    client.send_signal(signal.SIGKILL)
    client.communicate()
    wait_for(lambda: desk.shell("pgrep -f '[s]leep 1234'").text == "", "the command is gone")
    assert desk.shell("pgrep -f '[s]leep 4321'").text != ""
    desk.shell(f"kill -9 {kept}; pkill -f '[s]leep 4321'")


def test_what_is_left_to_process_1_is_reaped(desk: PhoneOnADesk) -> None:
    desk.shell("(sleep 0.01 &) ; exit 0")
    wait_for(lambda: " Z " not in desk.shell("ps -A -o S,NAME").text.replace("\n", " "), "no zombies")


def test_a_service_that_there_is_none_of_is_closed(desk: PhoneOnADesk, tmp_path: Path) -> None:
    # Not /dev/null: adb removes what is there first, and as root that is the machine's.
    answered = desk.adb("backup", "-f", tmp_path / "backup", "-all")
    assert answered.exit_code == 1
    assert "closed" in answered.stderr.decode()
