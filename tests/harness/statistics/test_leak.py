"""A leak of 1 KB per 1000 inferences is found; what only looks like one is not called so."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.signal import lfilter

from harness.statistics.leak import LOOKS, MATTERS_BYTES_PER_1000, Leak, Segment, find_leak

RUNS = 100
WINDOWS = 240
EACH = 10_000
"""Inferences in a window: 2.4 million in a run, 24 hours at 36 ms each."""

Floats = np.ndarray


def noise(random: np.random.Generator, windows: int = WINDOWS, spread: float = 40_000.0) -> Floats:
    """AR(1) with coefficient .8 from window to window, 40 KB, in whole pages of 4096 bytes."""
    shocks = random.normal(0, spread * 0.6, windows + 50)
    return np.asarray(np.round(lfilter([1.0], [1.0, -0.8], shocks)[50:] / 4096) * 4096)


def leak(random: np.random.Generator) -> Floats:
    return 80e6 + 1024.0 * EACH / 1000 * np.arange(WINDOWS)


def leak_in_arenas(random: np.random.Generator) -> Floats:
    return 80e6 + np.floor(leak(random) / 132_000) * 132_000


def plateau(random: np.random.Generator) -> Floats:
    return np.full(WINDOWS, 80e6)


def warm_up(random: np.random.Generator) -> Floats:
    return 80e6 - 20e6 * np.exp(-np.arange(WINDOWS) / (WINDOWS * random.uniform(0.02, 0.2)))


def short_warm_up(random: np.random.Generator) -> Floats:
    return 80e6 - 20e6 * np.exp(-np.arange(WINDOWS) / (WINDOWS * random.uniform(0.005, 0.03)))


def slow_warm_up(random: np.random.Generator) -> Floats:
    return 80e6 - 20e6 * np.exp(-np.arange(WINDOWS) / (WINDOWS * random.uniform(0.3, 0.6)))


def arenas(random: np.random.Generator) -> Floats:
    """One to four jumps of 1 MB, at any time."""
    jumps = random.integers(0, WINDOWS, random.integers(1, 5))
    return 80e6 + 1e6 * (np.arange(WINDOWS)[:, None] >= jumps).sum(axis=1)


def sawtooth(random: np.random.Generator) -> Floats:
    """A collector that lets 5 MB grow and frees them, every 5 to 80 windows."""
    period = random.uniform(5, 80)
    return 80e6 + 5e6 * ((np.arange(WINDOWS) + random.uniform(0, period)) % period) / period


def segment(held: Floats) -> Segment:
    return Segment(np.full(held.size, float(EACH)), np.full(held.size, 360.0), held)


def answers(shape, seed: int, runs: int = RUNS) -> dict[str, float]:
    found = []
    for run in range(runs):
        random = np.random.default_rng([seed, run])
        found.append(find_leak([segment(shape(random) + noise(random))]).answer)
    return {answer: found.count(answer) / runs for answer in ("yes", "no", "not yet known")}


@pytest.mark.parametrize("shape", [leak, leak_in_arenas])
def test_a_kilobyte_per_thousand_inferences_is_found(shape) -> None:
    shares = answers(shape, 1)
    print(f"{shape.__name__}: {shares}")
    assert shares["yes"] >= 0.95
    assert shares["no"] == 0.0


@pytest.mark.parametrize("shape", [plateau, short_warm_up, warm_up, slow_warm_up, arenas, sawtooth])
def test_what_only_looks_like_a_leak_is_not_called_one(shape) -> None:
    shares = answers(shape, 2)
    print(f"{shape.__name__}: {shares}")
    assert shares["yes"] <= 0.02


@pytest.mark.parametrize("shape", [plateau, short_warm_up])
def test_a_plateau_is_said_to_be_none(shape) -> None:
    assert answers(shape, 3)["no"] >= 0.9


def test_no_is_said_wrongly_at_most_five_times_in_a_hundred() -> None:
    # The worst case: a leak exactly as large as the smallest that matters.
    def smallest(random: np.random.Generator) -> Floats:
        return 80e6 + MATTERS_BYTES_PER_1000 * EACH / 1000 * np.arange(WINDOWS)

    shares = answers(smallest, 4, 200)
    print(f"a leak of {MATTERS_BYTES_PER_1000:g} bytes per 1000 inferences: {shares}")
    assert shares["no"] <= 0.05


def test_the_slope_has_its_unit_and_its_bounds() -> None:
    random = np.random.default_rng(5)
    found = find_leak([segment(leak(random) + noise(random))])
    assert found.bytes_per_1000 == pytest.approx(1024, rel=0.1)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 1024 < found.high
    # 10 000 inferences in 360 s are 2.4 million in a day.
    assert found.bytes_per_day == pytest.approx((found.bytes_per_1000 or 0) * 2400)
    assert found.reason == "memory grows steadily"


def test_processes_that_were_started_anew_are_not_joined() -> None:
    random = np.random.default_rng(6)
    rising = [segment(warm_up(random)[:120] + noise(random, 120) + 9e6 * step) for step in range(4)]
    assert find_leak(rising).answer != "yes"  # each process begins higher, and none grows
    leaking = [segment(leak(random)[:120] + noise(random, 120)) for _ in range(4)]
    assert find_leak(leaking).answer == "yes"


def test_few_windows_say_nothing() -> None:
    random = np.random.default_rng(7)
    few = find_leak([segment(leak(random)[:20])])
    assert few == Leak("not yet known", "fewer than 24 windows are past the warm-up")
    assert find_leak([]).answer == "not yet known"
    with pytest.raises(ValueError, match="one value for each window"):
        find_leak([Segment(np.ones(3), np.ones(3), np.ones(2))])


def test_a_smallest_leak_that_matters_can_be_given() -> None:
    random = np.random.default_rng(8)
    held = segment(leak(random) + noise(random))
    assert find_leak([held], matters_bytes_per_1000=5000).answer == "no"
    assert (
        find_leak([held], matters_bytes_per_1000=5000).reason == "it grows by less than 5000 bytes per 1000 inferences"
    )


# --- what comes to stay late -----------------------------------------------------------------------------------------


def of_windows(held: Floats, each: float = 1000.0) -> str:
    return find_leak([Segment(np.full(held.size, each), np.full(held.size, 60.0), np.floor(held / 4096) * 4096)]).answer


LONG = np.arange(480)
"""Windows of 1000 inferences, with a noise of 30 KB."""


@pytest.mark.parametrize("share", [0.2, 0.22, 0.25, 0.35, 0.5])
def test_a_small_plateau_with_a_long_time_constant_is_not_called_a_leak(share: float) -> None:
    random = np.random.default_rng([14, int(100 * share)])
    filled = 80e6 + 1e6 * (1 - np.exp(-LONG / (share * LONG.size)))
    found = [of_windows(filled + random.normal(0, 30e3, LONG.size)) for _ in range(200)]
    print(f"1 MB with a time constant of {share:g} of the run: a leak in {found.count('yes')} of 200")
    assert found.count("yes") <= 0.05 * 200


@pytest.mark.parametrize("full", [0.6, 0.7, 0.8, 0.85, 0.9])
def test_a_cache_that_is_full_at_last_is_not_called_a_leak(full: float) -> None:
    random = np.random.default_rng([15, int(100 * full)])
    filled = 80e6 + 1e4 * np.minimum(LONG, full * LONG.size)
    assert "yes" not in {of_windows(filled + random.normal(0, 30e3, LONG.size)) for _ in range(50)}
    assert of_windows(filled) != "yes"


def test_a_leak_close_to_the_noise_goes_on_to_be_found() -> None:
    random = np.random.default_rng(16)
    found = [of_windows(80e6 + 1024.0 * LONG + random.normal(0, 30e3, LONG.size)) for _ in range(100)]
    assert found.count("yes") >= 95
    after_a_cache = 80e6 + 10_240.0 * LONG + 5e6 * (1 - np.exp(-LONG / 48))
    found = [of_windows(after_a_cache + random.normal(0, 30e3, LONG.size), 10_000) for _ in range(100)]
    assert found.count("yes") >= 95


# --- below what memory is counted in ---------------------------------------------------------------------------------


def in_steps(leaked: float, windows: int, each: int, random: np.random.Generator, step: int = 4096) -> Leak:
    """Of an allocator without noise, that begins anywhere within a step: bytes per 1000 inferences, inferences in each
    of the windows of 2 s.
    """
    grown = leaked * each / 1000 * np.arange(1, windows + 1)
    held = 80e6 + np.floor((random.uniform(0, step) + grown) / step) * step
    return find_leak([Segment(np.full(windows, float(each)), np.full(windows, 2.0), held)])


@pytest.mark.parametrize("step", [1024, 4096, 16_384])
@pytest.mark.parametrize(
    ("windows", "each"), [(40, 25), (40, 75), (40, 125), (60, 125), (120, 60), (480, 20), (480, 250), (480, 1000)]
)
@pytest.mark.parametrize("leaked", [MATTERS_BYTES_PER_1000, 512, 1024])
def test_a_leak_within_a_page_is_not_said_to_be_none(leaked: float, windows: int, each: int, step: int) -> None:
    random = np.random.default_rng([11, windows, each])
    found = [in_steps(leaked, windows, each, random, step).answer for _ in range(40)]
    print(f"{windows * each} inferences, {leaked:g} bytes per 1000 of them, steps of {step}: {found.count('no')} of 40")
    assert found.count("no") <= 0.05 * 40


def test_a_size_that_stood_still_is_no_leak_once_a_page_is_little_over_the_run() -> None:
    random = np.random.default_rng(12)
    assert in_steps(0.0, 480, 250, random).answer == "no"
    soon = in_steps(0.0, 40, 125, random)
    assert (soon.answer, soon.low) == ("not yet known", -(soon.high or 0.0))
    assert (
        soon.reason == "memory comes in steps of 16 KiB, and a growth of 256 bytes per 1000 inferences shows after "
        "about 97 000 inferences (25.8 min at this speed)"
    )


def test_a_step_is_what_memory_was_seen_to_move_by() -> None:
    held = 80e6 + 65_536 * (np.arange(80) % 4 == 0)
    found = find_leak([Segment(np.full(80, 1000.0), np.full(80, 2.0), held)])
    assert found.answer == "not yet known"
    assert found.reason.startswith("memory comes in steps of 64 KiB, ")
    assert find_leak([Segment(np.full(80, 10_000.0), np.full(80, 2.0), held)]).answer == "no"


# --- looked at again and again ----------------------------------------------------------------------------------------

ASKED_S = WINDOWS * 360.0


def seen(shape, seed: int, *, runs: int = RUNS, factor: float = 1.0) -> dict[str, float]:
    """Shares of runs in which an answer was given at any look: after every tenth window, and where it may change."""
    found = {"yes": 0, "no before the end": 0, "no": 0}
    looks = sorted({*range(10, WINDOWS + 1, 10), *(math.ceil(share * WINDOWS) for share in LOOKS)})
    for run in range(runs):
        random = np.random.default_rng([seed, run])
        held = 80e6 + factor * (shape(random) - 80e6) + noise(random)
        known = {count: find_leak([segment(held[:count])], asked_seconds=ASKED_S) for count in looks}
        found["yes"] += any(leak.answer == "yes" for leak in known.values())
        found["no before the end"] += any(leak.answer == "no" for count, leak in known.items() if count < WINDOWS)
        found["no"] += known[WINDOWS].answer == "no"
    return {name: count / runs for name, count in found.items()}


@pytest.mark.parametrize("shape", [plateau, short_warm_up, warm_up, slow_warm_up, arenas, sawtooth])
def test_looking_again_and_again_does_not_make_a_leak(shape) -> None:
    shares = seen(shape, 5)
    print(f"{shape.__name__}: {shares}")
    assert shares["yes"] <= 0.05
    assert shares["no before the end"] == 0.0


def test_a_leak_of_ten_times_that_is_known_well_before_the_end() -> None:
    after = []
    for run in range(RUNS):
        random = np.random.default_rng([6, run])
        held = 80e6 + 10 * (leak(random) - 80e6) + noise(random)
        answers_by_count = [
            (count, find_leak([segment(held[:count])], asked_seconds=ASKED_S).answer)
            for count in (60, 85, 120, 170, 240)
        ]
        after.append(next((count for count, answer in answers_by_count if answer == "yes"), WINDOWS + 1))
    print(f"known after {[(count, after.count(count)) for count in sorted(set(after))]} of {WINDOWS} windows")
    assert max(after) <= WINDOWS
    assert np.median(after) <= WINDOWS / 2 + 1


def test_a_look_says_what_it_stands_on_and_when_the_next_one_is() -> None:
    random = np.random.default_rng(9)
    held = leak(random) + noise(random)

    def reason(count: int) -> str:
        return find_leak([segment(held[:count])], asked_seconds=ASKED_S).reason

    assert reason(30) == "it is first judged after 6.0 h"
    assert reason(61).endswith("(as of 6.0 h, judged again after 8.5 h)")
    assert reason(84) == reason(61)  # what has come since is not looked at yet
    assert reason(85).endswith("(as of 8.5 h, judged again after 12.0 h)")
    assert reason(WINDOWS) == "memory grows steadily"


def test_a_warm_up_that_is_over_by_the_middle_is_said_to_be_no_leak() -> None:
    def over_by_the_middle(random: np.random.Generator) -> Floats:
        return 80e6 - 20e6 * np.exp(-np.arange(WINDOWS) / (WINDOWS * random.uniform(0.02, 0.08)))

    shares = answers(over_by_the_middle, 10)
    print(f"time constants of 2 to 8 % of the run: {shares}")
    assert shares["no"] >= 0.75
    assert shares["yes"] <= 0.02
