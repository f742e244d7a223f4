"""Every outcome, and the boundaries between them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.analysis.judging.judge_outcome import (
    Margins,
    as_gain,
    judge_outcome,
    margins,
    replicates_to_tell,
)
from harness.experiment.declaration import Rule
from harness.quantity import QUANTITIES
from harness.statistics.estimate import Estimate, estimate_mean

DEFAULT = Margins(0.02, 0.02)


def gain(mean: float, half_width_95: float, n: int = 30) -> Estimate:
    """An estimate whose 95 % interval is mean ± half_width_95."""
    return Estimate(mean, half_width_95 / 2.045230 * math.sqrt(n), n, float(n))


@pytest.mark.parametrize(
    ("mean", "half_width", "allowed", "outcome"),
    [
        (0.30, 0.02, DEFAULT, "better"),
        (-0.30, 0.02, DEFAULT, "worse"),
        (0.00, 0.01, DEFAULT, "equivalent"),
        (0.01, 0.005, DEFAULT, "equivalent"),  # certainly better, and too little to matter
        (-0.01, 0.005, DEFAULT, "equivalent"),
        (0.03, 0.04, DEFAULT, "not worse"),  # at worst 0.3 % worse, and maybe much better
        (0.03, 0.052, DEFAULT, "not worse"),  # the 95 % interval reaches −2.2 %, the one-sided bound −1.3 %
        (0.00, 0.10, DEFAULT, "inconclusive"),
        (0.00, 0.05, Margins(0.02, 0.10), "equivalent"),  # inside the agreed margin
        (-0.08, 0.01, Margins(0.02, 0.10), "worse"),  # a rule's margin does not make a real loss vanish
        (0.15, 0.01, Margins(0.02, 0.20), "better"),  # nor a real gain
        (0.06, 0.07, Margins(0.02, 0.10), "not worse"),
    ],
)
def test_outcome(mean: float, half_width: float, allowed: Margins, outcome: str) -> None:
    assert judge_outcome(gain(mean, half_width), allowed) == outcome


def test_equal_arms_are_equivalent_even_with_no_margin_at_all() -> None:
    assert judge_outcome(estimate_mean(np.zeros(30)), Margins(0.0, 0.0)) == "equivalent"


def test_one_replicate_is_inconclusive_whatever_it_shows() -> None:
    assert judge_outcome(estimate_mean(np.array([3.0])), DEFAULT) == "inconclusive"
    assert replicates_to_tell(estimate_mean(np.array([3.0])), DEFAULT) is None


def test_exact_values_are_better_or_worse_without_an_interval() -> None:
    assert judge_outcome(Estimate(0.5, None, 1, 1.0, exact=True), DEFAULT) == "better"
    assert judge_outcome(Estimate(-0.5, None, 1, 1.0, exact=True), DEFAULT) == "worse"
    assert judge_outcome(Estimate(0.0, None, 1, 1.0, exact=True), DEFAULT) == "equivalent"


def test_a_gain_is_better_whichever_way_the_quantity_goes() -> None:
    change = Estimate(-0.1, 0.01, 30, 30.0)
    assert as_gain(QUANTITIES["latency_p50"], change).mean == 0.1
    assert as_gain(QUANTITIES["psnr"], change).mean == -0.1
    assert as_gain(QUANTITIES["lpips_alex"], change).mean == 0.1


def test_margins_come_from_the_rules_and_else_from_the_defaults() -> None:
    latency, psnr = QUANTITIES["latency_p50"], QUANTITIES["psnr"]
    assert margins(latency, []) == Margins(math.log1p(0.02), math.log1p(0.02))
    wide = margins(latency, [Rule(quantity="latency_p50", no_worse_than="10 %")])
    assert wide == Margins(math.log1p(0.02), pytest.approx(math.log(1.1)))
    tight = margins(latency, [Rule(quantity="latency_p50", no_worse_than="1 %")])
    assert tight == Margins(pytest.approx(math.log(1.01)), pytest.approx(math.log(1.01)))
    asked = margins(latency, [Rule(quantity="latency_p50", improve_by_at_least="0.5 %")])
    assert asked.negligible == pytest.approx(-math.log(0.995))  # what a rule asks for is not negligible
    assert margins(psnr, [Rule(quantity="psnr", no_worse_than="0.1 dB")]) == Margins(0.05, 0.1)
    assert margins(psnr, [Rule(quantity="latency_p50", no_worse_than="1 %")]) == Margins(0.05, 0.05)


def test_every_score_has_a_size_below_which_it_does_not_matter() -> None:
    scores = [one for one in QUANTITIES.values() if one.scale == "difference" and one.measured_in == "quality"]
    assert all(0.0 < margins(score, []).negligible <= 1.0 for score in scores)


def test_what_ends_an_inconclusive_contrast() -> None:
    noisy = gain(0.0, 0.10)
    needed = replicates_to_tell(noisy, DEFAULT)
    # non-inferiority at 2 %: ((1.645 + .842)·s/.02)², s = .10/2.045·√30
    assert needed == math.ceil((2.486475 * 0.1 / 2.045230 * math.sqrt(30) / 0.02) ** 2)
    assert (replicates_to_tell(gain(0.09, 0.10), DEFAULT) or 0) > 30  # always more than there are
