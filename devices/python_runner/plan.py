"""Reading plan.json."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from devices.python_runner.contract import PLAN_SCHEMA
from devices.python_runner.journal import UnusableError


def read_plan(path: Path) -> dict[str, Any]:
    """Reads plan.json. Raises UnusableError. The host has validated it; this catches a wrong or a torn file."""
    try:
        plan = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UnusableError(f"{path} cannot be read as a plan: {error}. Push the plan again.") from error
    if not isinstance(plan, dict) or plan.get("schema") != PLAN_SCHEMA:
        found = plan.get("schema") if isinstance(plan, dict) else type(plan).__name__
        raise UnusableError(f"{path} has schema {found!r}, this runner needs {PLAN_SCHEMA!r}. Use matching versions.")
    missing = {"run_id", "arms", "items", "steps", "latency", "step_timeout_ns"} - set(plan)
    if missing:
        raise UnusableError(f"{path} lacks {', '.join(sorted(missing))}. Push the plan again.")
    # Ids become parts of file names.
    for kind, pattern in (("arms", r"a\d+"), ("items", r"i\d+")):
        for entry in plan[kind]:
            if not re.fullmatch(pattern, str(entry.get("id"))):
                raise UnusableError(f"{path}: {entry.get('id')!r} among {kind} is no id of the form {pattern}.")
    arms, items = {arm["id"] for arm in plan["arms"]}, {item["id"] for item in plan["items"]}
    for step in plan["steps"]:
        named = {step[key] for key in ("arm",) if key in step} | {*step.get("arms", ()), *step.get("order", ())}
        if step["kind"] == "energy":
            named.discard(None)
        if not named <= arms or ("item" in step and step["item"] not in items):
            raise UnusableError(f"{path}: step {step.get('step')} names an arm or an item that the plan does not have.")
    unknown = _named_probes(plan) - {probe["id"] for probe in plan.get("probes", [])}
    if unknown:
        raise UnusableError(f"{path} names probes that it does not have: {', '.join(sorted(unknown))}.")
    return plan


def _named_probes(plan: dict[str, Any]) -> set[str]:
    energy = plan.get("energy", {})
    names = {*plan.get("memory_probes", []), *plan.get("soak_probes", [])}
    names |= {*energy.get("boundary_probes", []), *energy.get("sampled_probes", [])}
    return names | {
        condition["probe"] for gates in plan.get("gates", {}).values() for condition in gates.get("conditions", [])
    }
