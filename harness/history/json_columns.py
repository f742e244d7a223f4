"""Columns that hold JSON: written by us, and read as what a stranger may have changed."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from harness.documents.nightly import Change, CommitOfModel, Nightly
from harness.history.faults import HistoryError

_T = TypeVar("_T")

_COMMITS: Final = TypeAdapter(tuple[CommitOfModel, ...])
_FACTS: Final = TypeAdapter(dict[str, str])
_NIGHT: Final = TypeAdapter(Nightly)
_CHANGE: Final = TypeAdapter(Change)


def commits_as_json(commits: tuple[CommitOfModel, ...]) -> str:
    """For `bakeoff_runs.commits`."""
    return _COMMITS.dump_json(commits).decode()


@lru_cache(maxsize=4096)
def commits_of(text: str) -> tuple[CommitOfModel, ...]:
    """From `bakeoff_runs.commits`. Raises `HistoryError`."""
    return () if text == "[]" else _read(_COMMITS, text, "commits")


def facts_as_json(facts: dict[str, str]) -> str:
    """For `bakeoff_environments.facts`."""
    return _FACTS.dump_json(dict(sorted(facts.items()))).decode()


def facts_of(text: str) -> dict[str, str]:
    """From `bakeoff_environments.facts`. Raises `HistoryError`."""
    return _read(_FACTS, text, "facts of an environment")


def night_of(text: str) -> Nightly:
    """From `bakeoff_nights.document`. Raises `HistoryError`."""
    return _read(_NIGHT, text, "a night")


def change_of(text: str) -> Change:
    """From `bakeoff_changes.document`. Raises `HistoryError`."""
    return _read(_CHANGE, text, "a change")


def _read(adapter: TypeAdapter[_T], text: str, what: str) -> _T:
    fault = ""
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        fault = f"{'.'.join(str(part) for part in first['loc']) or 'the whole'}: {first['msg']}"
    raise HistoryError(f"the history holds {what} that cannot be understood: {fault}", "Was it changed by hand?")
