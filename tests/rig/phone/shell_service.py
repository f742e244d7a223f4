"""The services that run commands: `shell:` with and without its second protocol, and `exec:`."""

from __future__ import annotations

import contextlib
import os
import select
import struct
import subprocess
import threading
from dataclasses import dataclass

from tests.rig.phone.inside import Inside
from tests.rig.phone.link import Stream, StreamClosedError

_STDIN, _STDOUT, _STDERR, _EXIT, _CLOSE_STDIN = range(5)
_PACKET = struct.Struct("<BI")
_READ_BYTES = 64 * 1024
# How much of a command's input is looked at to tell what the command is about: whole scripts come that way.
_ABOUT_BYTES = 64 * 1024


@dataclass(frozen=True)
class ShellService:
    """One command, or a shell where there is none. `arguments` are those before the colon: `v2`, `raw`, `pty`, `TERM=`.

    With `v2`, stdout, stderr and the exit code are kept apart, and the command gets SIGHUP when its client goes away.
    Without, there is one stream and no exit code, and the command learns of it at its next write.
    """

    inside: Inside
    arguments: tuple[str, ...]
    command: bytes

    def __call__(self, stream: Stream) -> None:
        terminal = next((word[5:] for word in self.arguments if word.startswith("TERM=")), "dumb")
        on_pty = "pty" in self.arguments or (not self.command and "raw" not in self.arguments)
        _Running(self.inside, stream, self.command, terminal, v2="v2" in self.arguments, on_pty=on_pty).serve()


