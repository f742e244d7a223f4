"""Clopper-Pearson bounds and Holm, against published values, scipy and statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from harness.statistics.multiplicity import holm
from harness.statistics.tail import (
    clopper_pearson_lower,
    clopper_pearson_upper,
    replicates_for_share,
    share_p,
    tail,
)


def test_none_of_119_proves_at_most_two_and_a_half_per_cent() -> None:
    assert clopper_pearson_upper(0, 119) == pytest.approx(0.0249, abs=5e-5)
    assert clopper_pearson_upper(0, 24) == pytest.approx(1 - 0.05 ** (1 / 24))


@pytest.mark.parametrize(("count", "n"), [(0, 10), (1, 24), (5, 24), (24, 24), (117, 119)])
def test_bounds_are_scipys(count: int, n: int) -> None:
    exact = stats.binomtest(count, n, alternative="less").proportion_ci(0.95, method="exact")
    assert clopper_pearson_upper(count, n) == pytest.approx(exact.high)
    exact = stats.binomtest(count, n, alternative="greater").proportion_ci(0.95, method="exact")
    assert clopper_pearson_lower(count, n) == pytest.approx(exact.low)


@pytest.mark.parametrize(("count", "n", "share"), [(1, 24, 0.02), (3, 24, 0.02), (2, 40, 0.1)])
def test_p_value_of_a_share_is_the_binomial_one(count: int, n: int, share: float) -> None:
    expected = stats.binomtest(count, n, share, alternative="greater").pvalue
    assert share_p(tail(count, n), share) == pytest.approx(expected)
    assert (share_p(tail(count, n), share) < 0.05) == (clopper_pearson_lower(count, n) > share)


def test_no_loss_at_all_is_no_evidence_against_a_share() -> None:
    assert share_p(tail(0, 24), 0.02) == 1.0
    assert share_p(tail(1, 24), 0.0) == 0.0


def test_images_needed_to_prove_a_share() -> None:
    assert replicates_for_share(tail(0, 24), 0.02) == 149  # ln .05/ln .98 = 148.3
    assert clopper_pearson_upper(0, 149) <= 0.02 < clopper_pearson_upper(0, 148)
    needed = replicates_for_share(tail(1, 100), 0.05)
    assert needed is not None
    assert clopper_pearson_upper(int(np.ceil(needed / 100)), needed) <= 0.05
    assert clopper_pearson_upper(int(np.ceil((needed - 1) / 100)), needed - 1) > 0.05
    assert replicates_for_share(tail(3, 24), 0.02) is None  # 12 % were seen: more of the same proves nothing


@pytest.mark.parametrize(("worse", "n"), [(-1, 3), (4, 3), (0, 0)])
def test_what_is_no_share_is_refused(worse: int, n: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        tail(worse, n)


@pytest.mark.parametrize("p_values", [[0.03], [0.01, 0.04, 0.03], [0.5, 0.02, 0.02, 0.001], [1.0, 1.0], []])
def test_holm_is_statsmodels(p_values: list[float]) -> None:
    expected = list(multipletests(p_values, method="holm")[1]) if p_values else []
    assert holm(p_values) == pytest.approx(expected)
