"""An ONNX model as a graph, and parts of it as models of their own."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import numpy as np

from harness.parity.families import family_of
from harness.parity.graph import Graph, Op, Piece
from harness.parity.onnx_quantizers import read_quantizers

_CARRIERS: Final = {"QuantizeLinear", "DequantizeLinear", "Cast", "Identity", "Dropout"}
_SOURCE: Final = re.compile(r'File "([^"\n]{1,400})", line (\d{1,7})')
FED: Final = "fed/"


class OnnxGraph:
    """A parsed model. Names of tensors are the file's own."""

    def __init__(self, proto: Any) -> None:
        self.proto = proto
        self._constants = {each.name: each for each in proto.graph.initializer}
        self._nodes = list(proto.graph.node)
        self.graph = self._read()

    def _read(self) -> Graph:
        graph = self.proto.graph
        shapes = {name: tuple(int(size) for size in each.dims) for name, each in self._constants.items()}
        behind = dict(shapes)
        ops = []
        for place, node in enumerate(self._nodes):
            inputs = tuple(dict.fromkeys([*(name for name in node.input if name), *_outer_names(node)]))
            # The kernel of a quantised convolution stands behind a DequantizeLinear.
            if node.op_type in _CARRIERS and node.input and node.input[0] in behind:
                behind.update(dict.fromkeys(node.output, behind[node.input[0]]))
            ops.append(
                Op(
                    index=place,
                    kind=node.op_type,
                    family=family_of(node.op_type),
                    name=node.name,
                    source=source_of(node),
                    inputs=inputs,
                    outputs=tuple(name for name in node.output if name),
                    weights=tuple(behind[name] for name in inputs if name in behind and len(behind[name]) >= 2),
                    carries=node.op_type in _CARRIERS and node.domain in {"", "ai.onnx", "com.microsoft"},
                )
            )
        written, read = read_quantizers(self._nodes, self._constants)
        return Graph(
            ops=tuple(ops),
            inputs=tuple(each.name for each in graph.input if each.name not in self._constants),
            outputs=tuple(each.name for each in graph.output),
            constants=frozenset(self._constants),
            written=written,
            read=read,
        )

    def with_outputs(self, names: Iterable[str]) -> bytes:
        """The whole model, which puts out these tensors too."""
        import onnx

        there = {each.name for each in self.proto.graph.output}
        added = [onnx.ValueInfoProto(name=name) for name in names if name not in there]
        before = len(self.proto.graph.output)
        self.proto.graph.output.extend(added)
        try:
            return bytes(self.proto.SerializeToString())
        finally:
            del self.proto.graph.output[before:]

    def cut(self, pieces: Collection[Piece], dtypes: Mapping[str, str], changed: Mapping[str, Any]) -> bytes:
        """One model of all pieces. It takes `fed/NAME` for every tensor that is given to one, and puts out each
        piece's target as `KEY/NAME`. `changed` holds other arrays for constants.
        """
        nodes: list[Any] = []
        constants: set[str] = set()
        fed: dict[str, None] = {}
        for piece in pieces:
            names = dict.fromkeys(piece.feeds)
            fed.update(names)
            renamed = {name: FED + name for name in piece.feeds}
            made = {name: f"{piece.key}/{name}" for op in piece.ops for name in op.outputs}
            for op in piece.ops:
                node = type(self._nodes[0])()
                node.CopyFrom(self._nodes[op.index])
                node.name = f"{piece.key}/{op.index}"
                # A target that is also given (to a loop's other pieces) is made here from its inputs.
                reads = {**made, **{name: to for name, to in renamed.items() if name != piece.target}}
                constants |= _rename(node, reads, made, set(self._constants))
                nodes.append(node)
        return self._model(
            nodes,
            inputs={FED + name: dtypes[name] for name in fed},
            outputs=[f"{piece.key}/{piece.target}" for piece in pieces],
            constants=constants,
            changed=changed,
        )

    def rest(self, overridden: Collection[str], dtypes: Mapping[str, str], watched: Collection[str]) -> bytes:
        """The whole model with some tensors given as `fed/NAME` instead of computed, and `watched` put out after its
        own outputs; its own inputs keep their names.
        """
        import onnx

        renamed = {name: FED + name for name in overridden}
        nodes = []
        for each in self._nodes:
            node = type(each)()
            node.CopyFrom(each)
            _rename(node, renamed, {}, set())
            nodes.append(node)
        outputs = [renamed.get(name, name) for name in self.graph.outputs]
        # An output that is itself given must still be an operator's.
        for place, name in enumerate(outputs):
            if name.startswith(FED) and name in renamed.values():
                outputs[place] = f"handed/{name}"
                nodes.append(onnx.helper.make_node("Identity", [name], [outputs[place]]))
        inputs = {FED + name: dtypes[name] for name in overridden}
        outputs += [name for name in watched if name not in outputs]
        return self._model(nodes, inputs, outputs, set(self._constants), {}, keep_inputs=True)

    @property
    def holds_halves(self) -> bool:
        """Whether there are constants in 16-bit floats."""
        import onnx

        return any(each.data_type == onnx.TensorProto.FLOAT16 for each in self._constants.values())

    def constant(self, name: str) -> np.ndarray[Any, Any] | None:
        """The array of a constant; None where there is none of this name."""
        import onnx

        found = self._constants.get(name)
        return None if found is None else np.asarray(onnx.numpy_helper.to_array(found))

    def _model(
        self,
        nodes: list[Any],
        inputs: Mapping[str, str],
        outputs: list[str],
        constants: set[str],
        changed: Mapping[str, Any],
        *,
        keep_inputs: bool = False,
    ) -> bytes:
        import onnx

        model = onnx.ModelProto()
        model.ir_version = self.proto.ir_version
        model.opset_import.extend(self.proto.opset_import)
        model.functions.extend(self.proto.functions)
        graph = model.graph
        graph.name = "part"
        graph.node.extend(nodes)
        if keep_inputs:
            graph.input.extend(self.proto.graph.input)
        for name, dtype in inputs.items():
            value = onnx.ValueInfoProto(name=name)
            value.type.tensor_type.elem_type = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
            graph.input.append(value)
        graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
        for name in sorted(constants):
            graph.initializer.append(
                onnx.numpy_helper.from_array(changed[name], name) if name in changed else self._constants[name]
            )
        return bytes(model.SerializeToString())


