"""Heat is told from other programs: many soaks whose truth is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.signal import lfilter

from harness.analysis.soak.throttling import throttling_finding
from harness.documents.soak_result import ThrottlingFinding
from harness.quantity import Available, Unavailable
from tests.harness.experiments import experiments
from tests.rig.simulated.soak_windows import windows_of

RUNS = experiments(80)
REFERENCE_NS = 5e6
Floats = np.ndarray
Random = np.random.Generator


def independent(random: Random, n: int) -> Floats:
    return random.normal(0, 0.02, (n, 3))


def coarse(random: Random, n: int) -> Floats:
    return random.normal(0, 0.06, (n, 3))


def correlated(random: Random, n: int) -> Floats:
    """AR(1) with coefficient .8 from window to window, 2 %."""
    level = lfilter([1.0], [1.0, -0.8], random.normal(0, 0.012, n + 50))[50:]
    return np.asarray(level[:, None] + random.normal(0, 0.01, (n, 3)))


def drifting(random: Random, n: int) -> Floats:
    """3 % slower over the soak, for reasons that are no heat."""
    return np.asarray(random.normal(0, 0.02, (n, 3)) + 0.03 * np.arange(n)[:, None] / n)


def tailed(random: Random, n: int) -> Floats:
    """One repeat in ten is interrupted."""
    return np.asarray(random.normal(0, 0.02, (n, 3)) + (random.random((n, 3)) < 0.1) * random.exponential(0.5, (n, 3)))


NOISES = [independent, coarse, correlated, drifting, tailed]


def heat(random: Random, n: int) -> Floats:
    """From 10 to 60 % slower: for good, as a body warms up, for a while, or again and again."""
    time, factor = np.arange(n) / n, random.uniform(1.10, 1.6)
    begins, lasts = random.uniform(0.15, 0.5), random.uniform(0.3, 0.5)
    shapes = [
        np.where(time > begins, factor, 1.0),
        1.0 + (factor - 1.0) * (1 - np.exp(-np.maximum(time - begins, 0) / 0.05)),
        np.where((time > begins) & (time < begins + lasts), factor, 1.0),
        np.where((np.arange(n) // max(10, n // 12)) % 2 == 1, factor, 1.0),
    ]
    return shapes[int(random.integers(4))]


def others(random: Random, n: int) -> Floats:
    """Cores that others keep busy: none, or from half a core to three, for minutes to hours, a third of the time."""
    cores, at = np.full(n, 0.03), 0
    while at < n:
        calm, busy = (1 + int(random.exponential(mean)) for mean in (n / 6, n / 12))
        cores[at + calm : at + calm + busy] = random.uniform(0.5, 3.0)
        at += calm + busy
    return cores


def soak(
    random: Random,
    noise: Callable[[Random, int], Floats],
    *,
    slowed: Callable[[Random, int], Floats] | None = None,
    load: Callable[[Random, int], Floats] | None = None,
    shares_the_core: bool = True,
    counts_cpu: bool = True,
    n: int | None = None,
) -> ThrottlingFinding:
    """`shares_the_core`: others take it, which CPU time does not show; else they share the clock, which it does."""
    n = n or int(random.choice([60, 120, 240]))
    took = REFERENCE_NS * np.exp(noise(random, n)) * (1.0 if slowed is None else slowed(random, n)[:, None])
    cores = np.full(n, 0.03) if load is None else load(random, n)
    crowding = 1.0 + random.uniform(0.1, 0.6) * np.maximum(cores - 0.03, 0.0)[:, None]
    cpu = took if shares_the_core else took * crowding
    return throttling_finding(windows_of(took * crowding, cpu if counts_cpu else None, cores))


def answers(seed: int, **options) -> Counter[str]:
    return Counter(soak(np.random.default_rng([seed, run]), **options).throttled for run in range(RUNS))


@pytest.mark.parametrize("noise", NOISES)
def test_a_cool_device_is_not_suspected(noise) -> None:
    found = answers(1, noise=noise)
    print(f"{noise.__name__}: {dict(found)}")
    assert found["no"] >= RUNS - max(1, 0.01 * RUNS)


@pytest.mark.parametrize("noise", [independent, correlated, drifting, tailed])
def test_throttling_above_ten_per_cent_is_always_found(noise) -> None:
    found = answers(2, noise=noise, slowed=heat)
    print(f"{noise.__name__}: {dict(found)}")
    assert found["yes"] == RUNS


@pytest.mark.parametrize("counts_cpu", [True, False])
@pytest.mark.parametrize("shares_the_core", [True, False])
def test_a_cool_device_that_others_keep_busy_is_not_throttled(shares_the_core: bool, counts_cpu: bool) -> None:
    options = {"shares_the_core": shares_the_core, "counts_cpu": counts_cpu}
    found = answers(3, noise=independent, load=others, **options)
    print(f"{options}: {dict(found)}")
    assert found["yes"] <= 0.01 * RUNS
    # The rest was busy for less than five windows, or by a tenth.
    assert found["slowed by others"] + found["not yet known"] >= 0.8 * RUNS
    if shares_the_core and counts_cpu:
        assert not found["not yet known"]


@pytest.mark.parametrize("shares_the_core", [True, False])
def test_heat_is_found_by_the_quiet_windows_while_others_come_and_go(shares_the_core: bool) -> None:
    found = answers(4, noise=independent, slowed=heat, load=others, shares_the_core=shares_the_core)
    print(f"shares the core: {shares_the_core}: {dict(found)}")
    assert found["yes"] >= 0.95 * RUNS
    assert found["no"] == 0


def step(random: Random, n: int) -> Floats:
    return np.where(np.arange(n) > n / 2, 1.3, 1.0)


def from_the_middle_on(random: Random, n: int) -> Floats:
    return np.where(np.arange(n) > n / 2, 1.5, 0.03)


def in_the_middle(random: Random, n: int) -> Floats:
    return np.where((np.arange(n) > n / 3) & (np.arange(n) < 2 * n / 3), 1.5, 0.03)


@pytest.mark.parametrize("cores", [0.2, 0.3, 1.5])
def test_a_load_that_is_the_same_all_along_hides_no_heat(cores: float) -> None:
    def steady(random: Random, n: int) -> Floats:
        return np.full(n, cores) + random.normal(0, 0.02, n)

    heated = {"slowed": step, "load": steady, "shares_the_core": False, "n": 240}
    found = Counter(soak(np.random.default_rng([5, run]), independent, **heated).throttled for run in range(40))
    assert found == {"yes": 40}


def test_where_heat_and_others_come_together_it_is_said_that_they_cannot_be_told_apart() -> None:
    random = np.random.default_rng(5)
    later = soak(random, independent, slowed=step, load=from_the_middle_on, shares_the_core=False, n=240)
    assert later.throttled == "not yet known"
    assert "while other programs kept 1.5 cores busy" in later.reason
    assert later.reason.endswith("; they were not quiet for long after that, so heat cannot be told from them")


def test_others_who_share_the_clock_are_found_out_once_they_are_gone() -> None:
    random = np.random.default_rng(8)
    found = soak(random, independent, load=in_the_middle, shares_the_core=False, n=240)
    assert found.throttled == "slowed by others"
    assert found.reason.endswith(
        ": slowed by other programs; while they were quiet after that (33 % of the time) it was not"
    )


def early_and_ever_after(since: int) -> Callable[[Random, int], Floats]:
    return lambda random, n: np.where(np.arange(n) >= since, 1.5, 0.03)


@pytest.mark.parametrize("counts_cpu", [True, False])
@pytest.mark.parametrize("since", [3, 12, 48])
def test_others_who_came_early_and_stayed_are_not_taken_for_heat(since: int, counts_cpu: bool) -> None:
    options = {"load": early_and_ever_after(since), "counts_cpu": counts_cpu, "n": 240}
    for shares_the_core in (True, False):
        found = Counter(
            soak(np.random.default_rng([12, run]), independent, shares_the_core=shares_the_core, **options).throttled
            for run in range(20)
        )
        print(f"from window {since} on, shares the core: {shares_the_core}, counts CPU: {counts_cpu}: {dict(found)}")
        assert found == {"slowed by others" if shares_the_core and counts_cpu else "not yet known": 20}


def test_a_load_that_the_device_was_fast_under_hides_no_heat_though_it_paused() -> None:
    def paused(random: Random, n: int) -> Floats:
        return np.where((np.arange(n) >= 20) & (np.arange(n) < 30), 0.02, 0.3)

    heated = {"slowed": step, "load": paused, "shares_the_core": False, "n": 240}
    found = Counter(soak(np.random.default_rng([13, run]), independent, **heated).throttled for run in range(20))
    assert found == {"yes": 20}


def test_an_early_visit_of_others_does_not_explain_what_is_slow_to_the_end() -> None:
    def twice(random: Random, n: int) -> Floats:
        at = np.arange(n)
        return np.where(((at >= 20) & (at < 40)) | (at > n / 2), 1.5, 0.03)

    found = soak(np.random.default_rng(14), independent, slowed=step, load=twice, shares_the_core=False, n=240)
    assert found.throttled == "not yet known"
    assert found.reason.endswith("; they were not quiet for long after that, so heat cannot be told from them")


@pytest.mark.filterwarnings("error")
def test_where_nothing_is_known_of_others_nobody_is_blamed() -> None:
    random = np.random.default_rng(9)
    took = REFERENCE_NS * np.exp(independent(random, 120))
    lost = windows_of(took * np.where(np.arange(120) >= 70, 1.4, 1.0)[:, None], None, np.full(120, 0.02))
    without_ticks = [
        window.model_copy(update={"context": window.context.model_copy(update={"cpu_busy_ticks": None})})
        if window.index >= 60
        else window
        for window in lost.windows
    ]
    found = throttling_finding(replace(lost, windows=without_ticks))
    assert found.throttled == "yes"
    assert "nan" not in found.reason


def restarted(random: Random, every: int, slowed: Floats) -> ThrottlingFinding:
    """Every so many windows; the first one then is 15 % slower."""
    cold = np.where(np.arange(120) % every == 0, 1.15, 1.0)
    took = REFERENCE_NS * np.exp(independent(random, 120)) * (cold * slowed)[:, None]
    records = windows_of(took, None, np.full(120, 0.02))
    sessions = [window.model_copy(update={"session": window.index // every}) for window in records.windows]
    return throttling_finding(replace(records, windows=sessions))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("every", [1, 2, 3, 15])
def test_the_first_window_after_a_restart_is_nobodys_and_hides_no_heat(every: int) -> None:
    heated = np.where(np.arange(120) >= 70, 1.4, 1.0)
    for seed in range(20):
        cool = restarted(np.random.default_rng([10, seed]), every, np.ones(120))
        assert cool.throttled == "no"
        assert "nan" not in cool.reason
        hot = restarted(np.random.default_rng([11, seed]), every, heated)
        assert hot.throttled == "yes"
        assert isinstance(hot.share_of_time, Available)
        # 0.42 are hot, and of two windows in a session only one can be judged.
        assert hot.share_of_time.value > 0.15


def test_without_fixed_work_a_latency_is_throttled_only_where_the_clocks_were_down() -> None:
    at = np.arange(120)
    slow = np.where(at > 60, 1.2, 1.0)
    found = without_fixed_work(slow, np.full(120, 2_000_000))
    assert found.throttled == "no"
    assert found.source == "the arm's own median latency, where the clocks were down as well"
    assert found.reason == "it was never more than 10 % slower than at its best for long while the clocks were down"
    down = np.where((at > 60) & (at <= 90), 1_500_000, 2_000_000)
    told = without_fixed_work(np.where(at > 90, 2.0, slow), down)
    assert told.throttled == "not yet known"
    assert told.reason.startswith("25 % of the time")
    share, worst = told.slowed_by_others, told.worst_slowdown
    assert share == Available(value=0.25, unit="share", source=f"{found.source}; in crowded windows")
    assert isinstance(worst, Available)
    assert worst.value == pytest.approx(1.2)  # not that of the windows whose clocks were up


def without_fixed_work(slowed: Floats, clocks_khz: Floats) -> ThrottlingFinding:
    """Others keep a device busy from the middle on."""
    records = windows_of(np.zeros((120, 0)), None, from_the_middle_on(np.random.default_rng(0), 120))
    windows = [
        window.model_copy(
            update={
                "latency_p50_ns": round(1e7 * slowed[window.index]),
                "context": window.context.model_copy(update={"cpu_frequency_khz": [int(clocks_khz[window.index])]}),
            }
        )
        for window in records.windows
    ]
    return throttling_finding(replace(records, windows=windows))


def test_what_took_the_core_is_told_from_heat_by_the_cpu_time() -> None:
    found = soak(np.random.default_rng(6), independent, load=from_the_middle_on, shares_the_core=True, n=240)
    assert found.throttled == "slowed by others"
    assert found.reason.endswith("slowed by other programs, which took the core; its CPU time stayed, so heat did not")
    share, cores = found.slowed_by_others, found.others_busy_cores
    assert isinstance(share, Available)
    assert isinstance(cores, Available)
    assert share.value == pytest.approx(0.5, abs=0.02)
    assert cores.value == pytest.approx(0.765, abs=0.02)
    assert found.share_of_time == Available(value=0.0, unit="share", source=str(found.source))


def test_a_device_that_does_not_tell_of_others_is_judged_by_its_fixed_work_alone() -> None:
    random = np.random.default_rng(7)
    took = REFERENCE_NS * np.exp(independent(random, 120)) * step(random, 120)[:, None]
    found = throttling_finding(windows_of(took, None, None))
    assert found.throttled == "yes"
    assert isinstance(found.slowed_by_others, Unavailable)
    assert isinstance(found.others_busy_cores, Unavailable)
