"""A score of a whole set: its value, its difference, what is left out, and what a rule and a report make of it."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from harness.analysis.evidence.evidence import Evidence, Paired
from harness.analysis.evidence.quality_evidence import quality_effect, quality_level
from harness.analysis.judging.contrast import make_contrast
from harness.analysis.judging.judge_outcome import margins
from harness.analysis.judging.judge_rule import judge_rule
from harness.documents.comparison import Effect, NoEffect
from harness.experiment.declaration import Rule
from harness.quantity import QUANTITIES, Available, Unavailable

POOLED = QUANTITIES["psnr_pooled"]
NAN = math.nan


def rows(errors: list[float], *, crops: int = 1) -> pd.DataFrame:
    """Rows of the quality table: mean squared errors of images of a hundred values, as shares of the range's square."""
    return pd.DataFrame(
        {
            "item": [f"i{number:02d}" for number in range(len(errors))],
            "scene": [f"s{number // crops:02d}" for number in range(len(errors))],
            "value": np.full(len(errors), NAN),
            "reason": ["too small" if math.isnan(error) else None for error in errors],
            "contribution": [None if math.isnan(error) else [100.0 * error, 100.0] for error in errors],
        }
    )


def errors_of(count: int, *, worse: float = 0.0, seed: int = 1) -> tuple[list[float], list[float]]:
    draw = np.random.default_rng(seed)
    ours = 1e-3 * np.exp(draw.normal(0.0, 0.7, count))
    return ours.tolist(), (ours * np.exp(worse + draw.normal(0.0, 0.05, count))).tolist()


def effect(ours: list[float], theirs: list[float], *, crops: int = 1) -> Paired:
    found = quality_effect(POOLED, rows(ours, crops=crops), rows(theirs, crops=crops), by_scene=crops > 1, seed=3)
    assert isinstance(found, Paired)
    return found


def evidence(ours: list[float], theirs: list[float]) -> Evidence:
    return Evidence(quality_level(POOLED, rows(ours)), quality_level(POOLED, rows(theirs)), effect(ours, theirs))


def test_the_value_is_of_all_images_together_and_the_difference_of_two_such_values() -> None:
    ours, theirs = errors_of(30, worse=0.2)
    before, after = (-10.0 * math.log10(np.mean(errors)) for errors in (ours, theirs))
    level = quality_level(POOLED, rows(ours))
    assert isinstance(level.value, Available)
    assert level.value.value == pytest.approx(before)
    assert level.value.source == "one value of 30 images together"
    low, high = level.estimate.interval(0.95)
    assert low < before < high
    found = effect(ours, theirs).estimate
    assert found.mean == pytest.approx(after - before)
    low, high = found.interval(0.95)
    assert low < after - before < high < 0.0
    # Images vary by decibels, and the arms together: paired, the difference is known far better than either value.
    assert high - low < 0.2 * (level.estimate.interval(0.95)[1] - level.estimate.interval(0.95)[0])


def test_scenes_are_drawn_and_not_their_crops() -> None:
    ours, theirs = errors_of(12)
    many = effect(np.repeat(ours, 4).tolist(), np.repeat(theirs, 4).tolist(), crops=4)
    assert many.replicate == "scene"
    assert many.estimate.n == 12
    assert many.estimate.interval(0.95) == pytest.approx(effect(ours, theirs).estimate.interval(0.95))


def test_an_image_without_a_value_for_the_candidate_is_left_out_and_leaves_a_rule_open() -> None:
    ours, theirs = errors_of(20, worse=-0.3)
    found = effect(ours, [NAN, *theirs[1:]])
    assert found.estimate.mean == pytest.approx(effect(ours[1:], theirs[1:]).estimate.mean)
    assert found.excluded == {"no value for the candidate": 1}
    assert found.warnings == [
        "1 image without a value for the candidate (too small).",
        "Without a value for the candidate: i00.",
    ]
    judged = judge_rule(
        Rule(quantity="psnr_pooled", no_worse_than="0.1 dB"),
        POOLED,
        Evidence(quality_level(POOLED, rows(ours)), quality_level(POOLED, rows(theirs)), found),
    )
    assert judged.outcome == "open"
    assert judged.predicate.endswith(found.doubt)


def test_what_has_no_value_says_why() -> None:
    ours, _ = errors_of(8)
    nothing = quality_effect(POOLED, rows(ours), rows([NAN] * 8), by_scene=False, seed=1)
    assert nothing == NoEffect(reason="too small")
    assert quality_level(POOLED, rows([NAN] * 8)).value == Unavailable(reason="too small")


