"""What the native runner can do on a device, from what the device says of itself. Fetches and builds nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devices.build.native_build import target_for_abi, target_for_machine
from devices.libraries.native_library import library_status
from devices.libraries.portable_libc import LOADERS
from devices.runtimes.registry import RUNTIMES
from harness.runs.preparing.runner_choice import NativeOffer

if TYPE_CHECKING:
    from devices.build.native_build import Target
    from devices.identity import Identity
    from harness.runs.preparing.runner_choice import ArmNeeds


def native_target(identity: Identity) -> Target | None:
    """The build for a device: Android's own where it has bionic, else Linux's, with a libc pushed along if need be."""
    abi = identity.android.abis[0] if identity.android and identity.android.abis else None
    if (identity.libc or "").startswith("bionic") and abi is not None:
        return target_for_abi(abi)
    return target_for_machine(identity.architecture or "")


def native_offer(identity: Identity, arms: Sequence[ArmNeeds]) -> NativeOffer:
    """What can be done for these arms."""
    target = native_target(identity)
    libraries = {}
    for key in dict.fromkeys((arm.runtime, arm.version) for arm in arms):
        status = library_status(*key, target) if target is not None else None
        if status is not None and status.state != "missing":
            libraries[key] = status.glibc
    return NativeOffer(
        target=target.name if target is not None else None,
        accelerators={spec.name: spec.accelerators for spec in RUNTIMES.values() if spec.native is not None},
        libraries=libraries,
        brings_libc=(identity.architecture or "") in LOADERS,
    )
