"""Which runner measures a device, and why: one pure function of what the device says of itself, what the arms need, and
what the native runner can do.

Android gets the native runner, since it has no Python. A Linux board gets it too where it can run every arm: it is
leaner, and it asks nothing of the board. Where the board's libc is missing or too old, a whole one is pushed along
("portable"). Python's runner is for what only Python has: `tflite-runtime`, versions whose library is not known, other
accelerators than the native runner's. This machine (`local`) stays with Python, so that a first demo fetches no
compiler. `--runner` overrides all of that.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from harness.documents.runner_record import RunnerKind

if TYPE_CHECKING:
    from devices.identity import Identity


Glibc = tuple[int, int]

RUNNER_GLIBC: Final[Glibc] = (2, 17)
"""The oldest that the native runner itself is built for."""


@dataclass(frozen=True)
class ArmNeeds:
    """What one arm asks of a runner."""

    runtime: str
    version: str
    accelerator: str = "cpu"
    in_browser: bool = False
    """Whether its runtime lives in a web page."""


@dataclass(frozen=True)
class NativeOffer:
    """What the native runner can do on one kind of machine."""

    target: str | None
    """Its build for that machine; None where there is none."""
    accelerators: Mapping[str, Collection[str]]
    """Runtime → accelerators that it knows there."""
    libraries: Mapping[tuple[str, str], Glibc | None]
    """(runtime, version) whose library can be had → the oldest glibc that it runs with, where that is known."""
    brings_libc: bool
    """Whether a whole libc can be pushed along."""


@dataclass(frozen=True)
class RunnerChoice:
    """The runner of one device."""

    runner: RunnerKind
    reason: str
    """Why, in words that follow a colon."""
    portable: bool = False
    """Whether the native runner takes its own libc along; then it has the CPU only."""

    @property
    def name(self) -> str:
        """Such as `native runner, portable`."""
        return f"{self.runner} runner{', portable' if self.portable else ''}"


def choose_runner(
    identity: Identity, arms: Sequence[ArmNeeds], offer: NativeOffer, wanted: RunnerKind | None = None
) -> RunnerChoice:
    """The runner for a device and these arms; `wanted` is the user's own word."""
    libc_fault = _libc_fault(identity, arms, offer)
    portable = libc_fault is not None
    if wanted is not None:
        return RunnerChoice(wanted, "asked for with --runner", portable and wanted == "native")
    if identity.android is not None:
        return RunnerChoice("native", libc_fault or "Android has no Python of its own", portable)
    only_python = _only_python(identity, arms, offer, libc_fault)
    if only_python is not None:
        return RunnerChoice("python", only_python)
    runtimes = " and ".join(dict.fromkeys(f"{arm.runtime} {arm.version}" for arm in arms if not arm.in_browser))
    has = f"{runtimes} for {offer.target} with {identity.libc}" if runtimes else f"a build for {offer.target}"
    return RunnerChoice("native", libc_fault or f"it has {has}", portable)


def _only_python(
    identity: Identity, arms: Sequence[ArmNeeds], offer: NativeOffer, libc_fault: str | None
) -> str | None:
    """Why a device that is no phone gets Python's runner; None where the native one will do."""
    if identity.kind == "local":
        return "this machine has a Python, and needs no compiler for it"
    if identity.kernel is not None and not identity.kernel.startswith("Linux"):
        return f"there is no native runner for {identity.kernel.split()[0]}"
    if offer.target is None:
        return f"there is no native runner for {identity.architecture or 'its machine'}"
    if libc_fault is not None and not offer.brings_libc:
        return f"{libc_fault}, and none can be pushed along"
    faults = (_arm_fault(arm, offer, portable=libc_fault is not None) for arm in arms)
    return next((fault for fault in faults if fault is not None), None)


def _arm_fault(arm: ArmNeeds, offer: NativeOffer, *, portable: bool) -> str | None:
    if arm.in_browser:  # either runner serves the browser
        return None
    if (arm.runtime, arm.version) not in offer.libraries:
        return f"only Python may have {arm.runtime} {arm.version} for {offer.target}"
    accelerators = {"cpu"} if portable else offer.accelerators.get(arm.runtime, {"cpu"})
    if arm.accelerator not in accelerators:
        return f"the native runner has no accelerator {arm.accelerator} for {arm.runtime} there"
    return None


def _libc_fault(identity: Identity, arms: Sequence[ArmNeeds], offer: NativeOffer) -> str | None:
    """What keeps our builds from using the device's own libc; None where they can."""
    libc = identity.libc or ""
    if identity.android is not None and identity.android.abis and libc.startswith("bionic"):
        return None
    if not libc.startswith("glibc"):
        return (
            f"its libc ({libc}) is none that our builds fit" if libc else "no libc that our builds fit was found there"
        )
    found = re.search(r"(\d+)\.(\d+)", libc)
    if found is None:
        return None  # not known: starting the runner there will show
    there = (int(found[1]), int(found[2]))
    needed = [("the runner", RUNNER_GLIBC)]
    for arm in arms:
        glibc = offer.libraries.get((arm.runtime, arm.version))
        if glibc is not None:
            needed.append((f"{arm.runtime} {arm.version}", glibc))
    for what, glibc in needed:
        if there < glibc:
            return f"{what} needs glibc {glibc[0]}.{glibc[1]}, and it has {libc}"
    return None
