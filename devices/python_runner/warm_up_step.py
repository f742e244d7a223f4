"""A warm-up: blocks in turn for every arm until each arm's medians agree or show no trend, within bounds.

A fresh one is of new processes, on a device that is warm.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from devices.python_runner.arms import ArmFailedError, At
from devices.python_runner.contract import BOUND_REASON, KEPT_REASON, WARM_UP_BLOCK_MIN_INFERENCES
from devices.python_runner.latency_step import latency_is_done
from devices.python_runner.reference_work import calibrated_reference_bytes
from devices.python_runner.session import Launch, Session
from devices.python_runner.warm_up import is_settled, median

if TYPE_CHECKING:
    from collections.abc import Iterator


def warm_up_step(session: Session, step: dict[str, Any]) -> None:
    """Does it."""
    options, progress = session.latency, session.progress
    if session.latency_bound_reached():
        if step["step"] not in progress.block_inferences:
            session.skip(step, BOUND_REASON)
        return
    fixed = _block_inferences(session, step)
    if step.get("fresh", False):
        if session.keeps_processes():
            session.skip(step, KEPT_REASON)
            return
        session.arms.close()
    session.launch = Launch()
    medians: dict[str, list[float]] = {}
    settled: dict[str, bool] = {}
    for index in range(options["warm_up_max_blocks"]):
        for arm in session.live(step["arms"]):
            session.stops.check("latency")
            try:
                median_ns = _block(session, step, arm, index)
            except ArmFailedError:
                continue
            medians.setdefault(arm, []).append(median_ns)
        medians = {arm: medians[arm] for arm in session.live(medians)}
        settled = {arm: is_settled(values, options["warm_up_tolerance"]) for arm, values in medians.items()}
        if index + 1 >= options["warm_up_min_blocks"] and all(settled.values()):
            break
    if not medians:
        session.skip(step, "every arm of it failed")
        return
    if fixed is None:
        slowest_ns = max(median(values[-3:]) for values in medians.values())
        wanted = round(options["block_target_ns"] / max(1.0, slowest_ns))
        fixed = max(options["block_min_inferences"], min(options["block_max_inferences"], wanted))
    session.block_inferences = fixed
    progress.block_inferences[step["step"]] = fixed
    if progress.reference_bytes is None and options.get("reference_target_ns", 0) > 0:
        progress.reference_bytes = calibrated_reference_bytes(options["reference_target_ns"])
    notes = [
        f"arm {arm}: block medians still moved by more than {options['warm_up_tolerance']:g}, and not without a "
        f"trend, after {len(medians[arm])} warm-up blocks"
        for arm, is_settled in settled.items()
        if not is_settled
    ]
    session.journal.write(
        "warm_up_done",
        step=step["step"],
        settled=settled,
        block_inferences=fixed,
        reference_bytes=progress.reference_bytes,
        notes=notes,
    )


def warm_up_is_done(session: Session, index: int) -> bool:
    """Warmth does not outlive a process, so it is made anew wherever pairs remain that lean on it."""
    remaining = any(not latency_is_done(session, pair) for pair in _pairs_after(session, index))
    step = session.steps[index]
    return not remaining and (step.get("fresh", False) or step["step"] in session.progress.block_inferences)


def _pairs_after(session: Session, warm_up_index: int) -> Iterator[int]:
    for index in range(warm_up_index + 1, len(session.steps)):
        kind = session.steps[index]["kind"]
        if kind == "warm_up":
            return
        if kind == "latency_pair":
            yield index


def _block_inferences(session: Session, step: dict[str, Any]) -> int | None:
    """How many inferences a block has, where that is known: of a fresh warm-up those of the one before it."""
    known = session.progress.block_inferences
    if step["step"] in known or not step.get("fresh", False):
        return known.get(step["step"])
    return next((known[earlier] for earlier in sorted(known, reverse=True) if earlier < step["step"]), None)


def _block(session: Session, step: dict[str, Any], arm: str, index: int) -> float:
    """One block of one arm; its median."""
    options, at = session.latency, At(arm, step["step"], "warm_up")
    session.bound_arm(at, step["item"])
    least, budget_ns = WARM_UP_BLOCK_MIN_INFERENCES, options["block_target_ns"] // 2
    if step.get("fresh", False):  # without a pause: what settles is seen by the medians, and pairs make theirs
        least, budget_ns = 1, options.get("warm_up_again_ns") or budget_ns
    else:
        time.sleep(options["settle_ns"] / 1e9)
    reply = session.arms.ask(
        at, "block", lead_in=0, count=max(least, options["block_max_inferences"]), least=least, budget_ns=budget_ns
    )
    latency_ns: list[int] = reply["latency_ns"]
    session.journal.write("warm_up_block", step=step["step"], arm=arm, index=index, latency_ns=latency_ns)
    return median(latency_ns)
