"""A rule of an experiment that is broken against the pinned baseline, and of which no night told yet: a suite's first
night finds what is bad from the beginning, which no change would ever show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from harness.commands.nightly.measure_run import read_comparison
from harness.commands.nightly.night_words import GIVEN
from harness.documents.nightly import Change, ChangedSeries, Confirmation, SeriesName
from harness.errors import UserError
from harness.history.changes.known import event_id
from harness.quantity import QUANTITIES
from harness.words.sentences import counted

if TYPE_CHECKING:
    from harness.commands.nightly.night import Night
    from harness.documents.comparison import Comparison, Contrast
    from harness.nightly.state import JobOfNight

KIND: Final = "rule broken"


def without_rules(changes: Iterable[Change]) -> list[Change]:
    """Changes in the course of series: a rule that is broken moves nobody's baseline."""
    return [change for change in changes if change.kind != KIND]


def jobs_with_news(night: Night, told: Sequence[Change]) -> list[JobOfNight]:
    """Jobs whose first run tonight broke a rule, where no night told of that series being worse."""
    found = []
    for job in night.state.jobs:
        runs = _results(night, job)
        if runs and _news(_broken(job, runs[0]), told):
            found.append(job)
    return found


def broken_rules(night: Night, told: Sequence[Change], tonight: Sequence[Change]) -> list[Change]:
    """News of broken rules, one change for all of a candidate's: `told` are the changes in the history, `tonight` those
    in the course of its series. Confirmed where every run of tonight broke the rule and there were at least two.
    """
    members: dict[tuple[str, Confirmation], list[ChangedSeries]] = {}
    for job in night.state.jobs:
        runs = _results(night, job)
        if not runs:
            continue
        per_run = [_broken(job, run) for run in runs]
        first = _news(per_run[0], [*told, *tonight])
        for name, member in first.items():
            everywhere = all(name in each for each in per_run)
            confirmation: Confirmation = (
                "not confirmed" if not everywhere else "confirmed" if len(runs) > 1 else "suspected"
            )
            members.setdefault((name.candidate, confirmation), []).append(per_run[-1].get(name, member))
    return [
        _change(night, candidate, confirmation, of_candidate)
        for (candidate, confirmation), of_candidate in members.items()
    ]


def _change(night: Night, candidate: str, confirmation: Confirmation, members: list[ChangedSeries]) -> Change:
    devices = len({member.name.device for member in members})
    experiments = list(dict.fromkeys(member.name.experiment for member in members))
    commits = {
        (commit.arm, commit.sha, commit.path): commit
        for job in night.state.jobs
        if job.experiment in experiments
        for commit in job.commits
        if commit.arm == candidate
    }
    facts = sorted("/".join(member.name.model_dump().values()) for member in members)
    sure = {
        "confirmed": "broken again when it was measured a second time",
        "suspected": "not measured a second time",
        "not confirmed": "not broken when it was measured a second time",
    }
    return Change(
        id=event_id(night.state.suite, KIND, [night.state.night, confirmation, *facts]),
        kind=KIND,
        confirmation=confirmation,
        sentence=f"{candidate} breaks {counted(len(members), 'rule')} against the pinned baseline on"
        f" {counted(devices, 'device')}.",
        last_good_night=None,
        first_bad_night=night.state.night,
        commits=list(commits.values()),
        causes=[],
        members=members,
        is_new=True,
        how_sure=sure[confirmation],
    )


def _news(broken: dict[SeriesName, ChangedSeries], told: Sequence[Change]) -> dict[SeriesName, ChangedSeries]:
    worse = known_as_worse(told)
    return {name: member for name, member in broken.items() if name not in worse}


def known_as_worse(changes: Sequence[Change]) -> set[SeriesName]:
    """Series that people were told of as worse, and not as better since."""
    worse: set[SeriesName] = set()
    for change in sorted(changes, key=lambda each: each.first_bad_night):
        if change.confirmation != "confirmed":
            continue
        for member in change.members:
            if change.kind == "new series":
                worse.discard(member.name)
            elif member.is_worse:
                worse.add(member.name)
            else:
                worse.discard(member.name)
    return worse


def _results(night: Night, job: JobOfNight) -> list[Comparison]:
    """Of tonight's runs of a job, in order."""
    found = []
    for run in job.runs if job.status in GIVEN else ():
        if run.progress == "done" and night.folder.run(run).comparison.is_file():
            try:
                found.append(read_comparison(night.folder.run(run)))
            except UserError as error:
                night.warn(error.what)
    return found


def _broken(job: JobOfNight, comparison: Comparison) -> dict[SeriesName, ChangedSeries]:
    result = comparison.devices[0]
    contrasts: dict[tuple[str, str, str | None], Contrast] = {
        (each.candidate, each.quantity, None): each for each in result.contrasts
    }
    for one in result.groups:
        contrasts[one.contrast.candidate, one.contrast.quantity, one.group] = one.contrast
    found: dict[SeriesName, ChangedSeries] = {}
    for rule in result.rules:
        contrast = contrasts.get((rule.candidate, rule.quantity, rule.group))
        if rule.outcome == "broken" and contrast is not None:
            name = SeriesName(
                experiment=job.experiment, device=job.device, candidate=rule.candidate, quantity=rule.quantity
            )
            member = _member(name, contrast, rule.reason)
            if member is not None:
                found.setdefault(name, member)
    return found


def _member(name: SeriesName, contrast: Contrast, reason: str) -> ChangedSeries | None:
    """The baseline is `before`, the candidate `after`."""
    effect = contrast.effect
    if effect.kind == "no effect":
        return None
    quantity = QUANTITIES[contrast.quantity]
    interval = effect.interval
    return ChangedSeries(
        name=name,
        label=quantity.label,
        scale=effect.scale,
        unit="" if effect.scale == "ratio" else quantity.unit,
        before=1.0 if effect.scale == "ratio" else 0.0,
        after=effect.estimate,
        low=interval.low if interval is not None else None,
        high=interval.high if interval is not None else None,
        p_value=effect.p_value,
        is_worse=True,
        words=reason,
    )
