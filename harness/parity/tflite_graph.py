"""A TensorFlow Lite model as a graph. Only its first subgraph is taken apart; bodies of loops stay whole."""

from __future__ import annotations

import struct
from typing import Any, Final

import numpy as np

from harness.errors import UserError
from harness.models.model_format import ModelFormatError
from harness.models.tflite_file import refuse_unfolding
from harness.parity.families import family_of
from harness.parity.graph import Graph, Op, Quantizer

_CARRIERS: Final = {"QUANTIZE", "DEQUANTIZE", "CAST"}
_LEVELS: Final = {"INT8": "int8", "UINT8": "uint8", "INT16": "int16"}
"""Element types of activations that may be quantised."""
_DTYPES: Final = {
    "FLOAT32": "float32", "FLOAT16": "float16", "FLOAT64": "float64", "INT8": "int8", "UINT8": "uint8",
    "INT16": "int16", "UINT16": "uint16", "INT32": "int32", "UINT32": "uint32", "INT64": "int64", "UINT64": "uint64",
    "BOOL": "bool",
}  # fmt: skip
DAMAGE: Final = (struct.error, IndexError, TypeError, AttributeError, OverflowError, KeyError, MemoryError, ValueError)
"""What a flatbuffer whose offsets and places lead nowhere ends in."""
_LONGEST_NAME: Final = 120


