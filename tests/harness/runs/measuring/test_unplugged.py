"""A whole run on a phone whose cable is pulled for its energy: told when, measured alone, picked up when it is back."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.quantity import Available, Unavailable
from tests.rig.adb_server import AdbServer
from tests.rig.command import start
from tests.rig.phone import StandInPhone
from tests.rig.rederived import rederive
from tests.rig.run_on_a_phone import device_folders, over_adb
from tests.rig.run_watch import assert_whole, comparison, records, wait_for

ENERGY = {
    "energy.cycles": 2,
    "energy.block_s": 1.0,
    "energy.idle_s": 1.0,
    "energy.lead_in_s": 0.1,
    "energy.unplugged": True,
    "gates.others_busy_cores": 1000.0,  # others are at work on this machine
    "gates.temperature_rise_celsius": 100.0,
    "pairs": 3,
    "memory_repeats": 1,
}
BLOCKS = 2 * 2 * 2


@pytest.fixture
def phone(stand_in: StandInPhone) -> StandInPhone:
    stand_in.battery.plugged = "usb"
    return stand_in


class UnpluggedRun:
    def __init__(self, tiny, phone: StandInPhone, server: AdbServer, home: Path, **energy: float) -> None:
        tiny.measure |= ENERGY | {f"energy.{name}": value for name, value in energy.items()}
        self._tiny, self._phone = tiny, phone
        self.folder, self._log = home / "run", home / "log"
        self.settings_before = phone.settings()
        words = ("run", tiny.write(), "-d", f"adb:{phone.address}", "--out", self.folder)
        self._process = start(*words, log=self._log, **over_adb(server))

    def log(self) -> str:
        return self._log.read_text()

    def wait_until_it_says(self, words: str) -> None:
        wait_for(lambda: words in self.log() or self._process.poll() is not None)
        assert words in self.log(), self.log()

    def records_there(self) -> bytes:
        found = list(self._phone.data_folder.glob("bakeoff/runs/*/records.jsonl"))
        return found[0].read_bytes() if found else b""

    def ends_whole(self) -> str:
        assert self._process.wait(timeout=240) == 0, self.log()
        (device,) = device_folders(self.folder)
        assert_whole(self.folder, len(self._tiny.names), self._tiny.measure["pairs"], device)
        assert self._phone.settings() == self.settings_before
        return device


def test_a_phone_is_unplugged_when_asked_measures_alone_and_is_picked_up(tiny, phone, server, tmp_path):
    run = UnpluggedRun(tiny, phone, server, tmp_path)
    run.wait_until_it_says("unplug the phone now (its battery's status is Charging); it measures on its own for about")
    assert phone.settings()["system/screen_off_timeout"] == "2147483647"
    assert b'"energy_block"' not in run.records_there()
    # In this order: once it discharges it measures, and its link must be gone before the first block comes home.
    phone.unplug()
    phone.battery.plugged = "none"
    run.wait_until_it_says("the cable is out: the phone measures on its own; waiting until it is back")
    wait_for(lambda: b'"runner_finished"' in run.records_there())
    phone.battery.plugged = "usb"
    phone.plug_in()
    device = run.ends_whole()
    assert run.log().count("the cable is out") == 1
    assert "reconnecting" not in run.log()
    blocks = [record for record in records(run.folder, device) if record.record == "energy_block"]
    assert len(blocks) == BLOCKS
    (result,) = comparison(run.folder).devices
    for arm in result.arms:
        energy = arm.values["energy_per_inference"]
        assert isinstance(energy, Available | Unavailable)
        if isinstance(energy, Available):
            assert energy.value > 0.0
            assert "battery" in energy.source
        else:
            assert energy.reason


def test_a_phone_on_wi_fi_needs_only_its_cable_pulled(tiny, phone, server, tmp_path):
    run = UnpluggedRun(tiny, phone, server, tmp_path, cycles=3, block_s=3.0)
    run.wait_until_it_says("unplug the phone now")
    phone.battery.plugged = "none"
    run.wait_until_it_says("it discharges, and measures without its cable for about 1 min")
    run.wait_until_it_says("the phone may be plugged in again")
    run.ends_whole()
    assert "the cable is out" not in run.log()
    code, said = rederive("rederive_intervals.py", run.folder)
    assert code == 0, said
    assert "  candidate  average_power  ratio  " in said
