"""A record is of the plan: what a device says of launches, which are what an interval counts."""

from __future__ import annotations

import pytest

from harness.documents.plan import LatencyOptions, LatencyPairStep, Plan, PlanArm, PlanItem
from harness.documents.record_intake import NotARecordError, RecordIntake
from harness.documents.records import Context, LatencyBlock

CONTEXT = Context(monotonic_ns=1)


def plan(launch: int | None) -> Plan:
    arm = PlanArm(
        id="a0", model="/m", model_sha256="0" * 64, format="onnx", runtime="onnxruntime", runtime_version="1",
        worker=[], threads=1,
    )  # fmt: skip
    return Plan(
        run_id="x", seed=1, arms=[arm], items=[PlanItem(id="i0", inputs={})], step_timeout_ns=1,
        steps=[LatencyPairStep(step=0, pair=0, order=["a0"], item="i0", launch=launch)],
        latency=LatencyOptions(
            block_target_ns=1, block_min_inferences=1, block_max_inferences=1, lead_in_inferences=0, settle_ns=0,
            warm_up_min_blocks=3, warm_up_max_blocks=3, warm_up_tolerance=0.02, max_ns=1,
        ),
    )  # fmt: skip


def line(launch: int | None) -> bytes:
    block = LatencyBlock(
        n=0, session=0, monotonic_ns=1, step=0, pair=0, position=0, launch=launch, arm="a0", item="i0", started_ns=1,
        ended_ns=2, lead_in_ns=[], latency_ns=[1], before=CONTEXT, after=CONTEXT,
    )  # fmt: skip
    return block.model_dump_json(by_alias=True).encode()


@pytest.mark.parametrize(("planned", "said"), [(None, None), (2, 2), (2, 1), (2, 0)])
def test_the_planned_launch_and_one_whose_processes_were_kept_are_taken(planned: int | None, said: int | None) -> None:
    (record,) = RecordIntake("local", plan(planned)).read([line(said)])
    assert isinstance(record, LatencyBlock)
    assert record.launch == said


@pytest.mark.parametrize(("planned", "said"), [(None, 0), (2, None), (2, 3), (0, 2**62)])
def test_a_launch_that_the_plan_does_not_have_is_no_record(planned: int | None, said: int | None) -> None:
    with pytest.raises(NotARecordError, match="is not that of step 0 of the plan"):
        RecordIntake("local", plan(planned)).read([line(said)])
