"""Shells on a phone through adb.

adb says little about a phone that is lost: a shell ends with exit code 0, or hangs for ever while the phone is still
listed as attached. So the end of a command is proved by its mark (`devices.posix.shell_session`), and a phone that
has been silent for a while is asked a question that costs it nothing: a directory that is not there is listed by adbd
itself.
"""

from __future__ import annotations

import contextlib
import sys
import threading
import time

from devices.adb import old_shell as adb_old_shell
from devices.adb.address import absent_phone, is_connected_by_hand, only_phone
from devices.adb.client import AdbAnswer, AdbCall, adb_words, call_adb, list_phones
from devices.adb.diagnosis import AdbFailure, AdbTrouble, adb_error, classify_adb_error, state_error
from devices.adb.phone_list import ListedPhone
from devices.errors import DeadlineError, DeviceError, NotReachableError, PermanentError, TransientError

_CALL_TIMEOUT_S = 10.0
_QUESTION_EVERY_S = 4.0
_QUESTION_TIMEOUT_S = 10.0
_QUESTION = ["ls", "/.bakeoff-asks-whether-anybody-is-there"]
# How long a phone may take from being seen to being ready, as after plugging it in.
_SETTLE_S = 8.0
_LOOK_EVERY_S = 0.25
# adb connects anew what was connected by hand every 10 s; a forced reconnect more often than this does harm.
_RECONNECT_EVERY_S = 30.0
_SHELL_V2 = "shell_v2"
_PASSING_STATES = ("offline", "connecting", "authorizing", "no device", "detached", "unknown")


