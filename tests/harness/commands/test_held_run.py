"""A whole run with clocks and charging held still: recorded, said in the report, let go; or refused with a remedy."""

from __future__ import annotations

import pytest

from harness.documents.folder import read_model
from harness.documents.held_record import HeldRecord
from tests.harness.warning_texts import texts
from tests.rig.command import bakeoff
from tests.rig.phone import StandInPhone
from tests.rig.run_on_a_phone import device_folders, over_adb
from tests.rig.run_watch import assert_whole, comparison, records

SWITCH = "power_supply/battery/input_suspend"


@pytest.fixture
def phone(stand_in: StandInPhone) -> StandInPhone:
    stand_in.state.pin(SWITCH, "0")
    return stand_in


def governors(phone: StandInPhone) -> set[str]:
    files = (phone.state.folder / "sys" / "cpu" / "cpufreq").glob("policy*/scaling_governor")
    return {file.read_text().strip() for file in files}


def test_a_run_holds_what_is_asked_says_so_and_lets_go(tiny, phone, server, tmp_path):
    tiny.measure |= {"pairs": 3, "hold.governor": "performance", "hold.charging": "off"}
    before, folder = phone.settings(), tmp_path / "run"
    done = bakeoff("run", tiny.write(), "-d", f"adb:{phone.address}", "--out", folder, **over_adb(server))
    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert_whole(folder, len(tiny.names), 3, device)
    assert {record.after.governor for record in records(folder, device) if record.record == "latency_block"} == {
        "performance"
    }
    held = read_model(folder / "devices" / device / "held.json", HeldRecord).files
    assert {(each.kind, each.before, each.held) for each in held} == {
        ("governor", "sched_pixel", "performance"),
        ("charging", "0", "1"),
    }
    (result,) = comparison(folder).devices
    assert {
        "The clock governor was held at performance during the run: users' devices run sched_pixel.",
        f"Charging was switched off during the run, with the cable in (/sys/class/{SWITCH}).",
    } <= set(texts(result.warnings))
    assert "held at performance" in (folder / "report.html").read_text()
    assert governors(phone) == {"sched_pixel"}
    assert phone.state.read(f"sys/{SWITCH}") == "0"
    assert phone.settings() == before


def test_a_run_whose_governor_is_unknown_there_ends_with_the_remedy_and_changes_nothing(tiny, phone, server, tmp_path):
    tiny.measure |= {"pairs": 3, "hold.governor": "warp", "hold.charging": "off"}
    before, folder = phone.settings(), tmp_path / "run"
    done = bakeoff("run", tiny.write(), "-d", f"adb:{phone.address}", "--out", folder, **over_adb(server))
    assert done.exit_code != 0
    assert "there is no governor warp here; there is: sched_pixel performance powersave" in done.stderr
    assert not any((folder / "devices").glob("*/records.jsonl"))
    assert governors(phone) == {"sched_pixel"}
    assert phone.state.read(f"sys/{SWITCH}") == "0"
    assert phone.settings() == before
