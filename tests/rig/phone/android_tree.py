"""The files of an Android-like root: mksh as /system/bin/sh, toybox applets, the phone's own programs, no Python."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from tests.rig.phone import arm64_emulation

_BESIDE_THE_CHECKOUT = Path(__file__).parents[4] / "shared" / "phone"
_PROGRAMS = Path(__file__).parent / "system_bin"
_FOLDERS = (
    "apex", "data/local/tmp", "dev", "mnt", "odm", "proc", "product", "storage/self/primary", "sys",
    "system/bin", "system/etc", "system/lib64", "vendor",
)  # fmt: skip
_LINKS = {"bin": "/system/bin", "etc": "/system/etc", "sdcard": "/storage/self/primary"}
_STATIC_SHELLS = ("/usr/lib/x86_64-linux-musl/bin/mksh", "/usr/lib/klibc/bin/mksh", "/usr/lib/diet/bin/mksh")
ABIS = {"x86_64": "x86_64", "arm64": "arm64-v8a"}

INIT = """#!/system/bin/sh
# Process 1: everything ends when the rig's end of this pipe does. A shell reaps what is left to it.
echo up
while read -r _; do :; done
"""


@dataclass(frozen=True)
class Tools:
    """The two programs that an Android shell is made of."""

    shell: Path
    applets: Path
    """toybox, or a busybox that depends on no libc."""


def missing_parts(architecture: str = "x86_64") -> str | None:
    """Why no root of that architecture can be made here, or None."""
    archive = _BESIDE_THE_CHECKOUT / f"{architecture}.tar.xz"
    if architecture != "x86_64":
        if not archive.is_file():
            return f"no {archive}: put the shared folder with the phone's trees beside the checkout"
        return arm64_emulation.missing_parts()
    if platform.machine() != "x86_64":
        return f"the phone's programs are for x86_64 and this machine is {platform.machine()}"
    if archive.is_file() or debian_tools() is not None:
        return None
    return "no static mksh and busybox on this machine: apt install mksh busybox-static"


def debian_tools() -> Tools | None:
    """mksh and busybox as Debian packages them, if they need no libc."""
    shell = next((Path(path) for path in _STATIC_SHELLS if Path(path).is_file()), None)
    for name in ("toybox", "busybox"):
        found = shutil.which(name)
        if shell is not None and found is not None and _is_static(Path(found)):
            return Tools(shell, Path(found))
    return None


def _is_static(program: Path) -> bool:
    # A program that needs a loader names it, and every Linux loader's name begins so.
    head = program.read_bytes()[:4096]
    return b"/ld-" not in head


def build_root(folder: Path, architecture: str = "x86_64", tools: Tools | None = None) -> None:
    """Make the tree. `tools` null: those beside the checkout, or else Debian's."""
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, target in _LINKS.items():
        (folder / name).symlink_to(target)
    system_bin = folder / "system/bin"
    archive = _BESIDE_THE_CHECKOUT / f"{architecture}.tar.xz"
    if tools is None and archive.is_file():
        _take_from_archive(archive, system_bin)
    else:
        _take_from_machine(tools or debian_tools(), system_bin)
    for program in _PROGRAMS.iterdir():
        _install(program.read_text(), system_bin / program.name)
    _install(INIT, folder / "init")
    (folder / "system/etc/passwd").write_text("root:x:0:0::/:/bin/sh\nshell:x:2000:2000::/:/bin/sh\n")
    (folder / "system/etc/group").write_text("root:x:0:\nshell:x:2000:\n")
    if os.geteuid() == 0:
        for name in ("data/local/tmp", "storage/self/primary"):
            os.chown(folder / name, 2000, 2000)
    (folder / "data/local/tmp").chmod(0o771)


def point_shebangs_at(folder: Path) -> None:
    """For a root that is not entered: its scripts name their interpreter by where it really is."""
    for script in [*(folder / "system/bin" / program.name for program in _PROGRAMS.iterdir()), folder / "init"]:
        text = script.read_text()
        script.write_text(text.replace("#!/system/bin/sh", f"#!{folder}/system/bin/sh", 1))


def _install(text: str, path: Path) -> None:
    path.unlink(missing_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def _take_from_archive(archive: Path, system_bin: Path) -> None:
    with tarfile.open(archive) as tar:
        for member in tar:
            folder, _, name = member.name.removeprefix("./").rpartition("/")
            if folder != "system/bin":
                continue
            if member.issym():
                (system_bin / name).symlink_to(member.linkname)
            elif name in ("sh", "toybox"):
                content = tar.extractfile(member)
                assert content is not None
                (system_bin / name).write_bytes(content.read())
                (system_bin / name).chmod(0o755)


def _take_from_machine(tools: Tools | None, system_bin: Path) -> None:
    assert tools is not None, missing_parts()
    shutil.copy(tools.shell, system_bin / "sh")
    (system_bin / "mksh").symlink_to("sh")
    name = tools.applets.name
    shutil.copy(tools.applets, system_bin / name)
    listing = [str(tools.applets), "--list"] if "busybox" in name else [str(tools.applets)]
    for applet in subprocess.run(listing, capture_output=True, text=True, check=True).stdout.split():
        # Android has neither an ash nor an awk.
        if applet not in ("sh", "ash", "awk", name) and not (system_bin / applet).exists():
            (system_bin / applet).symlink_to(name)
