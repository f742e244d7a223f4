"""What people are told of a night: each event once, with its members and what is likely to have caused it."""

from dataclasses import replace

import pytest

from harness.history.changes.decide import decide
from harness.history.changes.limits import NIGHTS_LOOKED_AT
from harness.history.changes.suspects import find_suspects
from harness.history.changes.track import before_second_measurement, tracks_of
from harness.history.rows import Environment
from tests.harness.history.changes.histories import Nights, commit, keys_of, night_of

OLD, NEW = commit("a1"), commit("b2c3", "prune the tail")


def since(night, before=OLD, after=NEW):
    return lambda _key, n: (after if n >= night else before,)


def test_a_regression_of_the_fourth_night_is_told_once_with_its_commit():
    nights = Nights(keys_of(devices=3), lambda _key, n, _a: 1.3 if n >= 3 else 1.0, commits=since(3)).go(12)
    assert [night for night, _ in nights.news()] == [3]
    change = nights.news()[0][1]
    assert change.kind == "regression"
    assert change.commits == [NEW]
    assert (change.last_good_night, change.first_bad_night) == (night_of(2), night_of(3))
    assert change.sentence == "9 series on 3 devices got slower, all since commit b2c3b2c (“prune the tail”)."
    assert change.is_regression
    for member in change.members:
        assert member.is_worse
        assert member.low < 1.3 < member.high
        assert "slower than before (between" in member.words or "more than before" in member.words
    assert "seen again when it was measured a second time" in change.how_sure


def test_one_event_over_many_series_is_one_change():
    keys = keys_of(devices=3, experiments=2, quantities=("latency_p50", "latency_p90", "load_time", "run_peak_memory"))
    commits = lambda key, n: (NEW if n >= 20 else OLD,) if key.experiment == "experiment0" else (OLD,)  # noqa: E731
    nights = Nights(
        keys, lambda key, n, _a: 1.06 if n >= 20 and key.experiment == "experiment0" else 1.0, commits=commits
    ).go(26)
    [(night, change)] = nights.news()
    assert night == 20
    assert len(change.members) == 12
    assert change.sentence.startswith("12 series on 3 devices got worse, all since commit b2c3b2c")


def test_a_run_that_was_off_is_not_told():
    nights = Nights(keys_of(), lambda _key, n, a: 1.2 if (n, a) == (20, 1) else 1.0).go(24)
    assert nights.suspects[20] != []
    assert nights.news() == []
    assert {each.confirmation for each in nights.by_night[20]} == {"not confirmed"}
    assert not any(each.is_new for each in nights.by_night[20])
    assert nights.suspects[21] == []


def test_what_could_not_be_measured_again_is_suspected_and_told_once_it_is_confirmed():
    nights = Nights(keys_of(), lambda _key, n, _a: 1.2 if n >= 20 else 1.0, commits=since(20))
    nights.go(20)
    nights.can_measure_again = False
    suspected = nights.one(20)
    assert [each.confirmation for each in suspected] == ["suspected"]
    assert "not measured a second time" in suspected[0].how_sure
    assert not suspected[0].is_regression
    assert [each.is_new for each in nights.one(21)] == [False]
    nights.can_measure_again = True
    [change] = nights.one(22)
    assert (change.confirmation, change.is_new, change.id) == ("confirmed", True, suspected[0].id)
    assert change.first_bad_night == night_of(20)
    assert nights.one(23) == []


def test_a_night_that_is_run_once_more_tells_nothing_twice():
    nights = Nights(keys_of(), lambda _key, n, _a: 1.2 if n >= 20 else 1.0, commits=since(20)).go(20)
    before = list(nights.told)
    [first] = nights.one(20)
    [again] = nights.one(20)
    assert (again.id, again.is_new, again.members) == (first.id, False, first.members)
    # A host that lost what it told finds the same event.
    series = list(nights.series.values())
    suspects = find_suspects(before_second_measurement(series, night_of(20)), before, night_of(20))
    [anew] = decide(series, suspects, before, night_of(20))
    assert anew == first


