"""What a phone is set to is asked before and after a run, kept with it, and told where it matters."""

from __future__ import annotations

from harness.documents.folder import read_model
from harness.documents.phone_state import PhoneState, PhoneStates, parse_phone_state
from tests.harness.warning_texts import texts
from tests.rig.command import bakeoff
from tests.rig.run_on_a_phone import ConnectedPhone, LongRun, device_folders, over_adb
from tests.rig.run_watch import comparison

LIMIT = "cpu/cpufreq/policy0/scaling_max_freq"


def states(folder, device) -> PhoneStates:
    return read_model(folder / "devices" / device / "phone_state.json", PhoneStates)


def test_battery_saver_is_kept_with_the_run_and_told_in_the_report(tiny, stand_in, server, tmp_path):
    stand_in.state.put_setting("global", "low_power", "1")
    folder = tmp_path / "run"
    done = bakeoff("run", tiny.write(), "-d", f"adb:{stand_in.address}", "--out", folder, **over_adb(server))
    assert done.exit_code == 0, done.stderr
    found = states(folder, *device_folders(folder))
    assert found.before is not None
    assert found.before == found.after
    assert found.before.battery_saver is True
    assert found.before.airplane_mode is False
    assert found.before.booting is False
    assert found.before.clocks["policy0"].governor == "sched_pixel"
    assert found.before.clocks["policy0"].min_khz == 324_000
    (result,) = comparison(folder).devices
    assert [text for text in texts(result.warnings) if "Battery saver was on during the run" in text]
    assert "Battery saver was on during the run" in (folder / "report.html").read_text()


def test_what_changes_in_a_run_is_told_also_when_it_was_cut_and_resumed(tiny, stand_in, server, tmp_path):
    run = LongRun(tiny, ConnectedPhone(stand_in, server), tmp_path)
    run.wait_for_the_latency_pass()
    before = states(run.folder, run.device)
    assert before.before is not None
    assert before.after is None
    run.kill_the_host()
    stand_in.state.pin(LIMIT, "1000000")
    stand_in.state.pin("cpu/online", "0")
    done = bakeoff("run", "--resume", run.folder, **over_adb(server))
    assert done.exit_code == 0, done.stderr
    found = states(run.folder, run.device)
    assert found.before == before.before
    assert found.after is not None
    assert found.after.clocks["policy0"].max_khz == 1_000_000
    (result,) = comparison(run.folder).devices
    assert [text for text in texts(result.warnings) if "policy0 from 324–1704 MHz to 324–1000 MHz" in text]
    assert [text for text in texts(result.warnings) if "cores went on or off" in text and "0 after" in text]
    assert not [text for text in texts(result.warnings) if "Battery saver" in text]


def test_a_device_that_is_no_phone_has_no_such_file(finished_run):
    assert not list((finished_run.folder / "devices").glob("*/phone_state.json"))


def test_a_phone_that_says_nothing_is_not_set_to_anything():
    assert parse_phone_state({}) == PhoneState()
    assert parse_phone_state({"settings": "global/low_power:null", "clocks": "x", "online": ""}) == PhoneState()
