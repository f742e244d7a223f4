"""A PyTorch file as the original of a comparison."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UserError
from harness.models.model_file import ModelFile
from harness.models.tensor_info import TensorInfo
from harness.parity.engine import Engine, EngineError
from harness.parity.torch_program import TorchProgram


def open_torch(held: Engine, path: Path, converted: ModelFile) -> tuple[TorchProgram, ModelFile]:
    """The program and what is known of its file. Raises `UserError`."""
    if not path.is_file():
        raise UserError(f"{path}: no such model file")
    try:
        program = TorchProgram(held, path)
        return program, program.described(path, [_channels_first(each, converted) for each in converted.inputs])
    except EngineError as error:
        raise UserError(
            f"{path}: the model cannot be used: {error}", "Save it with torch.export.save or torch.jit.save."
        ) from None


def _channels_first(info: TensorInfo, of: ModelFile) -> TensorInfo:
    """An input as PyTorch takes it: planes with their channels first, and real numbers where the build takes levels."""
    shape = list(info.shape)
    if of.format == "tflite" and len(shape) == 4:
        shape = [shape[place] for place in (0, 3, 1, 2)]
    dtype = "float32" if info.scale is not None else info.dtype
    return info.model_copy(update={"shape": shape, "dtype": dtype})
