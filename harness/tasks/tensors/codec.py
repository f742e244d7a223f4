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

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    inputs: list[TensorInfo]
    input_names: list[str]
    """The file of each input; of one that a constant fills its own name."""
    outputs: list[TensorInfo]
    output_names: list[str | None]
    """The reference of each output; None where another output is compared with that of its name."""
    constants: dict[str, float] = {}
    """Inputs that no file fills: what all their values are."""
    scored: list[int] | None = None
    """Places of the outputs that are compared; None for all."""

    @property
    def places(self) -> list[int]:
        """Places of the outputs that are read."""
        if self.scored is not None:
            return self.scored
        return [place for place, name in enumerate(self.output_names) if name is not None]

    def encode(self, given: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.generic]]:
        """Tensors by name → one array for each input of the model, in its order and dtypes.

        Floats for a quantised input go through its scale and zero point; integers are taken as its levels.
        """
        import numpy as np

        files = self.files(given)
        sizes = self._symbols({name: given[file].shape for name, file in files.items()})
        return [
            # Not ascontiguousarray, which makes a list of one of a single number.
            np.asarray(
                to_dtype_of_file(
                    given[files[info.name]]
                    if info.name in files
                    else np.full(constant_shape(info, sizes), self.constants[info.name]),
                    info,
                ),
                order="C",
            )
            for info in self.inputs
        ]

    def decode(self, outputs: Sequence[NDArray[np.generic]]) -> dict[str, NDArray[np.generic]]:
        """The outputs at `places` by name; quantised ones dequantised, as float64. Raises ValueError for values that
        are not finite.
        """
        import numpy as np

        decoded: dict[str, NDArray[np.generic]] = {}
        for place, tensor in zip(self.places, outputs, strict=True):
            info, name = self.outputs[place], self.output_names[place]
            odd = int(tensor.size - np.count_nonzero(np.isfinite(tensor)))
            if odd:
                raise ValueError(f"output {name!r} holds {odd} values that are not finite")
            decoded[str(name)] = (
                (tensor.astype(np.float64) - (info.zero_point or 0)) * info.scale
                if info.scale is not None and info.dtype in INTEGERS
                else tensor
            )
        return decoded

    def files(self, given: Collection[str]) -> dict[str, str]:
        """Input → the name under which an item has its tensor; without those that constants fill."""
        filled = [info.name for info in self.inputs if info.name not in self.constants]
        names = [
            name for info, name in zip(self.inputs, self.input_names, strict=True) if info.name not in self.constants
        ]
        return dict(zip(filled, _names(names, given), strict=True))

    def input_shape(self, info: TensorInfo, item: TensorItem) -> list[int]:
        """The shape of an input for an item. Raises `UserError` where a constant's is not known."""
        files = self.files(item.inputs)
        if info.name in files:
            return list(item.inputs[files[info.name]].shape)
        return constant_shape(info, self._symbols({name: item.inputs[file].shape for name, file in files.items()}))

    def _symbols(self, shapes: Mapping[str, Sequence[int]]) -> dict[str, int]:
        """Sizes that the model names, as the tensors of its inputs decide them."""
        return {
            named: size
            for info in self.inputs
            for named, size in zip(info.shape, shapes.get(info.name, ()), strict=False)
            if isinstance(named, str) and named
        }

    def output_of(self, reference: str) -> int:
        """Place among all outputs of the one that a reference is compared with. Raises KeyError."""
        if reference == ALONE and len(self.places) == 1:
            return self.places[0]
        place = next((each for each in self.places if self.output_names[each] == reference), None)
        if place is None:
            raise KeyError(reference)
        return place


def constant_shape(info: TensorInfo, sizes: Mapping[str, int]) -> list[int]:
    """The shape of an input that a constant fills. Raises `UserError` where the model leaves a size open that none of
    its other inputs has.
    """
    found: list[int] = []
    for size in info.shape:
        if isinstance(size, int) and size > 0:
            found.append(size)
        elif isinstance(size, str) and size in sizes:
            found.append(sizes[size])
        else:
            raise UserError(
                f"the input {info.name!r} ({_shape(info)}) leaves a size open, and [data.tensor] constants fills it",
                "Export it with fixed sizes, or give it a file.",
            )
    return found


