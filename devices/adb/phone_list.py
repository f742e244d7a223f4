"""What `adb devices -l` lists, read by a pure function."""

from __future__ import annotations

import re
from dataclasses import dataclass

from devices.said_number import whole_number

STATES = (
    "device",
    "offline",
    "unauthorized",
    "authorizing",
    "connecting",
    "no permissions",
    "recovery",
    "rescue",
    "sideload",
    "bootloader",
    "host",
    "detached",
    "unknown",
    "no device",
)

_HEADER = re.compile(r"List of devices attached\s*")
# Lines of the client and the server about themselves, which some versions print inside the list.
_REMARK = re.compile(r"\* |adb server |adb: |error: |\(null\)")
# A serial may hold blanks and brackets (a wireless one that mDNS renamed), so the state is found by its name.
_LINE = re.compile(rf"(?P<serial>\S.*?)[ \t]+(?P<state>{'|'.join(STATES)})(?=[\s;(]|$)(?P<rest>.*)")
_FACT = re.compile(r"(?:^|\s)(\w+):(\S*)")


@dataclass(frozen=True)
class ListedPhone:
    """One line of the list."""

    serial: str
    state: str
    """One of `STATES`: adb's own word, without what it adds in brackets."""
    model: str | None = None
    """With underscores where the phone's own name has blanks."""
    transport_id: int | None = None

    def __str__(self) -> str:
        """Such as `R5CT30ABCDE (Pixel 8)` or `R5CT30ABCDE (offline)`."""
        says = self.state if self.state != "device" else (self.model or "").replace("_", " ")
        return f"{self.serial} ({says})" if says else self.serial


def parse_adb_devices(text: str) -> list[ListedPhone] | None:
    """The phones listed; null when there is no list in the text at all, which is then an error's (`adb_diagnosis`)."""
    lines = [line.rstrip("\r") for line in text.split("\n")]
    begin = next((index for index, line in enumerate(lines) if _HEADER.fullmatch(line)), None)
    if begin is None:
        return None
    phones = []
    for line in lines[begin + 1 :]:
        found = None if _REMARK.match(line) else _LINE.fullmatch(line.strip())
        if found is None:
            continue
        facts = dict(_FACT.findall(found["rest"]))
        transport_id = facts.get("transport_id", "")
        phones.append(
            ListedPhone(
                found["serial"],
                found["state"],
                facts.get("model") or None,
                whole_number(transport_id),
            )
        )
    return phones
