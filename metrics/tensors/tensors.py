"""Named tensors as metrics take them, and what cannot be compared."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from metrics.errors import MetricInputError

Tensors = Mapping[str, NDArray[np.generic]]
"""Name → tensor, any shape, booleans, integers or floats. The name `""` is that of an only one."""
Float64s = NDArray[np.float64]


def check_reference(reference: Tensors) -> dict[str, Float64s]:
    """The reference's tensors as float64.

    Raises:
        MetricInputError: no tensor at all, one without values, or values that are not finite.
    """
    if not reference:
        raise MetricInputError("the reference holds no tensor")
    checked = {}
    for name, tensor in reference.items():
        if tensor.size == 0:
            raise MetricInputError(f"reference{_named(name)} has shape {_shape(tensor)}: it has no values")
        checked[name] = _finite(f"reference{_named(name)}", tensor)
    return checked


def matching_output(name: str, reference: Float64s, output: Tensors) -> Float64s:
    """The output that one of the reference's tensors is compared with, as float64; nothing is reshaped or broadcast.

    Raises:
        MetricInputError: no such output, another shape (both are named), or values that are not finite.
    """
    tensor = output.get(name)
    if tensor is None and name == "" and len(output) == 1:
        tensor = next(iter(output.values()))
    if tensor is None:
        raise MetricInputError(f"there is no output{_named(name)}; there are {', '.join(map(repr, sorted(output)))}")
    if tensor.shape != reference.shape:
        raise MetricInputError(
            f"output{_named(name)} has shape {_shape(tensor)} but the reference has {_shape(reference)}: "
            "nothing is reshaped or broadcast"
        )
    return _finite(f"output{_named(name)}", tensor)


def _finite(role: str, tensor: NDArray[np.generic]) -> Float64s:
    values = np.asarray(tensor, dtype=np.float64)
    odd = int(values.size - np.count_nonzero(np.isfinite(values)))
    if odd:
        raise MetricInputError(f"{role} has {odd} values of {values.size} that are NaN or infinite")
    return values


def _named(name: str) -> str:
    return f" {name!r}" if name else ""


def _shape(tensor: NDArray[np.generic]) -> str:
    return " × ".join(str(length) for length in tensor.shape) or "()"
