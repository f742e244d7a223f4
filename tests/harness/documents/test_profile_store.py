"""Profiles on disk: whose they are, how long they count, what they say later."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from devices.identity import AndroidFacts, Identity
from devices.readings.unavailable import NotThere
from harness.doctor.calibration import CalibrationFacts, judge_calibration
from harness.documents.profile import DeviceProfile
from harness.documents.profile_store import find_profile, profile_path, store_profile
from harness.quantity import Unavailable as NotMeasured
from harness.words.profile import percent, profile_in_words
from tests.harness.doctor.test_calibration import simulated

BOARD = Identity(kind="ssh", model="Board 5", boot_id="one")
PHONE = Identity(kind="adb", model="P", android=AndroidFacts(serial="S1", build_fingerprint="a/b:14"))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BAKEOFF_PROFILES", str(tmp_path / "profiles"))
    return tmp_path / "profiles"


def profile(name="ssh://bench-4", identity=BOARD, *, days=0, calibrated=True):
    from devices.identity import device_key

    made_at = datetime.now(UTC) - timedelta(days=days)
    facts = CalibrationFacts(made_at, "m.onnx", "onnxruntime 1.32.0", "python runner", 250.0)
    return DeviceProfile(
        bakeoff_version="1", device=name, key=device_key(name, identity), made_at=made_at, identity=identity,
        abilities=[], energy=[], energy_source=None, battery_capacity_mwh=NotMeasured(reason="no battery"), gates=[],
        obstacles=[], calibration=judge_calibration(simulated(100), facts) if calibrated else None,
    )  # fmt: skip


def test_a_profile_comes_back_as_it_was(folder):
    written = profile()
    path = store_profile(written)
    assert path.parent == folder
    assert find_profile("ssh://bench-4", BOARD) == written
    assert [each.name for each in folder.iterdir()] == [path.name]


def test_a_restart_leaves_a_device_what_it_is_and_an_update_does_not():
    store_profile(profile())
    assert isinstance(find_profile("ssh://bench-4", BOARD.model_copy(update={"boot_id": "two"})), DeviceProfile)
    store_profile(profile("adb:S1", PHONE))
    updated = PHONE.android.model_copy(update={"build_fingerprint": "a/b:15"})
    assert isinstance(find_profile("adb:S1", PHONE.model_copy(update={"android": updated})), NotThere)


def test_two_devices_have_two_files():
    assert profile_path("ssh://a", BOARD) != profile_path("ssh://b", BOARD)
    assert profile_path("../../x", BOARD).parent == profile_path("a", BOARD).parent


@pytest.mark.parametrize(("changes", "reason"), [({"days": 91}, "91 days ago"), ({"calibrated": False}, "calibrated")])
def test_what_is_old_or_was_not_calibrated_is_not_shown(changes, reason):
    store_profile(profile(**changes))
    assert reason in find_profile("ssh://bench-4", BOARD).reason


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"schema": "bakeoff.profile/2"}'])
def test_a_damaged_profile_is_none(content):
    store_profile(profile()).write_bytes(content)
    assert "cannot be understood" in find_profile("ssh://bench-4", BOARD).reason


def test_a_device_that_was_never_looked_at_has_none():
    assert "never" in find_profile("local", BOARD).reason


def test_later_reports_say_what_was_found():
    found = profile()
    words = profile_in_words(found)
    seen = found.calibration.default_run
    assert words.startswith(f"Calibrated on {found.made_at:%Y-%m-%d}: two equal builds differ by up to ")
    assert f"changes of {percent(seen.fraction)} or more are seen in a run of {seen.pairs} pairs" in words
    assert "called different" not in words
    assert profile_in_words(profile(calibrated=False)) is None


def test_a_profile_of_before_is_read_and_says_what_it_was_reckoned_for():
    path = store_profile(profile())
    told = json.loads(path.read_text(encoding="utf-8"))
    for name in ("default_run", "seen_by"):
        del told["calibration"][name]
    for each in told["calibration"]["detectable"]:
        del each["reason"]
    path.write_text(json.dumps(told), encoding="utf-8")
    found = find_profile("ssh://bench-4", BOARD)
    assert (found.calibration.default_run, found.calibration.seen_by) == (None, "fixed")
    assert "are seen in 5 minutes of a fixed number of pairs (m.onnx" in profile_in_words(found)


@pytest.mark.parametrize(
    ("fraction", "text"), [(0.0, "0 %"), (0.00421, "0.42 %"), (0.012, "1.2 %"), (0.12, "12 %"), (2.5, "250 %")]
)
def test_percents(fraction, text):
    assert percent(fraction) == text
