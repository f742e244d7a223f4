"""What logs, terminals and build machines write around a line that a program printed, and how to take it off.

Logcat in all its formats (`-v brief, tag, process, thread, time, threadtime`, each with year, zone, uid, epoch,
monotonic, usec, nsec and colours), Android Studio old and new, pidcat, glog and absl, journals, containers, and the
stamps of build machines. Sources: liblog's `logprint.cpp`, glog's `LogMessage`, and logs that people posted.
"""

from __future__ import annotations

import re

_MOST_LAYERS = 6
"""A build machine's stamp around a container's around a logcat's, and no end in a hostile line."""

# Colours, titles and other orders to a terminal; Buildkite's stamps are one of them.
_TERMINAL = re.compile(
    r"\x1b(?:\[[0-9;:?]{0,32}[ -/]{0,4}[@-~]|[\]_P^][^\x07\x1b\n]{0,256}(?:\x07|\x1b\\)|[()][A-Z0-9])"
)

_DAY = r"(?:\d{4}-)?\d\d-\d\d"
_CLOCK = r"\d\d:\d\d:\d\d[.,]\d{3,9}"
_WHEN = rf"(?:{_DAY} {_CLOCK}(?: [+-]\d{{4}})?:?|\d{{1,12}}\.\d{{3,9}})"
_LEVELS = "VDIWEFSA"
_LEVEL = f"[{_LEVELS}]"
_INDENTATION = " \t\ufeff"
_USER = r"[A-Za-z0-9_.-]{1,32}"
_PID = r"\d{1,7}"
_TAG = r"[^:\ufe55(]{0,80}?"

_STAMP = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"

# By how a line begins, because a log may have a million of them.
_BY_MOMENT = (
    # threadtime: `03-04 10:11:12.000 [uid] 8181  8181 I tflite  : …`
    re.compile(rf"{_WHEN}(?: +{_USER})? +(?P<process>{_PID}) +{_PID} {_LEVEL} {_TAG}\s*: ?(?P<message>.*)"),
    # Android Studio until 2022: `2025-03-04 10:11:12.000 8181-8182/org.app I/tflite: …`
    re.compile(rf"{_WHEN} +(?P<process>{_PID})-{_PID}(?:/\S{{1,160}})? {_LEVEL}/{_TAG}\s*[:\ufe55] ?(?P<message>.*)"),
    # Android Studio since, of which each column can be left out: `… 8181-8182  tflite  org.app  I  …`
    re.compile(
        rf"(?:{_WHEN}|{_CLOCK}) {{1,99}}(?P<process>{_PID})(?:-{_PID})?(?: {{1,99}}\S.{{0,160}}?)? {{1,99}}{_LEVEL}"
        r"(?: {1,2}(?P<message>.*)|)"
    ),
    re.compile(rf"(?:{_WHEN}|{_CLOCK})(?: {{1,99}}\S.{{0,160}}?)? {{2,99}}{_LEVEL}(?:  (?P<message>.*)|)"),
    # TensorFlow until 2.16: `2025-03-04 10:11:12.000456: I file.cc:742] …`
    re.compile(rf"{_DAY} {_CLOCK}: {_LEVEL} [^\]\s:]{{1,200}}:\d{{1,7}}\] ?(?P<message>.*)"),
    # A moment before any of the other formats of logcat, which the next layer takes off: `-v time` and its like.
    re.compile(rf"{_WHEN} (?P<message>{_LEVEL}[/(].*)"),
    # NSLog: `2025-03-04 10:11:12.000 Benchmark[8181:12345] …`
    re.compile(rf"{_STAMP} \S{{1,80}}\[(?P<process>{_PID})(?::\w{{1,16}})?\] (?P<message>.*)"),
    # Kubernetes: `2025-03-04T10:11:12.000Z stdout F …`; GitLab: `2025-03-04T10:11:12.000Z 00O …`, `01E+…`
    re.compile(rf"{_STAMP} (?:std(?:out|err) [FP] |\d\d[OE][ +])(?P<message>.*)"),
    # Python's logging: `2025-03-04 10:11:12,000 - adb - INFO - …`
    re.compile(rf"{_STAMP} - (?:[\w.]{{1,80}} - )?[A-Z]{{4,8}} - (?P<message>.*)"),
    # GitHub, Azure, Jenkins, `docker logs -t`.
    re.compile(rf"{_STAMP}(?:: | ?\| |  ?|$)(?P<message>.*)"),
    re.compile(r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:  ?|$)(?P<message>.*)"),
)

