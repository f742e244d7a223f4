"""A night ends in time, by a clock that nobody sets, and is of the date on which it began."""

import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from harness.documents.folder import write_model
from harness.errors import UserError
from harness.nightly.budget import Budget, estimate_minutes
from harness.nightly.device_lock import device_lock
from harness.nightly.night_folder import NightFolder
from harness.nightly.night_label import checked_night, night_to_measure
from harness.nightly.state import NightState
from tests.rig.command import environment


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_what_does_not_fit_is_not_begun_and_what_nobody_knows_is():
    clock = Clock()
    budget = Budget(60, clock=clock)
    assert budget.grace_s == 60
    assert budget.fits(59 * 60)
    assert not budget.fits(59 * 60 + 1)
    assert budget.fits(40 * 60, reserved_s=12 * 60)
    assert not budget.fits(50 * 60, reserved_s=12 * 60)
    clock.now += 58 * 60
    assert budget.fits(None)
    assert not budget.fits(None, reserved_s=12 * 60)
    clock.now += 60
    assert budget.is_over
    assert not budget.fits(None)
    assert budget.left_s == 60


def test_what_was_spent_before_a_crash_stays_spent():
    assert Budget(10, spent_s=540, clock=Clock()).left_s == 60


def test_a_run_is_asked_to_stop_and_then_made_to():
    budget = Budget(0.002)  # 120 ms
    asked, at_once = threading.Event(), threading.Event()
    budget.watch(asked.set, at_once.set)
    assert asked.wait(30)
    assert at_once.wait(30)


def test_nobody_is_asked_once_all_is_done():
    asked = threading.Event()
    budget = Budget(0.005)
    budget.watch(asked.set, asked.set).set()
    time.sleep(0.4)
    assert not asked.is_set()


@pytest.mark.parametrize(
    ("earlier", "minutes"),
    [([], None), ([3.0], 3.0), ([3.0, 9.0, 4.0], 9.0), ([float("nan"), 0.0], None), ([1.0] * 9 + [30.0], 1.0)],
)
def test_a_job_is_expected_to_take_as_long_as_it_did(earlier, minutes):
    assert estimate_minutes(earlier) == minutes


def test_a_night_is_of_the_local_date_on_which_it_began(tmp_path):
    east = timezone(timedelta(hours=9))
    assert night_to_measure(tmp_path, datetime(2026, 11, 30, 0, 30, tzinfo=east)) == "2026-11-30"
    berlin = ZoneInfo("Europe/Berlin")  # the clock is set back at three: both hours are of one night
    hours = [datetime(2026, 10, 25, 2, 30, tzinfo=berlin, fold=fold) for fold in (0, 1)]
    assert {night_to_measure(tmp_path, hour) for hour in hours} == {"2026-10-25"}


def begun(tmp_path, night: str, at: str, *, finished: bool = False) -> None:
    state = NightState(
        suite="s", night=night, host="h", started_at=at, is_finished=finished, asked="", jobs=[]
    )  # fmt: skip
    write_model(NightFolder(tmp_path / night).state, state)


@pytest.mark.parametrize(
    ("began", "finished", "now", "night"),
    [
        ("2026-11-30T23:30:00+00:00", False, "2026-12-01T00:10:00+00:00", "2026-11-30"),  # a reboot over midnight
        ("2026-11-30T23:30:00+00:00", True, "2026-12-01T00:10:00+00:00", "2026-12-01"),
        ("2026-11-30T02:00:00+00:00", False, "2026-12-01T02:00:00+00:00", "2026-12-01"),  # cut, and never gone on with
        ("2026-11-30T00:10:00+00:00", False, "2026-11-29T23:50:00+00:00", "2026-11-30"),  # the clock was set back
    ],
)
def test_a_night_that_was_cut_goes_on_also_after_midnight_and_with_another_clock(tmp_path, began, finished, now, night):
    begun(tmp_path, "2026-11-30", began, finished=finished)
    assert night_to_measure(tmp_path, datetime.fromisoformat(now)) == night


@pytest.mark.parametrize("text", ["2026-02-30", "30.11.2026", "2026-11-30T00", "", "../x", "٢٠٢٦-11-30", "20261130"])
def test_what_is_no_date_is_no_night(text):
    with pytest.raises(UserError, match="is not a night"):
        checked_night(text)


def test_a_night_may_be_named():
    assert checked_night("2026-11-30") == "2026-11-30"


HOLD = """
import sys, time
from harness.nightly.device_lock import device_lock
with device_lock(sys.argv[1], lambda s: False, lambda: None) as had:
    print(had, flush=True)
    time.sleep(600)
"""


def test_a_devices_lock_is_waited_for_and_dies_with_its_owner(tmp_path, monkeypatch):
    monkeypatch.setenv("BAKEOFF_STATE", str(tmp_path))
    owner = subprocess.Popen(
        [sys.executable, "-c", HOLD, "adb:A"], env=environment(BAKEOFF_STATE=str(tmp_path)), stdout=subprocess.PIPE
    )
    assert owner.stdout is not None
    assert owner.stdout.readline() == b"True\n"
    said = []
    with device_lock("adb:B", lambda s: False, lambda: said.append("B")) as had:
        assert had
    with device_lock("adb:A", lambda s: False, lambda: said.append("A")) as had:
        assert not had

    def kill_and_wait(seconds: float) -> bool:
        owner.kill()
        owner.wait()
        return True

    with device_lock("adb:A", kill_and_wait, lambda: None) as had:
        assert had
    assert said == ["A"]
    owner.stdout.close()


def test_two_names_that_look_alike_in_a_file_name_have_locks_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("BAKEOFF_STATE", str(tmp_path))
    with (
        device_lock("ssh://a/b", lambda s: False, lambda: None) as one,
        device_lock("ssh://a:b", lambda s: False, lambda: None) as other,
    ):
        assert one
        assert other
    assert len(list((tmp_path / "devices").iterdir())) == 2
