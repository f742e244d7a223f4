"""Whole runs on phones that are not well: each ends with what was wrong named, and with an honest verdict."""

from __future__ import annotations

from harness.documents.comparison import NoEffect
from harness.quantity import Unavailable
from tests.harness.warning_texts import texts
from tests.rig.command import bakeoff, start
from tests.rig.held_runner import UNHURRIED
from tests.rig.run_on_a_phone import device_folders, held_there, over_adb
from tests.rig.run_watch import assert_whole, blocks_in, comparison, records, wait_for

ENERGY = {"energy.cycles": 3, "energy.block_s": 3.0, "energy.idle_s": 2.0, "energy.lead_in_s": 0.5}


def test_a_battery_at_three_per_cent_is_measured_and_named(tiny, stand_in, server, tmp_path):
    stand_in.battery.level_percent = 3
    folder = tmp_path / "run"
    done = bakeoff("run", tiny.write(), "-d", f"adb:{stand_in.address}", "--out", folder, **over_adb(server))
    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert_whole(folder, len(tiny.names), 6, device)
    (result,) = comparison(folder).devices
    assert any("battery level gate did not hold before 12 of 12 blocks" in each for each in texts(result.warnings))


def test_a_phone_without_a_thermometer_has_no_such_gate_and_it_is_said(tiny, stand_in, server, tmp_path):
    stand_in.state.remove_sysfs("thermal")
    stand_in.state.remove_sysfs("power_supply/battery/temp")
    stand_in.state.answer(
        ["dumpsys", "battery"], b"Current Battery Service state:\n  status: 3\n  level: 80\n  scale: 100\n"
    )
    folder = tmp_path / "run"
    done = bakeoff("run", tiny.write(), "-d", f"adb:{stand_in.address}", "--out", folder, **over_adb(server))
    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert_whole(folder, len(tiny.names), 6, device)
    blocks = [record for record in records(folder, device) if record.record == "latency_block"]
    assert all("temperature" not in block.gate.values for block in blocks)
    (result,) = comparison(folder).devices
    unwatched = next(
        each for each in texts(result.warnings) if each.startswith("Not watched before the blocks: heat (")
    )
    assert "the device gives no temperature of its skin, its battery or its processor" in unwatched


def test_a_sensor_that_is_lost_in_the_latency_pass_is_named_and_nothing_is_lost(tiny, stand_in, server, tmp_path):
    tiny.measure |= {"pairs": 16, "block_ms": 40.0, **UNHURRIED}
    folder = tmp_path / "run"
    process = start(
        "run", tiny.write(), "-d", f"adb:{stand_in.address}", "--out", folder, log=tmp_path / "log", **over_adb(server)
    )
    (device,) = device_folders(folder)
    wait_for(lambda: blocks_in(folder, device) >= 4)
    with held_there(server, stand_in.address, folder, device):
        stand_in.state.remove_sysfs("thermal")
    assert process.wait(timeout=240) == 0, (tmp_path / "log").read_text()
    assert_whole(folder, len(tiny.names), 16, device)
    blocks = [record for record in records(folder, device) if record.record == "latency_block"]
    without = [block.gate.values.get("temperature") is None for block in blocks]
    assert not any(without[:4])
    assert without[-1]
    (result,) = comparison(folder).devices
    lost = [each for each in texts(result.warnings) if each.startswith("The temperature could not be read before")]
    assert len(lost) == 1
    assert f" before {sum(without)} of {len(blocks)} blocks" in lost[0]


def test_a_gauge_that_stops_between_cycles_leaves_a_named_gap_in_the_energy(tiny, stand_in, server, tmp_path):
    tiny.measure |= {"pairs": 2, **ENERGY}
    tiny.rules.append({"quantity": "energy_per_inference", "no_worse_than": "50 %"})
    folder = tmp_path / "run"
    process = start(
        "run", tiny.write(), "-d", f"adb:{stand_in.address}", "--out", folder, log=tmp_path / "log", **over_adb(server)
    )
    (device,) = device_folders(folder)
    path = folder / "devices" / device / "records.jsonl"
    wait_for(lambda: path.exists() and b'"record":"energy_block"' in path.read_bytes().replace(b" ", b""), 120)
    for name in ("current_now", "charge_counter", "voltage_now"):
        stand_in.state.remove_sysfs(f"power_supply/battery/{name}")
    stand_in.state.answer(["dumpsys", "battery"], b"")
    assert process.wait(timeout=200) == 0, (tmp_path / "log").read_text()
    (result,) = comparison(folder).devices
    energy = next(each for each in result.contrasts if each.quantity == "energy_per_inference")
    assert isinstance(energy.effect, NoEffect)
    assert isinstance(energy.candidate_value, Unavailable)
    assert "No such file or directory" in energy.candidate_value.reason
    assert comparison(folder).verdicts[0].decision != "ship"
