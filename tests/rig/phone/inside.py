"""What services know of the phone that they run on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from tests.rig.phone.faults import Action, Faults
from tests.rig.phone.link import Link
from tests.rig.phone.namespaces import SHELL_UID, Namespaces
from tests.rig.phone.plain_directory import PlainDirectory

ANDROID_ENVIRONMENT = {
    "ANDROID_ASSETS": "/system/app",
    "ANDROID_BOOTLOGO": "1",
    "ANDROID_DATA": "/data",
    "ANDROID_ROOT": "/system",
    "ANDROID_STORAGE": "/storage",
    "EXTERNAL_STORAGE": "/sdcard",
    "HOME": "/",
    "HOSTNAME": "shiba",
    "LOGNAME": "shell",
    "PATH": "/product/bin:/apex/com.android.runtime/bin:/system_ext/bin:/system/bin:/system/xbin:/odm/bin:/vendor/bin",
    "SHELL": "/bin/sh",
    "TMPDIR": "/data/local/tmp",
    "USER": "shell",
}


@dataclass
class Inside:
    """Shared by all services of one phone."""

    machine: Namespaces | PlainDirectory
    faults: Faults
    perform: Callable[[Action, Link], None]
    """Let a fault happen to a link."""

    def __post_init__(self) -> None:
        self._ended_cpu_s = 0.0
        self._lock = threading.Lock()

    @property
    def user_id(self) -> int | None:
        """Whose files the sync service writes; null: this process's."""
        return SHELL_UID if self.machine.confined else None

    def environment(self, terminal: str) -> dict[str, str]:
        """Of a command."""
        environment = {**ANDROID_ENVIRONMENT, "TERM": terminal}
        if not self.machine.confined:
            root = str(self.machine.root)
            environment["PATH"] = f"{root}/system/bin:/usr/bin:/bin"
            environment["TMPDIR"] = f"{root}/data/local/tmp"
            environment["HOME"] = root
        return environment

    def add_ended_cpu_time(self, seconds: float) -> None:
        """What a command and all it waited for had used when it ended."""
        with self._lock:
            self._ended_cpu_s += seconds

    def cpu_s(self) -> float:
        """All processor time that commands have used since the phone was switched on first."""
        with self._lock:
            ended = self._ended_cpu_s
        return ended + self.machine.cpu_time().seconds
