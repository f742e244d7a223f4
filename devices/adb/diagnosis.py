"""What adb means by what it says when it gives up."""

from __future__ import annotations

import enum
import os
import re
from dataclasses import dataclass

from devices.errors import (
    CommandFailedError,
    DeviceError,
    NoSpaceError,
    NotAuthorisedError,
    NotReachableError,
    PermanentError,
    TransientError,
)


class AdbTrouble(enum.Enum):
    """Kinds of trouble that adb reports."""

    UNAUTHORIZED = "unauthorized"
    AUTHORIZING = "authorizing"
    CONNECTING = "connecting"
    OFFLINE = "offline"
    NO_DEVICE = "no_device"
    MULTIPLE_DEVICES = "multiple_devices"
    NO_PERMISSIONS = "no_permissions"
    RECOVERY = "recovery"
    BOOTLOADER = "bootloader"
    NO_SPACE = "no_space"
    REMOTE_CREATE_FAILED = "remote_create_failed"
    CLOSED = "closed"
    NO_HOME = "no_home"
    ADB_SERVER_FAULT = "adb_server_fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class AdbFailure:
    """What a text of adb's amounts to."""

    trouble: AdbTrouble
    said: str
    """The line that tells it, or the last one; empty for an empty text."""
    reason: str = ""
    """The system's own word at the end of the line, such as `Permission denied`."""


# In this order: the first phrase that is found decides. Case is ignored.
_PHRASES = (
    (AdbTrouble.NO_HOME, r"cannot mkdir '"),
    (AdbTrouble.NO_SPACE, r"no space left on device|quota exceeded"),
    (AdbTrouble.REMOTE_CREATE_FAILED, r"remote couldn't create|remote secure_mkdirs|couldn't create file"),
    (AdbTrouble.UNAUTHORIZED, r"device unauthorized|failed to authenticate"),
    (AdbTrouble.AUTHORIZING, r"(?:still|device) authorizing"),
    (AdbTrouble.CONNECTING, r"(?:still|device) connecting"),
    (AdbTrouble.NO_PERMISSIONS, r"insufficient permissions|no permissions"),
    (AdbTrouble.MULTIPLE_DEVICES, r"more than one (?:device|emulator)"),
    (AdbTrouble.OFFLINE, r"(?:device|transport) (?:is )?offline"),
    (AdbTrouble.NO_DEVICE, r"no devices(?:/emulators)? found|device '.*' not found|device not found|no such device"),
    (
        AdbTrouble.ADB_SERVER_FAULT,
        r"protocol fault|cannot connect to daemon|failed to check server version|could not start server"
        r"|failed to start daemon|smartsocket listener|server didn't ack|couldn't read from server"
        r"|server version \(\d+\) doesn't match",
    ),
    (
        AdbTrouble.CLOSED,
        r"^(?:adb: )?(?:error: )?closed$|connection (?:reset|refused|timed out)|failed to connect|unable to connect"
        r"|no route to host|network is unreachable|broken pipe|failed to (?:read|copy)|connect failed|unexpected eof"
        r"|read failed|write failed",
    ),
)
_NOISE = re.compile(r"\* |adb server version")


