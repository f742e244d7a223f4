"""What OpenSSH means by what it says when it gives up.

A machine says what it likes: a notice before the login, a greeting after it, whatever a start-up file prints. So a
cause is read only in lines of the form that ssh itself prints, and only before somebody was let in; after that it is
told by tests (`devices.ssh.by_hand`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from devices.errors import DeviceError, NotAuthorisedError, NotReachableError, PermanentError
from devices.ssh.address import SshAddress
from devices.ssh.by_hand import ByHand
from devices.ssh.no_command import hello, no_command

SESSION_REFUSED = re.compile(r"mux_client_request_session: session request failed: .*")
"""ssh's own line, where sshd opens no second session on a connection (MaxSessions)."""

_LONGEST_QUOTE = 200

_NOT_THERE = (
    (r"ssh: Could not resolve hostname .*", "no such host is known", "Check the name, or the Host entry in"
     " ~/.ssh/config."),
    (r"ssh: connect to host .*: Connection refused", "it refuses the connection", "Is the device up, and sshd running"
     " on that port?"),
    (r"ssh: connect to host .*: No route to host", "there is no route to it", "Is the device on, and on the same"
     " network?"),
    (r"ssh: connect to host .*: Network is unreachable", "the network is unreachable", "Is this computer online?"),
    (r"ssh: connect to host .* timed out|Connection timed out during banner exchange|Connection to .* timed out",
     "it does not answer in time", "Is the device on, and its address right?"),
    (r"Timeout, server .* not responding\.", "it fell silent", "The network or the device went away."),
)  # fmt: skip
_BEFORE_THE_LOGIN = re.compile(
    r"kex_exchange_identification: .*|ssh_exchange_identification: .*|ssh_dispatch_run_fatal: .*"
    r"|Connection (?:closed|reset) by .*|banner exchange: .*"
)


def diagnose_ssh(
    address: SshAddress,
    exit_code: int | None,
    text: str,
    *,
    began: bool,
    printed: str = "",
    tried: ByHand | None = None,
) -> DeviceError:
    """The error behind an ssh that ended without the script having ended.

    `text` is ssh's own stderr and `printed` the stdout, `began` whether the script had reported in, `tried` what was
    tried by hand where no script began. An exit code of null is that of an ssh that had to be killed.
    """
    name = address.text
    lines = _lines(text)
    if not began and (tried is not None or (exit_code is not None and 0 <= exit_code < 255)):
        return no_command(address, exit_code, [*_lines(printed), *lines], tried)
    # Once logged in nothing is refused any more, and the text may be the script's own but for its last lines.
    refused = None if began else _refusal(address, lines)
    if refused is not None:
        return refused
    for form, meaning, remedy in _NOT_THERE:
        found = _first(form, lines[-3:] if began else lines)
        if found is not None:
            return NotReachableError(f"{name}: {meaning} ({found})", remedy)
    last = _quoted(lines, f"ssh ended with exit code {exit_code}")
    closed = None if began else _first(_BEFORE_THE_LOGIN, lines)
    if closed is not None:
        return NotReachableError(
            f"{name}: it closed the connection before the login ({closed})",
            "Too many logins may be under way there (MaxStartups), or it refuses this address (fail2ban, hosts.deny)."
            f" {hello(address)}",
        )
    return NotReachableError(
        f"{name}: the connection was lost ({last})",
        f"A run connects again by itself. {hello(address)}",
    )


def one_session(address: SshAddress) -> NotReachableError:
    """That sshd opens one session a connection: to be tried again, with a login for each command."""
    return NotReachableError(
        f"{address.text}: the sshd there opens no further session on a connection (MaxSessions): logging in anew for"
        " each command",
        "With MaxSessions 10, its default, in the sshd_config there, one login serves all.",
    )


def says_login_failed(text: str) -> bool:
    """Whether ssh said in a form of its own why nobody was let in, so that there is nothing to be tried."""
    lines = _lines(text)
    forms: tuple[str | re.Pattern[str], ...] = (
        _BEFORE_THE_LOGIN,
        *(form for form, _, _ in _NOT_THERE),
        *(form for form, _ in _REFUSALS),
    )
    return any(_first(form, lines) is not None for form in forms)


def _changed_key(address: SshAddress, _: str) -> DeviceError:
    known_as = address.host if address.port in (None, 22) else f"[{address.host}]:{address.port}"
    return NotAuthorisedError(
        f"{address.text}: its host key is another one than last time: either the device was set up anew, or somebody"
        " sits in between",
        f"Ask the device's owner for the new key's fingerprint. If it agrees: ssh-keygen -R '{known_as}', then"
        f" {address.by_hand()}",
    )


def _unknown_key(address: SshAddress, _: str) -> DeviceError:
    return NotAuthorisedError(
        f"{address.text}: its host key is not known on this computer",
        f"Connect once by hand, compare the fingerprint, and answer yes: {address.by_hand()}",
    )


def _not_let_in(address: SshAddress, line: str) -> DeviceError:
    by_hand = address.by_hand()
    return NotAuthorisedError(
        f"{address.text}: it does not let us in ({line})",
        f"It must work by key and without a question: {by_hand} echo hello. To bring a key there:"
        f" {by_hand.replace('ssh', 'ssh-copy-id', 1)}; for a key with a passphrase: ssh-add.",
    )


def _bad_configuration(address: SshAddress, line: str) -> DeviceError:
    return PermanentError(f"{address.text}: ssh cannot read its configuration ({line})", "Correct ~/.ssh/config.")


def _no_algorithm(address: SshAddress, line: str) -> DeviceError:
    return PermanentError(
        f"{address.text}: this computer's ssh and the device's agree on no algorithm ({line})",
        "Update the device's sshd, or allow the old algorithm for this host in ~/.ssh/config.",
    )


def _bad_name(address: SshAddress, line: str) -> DeviceError:
    return PermanentError(f"{address.text}: ssh refuses that name ({line})")


_REFUSALS: Sequence[tuple[str, Callable[[SshAddress, str], DeviceError]]] = (
    (r"@ +WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! +@", _changed_key),
    (r"Host key verification failed\.|No \S+ host key is known for .*", _unknown_key),
    (
        r"(?:\S+@\S+: )?Permission denied \([\w,.@-]+\)\.?"
        r"|(?:Received disconnect|Disconnected)\b.*: Too many authentication failures",
        _not_let_in,
    ),
    (
        r".*: [Bb]ad configuration option: .*|Bad owner or permissions on .*|.*: terminating, \d+ bad configuration.*"
        r"|Can't open user config file .*",
        _bad_configuration,
    ),
    (
        r"Unable to negotiate with .*: no matching (?:host key type|key exchange method|cipher|MAC|compression)\b.*",
        _no_algorithm,
    ),
    (r"(?:remote )?(?:username|hostname) contains invalid characters", _bad_name),
)
"""Forms of ssh's own lines (OpenSSH 6 to 10), and what they mean."""


def _refusal(address: SshAddress, lines: Sequence[str]) -> DeviceError | None:
    for form, error in _REFUSALS:
        found = _first(form, lines)
        if found is not None:
            return error(address, found)
    return None


def _first(form: str | re.Pattern[str], lines: Iterable[str]) -> str | None:
    return next((line for line in lines if re.fullmatch(form, line)), None)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip(" @")]


def _quoted(lines: Sequence[str], otherwise: str) -> str:
    return lines[-1][:_LONGEST_QUOTE] if lines else otherwise
