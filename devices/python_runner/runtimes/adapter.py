"""A runtime as a worker drives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt


class Adapter(Protocol):
    """A runtime as a worker drives it: start, load, bind inputs, infer, fetch outputs."""

    version: str
    settings: dict[str, str]
    delegated_nodes: int | None
    total_nodes: int | None
    wholly_delegated: bool | None
    """Whether the accelerator took the whole graph; null on the CPU, and where the runtime does not say."""
    infer: Callable[[], object]
    """The timed call. Set by `bind`."""

    def __init__(self, threads: int, accelerator: str, options: dict[str, str]) -> None:
        """Imports the runtime. Raises ImportError, or ValueError for an accelerator that it cannot use."""

    def load(self, model: str, input_shapes: dict[str, list[int]]) -> None:
        """From opening the file to being ready for inputs. Raises whatever the runtime raises."""

    def inputs(self) -> list[dict[str, Any]]:
        """`harness.models.tensor_info.TensorInfo` of every input, in the order in which `bind` takes them."""

    def outputs(self) -> list[dict[str, Any]]:
        """`harness.models.tensor_info.TensorInfo` of every output."""

    def bind(self, arrays: list[npt.NDArray[Any]]) -> None:
        """Sets the inputs, whose dtypes and ranks have been checked. Raises ValueError for a shape that is wrong."""

    def fetch(self, inferred: object) -> list[npt.NDArray[Any]]:
        """The outputs of the last `infer`, given what it returned."""


def refused(accelerator: str, runtime: str, known: str) -> ValueError:
    """The error for an accelerator that the runner cannot ask a runtime for."""
    return ValueError(
        f"accelerator {accelerator!r} is not one that the python runner can ask {runtime} for; it knows {known}"
    )


def options_text(options: dict[str, str]) -> str:
    """Options as `settings` shows them."""
    return ", ".join(f"{name}={value}" for name, value in options.items())