def make_codec(model: ModelFile, names: TensorNames, scored: Sequence[str] | None = None) -> TensorCodec:
    """Which file is which tensor, and which outputs are compared: those named, or all. Raises `UserError` for names
    that the model has not got, and for tensors that no file holds.
    """
    for info in [*model.inputs, *model.outputs]:
        if info.dtype not in FLOATS | INTEGERS:
            raise UserError(f"{model.path}: tensor {info.name!r} holds {info.dtype}, which no .npy file here does")
    _refuse_unknown(model, "input", model.inputs, names.constants, "constants")
    both = sorted(set(names.constants) & set(names.inputs))
    if both:
        raise UserError(
            f"[data.tensor]: the input {both[0]!r} is given a file and a constant", "Take one of the two out."
        )
    for info in model.inputs:
        value = names.constants.get(info.name, 0.0)
        if info.dtype in INTEGERS and info.scale is None and not value.is_integer():
            raise UserError(
                f"{model.path}: input {info.name!r} takes {info.dtype}, and [data.tensor] constants gives it {value:g}",
                "Give it a whole number.",
            )
    of_files = [info for info in model.inputs if info.name not in names.constants]
    if not of_files:
        raise UserError(f"{model.path}: constants fill every input, so that its items are all the same")
    files = dict(zip((info.name for info in of_files), _input_files(model, of_files, names.inputs), strict=True))
    output_names = _references(model, names.outputs)
    return TensorCodec(
        inputs=model.inputs,
        input_names=[files.get(info.name, info.name) for info in model.inputs],
        outputs=model.outputs,
        output_names=output_names,
        constants=names.constants,
        scored=None if scored is None else _places(model, output_names, scored),
    )


def _places(model: ModelFile, output_names: Sequence[str | None], scored: Sequence[str]) -> list[int]:
    if len(output_names) == 1 and len(scored) == 1:
        return [0]
    unknown = next((name for name in scored if name not in output_names), None)
    if unknown is not None:
        raise UserError(
            f"{model.path}: has no output {unknown!r}, which data.scored names",
            f"It has {_listed(output_names)}; say which is which in [data.tensor] outputs, or in the arm's own tensor.",
        )
    return [output_names.index(name) for name in dict.fromkeys(scored)]


def check_item(model: ModelFile, codec: TensorCodec, item: TensorItem) -> None:
    """Whether an item has the tensors that the model takes, and references only for those that it puts out. Raises
    `UserError` naming file and tensor; nothing is reshaped.
    """
    files = codec.files(item.inputs)
    if not set(files.values()) <= set(item.inputs):
        raise UserError(
            f"{item.input_path}: {_held(item.inputs)}, and {model.path} takes {_listed(list(files.values()))}",
            "Name each file as its input is named, or say which is which in [data.tensor] inputs; what is no file's may"
            " be one of its constants.",
        )
    for info in codec.inputs:
        if info.name not in files:
            codec.input_shape(info, item)
            continue
        header = item.inputs[files[info.name]]
        refuse_shape(model, info, header)
        refuse_other_values(model, info, header)
    for name, header in item.references.items():
        try:
            info = codec.outputs[codec.output_of(name)]
        except KeyError:
            compared = [codec.output_names[place] for place in codec.places]
            raise UserError(
                f"{header.path}: is a reference for no output of {model.path}, which has {_listed(compared)}",
                "Name each reference as its output is named, say which is which in [data.tensor] outputs, or which"
                " references are compared in data.scored.",
            ) from None
        refuse_shape(model, info, header)


def _refuse_unknown(
    model: ModelFile, what: What, infos: Sequence[TensorInfo], declared: Collection[str], key: str
) -> None:
    own = [info.name for info in infos]
    unknown = sorted(set(declared) - set(own))
    if unknown:
        raise UserError(
            f"{model.path}: has no {what} {unknown[0]!r}, which [data.tensor] {key} names", f"It has {_listed(own)}."
        )


def _input_files(model: ModelFile, infos: Sequence[TensorInfo], declared: Mapping[str, str]) -> list[str]:
    """The file of each input. One file fills several only where that is said of each."""
    _refuse_unknown(model, "input", infos, declared, "inputs")
    names = [declared.get(info.name, info.name) for info in infos]
    for info, name in zip(infos, names, strict=True):
        if info.name not in declared and names.count(name) > 1:
            raise UserError(
                f"{model.path}: two inputs are called {name!r}", "Name each of them in [data.tensor] inputs."
            )
    return names


def _references(model: ModelFile, declared: Mapping[str, str]) -> list[str | None]:
    """The reference of each output."""
    _refuse_unknown(model, "output", model.outputs, declared, "outputs")
    taken = list(declared.values())
    doubled = sorted({name for name in taken if taken.count(name) > 1})
    if doubled:
        raise UserError(
            f"{model.path}: two outputs are called {doubled[0]!r}", "Name each of them in [data.tensor] outputs."
        )
    return [declared.get(info.name, None if info.name in taken else info.name) for info in model.outputs]


def _names(names: list[str], given: Collection[str]) -> list[str]:
    """The names under which an item has a model's tensors: its only one may have any name."""
    return list(given) if len(names) == 1 and len(given) == 1 else names


def _held(headers: Mapping[str, TensorHeader]) -> str:
    return "is one tensor" if set(headers) == {ALONE} else f"holds {_listed(list(headers))}"


def _listed(names: Sequence[str | None]) -> str:
    return ", ".join(repr(name) for name in names if name is not None)


def _shape(info: TensorInfo) -> str:
    return "×".join(str(size) if isinstance(size, int) and size > 0 else "?" for size in info.shape)
