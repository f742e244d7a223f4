"""Ahead of whoever takes the results, in order, and never further than there are threads."""

import threading
import time

import pytest

from harness.analysis.tables.ahead import done_ahead


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_results_come_in_order_and_few_are_begun_ahead(threads):
    begun, taken, most = [], 0, 0
    lock = threading.Lock()

    def work(item):
        nonlocal most
        with lock:
            begun.append(item)
            most = max(most, len(begun) - taken)
        time.sleep(0.002 * (item % 3))
        return item * item

    for place, result in enumerate(done_ahead(work, range(40), threads)):
        assert result == place * place
        with lock:
            taken += 1
    assert sorted(begun) == list(range(40))
    assert most <= threads + 1  # the one that is in the taker's hands


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_comes_at_its_own_turn_and_nothing_more_is_begun(threads):
    begun = []

    def work(item):
        begun.append(item)
        if item == 5:
            raise ValueError(item)
        return item

    taken = []
    with pytest.raises(ValueError, match="5"):
        taken.extend(done_ahead(work, range(100), threads))
    assert taken == [0, 1, 2, 3, 4]
    assert len(begun) <= 5 + threads + 1


def test_nothing_gives_nothing():
    assert list(done_ahead(str, [], 3)) == []
