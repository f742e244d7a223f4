"""Clocks and charging are held where root may, written down before, and put back from that list, whenever it ended."""

from __future__ import annotations

import pytest

from devices.base import Completed
from tests.adb_scripts.conftest import ScriptHost

GOVERNOR = "scaling_governor"
SUPPLY = "sys/class/power_supply/battery"


class Kernel:
    """Files that stand for a kernel's, below the folder of a host."""

    def __init__(self, host: ScriptHost) -> None:
        self.host = host
        self.root = f"{host.folder}/kernel"

    def write(self, name: str, text: str) -> None:
        self.host.write(f"kernel/{name}", text + "\n")

    def read(self, name: str) -> str | None:
        text = self.host.read(f"kernel/{name}")
        return None if text is None else text.rstrip("\n")

    def make_policies(self, folders: tuple[str, ...] = ("cpufreq/policy0", "cpufreq/policy4")) -> None:
        for folder in folders:
            self.write(f"sys/devices/system/cpu/{folder}/{GOVERNOR}", "schedutil")
            self.write(
                f"sys/devices/system/cpu/{folder}/scaling_available_governors", "schedutil performance powersave"
            )

    def governor(self, folder: str) -> str | None:
        return self.read(f"sys/devices/system/cpu/{folder}/{GOVERNOR}")

    def run(self, name: str, *arguments: str) -> Completed:
        return self.host.run(name, self.host.list_path, *arguments, system_root=self.root)

    def lock(self, name: str) -> None:
        """Let nobody but root write a file; skips where this user is root."""
        if self.host.device.run(["id", "-u"], timeout_s=120).stdout.strip() == b"0":
            pytest.skip("this user is root, who may write everything")
        self.host.device.run(["chmod", "444", f"{self.root}/{name}"], timeout_s=120)


@pytest.fixture
def kernel(host: ScriptHost) -> Kernel:
    return Kernel(host)


def test_every_policy_is_held_and_was_written_down_first(kernel: Kernel) -> None:
    kernel.make_policies()
    done = kernel.run("hold_governor.sh", "performance")
    assert (done.exit_code, done.stderr) == (0, b"")
    places = [f"{kernel.root}/sys/devices/system/cpu/cpufreq/policy{n}/{GOVERNOR}" for n in (0, 4)]
    assert done.stdout.decode() == "".join(f"governor\t{place}\tschedutil\tperformance\n" for place in places)
    assert kernel.host.read("changed") == "".join(f"clock\t{place}\tschedutil\n" for place in places)
    assert [kernel.governor(f"cpufreq/policy{n}") for n in (0, 4)] == ["performance", "performance"]


def test_a_held_governor_is_put_back(kernel: Kernel) -> None:
    kernel.make_policies()
    kernel.run("hold_governor.sh", "performance")
    done = kernel.run("restore.sh")
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"undone 2\n", b"")
    assert [kernel.governor(f"cpufreq/policy{n}") for n in (0, 4)] == ["schedutil", "schedutil"]
    assert kernel.host.read("changed") is None


def test_cores_that_have_no_policies_are_held_one_by_one(kernel: Kernel) -> None:
    kernel.make_policies(("cpu0/cpufreq", "cpu11/cpufreq"))
    assert kernel.run("hold_governor.sh", "powersave").exit_code == 0
    assert [kernel.governor(f"cpu{n}/cpufreq") for n in (0, 11)] == ["powersave", "powersave"]
    assert kernel.run("restore.sh").stdout == b"undone 2\n"
    assert [kernel.governor(f"cpu{n}/cpufreq") for n in (0, 11)] == ["schedutil", "schedutil"]


def test_held_again_after_a_restart_what_was_first_still_counts(kernel: Kernel) -> None:
    kernel.make_policies(("cpufreq/policy0",))
    kernel.run("hold_governor.sh", "performance")
    kernel.write(f"sys/devices/system/cpu/cpufreq/policy0/{GOVERNOR}", "powersave")
    again = kernel.run("hold_governor.sh", "performance")
    assert again.stdout.endswith(b"\tschedutil\tperformance\n")
    assert (kernel.host.read("changed") or "").count("\n") == 1
    kernel.run("restore.sh")
    assert kernel.governor("cpufreq/policy0") == "schedutil"


def test_a_governor_that_rules_already_is_no_change(kernel: Kernel) -> None:
    kernel.make_policies(("cpufreq/policy0",))
    done = kernel.run("hold_governor.sh", "schedutil")
    assert done.exit_code == 0
    assert done.stdout.endswith(b"\tschedutil\tschedutil\n")
    assert kernel.host.read("changed") is None


@pytest.mark.parametrize("governor", ["warp", "sched", "powersave2"])
def test_an_unknown_governor_is_refused_with_those_that_there_are(kernel: Kernel, governor: str) -> None:
    kernel.make_policies()
    done = kernel.run("hold_governor.sh", governor)
    assert done.exit_code == 5
    assert f"no governor {governor} here; there is: schedutil performance powersave" in done.stderr.decode()
    assert kernel.governor("cpufreq/policy0") == "schedutil"


@pytest.mark.parametrize("governor", ["performance powersave", "*", "$(touch owned)", "performance\tx", "-n x"])
def test_what_no_governor_can_be_called_is_refused(kernel: Kernel, governor: str) -> None:
    kernel.make_policies(("cpufreq/policy0",))
    done = kernel.run("hold_governor.sh", governor)
    assert done.exit_code == 5
    assert b"no governor has such a name" in done.stderr
    assert kernel.governor("cpufreq/policy0") == "schedutil"
    assert b"owned" not in kernel.host.device.run(["ls", "-R", kernel.host.folder], timeout_s=120).stdout


