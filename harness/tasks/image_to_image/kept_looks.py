"""Looks as text and back, to the last bit, so that what was looked at before need not be looked at again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.tasks.image_to_image.other_readings import Offset
from harness.tasks.image_to_image.plausibility import ItemFloor, OutputLook

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def content_of(*arrays: NDArray[np.generic]) -> str:
    """Lower-case hex SHA-256 of arrays with their dtypes and shapes."""
    import numpy as np

    found = hashlib.sha256()
    for array in arrays:
        found.update(f"{array.dtype.str} {array.shape}\0".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.hexdigest()


def look_as_text(look: ItemFloor | OutputLook | None) -> str:
    """JSON, with infinity and not-a-number as Python writes them."""
    if look is None:
        return "null"
    return json.dumps({**asdict(look), "cells": None if look.cells is None else look.cells.tolist()})


def floor_from_text(text: str, item: str) -> ItemFloor | None:
    """What `look_as_text` wrote of a floor, as one of this item."""
    values = json.loads(text)
    return None if values is None else ItemFloor(**_restored(values, item))


def output_from_text(text: str, item: str) -> OutputLook:
    """What `look_as_text` wrote of an output, as one for this item."""
    values = _restored(json.loads(text), item)
    return OutputLook(**{**values, "faults": tuple(values["faults"])})


def _restored(values: dict[str, Any], item: str) -> dict[str, Any]:
    import numpy as np

    offset, cells = values["offset"], values["cells"]
    return {
        **values,
        "item": item,
        "offset": None if offset is None else Offset(**offset),
        "cells": None if cells is None else np.array(cells, dtype=np.float64),
    }
