"""How it was measured and decided, a sentence each, with the numbers of this run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from harness.analysis.stopping.stopping import PRECISION
from harness.quantity import NEGLIGIBLE_RATIO, QUANTITIES, STALLED
from harness.statistics.random_effects import FEWEST as FEWEST_DEVICES
from harness.statistics.set_bootstrap import RESAMPLES
from harness.words.rules import rule_in_words
from harness.words.sentences import counted, listed, plural

if TYPE_CHECKING:
    from harness.documents.manifest import Manifest


def rules_in_words(manifest: Manifest) -> list[str]:
    """The declared rules, in the order of the experiment."""
    nouns = manifest.experiment.task.nouns
    return [
        f"{QUANTITIES[rule.quantity].label}: {rule_in_words(rule, QUANTITIES[rule.quantity], nouns)}"
        for rule in manifest.experiment.rules
    ]


def method_in_words(manifest: Manifest, *, by_launch: bool) -> list[str]:
    """Sentences on measuring and deciding. `by_launch`: whether the latency pass had several launches."""
    measure, data = manifest.experiment.measure, manifest.experiment.data
    arms = counted(len(manifest.arms), "arm")
    block = "pair" if len(manifest.arms) == 2 else "round"
    launches = len(measure.launch_sizes)
    first_look = measure.first_look.launches if by_launch else measure.first_look.pairs
    most = "" if first_look is None else "at most "
    spread = (
        f"in {most}{counted(launches, 'launch')}: fresh processes of every arm, warmed up, about "
        f"{counted(round(measure.pairs / launches), block)} in each"
        if by_launch
        else "by the same processes throughout"
    )
    sentences = [
        f"Latency: {most}{counted(measure.pairs, block)} of blocks of about {measure.block_ms:g} ms on each device, "
        f"one block of each of the {arms}, in random order (seed {manifest.seed}), after a warm-up, {spread}; item "
        f"{_latency_item(manifest)!r}; batch of one.",
        "Each pair gives one ratio, candidate against baseline, of the blocks' medians (or 90th percentiles, means). "
        "The " + _what_is_counted(by_launch, "t" if first_look is None else "confidence"),
        "The 99th percentile is of all inferences of an arm together. Its ratio's interval holds the ratios that a "
        f"test of the shares of inferences beyond a common bound in each {'launch' if by_launch else block} does not "
        f"reject. Stalled inferences take more than {STALLED:g} times the median of their own block; their interval is "
        "of the differences of their shares, with one stall more in each arm allowed for. Where the run could have "
        "ended early, both allow for the looks.",
        *(
            []
            if first_look is None
            else [_sequential_design(manifest, "latency", first_look, "launch" if by_launch else block)]
        ),
        *_whole_items_in_words(manifest),
        "Beside a change, an arm's own time, memory or energy is the geometric mean too, so that candidate divided by "
        "baseline is the change wherever both have a value for the same pairs.",
        "“31 % faster, 1.45 times the speed” means 31 % less time, or 1.45 times as many in the same time.",
    ]
    if manifest.experiment.energy_cycles:
        sentences += _energy_in_words(manifest)
    if manifest.experiment.sustained_cycles:
        sentences.append(_sustained_in_words(manifest))
    if measure.memory_repeats:
        sentences.append(
            f"Memory, load time and first inference: {counted(measure.memory_repeats, 'fresh process')} of each arm, "
            f"{counted(measure.memory_inferences, 'inference')} each, paired by repeat."
        )
    if manifest.experiment.page_repeats:
        sentences.append(
            f"Frames: {counted(manifest.experiment.page_repeats, 'fresh tab')} of each arm that runs in a web page, "
            f"{measure.page.work_s:g} s of inferences without pause in a page that keeps animating; a frame is due as "
            "often as one came in the second before, when the page did nothing else."
        )
    if measure.metrics:
        scenes = len({item.scene for item in manifest.items})
        unit = f"{counted(scenes, 'scene')}, which are the unit of statistics" if data.scene_separator else "one by one"
        noun = manifest.experiment.task.nouns.singular
        names = listed([QUANTITIES[name].subject for name in measure.metrics])
        sentences.append(
            f"Quality: {counted(len(manifest.items), noun)} ({unit}), each put through every arm on every device "
            f"and compared with its reference: {names}. Differences are taken {noun} by {noun}."
        )
    for score in manifest.scores:
        sentences.append(
            f"{QUANTITIES[score.quantity].label} was made elsewhere, and is read from {Path(score.path).name} (SHA-256 "
            f"{score.sha256[:12]} when the run began)."
        )
    pooled = [QUANTITIES[name].subject for name in measure.metrics if QUANTITIES[name].over == "set"]
    if pooled:
        drawn = "scenes" if data.scene_separator else f"{noun}s"
        sentences.append(
            f"Of {listed(pooled)} no {noun} has a value: all together have one. The interval is of {RESAMPLES:,} sets "
            f"of {drawn} drawn with replacement, for both arms the same ones (BCa bootstrap, its percentiles taken "
            "further out for few of them)."
        )
    sentences += [
        "Better or worse: the 95 % interval excludes no difference. Equivalent: the 90 % interval lies inside a margin "
        "(two one-sided tests). Where no rule gives a margin it is the size below which a difference does not matter: "
        f"{100 * NEGLIGIBLE_RATIO:g} % for times and sizes; for scores "
        f"{_score_margins(manifest.experiment.score_names)}.",
        "The rules were written down before the run. A rule is met, or broken, only where the confidence interval lies "
        "wholly on one side of its bound (a margin: the one-sided 95 % bound); otherwise it is open.",
        "A 90th or 99th percentile, or a share of stalled inferences, that got worse though no rule asks about it does "
        "not hold a candidate back; the verdict's sentence names it where it holds for all of these and all devices "
        "together (Holm, 5 %) and is more than half a point, or beyond 2 % and what was agreed for a latency.",
        "What else got worse though no rule asks about it is named in the verdict only where it holds for all such "
        "quantities and devices together (Holm, 5 %); the rows of the tables are not corrected for their number.",
        "Ship: every rule is met on every device. Hold: a rule is broken on some device, or the candidate fails there. "
        "Undecided: anything else. What speaks against a candidate that ships though no rule asks about it is named as "
        "a reservation.",
    ]
    if any(item.groups for item in manifest.items):
        sentences.append(_groups_in_words(manifest))
    if len(manifest.devices) > 1:
        sentences.append(
            f"Being broken on some of the {len(manifest.devices)} devices is corrected for their number (Holm); being "
            "met on all of them needs no correction. Devices are not pooled for the verdict."
        )
    if len(manifest.devices) >= FEWEST_DEVICES:
        sentences.append(
            "Across devices: random effects, every device counting alike (95 % t interval over devices, never narrower "
            "than their own noise), taking these for a sample of all devices like them. For information: no rule rests "
            "on it."
        )
    return sentences


def _whole_items_in_words(manifest: Manifest) -> list[str]:
    numbers = manifest.inferences_of_latency_item()
    if max(numbers.values()) == 1:
        return []
    noun = manifest.experiment.task.nouns.singular
    taken = listed([f"{number} of {arm}" for arm, number in numbers.items()])
    return [
        f"A whole {noun} is several inferences ({taken} for {_latency_item(manifest)!r}): one of them is timed again"
        f" and again, and the latency of the whole {noun} is its mean times their number. Cutting and joining are done"
        " on the host and are in no time."
    ]


def _groups_in_words(manifest: Manifest) -> str:
    nouns = manifest.experiment.task.nouns
    return (
        f"Groups of {nouns.plural}, as they were declared: in each the mean of every score that a rule is on is held "
        f"against what the rules let the mean of all {nouns.plural} lose (one-sided t test, the larger p-value of it "
        "and of Hall's, which allows for skewed differences; Holm, 5 % over all groups, scores and devices of a "
        "candidate). A group that is worse leaves the decision as the rules have it."
        + (
            " A rule on a group is judged as others are, over the group alone; it is broken only where that holds for"
            " all rules on groups and devices together (Holm, 5 %)."
        )
        * any(rule.group is not None for rule in manifest.experiment.rules)
    )


def _what_is_counted(by_launch: bool, interval: str) -> str:
    if by_launch:
        return (
            f"change is the geometric mean over launches of their pairs' geometric means, with a 95 % {interval} "
            "interval over launches: a process has a speed of its own, which no number of pairs within it averages "
            "out. The interval is wider where neighbouring ratios resemble each other, and where they are skewed."
        )
    return (
        f"change is their geometric mean, with a 95 % {interval} interval over pairs: pairs, not single inferences, "
        "are what is counted, because neighbouring inferences resemble each other and devices drift. What two "
        "processes of one model differ by is not in it, since each arm had one process (measure.launches)."
    )


def _energy_in_words(manifest: Manifest) -> list[str]:
    experiment = manifest.experiment
    looks_after = experiment.energy_looks_after
    most = "" if looks_after is None else "at most "
    blocks = experiment.long_blocks(measures_energy=True)
    sentences = [
        f"Energy: {most}{counted(blocks.cycles, 'cycle')} of one block of {blocks.block_s:g} s of each arm, in an "
        f"order that is drawn and turned round in the next cycle, with {blocks.idle_s:g} s of idling right before "
        f"each, once the device has cooled (at most {experiment.measure.gates.cool_wait_s:g} s are waited for that); "
        "paired by cycle. What is taken off is the idling of the cooled device: what an arm's own heat costs by "
        "leakage is counted to the arm."
    ]
    return (
        sentences if looks_after is None else [*sentences, _sequential_design(manifest, "energy", looks_after, "cycle")]
    )


def _sustained_in_words(manifest: Manifest) -> str:
    experiment, gates = manifest.experiment, manifest.experiment.measure.gates
    blocks = experiment.long_blocks(measures_energy=False)
    serve = " Where a device measures energy the blocks of that serve, as long and as many as either asks." * (
        experiment.energy_cycles > 0
    )
    return (
        f"Sustained latency: {counted(blocks.cycles, 'cycle')} of one block of {blocks.block_s:g} s of each arm alone, "
        f"in an order that is drawn and turned round in the next cycle; each begins once the device is back to within "
        f"{gates.cool_rise_celsius:g} °C of where the run began (at most {gates.cool_wait_s:g} s are waited for "
        f"that), after {blocks.idle_s:g} s of rest at least. The second half of each block counts; paired by cycle."
        f"{serve} Pairs of short blocks say what the work takes on a device in one state; long blocks say what a long "
        "session gets, a build's own heat included."
    )


def _sequential_design(manifest: Manifest, of_pass: Literal["latency", "energy"], first_look: int, block: str) -> str:
    ruled = any(QUANTITIES[rule.quantity].measured_in == of_pass for rule in manifest.experiment.rules)
    compared = "the latencies were" if of_pass == "latency" else "energy per inference was"
    until = (
        f"every rule on {of_pass} was decided, or could not be decided any more"
        if ruled
        else f"{compared} compared to within {100 * PRECISION:g} %"
    )
    return (
        f"From {counted(first_look, block)} on a device was looked at after each, and ended its {of_pass} pass as soon "
        f"as {until}. The interval is anytime-valid (a t-mixture confidence sequence: what the intervals of all looks "
        "have in common), so that this looking does not raise the share of wrong answers; it is wider than a t "
        f"interval of as many {plural(block)}."
    )


def _score_margins(metrics: list[str]) -> str:
    parts = [
        f"{row.negligible:g} {row.change_unit}".strip() + f" of {row.subject}"
        for row in (QUANTITIES[name] for name in metrics)
    ]
    return listed(parts) if parts else "none"


def _latency_item(manifest: Manifest) -> str:
    return next((item.stem for item in manifest.items if item.id == manifest.latency_item), manifest.latency_item)
