"""What of ours, or of the device's, changed in the night that a series did."""

from __future__ import annotations

from typing import Final

from harness.documents.nightly import CommitOfModel
from harness.history.changes.track import Track
from harness.words.printable import printable
from harness.words.sentences import listed

Difference = tuple[str, str, str]
"""A fact of the environment with its values before and after."""

_ABSENT: Final = "not known"
_FACTS: Final = {
    "os": "the operating system changed",
    "kernel": "the kernel changed",
    "libc": "the C library changed",
    "driver": "the driver changed",
    "runner": "the runner changed",
}
_OF_DEVICE: Final = ("serial", "model")
_LONGEST: Final = 120


def new_commits(track: Track, index: int) -> tuple[CommitOfModel, ...]:
    """Commits of that night that the night before did not have."""
    if index < 1:
        return ()
    known = {(commit.arm, commit.sha) for commit in track.points[index - 1].commits}
    # Where the night before was not from git, nothing is known of what changed.
    if not known:
        return ()
    return tuple(commit for commit in track.points[index].commits if (commit.arm, commit.sha) not in known)


def environment_difference(track: Track, index: int) -> frozenset[Difference]:
    """Facts of the environment that are others than the night before."""
    if index < 1:
        return frozenset()
    before, after = track.points[index - 1].environment, track.points[index].environment
    if before == after:
        return frozenset()
    known = track.series.environments
    first = known[before].facts if before in known else {}
    second = known[after].facts if after in known else {}
    return frozenset(
        (fact, first.get(fact, _ABSENT), second.get(fact, _ABSENT))
        for fact in first.keys() | second.keys()
        if first.get(fact) != second.get(fact)
    ) or frozenset({("environment", before, after)})


def environment_in_words(differences: frozenset[Difference], device: str) -> list[str]:
    """A sentence's part for each: `the operating system changed on adb:R5CT30ABCDE: Android 14 to Android 15`."""
    where = _shown(device)
    parts = []
    swapped = [each for each in sorted(differences) if each[0] in _OF_DEVICE]
    if swapped:
        values = listed([f"{fact} {_shown(before)} before, {_shown(after)} now" for fact, before, after in swapped])
        parts.append(f"another device answers as {where}: {values}")
    for fact, before, after in sorted(differences, key=_likeliest_first):
        if fact in _OF_DEVICE:
            continue
        what = _FACTS.get(fact, f"the {_shown(fact)} changed")
        parts.append(f"{what} on {where}: {_shown(before)} to {_shown(after)}")
    return parts


def commit_in_words(commit: CommitOfModel) -> str:
    """`1f2e3d4 (“prune the tail”)`."""
    message = _shown(commit.message)
    return commit.sha[:7] + (f" (“{message}”)" if message else "")


def commits_in_words(commits: tuple[CommitOfModel, ...] | list[CommitOfModel]) -> str:
    """`commit 1f2e3d4 (“prune the tail”)`, `commits 1f2e3d4 (“…”) and 0a1b2c3 (“…”)`, each once."""
    distinct = list({commit.sha: commit for commit in commits}.values())
    words = listed([commit_in_words(commit) for commit in distinct])
    return f"commit{'' if len(distinct) == 1 else 's'} {words}"


def _likeliest_first(difference: Difference) -> tuple[int, str]:
    fact = difference[0]
    order = ("os", "driver", "runtime", "accelerator", "kernel", "libc")
    place = next((i for i, name in enumerate(order) if fact == name or fact.startswith(f"{name} of ")), len(order))
    return place, fact


def _shown(text: str) -> str:
    shown = printable(text.strip())
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"
