"""Servers and clients as people have set them up: each is worked with, or told as what it is. What a stranger's machine
says proves nothing by a phrase; the test by hand that a remedy names gives another result once the cause is mended.
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devices.errors import DeviceError, NotAuthorisedError, NotReachableError, PermanentError
from devices.retry import with_reconnect
from devices.ssh.address import parse_ssh_address
from devices.ssh.by_hand import ByHand
from devices.ssh.client import client_options
from devices.ssh.device import SshDevice
from devices.ssh.no_command import no_command
from tests.rig.sshd import LoopbackSshd

NOTICE = (
    "NOTICE: idle sessions are timed out. Connection refused by law, not responding.\n"
    "Unauthorised use: Permission denied by law. Too many authentication failures are told to the police.\n"
    "Host key verification failed, Could not resolve hostname, Bad configuration option, no matching cipher\n"
    "No space left on device. Read-only file system. This service allows sftp connections only, on Sundays.\n"
)

Configured = Callable[..., LoopbackSshd]


@pytest.fixture
def configured(own_sshd: LoopbackSshd, tmp_path: Path) -> Configured:
    """A server with lines of its own in sshd_config, and start-up files in its home."""

    def start(*lines: str, home: dict[str, str] | None = None, client: str = "") -> LoopbackSshd:
        own_sshd.stop()
        (own_sshd.folder / "notice").write_text(NOTICE)
        config = own_sshd.folder / "sshd_config"
        old = config.read_text()
        if any(line.startswith("MaxStartups") for line in lines):
            old = old.replace("MaxStartups 100\n", "")
        config.write_text(old + "".join(f"{line}\n" for line in lines).replace("@F", str(own_sshd.folder)))
        for name, content in (home or {}).items():
            (own_sshd.folder / "home" / name).write_text(content)
        if client:
            own_sshd.client_config = own_sshd.write_client_config(
                "client", key="login", known_hosts="known_hosts", more=client
            )
        own_sshd.start()
        return own_sshd

    return start


def works(server: LoopbackSshd, tmp_path: Path) -> SshDevice:
    """Everything that a device is asked for goes through."""
    with SshDevice(server.address(tmp_path / "work"), server.ssh_command()) as device:
        assert device.run(["echo", "hello"], timeout_s=20).stdout == b"hello\n"
        device.write(f"{device.workdir}/x", b"content")
        device.fetch([(f"{device.workdir}/x", tmp_path / "x")])
        assert (tmp_path / "x").read_bytes() == b"content"
        stream = device.follow(f"{device.workdir}/x", 0, idle_s=0.2)
        assert next(filter(None, stream)) == b"content"
        stream.close()
        assert device.run(["cat"], timeout_s=20, stdin=b"in").stdout == b"in"
    return device


def failure(server: LoopbackSshd, tmp_path: Path) -> DeviceError:
    with (
        SshDevice(server.address(tmp_path / "work"), server.ssh_command()) as device,
        pytest.raises(DeviceError) as caught,
    ):
        device.connect()
    return caught.value


def by_hand(server: LoopbackSshd, command: str, stdin: bytes = b"") -> bytes:
    """As a person would type it."""
    done = subprocess.run(
        [*server.ssh_command(), "-l", server.user, "-p", str(server.port), "127.0.0.1", command],
        input=stdin,
        capture_output=True,
        timeout=20,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("sessions", [1, 2, 3])
def test_a_server_with_few_sessions_a_connection_is_logged_in_to_anew(
    configured: Configured, tmp_path: Path, sessions: int
) -> None:
    server = configured(f"MaxSessions {sessions}")
    with SshDevice(server.address(tmp_path / "work"), server.ssh_command()) as device:
        waits: list[str] = []

        def command_beside_another() -> bytes:
            stream = device.follow(f"{device.workdir}/log", 0, idle_s=0.2)
            assert next(stream) == b""
            return device.run(["echo", "hello"], timeout_s=20).stdout

        answer = with_reconnect(
            device, command_beside_another, on_wait=lambda what, _: waits.append(what), sleep=lambda _: None
        )
        assert answer == b"hello\n"
        assert all("MaxSessions" in wait for wait in waits)
    works(server, tmp_path)


def test_a_login_anew_for_each_command_is_noticed_to_be_lost_and_had_again(
    configured: Configured, tmp_path: Path
) -> None:
    server = configured("MaxSessions 1")
    with SshDevice(server.address(tmp_path / "work"), server.ssh_command()) as device:
        device.connect()
        server.stop()
        with pytest.raises(NotReachableError):
            device.run(["true"], timeout_s=20)
        server.start()
        device.connect()
        assert device.run(["echo", "hello"], timeout_s=20).stdout == b"hello\n"


def test_a_server_that_opens_no_session_at_all_is_told(configured: Configured, tmp_path: Path) -> None:
    server = configured("MaxSessions 0", "Banner @F/notice")
    error = failure(server, tmp_path)
    assert isinstance(error, PermanentError)
    assert "let in, but the sshd there opens no session (MaxSessions 0)" in error.what
    assert f"ssh -p {server.port} {server.user}@127.0.0.1 echo hello must print hello" in error.remedy
    assert by_hand(server, "echo hello") == b""


@contextlib.contextmanager
def a_login_under_way(server: LoopbackSshd) -> Iterator[None]:
    """One that says nothing. That which saw the server start may be under way yet, so that this one is refused."""
    until = time.monotonic() + 20
    while True:
        with socket.create_connection(("127.0.0.1", server.port)) as silent:
            if silent.recv(4) == b"SSH-":
                yield
                return
        assert time.monotonic() < until
        time.sleep(0.1)


def test_too_many_logins_under_way_are_no_refusal_of_ours(configured: Configured, tmp_path: Path) -> None:
    server = configured("MaxStartups 1:100:1", "Banner @F/notice")
    with a_login_under_way(server):
        error = failure(server, tmp_path)
        assert isinstance(error, NotReachableError)
        assert "closed the connection before the login" in error.what
        assert "MaxStartups" in error.remedy
    with SshDevice(server.address(tmp_path / "work"), server.ssh_command()) as device:
        with_reconnect(device, device.connect, sleep=lambda _: time.sleep(0.1))


def test_a_notice_before_the_login_means_nothing_whatever_it_says(configured: Configured, tmp_path: Path) -> None:
    works(configured("Banner @F/notice"), tmp_path)


def test_a_notice_is_no_cause_where_only_sftp_is_allowed(configured: Configured, tmp_path: Path) -> None:
    server = configured("Banner @F/notice", "ForceCommand internal-sftp")
    error = failure(server, tmp_path)
    assert type(error) is PermanentError
    assert "logged in, but only sftp is allowed there" in error.what
    assert "ForceCommand" in error.remedy
    assert b"hello" not in by_hand(server, "echo hello")


def test_a_notice_is_no_cause_where_the_key_is_not_let_in(configured: Configured, tmp_path: Path) -> None:
    server = configured("Banner @F/notice")
    server.client_config = server.write_client_config("stranger", key="stranger", known_hosts="known_hosts")
    error = failure(server, tmp_path)
    assert isinstance(error, NotAuthorisedError)
    assert (
        "it does not let us in (root@127.0.0.1: Permission denied (publickey).)".replace("root", server.user)
        in error.what
    )


def test_a_notice_is_no_cause_where_the_server_is_not_trusted(configured: Configured, tmp_path: Path) -> None:
    server = configured("Banner @F/notice")
    server.client_config = server.write_client_config("nobody", key="login", known_hosts="nothing")
    assert "its host key is not known" in failure(server, tmp_path).what


@pytest.mark.parametrize(
    "content",
    [
        "cat <<'END'\n" + NOTICE + "END\n",
        "cat >&2 <<'END'\n" + NOTICE + "END\n",
        "head -c 300000 /dev/zero | tr '\\0' x; echo; head -c 300000 /dev/zero | tr '\\0' x >&2\n",
        "stty erase ^H; mesg n; tput clear\n",
    ],
    ids=["prints", "prints on stderr", "prints very much", "asks for a terminal"],
)
def test_a_start_up_file_may_print_what_it_likes(configured: Configured, tmp_path: Path, content: str) -> None:
    works(configured(home={".bashrc": content, ".zshenv": content, ".profile": content}), tmp_path)


def bash_reads_its_start_up_file(server: LoopbackSshd) -> bool:
    """Debian's and Red Hat's bash does for a command by ssh; others' do not."""
    return b"read" in by_hand(server, 'echo "$RIG_READ"')


