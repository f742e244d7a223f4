"""Whether what the models will put out fits on the devices' disks and on this one: known before anything is measured.

Outputs of a large set are gigabytes (a float32 picture is twelve bytes a pixel), and a disk that runs full an hour
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
    from devices.base import Device
    from harness.experiment.resolve import Resolved

SPARE_BYTES = 64 << 20
"""Left for records, tables, pictures of the report and whatever else the disk is there for."""
_DTYPE_BYTES = {"float64": 8, "float32": 4, "float16": 2, "int16": 2, "uint16": 2, "int8": 1, "uint8": 1}


def output_bytes(resolved: Resolved) -> int:
    """About how much all arms put out for all items: pictures of the references' sizes."""
    pixels = sum(item.reference_size[0] * item.reference_size[1] for item in resolved.items)
    return sum(pixels * arm.codec.channels * _DTYPE_BYTES[arm.codec.output.dtype] for arm in resolved.arms)


def check_device_space(device: Device, resolved: Resolved) -> None:
    """Raise `NoSpaceError` where the outputs will not fit there. A device that does not say is believed."""
    answer = device.run(["df", "-Pk", device.workdir], timeout_s=30.0)
    free = parse_free_bytes(answer.stdout.decode("utf-8", "replace"))
    needed = output_bytes(resolved) + SPARE_BYTES // 4
    if free is not None and needed > free:
        raise NoSpaceError(
            f"{device.name}: the outputs need {_megabytes(needed)} in {device.workdir}, where {_megabytes(free)} are"
            " free",
            "Free space there, or measure fewer pictures with data.limit.",
        )


def check_space_here(folder: Path, resolved: Resolved, devices: int) -> None:
    """Raise `UserError` where the outputs of all devices will not fit below `folder`, which may not be there yet."""
    place = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    free = shutil.disk_usage(place).free
    needed = devices * output_bytes(resolved) + SPARE_BYTES
    if needed > free:
        raise UserError(
            f"{folder}: the outputs of {devices} device(s) need {_megabytes(needed)}, and {_megabytes(free)} are free",
            "Free space, name a folder on another disk with --out, or measure fewer pictures with data.limit.",
        )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
