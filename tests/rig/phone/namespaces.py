"""An Android-like root as a machine of its own: private mounts and processes, a boot id, its own /data and /sys.

Two processes hold it together. The *holder* keeps the mounts for as long as the phone exists; *init* is process 1 of
one boot. Both read a pipe from us: they end when we do, however that comes, and with them all that runs inside.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from tests.rig.phone.cpu_time import CpuTime, read_cpu_time

SHELL_UID = 2000

# Positional parameters: the root, the state folder, and what `mount -o` says of /data.
_HOLD = """
set -e
R=$1 S=$2
mount --bind "$R" "$R"
mount -t tmpfs -o mode=0755,nosuid tmpfs "$R/dev"
for d in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 0666 "$R/dev/${d%%:*}" c 1 "${d##*:}"; done
mknod -m 0666 "$R/dev/tty" c 5 0
mkdir "$R/dev/pts" "$R/dev/shm" "$R/dev/phone"
chmod 1777 "$R/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0600 devpts "$R/dev/pts"
ln -s pts/ptmx "$R/dev/ptmx"
ln -s /proc/self/fd "$R/dev/fd"
mount --bind "$S" "$R/dev/phone"
mount --bind "$R/storage" "$R/storage"
mount -t tmpfs -o "$3" tmpfs "$R/data"
mkdir -p "$R/data/local/tmp"
chown 2000:2000 "$R/data/local/tmp"
chmod 0771 "$R/data" "$R/data/local" "$R/data/local/tmp"
mount -t tmpfs -o mode=0755,nosuid tmpfs "$R/sys"
mkdir -p "$R/sys/class/power_supply" "$R/sys/class/thermal" "$R/sys/devices/system/cpu"
mount --bind "$S/sys/power_supply" "$R/sys/class/power_supply"
mount --bind "$S/sys/thermal" "$R/sys/class/thermal"
mount --bind "$S/sys/cpu" "$R/sys/devices/system/cpu"
# As on a phone, nobody writes to the system, whoever they are; what is mounted on it keeps its own rights.
mount -o remount,bind,ro "$R"
echo held
exec cat
"""

# A process table of its own, so the proc of the boot before goes first.
_BOOT = """
set -e
R=$1 S=$2
umount -l "$R/proc" 2>/dev/null || :
mount -t proc proc "$R/proc"
mount --bind "$S/boot_id" "$R/proc/sys/kernel/random/boot_id"
for f in cpuinfo meminfo version; do [ ! -f "$S/proc/$f" ] || mount --bind "$S/proc/$f" "$R/proc/$f"; done
hostname localhost
cd "$R"
exec chroot "$R" /init
"""


def missing_parts() -> str | None:
    """Why a phone cannot have namespaces of its own here, or None."""
    if os.geteuid() != 0:
        return "private namespaces need root"
    for program in ("unshare", "nsenter", "chroot", "mount"):
        if shutil.which(program) is None:
            return f"no {program} on this machine: apt install util-linux mount"
    tried = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--uts", "--ipc", "--propagation", "private", "true"],
        capture_output=True, check=False,
    )  # fmt: skip
    if tried.returncode:
        return f"this machine gives no namespaces: {tried.stderr.decode(errors='replace').strip()}"
    return None


class Namespaces:
    """A phone's root with its own mounts and processes, and `data_bytes` of memory as /data."""

    confined = True

    def __init__(self, root: Path, state: Path, *, data_bytes: int) -> None:
        self.root, self.state = root, state
        options = f"size={data_bytes},mode=0771"
        self._holder = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", _HOLD, "sh", str(root), str(state), options],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert self._holder.stdout is not None
        assert self._holder.stderr is not None
        if self._holder.stdout.readline() != b"held\n":
            raise RuntimeError(f"no phone could be set up: {self._holder.stderr.read().decode(errors='replace')}")
        self.root_fd = os.open(f"/proc/{self._holder.pid}/root{root}", os.O_PATH | os.O_DIRECTORY)
        """The root as seen from inside: with what is mounted there."""
        self._init: subprocess.Popen[bytes] | None = None
        self._init_pid = 0

    def boot(self) -> None:
        """Start process 1."""
        self._init = subprocess.Popen(
            ["nsenter", f"--mount=/proc/{self._holder.pid}/ns/mnt",
             "unshare", "--pid", "--fork", "--uts", "--ipc", "--kill-child=SIGKILL",
             "sh", "-c", _BOOT, "sh", str(self.root), str(self.state)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )  # fmt: skip
        assert self._init.stdout is not None
        assert self._init.stderr is not None
        if self._init.stdout.readline() != b"up\n":
            raise RuntimeError(f"the phone did not boot: {self._init.stderr.read().decode(errors='replace')}")
        self._init_pid = int(Path(f"/proc/{self._init.pid}/task/{self._init.pid}/children").read_text())

    def command(self, argv: list[str], *, terminal: bool = False) -> list[str]:
        """What to start here so that `argv` runs inside, as the shell user and as leader of a session."""
        return [
            "/usr/bin/nsenter", "--target", str(self._init_pid), "--mount", "--pid", "--uts", "--ipc", "--root", "--wd",
            "--setuid", str(SHELL_UID), "--setgid", str(SHELL_UID),
            "/system/bin/setsid", *(["-c"] if terminal else []), *argv,
        ]  # fmt: skip

    def hang_up(self, command: subprocess.Popen[bytes]) -> None:
        """Send SIGHUP to what a started `command` runs inside."""
        with contextlib.suppress(OSError, ValueError):
            inside = Path(f"/proc/{command.pid}/task/{command.pid}/children").read_text().split()
            for pid in inside:
                os.kill(int(pid), signal.SIGHUP)

    def cpu_time(self) -> CpuTime:
        """What the processes inside have used; those started by `command` and ended are not among them."""
        try:
            proc = os.open("proc", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.root_fd)
        except OSError:
            return CpuTime(0.0, 0)
        try:
            return read_cpu_time(proc)
        finally:
            os.close(proc)

    def halt(self) -> None:
        """Everything inside dies at once, as when the power goes; /data stays."""
        if self._init is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._init_pid, signal.SIGKILL)
        self._init.wait()
        for pipe in (self._init.stdin, self._init.stdout, self._init.stderr):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
        self._init = None

    def close(self) -> None:
        """Everything goes; the files stay in the root's folder."""
        self.halt()
        os.close(self.root_fd)
        self._holder.kill()
        self._holder.communicate()

    def file_system_free(self) -> tuple[int, int]:
        """Bytes free and bytes in all of /data."""
        found = os.open("data", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.root_fd)
        try:
            said = os.fstatvfs(found)
        finally:
            os.close(found)
        return said.f_bavail * said.f_frsize, said.f_blocks * said.f_frsize

    def wait_until_gone(self, pid: int, timeout_s: float = 5.0) -> None:
        """Until the process of that id, as the phone counts, is no more. Raises TimeoutError."""
        until = time.monotonic() + timeout_s
        while True:
            try:
                os.stat(f"proc/{pid}", dir_fd=self.root_fd)
            except OSError:
                return
            if time.monotonic() > until:
                raise TimeoutError(f"process {pid} is still there after {timeout_s:g} s")
            time.sleep(0.02)
