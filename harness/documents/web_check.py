"""What `bakeoff web-check` found: a model in every engine and backend of a browser, before anything is measured."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

WEB_CHECK_SCHEMA: Final = "bakeoff.web-check/1"


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class BackendCheck(_Strict):
    """One engine on one backend."""

    runtime: str
    runtime_version: str
    backend: str
    opens: bool | None
    """Null where it was not tried."""
    runs: bool | None
    """Null where it was not opened."""
    is_right: bool | None
    """Whether all outputs agree with the reference's within the tolerance, twice for the same input; null where it did
    not run or there is no reference.
    """
    largest_difference: float | None = None
    """The largest absolute difference of an element from the reference's; null where it is no number."""
    relative_difference: float | None = None
    """The same, divided by the largest magnitude in the reference's output."""
    tolerance: float | None = None
    """The largest relative difference that passes."""
    stopped_by: str | None = None
    """The operator that stops it, where the engine names one."""
    message: str | None = None
    """What the engine or the browser said, in its own words; or in what the output is wrong."""
    what_to_do: str = ""
    gpu: str | None = None
    """The GPU by the browser's names; null for WebAssembly."""
    is_software_renderer: bool | None = None
    """Null where no GPU is asked for, or the browser does not say."""
    fixed_sizes: dict[str, list[int]] = {}
    """Input → sizes, where it was given a copy of the model with these fixed."""
    notes: list[str] = []

    @property
    def outcome(self) -> Literal["right", "wrong", "runs", "fails", "does not open", "not tried"]:
        """In a word or two; `runs` where nothing says whether it is right."""
        if self.opens is None:
            return "not tried"
        if not self.opens:
            return "does not open"
        if not self.runs:
            return "fails"
        return "runs" if self.is_right is None else "right" if self.is_right else "wrong"


class WebCheck(_Strict):
    """All of a model in one browser."""

    schema_: Literal["bakeoff.web-check/1"] = Field(default=WEB_CHECK_SCHEMA, alias="schema")
    bakeoff_version: str
    model: str
    model_sha256: str
    format: str
    device: str
    browser: str
    """Such as `Chromium 150.0.7204.92`."""
    inputs: dict[str, list[int]]
    """Input → sizes that it was tried with; values are drawn from a seed."""
    reference: str
    """What the outputs are held against: `onnxruntime 1.32.0 on this computer`, or why there is nothing."""
    backends: list[BackendCheck]
    line: str
    """All of it in a line, for a report or a ticket."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, serialize_by_alias=True)
