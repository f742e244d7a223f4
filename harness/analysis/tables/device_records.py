"""The records of one device, read and folded: what was loaded, what failed, and which pairs of blocks are whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from harness.documents.records import (
    ArmFailed,
    ArmLoaded,
    Context,
    EnergyBlock,
    LatencyBlock,
    MemoryMeasured,
    PageMeasured,
    PassStopped,
    QualityOutput,
    Record,
    RunnerFinished,
    RunnerStarted,
    StepSkipped,
    WarmUpDone,
    parse_record,
)
from harness.errors import UserError

_LONGEST_LINE_BYTES = 64 << 20


class RecordsError(UserError):
    """A records file that cannot be understood. Names the file and the line."""


@dataclass(frozen=True)
class Moment:
    """The state of the machine at one moment of the run."""

    session: int
    moment: str
    """`start`, `before` or `after` a block, `finish`."""
    pair: int | None
    arm: str | None
    """Arm id, for blocks."""
    context: Context


@dataclass(frozen=True)
class DeviceRecords:
    """What one device's runner wrote, by kind, in the order it was written. Arms and items are still ids."""

    started: list[RunnerStarted] = field(default_factory=list)
    loaded: list[ArmLoaded] = field(default_factory=list)
    failed: list[ArmFailed] = field(default_factory=list)
    outputs: list[QualityOutput] = field(default_factory=list)
    warm_up: list[WarmUpDone] = field(default_factory=list)
    blocks: list[LatencyBlock] = field(default_factory=list)
    memory: list[MemoryMeasured] = field(default_factory=list)
    energy: list[EnergyBlock] = field(default_factory=list)
    page: list[PageMeasured] = field(default_factory=list)
    skipped: list[StepSkipped] = field(default_factory=list)
    passes_stopped: list[PassStopped] = field(default_factory=list)
    finished: list[RunnerFinished] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    session_spans_ns: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Session → monotonic stamps of its first and last record."""

    @property
    def failed_arms(self) -> set[str]:
        """Ids of arms that failed at any time: a crash stays a crash, also when a later start went well."""
        return {failure.arm for failure in self.failed}

    def working_candidates(self, arms: list[str]) -> list[str]:
        """Of `arms`, the baseline first, the candidates that never failed; none where the baseline did."""
        baseline, *candidates = arms
        return [] if baseline in self.failed_arms else [arm for arm in candidates if arm not in self.failed_arms]

    def whole_cycles(self, arms: list[str]) -> list[list[EnergyBlock]]:
        """The energy blocks of every whole cycle, idle ones among them, in the order of cycles.

        A cycle is whole as a pair is (`complete_pairs`): one session holds a block of each arm that did not fail.
        """
        required = {arm for arm in arms if arm not in self.failed_arms} or set(arms)
        by_cycle: dict[int, dict[int, list[EnergyBlock]]] = {}
        for block in self.energy:
            by_cycle.setdefault(block.cycle, {}).setdefault(block.session, []).append(block)
        whole: list[list[EnergyBlock]] = []
        for cycle in sorted(by_cycle):
            sessions = [
                session for session, found in by_cycle[cycle].items() if required <= {block.arm for block in found}
            ]
            if sessions:
                whole.append(sorted(by_cycle[cycle][max(sessions)], key=lambda block: block.position))
        return whole

    def complete_pairs(self, arms: list[str]) -> list[list[LatencyBlock]]:
        """The blocks of every whole pair, in the order of pairs.

        A pair is whole when one session holds a block of each of `arms` that did not fail (of each of them, when all
        failed); the last such session counts, and within it an arm's last block. Blocks of a failed arm from that
        session come along.
        """
        required = {arm for arm in arms if arm not in self.failed_arms} or set(arms)
        by_pair: dict[int, dict[int, dict[str, LatencyBlock]]] = {}
        for block in self.blocks:
            by_pair.setdefault(block.pair, {}).setdefault(block.session, {})[block.arm] = block
        whole: list[list[LatencyBlock]] = []
        for pair in sorted(by_pair):
            sessions = [session for session, found in by_pair[pair].items() if required <= found.keys()]
            if sessions:
                found = by_pair[pair][max(sessions)]
                whole.append(sorted(found.values(), key=lambda block: block.position))
        return whole


def iterate_records(path: Path) -> Iterator[Record]:
    """Records of a file, one at a time. An unfinished last line is left out: it was being written.

    Raises `RecordsError` for any other line that is not a record, and where a record is missing.
    """
    expected = 0
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE_BYTES), b""), start=1):
            if len(line) == _LONGEST_LINE_BYTES:
                raise RecordsError(f"{path}, line {number}: is longer than any record", "Fetch it again.")
            if not line.endswith(b"\n"):
                return
            try:
                record = parse_record(line)
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                place = ".".join(str(part) for part in first["loc"])
                raise RecordsError(
                    f"{path}, line {number}: is not a record ({f'{place}: ' if place else ''}{first['msg'][:200]})",
                    "The file was changed or damaged on its way; fetch it again, or run the device again.",
                ) from None
            if record.n != expected:
                raise RecordsError(
                    f"{path}, line {number}: is record {record.n} where record {expected} was expected",
                    "Lines are missing or doubled; fetch the file again, or run the device again.",
                )
            expected += 1
            yield record


def read_device_records(path: Path) -> DeviceRecords:  # noqa: PLR0912 - one case for each kind of record
    """Read and fold records.jsonl. Raises `RecordsError` for a damaged file."""
    found = DeviceRecords()
    for record in iterate_records(path):
        first, _ = found.session_spans_ns.get(record.session, (record.monotonic_ns, 0))
        found.session_spans_ns[record.session] = (first, record.monotonic_ns)
        match record:
            case RunnerStarted():
                found.started.append(record)
                found.moments.append(Moment(record.session, "start", None, None, record.context))
            case ArmLoaded():
                found.loaded.append(record)
            case ArmFailed():
                found.failed.append(record)
            case QualityOutput():
                found.outputs.append(record)
            case WarmUpDone():
                found.warm_up.append(record)
            case LatencyBlock():
                found.blocks.append(record)
                found.moments.append(Moment(record.session, "before", record.pair, record.arm, record.before))
                found.moments.append(Moment(record.session, "after", record.pair, record.arm, record.after))
            case MemoryMeasured():
                found.memory.append(record)
            case EnergyBlock():
                found.energy.append(record)
            case PageMeasured():
                found.page.append(record)
            case StepSkipped():
                found.skipped.append(record)
            case PassStopped():
                found.passes_stopped.append(record)
            case RunnerFinished():
                found.finished.append(record)
                found.moments.append(Moment(record.session, "finish", None, None, record.context))
            case _:  # warm-up blocks are kept in the file and counted nowhere
                pass
    return found
