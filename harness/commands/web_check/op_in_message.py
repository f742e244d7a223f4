"""Which operator stops a model, where an engine's message names one.

A message is a stranger's text: what looks like an operator counts only where the model has it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from devices.runtimes.spec import ON_THE_PROCESSOR

_NAMED: Final = (
    # ONNX Runtime's WebGL: cannot resolve operator 'Resize' with opsets: ai.onnx v18
    re.compile(r"resolve operator '(\w{1,60})'"),
    # Its kernels: Could not find an implementation for Resize(18) node with name '…'
    re.compile(r"implementation for (?:\w+\.)*(\w{1,60})\(\d+\)"),
    # Its sessions: Non-zero status code returned while running Reshape node. Name:'…'
    re.compile(r"while running (\w{1,60}) node"),
    # Its graph: Node (…) Op (Conv) [ShapeInferenceError] …
    re.compile(r"\bOp \((\w{1,60})\)"),
    re.compile(r"""\[(?:WebGPU|WebNN|WebGL)\] Kernel "\[(\w{1,60})\]"""),
    re.compile(r"""\b[Oo]p(?:erator)?(?: type)?:? ['"]?(\w{1,60})['"]?"""),
    # TensorFlow Lite: Node number 12 (CONV_2D) failed to prepare
    re.compile(r"Node number \d+ \((\w{1,60})\)"),
    re.compile(r"\b([A-Z][A-Z0-9_]{2,60}): (?:Operation|Op|operation) is not supported"),
)


def op_in(message: str, ops: Collection[str]) -> str | None:
    """The operator that a message names; `ops`: those of the model, None of which are known for an empty one."""
    for pattern in _NAMED:
        for found in pattern.finditer(message[:20_000]):
            if found[1] in ops or (not ops and found[1].isupper()):
                return found[1]
    words = {word.lower() for word in re.findall(r"\w{2,60}", message[:20_000])}
    named = [op for op in ops if op.lower() in words and len(op) > 3]
    return named[0] if len(named) == 1 else None


def what_to_do(outcome: str, backend: str, op: str | None, message: str) -> str:
    """The next step of a person, from how it ended; empty where all is well."""
    if outcome == "right":
        return ""
    if "no WebGPU" in message or "no adapter" in message or "no WebGL" in message:
        return f"Name a browser that has it (--browser), or do without {backend}."
    or_wasm = "" if backend in ON_THE_PROCESSOR else ", or use wasm"
    if op is not None:
        return (
            f"Look for {op} in the engine's list of operators: another version or opset may have it; or export the"
            f" model without it{or_wasm}."
        )
    element = re.search(r"[Ee]lement type (\w{1,20}) is not supported", message)
    if element is not None:
        return (
            f"Export the model with inputs and outputs of floats: the engine gives a page no {element[1]}. Within, it"
            " may stay as it is."
        )
    return {
        "wrong": "Do not ship it on this backend. bakeoff parity finds a layer that departs on this computer; report"
        " the difference to the engine's makers.",
        "runs": "Nothing says whether it is right: install the runtime of this format on this computer.",
        "fails": f"Look for the message in the engine's issues{or_wasm}.",
        "does not open": f"Look for the message in the engine's issues{or_wasm}.",
    }.get(outcome, "")
