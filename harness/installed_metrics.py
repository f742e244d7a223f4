"""Metrics that installed packages bring: entry points of the group `bakeoff.metrics`, each a metrics.metric.ItemMetric.

    [project.entry-points."bakeoff.metrics"]
    my_score = "my_package:MY_SCORE"

Their code is somebody else's, and computes in a process of its own. Whatever it does wrong is said with the package's
name, and the rest goes on: a metric that cannot be loaded is refused, one that cannot be opened is unavailable, and an
item that it fails on, hangs or crashes on, or gives no number for, has no value. Not even what it says of itself is
learnt by importing it here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from harness.metric_process import MetricProcess, MetricProcessError
from harness.own_scores import OwnScore, make_known
from metrics.metric_facts import MetricFacts
from metrics.registry import FACTS, METRICS

if TYPE_CHECKING:
    from collections.abc import Callable

    from metrics.metric import Metric, MetricFactory, MetricSettings, PreparedReference, Sample

GROUP: Final = "bakeoff.metrics"
_MOST_CHARACTERS: Final = 200
_MOST_ENTRIES: Final = 64
_LOADED_WITHIN_S: Final = 60.0


@cache
def load_installed_metrics() -> dict[str, str]:
    """Make every installed metric known, once in a process; those that were refused → why."""
    refused: dict[str, str] = {}
    entries = sorted(metadata.entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
    loaded: dict[str, str] = {}
    asking: dict[str, MetricProcess] = {}
    for entry in entries[:_MOST_ENTRIES]:
        package = _package(entry)
        if entry.name in loaded:
            refused[entry.name] = f"{package} and {loaded[entry.name]} both bring it; uninstall one"
            METRICS.pop(entry.name, None)
            continue
        loaded[entry.name] = package
        try:
            # Entries of one module are asked for in one process: most packages have several, and one is soon loaded.
            module = entry.value.partition(":")[0]
            process = asking.setdefault(module, MetricProcess((), None, _LOADED_WITHIN_S))
            answer = process.facts(entry.name, entry.value)
            if "fault" in answer:
                refused[entry.name] = f"{package}: {_one_line(str(answer['text']))}"
            else:
                _register(entry, package, MetricFacts(**answer["facts"]))
        except MetricProcessError as error:
            refused[entry.name] = f"{package}: {error} when it is loaded"
        except (TypeError, ValueError) as error:
            refused[entry.name] = f"{package}: {_said(error)}"
    for process in asking.values():
        process.close()
    return refused


def _register(entry: metadata.EntryPoint, package: str, told: MetricFacts) -> None:
    if told.name != entry.name:
        msg = f"it is registered as {entry.name!r}, and its facts call it {told.name!r}"
        raise ValueError(msg)
    if told.family not in {facts.family for facts in FACTS.values()}:
        known = ", ".join(dict.fromkeys(facts.family for facts in FACTS.values()))
        msg = f"no task offers metrics of the family {told.family!r}; there are {known}"
        raise ValueError(msg)
    # Of messages lists come back where tuples went.
    lowest, highest = told.range
    facts = replace(told, range=(lowest, highest), source=package, gallery_order=None)
    make_known(OwnScore.of(facts))
    METRICS[entry.name] = _guarded(entry, facts)


def _guarded(entry: metadata.EntryPoint, facts: MetricFacts) -> MetricFactory:
    def opened(settings: MetricSettings) -> Metric:
        from metrics.errors import MetricUnavailableError

        process = MetricProcess((entry.name, entry.value), settings, settings.own_deadline_s)
        try:
            answer = process.open()
        except MetricProcessError as error:
            raise MetricUnavailableError(f"{facts.label} unavailable: {facts.source} {error}") from error
        if answer.get("fault") == "unavailable":
            raise MetricUnavailableError(_one_line(str(answer["text"])))
        if "fault" in answer:
            raise MetricUnavailableError(f"{facts.label} unavailable: {facts.source}: {_one_line(str(answer['text']))}")
        return _GuardedMetric(process, facts)

    return opened


@dataclass(frozen=True)
class _GuardedMetric:
    """A metric whose faults are those of single items."""

    process: MetricProcess
    facts: MetricFacts

    def prepare(self, reference: Sample) -> PreparedReference:
        """As the metric does; whatever it raises, and that it hangs or crashes, is told as a MetricInputError."""
        key = self.process.new_key()
        self.answered(lambda: self.process.prepare(key, reference))
        return _GuardedReference(self, key, reference)

    def describe(self) -> str:
        """As the metric says, and where it came from."""
        return f"{_one_line(self.process.said)} ({self.facts.source})"

    def number(self, answer: dict[str, Any]) -> float:
        """What a metric gave as a value, if it is one."""
        from metrics.errors import MetricInputError

        lowest, highest = self.facts.range
        made = answer.get("value")
        if not isinstance(made, float) or math.isnan(made):
            shown = answer.get("odd", "nan" if made is not None else "no answer")
            raise MetricInputError(f"{self.facts.source} gave {_one_line(str(shown))}, which is no value")
        if (lowest is not None and made < lowest) or (highest is not None and made > highest):
            raise MetricInputError(f"{self.facts.source} gave {made:g}, which its own range does not have")
        return made

    def answered(self, ask: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The answer of its process. Raises MetricInputError in words."""
        from metrics.errors import MetricInputError

        try:
            answer = ask()
        except MetricProcessError as error:
            raise MetricInputError(f"{self.facts.source} {error}") from error
        if answer.get("fault") == "input":
            raise MetricInputError(_one_line(str(answer["text"])))
        if "fault" in answer:
            raise MetricInputError(f"{self.facts.source} failed: {_one_line(str(answer['text']))}")
        return answer


@dataclass(frozen=True)
class _GuardedReference:
    """A reference of such a metric."""

    metric: _GuardedMetric
    key: str
    reference: Sample

    def score(self, output: Sample) -> float:
        """As the metric does; what is no number, or outside of its range, is refused."""
        process = self.metric.process
        return self.metric.number(self.metric.answered(lambda: process.score(self.key, self.reference, output)))


def _package(entry: metadata.EntryPoint) -> str:
    if entry.dist is None:
        return "a package without a name"
    return _one_line(f"{entry.dist.name} {entry.dist.version}")


def _said(error: BaseException) -> str:
    """An exception in one line; of pydantic's the first fault."""
    faults = error.errors(include_url=False) if hasattr(error, "errors") else []
    if faults:
        place = ".".join(str(part) for part in faults[0]["loc"])
        return _one_line(f"its facts: {place}{': ' if place else ''}{faults[0]['msg'].removeprefix('Value error, ')}")
    return _one_line(f"{type(error).__name__}: {error}")


def _one_line(text: str) -> str:
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= _MOST_CHARACTERS else line[: _MOST_CHARACTERS - 1] + "…"