def start_up(configured: Configured, content: str) -> LoopbackSshd:
    server = configured(home={".bashrc": "export RIG_READ=read\n"})
    if not bash_reads_its_start_up_file(server):
        pytest.skip("the login shell of this machine's user reads no .bashrc for a command")
    return configured(home={".bashrc": content})


@pytest.mark.parametrize("content", ["exec dash\n", "exec sh -c 'exec dash'\n", "exit\n", "exit 0\n", "exec cat\n"])
def test_a_start_up_file_that_keeps_commands_from_running_is_told(
    configured: Configured, tmp_path: Path, content: str
) -> None:
    server = start_up(configured, content)
    error = failure(server, tmp_path)
    assert type(error) is PermanentError
    assert "logged in, but a start-up file of the login shell there" in error.what
    assert "echo hello must print hello" in error.remedy
    assert "[ -t 0 ] || return" in error.remedy
    assert b"hello" not in by_hand(server, "echo hello")
    # What the remedy says mends it.
    server = configured(home={".bashrc": "[ -t 0 ] || return\n" + content})
    assert by_hand(server, "echo hello") == b"hello\n"
    works(server, tmp_path)


@pytest.mark.parametrize(("content", "code"), [("exit 3\n", 3), ("kill -9 $$\n", 255), ("exit 255\n", 255)])
def test_a_start_up_file_that_fails_is_told_with_its_exit_code(
    configured: Configured, tmp_path: Path, content: str, code: int
) -> None:
    error = failure(start_up(configured, "echo 'Permission denied (publickey).'\n" + content), tmp_path)
    assert type(error) is PermanentError
    assert f"did not run a command (exit code {code}: Permission denied (publickey).)" in error.what
    assert "echo hello must print hello" in error.remedy


