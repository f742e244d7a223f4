"""What `bakeoff check` finds of a suite: all that can be known without measuring."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from harness.commands.nightly.keep_results import NightlyHistory
from harness.commands.nightly.prepare_experiments import prepare_experiments
from harness.experiment.resolve import resolve
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.commands.nightly.prepare_experiments import PreparedExperiment
    from harness.experiment.declaration import Experiment
    from harness.nightly.suite_file import SuiteFile
    from harness.runs.session.progress import Progress

COLUMN = 10


def check_suite(file: SuiteFile, progress: Progress) -> list[str]:
    """Read its experiments, look up its models in git, open its history. No device is connected to.

    Returns lines that say what the suite is. Raises `UserError`.
    """
    suite = file.suite
    history = NightlyHistory(suite.history.url)
    history.check()
    prepared = prepare_experiments(file, progress)
    lines = []
    for each in prepared:
        if each.problem is None:
            nouns = each.file.experiment.task.nouns
            resolve(each.file, partial(progress.advance, each.declared.name, f"reading {nouns.content}"))
        devices = each.declared.devices or suite.devices
        lines.append(f"measures  {each.declared.name}: {each.file.experiment.question} On {', '.join(devices)}.")
        lines += [
            f"{'':{COLUMN}}{commit.arm}: {commit.path} at {commit.ref}: commit {commit.sha[:12]} of {commit.author},"
            f" “{commit.message}”"
            for commit in each.commits
        ]
        if each.problem is not None:
            lines.append(f"doubt     {each.declared.name}: {each.problem.splitlines()[0]}")
    lines += _minutes(file, prepared)
    lines.append(f"history   {history.shown or 'not there'}{f': {history.problem}' if history.problem else ''}")
    lines.append(f"nights    {file.nights_folder()}")
    doubted = any(line.startswith("doubt") for line in lines) or history.problem is not None
    return [*lines, f"{suite.name}: {'can be run, with doubts' if doubted else 'ready to run'}."]


def least_minutes(experiment: Experiment, pairs: int | None) -> float:
    """What an experiment's blocks alone take on one device; starting, warming up and waiting come on top."""
    measure = experiment.measure
    arms = len(experiment.arms)
    least = pairs or measure.pairs
    if measure.design == "sequential":
        least = min(least, measure.min_pairs)
    block_s = (measure.block_ms + measure.settle_ms + measure.reference_ms) / 1e3
    energy, sustained = measure.energy, measure.sustained
    cycles = energy.min_cycles if experiment.asks_for_energy_looks else experiment.energy_cycles
    seconds = arms * least * block_s
    seconds += arms * (cycles or 0) * (energy.block_s + energy.idle_s)
    seconds += arms * experiment.sustained_cycles * (sustained.block_s + sustained.rest_s)
    seconds += arms * experiment.page_repeats * measure.page.work_s
    return seconds / 60.0


def _minutes(file: SuiteFile, prepared: Sequence[PreparedExperiment]) -> list[str]:
    suite = file.suite
    needed = dict.fromkeys(suite.devices, 0.0)
    for each in prepared:
        for device in each.declared.devices or suite.devices:
            minutes = least_minutes(each.file.experiment, each.declared.pairs)
            needed[device] = needed.get(device, 0.0) + minutes
    device, most = max(needed.items(), key=lambda item: item[1])
    free = suite.budget_minutes * (1.0 - suite.changes.reserve)
    shown = f"{counted(len(needed), 'device')}, at least {most:.1f} minutes of blocks on {device}"
    lines = [f"budget    {suite.budget_minutes:g} minutes, {free:g} before suspects are measured again: {shown}"]
    if most > free:
        lines.append(
            f"doubt     the blocks alone take longer on {device} than there is time for: experiments of low priority"
            " will not be measured"
        )
    return lines
