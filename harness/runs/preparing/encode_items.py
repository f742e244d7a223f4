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
from harness.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.experiment.resolve import Resolved


@dataclass(frozen=True)
class TensorBlobs:
    """Every input tensor of a run."""

    blobs: list[Blob]
    by_item: list[dict[str, list[str]]]
    """Per item: arm id → SHA-256 of its input tensors, in the order of the model's inputs."""


def encode_items(resolved: Resolved, folder: Path, advance: Callable[[int, int], None]) -> TensorBlobs:
    """Write the tensors below `folder`, one item in memory at a time. Raises `UserError` for an unreadable one."""
    import numpy as np

    task = resolved.task
    blobs: dict[str, Blob] = {}
    by_item: list[dict[str, list[str]]] = []
    folder.mkdir(parents=True, exist_ok=True)
    for index, item in enumerate(resolved.items):
        given = task.read_input(item.input_path)
        hashes: dict[str, list[str]] = {}
        for arm in resolved.arms:
            hashes[arm.id] = []
            for tensor in task.encode(arm.codec, given):
                buffer = io.BytesIO()
                np.save(buffer, tensor, allow_pickle=False)
                content = buffer.getvalue()
                digest = hashlib.sha256(content).hexdigest()
                hashes[arm.id].append(digest)
                if digest not in blobs:
                    path = folder / digest
                    _write(path, content, task.nouns.content)
                    blobs[digest] = Blob(path=path, sha256=digest, bytes=len(content))
        by_item.append(hashes)
        advance(index + 1, len(resolved.items))
    return TensorBlobs(blobs=list(blobs.values()), by_item=by_item)


def _write(path: Path, content: bytes, of_what: str) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise UserError(
            f"{path.parent}: the tensors of the {of_what} cannot be written: {error.strerror}",
            "Name a folder with more space in the environment variable TMPDIR.",
        ) from None
