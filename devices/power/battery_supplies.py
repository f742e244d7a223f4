"""The power supplies of sysfs that are a battery of the device itself."""

from __future__ import annotations

from devices.power.survey import Survey
from devices.readings.absent_battery import absent_battery


def battery_supplies(survey: Survey, *, gauges: bool = False) -> dict[str, dict[str, str]]:
    """Folder → file name → content: `battery` and `BAT*` before others, with `gauges` also Qualcomm's `bms`. Batteries
    of mice and pens (scope Device) are none, and neither is one that is not there.
    """
    kinds, names = (("Battery", "BMS"), ("/battery", "/bms")) if gauges else (("Battery",), ("/battery",))
    found = {
        folder: files
        for folder, files in survey.folders(r"/sys/class/power_supply/[^/]+").items()
        if files.get("scope", "").strip() != "Device"
        and (files.get("type", "").strip() in kinds or folder.endswith(names))
        and not _is_absent(files)
    }
    ordered = sorted(found, key=lambda folder: (not folder.rpartition("/")[2].lower().startswith("bat"), folder))
    return {folder: found[folder] for folder in ordered}


def _is_absent(files: dict[str, str]) -> bool:
    said = absent_battery(
        present=files.get("present"),
        level=files.get("capacity"),
        voltage=files.get("voltage_now"),
        temperature=files.get("temp"),
    )
    return said is not None
