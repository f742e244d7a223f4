"""The python runner on a device: a Python there for the conductor, and an environment a runtime for the workers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from devices.base import Blob
from devices.environments.interpreters import find_python
from devices.environments.provision import provision
from devices.errors import RuntimeNotAvailableError
from devices.python_runner.bundle import bundle
from harness.documents.runner_record import RunnerRecord
from harness.runs.measuring.disk_space import raise_if_full
from harness.runs.preparing.runner_setup import RunnerSetup
from harness.runs.preparing.web_setup import set_up_web, web_needs

if TYPE_CHECKING:
    from devices.base import Device
    from devices.identity import Identity
    from harness.experiment.resolve import ResolvedArm
    from harness.runs.preparing.runner_choice import RunnerChoice
    from harness.runs.preparing.web_setup import WebNeeds
    from harness.runs.session.progress import Progress


def set_up_python(
    device: Device,
    identity: Identity,
    arms: Sequence[ResolvedArm],
    choice: RunnerChoice,
    progress: Progress,
    retry: Callable[..., Any],
    more_web: Sequence[WebNeeds] = (),
) -> RunnerSetup:
    """Find a Python, provision the runtimes, push the runner. Raises `DeviceError`."""
    python = retry(lambda: find_python(device))
    web = set_up_web(device, identity, [*web_needs(arms), *more_web], progress, retry)
    interpreters = _provision_all(device, [arm for arm in arms if arm.id not in web.arms], progress, retry)
    path = bundle()
    content = path.read_bytes()
    blob = Blob(path=path, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    runner = retry(lambda: device.push([blob]))[blob.sha256]
    return RunnerSetup(
        conductor=[python.path, runner],
        workers={arm: [interpreter] for arm, interpreter in interpreters.items()}
        # What serves a tab needs the standard library alone.
        | {arm: [python.path] for arm in web.arms},
        libraries={},
        record=RunnerRecord(runner="python", reason=choice.reason, engines=web.engines),
        web=web.arms,
        refused=web.refused,
    )


def _provision_all(
    device: Device, arms: Sequence[ResolvedArm], progress: Progress, retry: Callable[..., Any]
) -> dict[str, str]:
    """Arm id → interpreter of its runtime's environment."""

    def say(text: str) -> None:
        progress.say(device.name, text)

    interpreters: dict[tuple[str, str], str] = {}
    for arm in arms:
        key = (arm.runtime.name, arm.runtime_version)
        if key not in interpreters:
            progress.say(device.name, f"runtime {arm.runtime.name} {arm.runtime_version}")
            try:
                ready = retry(partial(provision, device, arm.runtime, arm.runtime_version, say))
            except RuntimeNotAvailableError:
                # Tools fail on a full disk in many ways and say so in few of them.
                raise_if_full(device, device.workdir, after="Then run again.")
                raise
            interpreters[key] = ready.python
    return {arm.id: interpreters[arm.runtime.name, arm.runtime_version] for arm in arms}