class TfliteGraph:
    """A parsed model. A tensor's name is the file's, with its place behind it where another one has the same."""

    def __init__(self, content: bytes) -> None:
        """Raises `UserError` where this Python cannot read such files, and `ValueError` for a damaged one."""
        self.schema = _schema()
        try:
            refuse_unfolding(content)
            self.model: Any = self.schema.ModelT.InitFromPackedBuf(bytearray(content), 0)
            self._kinds = [self._kind(code) for code in self.model.operatorCodes or []]
            self.subgraph: Any = self.model.subgraphs[0]
            self.names = self._named()
            self.place = {name: place for place, name in enumerate(self.names)}
            self.graph = self._read()
        except ModelFormatError as error:
            raise ValueError(str(error)) from None
        except DAMAGE as error:
            raise ValueError(f"its graph cannot be read: {type(error).__name__}") from None
        if any(not 0 <= each.buffer < len(self.model.buffers) for each in self.subgraph.tensors):
            raise ValueError("its graph cannot be read: a tensor's data lies nowhere")
        if any(each.offset for each in self.model.buffers):
            raise ValueError("its weights lie behind the graph, as in files above 2 GB, which is not taken apart here")

    def _kind(self, code: Any) -> str:
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        if code.customCode:
            return str(code.customCode.decode("utf-8", "replace"))[:_LONGEST_NAME]
        known = vars(self.schema.BuiltinOperator).items()
        return next((name for name, value in known if value == number and not name.startswith("_")), f"OP_{number}")

    def _named(self) -> list[str]:
        ends = [int(place) for place in [*self.subgraph.inputs, *self.subgraph.outputs]]
        tensors = self.subgraph.tensors
        names: dict[int, str] = {}
        taken: set[str] = set()
        for place in dict.fromkeys([*ends, *range(len(tensors))]):
            own = (tensors[place].name or b"").decode("utf-8", "replace")
            name = own if own and own not in taken else f"{own[:_LONGEST_NAME]}#{place}"
            while name in taken:
                name += "#"
            taken.add(name)
            names[place] = name
        return [names[place] for place in range(len(tensors))]

    def _read(self) -> Graph:
        inputs = tuple(self.names[place] for place in self.subgraph.inputs)
        made = {int(place) for each in self.subgraph.operators for place in _places(each.outputs)}
        given = {int(place) for place in self.subgraph.inputs}
        constants = {
            place: tuple(int(size) for size in _listed(tensor.shape))
            for place, tensor in enumerate(self.subgraph.tensors)
            if place not in made and place not in given
        }
        ops, behind = [], dict(constants)
        for index, each in enumerate(self._sorted()):
            kind = self._kinds[each.opcodeIndex]
            reads, writes = list(dict.fromkeys(_places(each.inputs))), list(_places(each.outputs))
            if kind in _CARRIERS and reads and reads[0] in behind:
                behind.update(dict.fromkeys(writes, behind[reads[0]]))
            ops.append(
                Op(
                    index=index,
                    kind=kind,
                    family=family_of(kind),
                    name=_short(self.names[writes[0]]) if writes else "",
                    source="",
                    inputs=tuple(self.names[place] for place in reads),
                    outputs=tuple(self.names[place] for place in writes),
                    weights=tuple(behind[place] for place in reads if place in behind and len(behind[place]) >= 2),
                    carries=kind in _CARRIERS,
                )
            )
        quantizers = {
            self.names[place]: found
            for place, tensor in enumerate(self.subgraph.tensors)
            if place not in constants and (found := self.quantizer(tensor)) is not None
        }
        return Graph(
            ops=tuple(ops),
            inputs=inputs,
            outputs=tuple(self.names[place] for place in self.subgraph.outputs),
            constants=frozenset(self.names[place] for place in constants),
            written=quantizers,
            read=dict(quantizers),
        )

    def _sorted(self) -> list[Any]:
        """Operators in the file's order, which the format demands to be a topological one."""
        self.operators: list[Any] = list(self.subgraph.operators)
        return self.operators

    def quantizer(self, tensor: Any) -> Quantizer | None:
        """How a whole tensor is quantised; None for floats, integers that are none, and scales of channels."""
        dtype, held = _LEVELS.get(self.type_of(tensor)), tensor.quantization
        scales = _listed(held.scale) if held is not None else []
        if dtype is None or len(scales) != 1 or not 0.0 < float(scales[0]) < np.inf:
            return None
        zeros = _listed(held.zeroPoint)
        return Quantizer(float(scales[0]), int(zeros[0]) if len(zeros) else 0, dtype)

    def type_of(self, tensor: Any) -> str:
        """`FLOAT32`, as the format calls it."""
        found = (name for name, value in vars(self.schema.TensorType).items() if value == tensor.type)
        return next((name for name in found if not name.startswith("_")), f"TYPE_{tensor.type}")

    def dtype_of(self, name: str) -> str | None:
        """numpy dtype of a tensor; None for what is no array of numbers."""
        return _DTYPES.get(self.type_of(self.subgraph.tensors[self.place[name]]))

    @property
    def holds_halves(self) -> bool:
        """Whether there are constants in 16-bit floats."""
        return any(self.dtype_of(name) == "float16" for name in self.graph.constants)

    @property
    def quantizes_as_it_runs(self) -> bool:
        """Whether operators of floats have weights in levels: they quantise what they are given themselves."""
        return any(
            each.outputs is not None
            and self._kinds[each.opcodeIndex] not in _CARRIERS
            and any(self._is_of_levels(place) for place in _places(each.inputs))
            and all(self.type_of(self.subgraph.tensors[place]) == "FLOAT32" for place in _places(each.outputs))
            for each in self.operators
        )

    def _is_of_levels(self, place: int) -> bool:
        tensor = self.subgraph.tensors[place]
        return (
            self.names[place] in self.graph.constants
            and self.type_of(tensor) in {*_LEVELS, "INT4", "INT2"}
            and tensor.quantization is not None
            and len(_listed(tensor.quantization.scale)) > 0
        )

    def stored_constant(self, place: int) -> np.ndarray[Any, Any] | None:
        """A constant as it lies in the file; None for none, and for packings that are not known here."""
        tensor = self.subgraph.tensors[place]
        data, kind = self.model.buffers[tensor.buffer].data, self.type_of(tensor)
        if data is None or not len(data) or tensor.sparsity is not None:
            return None
        shape = tuple(int(size) for size in _listed(tensor.shape))
        count, raw = int(np.prod(shape, dtype=np.int64)), np.asarray(data, np.uint8)
        if kind == "INT4":
            low, high = (raw & 15).astype(np.int8), (raw >> 4).astype(np.int8)
            values = np.stack([low, high], axis=-1).reshape(-1)[:count]
            unpacked: np.ndarray[Any, Any] = np.where(values > 7, values - 16, values).astype(np.int8)
            return unpacked.reshape(shape) if unpacked.size == count else None
        if kind not in _DTYPES or raw.size != count * np.dtype(_DTYPES[kind]).itemsize:
            return None
        return np.frombuffer(raw.tobytes(), np.dtype(_DTYPES[kind])).reshape(shape)

    def real_constant(self, place: int) -> np.ndarray[Any, Any] | None:
        """The real numbers that a constant's levels stand for; the constant itself where it has no scale."""
        stored, held = self.stored_constant(place), self.subgraph.tensors[place].quantization
        scales = _listed(held.scale) if held is not None else []
        if stored is None or not len(scales) or stored.dtype.kind == "f":
            return stored
        zeros = np.asarray(_listed(held.zeroPoint) if len(_listed(held.zeroPoint)) else [0], np.float64)
        factors = np.asarray(scales, np.float64)
        if len(factors) > 1:
            along = [1] * stored.ndim
            along[int(held.quantizedDimension)] = len(factors)
            factors = factors.reshape(along)
            zeros = zeros.reshape(along) if zeros.size == factors.size else zeros.reshape(-1)[:1]
        return ((stored.astype(np.float64) - zeros) * factors).astype(np.float32)


def _schema() -> Any:
    try:
        from ai_edge_litert import schema_py_generated  # a second to start
    except ImportError:
        raise UserError(
            "models of TensorFlow Lite cannot be taken apart by this Python: it has no ai-edge-litert",
            "pip install ai-edge-litert",
        ) from None
    return schema_py_generated


def _listed(values: Any) -> Any:
    return [] if values is None else values


def _places(values: Any) -> list[int]:
    """Places of tensors, without those that are left out."""
    return [int(place) for place in _listed(values) if int(place) >= 0]


def _short(name: str) -> str:
    """Converters join the names of all that was fused with semicolons: the first one says where."""
    return name.split(";", 1)[0][:_LONGEST_NAME]
