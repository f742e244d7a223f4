"""Let in by sshd, and no command is run: why, as far as tests tell it, and a test by hand whose result is another once
it is mended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from devices.errors import DeviceError, NotReachableError, PermanentError
from devices.ssh.address import SshAddress
from devices.ssh.by_hand import ByHand

_SFTP_ONLY = "This service allows sftp connections only."
"""sshd prints it on the session's stdout, in a line of its own (session.c), in the place of a command."""

_LONGEST_QUOTE = 200


@dataclass(frozen=True)
class _Cause:
    """One that may be it."""

    holds: bool
    what: str
    remedy: str
    kind: type[DeviceError] = PermanentError


def hello(address: SshAddress) -> str:
    """The test by hand of everything that bakeoff asks of ssh."""
    return f"By hand: {address.by_hand()} echo hello must print hello."


def no_command(
    address: SshAddress, exit_code: int | None, lines: Sequence[str], tried: ByHand | None = None
) -> DeviceError:
    """The first cause that holds. `lines` is what came on both streams; an exit code of null is that of a session that
    was waited for in vain.
    """
    end = "it was waited for in vain" if exit_code is None else f"exit code {exit_code}"
    said = f"{end}: {lines[-1][:_LONGEST_QUOTE] if lines else 'it said nothing'}"
    by_hand, must_greet = address.by_hand(), hello(address)
    prints = tried is not None and tried.prints
    causes = (
        _Cause(
            _SFTP_ONLY in lines,
            f"logged in, but only sftp is allowed there ({_SFTP_ONLY})",
            "bakeoff needs a shell: have ForceCommand lifted for this user in the sshd_config there, or log in as"
            f" another user. {must_greet}",
        ),
        _Cause(
            tried is not None and tried.opens_no_session,
            "let in, but the sshd there opens no session (MaxSessions 0)",
            f"Set MaxSessions to 10, its default, in the sshd_config there. {must_greet}",
        ),
        _Cause(
            tried is not None and tried.is_windows,
            "logged in, but it is a Windows machine, whose own shell is none that bakeoff can use",
            f"Log in to a Linux there, such as WSL with an sshd of its own. By hand: {by_hand} uname -s must print"
            " Linux.",
        ),
        _Cause(
            prints and tried is not None and not tried.passes_stdin,
            f"logged in, but a start-up file of the login shell there reads what is meant for a command ({end})",
            "Let it do so only where a person logs in: [ -t 0 ] || return. By hand: echo hello |"
            f" {by_hand} cat must print hello.",
        ),
        _Cause(
            prints and exit_code is None,
            "logged in, but its shell did not begin in time",
            f"Look at how busy the device is. {must_greet}",
            NotReachableError,
        ),
        _Cause(
            prints,
            f"logged in, and commands are run, but not /bin/sh ({said})",
            f"bakeoff needs a POSIX shell. By hand: {by_hand} \"exec /bin/sh -c 'echo hello'\" must print hello.",
        ),
        _Cause(
            exit_code in (0, None),
            "logged in, but a start-up file of the login shell there (.bashrc, .zshenv, config.fish) or a forced"
            f" command keeps commands from running ({said})",
            f"Let it start another shell, or end, only where a person logs in: [ -t 0 ] || return. {must_greet}",
        ),
        _Cause(
            True,
            f"logged in, but the login shell did not run a command ({said})",
            f"Look at the account's shell, its start-up files, and ForceCommand in the sshd_config there. {must_greet}",
        ),
    )
    cause = next(each for each in causes if each.holds)
    return cause.kind(f"{address.text}: {cause.what}", cause.remedy)
