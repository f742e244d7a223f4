"""What a run on a device needs, and whether it is there: the runner, a C library to bring along, each runtime.

Looked up without a network: nothing is fetched, built or sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from harness.documents.device_parts import DeviceParts, Part

if TYPE_CHECKING:
    from devices.browsers.find_browsers import Browser
    from devices.build.native_build import Target
    from devices.identity import Identity
    from devices.runtimes.spec import RuntimeSpec
    from harness.runs.preparing.runner_choice import RunnerChoice


def parts_of(
    identity: Identity, python: str | None, environments: Sequence[str], browsers: Sequence[Browser] = ()
) -> DeviceParts:
    """`python`: the Python there; None where there is none. `environments`: as `ready_runtimes` lists them. `browsers`:
    those that are there.
    """
    from devices.runtimes.registry import RUNTIMES
    from harness.runs.preparing.native_offer import native_offer, native_target
    from harness.runs.preparing.runner_choice import ArmNeeds, choose_runner

    target = native_target(identity)
    choices: dict[str, RunnerChoice] = {}
    runtimes = []
    for spec in RUNTIMES.values():
        if spec.python is None:
            runtimes.append(_web_engine(spec, identity, python, browsers))
            continue
        needs = [ArmNeeds(spec.name, spec.default_version)]
        choice = choose_runner(identity, needs, native_offer(identity, needs))
        choices.setdefault(choice.runner, choice)
        name = f"{spec.name} {spec.default_version}"
        if choice.runner == "native" and target is not None:
            runtimes.append(_library(spec.name, spec.default_version, target))
        else:
            part = _environment(name, spec.python.python_range(), python, environments)
            runtimes.append(_with_other_way(part, identity, spec.name, spec.default_version, target))
    first = choices.get("native") or next(iter(choices.values()))
    others = [*([_native_runner(target)] if "native" in choices and target is not None else [])]
    if first.portable:
        others.append(_c_library(identity.architecture or ""))
    return DeviceParts(runner=first.name, reason=first.reason, runtimes=runtimes, others=others)


def _library(runtime: str, version: str, target: Target) -> Part:
    from devices.libraries.native_library import library_status

    status = library_status(runtime, version, target)
    state: Literal["ready", "when needed", "missing"] = (
        "when needed" if status.state == "fetched when needed" else status.state
    )
    return Part(what=f"{runtime} {version}", runner="native", state=state, how=status.how, remedy=status.remedy)


def _environment(name: str, pythons: str, python: str | None, environments: Sequence[str]) -> Part:
    ready = next((each for each in environments if each.startswith(f"{name} (")), None)
    if ready is not None:
        return Part(what=name, runner="python", state="ready", how=f"provisioned there: {ready}")
    if python is None:
        remedy = "Install one on the device, such as: apt install python3-venv"
        return Part(what=name, runner="python", state="missing", how="there is no Python 3.8 or newer", remedy=remedy)
    how = f"provisioned at the first run, if an index has it for this machine and Python {pythons}"
    return Part(what=name, runner="python", state="when needed", how=how)


def _web_engine(spec: RuntimeSpec, identity: Identity, python: str | None, browsers: Sequence[Browser]) -> Part:
    from devices.web_engines.engine_files import engine_is_here
    from devices.web_engines.npm_fetch import NpmError, npm_is_here
    from harness.runs.preparing.native_offer import native_offer
    from harness.runs.preparing.runner_choice import ArmNeeds, choose_runner

    name = f"{spec.name} {spec.default_version}"
    needs = [ArmNeeds(spec.name, spec.default_version, spec.accelerators[0], in_browser=True)]
    runner = choose_runner(identity, needs, native_offer(identity, needs)).runner
    fault = None
    is_here = False
    if not browsers:
        where = (
            "from the store: Chrome" if identity.android is not None else "on the device, such as: apt install chromium"
        )
        fault = ("no browser was found there", f"Install one {where}")
    elif runner == "python" and python is None:
        fault = ("there is no Python 3.8 or newer to serve its page", "Install one, such as: apt install python3")
    else:
        try:
            is_here = engine_is_here(spec, spec.default_version)
        except NpmError as error:
            fault = (error.what, error.remedy)
    if fault is None and not is_here and not npm_is_here():
        fault = ("there is no npm on this computer to fetch it with", "Install Node.js, which has npm.")
    if fault is not None:
        return Part(what=name, runner=runner, state="missing", how=fault[0], remedy=fault[1])
    if is_here:
        return Part(what=name, runner=runner, state="ready", how=f"for {browsers[0].product}")
    return Part(what=name, runner=runner, state="when needed", how="fetched by npm at the first run")


def _with_other_way(part: Part, identity: Identity, runtime: str, version: str, target: Target | None) -> Part:
    """For a board that only lacks a library: which file would bring it the native runner."""
    from devices.libraries.brought_library import VARIABLE, place_in_a_folder
    from devices.libraries.native_library import library_status
    from devices.runtimes.registry import native_library_of

    if identity.kind == "local" or target is None or native_library_of(runtime) is None:
        return part
    if library_status(runtime, version, target).state != "missing":
        return part
    place = place_in_a_folder(runtime, version, target)
    other = f"A library of yours at FOLDER/{place} would do for the native runner: export {VARIABLE}=FOLDER"
    return part.model_copy(update={"how": f"{part.how}. {other}"})


def _native_runner(target: Target) -> Part:
    from devices.build.native_build import built
    from devices.build.zig import compiler_state

    if built(target) is not None:
        return Part(what="runner", runner="native", state="ready", how=f"built for {target.name}")
    compiler = compiler_state()
    if compiler is None:
        how = f"there is no compiler for {target.name} that runs on this host"
        return Part(
            what="runner", runner="native", state="missing", how=how, remedy="Build on Linux (x86-64 or arm64)."
        )
    how = f"built for {target.name} at the first run, or by: bakeoff runner build --target {target.name}; {compiler}"
    return Part(what="runner", runner="native", state="when needed", how=how)


def _c_library(machine: str) -> Part:
    from devices.errors import RuntimeNotAvailableError
    from devices.libraries.portable_libc import portable_libc

    try:
        files = portable_libc(machine)
    except RuntimeNotAvailableError as error:
        return Part(what="C library", runner="native", state="missing", how=error.what, remedy=error.remedy)
    how = f"pushed along from {files[0].parent} ({len(files)} files); CPU only"
    return Part(what="C library", runner="native", state="ready", how=how)
