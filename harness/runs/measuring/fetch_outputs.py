"""Bringing home what a device's runner kept: whole files, in batches; what is here already is not fetched again.

Where a file lies, there and here, follows from the plan (`harness.documents.records.output_name`). How long it is and
what its hash is are the device's word: the one has a bound, the other is checked.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devices.errors import CommandFailedError, CorruptTransferError, PermanentError
from harness.documents.folder import write_atomically
from harness.documents.records import output_name

if TYPE_CHECKING:
    from devices.base import Device, DeviceFiles
    from harness.documents.folder import DeviceFolder
    from harness.documents.records import QualityOutput
    from harness.runs.session.progress import Progress
    from harness.runs.session.stop_request import StopRequest

BATCH_FILES, BATCH_BYTES = 64, 16 << 20
"""Between two batches Ctrl-C is heard; a lost connection costs one."""
DAMAGED_BEFORE_GIVING_UP: Final = 3
MOST_OUTPUT_BYTES: Final = 1 << 30
"""The most bytes of one output tensor: some 9,000 × 9,000 × 3 in float32."""
MOST_LOG_BYTES: Final = 16 << 20


@dataclass(frozen=True)
class KeptOutput:
    """One output tensor as a device says that it keeps it."""

    name: str
    """Below the run's folder there and the device's here, by the plan."""
    bytes: int
    sha256: str


def kept_outputs(
    records: Sequence[QualityOutput], left_there: Mapping[str, Collection[int]] | None = None
) -> list[KeptOutput]:
    """Every output file but those of an arm's outputs that are `left_there` (arm id → their numbers); of one that was
    written twice (a restarted step) the last record counts.
    """
    files = {
        output_name(record.arm, record.item, number): each
        for record in records
        for number, each in enumerate(record.outputs)
        if number not in (left_there or {}).get(record.arm, ())
    }
    return [KeptOutput(name, each.bytes, each.sha256) for name, each in files.items()]


def fetch_outputs(
    device: Device,
    remote_folder: str,
    folder: DeviceFolder,
    outputs: Sequence[KeptOutput],
    *,
    retry: Callable[..., object],
    stop: StopRequest,
    progress: Progress,
    most_bytes: int = MOST_OUTPUT_BYTES,
) -> None:
    """Fetch `outputs` into `folder`, each at most `most_bytes` long, and the runner's log where it has one.

    `retry(operation)` does it again after a loss. Raises `PermanentError` where an output is gone or too long,
    `InterruptedRunError` between two batches, and what `retry` raises.
    """
    wanted = [each for each in outputs if not _is_whole(folder.path / each.name, each)]
    for each in wanted:
        if each.bytes > most_bytes:
            raise PermanentError(
                f"{device.name}: says that {each.name} has {each.bytes / 1e6:,.0f} MB; at most {most_bytes / 1e6:,.0f}"
                " MB are fetched",
                "Is it the output of this model? Measure smaller items, or leave this device out.",
            )
    done = 0
    for batch in _batches(wanted):
        stop.check()
        damaged: Counter[str] = Counter()
        try:
            retry(lambda batch=batch, damaged=damaged: _fetch_batch(device, remote_folder, folder, batch, damaged))
        except CommandFailedError as error:
            raise PermanentError(
                f"{device.name}: an output is no longer there: {error.what}",
                "Something removed it on the device. Start a new run.",
            ) from None
        done += len(batch)
        progress.advance(device.name, "fetching outputs", done, len(wanted))
    with contextlib.suppress(CommandFailedError):  # no reason to lose a run
        retry(lambda: _fetch_log(device, remote_folder, folder))


def _fetch_log(device: Device, remote_folder: str, folder: DeviceFolder) -> None:
    """The log of a runtime that prints without end is cut: its end says how it ended."""
    path = f"{remote_folder}/runner.log"
    tail = device.run(["tail", "-c", str(MOST_LOG_BYTES), "--", path], timeout_s=600.0)
    if tail.exit_code == 0:
        write_atomically(folder.log, tail.stdout[-MOST_LOG_BYTES:])


def _fetch_batch(
    device: DeviceFiles, remote_folder: str, folder: DeviceFolder, batch: list[KeptOutput], damaged: Counter[str]
) -> None:
    device.fetch(
        [(f"{remote_folder}/{each.name}", folder.path / each.name) for each in batch],
        most_bytes=[each.bytes for each in batch],
    )
    for each in batch:
        if not _is_whole(folder.path / each.name, each):
            damaged[each.name] += 1
            if damaged[each.name] >= DAMAGED_BEFORE_GIVING_UP:
                raise PermanentError(
                    f"{device.name}: {each.name} arrived {damaged[each.name]} times with another SHA-256 or length than"
                    " was recorded of it",
                    "The device's disk or memory may be failing, or something wrote to it. Start a new run.",
                )
            raise CorruptTransferError(f"{device.name}: {each.name} arrived damaged")


def _batches(files: list[KeptOutput]) -> Iterator[list[KeptOutput]]:
    batch: list[KeptOutput] = []
    size = 0
    for each in files:
        if batch and (len(batch) == BATCH_FILES or size + each.bytes > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += each.bytes
    if batch:
        yield batch


def _is_whole(path: Path, output: KeptOutput) -> bool:
    if not path.is_file() or path.stat().st_size != output.bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == output.sha256
