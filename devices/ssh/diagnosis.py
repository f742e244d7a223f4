"""What OpenSSH means by what it says when it gives up."""

from __future__ import annotations

from devices.errors import DeviceError, NotAuthorisedError, NotReachableError, PermanentError
from devices.ssh.address import SshAddress

_CANNOT_AGREE = ("no matching host key type", "no matching key exchange", "no matching cipher", "no matching MAC")
_NOT_THERE = (
    ("Could not resolve hostname", "no such host is known", "Check the name, or the Host entry in ~/.ssh/config."),
    ("Connection refused", "it refuses the connection", "Is the device up, and sshd running on that port?"),
    ("No route to host", "there is no route to it", "Is the device on, and on the same network?"),
    ("Network is unreachable", "the network is unreachable", "Is this computer online?"),
    ("timed out", "it does not answer in time", "Is the device on, and its address right?"),
    ("not responding", "it fell silent", "The network or the device went away."),
)


def diagnose_ssh(address: SshAddress, exit_code: int | None, text: str, *, began: bool) -> DeviceError:
    """The error behind an ssh that ended without the script having ended.

    `text` is ssh's own stderr, `began` whether the script had reported in.
    """
    name = address.text
    # "UNKNOWN port" is our own stop to a second login (see devices.ssh.device): no news to anybody.
    said = (line.strip() for line in text.splitlines() if "UNKNOWN port" not in line)
    lines = [line for line in said if line.strip(" @")]
    last = lines[-1] if lines else f"ssh ended with exit code {exit_code}"
    # Once logged in nothing is refused any more, and the text may be the script's own but for its last lines.
    refused = None if began else _refusal(address, text, last)
    if began:
        text = "\n".join(lines[-3:])
    if refused is not None:
        return refused
    for phrase, meaning, remedy in _NOT_THERE:
        if phrase in text:
            return NotReachableError(f"{name}: {meaning} ({last})", remedy)
    if began or exit_code is None or exit_code < 0 or exit_code == 255:
        return NotReachableError(f"{name}: the connection was lost ({last})", "It is tried again after a while.")
    return PermanentError(
        f"{name}: logged in, but the login shell did not run a command (exit code {exit_code}: {last})",
        f"Try by hand: {address.by_hand()} true",
    )


def _refusal(address: SshAddress, text: str, last: str) -> DeviceError | None:
    name, by_hand = address.text, address.by_hand()
    known_as = address.host if address.port in (None, 22) else f"[{address.host}]:{address.port}"
    refusals = (
        (
            ("REMOTE HOST IDENTIFICATION HAS CHANGED",),
            NotAuthorisedError(
                f"{name}: its host key is another one than last time: either the device was set up anew, or somebody"
                " sits in between",
                f"Ask the device's owner for the new key's fingerprint. If it agrees: ssh-keygen -R '{known_as}', then"
                f" {by_hand}",
            ),
        ),
        (
            ("Host key verification failed", "host key is known for"),
            NotAuthorisedError(
                f"{name}: its host key is not known on this computer",
                f"Connect once by hand, compare the fingerprint, and answer yes: {by_hand}",
            ),
        ),
        (
            ("Permission denied", "Too many authentication failures"),
            NotAuthorisedError(
                f"{name}: it does not let us in ({last})",
                f"It must work by key and without a question: {by_hand} true. To bring a key there:"
                f" {by_hand.replace('ssh', 'ssh-copy-id', 1)}; for a key with a passphrase: ssh-add.",
            ),
        ),
        (
            ("Bad configuration option", "Bad owner or permissions", "terminating, ", "Can't open user config file"),
            PermanentError(f"{name}: ssh cannot read its configuration ({last})", "Correct ~/.ssh/config."),
        ),
        (
            _CANNOT_AGREE,
            PermanentError(
                f"{name}: this computer's ssh and the device's agree on no algorithm ({last})",
                "Update the device's sshd, or allow the old algorithm for this host in ~/.ssh/config.",
            ),
        ),
        (
            ("username contains invalid characters", "hostname contains invalid characters"),
            PermanentError(f"{name}: ssh refuses that name ({last})"),
        ),
    )
    return next((error for phrases, error in refusals if any(phrase in text for phrase in phrases)), None)
