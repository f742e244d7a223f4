"""Letting this machine's kernel run arm64 programs through qemu, also in a root that holds no qemu.

The registration is the whole machine's and stays until it boots again; it changes nothing for programs of its own kind.
"""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path

_BINFMT = Path("/proc/sys/fs/binfmt_misc")
_ENTRY = _BINFMT / "qemu-aarch64"
_HOW_TO_GET_IT = "apt install qemu-user-static"


def missing_parts() -> str | None:
    """Why arm64 programs do not run here, or None. Registers qemu where that is all that is missing."""
    if platform.machine() == "aarch64":
        return None
    descriptions = sorted(Path("/usr/lib/binfmt.d").glob("qemu-aarch64*.conf"))
    if not _ENTRY.exists():
        if not descriptions:
            return f"no qemu for arm64 on this machine: {_HOW_TO_GET_IT}"
        if os.geteuid() != 0:
            return "arm64 programs do not run here, and only root can change that: systemctl restart systemd-binfmt"
        try:
            _register(descriptions[0].read_text())
        except OSError as problem:
            return f"this kernel does not let arm64 programs be registered ({problem}): mount binfmt_misc"
    # F: the interpreter was opened at registration, so that it is found from within any root.
    flags = next((line for line in _ENTRY.read_text().splitlines() if line.startswith("flags:")), "")
    return None if "F" in flags else f"qemu for arm64 is registered without the flag F: {_HOW_TO_GET_IT}"


def _register(description: str) -> None:
    if not (_BINFMT / "register").exists():
        subprocess.run(["mount", "-t", "binfmt_misc", "binfmt_misc", str(_BINFMT)], capture_output=True, check=False)
    (_BINFMT / "register").write_text(description)