def test_a_start_up_file_that_reads_a_command_s_input_is_told(configured: Configured, tmp_path: Path) -> None:
    server = start_up(configured, "cat >/dev/null & wait; read -t 1 answer; read answer\n")
    error = failure(server, tmp_path)
    assert "start-up file" in error.what
    assert "must print hello" in error.remedy


def test_a_forced_command_is_told(configured: Configured, tmp_path: Path) -> None:
    server = configured("ForceCommand echo Welcome to the menu")
    error = failure(server, tmp_path)
    assert type(error) is PermanentError
    assert "forced command keeps commands from running (exit code 0: Welcome to the menu)" in error.what
    assert b"hello" not in by_hand(server, "echo hello")


def test_a_forced_command_that_never_ends_is_no_missing_login(
    configured: Configured, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devices.ssh.device._LOGIN_TIMEOUT_S", 3.0)
    monkeypatch.setattr("devices.ssh.by_hand._TIMEOUT_S", 1.0)
    error = failure(configured("ForceCommand sleep 60"), tmp_path)
    assert type(error) is PermanentError
    assert "logged in, but" in error.what
    assert "it was waited for in vain" in error.what


def test_a_restricted_shell_runs_commands_and_none_of_ours(configured: Configured, tmp_path: Path) -> None:
    server = configured('ForceCommand exec bash -r -c "$SSH_ORIGINAL_COMMAND"')
    error = failure(server, tmp_path)
    assert type(error) is PermanentError
    assert "commands are run, but not /bin/sh" in error.what
    assert "restricted" in error.what
    assert by_hand(server, "echo hello") == b"hello\n"
    assert by_hand(server, "exec /bin/sh -c 'echo hello'") == b""


CMD = """#!/bin/sh
case $SSH_ORIGINAL_COMMAND in
*%OS%*) echo "Windows_NT" ;;
echo*) echo "${SSH_ORIGINAL_COMMAND#echo }" ;;
cat) echo "'cat' is not recognized as an internal or external command," >&2; exit 1 ;;
*) echo "'exec' is not recognized as an internal or external command," >&2
   echo "operable program or batch file." >&2; exit 1 ;;
esac
"""
POWERSHELL = """#!/bin/sh
case $SSH_ORIGINAL_COMMAND in
*env:OS*) echo "Windows_NT" ;;
echo*) echo "${SSH_ORIGINAL_COMMAND#echo }" ;;
cat) cat ;;
*) echo "exec : Die Benennung \\"exec\\" wurde nicht als Name eines Cmdlets erkannt." >&2; exit 1 ;;
esac
"""


@pytest.mark.parametrize("shell", [CMD, POWERSHELL], ids=["cmd", "PowerShell"])
def test_a_windows_machine_is_told_by_its_own_variable_and_in_any_language(
    configured: Configured, tmp_path: Path, shell: str
) -> None:
    script = tmp_path / "shell"
    script.write_text(shell)
    script.chmod(0o755)
    error = failure(configured(f"ForceCommand {script}", "Banner @F/notice"), tmp_path)
    assert type(error) is PermanentError
    assert "it is a Windows machine" in error.what
    assert "uname -s must print Linux" in error.remedy


def test_a_login_shell_that_began_too_late_is_tried_again() -> None:
    tried = ByHand(let_in=True, prints=True, passes_stdin=True, is_windows=False, opens_no_session=False)
    error = no_command(parse_ssh_address("ssh://bench"), None, [], tried)
    assert isinstance(error, NotReachableError)
    assert "did not begin in time" in error.what


FOR_PEOPLE = (
    "RequestTTY force\nLogLevel QUIET\nVisualHostKey yes\nControlMaster auto\nControlPath /nowhere/%C\n"
    "ControlPersist yes\nTunnel yes\nForwardX11 yes\nForwardAgent yes\nGatewayPorts yes\nLocalForward 1 localhost:1\n"
    "BatchMode no\nConnectionAttempts 5\nEscapeChar none\nServerAliveInterval 0\n",
    "RemoteCommand echo for people\nLogLevel DEBUG3\nPermitLocalCommand yes\nLocalCommand echo for people\n"
    "IgnoreUnknown UseKeychain\nUseKeychain yes\n",
    "SessionType none\nRequestTTY force\n",
    "StdinNull yes\nForkAfterAuthentication yes\n",
)


@pytest.mark.parametrize(
    ("lines", "sessions"),
    [*((lines, 10) for lines in FOR_PEOPLE), ("".join(FOR_PEOPLE), 1)],
    ids=["terminals", "commands", "no session", "forks", "all"],
)
def test_what_a_user_s_configuration_has_for_people_is_kept_out_of_the_way(
    configured: Configured, tmp_path: Path, lines: str, sessions: int
) -> None:
    if "SessionType" in lines and "SessionType" not in client_options(["ssh"]):
        pytest.skip("this machine's ssh has no such line")
    works(configured(f"MaxSessions {sessions}", "Banner @F/notice", client=lines), tmp_path)


def test_an_older_client_is_given_no_option_that_it_would_refuse(tmp_path: Path) -> None:
    for version, absent in (("7.4p1", {"RemoteCommand", "SessionType"}), ("8.4p1", {"SessionType", "StdinNull"})):
        old = tmp_path / version
        old.write_text(f"#!/bin/sh\necho OpenSSH_{version} Debian-5, OpenSSL 1.1.1w >&2\n")
        old.chmod(0o755)
        assert not absent & set(client_options([str(old)]))
    assert "SessionType" in client_options([str(tmp_path / "nothing that says a version")])
