"""The verdict over all devices: its order of precedence, and what no rule asks about."""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import pytest

from devices.identity import AndroidFacts, Identity
from harness.analysis.evidence.evidence import Evidence, Level, Paired
from harness.analysis.judging.contrast import make_contrast
from harness.analysis.judging.judge_outcome import Margins
from harness.analysis.judging.verdict import decide
from harness.documents.comparison import (
    ArmOnDevice,
    Contrast,
    DeviceResult,
    Effect,
    Interval,
    Outcome,
    RuleOutcome,
    RuleResult,
    Verdict,
)
from harness.experiment.declaration import Rule
from harness.quantity import QUANTITIES, Unavailable
from harness.statistics.estimate import estimate_mean
from harness.words.sentences import clause

RULES = [Rule.model_validate({"quantity": "latency_p50", "no_worse_than": "2 %"})]
NOT_SHOWN = Unavailable(reason="not shown")


def device(
    name: str = "local",
    rule: RuleOutcome = "met",
    contrasts: list[Contrast] | None = None,
    failed: tuple[str, ...] = (),
    status: Literal["complete", "incomplete", "failed"] = "complete",
    **more: Any,
) -> DeviceResult:
    return DeviceResult(
        device=name,
        identity=None,
        status=status,
        arms=[
            ArmOnDevice(arm=arm, status="failed", failures=["Could not be loaded (x)."])
            if arm in failed
            else ArmOnDevice(arm=arm, status="ok")
            for arm in ("fp32", "int8")
        ],
        contrasts=contrasts or [],
        rules=[
            RuleResult(candidate="int8", quantity="latency_p50", rule="r", outcome=rule, reason=f"Latency is {rule}.")
        ],
        **more,
    )


def worse(p_value: float, n: int = 30, quantity: str = "run_peak_memory") -> Contrast:
    """A ratio that is 1 % up, with exactly this two-sided t p-value."""
    from scipy.stats import t

    mean = math.log(1.01)
    sd = mean * math.sqrt(n) / t.isf(p_value / 2, n - 1)
    return contrast(quantity, "worse", math.exp(mean), (1.0001, 1.02), sd, n, scale="ratio")


def contrast(
    quantity: str,
    outcome: Outcome,
    estimate: float,
    ends: tuple[float, float],
    sd: float = 0.1,
    n: int = 30,
    scale: Literal["ratio", "difference"] = "difference",
) -> Contrast:
    return Contrast(
        candidate="int8",
        quantity=quantity,
        baseline_value=NOT_SHOWN,
        candidate_value=NOT_SHOWN,
        effect=Effect(
            scale=scale,
            estimate=estimate,
            interval=Interval(low=ends[0], high=ends[1], level=0.95, method="t"),
            p_value=None,
            p_method=None,
            n=n,
            replicate="process",
            sd=sd,
            minimum_detectable=None,
            pairs_needed=None,
        ),
        outcome=outcome,
        words=f"{outcome} (by so much)",
    )


def verdict(*devices: DeviceResult) -> Verdict:
    return decide("int8", "fp32", list(devices), RULES, ["image07"], quick=False)


@pytest.mark.parametrize(
    ("outcomes", "decision", "sentence"),
    [
        (("met",), "ship", "Ship int8: latency within what was agreed."),
        (("met", "met"), "ship", "Ship int8: latency within what was agreed."),
        (("met", "open"), "undecided", "Not decided yet on int8: on d1, latency is open."),
        (("unavailable", "met"), "undecided", "Not decided yet on int8: on d0, latency is unavailable."),
        (("open", "broken"), "hold", "Do not ship int8: on d1, latency is broken."),
        (("broken",), "hold", "Do not ship int8: latency is broken."),
    ],
)
def test_the_worst_rule_on_any_device_decides(outcomes: tuple[RuleOutcome, ...], decision: str, sentence: str) -> None:
    found = verdict(*(device(f"d{place}", outcome) for place, outcome in enumerate(outcomes)))
    assert (found.decision, found.sentence) == (decision, sentence)
    assert found.reasons[0].lower().rstrip(".") in sentence.lower() or decision == "ship"


