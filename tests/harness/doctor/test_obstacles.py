"""What is in the way on devices of several kinds, from what they show of themselves."""

import pytest

from devices.identity import Identity
from devices.power.survey import parse_survey
from devices.readings.unavailable import NotThere
from harness.doctor.findings import askable_gates, capacity, chosen_source, energy_sources
from harness.doctor.obstacles import busy_cores, current_temperature, find_obstacles
from tests.devices.power.surveys import answer, battery_files, lines, phone, phone_with_files

PHONE = Identity(kind="adb")
NOBODY_KNOWS = NotThere("not asked")


def kinds(survey, others=NOBODY_KNOWS, identity=PHONE):
    return [each.kind for each in find_obstacles(survey, identity, others)]


def board(governor="performance", **sections):
    clocks = {"/sys/devices/system/cpu/cpufreq/policy0/scaling_governor": governor}
    return parse_survey(answer({"sdk": "", "clocks": lines(clocks), **sections}))


def test_nothing_is_in_the_way_of_an_idle_device_on_its_battery():
    assert kinds(phone_with_files(), others=0.1) == []
    assert kinds(board(), others=0.1) == []


@pytest.mark.parametrize("status", ["Charging", "Full", "Not charging"])
def test_a_cable_is_in_the_way(status):
    (found,) = find_obstacles(phone_with_files(status=status), PHONE, NOBODY_KNOWS)
    assert found.kind == "charging"
    assert status.lower() in found.what
    assert "measure.energy.unplugged" in found.remedy


@pytest.mark.parametrize("of_files", [{}, {"power_supply": lines(battery_files())}], ids=["no files", "readable files"])
def test_a_battery_emulation_left_on_is_named_also_where_the_kernel_s_files_tell_the_truth(of_files):
    said = "Current Battery Service state:\n  (UPDATES STOPPED -- use 'reset' to restart)\n  USB powered: false\n"
    (found,) = find_obstacles(phone(battery=said, **of_files), PHONE, NOBODY_KNOWS)
    assert found.kind == "battery values"
    assert "dumpsys battery reset" in found.remedy


@pytest.mark.parametrize(("governor", "is_named"), [("powersave", True), ("ondemand", True), ("performance", False)])
def test_a_governor_that_moves_the_clock_is_named(governor, is_named):
    found = find_obstacles(board(governor), PHONE, NOBODY_KNOWS)
    assert [governor in each.what for each in found] == ([True] if is_named else [])


def test_a_phone_is_not_told_to_use_root():
    clocks = lines({"/sys/devices/system/cpu/cpufreq/policy0/scaling_governor": "powersave"})
    (found,) = find_obstacles(phone(clocks=clocks), PHONE, NOBODY_KNOWS)
    assert "sudo" not in found.remedy


@pytest.mark.parametrize(("cores", "expected"), [(0.4, []), (0.8, ["load of others"]), (3.0, ["load of others"])])
def test_load_of_others(cores, expected):
    assert kinds(board(), others=cores) == expected


def test_a_low_battery_a_hot_one_and_a_dark_screen():
    text = lines(battery_files(capacity="12", temp="470"))
    survey = phone(power_supply=text, power="  mWakefulness=Asleep\n")
    assert kinds(survey) == ["temperature", "battery low", "screen off"]
    assert current_temperature(survey) == (pytest.approx(47.0), "body", "battery")


def test_a_processor_may_be_warmer_than_a_skin():
    def zones(kind, temp):
        folder = "/sys/class/thermal/thermal_zone0"
        return phone(thermal_zones=lines({f"{folder}/type": kind, f"{folder}/temp": temp}))

    assert kinds(zones("cpu-thermal", "60000")) == []
    assert kinds(zones("cpu-thermal", "81000")) == ["temperature"]
    assert kinds(zones("skin", "60000")) == ["temperature"]


def test_a_thermal_status_has_its_name():
    (found,) = find_obstacles(phone(thermalservice="Thermal Status: 2\nHAL Ready: true\n"), PHONE, NOBODY_KNOWS)
    assert "2 (moderate)" in found.what


@pytest.mark.parametrize(
    ("bits", "kind"), [("0x1", "power supply"), ("0x50000", "power supply"), ("0x4", "temperature")]
)
def test_what_a_raspberry_pi_s_firmware_did(bits, kind):
    assert kinds(board(throttled=f"throttled={bits}\n")) == [kind]
    assert kinds(board(throttled="throttled=0x0\n")) == []


def test_a_virtual_machine_is_named():
    assert kinds(board(), identity=Identity(kind="local", is_virtual=True)) == ["virtual"]


def test_cores_kept_busy_between_two_looks():
    def look(busy, idle):
        row = f"{busy} 0 0 {idle} 0 0 0 0 0 0"
        return f"cpu  {row}\ncpu0 {row}\ncpu1 {row}\n"

    assert busy_cores(look(100, 100), look(150, 250)) == pytest.approx(0.5)
    assert isinstance(busy_cores(look(100, 100), look(100, 100)), NotThere)
    assert isinstance(busy_cores("", "Permission denied"), NotThere)


def test_sources_are_in_order_and_each_has_a_reason():
    found = energy_sources(phone_with_files())
    assert [each.name for each in found] == [
        "android_rails", "external_meter", "board_sensors", "pi_pmic", "rapl", "charge_counter", "battery_current",
    ]  # fmt: skip
    assert [each.name for each in found if each.usable] == ["charge_counter", "battery_current"]
    assert all(each.how for each in found)
    assert chosen_source(phone_with_files()) == "charge_counter"


def test_on_a_cable_no_battery_is_a_source():
    survey = phone_with_files(status="Charging")
    assert not any(each.usable for each in energy_sources(survey))
    assert "a cable feeds it" in {each.name: each.how for each in energy_sources(survey)}["charge_counter"]
    assert chosen_source(survey) is None


def test_a_battery_s_capacity_and_a_board_s_lack_of_one():
    assert capacity(phone_with_files()).value == pytest.approx(4500 * 3.85)
    assert capacity(board()).kind == "unavailable"


def test_gates_say_where_they_look_or_why_they_cannot():
    found = {each.what: each for each in askable_gates(phone_with_files())}
    assert found["temperature"].how == "/sys/class/power_supply/battery/temp"
    assert found["whether the battery is charged"].possible
    assert not found["Android's thermal status"].possible
    assert "Android 10" in found["Android's thermal status"].how
    assert found["load of others"].possible


@pytest.mark.parametrize("text", ["", "\n@@bakeoff battery\n", "\x00\xff", answer({"sdk": "nonsense", "power": "x"})])
def test_a_device_that_says_nothing_has_nothing_in_the_way(text):
    assert kinds(parse_survey(text)) == []
    assert chosen_source(parse_survey(text)) is None
