"""What a reader is told of a phone's settings and clocks, before and after."""

from harness.analysis.conditions.state_warnings import state_warnings
from harness.documents.phone_state import ClockLimits, PhoneState, PhoneStates

CALM = PhoneState(
    booting=False,
    battery_saver=False,
    airplane_mode=False,
    online_cores="0-7",
    clocks={"policy4": ClockLimits(governor="schedutil", min_khz=500_000, max_khz=2_914_000)},
)


def told(before=CALM, after=CALM):
    return state_warnings(PhoneStates(before=before, after=after))


def changed(**limits):
    policy = CALM.clocks["policy4"].model_copy(update=limits)
    return CALM.model_copy(update={"clocks": {"policy4": policy}})


def saving(on):
    return CALM.model_copy(update={"battery_saver": on})


def test_nothing_is_said_of_a_phone_that_stayed_as_it_was_or_was_not_asked():
    assert told() == []
    assert state_warnings(None) == []
    assert told(before=None, after=None) == []
    assert told(before=PhoneState(), after=CALM) == []
    assert told(before=CALM, after=PhoneState()) == []


def test_battery_saver_is_told_with_the_remedy():
    (warning,) = told(saving(True), saving(True))
    assert warning.startswith("Battery saver was on during the run: ")
    assert "Switch it off" in warning
    assert told(saving(True), None) == [warning]


def test_battery_saver_that_comes_on_or_goes_off_is_told():
    for before, after in ((False, True), (True, False)):
        (warning,) = told(saving(before), saving(after))
        assert "for a part of the run" in warning


def test_what_is_another_after_the_run_is_told_with_both_values():
    assert told(after=CALM.model_copy(update={"online_cores": "0-5"})) == [
        "Processor cores went on or off during the run: 0-7 before, 0-5 after."
    ]
    (warning,) = told(after=changed(governor="powersave"))
    assert "policy4 from schedutil to powersave" in warning
    (warning,) = told(after=changed(max_khz=1_900_000))
    assert "policy4 from 500–2914 MHz to 500–1900 MHz" in warning
    (warning,) = told(after=changed(min_khz=800_000))
    assert "policy4 from 500–2914 MHz to 800–2914 MHz" in warning


def test_what_a_phone_stops_saying_is_no_change():
    assert told(after=changed(governor=None, min_khz=None, max_khz=None)) == []


def test_measuring_that_began_while_android_booted_is_told():
    (warning,) = told(before=CALM.model_copy(update={"booting": True}))
    assert "had not finished booting" in warning
