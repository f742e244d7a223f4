"""An Android-like root as a plain directory, for users who may not make namespaces.

Nothing confines what runs there: paths are this machine's, `PATH` leads to the phone's programs first, and
/data/local/tmp is `<root>/data/local/tmp`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from pathlib import Path

from tests.rig.phone.cpu_time import CpuTime, read_cpu_time


class PlainDirectory:
    """The same methods as `Namespaces`, as far as a plain directory can have them."""

    confined = False

    def __init__(self, root: Path, state: Path) -> None:
        self.root, self.state = root, state
        self.root_fd = os.open("/", os.O_PATH | os.O_DIRECTORY)
        self._proc_fd = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY)

    def boot(self) -> None:
        """There is nothing to start."""

    def command(self, argv: list[str], *, terminal: bool = False) -> list[str]:
        """What to start so that `argv` runs with the phone's programs."""
        program = str(self.root) + argv[0] if argv[0].startswith("/system/") else argv[0]
        setsid = [f"{self.root}/system/bin/setsid", "-c"] if terminal else []
        return ["env", f"PHONE_STATE={self.state}", *setsid, program, *argv[1:]]

    def hang_up(self, command: subprocess.Popen[bytes]) -> None:
        """Send SIGHUP to a started `command`."""
        with contextlib.suppress(ProcessLookupError):
            command.send_signal(signal.SIGHUP)

    def cpu_time(self) -> CpuTime:
        """What the processes that carry this phone's mark in their environment have used."""
        return read_cpu_time(self._proc_fd, frozenset(self._processes()))

    def _processes(self) -> list[int]:
        mark, found = f"PHONE_STATE={self.state}".encode(), []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
        return found

    def halt(self) -> None:
        """Kill everything that carries this phone's mark."""
        while pids := [pid for pid in self._processes() if not _is_zombie(pid)]:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Everything ends; the files stay."""
        self.halt()
        os.close(self.root_fd)
        os.close(self._proc_fd)

    def file_system_free(self) -> tuple[int, int]:
        """Bytes free and bytes in all."""
        said = os.statvfs(self.root)
        return said.f_bavail * said.f_frsize, said.f_blocks * said.f_frsize


def _is_zombie(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return True
    return text[text.rindex(")") + 2] in "ZX"
