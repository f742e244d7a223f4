"""Following a growing file over one long-lived connection."""

from __future__ import annotations

from collections.abc import Generator

from devices.errors import CommandFailedError, TransientError
from devices.posix.shell import Shell
from devices.posix.shell_words import quote

_SHORTER = 7


def follow_file(shell: Shell, path: str, offset: int, *, idle_s: float) -> Generator[bytes, None, None]:
    """Yield what a file has from byte `offset` on, as it comes, and b"" whenever nothing came for `idle_s`.

    A file that is not there yet is waited for. Raises `CommandFailedError` when the file is shorter than `offset`, and
    `TransientError` when the connection is lost.

    On the device this is `tail -f`, which where it can sleeps on inotify. tail would not notice that its reader is gone
    until the file grows; so the script's standard input is held open, and at its end, however that came, tail is
    killed.
    """
    if offset < 0:
        raise ValueError(f"a negative offset: {offset}")
    script = (
        f"f={quote(path)}\n"
        "{\n"
        '  while [ ! -f "$f" ]; do sleep 0.25 2>/dev/null || sleep 1; done\n'
        f'  [ "$(wc -c <"$f")" -ge {offset} ] || exit {_SHORTER}\n'
        f'  exec tail -c +{offset + 1} -f -- "$f"\n'
        "} &\n"
        "t=$!\n"
        # The watcher reads our standard input on descriptor 3: a shell gives what it puts behind itself /dev/null.
        "exec 3<&0\n"
        '{ cat <&3 >/dev/null; kill -s TERM "$t" 2>/dev/null; } &\n'
        "w=$!\n"
        'wait "$t"\n'
        "r=$?\n"
        # Reached only if tail ended by itself, or was killed: in both cases the watcher is not needed.
        'kill -s TERM "$w" 2>/dev/null\n'
        'exit "$r"\n'
    )
    with shell.session(script, hold_stdin=True) as session:
        yield from session.stream(idle_s=idle_s)
        if session.exit_code == _SHORTER:
            raise CommandFailedError(
                f"{shell.name}: {path} is shorter there than the {offset} bytes already read",
                "The device lost what it had written, as after a power cut. Start a new run.",
            )
        said = session.stderr.decode(errors="replace").strip()
        raise TransientError(f"{shell.name}: following {path} ended: {said or f'exit code {session.exit_code}'}")
