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

from tests.rig.adb_server import AdbServer, adb
from tests.rig.adb_server import missing_parts as missing_adb
from tests.rig.phone import arm64_emulation
from tests.rig.phone.phone import fill

PHONE = Path(__file__).parents[2] / ".." / "shared" / "phone" / "phone"


def missing_parts(architecture: str = "x86_64") -> str | None:
    """Why no phone of that architecture can be started here, or None."""
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
    return arm64_emulation.missing_parts() if architecture == "arm64" else None


class RealPhone:
    """One phone. Its adbd listens on a Unix socket below `folder`, whose path should be short."""

    has_own_boot_id = False
    """What says which boot this is, is this machine's."""

    def __init__(
        self,
        folder: Path,
        *,
        serial: str = "STANDIN0001",
        model: str = "Pixel 8",
        architecture: str = "x86_64",
        data_bytes: int | None = None,
    ) -> None:
        """`data_bytes`: how much memory /data/local/tmp is; null: it is on this machine's disk."""
        self.folder = folder.resolve()
        self._data_bytes = data_bytes
        self.root = self.folder / "root"
        self.state = self.folder / "state"
        self.socket = self.state / "adb.sock"
        self.address = f"localfilesystem:{self.socket}"
        self._process: subprocess.Popen[bytes] | None = None
        subprocess.run(
            [str(PHONE), "new", architecture, str(self.folder), "localfilesystem:/dev/phone/adb.sock"],
            env={**os.environ, "SERIAL": serial, "MODEL": model},
            check=True,
        )
        # A second where a phone takes many.
        (self.state / "down_secs").write_text("1\n")

    @property
    def target(self) -> Path:
        """Where its adbd listens."""
        return self.socket

    def start(self) -> None:
        """Switch it on, and wait until its adbd listens."""
        self.socket.unlink(missing_ok=True)
        self._process = subprocess.Popen([str(PHONE), "run", str(self.folder)], stdin=subprocess.DEVNULL)
        self._await_adbd()
        if self._data_bytes is not None:
            options = f"size={self._data_bytes},mode=0771,uid=2000,gid=2000"
            self._in_its_mounts("mount", "-t", "tmpfs", "-o", options, "tmpfs", str(self.inside("/data/local/tmp")))

    def _in_its_mounts(self, *argv: str) -> None:
        assert self._process is not None
        subprocess.run(["nsenter", f"--mount=/proc/{self._process.pid}/ns/mnt", *argv], check=True)

    def _await_adbd(self) -> None:
        until = time.monotonic() + 90
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

    def connect(self, server: AdbServer | None = None) -> None:
        """`adb connect`, and wait until it is ready. `server` null: the one that this process means."""

        def ask(*arguments: str) -> str:
            return adb(*arguments) if server is None else server.adb(*arguments).text

        until = time.monotonic() + 90
        while True:
            said = ask("connect", self.address)
            if "connected to" in said and ask("-s", self.address, "get-state").strip() == "device":
                return
            if time.monotonic() > until:
                raise RuntimeError(f"adb connect {self.address}: {said}")
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

    def reboot(self) -> None:
        """Everything that runs there dies. Returns when its adbd listens again."""
        (self.state / "reboot").touch()
        self.socket.unlink(missing_ok=True)
        self.kill_adbd()
        self._await_adbd()

    def settings(self) -> dict[str, str]:
        """`namespace/key` → value of everything that is set: compare before and after."""
        root = self.state / "settings"
        return {str(path.relative_to(root)): path.read_text().rstrip("\n") for path in sorted(root.glob("*/*"))}

    @property
    def data_folder(self) -> Path:
        """/data/local/tmp as this machine sees it."""
        inside = self.inside("/data/local/tmp")
        return inside if self._process is None else Path(f"/proc/{self._process.pid}/root{inside}")

    def leave_free(self, free_bytes: int) -> None:
        """Fill /data/local/tmp until only that much is free (phones with `data_bytes` only)."""
        if self._data_bytes is None:
            raise RuntimeError("this phone shares this machine's disk")
        fill(self.data_folder / ".filler", free_bytes)

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
        there = self.inside(str(folder))
        there.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        self._in_its_mounts("mount", "--bind", str(folder), str(there))
        # What this process makes there, the phone's user may change.
        umask = os.umask(0)
        try:
            yield
        finally:
            os.umask(umask)
            self._in_its_mounts("umount", "--lazy", str(there))

    def shell(self, command: str) -> str:
        """Run a command on the phone by adb alone."""
        return adb("-s", self.address, "shell", command)


def short_folder() -> Path:
    """A new folder whose path leaves room for a Unix socket's."""
    folder = Path("/tmp") / f"bakeoff-phone-{secrets.token_hex(4)}"
    folder.mkdir(mode=0o755)
    return folder
