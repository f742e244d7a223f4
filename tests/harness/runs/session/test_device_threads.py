"""Work on several devices at once, and a person who presses Ctrl-C."""

import os
import signal
import threading
import time

import pytest

from harness.runs.session.device_threads import in_threads
from harness.runs.session.stop_request import InterruptedRunError, StopRequest, signals_as_interrupts


def press(number: int = signal.SIGINT) -> None:
    """Send the signal to this process."""
    os.kill(os.getpid(), number)


def test_outcomes_come_in_order_and_all_at_once():
    meeting = threading.Barrier(3, timeout=120)
    assert in_threads([lambda n=n: (meeting.wait(), n)[1] for n in range(3)], StopRequest()) == [0, 1, 2]


def test_a_fault_stops_the_others_and_is_what_is_raised():
    stop = StopRequest()

    def fail() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        in_threads([lambda: stop.sleep(60), fail, lambda: stop.sleep(60)], stop)


def test_the_first_signal_asks_the_second_presses_the_third_leaves():
    stop = StopRequest()
    seen = []

    def work() -> None:
        # Each is sent once the one before has been heard: signals that wait together are heard as one.
        press()
        while not stop.asked:
            time.sleep(0.01)
        seen.append(stop.at_once)
        press()
        while not stop.at_once:
            time.sleep(0.01)
        seen.append(stop.at_once)
        press()
        time.sleep(600)  # a device that hangs

    with pytest.raises(KeyboardInterrupt), stop.listening():
        in_threads([work], stop)
    assert seen == [False, True]


def test_a_stop_ends_a_wait_at_once():
    stop = StopRequest()
    threading.Timer(0.1, stop.ask).start()
    with pytest.raises(InterruptedRunError):
        stop.sleep(600)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_being_ended_is_what_ctrl_c_is(number):
    def wait() -> None:
        # Pressed by somebody else, and not before it is listened to.
        with signals_as_interrupts():
            threading.Timer(0.1, press, (number,)).start()
            time.sleep(60)

    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt):
        wait()
    assert signal.getsignal(number) == before


def test_a_signal_that_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with signals_as_interrupts(), StopRequest().listening():
            press(signal.SIGHUP)
            time.sleep(0.05)
    finally:
        signal.signal(signal.SIGHUP, before)