class AdbTransport:
    """Shells on one phone: the one with this serial, or (null) the only one attached, which is then kept to."""

    kind = "adb"
    longest_silence_s = _QUESTION_EVERY_S

    def __init__(self, name: str, serial: str | None) -> None:
        self._name = name
        self._serial = serial
        self._words = adb_words()
        self._lock = threading.RLock()
        self._was_seen = False
        self._has_shell_v2: bool | None = None
        self._question: AdbCall | None = None
        self._asked_at = 0.0
        self._answered_at = 0.0
        self._reconnected_at = float("-inf")

    @property
    def name(self) -> str:
        """As the user wrote it."""
        return self._name

    @property
    def serial(self) -> str:
        """The phone's serial, once it was found."""
        if self._serial is None:
            raise NotReachableError(f"{self._name}: not connected")
        return self._serial

    def open(self) -> None:
        """Find the phone, ready and answering. One that came by `adb connect` is connected again where needed."""
        with self._lock:
            self._find()
            try:
                self._ask()
            except TransientError:
                # It is listed as ready and does not answer: the connection is a dead one.
                self._reconnect()
                self._find()
                self._ask()
            self._was_seen = True

    def close(self) -> None:
        """Nothing is held but, maybe, a question under way."""
        with self._lock:
            self._has_shell_v2 = None
            if self._question is not None:
                self._question.end()
                self._question = None

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def command(self, *arguments: str) -> list[str]:
        """The argv of `adb -s SERIAL arguments`."""
        return [*self._words, "-s", self.serial, *arguments]

    def call(self, *arguments: str, timeout_s: float = _CALL_TIMEOUT_S) -> AdbAnswer:
        """Run `adb -s SERIAL arguments` to its end. Raises `DeadlineError`."""
        return call_adb([*self._words, "-s", self.serial], arguments, name=self._name, timeout_s=timeout_s)

    def begin(self, *arguments: str) -> AdbCall:
        """Start `adb -s SERIAL arguments`."""
        return AdbCall([*self._words, "-s", self.serial], arguments)

    def shell_command(self, bootstrap: str) -> list[str]:
        """The argv of a shell there: adbd gives its argument to /system/bin/sh -c."""
        if self._has_shell_v2 is False:
            return [sys.executable, "-I", adb_old_shell.__file__, bootstrap, *self.command()]
        return [*self._words, "-s", self.serial, "shell", "-T", bootstrap]

    def ended_early(self, exit_code: int | None, text: str, *, began: bool, printed: str = "") -> DeviceError:
        """adb's exit code says nothing; its text, before the script began, says what is the matter."""
        failure = classify_adb_error(text)
        if not began and failure.trouble is not AdbTrouble.UNKNOWN:
            return adb_error(self._name, failure)
        if not began and exit_code not in (None, 0, 1, 255) and exit_code > 0:
            return PermanentError(
                f"{self._name}: the phone's shell did not run a command (exit code {exit_code}: {failure.said})",
                f"By hand: adb -s {self._serial} shell echo hello must print hello.",
            )
        last = (text.strip().splitlines() or [""])[-1] if exit_code != 0 else ""
        return NotReachableError(
            f"{self._name}: the connection was lost{f' ({last})' if last else ''}", "It is tried again after a while."
        )

    def lost(self) -> DeviceError | None:
        """Why a phone that has been silent is held for lost; null while it answers, or may still answer.

        Never waits: a question is put, and looked after the next time.
        """
        with self._lock:
            now = time.monotonic()
            if self._question is None:
                if now - self._answered_at >= _QUESTION_EVERY_S:
                    self._question, self._asked_at = self.begin(*_QUESTION), now
                return None
            answer = self._question.poll()
            if answer is None and now - self._asked_at < _QUESTION_TIMEOUT_S:
                return None
            if answer is None:
                self._question.end()
            self._question, self._answered_at = None, now
            return self._verdict(answer)

    def _ask(self) -> None:
        """Raises when the phone does not answer; otherwise its shell's abilities are known after it."""
        problem = self._verdict(self.begin(*_QUESTION).wait(_QUESTION_TIMEOUT_S))
        if problem is not None:
            raise problem
        self._answered_at = time.monotonic()
        if self._has_shell_v2 is None:
            answer = self.call("features")
            if answer.exit_code != 0:
                raise adb_error(self._name, classify_adb_error(answer.text))
            self._has_shell_v2 = _SHELL_V2 in answer.stdout.split()

    def _verdict(self, answer: AdbAnswer | None) -> DeviceError | None:
        if answer is None:
            return NotReachableError(
                f"{self._name}: the phone is listed as attached, and fell silent", "It is tried again after a while."
            )
        return None if answer.exit_code == 0 else adb_error(self._name, classify_adb_error(answer.text))

    def _find(self) -> None:
        """Wait a little until the phone is ready. Raises what its state means if it does not get so."""
        until = time.monotonic() + _SETTLE_S
        mended = False
        while True:
            phones, is_new_server = list_phones(self._words, name=self._name)
            phone = self._pick(phones, wait=is_new_server)
            if phone.state == "device":
                self._serial = phone.serial
                return
            by_hand = is_connected_by_hand(phone.serial)
            if not mended and phone.state in {"offline", "no device"} and by_hand:
                self._serial, mended = phone.serial, True
                self._reconnect()
                continue
            passing = phone.state in _PASSING_STATES and (phone.state != "no device" or is_new_server or by_hand)
            if time.monotonic() > until or not (passing or (phone.state == "unauthorized" and self._was_seen)):
                if phone.state == "no device" and phone.serial:
                    raise absent_phone(self._name, phone.serial, phones)
                raise state_error(self._name, phone.state)
            time.sleep(_LOOK_EVERY_S)

    def _pick(self, phones: list[ListedPhone], *, wait: bool) -> ListedPhone:
        if self._serial is not None:
            return next(
                (phone for phone in phones if phone.serial == self._serial), ListedPhone(self._serial, "no device")
            )
        phone = only_phone(phones)
        if phone is None and not wait:
            raise PermanentError(
                f"{self._name}: no phone is attached",
                "Plug one in with USB debugging on (Settings › Developer options), or connect one by adb connect or"
                " adb pair. `adb devices -l` shows what adb sees.",
            )
        return phone or ListedPhone("", "no device")

    def _reconnect(self) -> None:
        """Make the connection anew, as far as that is this computer's to do."""
        now = time.monotonic()
        serial = self.serial
        if is_connected_by_hand(serial):
            with contextlib.suppress(DeadlineError):
                call_adb(self._words, ["disconnect", serial], name=self._name, timeout_s=_CALL_TIMEOUT_S)
            answer = call_adb(self._words, ["connect", serial], name=self._name, timeout_s=_CALL_TIMEOUT_S)
            # Its exit code is 0 also for "Connection refused".
            if "connected to" not in answer.stdout or "failed" in answer.text:
                failure = classify_adb_error(answer.text)
                if failure.trouble is AdbTrouble.UNKNOWN:
                    failure = AdbFailure(AdbTrouble.CLOSED, failure.said)
                if failure.trouble is not AdbTrouble.CLOSED:
                    raise adb_error(self._name, failure)
                raise NotReachableError(
                    f"{self._name}: cannot be connected to ({failure.said})",
                    "Is it on, in this network, and is its wireless debugging on? Its port may be another one now.",
                )
        elif now - self._reconnected_at >= _RECONNECT_EVERY_S:
            self._reconnected_at = now
            with contextlib.suppress(DeadlineError):
                self.call("reconnect")