def test_one_clock_that_does_not_know_the_governor_leaves_all_as_they_are(kernel: Kernel) -> None:
    kernel.make_policies()
    kernel.write("sys/devices/system/cpu/cpufreq/policy4/scaling_available_governors", "schedutil")
    assert kernel.run("hold_governor.sh", "performance").exit_code == 5
    assert kernel.governor("cpufreq/policy0") == "schedutil"
    assert kernel.host.read("changed") is None


def test_without_root_nothing_is_changed(kernel: Kernel) -> None:
    kernel.make_policies()
    kernel.lock(f"sys/devices/system/cpu/cpufreq/policy4/{GOVERNOR}")
    done = kernel.run("hold_governor.sh", "performance")
    assert done.exit_code == 6
    assert done.stderr.endswith(b"policy4/scaling_governor may not be written: root is needed\n")
    assert kernel.governor("cpufreq/policy0") == "schedutil"
    assert kernel.host.read("changed") is None


def test_a_machine_without_clocks_says_so(kernel: Kernel) -> None:
    done = kernel.run("hold_governor.sh", "performance")
    assert done.exit_code == 4
    assert b"there are no clocks with a governor here" in done.stderr


def test_where_nothing_can_be_written_down_no_clock_is_changed(kernel: Kernel) -> None:
    kernel.make_policies()
    lost = f"{kernel.host.folder}/no such folder/changed"
    done = kernel.host.run("hold_governor.sh", lost, "performance", system_root=kernel.root)
    assert done.exit_code == 3
    assert kernel.governor("cpufreq/policy0") == "schedutil"


SWITCHES = [
    (f"{SUPPLY}/input_suspend", "0", "1", "0"),
    (f"{SUPPLY}/charging_enabled", "1", "0", "1"),
    (f"{SUPPLY}/battery_charging_enabled", "1", "0", "1"),
    ("proc/mtk_battery_cmd/current_cmd", "0 0", "0 1", "0 0"),
    (f"{SUPPLY}/test_mode", "0", "1", "2"),
]


@pytest.mark.parametrize(("name", "found", "off", "after"), SWITCHES)
def test_each_known_switch_is_held_and_put_back(kernel: Kernel, name: str, found: str, off: str, after: str) -> None:
    kernel.write(name, found)
    done = kernel.run("hold_charging.sh")
    assert (done.exit_code, done.stdout.decode()) == (0, f"charging\t{kernel.root}/{name}\t{after}\t{off}\n")
    assert kernel.host.read("changed") == f"charging\t{kernel.root}/{name}\t{after}\n"
    assert kernel.read(name) == off
    assert kernel.run("hold_charging.sh").stdout == done.stdout
    assert kernel.run("restore.sh").stdout == b"undone 1\n"
    assert kernel.read(name) == after


def test_of_several_switches_the_one_that_cuts_the_cable_is_held(kernel: Kernel) -> None:
    for name, found, _, _ in SWITCHES:
        kernel.write(name, found)
    kernel.run("hold_charging.sh")
    assert {name: kernel.read(name) for name, *_ in SWITCHES} == {
        name: off if name.endswith("input_suspend") else found for name, found, off, _ in SWITCHES
    }


def test_a_phone_without_a_known_switch_says_so(kernel: Kernel) -> None:
    done = kernel.run("hold_charging.sh")
    assert done.exit_code == 4
    assert b"there is no switch for charging that is known here" in done.stderr


def test_a_switch_that_needs_root_says_so(kernel: Kernel) -> None:
    kernel.write(f"{SUPPLY}/charging_enabled", "1")
    kernel.lock(f"{SUPPLY}/charging_enabled")
    done = kernel.run("hold_charging.sh")
    assert done.exit_code == 6
    assert b"charging_enabled may not be written: root is needed" in done.stderr
    assert kernel.host.read("changed") is None


LINES_OF_OTHERS = [
    f"clock\tROOT/sys/devices/system/cpu/../../../../../owned/{GOVERNOR}\tx",
    f"clock\t/sys/devices/system/cpu/cpufreq/policy0/{GOVERNOR}\tschedutil",
    f"clock\tROOT/sys/devices/system/cpu/cpufreq/policy0/{GOVERNOR}\t$(touch owned)",
    "clock\tROOT/sys/devices/system/cpu/cpufreq/policy0/scaling_setspeed\t1",
    "charging\tROOT/sys/class/power_supply/battery/../../owned\t1",
    "charging\tROOT/sys/class/power_supply/battery/owned\t1",
    "charging\t/sys/class/power_supply/battery/input_suspend\t0",
    "charging\tROOT/sys/class/power_supply/battery/input_suspend\t; touch owned",
    "charging\tROOT/sys/class/power_supply/battery/input_suspend",
]


def test_lines_that_nobody_of_ours_wrote_are_refused(kernel: Kernel) -> None:
    kernel.make_policies(("cpufreq/policy0",))
    kernel.write(f"{SUPPLY}/input_suspend", "1")
    text = "".join(f"{line.replace('ROOT', kernel.root)}\n" for line in LINES_OF_OTHERS)
    kernel.host.write("changed", text)
    done = kernel.run("restore.sh")
    assert (done.exit_code, done.stdout) == (1, b"undone 0\n")
    assert kernel.host.read("changed") == text
    assert kernel.governor("cpufreq/policy0") == "schedutil"
    assert kernel.read(f"{SUPPLY}/input_suspend") == "1"
    assert b"owned" not in kernel.host.device.run(["ls", "-R", kernel.host.folder], timeout_s=120).stdout
