"""What the host tells a runner, and when: one file a pass, once, also where a run was taken up again."""

from __future__ import annotations

from harness.analysis.stopping.early_end import EarlyEnd
from harness.documents.manifest import Manifest
from harness.documents.records import PassStopped, Record
from tests.harness.analysis.stopping.test_energy_watch import ENERGY, LESS, THRIFTY, Watched, sequential

FASTER = {"quantity": "latency_p50", "improve_by_at_least": "5 %"}


def told(run: Manifest, survey: str | None, records: list[Record]) -> list[str]:
    """The files that are dropped."""
    early_end, files = EarlyEnd(run, survey), []
    for record in records:
        early_end.take(record)
        due = early_end.due()
        if due is not None:
            files.append(due[0])
            early_end.dropped()
    return files


def watched() -> Watched:
    return Watched(
        sequential(LESS, FASTER, pairs=12, min_pairs=8, energy=ENERGY | {"cycles": 10}), THRIFTY, obeys=False
    )


def test_each_pass_has_its_own_file_and_is_told_once() -> None:
    found = watched()
    assert told(found.run, found.survey, found.records) == ["stop-latency", "stop-energy"]
    assert told(found.run, None, found.records) == ["stop-latency"]


def test_a_pass_that_was_stopped_is_not_told_again_and_the_other_one_is() -> None:
    found = watched()
    first = next(at for at, record in enumerate(found.records) if record.record == "energy_block")
    stopped = PassStopped(n=0, session=0, monotonic_ns=1, step=0, of_pass="latency")
    early = found.records[: first - 1]
    pairs = [record for record in early if record.record == "latency_block"][: 2 * 7]
    assert told(found.run, found.survey, [*pairs, stopped, *found.records[first:]]) == ["stop-energy"]
    energy = stopped.model_copy(update={"of_pass": "energy"})
    few = found.records[first : first + 4]
    assert told(found.run, found.survey, [*pairs, stopped, *few, energy]) == []


def test_a_dropped_file_whose_stop_is_not_on_record_is_dropped_again_by_whoever_resumes() -> None:
    found = watched()
    last = next(at for at, record in enumerate(found.records) if record.record == "energy_block" and record.cycle == 8)
    assert told(found.run, found.survey, found.records[:last])[-1] == "stop-energy"
    assert told(found.run, found.survey, found.records[:last])[-1] == "stop-energy"
