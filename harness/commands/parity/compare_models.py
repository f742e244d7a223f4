"""Two model files and inputs → parity.json and its page."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.commands.parity.device_engine import on_device
from harness.commands.parity.document import document_of
from harness.commands.parity.open_torch import open_torch
from harness.documents.folder import write_atomically
from harness.documents.parity import Parity
from harness.errors import UserError
from harness.models.model_file import ModelFile, read_model
from harness.parity.engine import EngineError, Opens, engine
from harness.parity.graph import Quantizer
from harness.parity.inputs import Inputs, for_converted, gather
from harness.parity.onnx_program import OnnxProgram
from harness.parity.program import Program, same_order
from harness.parity.study import study
from harness.parity.tflite_program import TfliteProgram
from harness.parity.torch_program import SUFFIXES


@dataclass(frozen=True)
class Asked:
    """What is to be compared."""

    original: Path
    converted: Path
    inputs: Path | None
    count: int
    provider: str | None = None
    """The converted build's execution provider; None for the CPU."""
    device: str | None = None
    """Where the converted build runs; None for this machine."""
    runtime: str | None = None
    """The runtime there, such as `onnxruntime==1.32.0`; None for the tested version of its format's."""
    accelerator: str = "cpu"
    """What the runtime there is asked to run it on."""


def compare_models(asked: Asked, tell: Callable[[str], None]) -> Parity:
    """Align, measure, and look for a culprit. Raises `UserError`."""
    converted = read_model(asked.converted)
    with ExitStack() as stack:
        held = stack.enter_context(engine())
        if asked.original.suffix.lower() in SUFFIXES:
            child = stack.enter_context(engine("torch_child.py"))
            left: Program
            left, original = open_torch(child, asked.original, converted)
        else:
            original = read_model(asked.original)
            left = _open(held, original, as_shipped=False, provider=None)
        if len(original.outputs) != len(converted.outputs):
            raise UserError(
                f"the original has {_outputs(len(original.outputs))}, and the converted build {len(converted.outputs)}",
                "They must be the same model: export both with the same outputs.",
            )
        where: Opens = held
        if asked.device is not None:
            where = stack.enter_context(
                on_device(asked.device, converted.format, asked.runtime, asked.accelerator, tell)
            )
        right = _open(where, converted, as_shipped=True, provider=asked.provider)
        quantizers = {each.name: taken for each in converted.inputs if (taken := _quantizer(right, each.name))}
        inputs = _gathered(asked, original, converted, quantizers)
        given = for_converted(
            inputs.items,
            original.inputs,
            converted.inputs,
            _of_integers(converted, quantizers),
            same_format=same_order(left, right),
        )
        try:
            found = study(left, right, inputs.items, given, tell)
        except EngineError as error:
            raise UserError(
                f"the models do not run on these inputs: {error}",
                "Do the inputs fit? --inputs DIR gives others; without it they are made up.",
            ) from None
    return document_of(original, converted, inputs, found)


def write(parity: Parity, folder: Path) -> Path:
    """parity.json and parity.html in a folder; returns the page's path."""
    from reports.parity.html_page import render_parity_html

    folder.mkdir(parents=True, exist_ok=True)
    text = parity.model_dump_json(indent=2, by_alias=True) + "\n"
    write_atomically(folder / "parity.json", text.encode())
    page = folder / "parity.html"
    write_atomically(page, render_parity_html(parity).encode())
    return page


def _open(held: Opens, model: ModelFile, *, as_shipped: bool, provider: str | None) -> Program:
    try:
        if model.format == "tflite":
            if provider is not None:
                raise UserError(f"{model.path}: --provider is for .onnx models", "Leave it out.")
            return TfliteProgram(held, model.path, model.inputs, as_shipped=as_shipped)
        return OnnxProgram(held, model.path, model.inputs, as_shipped=as_shipped, provider=provider)
    except EngineError as error:
        raise UserError(
            f"{model.path}: the model does not load here: {error}", "Does it run with this runtime?"
        ) from None


def _outputs(count: int) -> str:
    return f"{count} output" + ("" if count == 1 else "s")


def _quantizer(program: Program, name: str) -> Quantizer | None:
    """How an input is quantised: where it takes levels, or by the operator that reads it."""
    graph = program.graph
    if name in graph.read:
        return graph.read[name]
    for op in graph.ops:
        if op.carries and op.inputs and op.inputs[0] == name:
            for output in op.outputs:
                if output in graph.written:
                    return graph.written[output]
    return None


def _of_integers(model: ModelFile, quantizers: dict[str, Quantizer]) -> dict[str, Quantizer]:
    """Of inputs that take levels themselves."""
    return {
        info.name: quantizers[info.name]
        for info in model.inputs
        if info.name in quantizers and info.dtype == quantizers[info.name].dtype
    }


def _gathered(asked: Asked, original: ModelFile, converted: ModelFile, quantizers: dict[str, Quantizer]) -> Inputs:
    ranges = {}
    for theirs, ours in zip(original.inputs, converted.inputs, strict=False):
        found = quantizers.get(ours.name)
        if found is not None:
            import numpy as np  # a second to start

            limits = np.iinfo(found.dtype)
            low, high = ((limit - found.zero_point) * found.scale for limit in (int(limits.min), int(limits.max)))
            ranges[theirs.name] = (low, high)
    return gather(original, asked.inputs, asked.count, ranges)
