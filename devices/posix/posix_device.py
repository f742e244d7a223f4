"""A device with a POSIX shell: the `Device` protocol over any `Transport`."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Generator, Sequence
from pathlib import Path

from devices.base import Blob, Completed, ProcessHandle, PushProgress
from devices.errors import PermanentError, TransientError
from devices.identity import Identity
from devices.posix.blob_push import push_blobs
from devices.posix.changes import LIST_NAME, restore, restore_after_crash
from devices.posix.detached import is_running, send_signals, start_detached
from devices.posix.file_fetch import fetch_files, write_file
from devices.posix.file_follow import follow_file
from devices.posix.hold import Held, Hold, hold
from devices.posix.identify_linux import IDENTITY_SCRIPT, parse_identity
from devices.posix.large_blob import HashProgram
from devices.posix.shell import Shell
from devices.posix.shell_words import quote, quote_all
from devices.posix.transport import Transport

_CONNECT_TIMEOUT_S = 30.0
_OF_ANOTHER = 5
# What is made is this user's alone: models and items are nobody else's business. A directory that was there keeps
# its mode, and what is ours below it does not. `-O` says whose it is; no POSIX, and every sh has it.
_PRIVATELY = (
    'for d in "$w" "$w/blobs" "$w/runs" "$w/runtimes"; do\n'
    f'  [ ! -d "$d" ] || [ -O "$d" ] || {{ echo "$d" >&2; exit {_OF_ANOTHER}; }}\n'
    "done\n"
    'for d in "$w/blobs" "$w/runs" "$w/runtimes"; do [ ! -d "$d" ] || chmod go-rwx "$d"; done\n'
)
_ARGUMENT_BYTES = 60_000
_HASH_COMMANDS = {
    "sha256sum": "sha256sum",
    "shasum": "shasum -a 256",
    "openssl": "openssl dgst -sha256 -r",
}


class PosixDevice:
    """Files and programs by way of a shell there. Needs `tar`, a SHA-256 program and the POSIX tools; busybox will do.

    `workdir` is absolute, or below the home directory of the user there where it begins with `~/`.
    """

    def __init__(self, transport: Transport, workdir: str) -> None:
        if "\0" in workdir or not workdir.startswith(("/", "~/")):
            raise PermanentError(
                f"{transport.name}: the work directory {workdir!r} is not an absolute path",
                "Write it from / or from ~/.",
            )
        self._transport = transport
        self._shell = Shell(transport)
        self._asked_workdir = workdir
        self._workdir: str | None = None
        self._hashes = HashProgram("")
        self._hasher: tuple[str, ...] = ()
        self._is_changed = False
        """Whether this program holds changes there."""

    @property
    def name(self) -> str:
        """As the user wrote it."""
        return self._transport.name

    @property
    def workdir(self) -> str:
        """Absolute directory on the device; connects if it is not known yet."""
        if self._workdir is None:
            self.connect()
        assert self._workdir is not None
        return self._workdir

    def _connected(self) -> Shell:
        """The shell. Connects the first time; a connection that was lost is the caller's to make again."""
        if self._workdir is None:
            self.connect()
        return self._shell

    def connect(self) -> None:
        """Make sure the device answers and the work directory exists; undo what a bakeoff that crashed left changed."""
        self._transport.open()
        try:
            is_list_there = self._prepare()
        except TransientError:
            # The connection that was there may have been a dead one: a second, fresh try tells.
            self._transport.close()
            self._transport.open()
            is_list_there = self._prepare()
        if is_list_there and not self._is_changed and self._takes_changes_back():
            restore_after_crash(self._shell, self.workdir)

    def _takes_changes_back(self) -> bool:
        """Whether what is on the list can be undone now; if not, the next connection does it."""
        return True

    def _prepare(self) -> bool:
        """Returns whether there is a list of changes."""
        if self._asked_workdir.startswith("~/"):
            workdir = f'"${{HOME:-$(cd && pwd)}}"/{quote(self._asked_workdir[2:])}'
        else:
            workdir = quote(posixpath.normpath(self._asked_workdir))
        tools = " ".join(_HASH_COMMANDS)
        script = (
            f"w={workdir}\n"
            f"{_PRIVATELY if self._shell.privately else ''}"
            'x="$w/blobs/.in-try-$$"\n'
            'e=$(mkdir -p -- "$w/blobs" 2>&1) && [ -w "$w" ] && [ -w "$w/blobs" ] || {\n'
            '  case $e$( { : >"$x"; } 2>&1 ) in\n'
            '    *"Read-only file system"*) echo "$w: Read-only file system" >&2 ;;\n'
            '    *"No space left"*) echo "$w: No space left on device" >&2 ;;\n'
            '    *) echo "$w: Permission denied, or no directory" >&2 ;;\n'
            "  esac\n"
            "  exit 3\n"
            "}\n"
            # A file just made executable that may not be started: a disk mounted noexec, or a rule like it. What
            # cannot be written for another reason, such as a full disk, tells nothing of that.
            "r=0; s=$(command -v sh)\n"
            "case $s in /*)\n"
            '  if { printf "#!%s\\nexit 7\\n" "$s" >"$x" && chmod 700 "$x"; } 2>/dev/null; then\n'
            '    "$x" >/dev/null 2>&1; r=$?\n'
            "  fi\n"
            '  rm -f -- "$x" ;;\n'
            "esac\n"
            '[ "$r" -ne 126 ] && n= || n=" noexec"\n'
            "command -v tar >/dev/null || { echo 'there is no tar' >&2; exit 4; }\n"
            f'for t in {tools} none; do command -v "$t" >/dev/null && break; done\n'
            # What a device that lost its power in the middle of a push left behind.
            "find \"$w/blobs\" -name '.in-*' -mtime +1 -prune -exec rm -rf {} + 2>/dev/null\n"
            f'c=; [ ! -s "$w/{LIST_NAME}" ] || c=" changed"\n'
            'printf "%s\\n%s" "$t$c$n" "$w"\n'
        )
        asked = self._shell.complete(
            f"LC_ALL=C; export LC_ALL\n{self._shell.privately}{script}",
            what="preparing the work directory",
            timeout_s=_CONNECT_TIMEOUT_S,
        )
        if asked.exit_code == _OF_ANOTHER:
            place = asked.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["it"]
            raise PermanentError(
                f"{self.name}: the work directory {place[0][:500]} belongs to another user there, who could change what"
                " is measured",
                f"Choose one of your own ({self._shell.another_workdir()}).",
            )
        if asked.exit_code != 0:
            raise self._shell.failure("preparing the work directory", asked.exit_code, asked.stderr)
        answer = asked.stdout
        said, _, path = answer.decode(errors="surrogateescape").partition("\n")
        tool, *found = said.split(" ")
        if tool not in _HASH_COMMANDS:
            raise PermanentError(
                f"{self.name}: no program for SHA-256 there",
                f"Install one of {', '.join(_HASH_COMMANDS)} on the device.",
            )
        self._hashes = HashProgram(_HASH_COMMANDS[tool])
        if "noexec" in found:
            raise PermanentError(
                f"{self.name}: no program may be started below {posixpath.normpath(path)}: its disk is mounted noexec,"
                " or a rule there forbids it",
                f"Choose a work directory on a disk without noexec: {self._shell.another_workdir()}.",
            )
        self._workdir = posixpath.normpath(path)
        if self._hasher:
            self.hash_with(self._hasher)
        return "changed" in found

    def close(self) -> None:
        """Let go of the connection. What runs on the device goes on."""
        self._transport.close()

    def __enter__(self) -> PosixDevice:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def identify(self) -> Identity:
        """What the device says of itself, in one round trip."""
        answer = self._connected().check(IDENTITY_SCRIPT, what="identifying the device")
        return parse_identity(answer.decode(errors="replace"), self._transport.kind)

    def hash_with(self, program: Sequence[str]) -> None:
        """Hash by a native runner that is there from now on; `program` is its argv prefix. One that gives no right
        answer is left alone.
        """
        self._hasher = tuple(program)
        words = quote_all(program)
        asked = self._connected().complete(f"printf abc | {words} --sha256", what="trying a hash", timeout_s=30.0)
        if asked.exit_code == 0 and asked.stdout.split()[:1] == [hashlib.sha256(b"abc").hexdigest().encode()]:
            self._hashes = HashProgram(f"{words} --sha256", f"{words} --sha256-growing")

    def hold(self, asked: Hold) -> list[Held]:
        """Hold clocks and charging until `restore`. May be called again. Raises `PermanentError` where it cannot."""
        shell = self._connected()
        self._is_changed = True
        return hold(shell, self.workdir, asked)

    def restore(self) -> int:
        """Leave the device as it was found: undo every change of ours; returns how many there were."""
        count = restore(self._connected(), self.workdir)
        self._is_changed = False
        return count

    def push(self, blobs: Sequence[Blob], progress: PushProgress | None = None) -> dict[str, str]:
        """Bring blobs to `<workdir>/blobs/<sha256>`; returns sha256 → path there."""
        directory = f"{self.workdir}/blobs"
        return push_blobs(self._connected(), directory, self._hashes, blobs, progress)

    def write(self, path: str, content: bytes) -> None:
        """Write a small file atomically, creating its directory."""
        write_file(self._connected(), path, content)

    def fetch(
        self,
        files: Sequence[tuple[str, Path]],
        progress: PushProgress | None = None,
        *,
        most_bytes: Sequence[int] | None = None,
    ) -> None:
        """Copy files (path there, path here), in one stream a few hundred names."""
        fetch_files(self._connected(), files, progress, most_bytes=most_bytes)

    def run(self, argv: Sequence[str], *, timeout_s: float, stdin: bytes | None = None) -> Completed:
        """Run a command to its end; any exit code is returned, 127 where there is no such program.

        Raises `DeadlineError` after `timeout_s`; the command and its process group are then killed on the device.
        """
        return self._connected().complete(
            quote_all(argv), what=posixpath.basename(argv[0]), timeout_s=timeout_s, stdin=stdin
        )

    def start(self, argv: Sequence[str], *, log: str, cwd: str) -> ProcessHandle:
        """Start a program that outlives the connection; stdout and stderr are appended to `log`."""
        return start_detached(self._connected(), argv, log=log, cwd=cwd)

    def is_running(self, process: ProcessHandle) -> bool:
        """Whether that very process is alive."""
        return is_running(self._connected(), process)

    def signal(self, process: ProcessHandle, *names: str) -> None:
        """Send signals by name to the process and its process group; no error if it is gone."""
        send_signals(self._connected(), process, names)

    def follow(self, path: str, offset: int, *, idle_s: float) -> Generator[bytes, None, None]:
        """Yield what a growing file has from `offset` on; see `devices.base.Device.follow`."""
        return follow_file(self._connected(), path, offset, idle_s=idle_s)

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files or directories below the work directory; no error if they are not there."""
        root = self.workdir + "/"
        words: list[str] = []
        for path in paths:
            if not posixpath.normpath(path).startswith(root):
                raise ValueError(f"{path!r} is not below the work directory {root!r}")
            words.append(quote(posixpath.normpath(path)))
        while words:
            count, size = 0, 0
            while count < len(words) and (count == 0 or size + len(words[count]) < _ARGUMENT_BYTES):
                size += len(words[count]) + 1
                count += 1
            self._connected().check(f"rm -rf -- {' '.join(words[:count])}", what="removing files")
            words = words[count:]
