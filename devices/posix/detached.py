"""Programs on a device that go on without us."""

from __future__ import annotations

import re
from collections.abc import Sequence

from devices.base import ProcessHandle
from devices.errors import PermanentError
from devices.posix.shell import Shell
from devices.posix.shell_words import quote, quote_all
from devices.said_number import whole_number

_BOOT_ID = "/proc/sys/kernel/random/boot_id"

# Sets `state`, `group` and `start` of process $1 from /proc; all empty if it is not there. The name in the second
# field may hold blanks and brackets, so everything up to the last bracket is cut away.
_READ_STAT = """\
read_stat() {
  line=$(cat "/proc/$1/stat" 2>/dev/null) || line=
  state= group= start=
  [ -n "$line" ] || return 0
  set -- ${line##*) }
  state=$1 group=$3 start=${20}
}
"""


def start_detached(shell: Shell, argv: Sequence[str], *, log: str, cwd: str) -> ProcessHandle:
    """Start a program in a session of its own; stdout and stderr are appended to `log`.

    Raises `PermanentError` when the program or the directory is not there.
    """
    command = quote_all(argv)
    script = (
        _READ_STAT + shell.privately + f"cd -- {quote(cwd)} || exit 3\n"
        f"command -v {quote(argv[0])} >/dev/null 2>&1 || {{ echo program-not-found >&2; exit 4; }}\n"
        f"l={quote(log)}\n"
        ': >>"$l" || exit 3\n'
        # setsid: no signal meant for our shell reaches it. Where there is none, job control gives a group of its own.
        # An ignored HUP is inherited: nohup without needing nohup.
        "trap '' HUP\n"
        "if command -v setsid >/dev/null 2>&1; then\n"
        f'  setsid {command} >>"$l" 2>&1 </dev/null &\n'
        "else\n"
        f'  set -m 2>/dev/null; {command} >>"$l" 2>&1 </dev/null &\n'
        "fi\n"
        "p=$!\n"
        'n=0; read_stat "$p"\n'
        # Until it has left our group a signal meant for us reaches it too, and one to its own group finds none.
        'while [ "$group" != "$p" ] && [ $n -lt 100 ]; do\n'
        '  case "$state" in ""|Z|X) break;; esac\n'
        '  n=$((n + 1)); read_stat "$p"\n'
        "done\n"
        f'printf "%s %s %s\\n" "$p" "${{start:--}}" "$(cat {_BOOT_ID} 2>/dev/null)"\n'
    )
    completed = shell.complete(script, what=f"starting {argv[0]}")
    if completed.exit_code == 4:
        raise PermanentError(f"{shell.name}: there is no program {argv[0]} there")
    if completed.exit_code != 0:
        raise shell.failure(f"starting {argv[0]}", completed.exit_code, completed.stderr)
    pid, start, *boot_id = [*completed.stdout.decode(errors="replace").split(), "", ""]
    number = whole_number(pid)
    if number is None:
        raise PermanentError(
            f"{shell.name}: starting {argv[0]} gave no process id",
            "Something else answers there.",
        )
    return ProcessHandle(number, whole_number(start), boot_id[0] or None)


def is_running(shell: Shell, process: ProcessHandle) -> bool:
    """Whether that very process is alive: same id, same start time, same boot; a zombie is not."""
    script = f"{_same_process(process)}\nif same; then echo yes; else echo no; fi\n"
    return shell.check(script, what=f"looking for process {process.pid}").strip() == b"yes"


def send_signals(shell: Shell, process: ProcessHandle, names: Sequence[str]) -> None:
    """Signal the process and its group, if it still is that process before the first of them: that one may end it and
    leave others of its group to hear the next.
    """
    script = f"{_same_process(process)}\nsame || exit 0\n"
    for name in names:
        if not re.fullmatch(r"[A-Z][A-Z0-9]*", name):
            raise ValueError(f"not the name of a signal: {name!r}")
        group, single = f"kill -s {name} -- -{process.pid}", f"kill -s {name} {process.pid}"
        script += f"{group} 2>/dev/null || {single} 2>/dev/null\n"
    script += "exit 0\n"
    shell.check(script, what=f"signalling process {process.pid}")


def _same_process(process: ProcessHandle) -> str:
    """A shell function `same` that succeeds if the process is alive and the one that was started."""
    start = "" if process.start_ticks is None else str(process.start_ticks)
    return _READ_STAT + (
        "same() {\n"
        f"  b=$(cat {_BOOT_ID} 2>/dev/null)\n"
        f"  w={quote(process.boot_id or '')}\n"
        '  [ -z "$w" ] || [ -z "$b" ] || [ "$w" = "$b" ] || return 1\n'
        f"  [ -d /proc/self ] || {{ kill -s 0 {process.pid} 2>/dev/null; return; }}\n"
        f"  read_stat {process.pid}\n"
        '  case "$state" in ""|Z|X) return 1;; esac\n'
        f'  [ -z "{start}" ] || [ "$start" = "{start}" ]\n'
        "}"
    )
