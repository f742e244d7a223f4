"""What a device can tell of its energy, battery, heat and clocks: one script, and its answer taken apart."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from devices.adb_scripts import read_script
from devices.base import DeviceCommands
from devices.said_number import whole_number

FIND_SCRIPT: Final = "find_energy.sh"
_TIMEOUT_S: Final = 90.0


@dataclass(frozen=True)
class Survey:
    """What was there and answered. Kept as text with a run, it is all that the sources need to be found again."""

    files: dict[str, str] = field(default_factory=dict)
    """Path → content, each line ending in a newline."""
    answers: dict[str, str] = field(default_factory=dict)
    """Section of the script → what a command printed; empty ones are left out."""
    meter_declared: bool = False
    """An external meter writes a file: the experiment says so, the device cannot know."""

    @property
    def is_android(self) -> bool:
        """Whether it has Android's properties."""
        return whole_number(self.answers.get("sdk", "")) is not None

    def folders(self, pattern: str) -> dict[str, dict[str, str]]:
        """Folder → file name → content, of the folders that match the whole pattern, in the order of the script."""
        found: dict[str, dict[str, str]] = {}
        for path, text in self.files.items():
            folder, _, name = path.rpartition("/")
            if re.fullmatch(pattern, folder):
                found.setdefault(folder, {})[name] = text
        return found


def survey_energy(device: DeviceCommands) -> str:
    """Run the script on the device; returns its answer, for `parse_survey` and to be kept. Takes a second or two.

    Raises `devices.errors` where the device does not answer.
    """
    done = device.run(["sh", "-c", read_script(FIND_SCRIPT)], timeout_s=_TIMEOUT_S)
    return done.stdout.decode("utf-8", "replace")


def parse_survey(text: str, *, meter_declared: bool = False) -> Survey:
    """What `find_energy.sh` printed. Lines that are none of its own are left out."""
    files: dict[str, str] = {}
    answers: dict[str, str] = {}
    for part in text.replace("\r\n", "\n").split("\n@@bakeoff ")[1:]:
        name, _, body = part.partition("\n")
        rows = [re.fullmatch(r"(/(?:sys|proc)/[^\t]*)\t(.*)", line) for line in body.splitlines()]
        for row in rows:
            if row:
                files[row[1]] = files.get(row[1], "") + row[2] + "\n"
        if body.strip() and not any(rows):
            # The script's own newline before the next heading was cut off by the split; a command's last may be there.
            answers[name] = body if body.endswith("\n") else body + "\n"
    return Survey(files, answers, meter_declared)