def test_sets_that_are_identical_to_their_references() -> None:
    ours, _ = errors_of(8)
    level = quality_level(POOLED, rows([0.0] * 8))
    assert level.infinite
    assert isinstance(level.value, Unavailable)
    same = effect([0.0] * 8, [0.0] * 8)
    assert same.estimate.interval(0.95) == (0.0, 0.0)
    lost = quality_effect(POOLED, rows([0.0] * 8), rows(ours), by_scene=False, seed=1)
    assert isinstance(lost, NoEffect)
    assert "baseline" in lost.reason


@pytest.mark.parametrize(
    ("worse", "rule", "outcome", "words"),
    [
        (0.0, {"no_worse_than": "0.2 dB"}, "met", "within the agreed 0.2 dB"),
        (0.3, {"no_worse_than": "0.2 dB"}, "broken", "beyond the agreed 0.2 dB"),
        (0.046, {"no_worse_than": "0.2 dB"}, "open", "may or may not be within"),
        (-0.3, {"improve_by_at_least": "1 dB"}, "met", "at least 1 dB was asked"),
        (0.0, {"at_least": "20 dB"}, "met", "at least 20 dB was asked"),
        (0.0, {"at_least": "60 dB"}, "broken", "below the agreed 60 dB"),
    ],
)
def test_rules_are_judged_as_those_on_other_scores(
    worse: float, rule: dict[str, str], outcome: str, words: str
) -> None:
    judged = judge_rule(Rule(quantity="psnr_pooled", **rule), POOLED, evidence(*errors_of(30, worse=worse)))
    assert judged.outcome == outcome
    assert words in judged.predicate


def test_the_contrast_names_the_bootstrap_its_resamples_and_its_seed() -> None:
    known = evidence(*errors_of(30, worse=0.3))
    contrast = make_contrast("small", POOLED, known, margins(POOLED, []), [], [], None)
    assert isinstance(contrast.effect, Effect)
    assert contrast.outcome == "worse"
    assert contrast.effect.interval.method == (
        "expanded BCa bootstrap over images of the difference of two sets' values (4,999 resamples, seed 3)"
    )
    assert contrast.effect.p_method == "expanded BCa bootstrap, two-sided"
    assert contrast.effect.p_value < 0.01
    assert contrast.effect.replicate == "image"
    few = make_contrast("small", POOLED, evidence(*errors_of(4)), margins(POOLED, []), [], [], None)
    assert few.outcome == "inconclusive"
    assert few.effect.interval is None
    assert few.effect.p_value is None


def of_confidence(shift: float, *, count: int = 200, seed: int = 5) -> pd.DataFrame:
    """Answers of one model whose confidence is `shift` above how often it is right."""
    draw = np.random.default_rng(seed)
    right = np.clip(draw.beta(4.0, 2.0, count), 0.05, 0.85)
    answers = (draw.random(count) < right).astype(float)
    return pd.DataFrame(
        {
            "item": [f"i{number:03d}" for number in range(count)],
            "scene": [f"i{number:03d}" for number in range(count)],
            "value": np.full(count, NAN),
            "reason": [None] * count,
            "contribution": [
                [one, answer] for one, answer in zip(np.clip(right + shift, 0.0, 1.0), answers, strict=True)
            ],
        }
    )


def calibration(before: pd.DataFrame, after: pd.DataFrame) -> Paired:
    found = quality_effect(QUANTITIES["calibration_error"], before, after, by_scene=False, seed=3)
    assert isinstance(found, Paired)
    return found


def test_a_loss_of_calibration_that_chance_shows_smaller_is_told_beside_the_number_and_meets_no_rule() -> None:
    calibrated, off = of_confidence(0.0), of_confidence(0.12)
    found = calibration(calibrated, off)
    (told,) = [one for one in found.warnings if "chance alone gives" in one]
    assert "the baseline has" in told
    assert "covers the true one in 72 to 92 %" in told
    assert found.doubt is not None
    assert "a loss is shown smaller than it is" in found.doubt
    rule = Rule(quantity="calibration_error", no_worse_than="40 points")
    level = quality_level(QUANTITIES["calibration_error"], calibrated)
    assert judge_rule(rule, QUANTITIES["calibration_error"], Evidence(level, level, found)).outcome == "open"
    # The other way round it is a gain that is shown smaller: told, and nothing hides behind it.
    turned = calibration(off, calibrated)
    assert any("the candidate has" in one for one in turned.warnings)
    assert turned.doubt is None


def test_arms_that_chance_raises_alike_are_told_nothing() -> None:
    for shift in (0.0, 0.2):
        found = calibration(of_confidence(shift), of_confidence(shift + 0.005, seed=6))
        assert not [one for one in found.warnings if "chance" in one]
        assert found.doubt is None
