"""A phone's state: read, and kept awake."""

from __future__ import annotations

from devices.adb_scripts import read_script
from devices.posix.changes import change_list
from devices.posix.shell import Shell
from devices.posix.shell_words import quote

# While Android boots, sys.boot_completed is empty or 0. A board that only speaks adb has no such property either: what
# tells them apart is that init says what became of Android's own services.
_BOOT_SCRIPT = """command -v getprop >/dev/null 2>&1 || exit 0
said=$(getprop sys.boot_completed)
[ -n "$said" ] || [ -z "$(getprop init.svc.zygote)$(getprop init.svc.bootanim)" ] || said=0
printf '%s\\n' "$said"
"""


def is_booting(shell: Shell) -> bool:
    """Whether Android is there and not up yet."""
    said = shell.check(_BOOT_SCRIPT, what="asking whether the phone has booted").decode(errors="replace").strip()
    return said not in ("", "1")


def keep_awake(shell: Shell, workdir: str, *, unplugged: bool = False) -> None:
    """Keep the phone awake while it is plugged in, screen on and dark; `unplugged`: and while it is not."""
    words = quote(change_list(workdir)) + (" unplugged" if unplugged else "")
    shell.check(f"set -- {words}\n" + read_script("keep_awake.sh"), what="keeping the phone awake")


def read_state(shell: Shell) -> dict[str, str]:
    """Section → text of adb_scripts/read_state.sh: battery, thermal state, clocks, screen, settings, load.

    A section that the phone does not give is empty.
    """
    answer = shell.check(read_script("read_state.sh"), what="reading the phone's state").decode(errors="replace")
    sections: dict[str, str] = {}
    for part in answer.split("\n@@bakeoff ")[1:]:
        name, _, body = part.partition("\n")
        sections[name] = body.strip("\n")
    return sections
