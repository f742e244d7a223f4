"""A device reached by ssh: the user's own OpenSSH, so that ~/.ssh/config, agents, jump hosts and host keys all count.

One connection is opened and shared: a first ssh logs in and holds a control socket, every command is a channel of it.
The environment variable BAKEOFF_SSH replaces the word `ssh`, such as `ssh -F bench.config` or the path of another
OpenSSH.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from devices.errors import DeadlineError, DeviceError, NotReachableError, PermanentError
from devices.posix.posix_device import PosixDevice
from devices.posix.shell_session import ShellSession
from devices.ssh.address import SshAddress, parse_ssh_address
from devices.ssh.diagnosis import diagnose_ssh

SSH_VARIABLE = "BAKEOFF_SSH"

_LOGIN_TIMEOUT_S = 30.0
_LAST_WORDS_S = 1.0
_STALE_S = 86400.0
# A Unix socket's path ends at 104 bytes on some systems, and ssh adds 17 while it creates one.
_SOCKET_PATH_BYTES = 104 - 18

_OPTIONS = {
    "BatchMode": "yes",
    "ConnectTimeout": "10",
    "ConnectionAttempts": "1",
    # A dead link is noticed after three unanswered questions: 12 s.
    "ServerAliveInterval": "4",
    "ServerAliveCountMax": "2",
    "ControlPersist": "no",
    # What a configuration may add for people who log in, and which would get in the way of a program.
    "RequestTTY": "no",
    "RemoteCommand": "none",
    "ClearAllForwardings": "yes",
    "ForwardX11": "no",
    "ForwardAgent": "no",
    "PermitLocalCommand": "no",
    "LogLevel": "INFO",
}


class SshTransport:
    """Shells over one shared ssh connection."""

    kind = "ssh"

    def __init__(self, address: SshAddress, ssh_command: Sequence[str]) -> None:
        self._address = address
        self._ssh = list(ssh_command)
        self._lock = threading.Lock()
        self._login: ShellSession | None = None
        self._folder: Path | None = None
        self._control: Path | None = None

    @property
    def name(self) -> str:
        """The address as the user wrote it."""
        return self._address.text

    def open(self) -> None:
        """Log in, unless we are."""
        with self._lock:
            if self._login is not None and self._login.alive:
                return
            self._close()
            self._folder = Path(tempfile.mkdtemp(prefix="bo-", dir=_socket_root()))
            self._control = self._folder / secrets.token_hex(2)
            # The first session reads its standard input to the end and no more: when this process is gone, however it
            # went, the input ends, the session with it, and with the last session the connection.
            self._login = ShellSession(_Login(self), "cat >/dev/null", hold_stdin=True)
            try:
                self._login.wait_until_begun(_LOGIN_TIMEOUT_S)
            except DeadlineError as error:
                self._close()
                raise NotReachableError(
                    f"{self.name}: no login within {_LOGIN_TIMEOUT_S:g} s", f"Try by hand: {self._address.by_hand()}"
                ) from error
            except BaseException:
                self._close()
                raise

    def close(self) -> None:
        """End the shared connection."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._login is not None:
            self._login.close()
            self._login = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self._close()

    def login_command(self, bootstrap: str) -> list[str]:
        """The argv of the ssh that logs in and shares its connection."""
        return self._command(bootstrap, {"ControlMaster": "yes"})

    def shell_command(self, bootstrap: str) -> list[str]:
        """The argv of an ssh that uses the shared connection, and never makes one of its own."""
        login = self._login
        if login is None:
            raise NotReachableError(f"{self.name}: not connected")
        if not login.alive:
            raise diagnose_ssh(self._address, None, login.client_text(), began=True)
        # Without the socket ssh would quietly log in anew; a proxy that ends at once turns that into an error.
        return self._command(bootstrap, {"ControlMaster": "no", "ProxyJump": "none", "ProxyCommand": "exit 255"})

    def _command(self, bootstrap: str, options: dict[str, str]) -> list[str]:
        control = str(self._control).replace("%", "%%")
        words = [*self._ssh, "-T", "-S", control]
        for option, value in (options | _OPTIONS).items():
            words += ["-o", f"{option}={value}"]
        return [*words, *self._address.target_words(), f"exec /bin/sh -c '{bootstrap}'"]

    def ended_early(self, exit_code: int | None, text: str, *, began: bool) -> DeviceError:
        """What the shared connection says of its end counts for more than what a channel saw of it."""
        login = self._login
        if login is not None and exit_code != 0:
            # The channels hear of it first; what happened is said by the login, a moment later.
            login.wait_gone(_LAST_WORDS_S)
        if login is not None and not login.alive:
            text = f"{text}\n{login.client_text()}"
        return diagnose_ssh(self._address, exit_code, text, began=began)


class _Login:
    """The transport of the first session, which opens the connection that the others share."""

    kind = "ssh"

    def __init__(self, shared: SshTransport) -> None:
        self._shared = shared
        self.name = shared.name

    def open(self) -> None:
        """Opened by being used."""

    def close(self) -> None:
        """Closed with its session."""

    def shell_command(self, bootstrap: str) -> list[str]:
        """The argv that logs in."""
        return self._shared.login_command(bootstrap)

    def ended_early(self, exit_code: int | None, text: str, *, began: bool) -> DeviceError:
        """Why the login failed."""
        return self._shared.ended_early(exit_code, text, began=began)


class SshDevice(PosixDevice):
    """A machine reached by ssh, at `ssh://[user@]host[:port][/workdir]`.

    `ssh_command` is the beginning of every command line; by default `$BAKEOFF_SSH`, or `ssh`.
    """

    def __init__(self, address: str, ssh_command: Sequence[str] | None = None) -> None:
        parsed = parse_ssh_address(address)
        command = list(ssh_command) if ssh_command is not None else shlex.split(os.environ.get(SSH_VARIABLE) or "ssh")
        if not command:
            raise PermanentError(f"{SSH_VARIABLE} names no command", "Unset it, or set it to an OpenSSH client.")
        super().__init__(SshTransport(parsed, command), parsed.workdir)


def _socket_root() -> Path:
    """A directory of this user's whose paths are short enough for a Unix socket."""
    for root in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):
        if (
            root
            and os.access(root, os.W_OK)
            and len(os.fsencode(root)) + len("/bo-12345678/1234") <= _SOCKET_PATH_BYTES
        ):
            _sweep(Path(root))
            return Path(root)
    raise PermanentError("no directory for ssh's control socket", "Set TMPDIR to a short path that you may write to.")


def _sweep(root: Path) -> None:
    """Remove what bakeoffs that were killed left: folders of ours, a day old, where nobody listens."""
    for folder in root.glob("bo-????????"):
        with contextlib.suppress(OSError):
            status = folder.lstat()
            if not folder.is_dir() or status.st_uid != os.getuid() or time.time() - status.st_mtime < _STALE_S:
                continue
            if not any(_listens(path) for path in folder.iterdir()):
                shutil.rmtree(folder, ignore_errors=True)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(str(path)) == 0
