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


def test_models_are_opened_on_every_phone(two_phones, tiny):
    variables, names = two_phones
    done = bakeoff("check", tiny.write(), "-d", "adb:*", **variables)
    assert done.exit_code == 0, done.stderr
    for name in names:
        assert f"{name}: every model opens" in done.stdout
