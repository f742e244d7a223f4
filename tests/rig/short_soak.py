"""A soak that is at work is made a short one: it can be long enough for an accident in its middle on the busiest
machine, and nobody waits for its end afterwards.
"""

from __future__ import annotations

import json
from pathlib import Path


def cut_short(folder: Path, more_s: float) -> float:
    """Let the next runner in this folder, which is the run's on its device, soak `more_s` beyond what is on record.
    Returns the seconds in all. No runner may be at work there.
    """
    lines = (folder / "records.jsonl").read_bytes().splitlines(keepends=True)
    found = [json.loads(line) for line in lines if line.endswith(b"\n")]
    windows = [record for record in found if record["record"] == "soak_window"]
    plan = json.loads((folder / "plan.json").read_bytes())
    (soak,) = (step for step in plan["steps"] if step["kind"] == "soak")
    asked_ns = sum(window["ended_ns"] - window["started_ns"] for window in windows) + round(more_s * 1e9)
    assert asked_ns < soak["duration_ns"]
    soak["duration_ns"] = asked_ns
    (folder / "plan.json").write_text(json.dumps(plan))
    return asked_ns / 1e9
