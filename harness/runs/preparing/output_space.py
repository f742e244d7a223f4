"""Whether what the models will put out fits on the devices' disks and on this one: known before anything is measured.

Outputs of a large set are gigabytes (ten million float32 values are forty megabytes), and a disk that runs full an hour
later helps nobody.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from devices.errors import NoSpaceError
from devices.posix.blob_survey import parse_free_bytes
from harness.errors import UserError

if TYPE_CHECKING:
    from devices.base import DeviceCommands
    from harness.experiment.resolve import Resolved

SPARE_BYTES = 64 << 20
"""Left for records, tables, the gallery of the report and whatever else the disk is there for."""
_LEAST_OUTPUT_BYTES = 64 << 20


def output_bytes(resolved: Resolved) -> int:
    """About how much all arms put out for all items."""
    return sum(resolved.task.output_bytes(arm.codec, item) for arm in resolved.arms for item in resolved.items)


def longest_output_bytes(resolved: Resolved) -> int:
    """The longest output tensor that is believed of a device: of the largest item, as if of float64, with room to
    spare, since outputs that the task does not need have sizes of their own.
    """
    largest = max(resolved.task.output_bytes(arm.codec, item) for arm in resolved.arms for item in resolved.items)
    return max(_LEAST_OUTPUT_BYTES, 4 * 8 * largest)


def check_device_space(device: DeviceCommands, resolved: Resolved) -> None:
    """Raise `NoSpaceError` where the outputs will not fit there. A device that does not say is believed."""
    answer = device.run(["df", "-Pk", device.workdir], timeout_s=30.0)
    free = parse_free_bytes(answer.stdout.decode("utf-8", "replace"))
    needed = output_bytes(resolved) + SPARE_BYTES // 4
    if free is not None and needed > free:
        raise NoSpaceError(
            f"{device.name}: the outputs need {_megabytes(needed)} in {device.workdir}, where {_megabytes(free)} are"
            " free",
            f"Free space there, or measure fewer {resolved.task.nouns.plural} with data.limit.",
        )


def check_space_here(folder: Path, resolved: Resolved, devices: int) -> None:
    """Raise `UserError` where the outputs of all devices will not fit below `folder`, which may not be there yet."""
    place = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(place).free
    needed = devices * output_bytes(resolved) + SPARE_BYTES
    if needed > free:
        raise UserError(
            f"{folder}: the outputs of {devices} device(s) need {_megabytes(needed)}, and {_megabytes(free)} are free",
            "Free space, name a folder on another disk with --out, or measure fewer"
            f" {resolved.task.nouns.plural} with data.limit.",
        )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
