"""Which process of a browser a frame has: the one whose main thread has work while the frame's page keeps it busy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from devices.python_runner.browser.process_tree import is_running, tree
from devices.python_runner.clock import clock_ns

if TYPE_CHECKING:
    from devices.python_runner.browser.frame import Page

_SPIN_NS = 80_000_000
_LONGEST_SPIN_NS = 16 * _SPIN_NS
_SPINS = 5
_LOOK_EVERY_S = 0.004
# Of the looks at a process more than at rest: a frame may come late to its spin on a machine that others keep busy.
_CLEARLY = 0.5


def answers_meanwhile(tab: Page, frame: Page, timeout_ns: int) -> bool:
    """Whether the tab answers while the frame's thread is busy. On a machine that others keep busy too an answer may
    come late, so where it came after the spin a longer one is tried.
    """
    spin_ns = 2 * _SPIN_NS
    while spin_ns <= _LONGEST_SPIN_NS:
        spun = frame.ask_without_waiting("spin", duration_ns=spin_ns)
        tab.ask("echo", timeout_ns)
        frame.answer_to(spun, timeout_ns)
        if tab.came_ns - frame.sent_ns < spin_ns // 2:
            return True
        spin_ns *= 2
    return False


def spinning_process(browser: int, frame: Page, timeout_ns: int) -> int | None:
    """The process of a browser whose main thread has work all the while that the frame spins, and not before: two times
    in a row the same, and no other; None where none is. How long it waits for a core meanwhile makes no difference,
    since a thread that has work and waits is running too, as the kernel tells it.
    """
    processes = tree(browser)
    pids = [process.pid for process in processes if process.role == "page"] or [process.pid for process in processes]
    named = None
    for attempt in range(_SPINS if pids else 0):
        spin_ns = _SPIN_NS << attempt
        at_rest = _running_shares(pids, spin_ns // 2)
        spun = frame.ask_without_waiting("spin", duration_ns=spin_ns)
        at_work = _running_shares(pids, spin_ns)
        frame.answer_to(spun, timeout_ns)
        more = {pid: at_work[pid] - at_rest[pid] for pid in pids}
        *others, most = sorted(pids, key=more.__getitem__)
        is_clear = more[most] > max(_CLEARLY, 2 * max((more[other] for other in others), default=0.0))
        if is_clear and most == named:
            return most
        named = most if is_clear else None
    return None


def _running_shares(pids: list[int], duration_ns: int) -> dict[int, float]:
    """How often of the times that it was looked at within so long the main thread of each process had work."""
    found = dict.fromkeys(pids, 0)
    looks = 0
    until_ns = clock_ns() + duration_ns
    while looks == 0 or clock_ns() < until_ns:
        for pid in pids:
            found[pid] += is_running(pid)
        looks += 1
        time.sleep(_LOOK_EVERY_S)
    return {pid: count / looks for pid, count in found.items()}
