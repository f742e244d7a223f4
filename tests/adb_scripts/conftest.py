"""Where the scripts run: mksh and toybox of the stand-in phone, dash, and a busybox that has nothing else."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.adb.device import AdbDevice
from devices.adb_scripts import read_script
from devices.base import Completed
from devices.posix.local import LocalTransport
from devices.posix.posix_device import PosixDevice
from devices.posix.shell_words import quote
from tests.rig.android_commands import ANDROID_COMMANDS
from tests.rig.real_phone import RealPhone


class ShellTransport(LocalTransport):
    """This machine with another program for /bin/sh, and other tools."""

    def __init__(self, shell: str, path: str) -> None:
        self._shell = shell
        self._path = path

    def shell_command(self, bootstrap: str) -> list[str]:
        return ["/usr/bin/env", "-i", f"PATH={self._path}", self._shell, "-c", bootstrap]


@dataclass
class ScriptHost:
    """A device that runs the scripts among commands that behave as Android's do."""

    device: PosixDevice
    shell: str

    @property
    def folder(self) -> str:
        return self.device.workdir

    @property
    def list_path(self) -> str:
        return f"{self.folder}/changed"

    def install_commands(self) -> None:
        for name, text in ANDROID_COMMANDS.items():
            self.device.write(f"{self.folder}/commands/{name}", text.encode())
        script = 'cd "$1" && chmod 755 commands/* && mkdir -p settings'
        self.device.run(["sh", "-c", script, "sh", self.folder], timeout_s=120)

    def run(self, name: str, *arguments: str, with_commands: bool = True, system_root: str | None = None) -> Completed:
        """Run a script of adb_scripts/ to its end. `system_root`: where it finds /sys and /proc."""
        self.device.write(f"{self.folder}/{name}", read_script(name).encode())
        before = "PATH=$0/commands:$PATH; export PATH; " if with_commands else ""
        if system_root is not None:
            before += f"BAKEOFF_SYSTEM_ROOT={quote(system_root)}; export BAKEOFF_SYSTEM_ROOT; "
        argv = ["sh", "-c", f'{before}exec "$@"', self.folder, self.shell, f"{self.folder}/{name}", *arguments]
        return self.device.run(argv, timeout_s=120)

    def read(self, name: str) -> str | None:
        """A file below the folder, or null where there is none."""
        done = self.device.run(["cat", f"{self.folder}/{name}"], timeout_s=120)
        return done.stdout.decode() if done.exit_code == 0 else None

    def write(self, name: str, text: str) -> None:
        self.device.write(f"{self.folder}/{name}", text.encode())

    def settings(self) -> dict[str, str]:
        """Every setting that is set, as namespace.key → value."""
        script = 'cd "$1" || exit 0; for f in *.*; do [ -f "$f" ] && printf "%s=%s\\n" "$f" "$(cat "$f")"; done; exit 0'
        done = self.device.run(["sh", "-c", script, "sh", f"{self.folder}/settings"], timeout_s=120)
        return dict(line.split("=", 1) for line in done.stdout.decode().splitlines())


@pytest.fixture(scope="session")
def busybox_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    busybox = shutil.which("busybox")
    if busybox is None:
        pytest.skip("no busybox on this machine: apt install busybox")
    folder = tmp_path_factory.mktemp("busybox")
    subprocess.run([busybox, "--install", "-s", str(folder)], check=True)
    return folder


@pytest.fixture(params=["phone", "dash", "busybox"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ScriptHost]:
    device: PosixDevice
    if request.param == "phone":
        phone: RealPhone = request.getfixturevalue("phone")
        device, shell = AdbDevice(f"adb:{phone.address}", "/data/local/tmp/scripts' test"), "sh"
    elif request.param == "dash":
        if (dash := shutil.which("dash")) is None:
            pytest.skip("no dash on this machine: apt install dash")
        device, shell = PosixDevice(ShellTransport(dash, "/usr/bin:/bin"), str(tmp_path / "scripts' test")), "dash"
    else:
        tools: Path = request.getfixturevalue("busybox_tools")
        transport = ShellTransport(str(tools / "sh"), str(tools))
        device, shell = PosixDevice(transport, str(tmp_path / "scripts' test")), "sh"
    with device:
        one = ScriptHost(device, shell)
        one.install_commands()
        yield one
        if request.param == "phone":
            device.run(["rm", "-rf", device.workdir], timeout_s=120)
