"""Leaving a device as it was found.

What is changed on a device is written down there before it is changed, in a list below the work directory, and undone
from that list: at the end, or at the next connection after a crash.
"""

from __future__ import annotations

from devices.adb_scripts import read_script
from devices.errors import CommandFailedError
from devices.posix.command_lines import pattern_of
from devices.posix.shell import Shell
from devices.posix.shell_words import quote
from devices.said_number import whole_number

LIST_NAME = "changed"


def change_list(workdir: str) -> str:
    """The path of the list on the device."""
    return f"{workdir}/{LIST_NAME}"


def restore(shell: Shell, workdir: str) -> int:
    """Undo every change on the list; returns how many there were. Raises `CommandFailedError` for what stays."""
    script = f"set -- {quote(change_list(workdir))}\n" + read_script("restore.sh")
    completed = shell.complete(script, what="undoing changes on the device")
    said = completed.stdout.decode(errors="replace").split()
    if completed.exit_code != 0 or len(said) != 2 or (count := whole_number(said[1])) is None:
        problem = shell.failure("undoing changes on the device", completed.exit_code, completed.stderr)
        raise CommandFailedError(problem.what, f"What is left to undo there: cat {change_list(workdir)}")
    return count


def restore_after_crash(shell: Shell, workdir: str) -> int:
    """As `restore`, unless a run of ours is at work there: what was changed for it is then still wanted."""
    script = (
        f"[ -s {quote(change_list(workdir))} ] || exit 0\n"
        f"w={quote(pattern_of(workdir))}\n"
        # grep finds itself too; but once it has answered, it is gone.
        'for p in $(grep -l -- "$w/runs/" /proc/[0-9]*/cmdline 2>/dev/null); do [ -e "$p" ] && exit 0; done\n'
        "echo idle\n"
    )
    answer = shell.check(script, what="looking for changes left on the device")
    return restore(shell, workdir) if answer.strip() == b"idle" else 0
