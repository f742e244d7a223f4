"""Metrics that installed packages bring: entry points of the group `bakeoff.metrics`, each a metrics.metric.ItemMetric.

    [project.entry-points."bakeoff.metrics"]
    my_score = "my_package:MY_SCORE"

Their code is somebody else's. Whatever it does wrong is said with the package's name, and the rest goes on: a metric
that cannot be loaded is refused, one that cannot be opened is unavailable, and an item that it fails on, or gives no
number for, has no value.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

from harness.own_scores import OwnScore, make_known
from metrics.metric import ItemMetric
from metrics.registry import FACTS, METRICS

if TYPE_CHECKING:
    from metrics.metric import Metric, MetricFactory, MetricSettings, PreparedReference, Sample
    from metrics.metric_facts import MetricFacts

GROUP: Final = "bakeoff.metrics"
_MOST_CHARACTERS: Final = 200
_MOST_ENTRIES: Final = 64


@cache
def load_installed_metrics() -> dict[str, str]:
    """Make every installed metric known, once in a process; those that were refused → why."""
    refused: dict[str, str] = {}
    entries = sorted(metadata.entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
    loaded: dict[str, str] = {}
    for entry in entries[:_MOST_ENTRIES]:
        package = _package(entry)
        if entry.name in loaded:
            refused[entry.name] = f"{package} and {loaded[entry.name]} both bring it; uninstall one"
            METRICS.pop(entry.name, None)
            continue
        loaded[entry.name] = package
        try:
            _register(entry, package)
        except Exception as error:
            refused[entry.name] = f"{package}: {_said(error)}"
        except SystemExit:
            refused[entry.name] = f"{package}: ends the program when it is loaded"
    return refused


def _register(entry: metadata.EntryPoint, package: str) -> None:
    made = entry.load()
    if not isinstance(made, ItemMetric):
        msg = f"{entry.value} is {type(made).__name__}, not a metrics.metric.ItemMetric"
        raise TypeError(msg)
    if made.facts.name != entry.name:
        msg = f"it is registered as {entry.name!r}, and its facts call it {made.facts.name!r}"
        raise ValueError(msg)
    if made.facts.family not in {facts.family for facts in FACTS.values()}:
        known = ", ".join(dict.fromkeys(facts.family for facts in FACTS.values()))
        msg = f"no task offers metrics of the family {made.facts.family!r}; there are {known}"
        raise ValueError(msg)
    facts = replace(made.facts, source=package, gallery_order=None)
    make_known(OwnScore.of(facts))
    METRICS[entry.name] = _guarded(made.open, facts)


def _guarded(factory: MetricFactory, facts: MetricFacts) -> MetricFactory:
    def opened(settings: MetricSettings) -> Metric:
        from metrics.errors import MetricUnavailableError

        try:
            return _GuardedMetric(factory(settings), facts)
        except MetricUnavailableError:
            raise
        except Exception as error:
            raise MetricUnavailableError(f"{facts.label} unavailable: {facts.source}: {_said(error)}") from error

    return opened


@dataclass(frozen=True)
class _GuardedMetric:
    """A metric whose faults are those of single items."""

    inner: Metric
    facts: MetricFacts

    def prepare(self, reference: Sample) -> PreparedReference:
        """As the metric does; whatever it raises is told as a MetricInputError."""
        return _GuardedReference(self._asked(lambda: self.inner.prepare(reference)), self)

    def describe(self) -> str:
        """As the metric says, and where it came from."""
        return f"{_one_line(str(self._asked(self.inner.describe)))} ({self.facts.source})"

    def number(self, made: Any) -> float:
        """What a metric gave as a value, if it is one."""
        from metrics.errors import MetricInputError

        lowest, highest = self.facts.range
        is_number = isinstance(made, float | int) and not isinstance(made, bool)
        if not is_number and type(made).__module__ == "numpy" and getattr(made, "shape", None) == ():
            made, is_number = made.item(), True
        if not is_number or math.isnan(made):
            raise MetricInputError(f"{self.facts.source} gave {_one_line(repr(made))}, which is no value")
        value = float(made)
        if (lowest is not None and value < lowest) or (highest is not None and value > highest):
            raise MetricInputError(f"{self.facts.source} gave {value:g}, which its own range does not have")
        return value

    def asked(self, prepared: PreparedReference, output: Sample) -> float:
        """The score of an output."""
        return self.number(self._asked(lambda: prepared.score(output)))

    def _asked(self, ask: Any) -> Any:
        from metrics.errors import MetricInputError

        try:
            return ask()
        except MetricInputError:
            raise
        except Exception as error:
            raise MetricInputError(f"{self.facts.source} failed: {_said(error)}") from error


@dataclass(frozen=True)
class _GuardedReference:
    """A prepared reference of such a metric."""

    inner: PreparedReference
    metric: _GuardedMetric

    def score(self, output: Sample) -> float:
        """As the metric does; what is no number, or outside of its range, is refused."""
        return self.metric.asked(self.inner, output)


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
