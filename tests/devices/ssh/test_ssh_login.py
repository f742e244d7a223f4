"""Logging in by ssh: what goes wrong is said in words, with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.errors import DeviceError, NotAuthorisedError, NotReachableError, PermanentError, TransientError
from devices.ssh.address import parse_ssh_address
from devices.ssh.device import SshDevice
from devices.ssh.diagnosis import diagnose_ssh
from tests.rig.sshd import LoopbackSshd


def failure(address: str, command: list[str]) -> DeviceError:
    with SshDevice(address, command) as device, pytest.raises(DeviceError) as caught:
        device.connect()
    return caught.value


def test_a_changed_host_key_is_refused_with_a_warning(own_sshd: LoopbackSshd, tmp_path: Path) -> None:
    own_sshd.stop()
    own_sshd.new_host_key()
    own_sshd.start()
    error = failure(own_sshd.address(tmp_path), own_sshd.ssh_command())
    assert isinstance(error, NotAuthorisedError)
    assert "host key is another one than last time" in error.what
    assert f"ssh-keygen -R '[127.0.0.1]:{own_sshd.port}'" in error.remedy
    assert "owner" in error.remedy


def test_an_unknown_host_key_is_not_accepted_for_the_user(sshd: LoopbackSshd, tmp_path: Path) -> None:
    config = sshd.write_client_config("knows-nobody", key="login", known_hosts="nothing")
    error = failure(sshd.address(tmp_path), sshd.ssh_command(config))
    assert isinstance(error, NotAuthorisedError)
    assert "host key is not known" in error.what
    assert f"Connect once by hand, compare the fingerprint, and answer yes: ssh -p {sshd.port}" in error.remedy
    assert not (sshd.folder / "nothing").exists()


def test_a_key_that_is_not_let_in_is_told_how_to_get_in(sshd: LoopbackSshd, tmp_path: Path) -> None:
    config = sshd.write_client_config("stranger", key="stranger", known_hosts="known_hosts")
    error = failure(sshd.address(tmp_path), sshd.ssh_command(config))
    assert isinstance(error, NotAuthorisedError)
    assert "Permission denied (publickey)" in error.what
    assert f"ssh-copy-id -p {sshd.port} {sshd.user}@127.0.0.1" in error.remedy


def test_a_refused_connection_may_get_better(own_sshd: LoopbackSshd, tmp_path: Path) -> None:
    own_sshd.stop()
    error = failure(own_sshd.address(tmp_path), own_sshd.ssh_command())
    assert isinstance(error, NotReachableError)
    assert "refuses the connection" in error.what
    assert "sshd" in error.remedy


def test_a_host_without_an_address_is_named(sshd: LoopbackSshd) -> None:
    error = failure("ssh://nobody.invalid/tmp", sshd.ssh_command())
    assert isinstance(error, NotReachableError)
    assert "no such host is known" in error.what
    assert "nobody.invalid" in error.what


def test_a_missing_ssh_says_what_to_install(tmp_path: Path) -> None:
    error = failure("ssh://bench", [str(tmp_path / "no-ssh")])
    assert isinstance(error, PermanentError)
    assert "no-ssh' is not installed on this computer" in error.what
    assert "openssh-client" in error.remedy


def test_a_broken_configuration_is_not_tried_again(sshd: LoopbackSshd, tmp_path: Path) -> None:
    config = sshd.write_client_config("broken", key="login", known_hosts="known_hosts", more="Nonsense yes\n")
    error = failure(sshd.address(tmp_path), sshd.ssh_command(config))
    assert isinstance(error, PermanentError)
    assert "cannot read its configuration" in error.what


@pytest.fixture
def forced_command(own_sshd: LoopbackSshd) -> LoopbackSshd:
    """Whatever is asked for, a script of the server's is run in its place."""
    own_sshd.stop()
    script = own_sshd.folder / "forced"
    script.touch(mode=0o755)
    config = own_sshd.folder / "sshd_config"
    config.write_text(config.read_text() + f"ForceCommand {script}\n")
    own_sshd.start()
    return own_sshd


def test_an_account_that_runs_no_commands_is_a_permanent_trouble(forced_command: LoopbackSshd, tmp_path: Path) -> None:
    script = "#!/bin/sh\necho This account is currently not available. >&2\nexit 1\n"
    (forced_command.folder / "forced").write_text(script)
    error = failure(forced_command.address(tmp_path), forced_command.ssh_command())
    assert isinstance(error, PermanentError)
    assert "did not run a command (exit code 1: This account is currently not available.)" in error.what


def test_greetings_of_a_login_shell_are_no_part_of_any_answer(forced_command: LoopbackSshd, tmp_path: Path) -> None:
    greeting = "printf 'Welcome!\\n\\036 Mind the gap'; echo Last login: never >&2\n"
    script = f'#!/bin/sh\n{greeting}sh -c "$SSH_ORIGINAL_COMMAND"\nr=$?\n{greeting}exit $r\n'
    (forced_command.folder / "forced").write_text(script)
    with SshDevice(forced_command.address(tmp_path / "work"), forced_command.ssh_command()) as device:
        completed = device.run(["sh", "-c", "printf answer; printf error >&2; exit 255"], timeout_s=120)
        assert (completed.exit_code, completed.stdout, completed.stderr) == (255, b"answer", b"error")
        device.write(f"{device.workdir}/x", b"content")
        device.fetch([(f"{device.workdir}/x", tmp_path / "x")])
    assert (tmp_path / "x").read_bytes() == b"content"


