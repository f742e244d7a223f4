"""Which source a device has, from what find_energy.sh printed there; and hostile answers."""

from __future__ import annotations

import random

import pytest

from devices.posix.local import LocalDevice
from devices.power.probes import CommandToRun
from devices.power.registry import SOURCES, choose_source, find_sources
from devices.power.source import FoundSource
from devices.power.survey import parse_survey, survey_energy
from devices.readings.unavailable import NotThere
from tests.devices.power.surveys import answer, battery_files, lines, phone, phone_with_files
from tests.devices.readings.sample_files import sample


def chosen(name: str | None = None, **sections: str) -> FoundSource:
    source = choose_source(phone(**sections), name)
    assert isinstance(source, FoundSource), source
    return source


def test_sources_stand_in_order_of_trust() -> None:
    trusts = [source.trust for source in SOURCES.values()]
    assert trusts == sorted(trusts)
    assert [name for name, source in SOURCES.items() if source.reads_battery] == ["charge_counter", "battery_current"]
    assert all(SOURCES[name].name == name for name in SOURCES)


def test_rails_come_before_the_battery_and_a_declared_meter_before_both() -> None:
    rails = lines(
        {"/sys/bus/iio/devices/iio:device0/energy_value": sample("power_rails/pixel6-energy_value-device0.txt")}
    )
    both = {"power_supply": lines(battery_files()), "iio_rails": rails}
    assert chosen(**both).source == "android_rails"
    assert len(chosen(**both).channels) == 8
    assert chosen("charge_counter", **both).source == "charge_counter"
    meter = choose_source(parse_survey(answer({"sdk": "34\n"} | both), meter_declared=True))
    assert isinstance(meter, FoundSource)
    assert meter.source == "external_meter"
    unknown = choose_source(phone(**both), "batterystats")
    assert isinstance(unknown, NotThere)
    assert "there are: android_rails" in unknown.reason


def test_a_device_with_nothing_says_why_for_every_source() -> None:
    none = choose_source(parse_survey(answer({"sdk": ""})))
    assert isinstance(none, NotThere)
    for word in ("power rails", "meter", "hwmon", "pmic", "powercap", "battery"):
        assert word in none.reason


def test_commands_serve_where_files_are_closed() -> None:
    battery = sample("dumpsys_battery/honor-alt-nx1-android15.txt")
    source = chosen(battery=battery)
    assert [probe.id for probe in source.sampled] == ["battery_dumpsys"]
    assert source.sample_every_ns == 1_000_000_000
    source = chosen("battery_current", battery=battery, battery_current="-412000\n", battery_counter="2848000\n")
    commands = [probe.argv for probe in source.sampled if isinstance(probe, CommandToRun)]
    assert ("cmd", "battery", "get", "-f", "current_now") in commands
    samsung = chosen("battery_current", battery=sample("dumpsys_battery/samsung-2020-full.txt"))
    assert [probe.id for probe in samsung.sampled] == ["battery_dumpsys"]
    zero = choose_source(phone(battery=sample("dumpsys_battery/samsung-2018-zero-counter.txt")), "charge_counter")
    assert isinstance(zero, NotThere)


def test_a_supply_called_bms_and_a_mouse() -> None:
    mouse = battery_files("/sys/class/power_supply/hidpp_battery_0", scope="Device", charge_full="")
    assert isinstance(choose_source(phone(power_supply=lines(mouse))), NotThere)
    bms = battery_files("/sys/class/power_supply/bms", type="BMS", status="")
    plain = battery_files(current_now="", charge_counter="")
    source = chosen("battery_current", power_supply=lines(bms | plain))
    paths = {probe.id: getattr(probe, "path", "") for probe in source.sampled}
    assert paths["battery_current_now"] == "/sys/class/power_supply/bms/current_now"
    assert paths["battery_status"] == "/sys/class/power_supply/battery/status"
    charge_now = phone_with_files(charge_counter="", charge_now="317457")  # what a phone means by it is unknown
    assert isinstance(choose_source(charge_now, "charge_counter"), NotThere)


def test_this_machine_is_surveyed(tmp_path_factory: pytest.TempPathFactory) -> None:
    with LocalDevice(str(tmp_path_factory.mktemp("work"))) as device:
        survey = parse_survey(survey_energy(device))
    assert survey.answers["boot_id"].strip()
    assert not survey.is_android
    assert set(find_sources(survey)) == set(SOURCES)


def test_a_survey_cut_or_garbled_finds_no_more_than_the_whole() -> None:
    rails = sample("power_rails/pixel6-energy_value-device0.txt")
    text = answer(
        {
            "sdk": "34\n",
            "power_supply": lines(battery_files()),
            "battery": sample("dumpsys_battery/samsung-2020-full.txt"),
            "iio_rails": lines({"/sys/bus/iio/devices/iio:device0/energy_value": rails}),
            "pmic": sample("rpi/rpi5-pmic_read_adc-4-busy-cores.txt"),
        }
    )
    draw = random.Random(5)
    for length in range(0, len(text), 97):
        for name, found in find_sources(parse_survey(text[:length])).items():
            assert isinstance(found, (FoundSource, NotThere)), name
    for _ in range(50):
        shuffled = "".join(draw.sample(text.splitlines(keepends=True), len(text.splitlines())))
        assert find_sources(parse_survey(shuffled)).keys() == SOURCES.keys()
