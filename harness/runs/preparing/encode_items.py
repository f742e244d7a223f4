"""Inputs encoded for each arm as .npy files named by their content, so that arms that take the same tensor share
it.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from devices.base import Blob
from harness.documents.records import output_name
from harness.errors import UserError
from harness.runs.planning.inferences import inferences_of
from harness.tasks.parts import Carried

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from harness.experiment.resolve import Resolved


@dataclass(frozen=True)
class TensorBlobs:
    """Every input tensor of a run."""

    blobs: list[Blob]
    inputs: dict[str, dict[str, list[str]]]
    """Id of one of the plan's items → arm id → its input tensors, in the order of the model's inputs: SHA-256 of a
    blob, or the name of an output in the run's folder (`harness.documents.records.output_name`).
    """


def encode_items(resolved: Resolved, folder: Path, advance: Callable[[int, int], None]) -> TensorBlobs:
    """Write the tensors below `folder`, one item in memory at a time. Raises `UserError` for an unreadable one."""
    task = resolved.task
    blobs: dict[str, Blob] = {}
    inputs: dict[str, dict[str, list[str]]] = {}
    folder.mkdir(parents=True, exist_ok=True)
    for index, (item, inferences) in enumerate(zip(resolved.items, inferences_of(resolved), strict=True)):
        given = task.read_input(item.input_path)
        for arm in resolved.arms:
            for part, inference in enumerate(inferences[arm.id]):
                tensors = (
                    task.encode(arm.codec, given) if task.parts is None else task.parts.encode(arm.codec, given, part)
                )
                inputs.setdefault(inference, {})[arm.id] = [
                    output_name(arm.id, inferences[arm.id][part - 1], tensor.output)
                    if isinstance(tensor, Carried)
                    else _as_blob(tensor, folder, task.nouns.content, blobs)
                    for tensor in tensors
                ]
        advance(index + 1, len(resolved.items))
    return TensorBlobs(blobs=list(blobs.values()), inputs=inputs)


def _as_blob(tensor: NDArray[np.generic], folder: Path, of_what: str, blobs: dict[str, Blob]) -> str:
    """Its SHA-256, the file written and among `blobs`."""
    import numpy as np

    buffer = io.BytesIO()
    np.save(buffer, tensor, allow_pickle=False)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    if digest not in blobs:
        path = folder / digest
        _write(path, content, of_what)
        blobs[digest] = Blob(path=path, sha256=digest, bytes=len(content))
    return digest


def _write(path: Path, content: bytes, of_what: str) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UserError(
            f"{path.parent}: the tensors of the {of_what} cannot be written: {error.strerror}",
            "Name a folder with more space in the environment variable TMPDIR.",
        ) from None
