"""Bringing home what a device's runner kept: whole files, in batches; what is here already is not fetched again."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from devices.errors import CommandFailedError, CorruptTransferError, PermanentError

if TYPE_CHECKING:
    from devices.base import DeviceFiles
    from harness.documents.folder import DeviceFolder
    from harness.runs.session.progress import Progress
    from harness.runs.session.stop_request import StopRequest

BATCH_FILES, BATCH_BYTES = 64, 16 << 20
"""Between two batches Ctrl-C is heard; a lost connection costs one."""


def fetch_outputs(
    device: DeviceFiles,
    remote_folder: str,
    folder: DeviceFolder,
    outputs: Sequence[dict[str, Any]],
    *,
    retry: Callable[..., object],
    stop: StopRequest,
    progress: Progress,
) -> None:
    """Fetch `outputs` (records with `path`, `bytes` and `sha256`) into `folder`, and the runner's log where it has one.

    `retry(operation)` does it again after a loss. Raises `PermanentError` where an output is gone,
    `InterruptedRunError` between two batches, and what `retry` raises.
    """
    wanted = [each for each in outputs if not _is_whole(folder.path / each["path"], each["sha256"])]
    done = 0
    for batch in _batches(wanted):
        stop.check()
        try:
            retry(lambda batch=batch: _fetch_batch(device, remote_folder, folder, batch))
        except CommandFailedError as error:
            raise PermanentError(
                f"{device.name}: an output is no longer there: {error.what}",
                "Something removed it on the device. Start a new run.",
            ) from None
        done += len(batch)
        progress.advance(device.name, "fetching outputs", done, len(wanted))
    with contextlib.suppress(CommandFailedError):  # no reason to lose a run
        retry(lambda: device.fetch([(f"{remote_folder}/runner.log", folder.log)]))


def _fetch_batch(device: DeviceFiles, remote_folder: str, folder: DeviceFolder, batch: list[dict[str, Any]]) -> None:
    device.fetch([(f"{remote_folder}/{each['path']}", folder.path / each["path"]) for each in batch])
    for each in batch:
        if not _is_whole(folder.path / each["path"], each["sha256"]):
            raise CorruptTransferError(f"{device.name}: {each['path']} arrived damaged")


def _batches(files: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for each in files:
        if batch and (len(batch) == BATCH_FILES or size + each["bytes"] > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += each["bytes"]
    if batch:
        yield batch


def _is_whole(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False