def test_who_failed_makes_the_difference() -> None:
    assert verdict(device(failed=("int8",), rule="unavailable")).decision == "hold"
    assert verdict(device(failed=("fp32",), rule="unavailable")).decision == "undecided"
    both = verdict(device(failed=("fp32", "int8"), rule="unavailable"))
    assert both.decision == "undecided"  # the fault is the device's, as far as one can tell
    assert both.sentence == "Not decided yet on int8: the baseline fp32 could not be loaded (x)."


def test_an_incomplete_device_is_no_ship_but_a_broken_rule_on_it_is_a_hold() -> None:
    cut = {"status": "incomplete", "problem": "the cable was pulled\n  plug it in"}
    waiting = verdict(device("d0"), device("d1", **cut))
    assert waiting.decision == "undecided"
    assert waiting.sentence == "Not decided yet on int8: on d1, the run is not complete: the cable was pulled."
    assert verdict(device("d0"), device("d1", rule="broken", **cut)).decision == "hold"


def test_what_no_rule_asks_about_is_told_when_it_got_worse() -> None:
    told = "No rule asks about it, but peak memory while running is worse (by so much)."
    assert told in verdict(device(contrasts=[worse(0.03)])).reasons
    assert verdict(device(contrasts=[worse(0.03)])).decision == "ship"


def test_worse_on_some_device_is_corrected_for_the_number_of_devices() -> None:
    def told(*p_values: float) -> int:
        devices = [device(f"d{place}", contrasts=[worse(p_value)]) for place, p_value in enumerate(p_values)]
        return sum("no rule asks" in reason.lower() for reason in verdict(*devices).reasons)

    assert told(0.03) == 1
    assert told(0.03, 0.9) == 0
    assert told(0.02, 0.9) == 1
    assert told(0.01, 0.04) == 2


UNRULED = [
    name
    for name, one in QUANTITIES.items()
    if one.scale == "ratio" and not one.of_tail and name not in ("latency_p50", "model_size")
]


def test_worse_is_corrected_for_the_number_of_quantities_that_no_rule_asks_about() -> None:
    def told(*p_values: float) -> int:
        rows = [worse(p_value, quantity=name) for name, p_value in zip(UNRULED, p_values, strict=False)]
        return sum("no rule asks" in reason.lower() for reason in verdict(device(contrasts=rows)).reasons)

    assert told(0.03, 0.9) == 0
    assert told(0.02, 0.9) == 1
    assert told(0.01, *[0.9] * 5) == 0
    assert told(0.005, *[0.9] * 5) == 1
    assert told(0.01, 0.04) == 2


def test_a_larger_file_is_told_and_costs_the_others_nothing() -> None:
    file = contrast("model_size", "worse", 1.2, (1.2, 1.2), scale="ratio")
    assert isinstance(file.effect, Effect)
    exact = file.model_copy(
        update={"effect": file.effect.model_copy(update={"interval": None, "sd": None, "replicate": "file"})}
    )
    told = [reason for reason in verdict(device(contrasts=[worse(0.03), exact])).reasons if "no rule" in reason.lower()]
    assert len(told) == 2


def test_of_the_same_model_twice_at_most_one_run_in_twenty_names_what_no_rule_asks_about() -> None:
    random = np.random.default_rng(1)
    level, named, worse_rows = Level(NOT_SHOWN, None), 0, 0
    for values in random.normal(0, 0.02, (1000, len(UNRULED), 20)):
        rows = [
            make_contrast(
                "int8",
                QUANTITIES[name],
                Evidence(level, level, Paired(estimate_mean(row), "process")),
                Margins(1e-9, 1e-9),
                [],
                [],
                None,
            )
            for name, row in zip(UNRULED, values, strict=True)
        ]
        worse_rows += any(row.outcome == "worse" for row in rows)
        named += any("no rule asks" in reason.lower() for reason in verdict(device(contrasts=rows)).reasons)
    print(f"same model twice: {worse_rows / 1000:.1%} have a worse row, {named / 1000:.1%} name one")
    assert worse_rows > 100
    assert named <= 50


