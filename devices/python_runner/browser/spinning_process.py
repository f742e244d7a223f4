"""Which process of a browser a frame has: the one that works while the frame's page keeps its thread busy."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from devices.python_runner.browser.process_tree import cpu_ns, tree

if TYPE_CHECKING:
    from devices.python_runner.browser.frame import Page

_SPIN_NS = 80_000_000
_LONGEST_SPIN_NS = 16 * _SPIN_NS
_SPINS = 8
_CLEARLY_NS = 20_000_000
"""Of work: where others keep the machine busy too, a spin gets less of it."""


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
    """The process of a browser that works more while the frame spins than in as long a time without, over a few spins
    together; None where none does clearly. A browser that has just started is still busy with itself.
    """
    processes = tree(browser)
    pages = [process.pid for process in processes if process.role == "page"]
    more_ns = dict.fromkeys(pages or [process.pid for process in processes], 0)
    for _ in range(_SPINS if more_ns else 0):
        _add_work(more_ns, 1)
        time.sleep(_SPIN_NS / 1e9)
        _add_work(more_ns, -2)
        frame.ask("spin", timeout_ns, duration_ns=_SPIN_NS)
        _add_work(more_ns, 1)
        *others, most = sorted(more_ns, key=more_ns.__getitem__)
        if more_ns[most] > max(_CLEARLY_NS, 2 * max((more_ns[other] for other in others), default=0)):
            return most
    return None


def _add_work(more_ns: dict[int, int], times: int) -> None:
    for pid in more_ns:
        more_ns[pid] += times * (cpu_ns(pid) or 0)
