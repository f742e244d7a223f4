"""What a device waits for before a block, in words for whoever sits beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.words.gate_names import gate_name

if TYPE_CHECKING:
    from harness.documents.plan import GateCondition, Plan
    from harness.documents.records import GateWaiting


def waiting_in_words(record: GateWaiting, plan: Plan) -> str:
    """Of a `gate_waiting` record: what does not hold, its value, and until when it is waited for."""
    gates = plan.gates.get(record.of_pass)
    bounds = {} if gates is None else {condition.id: condition for condition in gates.conditions}
    parts = []
    for name in record.failed:
        value = record.values.get(name)
        shown = f"{value:.3g}" if isinstance(value, float) else str(value)
        if name == "others_busy_cores":
            most = None if gates is None else gates.others_busy_cores_at_most
            bound = "" if most is None else f" (at most {most:g} is asked)"
            parts.append(f"others keep {shown} cores busy{bound}")
        else:
            parts.append(f"{gate_name(name).reading} is {shown}{_bound(bounds.get(name))}")
    own = [bounds[name].max_wait_ns for name in record.failed if name in bounds]
    most_ns = 0 if gates is None else max([gates.max_wait_ns, *(each for each in own if each is not None)])
    most_s = most_ns / 1e9
    return f"waiting at most {most_s:g} s before the next block: {', '.join(parts)}"


def _bound(condition: GateCondition | None) -> str:
    if condition is None:
        return ""
    if condition.at_most is not None:
        return f" (at most {condition.at_most:g} is asked)"
    if condition.at_least is not None:
        return f" (at least {condition.at_least:g} is asked)"
    if condition.rise_at_most is not None:
        return f" (more than {condition.rise_at_most:g} above where it began)"
    return ""
