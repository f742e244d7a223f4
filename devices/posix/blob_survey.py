"""What is in a device's directory of blobs: which have the content that their names promise, which are there in part,
and how much space is left.

A blob counts as there once the device has computed its hash and found it right. To do so for every blob before every
run would read gigabytes again; so what was verified is written down, beside the directory, as a line of the file's
name, size, inode, and times of last change of content (mtime) and of content or anything about it (ctime), in
nanoseconds. While all of these are the same, nobody has written to the file since: a write moves ctime, and no call
sets ctime back. Nothing in the line depends on the boot. A line that is torn, or lies, or is about another file differs
from what the device says now, and the blob is hashed again; so is every blob where `stat -c` is lacking or tells no
nanoseconds.

What this does not see: storage that forgets by itself (bit rot), somebody who writes to the disk below the file system
or sets the clock back to do so, and a change within the same tick of the clock (some ms) as the verification.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from devices.posix.shell import Shell
from devices.posix.shell_words import quote
from devices.said_number import whole_number

_STAT = "stat -c '%n %s %i %y %z'"
STAMP = f"TZ=UTC0 xargs {_STAT} 2>/dev/null"
"""Reads names, prints the line of each. The same words from coreutils, busybox and toybox."""
STAMP_ONE = f"TZ=UTC0 {_STAT}"
"""Given one name, prints its line."""

_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.%s \+0000"
# A file system that keeps whole seconds says nine zeros: a change within the second would go unseen.
_LINE = re.compile(rf"([0-9a-f]{{64}}) \d+ \d+ {_TIME % r'[0-9]{9}'} {_TIME % r'(?!0{9})[0-9]{9}'}")
_PART = re.compile(r"(\.in-([0-9a-f]{12})-([0-9a-f]{64})) ([0-9]{1,18}) ([0-9]{1,18})")
# Some 7000 verified blobs. After that it is begun anew.
_STAMPS_BYTES = 1 << 20
_IDLE_S = 30


@dataclass(frozen=True)
class Part:
    """The beginning of a blob that is there under a temporary name."""

    name: str
    bytes: int


@dataclass(frozen=True)
class BlobSurvey:
    """What was found in the directory of blobs."""

    present: frozenset[str]
    parts: dict[str, Part]
    """By SHA-256: the longest that nobody else may be writing."""
    free_bytes: int | None


def stamps_path(directory: str) -> str:
    """Where it is written down which blobs of the directory were verified."""
    return f"{directory}.verified"


def part_name(program: str, sha256: str) -> str:
    """The temporary name of a large blob while a program (twelve hex digits) sends it."""
    return f".in-{program}-{sha256}"


def survey_blobs(shell: Shell, directory: str, hash_command: str, sha256s: Sequence[str], program: str) -> BlobSurvey:
    """Which of the blobs are there with the hash they should have, computed there, and how much space is left.

    `program` is this one's name: its own unfinished parts are offered, and those of others which nobody has written to
    for half a minute. `hash_command` prints `<sha256>  <name>` for each file named to it.
    """
    stamps = quote(stamps_path(directory))
    script = (
        f"cd -- {quote(directory)} || exit 3\n"
        f"s={stamps}\n"
        f'[ -f "$s" ] && [ "$(wc -c <"$s")" -gt {_STAMPS_BYTES} ] && rm -f -- "$s"\n'
        # By echo, which a shell has in itself: names of blobs are hex.
        'n=$(while read -r h; do [ -f "$h" ] && echo "$h"; done)\n'
        'echo "$n"\n'
        "echo now\n"
        f'[ -n "$n" ] && echo "$n" | {STAMP}\n'
        "echo then\n"
        'cat -- "$s" 2>/dev/null\n'
        "echo parts\n"
        "set -- .in-*-*\n"
        '[ -e "$1" ] && stat -c \'%n %s %Y\' "$@" 2>/dev/null && date +%s\n'
        "echo space\n"
        "df -Pk . 2>/dev/null\n"
        "exit 0\n"
    )
    asked = "".join(f"{sha256}\n" for sha256 in sha256s).encode()
    answer = b"".join(shell.transfer(script, what="checking which files are there", feed=[asked] if asked else None))
    names, now, then, parts, space = _sections(answer.decode(errors="replace"), "now", "then", "parts", "space")
    lines = {line.partition(" ")[0]: line for line in now if _LINE.fullmatch(line)}
    verified = set(then)
    there = frozenset(names) & frozenset(sha256s)
    present = frozenset(name for name in there if lines.get(name) in verified)
    doubtful = sorted(there - present)
    if doubtful:
        present |= _hashed(shell, directory, hash_command, [lines.get(name, name) for name in doubtful])
    return BlobSurvey(present, _usable_parts(parts, program), parse_free_bytes("\n".join(space)))


def _sections(text: str, *heads: str) -> list[list[str]]:
    sections: list[list[str]] = [[]]
    left = list(heads)
    for line in text.splitlines():
        if left and line == left[0]:
            del left[0]
            sections.append([])
        else:
            sections[-1].append(line)
    return sections + [[] for _ in left]


def _hashed(shell: Shell, directory: str, hash_command: str, lines: Sequence[str]) -> frozenset[str]:
    """The names, of blobs that are there, whose content has that hash; written down as verified if they come with their
    whole line. That was read before the hash is computed: what is changed meanwhile will differ from it.
    """
    script = (
        f"cd -- {quote(directory)} || exit 3\n"
        "l=$(cat)\n"
        'g=$(printf "%s\\n" "$l" | while read -r h _; do printf "%s\\n" "$h"; done'
        f" | xargs {hash_command} 2>/dev/null"
        ' | while read -r h n; do [ "$h" = "${n#\\*}" ] && printf " %s" "$h"; done)\n'
        'printf "%s\\n" "$l" | while read -r h r; do\n'
        '  case "$g " in *" $h "*) [ -z "$r" ] || printf "%s %s\\n" "$h" "$r" ;; esac\n'
        f"done 2>/dev/null >>{quote(stamps_path(directory))}\n"
        'printf "%s\\n" "$g"\n'
        "exit 0\n"
    )
    asked = "".join(f"{line}\n" for line in lines).encode()
    answer = b"".join(shell.transfer(script, what="hashing what is there", feed=[asked]))
    return frozenset(answer.decode(errors="replace").split()) & {line.partition(" ")[0] for line in lines}


def _usable_parts(lines: Sequence[str], program: str) -> dict[str, Part]:
    """`lines` are name, bytes and time of last change of each, and the time now as the last."""
    parts: dict[str, Part] = {}
    for line in lines[:-1]:
        found = _PART.fullmatch(line)
        now = whole_number(lines[-1])
        if found is None or now is None:
            continue
        part = Part(found[1], int(found[4]))
        idle_s = now - int(found[5])
        if found[2] != program and idle_s < _IDLE_S:
            continue
        best = parts.get(found[3])
        if best is None or part.bytes > best.bytes:
            parts[found[3]] = part
    return parts


def parse_free_bytes(df: str) -> int | None:
    """Available bytes from the output of `df -Pk PATH`; null where there is no such line.

    Busybox breaks no lines with -P, and a file system's name may contain spaces: so the numbers are found by their
    neighbour, the percentage.
    """
    found = re.search(r"\s[0-9]+\s+[0-9]+\s+(-?[0-9]{1,15})\s+(?:[0-9]+%|-)\s", df)
    return max(0, int(found.group(1))) * 1024 if found else None
