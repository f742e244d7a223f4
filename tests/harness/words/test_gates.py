"""What somebody beside the device reads while it waits."""

from __future__ import annotations

from harness.documents.plan import GateCondition, Gates, Plan
from harness.documents.records import GateWaiting
from harness.words.gates import waiting_in_words
from tests.harness.runs.planning.test_make_plan import manifest, plan


def waiting(gates: Gates, **values: float | str) -> str:
    made: Plan = plan(manifest()).model_copy(update={"gates": {"latency": gates}})
    record = GateWaiting(
        n=0, session=0, monotonic_ns=0, step=0, of_pass="latency", failed=list(values), values=dict(values)
    )
    return waiting_in_words(record, made)


def test_the_value_its_bound_and_the_longest_wait_are_told() -> None:
    hot = GateCondition(id="temperature", probe="zone", at_most=38.0)
    gates = Gates(conditions=[hot], others_busy_cores_at_most=1.0, max_wait_ns=20_000_000_000)
    assert waiting(gates, temperature=41.23456, others_busy_cores=4 / 3) == (
        "waiting at most 20 s before the next block: temperature is 41.2 (at most 38 is asked), "
        "others keep 1.33 cores busy (at most 1 is asked)"
    )


def test_a_word_has_no_bound() -> None:
    status = GateCondition(id="battery_status", probe="status", none_of=["Charging"])
    gates = Gates(conditions=[status], max_wait_ns=5_000_000_000)
    assert waiting(gates, battery_status="Charging") == (
        "waiting at most 5 s before the next block: battery status is Charging"
    )