def source_of(node: Any) -> str:
    """`net.py:12`: the innermost line that an exporter wrote beside the operator."""
    texts = [each.value for each in getattr(node, "metadata_props", []) if "stack_trace" in each.key]
    for text in [*texts, node.doc_string]:
        found = _SOURCE.findall(text[-20_000:])
        if found:
            path, line = found[-1]
            return f"{path.rsplit('/', 1)[-1]}:{line}"
    return ""


def _outer_names(node: Any) -> list[str]:
    """Tensors of the graph around that the bodies of an If, Loop or Scan read."""
    found: list[str] = []
    for attribute in node.attribute:
        for body in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
            own = {each.name for each in [*body.input, *body.initializer]}
            own |= {name for inner in body.node for name in inner.output}
            read = [name for inner in body.node for name in [*inner.input, *_outer_names(inner)]]
            found += [name for name in [*read, *(each.name for each in body.output)] if name and name not in own]
    return found


def _rename(node: Any, reads: Mapping[str, str], makes: Mapping[str, str], constants: set[str]) -> set[str]:
    """Give a node's tensors other names, in its bodies too. Returns the constants that it reads."""
    used = {name for name in [*node.input, *_outer_names(node)] if name in constants and name not in reads}
    for place, name in enumerate(node.input):
        node.input[place] = reads.get(name, name)
    for place, name in enumerate(node.output):
        node.output[place] = makes.get(name, name)
    for attribute in node.attribute:
        for body in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
            own = {each.name for each in [*body.input, *body.initializer]}
            own |= {name for inner in body.node for name in inner.output}
            outer = {name: to for name, to in reads.items() if name not in own}
            for inner in body.node:
                _rename(inner, outer, {}, set())
            for each in body.output:
                each.name = outer.get(each.name, each.name)
    return used
