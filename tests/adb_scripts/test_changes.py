"""What is changed on a phone is written down before, and undone from that list: exactly, whenever it ended."""

from __future__ import annotations

import pytest

from tests.adb_scripts.conftest import ScriptHost

FOUND = {"global.stay_on_while_plugged_in": "0", "system.screen_brightness": "102", "system.other": "untouched"}


def put(host: ScriptHost, settings: dict[str, str]) -> None:
    for name, value in settings.items():
        host.write(f"settings/{name}", value + "\n")


def test_the_phone_is_kept_awake_and_every_change_was_written_down_first(host: ScriptHost) -> None:
    put(host, FOUND)
    assert host.run("keep_awake.sh", host.list_path).exit_code == 0
    assert host.settings() == FOUND | {
        "global.stay_on_while_plugged_in": "15",
        "system.screen_brightness_mode": "0",
        "system.screen_brightness": "1",
    }
    assert host.read("changed") == (
        "setting\tglobal\tstay_on_while_plugged_in\t0\n"
        "setting\tsystem\tscreen_brightness_mode\tnull\n"
        "setting\tsystem\tscreen_brightness\t102\n"
    )
    assert host.read("calls") == (
        "put global stay_on_while_plugged_in: noted\n"
        "put system screen_brightness_mode: noted\n"
        "put system screen_brightness: noted\n"
    )


def test_a_phone_whose_cable_will_be_pulled_keeps_its_screen_on_without_it(host: ScriptHost) -> None:
    put(host, FOUND | {"system.screen_off_timeout": "60000"})
    host.run("keep_awake.sh", host.list_path, "unplugged")
    assert host.settings()["system.screen_off_timeout"] == "2147483647"
    assert "setting\tsystem\tscreen_off_timeout\t60000\n" in (host.read("changed") or "")
    host.run("restore.sh", host.list_path)
    assert host.settings() == FOUND | {"system.screen_off_timeout": "60000"}


def test_it_is_left_as_it_was_found(host: ScriptHost) -> None:
    put(host, FOUND)
    host.run("keep_awake.sh", host.list_path)
    done = host.run("restore.sh", host.list_path)
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"undone 3\n", b"")
    assert host.settings() == FOUND
    assert host.read("changed") is None
    assert host.run("restore.sh", host.list_path).stdout == b"undone 0\n"


def test_what_was_first_counts_however_often_it_is_kept_awake(host: ScriptHost) -> None:
    put(host, FOUND)
    for _ in range(2):
        host.run("keep_awake.sh", host.list_path)
        put(host, {"system.screen_brightness": "77"})
    assert (host.read("changed") or "").count("\n") == 3
    host.run("restore.sh", host.list_path)
    assert host.settings() == FOUND


def test_a_phone_that_is_awake_as_it_should_be_is_left_alone(host: ScriptHost) -> None:
    wanted = {
        "global.stay_on_while_plugged_in": "15",
        "system.screen_brightness_mode": "0",
        "system.screen_brightness": "1",
    }
    put(host, wanted)
    assert host.run("keep_awake.sh", host.list_path).exit_code == 0
    assert (host.read("changed"), host.read("calls")) == (None, None)


@pytest.mark.parametrize("calls", range(1, 7))
def test_a_death_at_any_point_is_mended_by_the_list(host: ScriptHost, calls: int) -> None:
    put(host, FOUND)
    host.write("dies_at", str(calls))
    done = host.run("keep_awake.sh", host.list_path)
    if calls <= 3:
        assert done.exit_code != 0
    else:
        assert host.run("restore.sh", host.list_path).exit_code != 0
    host.device.remove([f"{host.folder}/dies_at"])
    assert host.run("restore.sh", host.list_path).exit_code == 0
    assert host.settings() == FOUND
    assert host.read("changed") is None


def test_a_screen_that_is_off_is_switched_on_and_off_again(host: ScriptHost) -> None:
    host.write("screen", "Asleep")
    host.run("keep_awake.sh", host.list_path)
    assert (host.read("changed") or "").endswith("screen\toff\n")
    assert (host.read("calls") or "").endswith("keyevent KEYCODE_WAKEUP: noted\n")
    host.run("restore.sh", host.list_path)
    assert "keyevent KEYCODE_SLEEP" in (host.read("calls") or "")


def test_a_screen_that_is_on_is_left_on(host: ScriptHost) -> None:
    host.run("keep_awake.sh", host.list_path)
    host.run("restore.sh", host.list_path)
    assert "keyevent" not in (host.read("calls") or "")


