"""What the records of a try say of one backend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from devices.browsers import settings_names as names
from devices.runtimes.spec import ON_THE_PROCESSOR
from harness.commands.web_check.compared import TOLERANCE, compare, says_nothing
from harness.commands.web_check.op_in_message import op_in, what_to_do
from harness.documents.web_check import BackendCheck
from harness.models.operators import operators_of
from harness.words.printable import printable
from harness.words.sentences import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from devices.runtimes.spec import RuntimeSpec
    from harness.analysis.tables.device_records import DeviceRecords
    from harness.models.model_file import ModelFile
    from harness.models.static_copy import StaticCopy

_MOST_MESSAGE = 1000


def backend_check(
    spec: RuntimeSpec,
    backend: str,
    static: StaticCopy | None,
    records: DeviceRecords,
    arm: str,
    made: Sequence[Sequence[NDArray[np.generic]]],
    expected: Sequence[Sequence[NDArray[np.generic]]] | None,
    model: ModelFile,
) -> BackendCheck:
    """Of one arm of the plan; `made` are its outputs of each item that went through it."""
    loaded = next((each for each in records.loaded if each.arm == arm), None)
    failed = next((each for each in records.failed if each.arm == arm), None)
    settings = loaded.settings if loaded is not None else {}
    check = BackendCheck(
        runtime=spec.name,
        runtime_version=loaded.runtime_version if loaded is not None else spec.default_version,
        backend=backend,
        opens=loaded is not None if loaded is not None or failed is not None else None,
        runs=None,
        is_right=None,
        gpu=_gpu(settings) if backend not in ON_THE_PROCESSOR else None,
        is_software_renderer={"yes": True, "no": False}.get(settings.get(names.SOFTWARE_RENDERER, "")),
        fixed_sizes=static.shapes if static is not None else {},
        notes=[printable(note)[:_MOST_MESSAGE] for note in (loaded.notes if loaded is not None else [])][:20],
    )
    if failed is not None:
        message = printable(f"{failed.error}: {failed.message}")[:_MOST_MESSAGE]
        op = op_in(failed.message, operators_of(model))
        stopped = check.model_copy(
            update={"runs": None if not check.opens else False, "stopped_by": op, "message": message}
        )
        return _with_advice(stopped)
    if loaded is None:
        return check
    if expected is None:
        return _with_advice(check.model_copy(update={"runs": bool(made)}))
    untold = says_nothing(expected)
    if untold is not None:
        todo = "Look at the model first: outputs that equal those of this computer would tell nothing."
        return check.model_copy(update={"runs": len(made) == len(expected), "message": untold, "what_to_do": todo})
    difference = compare(made, expected[: len(made)])
    is_whole = len(made) == len(expected)
    return _with_advice(
        check.model_copy(
            update={
                "runs": is_whole,
                "is_right": difference.is_right if is_whole else None,
                "largest_difference": difference.largest if math.isfinite(difference.largest) else None,
                "relative_difference": difference.relative if math.isfinite(difference.relative) else None,
                "tolerance": TOLERANCE,
                "message": difference.why,
            }
        )
    )


def _with_advice(check: BackendCheck) -> BackendCheck:
    advice = what_to_do(check.outcome, check.backend, check.stopped_by, check.message or "")
    return check.model_copy(update={"what_to_do": advice})


def _gpu(settings: dict[str, str]) -> str | None:
    keys = (names.GPU_VENDOR, names.GPU_ARCHITECTURE, names.GPU_DEVICE, names.GPU_DESCRIPTION)
    named = [settings[key] for key in keys if settings.get(key)]
    return printable(" ".join(dict.fromkeys(named)))[:200] or None


def in_a_line(model: str, device: str, browser: str, backends: Sequence[BackendCheck]) -> str:
    """Such as `sr.onnx in Chromium 150.0 on local: onnxruntime-web 1.30.0 on wasm right, webgl does not open`."""
    parts = []
    runtime = None
    for each in backends:
        named = each.backend if each.runtime == runtime else f"{each.runtime} {each.runtime_version} on {each.backend}"
        runtime = each.runtime
        parts.append(f"{named} {_in_words(each)}")
    return f"{model} in {browser} on {device}: {listed(parts)}"


def _in_words(check: BackendCheck) -> str:
    words: str = check.outcome
    if check.outcome == "right" and check.relative_difference is not None:
        words += f" (to {check.relative_difference:.1g} of the largest value)"
    elif check.stopped_by is not None:
        words += f" (stopped by {check.stopped_by})"
    elif check.outcome == "wrong" and check.relative_difference is not None:
        words += f" (off by {check.relative_difference:.2g} of the largest value)"
    if check.is_software_renderer:
        words += ", on a software renderer"
    return words
