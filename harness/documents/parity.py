"""parity.json: a converted model beside its original, layer by layer, and which layer is to blame."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

PARITY_SCHEMA: Final = "bakeoff.parity/1"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class ParityModel(_Strict):
    """One of the two models."""

    file: str
    format: str
    sha256: str
    bytes: int
    how: str
    """A clause that says how it was run."""
    tensors: int
    """How many values between its operators were seen, quantised and plain ones of the same counted once."""


class ErrorInterval(_Strict):
    """RMS of an error as a part of the RMS of the signal: geometric mean over the inputs, with 95 % interval."""

    mean: float
    low: float
    high: float


class ParityOp(_Strict):
    """An operator."""

    kind: str
    name: str
    source: str = ""
    """The line of code that it came from, where the file says."""


class ParityLayer(_Strict):
    """One layer of the converted build: what lies between aligned tensors."""

    label: str
    """How it is named in sentences: operator and name."""
    tensor: str
    """The tensor of the converted build that it puts out."""
    original_tensor: str
    ops: list[ParityOp]
    original_ops: list[ParityOp]
    correlation: float
    """Correlation of the two tensors where both layers are given the original's values, or in whole runs if higher."""
    own: ErrorInterval
    inherited: ErrorInterval
    arrived: ErrorInterval
    """The whole error, when both models run as a whole."""
    expected: float | None = None
    """The own error that plain 8-bit quantisation of this layer would make; None for a build of floats."""
    excess: float
    """How many times the own error is that of sound arithmetic of its kind."""
    weights_share: float | None = None
    """The part of the own error's energy that weights and arithmetic make; None where nothing is quantised."""
    activations_share: float | None = None
    """The part that quantising its output makes."""
    stands_out: bool = False


class ParityProof(_Strict):
    """Layers that were put back to the original's, one or several together."""

    layers: list[int]
    """Places in `layers`, the most suspicious first."""
    returned: ErrorInterval | None = None
    """The share of the output's error energy that is gone: mean with 95 % t interval; negative where it grew, None
    where they could not be put back.
    """
    snr_after_db: float | None = None
    why_not: str = ""


class ParityCoverage(_Strict):
    """How much of the two graphs was aligned."""

    aligned: int
    of: int
    unaligned: list[str]
    """Tensors of the converted build without a counterpart."""
    missing: list[str]
    """Tensors of the original without one: fused into another operator, or not recognised."""


class Parity(_Strict):
    """The whole comparison."""

    schema_: Literal["bakeoff.parity/1"] = Field(default=PARITY_SCHEMA, alias="schema")
    bakeoff_version: str
    original: ParityModel
    converted: ParityModel
    inputs: str
    """A clause that says what both were given."""
    inputs_are_made_up: bool
    n_inputs: int
    arithmetic: Literal["float32", "float16", "int8"]
    """The converted build's; `int8` stands for integers of any width."""
    coverage: ParityCoverage
    output_error: ErrorInterval
    snr_db: float | None
    """Signal over error at the outputs, over all inputs; None where there is no error."""
    outcome: Literal["agree", "culprit", "spread", "unproven"]
    culprit: ParityProof | None = None
    tried: list[ParityProof] = []
    layers: list[ParityLayer]
    sentence: str
    criterion: str
    notes: list[str] = []

    model_config = ConfigDict(
        frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True, ser_json_inf_nan="constants"
    )


def parity_json_schema() -> dict[str, Any]:
    """JSON Schema of parity.json."""
    return Parity.model_json_schema(by_alias=True)
