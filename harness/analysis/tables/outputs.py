"""What came home from the devices: one arm's output for one item, as the records tell it, and the tensors in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.analysis.tables.device_records import RecordsError, iterate_records
from harness.documents.records import QualityOutput, output_name
from harness.tasks.output_tensor import read_output_tensor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.documents.folder import RunFolder
    from harness.documents.manifest import Manifest, ManifestArm, ManifestItem
    from harness.tasks.task import AnyTask


@dataclass(frozen=True)
class OutputFile:
    """One tensor of an output: where it is, and what was recorded of it."""

    path: Path
    sha256: str
    dtype: str
    shape: tuple[int, ...]
    length_bytes: int


@dataclass(frozen=True)
class Output:
    """What one arm put out for one item on one device: the tensors that the task needs."""

    parts: tuple[tuple[OutputFile, ...], ...]
    """The tensors of each of its inferences, in order: one where the item is not cut into parts."""

    @property
    def files(self) -> tuple[OutputFile, ...]:
        """All of them."""
        return tuple(file for part in self.parts for file in part)


def read_outputs(folder: RunFolder, manifest: Manifest) -> dict[str, dict[tuple[str, str], Output]]:
    """Device name → (arm id, item id) → output, as the records say. A tensor that has not come home from its device is
    read where another device gave the same bytes, if there is one.
    """
    needed = {arm.id: manifest.experiment.task.outputs_needed(arm.codec) for arm in manifest.arms}
    outputs = {
        entry.name: _joined(manifest, _outputs_of(folder.path / "devices" / entry.folder, needed))
        for entry in manifest.devices
    }
    all_outputs = [output for found in outputs.values() for output in found.values()]
    at_hand = {file.sha256: file.path for output in all_outputs for file in output.files if file.path.exists()}
    return {name: {key: _where_at_hand(one, at_hand) for key, one in found.items()} for name, found in outputs.items()}


def _where_at_hand(output: Output, at_hand: Mapping[str, Path]) -> Output:
    return Output(
        tuple(
            tuple(
                file if file.path.exists() else replace(file, path=at_hand.get(file.sha256, file.path)) for file in part
            )
            for part in output.parts
        )
    )


def _joined(
    manifest: Manifest, found: Mapping[tuple[str, str], tuple[OutputFile, ...]]
) -> dict[tuple[str, str], Output]:
    """By item of the data set, of those of which every part is there."""
    wanted = {(arm.id, item.id): item.inferences_of(arm.id) for arm in manifest.arms for item in manifest.items}
    return {
        (arm, item): Output(tuple(found[arm, part] for part in parts))
        for (arm, item), parts in wanted.items()
        if all((arm, part) in found for part in parts)
    }


def _outputs_of(home: Path, needed: Mapping[str, Sequence[int]]) -> dict[tuple[str, str], tuple[OutputFile, ...]]:
    """(arm id, id of the plan's item) → files. Of a step done twice the last counts; of a device whose records are
    damaged nothing does.
    """
    records = home / "records.jsonl"
    found: dict[tuple[str, str], tuple[OutputFile, ...]] = {}
    try:
        for record in iterate_records(records) if records.exists() else ():
            if isinstance(record, QualityOutput) and record.arm in needed:
                files = tuple(
                    OutputFile(
                        home / output_name(record.arm, record.item, index),
                        record.outputs[index].sha256,
                        record.outputs[index].dtype,
                        tuple(record.outputs[index].shape),
                        record.outputs[index].bytes,
                    )
                    for index in needed[record.arm]
                    if index < len(record.outputs)
                )
                if len(files) == len(needed[record.arm]):
                    found[record.arm, record.item] = files
    except RecordsError:  # said of the device by whoever compares
        return {}
    return found


def load_output(task: AnyTask, arm: ManifestArm, output: Output, given: Any) -> list[NDArray[np.generic]]:
    """The tensors, of the whole item; `given` is its input, as the task reads it. Raises ValueError or OSError with the
    reason they cannot be read.
    """
    parts = (_load_part(task, arm, part) for part in output.parts)
    if task.parts is not None:
        return task.parts.join(arm.codec, parts, given)
    (tensors,) = parts
    return tensors


def _load_part(task: AnyTask, arm: ManifestArm, part: Sequence[OutputFile]) -> list[NDArray[np.generic]]:
    tensors = []
    for file, info in zip(part, task.tensors(arm.codec)[1], strict=True):
        tensors.append(
            read_output_tensor(
                file.path, dtype=file.dtype, shape=file.shape, length_bytes=file.length_bytes, sha256=file.sha256
            )
        )
        if file.dtype != info.dtype:
            raise ValueError(f"the output holds {file.dtype}, and the model puts out {info.dtype}")
    return tensors


def read_known(manifest: Manifest, item: ManifestItem) -> tuple[Any, Any]:
    """Input and reference of an item. Raises `UserError` where one is gone or was changed since the run."""
    task = manifest.experiment.task
    read_reference = task.read_reference if item.label is None else partial(task.read_labelled, item.label)
    return (
        task.read_known(Path(item.input_path), item.input_sha256, task.read_input),
        task.read_known(Path(item.reference_path), item.reference_sha256, read_reference),
    )