def classify_adb_error(text: str) -> AdbFailure:
    """What adb's text (stdout and stderr, in any order) amounts to; `UNKNOWN` where no phrase is known."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not (_NOISE.match(line) and "doesn't match" not in line)]
    for trouble, phrase in _PHRASES:
        for line in lines:
            if re.search(phrase, line, re.IGNORECASE):
                reason = line.rpartition(": ")[2].removeprefix("remote ")
                return AdbFailure(trouble, line, reason)
    return AdbFailure(AdbTrouble.UNKNOWN, lines[-1] if lines else "")


_OF_STATE = {
    "unauthorized": AdbTrouble.UNAUTHORIZED,
    "authorizing": AdbTrouble.AUTHORIZING,
    "connecting": AdbTrouble.CONNECTING,
    "offline": AdbTrouble.OFFLINE,
    "detached": AdbTrouble.OFFLINE,
    "no permissions": AdbTrouble.NO_PERMISSIONS,
    "recovery": AdbTrouble.RECOVERY,
    "rescue": AdbTrouble.RECOVERY,
    "sideload": AdbTrouble.RECOVERY,
    "bootloader": AdbTrouble.BOOTLOADER,
    "no device": AdbTrouble.NO_DEVICE,
}


def trouble_of_state(state: str) -> AdbTrouble:
    """What a state of `adb devices` other than `device` amounts to."""
    return _OF_STATE.get(state, AdbTrouble.UNKNOWN)


_MEANING: dict[AdbTrouble, tuple[type[DeviceError], str, str]] = {
    AdbTrouble.UNAUTHORIZED: (
        NotAuthorisedError,
        "the phone has not allowed this computer",
        "Unlock the phone and answer its question “Allow USB debugging?”. If it does not ask: pull the cable and plug"
        " it in again, or revoke USB debugging authorisations in its developer options first.",
    ),
    AdbTrouble.AUTHORIZING: (
        NotReachableError,
        "the phone is still checking this computer's key",
        "If it stays so, unlock the phone and look for a question on its screen.",
    ),
    AdbTrouble.CONNECTING: (
        NotReachableError,
        "the phone is still connecting",
        "If it stays so, pull the cable and plug it in again.",
    ),
    AdbTrouble.OFFLINE: (
        NotReachableError,
        "the phone is listed and does not answer (offline)",
        "It may be starting. If it stays so: another cable or port, or switch USB debugging off and on.",
    ),
    AdbTrouble.NO_DEVICE: (
        NotReachableError,
        "no such phone is attached",
        "Is the cable in, USB debugging on, and the phone not only charging? `adb devices -l` shows what adb sees.",
    ),
    AdbTrouble.MULTIPLE_DEVICES: (
        PermanentError,
        "more than one phone is attached",
        "Choose one: -d adb:SERIAL, or all: -d 'adb:*'.",
    ),
    AdbTrouble.NO_PERMISSIONS: (
        PermanentError,
        "this user may not open the phone's USB device",
        "On Linux install udev rules (Debian, Ubuntu: apt install android-sdk-platform-tools-common), join the group"
        " plugdev, log in anew, and plug the phone in again.",
    ),
    AdbTrouble.RECOVERY: (
        PermanentError,
        "the phone is in recovery mode, where nothing can be measured",
        "Restart it: choose “Reboot system now” on its screen, or adb reboot.",
    ),
    AdbTrouble.BOOTLOADER: (
        PermanentError,
        "the phone is in its bootloader, where nothing can be measured",
        "Restart it: choose “Start” on its screen, or fastboot reboot.",
    ),
    AdbTrouble.NO_SPACE: (
        NoSpaceError,
        "no space left on the phone",
        "Free space there. What bakeoff keeps is below /data/local/tmp/bakeoff and can be removed when no run is under"
        " way.",
    ),
    AdbTrouble.REMOTE_CREATE_FAILED: (
        CommandFailedError,
        "the phone could not create a file",
        "Is /data/local/tmp there, and may the shell user write to it?",
    ),
    AdbTrouble.CLOSED: (NotReachableError, "the connection was lost", "It is tried again after a while."),
    AdbTrouble.NO_HOME: (
        PermanentError,
        "adb cannot start: it finds no folder for its key on this computer",
        "Set HOME to a folder that this user may write to, or start adb as another user first: adb start-server",
    ),
    AdbTrouble.ADB_SERVER_FAULT: (
        TransientError,
        "the adb server on this computer does not answer as it should",
        "If it happens again: adb kill-server. Two different versions of adb on one computer end each other's server;"
        " a server of another program on the port shows here too (ANDROID_ADB_SERVER_PORT).",
    ),
}


def adb_error(name: str, failure: AdbFailure) -> DeviceError:
    """The error that a failure stands for, with what a person can do about it. `name` is the device's."""
    kind, meaning, remedy = _MEANING.get(
        failure.trouble, (NotReachableError, "adb failed", "Try by hand: adb devices -l")
    )
    said = f" ({failure.said})" if failure.said else ""
    server = os.environ.get("ADB_SERVER_SOCKET")
    if failure.trouble is AdbTrouble.ADB_SERVER_FAULT and server:
        meaning = f"the adb server at {server} does not answer as it should"
        remedy = "Is that the right one? ADB_SERVER_SOCKET names it: set it right, or unset it for this computer's own."
    return kind(f"{name}: {meaning}{said}", remedy)


def state_error(name: str, state: str) -> DeviceError:
    """The error that a state of `adb devices` other than `device` stands for."""
    trouble = trouble_of_state(state)
    if trouble is AdbTrouble.UNKNOWN:
        return NotReachableError(f"{name}: adb calls its state {state!r}", "Pull the cable and plug it in again.")
    return adb_error(name, AdbFailure(trouble, ""))