def test_where_nothing_can_be_written_down_nothing_is_changed(host: ScriptHost) -> None:
    put(host, FOUND)
    done = host.run("keep_awake.sh", f"{host.folder}/no such folder/changed")
    assert done.exit_code == 3
    assert b"nothing was changed" in done.stderr
    assert (host.settings(), host.read("calls")) == (FOUND, None)


def test_values_are_never_read_as_shell(host: ScriptHost) -> None:
    hostile = {"system.screen_brightness": "$(touch owned) `id` 'x\" \\n * ~"}
    put(host, hostile)
    host.run("keep_awake.sh", host.list_path)
    assert host.settings()["system.screen_brightness"] == "1"
    assert host.run("restore.sh", host.list_path).exit_code == 0
    assert host.settings() == hostile


def test_a_value_that_fits_on_no_line_is_left_alone(host: ScriptHost) -> None:
    host.write("settings/system.screen_brightness", "1\tglobal\n")
    done = host.run("keep_awake.sh", host.list_path)
    assert b"screen_brightness has an odd value; it is left alone" in done.stderr
    assert host.read("settings/system.screen_brightness") == "1\tglobal\n"


def test_what_cannot_be_undone_stays_on_the_list_and_the_rest_is_undone(host: ScriptHost) -> None:
    put(host, FOUND)
    host.run("keep_awake.sh", host.list_path)
    host.write("refuses", "screen_bright*")
    done = host.run("restore.sh", host.list_path)
    assert (done.exit_code, done.stdout) == (1, b"undone 2\n")
    assert b"could not undo: setting\tsystem\tscreen_brightness\t102" in done.stderr
    assert host.read("changed") == "setting\tsystem\tscreen_brightness\t102\n"
    host.device.remove([f"{host.folder}/refuses"])
    assert host.run("restore.sh", host.list_path).stdout == b"undone 1\n"
    assert host.settings() == FOUND


def test_a_full_disk_keeps_nothing_from_being_undone(host: ScriptHost) -> None:
    put(host, FOUND)
    host.run("keep_awake.sh", host.list_path)
    # What is written there meets "no space left".
    host.device.run(["ln", "-s", "/dev/full", f"{host.list_path}.new"], timeout_s=120)
    done = host.run("restore.sh", host.list_path)
    assert (done.exit_code, done.stdout, done.stderr) == (0, b"undone 3\n", b"")
    assert host.settings() == FOUND
    assert host.read("changed") is None


LINES_OF_OTHERS = [
    "setting\tsystem; touch owned\tx\t1",
    "setting\tsystem\tx; touch owned\t1",
    "setting\tsystem\t../../owned\t1",
    "setting\tsystem",
    "clock\t/sys/devices/system/cpu/../../../../owned\t1",
    "clock\t/data/owned/scaling_governor\t1",
    "run\ttouch owned",
    "$(touch owned)",
    "-n",
]


def test_lines_that_nobody_of_ours_wrote_are_refused_and_left_standing(host: ScriptHost) -> None:
    host.write("changed", "\n".join(LINES_OF_OTHERS) + "\n")
    done = host.run("restore.sh", host.list_path)
    assert (done.exit_code, done.stdout) == (1, b"undone 0\n")
    assert done.stderr.decode().splitlines() == [f"restore: could not undo: {line}" for line in LINES_OF_OTHERS[::-1]]
    assert host.read("changed") == "\n".join(LINES_OF_OTHERS) + "\n"
    assert host.read("calls") is None
    assert b"owned" not in host.device.run(["ls", "-R", host.folder], timeout_s=120).stdout


def test_an_emulated_battery_is_the_phone_s_own_again(host: ScriptHost) -> None:
    host.write("changed", "battery\temulated\n")
    assert host.run("restore.sh", host.list_path).stdout == b"undone 1\n"
    assert host.read("calls") == "battery reset\n"


def test_changes_are_undone_last_first(host: ScriptHost) -> None:
    host.write("changed", "setting\tsystem\ta\t1\nsetting\tsystem\ta\t2\nsetting\tglobal\tb\t3")
    assert host.run("restore.sh", host.list_path).exit_code == 0
    assert [line.split(":")[0] for line in (host.read("calls") or "").splitlines()] == [
        "put global b",
        "put system a",
        "put system a",
    ]
    assert host.settings() == {"system.a": "1", "global.b": "3"}


def test_a_device_that_is_no_android_is_refused(host: ScriptHost) -> None:
    host.device.remove([f"{host.folder}/commands/settings"])
    if host.device.run(["sh", "-c", "command -v settings"], timeout_s=120).exit_code == 0:
        pytest.skip("the phone has settings of its own")
    done = host.run("keep_awake.sh", host.list_path)
    assert done.exit_code == 4
    assert b"not an Android phone" in done.stderr
