"""The stand-in phone of ../shared/phone (real adbd, mksh and toybox): started, shared with, unplugged, killed."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.rig.adb_server import adb
from tests.rig.adb_server import missing_parts as missing_adb

PHONE = Path(__file__).parents[2] / ".." / "shared" / "phone" / "phone"


def missing_parts() -> str | None:
    """Why no phone can be started here, or None."""
    if (reason := missing_adb()) is not None:
        return reason
    if not PHONE.exists():
        return "no ../shared/phone beside the repository: unpack the shared stand-in phone there"
    if os.geteuid() != 0:
        return "the stand-in phone needs root (namespaces, chroot): run these tests as root"
    for program in ("unshare", "nsenter", "xz"):
        if shutil.which(program) is None:
            return f"no {program} on this machine: apt install util-linux xz-utils"
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], check=False, capture_output=True).returncode:
        return "this machine does not let root make namespaces (a container?): run on a machine that does"
    return None


class RealPhone:
    """One phone. Its adbd listens on a Unix socket below `folder`, whose path should be short."""

    def __init__(self, folder: Path, *, serial: str = "STANDIN0001", architecture: str = "x86_64") -> None:
        self.folder = folder.resolve()
        self.root = self.folder / "root"
        self.state = self.folder / "state"
        self.socket = self.state / "adb.sock"
        self.address = f"localfilesystem:{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None
        subprocess.run(
            [str(PHONE), "new", architecture, str(self.folder), "localfilesystem:/dev/phone/adb.sock"],
            env={**os.environ, "SERIAL": serial},
            check=True,
        )

    def start(self) -> None:
        """Switch it on, and wait until its adbd listens."""
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen([str(PHONE), "run", str(self.folder)], stdin=subprocess.DEVNULL)
        self._await_adbd()

    def _await_adbd(self) -> None:
        until = time.monotonic() + 20
        while not self.socket.exists():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the phone did not start: {(self.state / 'init.log').read_text()[-2000:]}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Switch it off, with all that runs on it."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def connect(self, address: str | None = None) -> None:
        """`adb connect`, and wait until it is ready."""
        address = address or self.address
        until = time.monotonic() + 20
        while True:
            said = adb("connect", address)
            if "connected to" in said and adb("-s", address, "get-state").strip() == "device":
                return
            if time.monotonic() > until:
                raise RuntimeError(f"adb connect {address}: {said}")
            time.sleep(0.05)

    def unplug(self) -> None:
        """Pull the cable: adbd is gone at once; what was started goes on."""
        (self.state / "unplugged").touch()
        self.kill_adbd()

    def plug_in(self) -> None:
        """Put the cable back."""
        self.socket.unlink(missing_ok=True)
        (self.state / "unplugged").unlink(missing_ok=True)
        self._await_adbd()

    def kill_adbd(self) -> None:
        """End the daemon; unless unplugged, the phone starts it again after a moment."""
        self.signal_adbd(signal.SIGKILL)

    def freeze(self, *, frozen: bool) -> None:
        """Stop answering without closing anything; or go on."""
        self.signal_adbd(signal.SIGSTOP if frozen else signal.SIGCONT)

    def signal_adbd(self, number: signal.Signals) -> None:
        """Signal the daemon."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.host_pid(int((self.state / "adbd.pid").read_text())), number)

    def host_pid(self, pid: int) -> int:
        """This machine's number of a process of the phone."""
        assert self._process is not None
        namespace = Path(f"/proc/{self._process.pid}/ns/pid_for_children").readlink()
        for status in Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):
                numbers = status.read_text().partition("NSpid:")[2].partition("\n")[0].split()
                if int(numbers[-1]) == pid and (status.parent / "ns" / "pid").readlink() == namespace:
                    return int(numbers[0])
        raise ProcessLookupError(pid)

    def inside(self, path: str) -> Path:
        """Where a file of the phone's lies on this machine."""
        return self.root / path.lstrip("/")

    @contextlib.contextmanager
    def shares(self, folder: Path) -> Iterator[None]:
        """While this lasts, a folder of this machine is on the phone too, under the same name, for anybody to write."""
        assert self._process is not None
        there = self.inside(str(folder))
        there.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        enter = ["nsenter", f"--mount=/proc/{self._process.pid}/ns/mnt"]
        subprocess.run([*enter, "mount", "--bind", str(folder), str(there)], check=True)
        # What this process makes there, the phone's user may change.
        umask = os.umask(0)
        try:
            yield
        finally:
            os.umask(umask)
            subprocess.run([*enter, "umount", "--lazy", str(there)], check=True)

    def shell(self, command: str) -> str:
        """Run a command on the phone by adb alone."""
        return adb("-s", self.address, "shell", command)


def short_folder() -> Path:
    """A new folder whose path leaves room for a Unix socket's."""
    folder = Path("/tmp") / f"bakeoff-phone-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o755)
    return folder