def test_one_night_that_nothing_explains_waits_for_the_next():
    hot = Nights(keys_of(), lambda _key, n, _a: 1.1 if n == 20 else 1.0, commits=lambda _key, _n: (OLD,)).go(25)
    assert hot.news() == []
    stays = Nights(keys_of(), lambda _key, n, _a: 1.1 if n >= 20 else 1.0, commits=lambda _key, _n: (OLD,)).go(25)
    [(night, change)] = stays.news()
    assert (night, change.first_bad_night) == (21, night_of(20))


def test_most_of_a_device_s_series_at_once_with_nothing_of_ours_changed_is_the_device():
    keys = keys_of(devices=3, experiments=3)
    nights = Nights(
        keys,
        lambda key, n, _a: 1.08 if n >= 20 and key.device == "adb:PHONE1" else 1.0,
        commits=lambda _key, _n: (OLD,),
    ).go(25)
    [(_, change)] = nights.news()
    assert change.kind == "device changed"
    assert change.sentence == (
        f"9 of 9 series on adb:PHONE1 moved at once since the night of {night_of(20)}, and nothing of ours changed."
    )
    assert not change.is_regression


def test_an_update_of_the_system_is_named_as_the_likely_cause():
    def environment(key, n):
        return Environment({"os": "Android 15" if n >= 20 and key.device == "adb:PHONE1" else "Android 14"})

    nights = Nights(
        keys_of(devices=2, experiments=2),
        lambda key, n, _a: 1.05 if n >= 20 and key.device == "adb:PHONE1" else 1.0,
        environment=environment,
    ).go(25)
    [(_, change)] = nights.news()
    assert change.kind == "environment changed"
    assert change.causes == ["the operating system changed on adb:PHONE1: Android 14 to Android 15"]