def test_what_four_devices_have_in_common_is_told_beside_the_verdict() -> None:
    def told(*ratios: float) -> list[str]:
        rows = [contrast("latency_p50", "worse", ratio, (ratio / 1.1, ratio * 1.1), scale="ratio") for ratio in ratios]
        devices = [device(f"d{place}", contrasts=[row]) for place, row in enumerate(rows)]
        return [reason for reason in verdict(*devices).reasons if reason.startswith("Across")]

    assert told(1.3, 1.2, 1.3) == []
    (slower,) = told(1.3, 1.2, 1.3, 1.2)
    assert slower.startswith("Across 4 devices latency is 25 % slower (between ")
    assert slower.endswith(", 19 times in 20.")
    (apart,) = told(1.25, 1 / 1.25, 1.25, 1 / 1.25)
    assert apart.startswith("Across 4 devices latency shows no clear difference (between ")


DISAGREEING = [
    contrast("psnr_y", "equivalent", 0.010, (0.002, 0.017)),
    contrast("lpips_alex", "worse", 0.01, (0.008, 0.012)),
]


def on_lpips(outcome: RuleOutcome) -> RuleResult:
    return RuleResult(candidate="int8", quantity="lpips_alex", rule="r", outcome=outcome, reason=f"LPIPS is {outcome}.")


def test_scores_that_disagree_name_the_images_and_leave_it_undecided() -> None:
    found = verdict(device(contrasts=DISAGREEING))
    assert found.look_at == ["image07"]
    assert found.decision == "undecided"
    assert found.sentence == (
        "Not decided yet on int8: the metrics disagree: better by PSNR (Y) (equivalent); worse by LPIPS (AlexNet) "
        "(worse). Look at the images before you decide; a rule on LPIPS (AlexNet) would settle it."
    )
    assert clause(found.reasons[0]) in found.sentence


@pytest.mark.parametrize(
    ("outcome", "decision"), [("met", "ship"), ("open", "undecided"), ("broken", "hold"), ("unavailable", "undecided")]
)
def test_nobody_is_told_to_look_before_deciding_under_a_verdict_that_has_decided(
    outcome: RuleOutcome, decision: str
) -> None:
    one = device(contrasts=DISAGREEING)
    found = verdict(one.model_copy(update={"rules": [*one.rules, on_lpips(outcome)]}))
    assert found.decision == decision
    told = [reason for reason in found.reasons if reason.startswith("The metrics disagree")]
    assert len(told) == 1
    assert ("before you decide" in told[0]) == (decision == "undecided")
    if outcome == "met":
        assert told[0].endswith("worse by LPIPS (AlexNet) (worse), as the rules allow.")
    if outcome == "broken":
        assert found.sentence == "Do not ship int8: LPIPS is broken. But the metrics disagree: look at the images."


def test_a_doubt_is_told_before_a_rule_that_is_merely_open() -> None:
    one = device(rule="open")
    doubted = one.rules[0].model_copy(update={"reason": "Peak memory is 1 % less; doubted: x.", "doubted": "x"})
    found = verdict(one.model_copy(update={"rules": [*one.rules, doubted]}))
    assert found.sentence == "Not decided yet on int8: peak memory is 1 % less; doubted: x."


def test_differences_too_small_to_matter_are_no_disagreement() -> None:
    up = contrast("psnr_y", "equivalent", 0.010, (0.002, 0.017))
    down = contrast("lpips_alex", "equivalent", 0.001, (0.0005, 0.0015))
    assert verdict(device(contrasts=[up, down])).look_at == []


def test_among_several_a_phone_is_called_by_its_model_and_address():
    pixel = Identity(kind="adb", model="Google Pixel 8", android=AndroidFacts(model="Pixel 8"))
    phones = [
        device(name, rule).model_copy(update={"identity": pixel})
        for name, rule in (("adb:A", "broken"), ("adb:B", "met"))
    ]
    verdict = decide("int8", "fp32", phones, RULES, [], quick=False)
    assert verdict.sentence == "Do not ship int8: on Google Pixel 8 (adb:A), latency is broken."
    assert "On Google Pixel 8 (adb:B), latency is met." in verdict.reasons
