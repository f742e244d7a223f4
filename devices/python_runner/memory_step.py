"""A memory step: a fresh process of one arm, and how large it becomes."""

from __future__ import annotations

from typing import Any

from devices.python_runner.arms import At
from devices.python_runner.progress import picked
from devices.python_runner.session import Session


def memory_step(session: Session, step: dict[str, Any]) -> None:
    """Does it. Raises ArmFailedError."""
    arms, at = session.arms, At(step["arm"], step["step"], "memory")
    arms.close()
    gate = session.settle(step, "memory", 0, None)
    worker = arms.start(at)
    try:
        before = arms.ask(at, "memory")
        loaded = arms.load(at)
        at_load = arms.ask(at, "memory")
        arms.bind(at, step["item"])
        first = arms.ask(at, "block", lead_in=0, count=1)
        reset = arms.ask(at, "reset_peak")
        arms.ask(at, "block", lead_in=0, count=step["inferences"])
        after = arms.ask(at, "memory")
        readings = session.read(session.plan.get("memory_probes", []), worker)
    finally:
        arms.close()
    notes = [note for reply in (before, at_load, reset, after) for note in reply["notes"]]
    session.journal.write(
        "memory",
        **picked(step, "step", "arm", "repeat"),
        before_load_rss_bytes=before["rss_bytes"],
        load_ns=loaded["load_ns"],
        load_peak_rss_bytes=at_load["peak_rss_bytes"],
        first_inference_ns=first["latency_ns"][0],
        run_peak_rss_bytes=after["peak_rss_bytes"] if reset["reset"] else None,
        pss_bytes=after["pss_bytes"],
        inferences=step["inferences"],
        steady_rss_bytes=after["rss_bytes"],
        parts=after.get("parts", []),
        readings=readings,
        gate=gate,
        notes=sorted(set(notes)),
    )