class _Running:
    def __init__(
        self, inside: Inside, stream: Stream, command: bytes, terminal: str, *, v2: bool, on_pty: bool
    ) -> None:
        self._inside, self._stream, self._v2 = inside, stream, v2
        self._crlf = inside.faults.lines_end_in_crlf and not v2
        self._out_bytes = 0
        self._is_cut = False
        self._in_bytes = 0
        self._about = command
        argv: list[str] = ["/system/bin/sh"] if inside.machine.confined else [f"{inside.machine.root}/system/bin/sh"]
        argv += ["-c", os.fsdecode(command)] if command else (["-"] if on_pty else [])
        self._pumps: list[tuple[int, int]] = []  # (descriptor to read, kind of packet)
        if on_pty:
            master, slave = os.openpty()
            stdin_fd, child = master, (slave, slave, slave)
            self._pumps.append((os.dup(master), _STDOUT))
        else:
            stdin_read, stdin_fd = os.pipe()
            out_read, out_write = os.pipe()
            self._pumps.append((out_read, _STDOUT))
            error_write = out_write
            if v2:
                error_read, error_write = os.pipe()
                self._pumps.append((error_read, _STDERR))
            child = (stdin_read, out_write, error_write)
        self._stdin_fd = stdin_fd
        self._on_pty = on_pty
        os.set_blocking(stdin_fd, False)
        try:
            self._process = subprocess.Popen(
                inside.machine.command(argv, terminal=on_pty),
                stdin=child[0], stdout=child[1], stderr=child[2],
                env=inside.environment(terminal), cwd="/" if inside.machine.confined else inside.machine.root,
                # A plain directory has no setsid of its own but for the terminal's sake, which then must not lead yet.
                start_new_session=inside.machine.confined or not on_pty,
            )  # fmt: skip
        finally:
            for descriptor in set(child):
                os.close(descriptor)

    def serve(self) -> None:
        threading.Thread(target=self._take_input, daemon=True).start()
        pumps = [threading.Thread(target=self._give_output, args=pump, daemon=True) for pump in self._pumps]
        for pump in pumps:
            pump.start()
        for pump in pumps:
            pump.join()
        if self._v2:
            self._hang_up_if_alone()
        exit_code = self._wait()
        if self._v2:
            self._stream.write(_PACKET.pack(_EXIT, 1) + bytes([exit_code & 0xFF]))

    def _hang_up_if_alone(self) -> None:
        ended = os.pidfd_open(self._process.pid)
        try:
            readable, _, _ = select.select([ended, self._stream.closed_fd], [], [])
        finally:
            os.close(ended)
        if ended not in readable and not self._stream.link.adbd_died:
            self._inside.machine.hang_up(self._process)

    def _wait(self) -> int:
        _, status, used = os.wait4(self._process.pid, 0)
        code = self._process.returncode = os.waitstatus_to_exitcode(status)
        self._inside.add_ended_cpu_time(used.ru_utime + used.ru_stime)
        return code if code >= 0 else 128 - code

    # to the command

    def _take_input(self) -> None:
        is_open = True
        with contextlib.suppress(StreamClosedError, OSError):
            while True:
                content, last = self._next_input()
                if len(self._about) < _ABOUT_BYTES:
                    self._about += content[:_ABOUT_BYTES]
                if is_open and content:
                    passing, action = self._inside.faults.allow("input", self._in_bytes, len(content), self._about)
                    self._in_bytes += len(content)
                    is_open = self._write_input(memoryview(content)[:passing])
                    if action is not None:
                        self._inside.perform(action, self._stream.link)
                        if action != "stall":
                            break
                        is_open = is_open and self._write_input(memoryview(content)[passing:])
                if last and is_open and not self._on_pty:
                    os.close(self._stdin_fd)
                    is_open, self._stdin_fd = False, -1
                if last and not self._v2:
                    break
        if self._stdin_fd >= 0:
            os.close(self._stdin_fd)

    def _next_input(self) -> tuple[bytes, bool]:
        """Bytes for the command, and whether they are the last."""
        if not self._v2:
            content = self._stream.read()
            return content, not content
        kind, length = _PACKET.unpack(self._stream.read_exactly(_PACKET.size))
        content = self._stream.read_exactly(length)
        return (content if kind == _STDIN else b""), kind == _CLOSE_STDIN

    def _write_input(self, content: memoryview) -> bool:
        """Whether the command still reads."""
        while content:
            # A raw stream that was closed is still written out to its end, as a socket would be.
            watched = [self._stream.closed_fd] if self._v2 else []
            readable, writable, _ = select.select(watched, [self._stdin_fd], [])
            if readable:
                raise StreamClosedError
            if writable:
                try:
                    content = content[os.write(self._stdin_fd, content[:_READ_BYTES]) :]
                except BrokenPipeError:
                    return False
                except BlockingIOError:
                    continue
        return True

    # from the command

    def _give_output(self, descriptor: int, kind: int) -> None:
        try:
            with contextlib.suppress(StreamClosedError):
                while content := self._next_output(descriptor):
                    self._send(kind, content)
        finally:
            os.close(descriptor)

    def _next_output(self, descriptor: int) -> bytes:
        readable, _, _ = select.select([descriptor, self._stream.closed_fd], [], [])
        if self._stream.closed_fd in readable:
            return b""
        try:
            return os.read(descriptor, _READ_BYTES)
        except OSError:  # EIO: nobody has the terminal open any more
            return b""

    def _send(self, kind: int, content: bytes) -> None:
        if kind == _STDERR:
            self._packet(kind, content)
            return
        passing, action = self._inside.faults.allow("output", self._out_bytes, len(content), self._about)
        limit = 0 if self._is_cut else self._inside.faults.truncate_output_at
        kept = content[:passing] if limit is None else content[: max(0, min(passing, limit - self._out_bytes))]
        # What comes after a loss is lost as well, also when the fault has been mended meanwhile.
        self._is_cut = len(kept) < passing
        self._out_bytes += passing
        if kept:
            self._packet(kind, kept)
        if action is None:
            return
        self._stream.flush()
        self._inside.perform(action, self._stream.link)
        if action == "stall":
            self._out_bytes += len(content) - passing
            self._packet(kind, content[passing:])

    def _packet(self, kind: int, content: bytes) -> None:
        if self._v2:
            self._stream.write(_PACKET.pack(kind, len(content)) + content)
        else:
            self._stream.write(content.replace(b"\n", b"\r\n") if self._crlf else content)
