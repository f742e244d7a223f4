"""A block of work as a source of energy sees it, and the looks that were taken through its probes.

The records of a run fit these shapes as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from devices.readings.unavailable import NotThere

T = TypeVar("T")

_SLEPT_NS = 100_000_000
"""The two clocks behind it are read one after the other, and a busy machine may hold a process up in between."""


class ReadingLike(Protocol):
    """One look through a probe."""

    @property
    def probe(self) -> str:
        """Its id."""
        ...

    @property
    def monotonic_ns(self) -> int:
        """When the look began."""
        ...

    @property
    def took_ns(self) -> int:
        """How long it took."""
        ...

    @property
    def text(self) -> str | None:
        """What was read."""
        ...

    @property
    def error(self) -> str | None:
        """Why nothing was."""
        ...


class ContextLike(Protocol):
    """The state of the machine around the block."""

    @property
    def boot_id(self) -> str | None:
        """Of the kernel."""
        ...

    @property
    def suspended_ns(self) -> int | None:
        """How long the device had slept; only its growth is meant."""
        ...


class GateLike(Protocol):
    """How the gate stood when the block began."""

    @property
    def failed(self) -> Sequence[str]:
        """Conditions that did not hold."""
        ...


class BlockLike(Protocol):
    """One block of one arm, or (`arm` null) of idling."""

    @property
    def cycle(self) -> int:
        """Idle and every arm once each."""
        ...

    @property
    def arm(self) -> str | None:
        """Its id; null while idling."""
        ...

    @property
    def started_ns(self) -> int:
        """On the monotonic clock."""
        ...

    @property
    def ended_ns(self) -> int:
        """On the monotonic clock."""
        ...

    @property
    def wall_started_ns(self) -> int:
        """Since 1970."""
        ...

    @property
    def wall_ended_ns(self) -> int:
        """Since 1970."""
        ...

    @property
    def inferences(self) -> int:
        """How many were done."""
        ...

    @property
    def session(self) -> int:
        """Of the runner: restarts count."""
        ...

    @property
    def readings(self) -> Sequence[ReadingLike]:
        """In the order they were taken."""
        ...

    @property
    def before(self) -> ContextLike:
        """At the start."""
        ...

    @property
    def after(self) -> ContextLike:
        """At the end."""
        ...

    @property
    def gate(self) -> GateLike | None:
        """Before it; None where nothing was looked at."""
        ...


@dataclass(frozen=True)
class Look:
    """A parsed value, and the middle of the time in which it was read."""

    at_ns: float
    took_ns: int
    value: float


@dataclass(frozen=True)
class Looks:
    """The values that were found through one probe, in order, and why others were not."""

    found: tuple[Look, ...]
    missing: int
    why: str
    """The first reason of a missing one; empty where none is."""


def duration_ns(block: BlockLike) -> int:
    """Of the work."""
    return block.ended_ns - block.started_ns


def slept_between(before: ContextLike, after: ContextLike) -> int:
    """How long the device slept between two looks at it in one session, in nanoseconds; 0 where it does not say."""
    if before.suspended_ns is None or after.suspended_ns is None:
        return 0
    slept_ns = after.suspended_ns - before.suspended_ns
    return slept_ns if slept_ns > _SLEPT_NS else 0


def began_warm(block: BlockLike) -> bool:
    """Whether the device was known not to have cooled when the block began."""
    return block.gate is not None and "temperature" in block.gate.failed


def unfit(block: BlockLike) -> NotThere | None:
    """Why nothing can be measured over this block, whatever the source."""
    if duration_ns(block) <= 0:
        return NotThere("the block has no duration")
    if block.before.boot_id and block.after.boot_id and block.before.boot_id != block.after.boot_id:
        return NotThere("the device restarted during the block")
    slept_ns = slept_between(block.before, block.after)
    if slept_ns:
        return NotThere(f"the device slept for {slept_ns / 1e9:.1f} s during the block")
    return None


def look_through(block: BlockLike, probe: str, parse: Callable[[str], T | NotThere]) -> list[tuple[ReadingLike, T]]:
    """The readings of a probe that can be understood."""
    pairs = [(one, parse(one.text)) for one in block.readings if one.probe == probe and one.text is not None]
    return [(one, value) for one, value in pairs if not isinstance(value, NotThere)]


def numbers(block: BlockLike, probe: str, parse: Callable[[str], float | NotThere]) -> Looks:
    """The numbers seen through a probe."""
    found: list[Look] = []
    reasons: list[str] = []
    for one in block.readings:
        if one.probe != probe:
            continue
        value = NotThere(one.error or "nothing was read") if one.text is None else parse(one.text)
        if isinstance(value, NotThere):
            reasons.append(value.reason)
        else:
            found.append(Look(one.monotonic_ns + one.took_ns / 2, one.took_ns, float(value)))
    return Looks(tuple(found), len(reasons), reasons[0] if reasons else "" if found else "it was never read")


def incomplete(looks: Looks, what: str) -> NotThere | None:
    """Why a row of looks has a hole that matters: more than one in twenty is missing."""
    total = len(looks.found) + looks.missing
    if len(looks.found) < 2:
        return NotThere(f"{what}: {looks.why or 'read once only'}")
    if looks.missing * 20 > total:
        return NotThere(f"{what} was lost: {looks.missing} of {total} looks gave nothing ({looks.why})")
    return None
