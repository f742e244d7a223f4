"""What the stand-in phone says of itself, and how its battery and temperatures follow what it does."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.rig.phone import Faults
from tests.rig.phone.battery_model import BatteryModel
from tests.rig.phone.thermal_model import SKIN, ThermalModel
from tests.rig.phone_on_a_desk import PhoneOnADesk, wait_for

MakePhone = Callable[..., PhoneOnADesk]
SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "samples"

LOAD = "head -c 150000000 /dev/zero | sha256sum"
"""Always the same work; how long it keeps a core busy is asked, never assumed."""


def charge_uah(desk: PhoneOnADesk) -> int:
    desk.phone.update()
    return int(desk.shell("cat /sys/class/power_supply/battery/charge_counter").text)


def hottest_milli_celsius(desk: PhoneOnADesk) -> int:
    desk.phone.update()
    return max(int(text) for text in desk.shell("cat /sys/class/thermal/thermal_zone*/temp").text.split())


pytestmark = pytest.mark.skipif(
    os.geteuid() != 0, reason="a phone that is a plain directory has no /sys of its own: run the tests as root"
)

# the battery


def test_the_battery_drains_by_the_processor_time_that_was_spent(own_phone: MakePhone) -> None:
    desk = own_phone()
    before_s, before_uah = desk.phone.cpu_s, charge_uah(desk)
    desk.shell(LOAD)
    used_s, drained_uah = desk.phone.cpu_s - before_s, before_uah - charge_uah(desk)
    assert used_s > 0
    # mW × s / V / 3600 = µAh × 1000 … asking for the charge costs a little processor time itself.
    expected_uah = desk.phone.battery.core_power_mw * used_s / (desk.phone.battery.voltage_uv / 1e6) / 3.6
    assert drained_uah == pytest.approx(expected_uah, rel=0.2)


def test_processor_time_of_detached_and_ended_processes_counts_and_counts_once(own_phone: MakePhone) -> None:
    desk = own_phone()
    before_s = desk.phone.cpu_s
    desk.shell(f"setsid sh -c '{LOAD}' >/data/local/tmp/log 2>&1 </dev/null &")
    log = desk.phone.data_folder / "log"
    wait_for(lambda: bool(log.read_bytes()), "the load is over")
    after_load_s = desk.phone.cpu_s - before_s
    assert after_load_s > 0
    for _ in range(3):
        desk.phone.update()
    assert desk.phone.cpu_s - before_s < 1.9 * after_load_s  # what waits for its end has used little itself


def test_an_idle_phone_neither_drains_nor_warms_up(own_phone: MakePhone) -> None:
    desk = own_phone()
    desk.phone.battery.charge_uah = 2_000_000.0
    desk.phone.battery.core_power_mw = 0.0  # to look is a load, and a busy machine makes it a larger one
    before, warm = desk.phone.battery.charge_uah, max(zone.celsius for zone in desk.phone.thermal.zones)
    desk.shell("sleep 1.5")
    desk.phone.update()
    assert desk.phone.battery.charge_uah == before
    assert max(zone.celsius for zone in desk.phone.thermal.zones) < warm + 2
    desk.phone.battery.idle_power_mw = 10_000.0
    idle_began = desk.phone.battery.drained_uj
    desk.shell("sleep 0.5")
    desk.phone.update()
    assert desk.phone.battery.drained_uj > idle_began + 1_000_000


def test_load_heats_the_zones_and_rest_cools_them(own_phone: MakePhone) -> None:
    desk = own_phone()
    # It cools so slowly that it is still hot when it is looked at late, and the load is one that heats it all the same.
    desk.phone.battery.core_power_mw *= 50
    for zone in desk.phone.thermal.zones:
        zone.time_constant_s *= 5
    cold = hottest_milli_celsius(desk)
    desk.shell(LOAD)
    hot = hottest_milli_celsius(desk)
    assert hot > cold + 3_000
    desk.phone.battery.core_power_mw = 0.0  # to look is no load
    for zone in desk.phone.thermal.zones:
        zone.time_constant_s /= 100
    desk.shell("sleep 1")
    assert hottest_milli_celsius(desk) < hot - 1_000


def test_discharge_is_charge_times_voltage_and_the_level_follows() -> None:
    battery = BatteryModel(full_charge_uah=1_000_000, charge_uah=1_000_000, voltage_uv=4_000_000, core_power_mw=4_000)
    battery.step(elapsed_s=3600, cpu_s=900)
    # 4 W × 900 s = 3600 J; / 4 V = 900 C = 0.25 Ah
    assert battery.charge_uah == pytest.approx(750_000)
    assert battery.level_percent == 75
    assert battery.current_ua == pytest.approx(250_000)
    assert battery.sysfs_files(31.4)["power_supply/battery/current_now"] == "-250000"
    assert battery.sysfs_files(31.4)["power_supply/battery/temp"] == "314"


def test_vendors_sign_and_scale_of_the_current_can_be_had() -> None:
    battery = BatteryModel(voltage_uv=4_000_000, current_sign_when_discharging=1, current_units_per_ua=0.001)
    battery.step(elapsed_s=10, cpu_s=10)
    assert battery.sysfs_files(25)["power_supply/battery/current_now"] == "500"  # 2 W / 4 V in mA
    battery.plugged = "usb"
    battery.step(elapsed_s=10, cpu_s=10)
    assert battery.sysfs_files(25)["power_supply/battery/current_now"] == "-1250"


def test_a_charging_battery_fills_and_says_so(own_phone: MakePhone) -> None:
    desk = own_phone()
    desk.phone.battery.plugged = "usb"
    desk.phone.battery.level_percent = 50
    desk.phone.battery.step(elapsed_s=60, cpu_s=0)
    desk.phone.update()
    said = desk.shell("dumpsys battery").text
    assert "USB powered: true" in said
    assert "status: 2" in said
    desk.phone.battery.level_percent = 100
    desk.phone.update()
    assert "status: 5" in desk.shell("dumpsys battery").text


def test_a_zone_settles_at_power_times_resistance() -> None:
    thermal = ThermalModel(ambient_celsius=20)
    thermal.step(elapsed_s=10_000, power_mw=5_000)
    assert thermal.zone(SKIN).celsius == pytest.approx(20 + 5 * thermal.zone(SKIN).celsius_per_w)
    assert thermal.status == 1
    thermal.zone(SKIN).celsius = 46.6
    assert thermal.status == 4
    thermal.forced_status = 2
    assert thermal.status == 2


# what dumpsys and the others say


def test_thermal_status_and_temperatures_are_those_of_the_model(own_phone: MakePhone) -> None:
    desk = own_phone()
    desk.phone.thermal.zone(SKIN).celsius = 43.2
    desk.phone.thermal.zone(SKIN).time_constant_s = 1e9
    desk.phone.update()
    said = desk.shell("dumpsys thermalservice").text
    assert "Thermal Status: 2" in said
    current = said.partition("Current temperatures from HAL:")[2]
    assert "mValue=43.200, mType=3, mName=VIRTUAL-SKIN, mStatus=2" in current
    assert desk.shell("cmd thermalservice override-status 5; dumpsys thermalservice").text.startswith(
        "IsStatusOverride: true"
    )
    desk.shell("cmd thermalservice reset")
    assert "IsStatusOverride: false" in desk.shell("dumpsys thermalservice").text


def test_battery_emulation_changes_what_android_believes_and_not_the_battery(own_phone: MakePhone) -> None:
    desk = own_phone()
    desk.phone.battery.plugged = "usb"
    desk.phone.update()
    desk.shell("dumpsys battery unplug; dumpsys battery set level 7; dumpsys battery set status 3")
    said = desk.shell("dumpsys battery").text
    assert "UPDATES STOPPED" in said
    assert "USB powered: false" in said
    assert "level: 7" in said
    assert "status: 3" in said
    assert desk.shell("cat /sys/class/power_supply/battery/status").text == "Charging"
    desk.shell("dumpsys battery reset")
    said = desk.shell("dumpsys battery").text
    assert "UPDATES STOPPED" not in said
    assert "USB powered: true" in said


def test_settings_are_kept_and_can_be_compared(own_phone: MakePhone) -> None:
    desk = own_phone()
    before = desk.phone.state.settings()
    assert desk.shell("settings get system screen_off_timeout; settings get secure nothing").text == "60000\nnull"
    desk.shell("settings put system screen_off_timeout 1800000; svc power stayon usb; settings put global a/b 'x y'")
    assert desk.shell("settings get global stay_on_while_plugged_in; settings get global a/b").text == "2\nx y"
    assert desk.phone.state.settings() != before
    desk.shell("settings put system screen_off_timeout 60000; svc power stayon false; settings delete global a/b")
    assert desk.phone.state.settings() == before


def test_keys_wake_the_screen_and_put_it_to_sleep(own_phone: MakePhone) -> None:
    desk = own_phone()
    assert "mWakefulness=Awake" in desk.shell("dumpsys power").text
    assert "mWakefulness=Asleep" in desk.shell("input keyevent KEYCODE_SLEEP; dumpsys power").text
    assert "mWakefulness=Awake" in desk.shell("input keyevent 224; dumpsys power").text


def test_properties_are_listed_as_android_lists_them(own_phone: MakePhone) -> None:
    desk = own_phone(serial="R5CT30ABCDE", model="Odd [name]", sdk=29)
    lines = desk.shell("getprop").text.splitlines()
    assert "[ro.product.model]: [Odd [name]]" in lines
    assert "[ro.product.cpu.abilist32]: []" in lines
    names = [line[1 : line.index("]")] for line in lines]
    assert names == sorted(names)
    assert desk.shell("getprop ro.build.version.sdk; getprop ro.build.version.release").text == "29\n10"
    desk.phone.state.set_property("ro.soc.model", "SM8550")
    assert desk.shell("getprop ro.soc.model").text == "SM8550"
    assert desk.shell("setprop ro.soc.model other").exit_code == 1
    assert desk.shell("setprop debug.x 'a=b c'; getprop debug.x").text == "a=b c"


def test_a_real_phones_answer_can_be_put_in_the_place_of_ours(own_phone: MakePhone) -> None:
    sample = SAMPLES / "dumpsys_battery/samsung-a10s-current-in-uA.txt"
    if not sample.is_file():
        pytest.skip(f"no {sample}: put the shared folder beside the checkout")
    desk = own_phone()
    desk.phone.state.answer(["dumpsys", "battery"], sample.read_bytes())
    desk.phone.state.answer(["dumpsys", "android.hardware.power.stats.IPowerStats/default"], b"rails\n")
    assert desk.shell("dumpsys battery").stdout == sample.read_bytes()
    assert desk.shell("dumpsys android.hardware.power.stats.IPowerStats/default").text == "rails"


def test_files_of_sysfs_can_be_pinned_and_be_missing(own_phone: MakePhone) -> None:
    desk = own_phone()
    desk.phone.state.pin("power_supply/battery/current_now", "976")
    desk.phone.state.pin("power_supply/bms/charge_counter", "123")
    desk.phone.state.remove_sysfs("power_supply/battery/charge_counter")
    desk.phone.state.remove_sysfs("thermal/thermal_zone0")
    desk.phone.battery.level_percent = 11
    desk.phone.update()
    read = desk.shell("cd /sys/class; cat power_supply/*/current_now power_supply/bms/charge_counter; ls thermal")
    assert read.text.split()[:3] == ["976", "123", "thermal_zone1"]
    assert desk.shell("cat /sys/class/power_supply/battery/capacity").text == "11"
    assert desk.shell("cat /sys/class/power_supply/battery/charge_counter").exit_code == 1


def test_cores_come_in_clusters(own_phone: MakePhone) -> None:
    desk = own_phone(cores=8)
    said = desk.shell("grep . /sys/devices/system/cpu/cpufreq/policy*/cpuinfo_max_freq").text
    assert said.splitlines() == [
        "/sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq:1704000",
        "/sys/devices/system/cpu/cpufreq/policy4/cpuinfo_max_freq:2914000",
    ]
    assert desk.shell("cat /sys/devices/system/cpu/online").text == "0-7"


def test_a_phone_leaves_nothing_behind(own_phone: MakePhone) -> None:
    desk = own_phone(faults=Faults())
    desk.shell("setsid nohup sleep 5555 >/dev/null 2>&1 </dev/null &")
    folder = desk.phone.folder
    assert folder.is_dir()
    desk.phone.switch_off()
    assert not folder.exists()
    wait_for(lambda: not _runs_on_this_machine("sleep\x005555\x00"), "what ran on the phone is gone")
    assert not any(str(folder) in line for line in Path("/proc/self/mounts").read_text().splitlines())


def _runs_on_this_machine(command_line: str) -> bool:
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cmdline").read_text(errors="replace") == command_line:
                return True
        except OSError:
            continue
    return False
