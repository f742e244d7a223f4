"""What a night says of those before it."""

from __future__ import annotations

from harness.nightly.looking_back import looking_back
from tests.reports.nightly import sample_night as sample


def of(night: str, **fields: object):
    return sample.fine_night(night=night, finished_at=f"{night}T03:00:00+00:00", **fields)


def test_the_first_night_missed_none():
    found = looking_back(of("2026-11-30"), [])
    assert (found.missed_nights, found.last_success_at) == ([], "2026-11-30T03:00:00+00:00")


def test_nights_between_the_first_and_tonight_are_missed_the_latest_first():
    found = looking_back(of("2026-11-30"), [of("2026-11-26"), of("2026-11-28")])
    assert found.missed_nights == ["2026-11-29", "2026-11-27"]


def test_no_more_than_thirty_nights_are_looked_back():
    found = looking_back(of("2026-11-30"), [of("2026-01-01")])
    assert len(found.missed_nights) == 30
    assert found.missed_nights[-1] == "2026-10-31"


def test_a_night_that_measured_nothing_is_there_and_no_success():
    nights = [of("2026-11-27"), of("2026-11-28", outcome="partly"), of("2026-11-29", outcome="not measured")]
    found = looking_back(of("2026-11-30", outcome="not measured"), nights)
    assert (found.missed_nights, found.last_success_at) == ([], "2026-11-28T03:00:00+00:00")
    assert looking_back(of("2026-11-30", outcome="not measured"), nights[2:]).last_success_at is None


def test_other_suites_and_later_nights_do_not_count():
    found = looking_back(of("2026-11-30"), [of("2026-11-27", suite="other"), of("2026-12-02")])
    assert found.missed_nights == []
