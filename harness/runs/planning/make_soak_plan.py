"""The plan of a soak on one device: warm up, by which the fixed work is calibrated, and then infer on and on."""

from __future__ import annotations

from harness.documents.plan import Plan, PlanItem, SoakStep, WarmUpStep
from harness.documents.soak_manifest import SoakManifest
from harness.runs.planning.make_plan import Placement, latency_options, plan_arm


def make_soak_plan(manifest: SoakManifest, placement: Placement) -> Plan:
    """One arm, one item, two steps."""
    measure = manifest.experiment.measure
    arm, item = manifest.arm.id, manifest.item.id
    return Plan(
        run_id=manifest.run_id,
        seed=0,  # nothing here is drawn
        arms=[plan_arm(manifest.arm, placement)],
        items=[PlanItem(id=item, inputs=placement.inputs_of(item))],
        steps=[
            WarmUpStep(step=0, arms=[arm], item=item),
            SoakStep(
                step=1,
                arm=arm,
                item=item,
                duration_ns=round(manifest.hours * 3600e9),
                window_ns=round(manifest.window_s * 1e9),
            ),
        ],
        latency=latency_options(measure),
        probes=placement.sensing.probes,
        soak_probes=placement.sensing.soak_probes,
        step_timeout_ns=round(measure.step_timeout_s * 1e9),
    )
