"""`bakeoff devices` and `bakeoff check` on phones: one by name, and all of them at once."""

import pytest

from tests.rig.command import bakeoff
from tests.rig.phone import AdbServer, StandInPhone
from tests.rig.phone.phone import missing_parts


@pytest.fixture
def two_phones(tmp_path):
    """Environment of commands, and the two phones' names."""
    missing = missing_parts()
    if missing is not None:
        pytest.skip(missing)
    with AdbServer(tmp_path / "adb") as server, StandInPhone("FIRST") as first, StandInPhone("SECOND") as second:
        for phone in (first, second):
            phone.connect(server)
        variables = {name: value for name, value in server.environment.items() if "ADB" in name}
        yield variables, [f"adb:{phone.address}" for phone in (first, second)]


def test_all_phones_are_shown_each_with_what_can_be_measured(two_phones):
    variables, names = two_phones
    done = bakeoff("devices", "-d", "adb:*", **variables)
    assert done.exit_code == 0, done.stderr
    for name in names:
        assert name in done.stdout
    assert done.stdout.count("yes latency: native runner") == 2


def test_one_of_several_has_to_be_named(two_phones):
    variables, names = two_phones
    done = bakeoff("devices", "-d", "adb", **variables)
    assert done.exit_code == 2
    assert "cannot be used" in done.stdout
    assert bakeoff("devices", "-d", names[1], **variables).exit_code == 0


def test_why_there_are_no_phones_is_said(tmp_path):
    done = bakeoff("devices", BAKEOFF_ADB=str(tmp_path / "no-adb"))
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith("local\n")
    assert "no-adb' cannot be run on this computer" in " ".join(done.stdout.split())


def test_the_thermometer_that_a_run_would_look_at_is_named(tmp_path):
    missing = missing_parts()
    if missing is not None:
        pytest.skip(missing)
    with AdbServer(tmp_path / "adb") as server, StandInPhone() as phone:
        phone.connect(server)
        shown = []
        for place in ("thermal", "power_supply/battery/temp"):
            phone.state.remove_sysfs(place)
            shown.append(bakeoff("devices", "-d", f"adb:{phone.address}", **server.variables).stdout)
    assert "yes temperature: /sys/class/power_supply/battery/temp" in shown[0]
    assert "no  temperature: the device gives no temperature" in shown[1]


@pytest.mark.parametrize("command", ["check", "run", "soak"])
def test_a_misspelt_device_is_told_before_any_picture_is_read(tiny, command):
    done = bakeoff(command, tiny.write(), "-d", "android")
    assert done.exit_code == 2
    assert "pictures" not in done.stderr


def test_models_are_opened_on_every_phone(two_phones, tiny):
    variables, names = two_phones
    done = bakeoff("check", tiny.write(), "-d", "adb:*", **variables)
    assert done.exit_code == 0, done.stderr
    for name in names:
        assert f"{name}: every model opens" in done.stdout
