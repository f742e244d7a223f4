"""A part of the simulated years of `benchmarks/nightly_detection.py`: fewer nights and series, so that every test run
sees it.
"""

from dataclasses import replace

from tests.harness.history.changes.other_rules import beyond_a_threshold, far_from_the_last_nights
from tests.harness.history.changes.simulated_year import QUIET, Year, YearSettings
from tests.harness.history.changes.told_year import alerts_of_rule, nights_of, score

SMALL = replace(QUIET, nights=90, devices=2, experiments=2, seed=3, shared=0.25)


def test_of_nights_in_which_nothing_happens_nobody_is_told():
    year = Year(SMALL).build()
    told = nights_of(year)
    assert score(year, told.alerts).alerts == 0
    # Others tell of dozens on the same nights.
    for rule in (far_from_the_last_nights, beyond_a_threshold):
        assert score(year, alerts_of_rule(year, rule)).false_alarms > 20
    # What was measured a second time is a small part of what was measured.
    assert told.measured_again < 0.15 * SMALL.nights * 4


def test_steps_are_found_within_days_and_told_once():
    year = Year(replace(SMALL, steps=8, step_size=0.08)).build()
    told = nights_of(year)
    found = score(year, told.alerts, told.members)
    assert found.false_alarms == 0
    assert found.share_found("step", within=5) >= 0.75
    assert found.alerts_an_event == 1.0


def test_a_commit_of_one_experiment_is_one_event_on_all_devices():
    year = Year(replace(SMALL, nights=60, commit_steps=1, step_size=0.08)).build()
    told = nights_of(year)
    [event] = year.planted
    [(night, alert)] = [(night, alert) for night, alerts in enumerate(told.alerts) for alert in alerts]
    assert event.night <= night <= event.night + 3
    assert set(event.series) >= set(alert)
    assert len(alert) >= 2


def test_a_busy_year_tells_no_event_twice():
    settings = YearSettings(
        nights=90, devices=2, experiments=2, seed=5, shared=0.25, commit_steps=1, steps=2, drifts=0, device_shifts=1,
        environment_changes=2, costs_moved=0, gone_again=0, step_size=0.08,
    )  # fmt: skip
    year = Year(settings).build()
    told = nights_of(year)
    ids = [change.id for change in told.told]
    assert len(ids) == len(set(ids))
    assert score(year, told.alerts, told.members).alerts_an_event <= 1.25
