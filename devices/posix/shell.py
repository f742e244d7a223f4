"""Running scripts of our own in a device's shell."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator

from devices.base import Completed
from devices.errors import CommandFailedError, DeadlineError, DeviceError, NoSpaceError, PermanentError
from devices.posix.shell_session import ShellSession
from devices.posix.transport import Transport

SCRIPT_TIMEOUT_S = 60.0
# A device hashes large files without a word; a dead link is noticed by ssh itself.
STALL_S = 600.0
_KILL_TIMEOUT_S = 5.0
MOST_ANSWER_BYTES = 64 << 20
"""The most bytes that a command may print: scripts of ours and the tools that they ask print far less."""

# Our own scripts read the output of tools, which must be in one language.
_PREAMBLE = "LC_ALL=C; export LC_ALL\n"


class Shell:
    """A device's shell: scripts are ours, text from users reaches them quoted (`devices.posix.shell_words`)."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport

    @property
    def name(self) -> str:
        """The device as the user wrote it."""
        return self.transport.name

    @property
    def privately(self) -> str:
        """Begins a script that makes files, so that they are this user's alone. A phone's work directory is its shell
        user's by where it lies, and that user may be root the next time.
        """
        return "" if self.transport.kind == "adb" else "umask 077\n"

    def complete(
        self, script: str, *, what: str, timeout_s: float = SCRIPT_TIMEOUT_S, stdin: bytes | None = None
    ) -> Completed:
        """Run a script to its end, whatever its exit code. `what` names it in errors.

        Raises `DeadlineError` when it takes longer than `timeout_s`; it is then killed on the device too.
        """
        until = time.monotonic() + timeout_s
        with self.session(script, _pieces(stdin)) as session:
            try:
                stdout = b"".join(self._bounded(session, session.stream(idle_s=timeout_s, until=until), what))
            except DeadlineError as error:
                self.kill(session)
                raise DeadlineError(
                    f"{self.name}: {what} did not end within {timeout_s:g} s",
                    "It was stopped. Look at how busy the device is.",
                ) from error
            except KeyboardInterrupt:
                self.kill(session)
                raise
            return Completed(session.exit_code, stdout, session.stderr)

    def check(
        self, script: str, *, what: str, timeout_s: float = SCRIPT_TIMEOUT_S, stdin: bytes | None = None
    ) -> bytes:
        """Run a script of ours to its end and return its stdout. Raises what its failure means."""
        completed = self.complete(_PREAMBLE + self.privately + script, what=what, timeout_s=timeout_s, stdin=stdin)
        if completed.exit_code != 0:
            raise self.failure(what, completed.exit_code, completed.stderr)
        return completed.stdout

    def transfer(
        self, script: str, *, what: str, feed: Iterable[bytes] | None = None, most_bytes: int = MOST_ANSWER_BYTES
    ) -> Iterator[bytes]:
        """Run a script of ours that moves data: no limit on its time, but `STALL_S` on standing still.

        Yields its stdout. Raises what its failure means when it ends badly, and `PermanentError` once more than
        `most_bytes` came.
        """
        with self.session(_PREAMBLE + self.privately + script, feed) as session:
            for chunk in self._bounded(session, session.stream(idle_s=STALL_S), what, most_bytes):
                if not chunk:
                    self.kill(session)
                    raise DeadlineError(
                        f"{self.name}: {what} stood still for {STALL_S:g} s",
                        "Look at the network and the device's disk.",
                    )
                yield chunk
            if session.exit_code != 0:
                raise self.failure(what, session.exit_code, session.stderr)

    def _bounded(
        self, session: ShellSession, chunks: Iterator[bytes], what: str, most_bytes: int = MOST_ANSWER_BYTES
    ) -> Iterator[bytes]:
        """What comes, and an end to it where it has none. Raises `PermanentError`."""
        came = 0
        for chunk in chunks:
            came += len(chunk)
            if came > most_bytes:
                self.kill(session)
                raise PermanentError(
                    f"{self.name}: {what}: more came from there than was asked for ({most_bytes:,} bytes at most)",
                    "Something on the device answers in its place, or prints without end.",
                )
            yield chunk

    def session(self, script: str, feed: Iterable[bytes] | None = None, *, hold_stdin: bool = False) -> ShellSession:
        """Begin a script; see `ShellSession`."""
        return ShellSession(self.transport, script, feed, hold_stdin=hold_stdin)

    def kill(self, session: ShellSession) -> None:
        """Kill what a session left running on the device. Makes one try; a device that is gone is left alone."""
        if session.pid is None:
            return
        pid = session.pid
        script = f"kill -s KILL -- -{pid} 2>/dev/null || kill -s KILL {pid} 2>/dev/null"
        with contextlib.suppress(DeviceError), self.session(script) as killing:
            for _ in killing.stream(idle_s=_KILL_TIMEOUT_S, until=time.monotonic() + _KILL_TIMEOUT_S):
                pass

    def another_workdir(self) -> str:
        """How a person names another work directory, by the kind of transport."""
        if self.transport.kind != "ssh":
            return f"BAKEOFF_{self.transport.kind.upper()}_WORKDIR=/another/folder"
        return "/".join([*self.name.split("/")[:3], "another/folder"])

    def failure(self, what: str, exit_code: int, stderr: bytes) -> DeviceError:
        """The error that a failed script of ours stands for."""
        said = stderr.decode(errors="replace").strip()
        last = said.splitlines()[-1] if said else "it said nothing"
        # "Wrote only": what GNU tar says when the last block that fits was written in part.
        if any(sign in said for sign in ("No space left on device", "uota exceeded", "Wrote only")):
            return NoSpaceError(f"{self.name}: no space left on the device: {what} failed ({last})", NO_SPACE_REMEDY)
        if "Read-only file system" in said or "Permission denied" in said:
            return PermanentError(
                f"{self.name}: {what} failed: {last}",
                f"Choose a work directory that this user may write to ({self.another_workdir()}), or change its owner.",
            )
        return CommandFailedError(f"{self.name}: {what} failed with exit code {exit_code}: {last}")


NO_SPACE_REMEDY = (
    "Free space there, or choose a work directory on another disk. What bakeoff keeps is below its work directory:"
    " blobs/, runs/ and runtimes/ can be removed at any time when no run is under way."
)


def _pieces(content: bytes | None) -> list[bytes]:
    if not content:
        return []
    view = memoryview(content)
    return [bytes(view[i : i + (1 << 20)]) for i in range(0, len(content), 1 << 20)]
