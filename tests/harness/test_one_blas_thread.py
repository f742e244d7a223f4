"""A sum of many numbers is one thread's while a run is analysed, whatever this computer has, and as before after it."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from harness.commands.recompute import recompute
from harness.documents.folder import RunFolder
from harness.one_blas_thread import one_blas_thread
from harness.runs.session.progress import SilentProgress


def threads() -> set[int]:
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture
def two_threads():
    with threadpool_limits(limits=2, user_api="blas"):
        if threads() == {1}:
            pytest.skip("this BLAS knows no threads")
        yield


class ThreadsSeen(SilentProgress):
    """How many threads the BLAS had, at each moment at which the analysis says how far it is."""

    def __init__(self) -> None:
        self.while_scoring: set[int] = set()

    def advance(self, device: str, step: str, done: int, total: int) -> None:
        self.while_scoring |= threads()


@pytest.mark.usefixtures("two_threads")
def test_a_run_is_scored_in_one_thread_and_others_find_theirs_again(finished_run, tmp_path):
    seen = ThreadsSeen()
    recompute(RunFolder(finished_run.copy_to(tmp_path / "run")), seen)
    assert seen.while_scoring == {1}
    assert 2 in threads()


@pytest.mark.usefixtures("two_threads")
def test_a_sum_has_the_digits_of_a_computer_of_one_core():
    values = np.random.default_rng(3).normal(size=1_000_001)
    with threadpool_limits(limits=1, user_api="blas"):
        expected = float(values @ values)
    with one_blas_thread():
        assert float(values @ values) == expected


@pytest.mark.usefixtures("two_threads")
def test_the_threads_are_back_after_an_error():
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        1 / 0  # noqa: B018
    assert 2 in threads()
