"""The sync service: files to and from the phone, and what they are."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from dataclasses import dataclass

from tests.rig.phone.faults import Flow
from tests.rig.phone.inside import Inside
from tests.rig.phone.link import Stream, StreamClosedError
from tests.rig.phone.root_paths import file_access_as, resolve

_DATA_BYTES = 64 * 1024
_WRITE_TOGETHER = 8
_PATH_BYTES = 1024
_HEAD = struct.Struct("<4sI")
_STAT_V1 = struct.Struct("<4sIII")
_STAT_V2 = struct.Struct("<4sIQQIIIIQqqq")
_DENT_V1 = struct.Struct("<4sIIII")
_DENT_V2 = struct.Struct("<4sIQQIIIIQqqqI")
_SEND_V2 = struct.Struct("<4sII")


class _FailError(Exception):
    """Told to the client in a FAIL message."""


@dataclass(frozen=True)
class SyncService:
    """`sync:`, one stream a client's session."""

    inside: Inside

    def __call__(self, stream: Stream) -> None:
        _Session(self.inside, stream).serve()


class _Session:
    def __init__(self, inside: Inside, stream: Stream) -> None:
        self._inside, self._stream = inside, stream
        self._root_fd = inside.machine.root_fd
        self._passed: dict[Flow, int] = {"push": 0, "pull": 0}

    def serve(self) -> None:
        with file_access_as(self._inside.user_id):
            while True:
                request, length = _HEAD.unpack(self._stream.read_exactly(_HEAD.size))
                if request == b"QUIT":
                    return
                if length > _PATH_BYTES:
                    self._fail("path too long")
                    return
                path = self._stream.read_exactly(length)
                try:
                    if not self._answer(request, path):
                        return
                except _FailError as error:
                    self._fail(str(error))

    def _answer(self, request: bytes, path: bytes) -> bool:
        """Whether the session goes on."""
        if request in (b"STAT", b"LST2", b"STA2"):
            self._stat(request, path)
        elif request in (b"LIST", b"LIS2"):
            self._list(path, second=request == b"LIS2")
        elif request == b"SEND":
            name, _, mode = path.rpartition(b",")
            if not mode.isdigit():
                raise _FailError("missing , in ID_SEND_V1")
            return self._receive_file(name, int(mode))
        elif request == b"SND2":
            _, mode_bits, flags = _SEND_V2.unpack(self._stream.read_exactly(_SEND_V2.size))
            self._refuse_compression(flags)
            return self._receive_file(path, mode_bits)
        elif request == b"RECV":
            self._send_file(path)
        elif request == b"RCV2":
            _, flags = _HEAD.unpack(self._stream.read_exactly(_HEAD.size))
            self._refuse_compression(flags)
            self._send_file(path)
        else:
            self._fail(f"unknown command {request!r}")
            return False
        return True

    def _refuse_compression(self, flags: int) -> None:
        if flags:
            raise _FailError("compression was not among the features")

    def _fail(self, text: str) -> None:
        said = text.encode()
        self._stream.write(_HEAD.pack(b"FAIL", len(said)) + said)

    def _path(self, path: bytes, *, follow_last: bool = True) -> bytes:
        return resolve(self._root_fd, path, follow_last=follow_last)

    def _lstat(self, path: bytes, *, follow_last: bool = False) -> os.stat_result:
        return os.stat(self._path(path, follow_last=follow_last), dir_fd=self._root_fd, follow_symlinks=False)

    # what files are

    def _stat(self, request: bytes, path: bytes) -> None:
        error, found = 0, None
        try:
            found = self._lstat(path, follow_last=request == b"STA2")
        except OSError as problem:
            error = problem.errno or 0
        if request != b"STAT":
            self._stream.write(_STAT_V2.pack(request, error, *_second(found)))
        elif found is None:
            self._stream.write(_STAT_V1.pack(b"STAT", 0, 0, 0))
        else:
            self._stream.write(_STAT_V1.pack(b"STAT", *_first(found)))

    def _list(self, path: bytes, *, second: bool) -> None:
        entries = bytearray()
        with contextlib.suppress(OSError):
            folder = os.open(self._path(path), os.O_RDONLY | os.O_DIRECTORY, dir_fd=self._root_fd)
            try:
                for name in sorted(os.fsencode(name) for name in os.listdir(folder)):  # noqa: PTH208 (a descriptor)
                    with contextlib.suppress(OSError):
                        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                        if second:
                            entries += _DENT_V2.pack(b"DNT2", 0, *_second(found), len(name)) + name
                        else:
                            entries += _DENT_V1.pack(b"DENT", *_first(found), len(name)) + name
            finally:
                os.close(folder)
        done = bytes((_DENT_V2 if second else _DENT_V1).size - 4)
        self._stream.write(entries + b"DONE" + done)

    # to the phone

    def _receive_file(self, path: bytes, mode: int) -> bool:
        """Whether the session goes on: after a failure adbd takes what still comes and then hangs up."""
        try:
            if stat.S_ISLNK(mode):
                self._receive_link(path)
            else:
                self._receive_content(path, mode)
        except _FailError as error:
            self._fail(str(error))
            self._take_the_rest()
            return False
        self._stream.write(_HEAD.pack(b"OKAY", 0))
        return True

    def _receive_link(self, path: bytes) -> None:
        kind, length = self._next()
        if kind != b"DATA":
            raise _FailError("a link without a target")
        target = self._stream.read_exactly(length).rstrip(b"\0")
        place = self._path(path, follow_last=False)
        self._make_folders(place)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(place, dir_fd=self._root_fd)
            os.symlink(target, place, dir_fd=self._root_fd)
        except OSError as problem:
            raise _FailError(f"symlink failed: {problem.strerror}") from problem
        kind, _ = self._next()

    def _receive_content(self, path: bytes, mode: int) -> None:
        place = self._path(path, follow_last=False)
        unlink = True
        with contextlib.suppress(OSError):
            before = os.stat(place, dir_fd=self._root_fd, follow_symlinks=False).st_mode
            unlink = stat.S_ISREG(before) or stat.S_ISLNK(before)
        self._make_folders(place)
        # As adbd does it: group and others may do what the owner may.
        bits = mode & 0o777
        bits |= (bits >> 3) & 0o070
        bits |= (bits >> 3) & 0o007
        try:
            if unlink:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(place, dir_fd=self._root_fd)
            file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, bits, dir_fd=self._root_fd)
        except OSError as problem:
            raise _FailError(f"couldn't create file: {problem.strerror}") from problem
        try:
            os.fchmod(file, bits)
            modified_s = self._write_content(file, path)
            os.utime(file, (modified_s, modified_s))
        except (StreamClosedError, _FailError):
            if unlink and not self._stream.link.adbd_died:
                with contextlib.suppress(OSError):
                    os.unlink(place, dir_fd=self._root_fd)
            raise
        finally:
            os.close(file)

    def _write_content(self, file: int, path: bytes) -> int:
        """Returns the time of the file's last change, which comes after its content."""
        while True:
            kind, length = self._next()
            if kind == b"DONE":
                return length
            if kind != b"DATA" or length > _DATA_BYTES:
                raise _FailError("invalid data message")
            content = memoryview(self._stream.read_exactly(length))
            passing, action = self._inside.faults.allow("push", self._passed["push"], length, path)
            self._passed["push"] += length
            _write(file, content[:passing])
            if action is not None:
                self._inside.perform(action, self._stream.link)
                if action != "stall":
                    raise StreamClosedError
                _write(file, content[passing:])

    def _make_folders(self, place: bytes) -> None:
        parts = place.split(b"/")[:-1]
        for count in range(1, len(parts) + 1):
            folder = b"/".join(parts[:count])
            try:
                os.mkdir(folder, 0o775, dir_fd=self._root_fd)
            except FileExistsError:
                continue
            except OSError as problem:
                with contextlib.suppress(OSError):
                    os.stat(folder, dir_fd=self._root_fd)
                    continue
                raise _FailError(f"secure_mkdirs failed: {problem.strerror}") from problem

    def _take_the_rest(self) -> None:
        while True:
            kind, length = self._next()
            if kind != b"DATA":
                return
            self._stream.read_exactly(length)

    def _next(self) -> tuple[bytes, int]:
        kind, length = _HEAD.unpack(self._stream.read_exactly(_HEAD.size))
        return kind, length

    # from the phone

    def _send_file(self, path: bytes) -> None:
        try:
            file = os.open(self._path(path), os.O_RDONLY, dir_fd=self._root_fd)
        except OSError as problem:
            raise _FailError(f"open failed: {problem.strerror}") from problem
        try:
            messages = bytearray()
            while True:
                try:
                    content = os.read(file, _DATA_BYTES)
                except OSError as problem:
                    raise _FailError(f"read failed: {problem.strerror}") from problem
                passing, action = self._inside.faults.allow("pull", self._passed["pull"], len(content), path)
                self._passed["pull"] += len(content)
                if passing:
                    messages += _HEAD.pack(b"DATA", passing) + content[:passing]
                if not content and action is None:
                    # Together with what came before: two small writes would each wait for the other's acknowledgement.
                    messages += _HEAD.pack(b"DONE", 0)
                if action is not None or not content or len(messages) > _WRITE_TOGETHER * _DATA_BYTES:
                    self._stream.write(messages)
                    messages.clear()
                if action is not None:
                    self._stream.flush()
                    self._inside.perform(action, self._stream.link)
                    if action != "stall":
                        raise StreamClosedError
                    if passing < len(content):
                        messages += _HEAD.pack(b"DATA", len(content) - passing) + content[passing:]
                elif not content:
                    break
        finally:
            os.close(file)


def _write(file: int, content: memoryview) -> None:
    try:
        while content:
            content = content[os.write(file, content) :]
    except OSError as problem:
        raise _FailError(f"write failed: {problem.strerror}") from problem


def _first(found: os.stat_result) -> tuple[int, int, int]:
    """Mode, size, time: what fits into 32 bits."""
    return found.st_mode, found.st_size & 0xFFFFFFFF, int(found.st_mtime) & 0xFFFFFFFF


def _second(found: os.stat_result | None) -> tuple[int, ...]:
    """dev ino mode nlink uid gid size atime mtime ctime; zeros for what is not there."""
    if found is None:
        return (0,) * 10
    return (
        found.st_dev, found.st_ino, found.st_mode, found.st_nlink, found.st_uid, found.st_gid, found.st_size,
        int(found.st_atime), int(found.st_mtime), int(found.st_ctime),
    )  # fmt: skip
