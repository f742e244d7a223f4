"""A device reached by ssh: the user's own OpenSSH, so that ~/.ssh/config, agents, jump hosts and host keys all count.

One connection is opened and shared: a first ssh logs in and holds a control socket, every command is a channel of it.
Where sshd allows one session a connection (MaxSessions 1), every command logs in anew.
The environment variable BAKEOFF_SSH replaces the word `ssh`, such as `ssh -F bench.config` or the path of another
OpenSSH.
"""

from __future__ import annotations

import contextlib
import os
import re
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
from devices.ssh.by_hand import try_by_hand
from devices.ssh.client import client_options
from devices.ssh.diagnosis import SESSION_REFUSED, diagnose_ssh, one_session, says_login_failed

SSH_VARIABLE = "BAKEOFF_SSH"

_LOGIN_TIMEOUT_S = 30.0
_LAST_WORDS_S = 1.0
_STALE_S = 86400.0
# A Unix socket's path ends at 104 bytes on some systems, and ssh adds 17 while it creates one.
_SOCKET_PATH_BYTES = 104 - 18

# Of our own stop to a second login (see `shell_command`): no news to anybody.
_OUR_STOP = re.compile(r"kex_exchange_identification: .*|.*\bUNKNOWN port\b.*|.*: exit: not found")
_SLICE_S = 0.5
_MISREAD_S = 5.0


class SshTransport:
    """Shells over one shared ssh connection; over one each where sshd opens no second session on a connection."""

    kind = "ssh"

    def __init__(self, address: SshAddress, ssh_command: Sequence[str]) -> None:
        self._address = address
        self._ssh = list(ssh_command)
        self._lock = threading.Lock()
        self._login: ShellSession | None = None
        self._folder: Path | None = None
        self._control: Path | None = None
        self._one_session = False
        """Whether sshd was seen to open one session a connection."""
        self._is_open = False

    @property
    def name(self) -> str:
        """The address as the user wrote it."""
        return self._address.text

    def open(self) -> None:
        """Log in, unless we are."""
        with self._lock:
            if self._is_open if self._one_session else self._login is not None and self._login.alive:
                return
            self._close()
            self._folder = Path(tempfile.mkdtemp(prefix="bo-", dir=_socket_root()))
            self._control = self._folder / secrets.token_hex(2)
            # The first session reads its standard input to the end and no more: when this process is gone, however it
            # went, the input ends, the session with it, and with the last session the connection.
            self._login = ShellSession(_Login(self), "cat >/dev/null", hold_stdin=True)
            try:
                self._wait_until_in(self._login)
            except BaseException:
                self._close()
                raise
            if self._one_session:
                self._close()
                self._is_open = True

    def _wait_until_in(self, login: ShellSession) -> None:
        """Until the first session's shell has reported in. Raises what keeps it from that."""
        until = time.monotonic() + _LOGIN_TIMEOUT_S
        while not self._is_in(login):
            if login.is_misread:
                until = min(until, time.monotonic() + _MISREAD_S)
            if time.monotonic() < until:
                continue
            # ssh makes the socket when it was let in.
            if login.is_misread or (self._control is not None and self._control.exists()):
                text, printed = login.client_text(), login.printed_text()
                self._close()
                raise self.no_command(None, text, printed)
            raise NotReachableError(
                f"{self.name}: no login within {_LOGIN_TIMEOUT_S:g} s",
                f"By hand: {self._address.by_hand()} echo hello must print hello.",
            )

    @staticmethod
    def _is_in(login: ShellSession) -> bool:
        try:
            login.wait_until_begun(_SLICE_S)
        except DeadlineError:
            return False
        return True

    def close(self) -> None:
        """End the shared connection."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        self._is_open = False
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
        """The argv of the ssh that logs in and, where it can, shares its connection."""
        if self._one_session:
            return self._alone(_in_sh(bootstrap))
        return self._command(_in_sh(bootstrap), {"ControlMaster": "yes"}, self._control)

    def shell_command(self, bootstrap: str) -> list[str]:
        """The argv of an ssh that uses the shared connection and never makes one of its own, unless nothing can be
        shared.
        """
        if self._one_session:
            if not self._is_open:
                raise NotReachableError(f"{self.name}: not connected")
            return self._alone(_in_sh(bootstrap))
        login = self._login
        if login is None:
            raise NotReachableError(f"{self.name}: not connected")
        if not login.alive:
            raise diagnose_ssh(self._address, None, login.client_text(), began=True)
        # Without the socket ssh would quietly log in anew; a proxy that ends at once turns that into an error.
        stop = {"ControlMaster": "no", "ProxyJump": "none", "ProxyCommand": "exit 255"}
        return self._command(_in_sh(bootstrap), stop, self._control)

    def _alone(self, command: str, **options: str) -> list[str]:
        return self._command(command, {"ControlMaster": "no", **options}, None)

    def _command(self, command: str, options: dict[str, str], control: Path | None) -> list[str]:
        words = [*self._ssh, "-T", "-S", "none" if control is None else str(control).replace("%", "%%")]
        for option, value in (client_options(self._ssh) | options).items():
            words += ["-o", f"{option}={value}"]
        return [*words, *self._address.target_words(), command]

    def ended_early(self, exit_code: int | None, text: str, *, began: bool, printed: str = "") -> DeviceError:
        """What the shared connection says of its end counts for more than what a channel saw of it."""
        if self._one_session:
            return diagnose_ssh(self._address, exit_code, text, began=began, printed=printed)
        login = self._login
        lines = text.splitlines() if began else [line for line in text.splitlines() if not _OUR_STOP.fullmatch(line)]
        if not began and any(SESSION_REFUSED.fullmatch(line.strip()) for line in lines):
            self._one_session = True
            return one_session(self._address)
        if login is not None and exit_code != 0:
            # The channels hear of it first; what happened is said by the login, a moment later.
            login.wait_gone(_LAST_WORDS_S)
        if login is not None and not login.alive:
            lines += login.client_text().splitlines()
        return diagnose_ssh(self._address, exit_code, "\n".join(lines), began=began, printed=printed)

    def login_ended_early(self, exit_code: int | None, text: str, *, began: bool, printed: str) -> DeviceError:
        """Why the login failed; where it did not, and no command ran, that is tried by hand."""
        if began or exit_code is None or exit_code < 0 or (exit_code == 255 and says_login_failed(text)):
            return diagnose_ssh(self._address, exit_code, text, began=began)
        return self.no_command(exit_code, text, printed)

    def no_command(self, exit_code: int | None, text: str, printed: str) -> DeviceError:
        """Why nothing is run there, although we are let in."""
        tried = try_by_hand(lambda command: self._alone(command, LogLevel="VERBOSE"))
        # ssh's own exit code is 255 too; where it is not let in by now, or all works, something came in between.
        came_between = exit_code == 255 and (tried.prints or not tried.let_in)
        return diagnose_ssh(
            self._address, exit_code, text, began=False, printed=printed, tried=None if came_between else tried
        )


def _in_sh(bootstrap: str) -> str:
    return f"exec /bin/sh -c '{bootstrap}'"


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

    def ended_early(self, exit_code: int | None, text: str, *, began: bool, printed: str = "") -> DeviceError:
        """Why the login failed."""
        return self._shared.login_ended_early(exit_code, text, began=began, printed=printed)


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