def test_the_user_s_own_configuration_counts(
    sshd: LoopbackSshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # `bench` is an alias that only the configuration knows; what it adds for people is kept out of the way.
    config = sshd.write_client_config(
        "for people",
        key="login",
        known_hosts="known_hosts",
        more="RequestTTY force\nRemoteCommand echo for people\nControlMaster auto\nControlPath /nowhere/%C\n"
        "ControlPersist yes\nLogLevel DEBUG3\nLocalForward 1 localhost:1\n",
    )
    monkeypatch.setenv("BAKEOFF_SSH", f"ssh -F '{config}'")
    with SshDevice(f"ssh://{sshd.user}@bench{tmp_path}/work") as device:
        assert device.run(["echo", "hello"], timeout_s=120).stdout == b"hello\n"
        assert device.workdir == f"{tmp_path}/work"


def test_without_a_path_the_work_directory_is_in_the_user_s_cache(sshd: LoopbackSshd) -> None:
    with SshDevice(sshd.address(""), sshd.ssh_command()) as device:
        assert device.workdir == f"{sshd.folder}/home/.cache/bakeoff"
        assert (sshd.folder / "home" / ".cache" / "bakeoff" / "blobs").is_dir()


@pytest.mark.parametrize(
    ("text", "host", "user", "port", "workdir", "by_hand"),
    [
        ("ssh://bench-4", "bench-4", None, None, "~/.cache/bakeoff", "ssh bench-4"),
        ("ssh://pi@bench-4/", "bench-4", "pi", None, "~/.cache/bakeoff", "ssh pi@bench-4"),
        ("ssh://pi@10.0.0.7:2222", "10.0.0.7", "pi", 2222, "~/.cache/bakeoff", "ssh -p 2222 pi@10.0.0.7"),
        ("ssh://Bench_4/data/a%20b", "Bench_4", None, None, "/data/a b", "ssh Bench_4"),
        ("ssh://[fe80::1%eth0]:22/x", "fe80::1%eth0", None, 22, "/x", "ssh -p 22 fe80::1%eth0"),
        ("ssh://pi@bench/~/my bakeoff", "bench", "pi", None, "~/my bakeoff", "ssh pi@bench"),
        ("ssh://me%40corp@bench", "bench", "me@corp", None, "~/.cache/bakeoff", "ssh me@corp@bench"),
    ],
)
def test_addresses_are_taken_apart(
    text: str, host: str, user: str | None, port: int | None, workdir: str, by_hand: str
) -> None:
    address = parse_ssh_address(text)
    assert (address.text, address.host, address.user, address.port) == (text, host, user, port)
    assert (address.workdir, address.by_hand()) == (workdir, by_hand)


@pytest.mark.parametrize(
    "text",
    [
        "ssh://",
        "ssh:///tmp",
        "ssh://-oProxyCommand=touch owned",
        "ssh://-F/x@bench",
        "ssh://bench-4 -v",
        "ssh://$(id)",
        "ssh://a;b",
        "ssh://`id`@bench",
        "ssh://bench:0",
        "ssh://bench:65536",
        "ssh://bench:22x",
        "ssh://bench\n",
        "ssh://pi:secret@bench",
        "ssh://%2DoX@bench",
        "ssh://[bench]",
        "bench",
    ],
)
def test_what_is_no_address_or_would_be_an_option_is_refused(text: str) -> None:
    with pytest.raises(PermanentError) as caught:
        SshDevice(text, ["ssh"])
    assert "secret" not in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "began", "kind", "phrase"),
    [
        ("ssh: connect to host bench port 22: No route to host", False, NotReachableError, "no route"),
        ("ssh: connect to host bench port 22: Connection timed out", False, NotReachableError, "in time"),
        ("Timeout, server bench not responding.", True, NotReachableError, "fell silent"),
        ("client_loop: send disconnect: Broken pipe", True, TransientError, "the connection was lost"),
        ("", True, TransientError, "the connection was lost"),
        ("cat: x: Permission denied\nBroken pipe", True, TransientError, "the connection was lost"),
        (
            "Unable to negotiate with 10.0.0.7 port 22: no matching host key type found. Their offer: ssh-rsa",
            False,
            PermanentError,
            "agree on no algorithm",
        ),
        ("Received disconnect: 2: Too many authentication failures", False, NotAuthorisedError, "does not let us in"),
    ],
)
def test_what_openssh_says_is_understood(text: str, began: bool, kind: type[DeviceError], phrase: str) -> None:
    error = diagnose_ssh(parse_ssh_address("ssh://bench"), 255, text, began=began)
    assert isinstance(error, kind)
    assert phrase in error.what