_BY_LEVEL = (
    # brief: `I/tflite  ( 8181): …`, with a user `(u0_a12: 8181)`
    re.compile(rf"{_LEVEL}/[^(]{{0,80}}\( *(?:{_USER}: *)?(?P<process>{_PID})\): ?(?P<message>.*)"),
    # process: `I( 8181) …  (tflite)`; thread: `I( 8181: 8182) …`, which has no tag at its end
    re.compile(rf"{_LEVEL}\( *(?:{_USER}: *)?(?P<process>{_PID})\) (?P<message>.*?)  \([^()]{{1,80}}\)"),
    re.compile(rf"{_LEVEL}\( *(?:{_USER}: *)??(?P<process>{_PID})(?:: *{_PID})?\) (?P<message>.*)"),
    # tag: `I/tflite  : …`
    re.compile(rf"{_LEVEL}/{_TAG}\s*: ?(?P<message>.*)"),
    # glog: `I0304 10:11:12.000456  8181 file.cc:742] …`, with a year `I20250304 …`, absl at first `I0000 00:00:17….0`
    re.compile(
        rf"[IWEF](?:\d{{4}}|\d{{8}}) \d\d:\d\d:\d{{2,12}}\.\d{{3,9}} +(?P<process>{_PID}) "
        r"[^\]\s:]{1,200}:\d{1,7}\] ?(?P<message>.*)"
    ),
)

_BY_BRACKET = (
    # Chromium: `[8181:8182:0304/101112.000456:INFO:file.cc(742)] …`
    re.compile(
        rf"\[(?P<process>{_PID}):\d{{1,12}}:\d{{4}}/\d{{6}}(?:\.\d{{1,9}})?:[A-Z]{{4,9}}:"
        r"[^\]\s]{1,200}\(\d{1,7}\)\] ?(?P<message>.*)"
    ),
    # Jenkins: `[2025-03-04T10:11:12.000Z] …`, and a branch of its pipeline: `[arm64] …`
    re.compile(rf"\[(?:{_STAMP}|\d\d:\d\d:\d\d(?:[.,]\d{{1,9}})?)\](?: |$)(?P<message>.*)"),
    re.compile(r"\[(?P<process>[A-Za-z][\w.-]{0,60})\] (?P<message>.*)"),
)

_BY_WORD = (
    # `gh run view --log`: job, step and stamp between tabs.
    re.compile(rf"(?P<process>[^\t]{{1,200}})\t[^\t]{{0,200}}\t\ufeff?{_STAMP} ?(?P<message>.*)"),
    # A journal: `Mar 04 10:11:12 host tflite[8181]: …`, and `ts`.
    re.compile(rf"{_MONTH} [ \d]\d \d\d:\d\d:\d\d \S{{1,80}} \S{{1,80}}\[(?P<process>{_PID})\]: (?P<message>.*)"),
    re.compile(rf"{_MONTH} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{{1,9}})? (?P<message>.*)"),
    # docker compose: `bench-1  | …`
    re.compile(r"(?P<process>[\w.-]{1,80}) +\|(?: |$)(?P<message>.*)"),
    # What was quoted in a mail or in Markdown.
    re.compile(r"> ?(?P<message>.*)"),
)

# pidcat: the tag to the left of the level, or blanks where it is the last one's.
_PIDCAT = re.compile(r" {0,40}[\w.:-]{0,40} +[VDIWEF]  ?(?P<message>\S.*)")

_LONG = re.compile(rf"\[ +{_WHEN} +(?:{_USER}: *)?(?P<process>{_PID}): *{_PID} +{_LEVEL}/.{{0,80}}\]")
"""`logcat -v long` writes a heading, and the message below it."""


def without_terminal(text: str) -> str:
    """The text without a terminal's orders, such as colours; its lines stay."""
    return _TERMINAL.sub("", text) if "\x1b" in text else text


def undressed(line: str) -> tuple[str, str]:
    """Whose line it is and what was printed: process ids and names as far as the dress has them, and the message with
    the indentation that it had inside.
    """
    message = without_terminal(line)
    owners: list[str] = []
    for _ in range(_MOST_LAYERS):
        found = _layer(message.lstrip(_INDENTATION)) or _PIDCAT.fullmatch(message)
        if found is None:
            break
        owner = found.groupdict().get("process")
        if owner:
            owners.append(owner)
        message = found["message"] or ""
    return "/".join(owners), message


def heading_of_long(line: str) -> str | None:
    """The process of the message below a heading of `logcat -v long`; null where the line is none."""
    if "[ " not in line:
        return None
    found = _LONG.fullmatch(without_terminal(line).strip())
    return found["process"] if found else None


def _layer(line: str) -> re.Match[str] | None:
    begin = line[:1]
    second = line[1:2]
    kinds: tuple[re.Pattern[str], ...]
    if begin.isdecimal():
        kinds = _BY_MOMENT
    elif begin == "[":
        kinds = _BY_BRACKET
    elif begin in _LEVELS and (second in "/(" or second.isdecimal()):
        kinds = _BY_LEVEL
    else:
        kinds = _BY_WORD
    return next((found for each in kinds if (found := each.fullmatch(line))), None)
