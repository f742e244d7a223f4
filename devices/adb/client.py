"""The user's own adb, so that ADB_SERVER_SOCKET, ANDROID_ADB_SERVER_PORT, keys and wireless pairing work as they do in
the user's terminal. Every call has a deadline: adb waits for a phone that hangs without limit.

The environment variable BAKEOFF_ADB replaces the word `adb`, such as the path of another one.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from devices.adb.diagnosis import adb_error, classify_adb_error
from devices.adb.phone_list import ListedPhone, parse_adb_devices
from devices.errors import DeadlineError, PermanentError

ADB_VARIABLE = "BAKEOFF_ADB"
# Starting the server, when there is none, takes some seconds on a busy computer.
_LIST_TIMEOUT_S = 20.0
_ANSWER_BYTES = 4 << 20


@dataclass(frozen=True)
class AdbAnswer:
    """How a call of adb ended. adb reports failures on either stream, and some of them with exit code 0."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """All it said."""
        return f"{self.stderr}\n{self.stdout}"


def adb_words() -> list[str]:
    """What stands for the word `adb`: `$BAKEOFF_ADB`, or `adb`."""
    said = os.environ.get(ADB_VARIABLE) or "adb"
    try:
        words = shlex.split(said)
    except ValueError:  # a quotation mark without its other one
        words = []
    if not words:
        raise PermanentError(f"{ADB_VARIABLE} names no command: {said!r}", "Unset it, or set it to the path of an adb.")
    return words


class AdbCall:
    """A call of adb under way. Its output goes to files: a server that the call starts may inherit it for ever."""

    def __init__(self, words: Sequence[str], arguments: Sequence[str]) -> None:
        self._stdout: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        argv = [*words, *arguments]
        try:
            # A session of its own: Ctrl-C in the user's terminal is not for the server that this call may start.
            self._process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=self._stdout, stderr=self._stderr, start_new_session=True
            )
        except OSError as error:
            self._close()
            raise PermanentError(
                f"the program {argv[0]!r} cannot be run on this computer: {error.strerror}",
                "Install it (Debian, Ubuntu: apt install adb; others: Android's platform-tools), or name it in"
                f" {ADB_VARIABLE}.",
            ) from error

    def poll(self) -> AdbAnswer | None:
        """The answer, if there is one yet."""
        return None if self._process.poll() is None else self._answer()

    def wait(self, timeout_s: float) -> AdbAnswer | None:
        """The answer, waited for at most `timeout_s`; then the call is ended, and the answer null."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.end()
            return None
        except BaseException:
            self.end()
            raise
        return self._answer()

    def end(self) -> None:
        """Kill the client. The server goes on."""
        self._process.kill()
        self._process.wait()
        self._close()

    def _answer(self) -> AdbAnswer:
        texts = []
        for file in (self._stdout, self._stderr):
            file.seek(0)
            texts.append(file.read(_ANSWER_BYTES).decode(errors="replace"))
        self._close()
        return AdbAnswer(self._process.returncode, *texts)

    def _close(self) -> None:
        self._stdout.close()
        self._stderr.close()


def call_adb(words: Sequence[str], arguments: Sequence[str], *, name: str, timeout_s: float) -> AdbAnswer:
    """Run adb to its end, whatever its exit code. Raises `DeadlineError`; `name` names the device in errors."""
    answer = AdbCall(words, arguments).wait(timeout_s)
    if answer is None:
        asked = next((word for word in arguments if not word.startswith("-")), "adb")
        raise DeadlineError(
            f"{name}: adb gave no answer to `{asked}` within {timeout_s:g} s",
            "The phone or the adb server hangs. Pull the cable and plug it in again, or: adb kill-server",
        )
    return answer


def list_phones(words: Sequence[str], *, name: str) -> tuple[list[ListedPhone], bool]:
    """The phones that adb sees, and whether its server was started by this very question.

    A server that has just started has not yet looked at every port. Raises what adb's failure means.
    """
    answer = call_adb(words, ["devices", "-l"], name=name, timeout_s=_LIST_TIMEOUT_S)
    phones = parse_adb_devices(answer.stdout.replace("\r\n", "\n"))
    if answer.exit_code != 0 or phones is None:
        raise adb_error(name, classify_adb_error(answer.text))
    return phones, "daemon started" in answer.text