def test_an_update_that_changes_nothing_is_not_told():
    nights = Nights(
        keys_of(), lambda _key, _n, _a: 1.0, environment=lambda _key, n: Environment({"os": str(n // 15)})
    ).go(50)
    assert nights.news() == []


def test_another_device_under_the_name_is_said_to_be_one():
    nights = Nights(
        keys_of(),
        lambda _key, n, _a: 0.9 if n >= 20 else 1.0,
        environment=lambda _key, n: Environment({"serial": "R5B" if n >= 20 else "R5A", "os": "Android 14"}),
    ).go(22)
    [(_, change)] = nights.news()
    assert change.causes == ["another device answers as adb:PHONE0: serial R5A before, R5B now"]


def test_a_commit_is_blamed_on_a_phone_that_was_updated_too_where_others_show_it():
    def environment(key, n):
        return Environment({"os": "Android 15" if n >= 20 and key.device == "adb:PHONE1" else "Android 14"})

    nights = Nights(
        keys_of(devices=3), lambda _key, n, _a: 1.1 if n >= 20 else 1.0, commits=since(20), environment=environment
    ).go(24)
    [(_, change)] = nights.news()
    assert change.kind == "regression"
    assert len(change.members) == 9
    assert change.commits == [NEW]


def test_a_commit_in_the_night_of_an_update_everywhere_wakes_people_too():
    nights = Nights(
        keys_of(devices=2), lambda _key, n, _a: 1.1 if n >= 20 else 1.0, commits=since(20),
        environment=lambda _key, n: Environment({"os": "Android 15" if n >= 20 else "Android 14"}),
    ).go(24)  # fmt: skip
    [(_, change)] = nights.news()
    assert (change.kind, change.commits) == ("environment changed", [NEW])
    assert change.is_regression


def test_an_update_alone_wakes_nobody():
    nights = Nights(
        keys_of(devices=2), lambda _key, n, _a: 1.1 if n >= 20 else 1.0, commits=lambda _key, _n: (OLD,),
        environment=lambda _key, n: Environment({"os": "Android 15" if n >= 20 else "Android 14"}),
    ).go(24)  # fmt: skip
    [(_, change)] = nights.news()
    assert (change.kind, change.is_regression) == ("environment changed", False)


def test_cost_that_moved_from_loading_to_the_first_inference_is_said_to():
    def effect(key, n, _a):
        if n < 20:
            return 1.0
        return {"load_time": 0.8, "first_inference": 1.2}.get(key.quantity, 1.0)

    keys = keys_of(quantities=("load_time", "first_inference", "latency_p50"))
    nights = Nights(keys, effect, commits=since(20)).go(24)
    [(_, change)] = nights.news()
    assert change.kind == "cost moved"
    assert "only moved on adb:PHONE0" in change.sentence
    assert "shorter, the first inference" in change.sentence
    assert not change.is_regression


def test_what_was_told_and_is_no_more_is_gone_again():
    nights = Nights(
        keys_of(devices=2), lambda _key, n, _a: 1.1 if 20 <= n < 40 else 1.0,
        commits=lambda _key, n: (OLD if n < 20 else NEW if n < 40 else commit("d4", "undo it"),),
    ).go(45)  # fmt: skip
    [(first, regression), (second, gone)] = nights.news()
    assert (first, second) == (20, 40)
    assert (regression.kind, gone.kind) == ("regression", "gone again")
    assert "the regression since commit b2c3b2c (“prune the tail”) is gone again since commit d4d4d4d" in gone.sentence


def test_an_improvement_that_is_lost_again_is_a_regression():
    nights = Nights(
        keys_of(devices=2), lambda _key, n, _a: 0.9 if 20 <= n < 40 else 1.0,
        commits=lambda _key, n: (OLD if n < 20 else NEW if n < 40 else commit("d4", "undo it"),),
    ).go(43)  # fmt: skip
    [(_, improvement), (night, lost)] = nights.news()
    assert (improvement.kind, night, lost.kind) == ("improvement", 40, "regression")
    assert lost.is_regression
    assert "the improvement since commit b2c3b2c (“prune the tail”) is gone again since commit d4d4d4d" in lost.sentence


@pytest.mark.parametrize("nights_later", [1, 2, 3])
def test_a_fix_is_seen_the_night_after_it_also_soon_after_the_regression(nights_later):
    fixed = 20 + nights_later
    nights = Nights(
        keys_of(), lambda _key, n, _a: 1.1 if 20 <= n < fixed else 1.0,
        commits=lambda _key, n: (OLD if n < 20 else NEW if n < fixed else commit("d4", "undo it"),),
    ).go(fixed + 8)  # fmt: skip
    assert [(night, each.kind) for night, each in nights.news()] == [(20, "regression"), (fixed, "gone again")]


def test_a_second_regression_two_nights_after_the_first_is_told():
    nights = Nights(
        keys_of(devices=2), lambda _key, n, _a: 1.0 if n < 20 else 1.1 if n < 22 else 1.3,
        commits=lambda _key, n: (OLD if n < 20 else NEW if n < 22 else commit("d4", "and one more"),),
    ).go(30)  # fmt: skip
    assert [(night, each.kind) for night, each in nights.news()] == [(20, "regression"), (22, "regression")]


def test_a_commit_that_was_taken_back_and_comes_again_is_told_again():
    nights = Nights(
        keys_of(), lambda _key, n, _a: 1.1 if 20 <= n < 30 or n >= 40 else 1.0,
        commits=lambda _key, n: (NEW if 20 <= n < 30 or n >= 40 else OLD,),
    ).go(44)  # fmt: skip
    assert [(night, each.kind) for night, each in nights.news()] == [
        (20, "regression"),
        (30, "gone again"),
        (40, "regression"),
    ]
    assert len({each.id for _, each in nights.news()}) == 3
    # Told of in that night once: whoever runs it again hears nothing new.
    assert [each.is_new for each in nights.one(40)] == [False]


def test_a_slow_course_over_weeks_is_a_drift_and_told_once():
    nights = Nights(
        keys_of(quantities=("run_peak_memory",)),
        lambda _key, n, _a: 1.0 + 0.08 * min(max(n - 30, 0) / 60.0, 1.0),
        commits=lambda _key, _n: (OLD,),
        noise=0.01,
    ).go(130)
    assert [change.kind for _, change in nights.news()] == ["drift"]


def test_an_experiment_that_is_another_one_starts_anew_and_that_is_told_once():
    nights = Nights(
        keys_of(devices=2), lambda _key, n, _a: 1.5 if n >= 20 else 1.0,
        design=lambda _key, n: "two" if n >= 20 else "one",
    ).go(26)  # fmt: skip
    [(night, change)] = nights.news()
    assert (night, change.kind) == (20, "new series")
    assert change.sentence == "experiment0 is no longer the experiment of the nights before: its 6 series start anew."
    assert not change.is_regression


def test_nights_that_are_missing_do_no_harm():
    nights = Nights(
        keys_of(devices=2),
        lambda key, n, _a: None if n % 3 == 0 and key.device == "adb:PHONE1" else 1.1 if n >= 21 else 1.0,
        commits=since(21),
    ).go(30)
    [(night, change)] = nights.news()
    assert night == 21
    # The phone that was away that night shows it in the next, and nobody is woken again.
    [later] = nights.by_night[22]
    assert (later.id, later.is_new, len(later.members)) == (change.id, False, 6)


def test_exact_scores_change_by_more_than_is_negligible_or_not_at_all():
    keys = keys_of(quantities=("psnr_y",))
    small = Nights(keys, lambda _k, n, _a: -0.12 if n >= 20 else -0.1, scale="difference", noise=0.0).go(25)
    assert small.news() == []
    large = Nights(keys, lambda _k, n, _a: -0.4 if n >= 20 else -0.1, scale="difference", noise=0.0).go(25)
    assert [night for night, _ in large.news()] == [21]


def test_the_same_nights_are_looked_at_before_and_after_a_second_measurement():
    """A series that was measured twice in many nights has more attempts than are looked at otherwise."""
    nights = Nights(keys_of(quantities=("latency_p50",)), lambda _key, _n, _a: 1.0)
    [key] = nights.keys
    nights.go(1)
    one = nights.series[key].points[0]
    points = tuple(
        replace(one, night=night_of(number), attempt=attempt, run_id=f"{number}-{attempt}")
        for number in range(160)
        for attempt in ((1, 2) if number % 2 or number > 100 else (1,))
    )
    series = [replace(nights.series[key], points=points)]
    [before] = tracks_of(before_second_measurement(series, night_of(159)), [], night_of(159))
    [after] = tracks_of(series, [], night_of(159))
    assert [point.night for point in before.points] == [point.night for point in after.points]
    assert len(after.points) == NIGHTS_LOOKED_AT


def test_a_commit_s_message_shows_no_escape_sequences():
    bad = commit("b2c3", "\x1b[31mred\nline\u202e")
    nights = Nights(keys_of(), lambda _key, n, _a: 1.3 if n >= 10 else 1.0, commits=since(10, after=bad)).go(11)
    [(_, change)] = nights.news()
    assert "\x1b" not in change.sentence
    assert "\\x1b[31mred\\nline" in change.sentence


@pytest.mark.parametrize("nights_before", [1, 2])
def test_too_few_nights_say_nothing(nights_before):
    nights = Nights(keys_of(), lambda _key, n, _a: 2.0 if n >= nights_before else 1.0).go(nights_before + 1)
    assert nights.suspects[nights_before] == []


def test_a_quantity_that_this_bakeoff_does_not_know_is_told_by_its_name():
    keys = [replace(key, quantity="warp_speed") for key in keys_of(devices=2, quantities=("latency_p50",))]
    nights = Nights(keys, lambda _key, n, _a: 1.3 if n >= 20 else 1.0, commits=since(20)).go(21)
    [(_, change)] = nights.news()
    assert change.members[0].label == "warp_speed"
    assert "times what it was before" in change.members[0].words


def test_what_is_only_suspected_joins_nothing_that_was_told():
    nights = Nights(
        keys_of(devices=2),
        lambda key, n, _a: None if n == 20 and key.device == "adb:PHONE1" else 1.2 if n >= 20 else 1.0,
        commits=since(20),
    ).go(21)
    [(_, told)] = nights.news()
    nights.can_measure_again = False
    assert nights.one(21) == []
    nights.can_measure_again = True
    [joined] = nights.one(22)
    assert (joined.id, joined.is_new, len(joined.members)) == (told.id, False, 6)


def test_a_hot_night_of_a_device_is_no_level_in_the_nights_after():
    nights = Nights(
        keys_of(devices=1, experiments=3),
        lambda _key, n, _a: 1.06 if n == 20 else 1.0,
        commits=lambda key, n: (
            (commit("a1") if n < 20 else commit("b2"),) if key.experiment == "experiment0" else (OLD,)
        ),
        noise=0.015,
    ).go(26)
    assert nights.news() == []
