"""A soak on a stand-in phone that is left alone, restarts in the middle, and is fetched at the end."""

from __future__ import annotations

from pathlib import Path

from harness.documents.soak_result import SoakResult
from tests.rig.command import bakeoff
from tests.rig.run_on_a_phone import over_adb
from tests.rig.run_watch import records, wait_for
from tests.rig.short_soak import cut_short


def test_a_phone_that_is_left_alone_and_restarts_is_gone_on_with(tiny, new_phone, tmp_path: Path) -> None:
    desk = new_phone()
    before = desk.phone.settings()
    folder = tmp_path / "soak"
    arguments = ("--hours", 1, "--window", 0.25, "-d", desk.name, "--out", folder, "--detach")
    left = bakeoff("soak", tiny.write(), *arguments, **over_adb(desk.server))
    assert left.exit_code == 0, left.stderr
    assert desk.phone.settings() != before  # it is kept awake
    there = next(desk.phone.data_folder.glob("bakeoff/runs/*"))
    found = there / "records.jsonl"
    wait_for(lambda: found.exists() and found.read_bytes().count(b'"soak_window"') >= 3)

    desk.phone.reboot()
    seconds = cut_short(there, more_s=2.0)
    desk.phone.connect(desk.server)
    seen = bakeoff("soak", "--status", folder, "--json", **over_adb(desk.server))
    assert seen.exit_code == 0, seen.stderr
    (device,) = SoakResult.model_validate_json(seen.stdout).devices
    assert device.status == "stopped"
    assert device.windows >= 3

    done = bakeoff("soak", "--resume", folder, **over_adb(desk.server))
    assert done.exit_code == 0, done.stderr
    (device,) = SoakResult.model_validate_json((folder / "result.json").read_bytes()).devices
    assert (device.status, device.sessions) == ("complete", 2)
    expected = "device restarted" if desk.phone.has_own_boot_id else "runner restarted"
    assert [gap.what for gap in device.gaps] == [expected]
    entry = next((folder / "devices").iterdir()).name
    windows = [record for record in records(folder, entry) if record.record == "soak_window"]
    assert [window.index for window in windows] == list(range(len(windows)))
    durations_ns = [window.ended_ns - window.started_ns for window in windows]
    assert sum(durations_ns[:-1]) < seconds * 1e9 <= sum(durations_ns)
    desk.assert_left_as_found(before)
