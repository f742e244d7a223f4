"""Tensors of files to tensors of a model and back: by name, and through the model's own quantisation."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from harness.errors import UserError
from harness.models.tensor_info import TensorInfo
from harness.tasks.tensor_file import FLOATS, INTEGERS, TensorHeader
from harness.tasks.tensor_values import refuse_other_values, refuse_shape, to_dtype_of_file
from harness.tasks.tensors.dataset import ALONE, TensorItem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.models.model_file import ModelFile
    from harness.tasks.tensors.options import TensorNames

What = Literal["input", "output"]


class TensorCodec(BaseModel):
    """One arm's tensors, and the names of the files that hold them. Kept in run.json, so that outputs can be read
    without the model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    inputs: list[TensorInfo]
    input_names: list[str]
    outputs: list[TensorInfo]
    output_names: list[str]

    def encode(self, given: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.generic]]:
        """Tensors by name → one array for each input of the model, in its order and dtypes.

        Floats for a quantised input go through its scale and zero point; integers are taken as its levels.
        """
        import numpy as np

        return [
            np.ascontiguousarray(to_dtype_of_file(given[name], info))
            for name, info in zip(_names(self.input_names, given), self.inputs, strict=True)
        ]

    def decode(self, outputs: Sequence[NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
        """The model's outputs by name; quantised ones dequantised, as float64. Raises ValueError for values that are
        not finite.
        """
        import numpy as np

        decoded: dict[str, NDArray[np.generic]] = {}
        for name, info, tensor in zip(self.output_names, self.outputs, outputs, strict=True):
            odd = int(tensor.size - np.count_nonzero(np.isfinite(tensor)))
            if odd:
                raise ValueError(f"output {name!r} holds {odd} values that are not finite")
            decoded[name] = (
                (tensor.astype(np.float64) - (info.zero_point or 0)) * info.scale
                if info.scale is not None and info.dtype in INTEGERS
                else tensor
            )
        return decoded

    def input_of(self, info: TensorInfo, item: TensorItem) -> TensorHeader:
        """The file of an item that fills an input."""
        names = _names(self.input_names, item.inputs)
        return item.inputs[names[self.inputs.index(info)]]

    def output_of(self, reference: str) -> int:
        """Index of the output that a reference is compared with. Raises KeyError."""
        if reference == ALONE and len(self.output_names) == 1:
            return 0
        if reference not in self.output_names:
            raise KeyError(reference)
        return self.output_names.index(reference)


def make_codec(model: ModelFile, names: TensorNames) -> TensorCodec:
    """Which file is which tensor. Raises `UserError` for names that the model has not got, and for tensors that no
    file holds.
    """
    for info in [*model.inputs, *model.outputs]:
        if info.dtype not in FLOATS | INTEGERS:
            raise UserError(f"{model.path}: tensor {info.name!r} holds {info.dtype}, which no .npy file here does")
    return TensorCodec(
        inputs=model.inputs,
        input_names=_file_names(model, "input", model.inputs, names.inputs),
        outputs=model.outputs,
        output_names=_file_names(model, "output", model.outputs, names.outputs),
    )


def check_item(model: ModelFile, codec: TensorCodec, item: TensorItem) -> None:
    """Whether an item has the tensors that the model takes, and references only for those that it puts out. Raises
    `UserError` naming file and tensor; nothing is reshaped.
    """
    if not set(_names(codec.input_names, item.inputs)) <= set(item.inputs):
        raise UserError(
            f"{item.input_path}: {_held(item.inputs)}, and {model.path} takes {_listed(codec.input_names)}",
            "Name each file as its input is named, or say which is which in [data.tensor] inputs.",
        )
    for name, info in zip(_names(codec.input_names, item.inputs), codec.inputs, strict=True):
        header = item.inputs[name]
        refuse_shape(model, info, header)
        refuse_other_values(model, info, header)
    for name, header in item.references.items():
        try:
            info = codec.outputs[codec.output_of(name)]
        except KeyError:
            raise UserError(
                f"{header.path}: is a reference for no output of {model.path}, which has {_listed(codec.output_names)}",
                "Name each reference as its output is named, or say which is which in [data.tensor] outputs.",
            ) from None
        refuse_shape(model, info, header)


def _file_names(model: ModelFile, what: What, infos: Sequence[TensorInfo], declared: Mapping[str, str]) -> list[str]:
    own = [info.name for info in infos]
    unknown = sorted(set(declared) - set(own))
    if unknown:
        raise UserError(
            f"{model.path}: has no {what} {unknown[0]!r}, which [data.tensor] {what}s names", f"It has {_listed(own)}."
        )
    names = [declared.get(name, name) for name in own]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise UserError(
            f"{model.path}: two {what}s are called {doubled[0]!r}", f"Name each of them in [data.tensor] {what}s."
        )
    return names


def _names(names: list[str], given: Collection[str]) -> list[str]:
    """The names under which an item has a model's tensors: its only one may have any name."""
    return list(given) if len(names) == 1 and len(given) == 1 else names


def _held(headers: Mapping[str, TensorHeader]) -> str:
    return "is one tensor" if set(headers) == {ALONE} else f"holds {_listed(list(headers))}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
