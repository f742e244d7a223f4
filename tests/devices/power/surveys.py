"""Answers of find_energy.sh, as devices of several kinds would give them."""

from __future__ import annotations

from devices.power.survey import Survey, parse_survey


def answer(sections: dict[str, str]) -> str:
    """What the script prints."""
    return "".join(f"\n@@bakeoff {name}\n{text}" for name, text in sections.items())


def lines(files: dict[str, str]) -> str:
    """A section of files."""
    return "".join(f"{path}\t{line}\n" for path, text in files.items() for line in text.splitlines())


def battery_files(folder: str = "/sys/class/power_supply/battery", **more: str) -> dict[str, str]:
    values = {
        "type": "Battery", "status": "Discharging", "capacity": "71", "temp": "281", "voltage_now": "3850000",
        "current_now": "-412500", "charge_counter": "2845000", "charge_full": "4500000",
    }  # fmt: skip
    return {f"{folder}/{name}": value for name, value in (values | more).items() if value}


def phone(**sections: str) -> Survey:
    return parse_survey(answer({"sdk": "34\n"} | sections))


def phone_with_files(**more: str) -> Survey:
    return phone(power_supply=lines(battery_files(**more)))


def board(files: dict[str, str], **sections: str) -> Survey:
    return parse_survey(answer({"sdk": "", "hwmon": lines(files)} | sections))
