"""The scripts that read: every section whatever is missing, nothing on stderr, nothing changed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from devices.adb.identity import parse_android_identity
from devices.power.battery_capacity import BatteryCapacity, battery_capacity
from devices.power.probes import FileToRead
from devices.power.registry import choose_source
from devices.power.source import FoundSource
from devices.power.survey import parse_survey
from harness.experiment.declaration import GateBounds
from harness.runs.planning.device_gates import device_gates
from tests.adb_scripts.conftest import ScriptHost

SCRIPTS = sorted((Path(__file__).parents[2] / "adb_scripts").glob("*.sh"))
DESCRIBED = [
    "properties",
    "cpuinfo",
    "online",
    "cpufreq",
    "core_cpufreq",
    "meminfo",
    "os_release",
    "device_tree_model",
    "machine",
    "kernel",
    "loaders",
    "boot_id",
]
ENERGY = [
    "sdk",
    "boot_id",
    "power_supply",
    "battery",
    "battery_counter",
    "battery_current",
    "power_stats",
    "iio_rails",
    "jetson_iio",
    "hwmon",
    "powercap",
    "pmic",
    "throttled",
    "thermalservice",
    "thermal_zones",
    "clocks",
    "power",
]
STATE = [
    "boot_id",
    "uptime",
    "load",
    "battery",
    "power_supply",
    "thermalservice",
    "thermal_zones",
    "online",
    "clocks",
    "power",
    "settings",
]


def sections(output: bytes) -> dict[str, str]:
    parts = output.decode(errors="replace").split("\n@@bakeoff ")[1:]
    return {part.partition("\n")[0]: part.partition("\n")[2].strip("\n") for part in parts}


@pytest.mark.parametrize(
    ("script", "names"), [("describe.sh", DESCRIBED), ("read_state.sh", STATE), ("find_energy.sh", ENERGY)]
)
def test_every_section_is_there_with_and_without_android(host: ScriptHost, script: str, names: list[str]) -> None:
    for with_commands in (True, False):
        done = host.run(script, with_commands=with_commands)
        assert (done.exit_code, done.stderr) == (0, b"")
        assert list(sections(done.stdout)) == names
    assert host.read("calls") is None


def test_the_state_is_what_the_commands_and_the_kernel_say(host: ScriptHost) -> None:
    host.write("settings/system.screen_brightness", "102\n")
    found = sections(host.run("read_state.sh").stdout)
    assert found["battery"] == "level: 78"
    assert found["power"] == "  mWakefulness=Awake"
    assert "system/screen_brightness:102" in found["settings"].splitlines()
    assert "global/low_power:null" in found["settings"].splitlines()
    assert found["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@pytest.mark.parametrize("host", ["phone"], indirect=True)
def test_a_phone_s_battery_zones_and_clocks_are_read(host: ScriptHost) -> None:
    found = sections(host.run("read_state.sh", with_commands=False).stdout)
    assert "  level: 78" in found["battery"].splitlines()
    assert "/sys/class/power_supply/battery/current_now:-412500" in found["power_supply"].splitlines()
    assert "/sys/class/thermal/thermal_zone5/type:VIRTUAL-SKIN" in found["thermal_zones"].splitlines()
    assert "/sys/class/thermal/thermal_zone5/temp:31250" in found["thermal_zones"].splitlines()
    assert "/sys/devices/system/cpu/cpu0/cpufreq/scaling_max_freq:2914000" in found["clocks"].splitlines()
    assert "Thermal Status: 0" in found["thermalservice"].splitlines()


def test_what_is_described_can_be_read(host: ScriptHost) -> None:
    identity = parse_android_identity(host.run("describe.sh", with_commands=False).stdout.decode(errors="replace"))
    assert identity.boot_id == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert identity.memory_bytes
    assert identity.kernel


@pytest.mark.parametrize("host", ["phone"], indirect=True)
def test_a_phone_s_sources_of_energy_and_gates_are_found(host: ScriptHost) -> None:
    survey = parse_survey(host.run("find_energy.sh", with_commands=False).stdout.decode())
    assert survey.is_android
    source = choose_source(survey)
    assert isinstance(source, FoundSource)
    assert source.source == "charge_counter"
    paths = {probe.path for probe in source.sampled if isinstance(probe, FileToRead)}
    supply = "/sys/class/power_supply/battery"
    assert paths == {f"{supply}/status", f"{supply}/charge_counter", f"{supply}/voltage_now"}
    capacity = battery_capacity(survey)
    assert isinstance(capacity, BatteryCapacity)
    assert capacity.energy_mwh == pytest.approx(3421 / 0.78 * 3.85)  # what it holds at 78 %
    found = device_gates(survey, GateBounds(), on_battery=True)
    assert set(found.missing) <= {"screen"}  # whose state the phone keeps to itself where it has no power service
    assert {one.id for one in found.gates.conditions} >= {
        "battery_status",
        "battery_level",
        "temperature",
        "governor_0",
    }


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    if shutil.which("shellcheck") is None:
        pytest.skip("no shellcheck on this machine: apt install shellcheck")
    done = subprocess.run(["shellcheck", "-s", "sh", str(script)], capture_output=True, text=True, check=False)
    assert done.stdout == ""
    assert done.returncode == 0
