"""What can stand in a device's or a run's place on the command line, for shells that complete it.

A completion is asked for at every press of a key: nothing is started, connected to or waited for.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

_RUNS: Final = Path("runs")
_MOST_RUNS: Final = 50
_OF_RUNS: Final = 20
"""The newest runs whose devices are offered again."""
_PLAIN: Final = re.compile(r"[\w@./:~%+*\[\]-]{1,200}")
"""Names that can be typed as they are: what a file or an adb server says is offered only where it is one of them."""
_ADB_PORT: Final = 5037
_PATIENCE_S: Final = 0.3


def complete(parser: argparse.ArgumentParser) -> None:
    """Where a shell asks for completions, answer and end the process; else do nothing."""
    if "_ARGCOMPLETE" not in os.environ:
        return
    import argcomplete

    for action in _actions(parser):
        if "--device" in action.option_strings:
            action.completer = devices  # type: ignore[attr-defined]
        elif action.metavar == "RUN":
            action.completer = run_folders  # type: ignore[attr-defined]
    argcomplete.autocomplete(parser)


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _actions(command)


def run_folders(prefix: str, **_: Any) -> list[str]:
    """Folders of runs, the newest first; other folders with a slash, to go on in. Without a prefix those in `runs`."""
    folder, begun = os.path.split(prefix)
    places = _folders(Path(folder or "."), begun)
    names = [str(Path(folder) / place.name) + ("" if _is_run(place) else "/") for place in places]
    if not prefix:
        names = [str(_RUNS / place.name) for place in _folders(_RUNS, "") if _is_run(place)] + names
    return names[: 4 * _MOST_RUNS]


def devices(prefix: str, **_: Any) -> list[str]:
    """`local`, phones that a running adb server lists, hosts of ~/.ssh/config, and devices of the latest runs."""
    found = ["local", "adb", "adb:*", *_phones(), *(f"ssh://{host}" for host in _ssh_hosts()), *_of_runs()]
    return [name for name in dict.fromkeys(found) if name.startswith(prefix) and _PLAIN.fullmatch(name)]


def _folders(folder: Path, begun: str) -> list[Path]:
    try:
        found = [
            each
            for each in folder.iterdir()
            if each.name.startswith(begun) and (begun or not each.name.startswith(".")) and each.is_dir()
        ]
        dated = sorted(found, key=lambda each: (-each.stat().st_mtime, each.name))
    except OSError:
        return []
    return dated


def _is_run(folder: Path) -> bool:
    return (folder / "run.json").is_file() or (folder / "comparison.json").is_file()


def _of_runs() -> Iterable[str]:
    for folder in _folders(_RUNS, "")[:_OF_RUNS]:
        try:
            listed = json.loads((folder / "run.json").read_bytes())["devices"]
            yield from (str(device["name"]) for device in listed)
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue


def _ssh_hosts() -> Iterable[str]:
    try:
        text = (Path.home() / ".ssh" / "config").read_text(encoding="utf-8", errors="replace")
    except (OSError, RuntimeError):
        return []
    hosts = re.findall(r"^[ \t]*host[ \t=]+(.+)$", text, re.IGNORECASE | re.MULTILINE)
    return [host for line in hosts for host in line.split() if not re.search(r"[*?!\"]", host)]


def _phones() -> list[str]:
    """Asked of the server that runs; none is started for it. A server at a place of its own is not asked."""
    try:
        port = int(os.environ.get("ANDROID_ADB_SERVER_PORT", _ADB_PORT))
        if os.environ.get("ADB_SERVER_SOCKET", "").startswith("tcp:"):
            port = int(os.environ["ADB_SERVER_SOCKET"].rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S) as server:
            server.sendall(b"000chost:devices")
            with server.makefile("rb") as answer:
                if answer.read(4) != b"OKAY":
                    return []
                text = answer.read(int(answer.read(4), 16)).decode("utf-8", errors="replace")
    except (OSError, ValueError, OverflowError):
        return []
    return [f"adb:{line.split(chr(9))[0]}" for line in text.splitlines() if line.endswith("\tdevice")]
