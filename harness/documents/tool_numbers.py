"""What `bakeoff read` found in texts of other benchmark tools: values with units and lines, as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.quantity import Unavailable

if TYPE_CHECKING:
    from devices.benchmark_tools.known_tools import ToolOutput
    from devices.benchmark_tools.printed import Number, Text
    from devices.benchmark_tools.tool_run import Delegation, Operator, ToolRun

TOOL_NUMBERS_SCHEMA: Final = "bakeoff.tool-numbers/1"

_UNITS: Final = {"_ms": "ms", "_mib": "MiB", "_bytes": "bytes", "_percent": "%"}
_VALUES: Final = (
    "threads", "count", "avg_ms", "median_ms", "min_ms", "max_ms", "std_ms", "p5_ms", "p90_ms", "p95_ms", "p99_ms",
    "p999_ms", "first_ms", "init_ms", "warmup_avg_ms", "memory_init_mib", "memory_overall_mib", "memory_peak_bytes",
    "cpu_percent", "elapsed_ms", "nodes", "etdump_bytes",
)  # fmt: skip


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PrintedValue(_Part):
    """A number that the tool printed, in `unit` whatever unit it was printed in."""

    kind: Literal["available"] = "available"
    value: float
    unit: str
    line: int
    """The line of the text, counted from 1."""
    step: float | None = None
    """The tool prints whole multiples of it only: 0 is anything below it."""


Value = Annotated[PrintedValue | Unavailable, Field(discriminator="kind")]


class PrintedWords(_Part):
    """Words that the tool printed."""

    kind: Literal["available"] = "available"
    text: str
    line: int


Words = Annotated[PrintedWords | Unavailable, Field(discriminator="kind")]


class DelegateNumbers(_Part):
    """What a delegate, a GPU or an execution provider took of the model."""

    name: str
    share: Literal["all", "part", "none", "failed", "unknown"]
    nodes_delegated: Value
    nodes_total: Value
    partitions: Value
    line: int


class OperatorNumbers(_Part):
    """One operator of a profile."""

    type: str
    name: str
    avg: Value
    share: Value
    line: int


class RunNumbers(_Part):
    """One model, once."""

    model: Words
    outcome: Literal["complete", "failed", "cut", "mixed"]
    problem: str | None
    """Why there is no result."""
    first_line: int
    last_line: int
    values: dict[str, Value]
    """By name: `avg`, `median`, `min`, `max`, `std`, percentiles, `first`, `init`, `warmup_avg`, memory, and so on."""
    settings: dict[str, Value]
    moments: dict[str, Value]
    delegates: list[DelegateNumbers]
    operators: list[OperatorNumbers]
    cautions: list[str]
    """What the tool's own figures say against them."""


class ToolNumbers(_Part):
    """All that one tool said in a text."""

    tool: str
    runs: list[RunNumbers]


class FileNumbers(_Part):
    """One text; with `problem` and no tools where nothing in it is known."""

    file: str
    tools: list[ToolNumbers]
    problem: str | None = None


class ReadNumbers(_Part):
    """What `bakeoff read --json` prints."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_by_name=True, validate_by_alias=True)

    schema_: Literal["bakeoff.tool-numbers/1"] = Field(default=TOOL_NUMBERS_SCHEMA, alias="schema")
    files: list[FileNumbers]


def tool_numbers(output: ToolOutput) -> ToolNumbers:
    """A tool's output with units beside the numbers and cautions beside the runs."""
    return ToolNumbers(tool=output.tool, runs=[_run(run) for run in output.runs])


def has_average(run: RunNumbers) -> bool:
    """Whether the run gave what it was made for."""
    return isinstance(run.values["avg"], PrintedValue)


def _run(run: ToolRun) -> RunNumbers:
    from devices.benchmark_tools.cautions import cautions

    return RunNumbers(
        model=_words(run.model),
        outcome=run.outcome,
        problem=run.problem or None,
        first_line=run.first_line,
        last_line=run.last_line,
        values=dict(_named(name, getattr(run, name)) for name in _VALUES),
        settings={name: _value(number, "") for name, number in run.settings.items()},
        moments={name: _value(number, "s") for name, number in run.moments_s.items()},
        delegates=[_delegate(each) for each in run.delegations],
        operators=[_operator(each) for each in run.operators],
        cautions=list(cautions(run)),
    )


def _named(field: str, number: Number) -> tuple[str, Value]:
    """`avg_ms` is `avg`, in ms."""
    suffix = next((each for each in _UNITS if field.endswith(each)), "")
    return field.removesuffix(suffix), _value(number, _UNITS.get(suffix, ""))


def _value(number: Number, unit: str) -> Value:
    from devices.benchmark_tools.printed import PrintedNumber

    if isinstance(number, PrintedNumber):
        return PrintedValue(value=number.value, unit=unit, line=number.line, step=number.step)
    return Unavailable(reason=number.reason)


def _words(words: Text) -> Words:
    from devices.benchmark_tools.printed import PrintedText

    if isinstance(words, PrintedText):
        return PrintedWords(text=words.text, line=words.line)
    return Unavailable(reason=words.reason)


def _delegate(delegation: Delegation) -> DelegateNumbers:
    return DelegateNumbers(
        name=delegation.name,
        share=delegation.share,
        nodes_delegated=_value(delegation.nodes_delegated, ""),
        nodes_total=_value(delegation.nodes_total, ""),
        partitions=_value(delegation.partitions, ""),
        line=delegation.line,
    )


def _operator(operator: Operator) -> OperatorNumbers:
    def value(number: object, unit: str) -> Value:
        if isinstance(number, float):
            return PrintedValue(value=number, unit=unit, line=operator.line)
        return Unavailable(reason=str(getattr(number, "reason", "not printed")))

    return OperatorNumbers(
        type=operator.kind,
        name=operator.name,
        avg=value(operator.avg_ms, "ms"),
        share=value(operator.share_percent, "%"),
        line=operator.line,
    )
