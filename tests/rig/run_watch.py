"""Looking at a run folder while, and after, a run goes on in it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.documents.comparison import Comparison
from harness.documents.records import parse_record


def comparison(folder: Path) -> Comparison:
    """comparison.json, read."""
    return Comparison.model_validate_json((folder / "comparison.json").read_bytes())


def records(folder: Path, device: str = "0-local") -> list[Any]:
    """Every record of a device, typed."""
    return [parse_record(line) for line in (folder / "devices" / device / "records.jsonl").read_bytes().splitlines()]


def blocks_in(folder: Path, device: str = "0-local") -> int:
    """How many blocks have come home."""
    path = folder / "devices" / device / "records.jsonl"
    return path.read_bytes().count(b'"latency_block"') if path.exists() else 0


def wait_for(condition: Callable[[], bool], timeout_s: float = 240.0) -> None:
    """Wait until it holds."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "waited too long"
        time.sleep(0.05)


def assert_whole(folder: Path, items: int, pairs: int, device: str = "0-local") -> None:
    """Every record there once, in order, and every step done."""
    found = records(folder, device)
    assert [record.n for record in found] == list(range(len(found)))
    assert found[-1].record == "runner_finished"
    assert found[-1].reason == "complete"
    outputs = Counter((each.arm, each.item) for each in found if each.record == "quality_output")
    assert outputs == {(arm, f"i{n}"): 1 for arm in ("a0", "a1") for n in range(items)}
    sessions: dict[tuple[int, int], set[str]] = {}
    for block in found:
        if block.record == "latency_block":
            sessions.setdefault((block.pair, block.session), set()).add(block.arm)
    assert {pair for (pair, _), arms in sessions.items() if arms == {"a0", "a1"}} == set(range(pairs))
    for each in found:
        if each.record == "quality_output":
            for file in each.outputs:
                assert (folder / "devices" / device / file.path).is_file()
