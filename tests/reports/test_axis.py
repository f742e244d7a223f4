import math

import pytest

from reports.charts.axis import Axis, tick_text
from reports.charts.shapes import SERIES, Line, Marks, Uprights


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.0, 18.2], [0.0, 5.0, 10.0, 15.0]),
        ([29.8, 36.1], [30.0, 32.0, 34.0, 36.0]),
        ([-1.0, 1.0], [-1.0, -0.5, 0.0, 0.5, 1.0]),
        ([0.0412, 0.0433], [0.0415, 0.042, 0.0425, 0.043]),
        ([0.0, 0.3], [0.0, 0.1, 0.2, 0.3]),
        ([1e6, 1e6 + 12.0], [1e6, 1e6 + 2.5, 1e6 + 5, 1e6 + 7.5, 1e6 + 10]),
    ],
)
def test_ticks_are_few_and_round(values: list[float], ticks: list[float]) -> None:
    assert Axis("x").scale(values).round_ticks() == pytest.approx(ticks)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [5.0],
        [0.0, 0.0],
        [-3.0, -3.0],
        [1.0, 1.0 + 2e-16],
        [5e-324, 1e-320],
        [-1.7e308, 1.7e308],
        [math.nan, math.inf, -math.inf],
        [math.nan, 1.0, math.inf, 2.0],
        [0.0, 1e-12, 1e12],
        [1e9, 1e9 + 12.0],
    ],
)
def test_whatever_the_values_are_an_axis_has_ends_and_two_to_six_ticks_between_them(values: list[float]) -> None:
    scale = Axis("x", margin=0.1).scale(values)
    ticks = scale.round_ticks()
    assert scale.low < scale.high
    assert 2 <= len(ticks) <= 6
    assert all(-1e-6 <= scale.share(tick) <= 1 + 1e-6 for tick in ticks)
    assert len({tick_text(tick) for tick in ticks}) == len(ticks)
    assert all(math.isfinite(scale.share(value)) for value in values if not math.isnan(value))


def test_a_margin_is_kept_free_and_limits_are_kept_to() -> None:
    scale = Axis("x", margin=0.1).scale([0.0, 10.0])
    assert (scale.low, scale.high) == (-1.0, 11.0)
    assert scale.share(5.0) == 0.5
    limited = Axis("x", margin=0.1, limits=(0.0, 100.0)).scale([40.0, 400.0])
    assert (limited.low, limited.high) == (0.0, 100.0)


def test_numbers_at_ticks_are_plain() -> None:
    assert [tick_text(value) for value in (-0.5, -0.0, 1e6, 0.30000000000000004)] == [
        "\N{MINUS SIGN}0.5",
        "0",
        "1000000",
        "0.3",
    ]


def same(value: float) -> float:
    return value


def test_a_line_has_a_gap_where_there_is_no_number_and_draws_a_spot_once() -> None:
    line = Line([0.0, 1.0, 1.01, 2.0, 3.0, 4.0], [5.0, 5.0, 5.0, math.nan, math.inf, 6.0], SERIES[0], 1.0)
    assert 'd="M0 5L1 5M4 6"' in line.path(same, same, same)


def test_dashes_are_as_long_as_the_line_is_wide() -> None:
    assert "stroke-dasharray: 10 4" in Line([0.0, 1.0], [0.0, 1.0], SERIES[1], 2.0, (5.0, 2.0)).path(same, same, same)


def test_marks_and_uprights_are_one_path_each_and_nothing_where_there_are_none() -> None:
    marks = Marks([1.0, 2.0, math.nan], [1.0, 2.0, 3.0], SERIES[0], 4.0, "square").path(same, same, same)
    assert marks.count("<path") == 1
    assert marks.count("M") == 2
    strokes = Uprights([1.0, 2.0], SERIES[0], 1.0, between=(0.25, 0.5)).path(same, same, same)
    assert 'd="M1 0.2V0.5M2 0.2V0.5"' in strokes
    assert Marks([], [], SERIES[0], 4.0).path(same, same, same) == ""
    assert Uprights([], SERIES[0], 1.0).path(same, same, same) == ""
