"""How pairs are spread over launches, and from when on a run may end."""

from __future__ import annotations

import pytest

from harness.experiment.declaration import Measure
from harness.experiment.launches import NEVER, FirstLook, launch_sizes


@pytest.mark.parametrize(
    ("pairs", "launches", "sizes"),
    [
        (30, None, [3] * 10),
        (10, None, [2, 2, 2, 2, 1, 1]),
        (4, None, [1, 1, 1, 1]),
        (2, None, [1, 1]),
        (40, None, [4] + [3] * 12),
        (30, 1, [30]),
        (30, 4, [8, 8, 7, 7]),
        (3, 10, [1, 1, 1]),
    ],
)
def test_pairs_are_spread_evenly(pairs: int, launches: int | None, sizes: list[int]) -> None:
    assert launch_sizes(pairs, launches) == sizes


@pytest.mark.parametrize(
    ("measure", "first_look"),
    [
        (Measure(), FirstLook(10, 5)),
        (Measure(min_pairs=20), FirstLook(20, 7)),
        (Measure(pairs=12, min_pairs=8), FirstLook(8, 5)),
        (Measure(pairs=12, min_pairs=11), FirstLook(11, None)),
        (Measure(pairs=30, launches=1), FirstLook(10, None)),
        (Measure(pairs=10), NEVER),
        (Measure(design="fixed"), NEVER),
    ],
)
def test_a_run_may_end_from_some_launch_on(measure: Measure, first_look: FirstLook) -> None:
    assert measure.first_look == first_look
