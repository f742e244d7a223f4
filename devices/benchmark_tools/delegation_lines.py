"""What `benchmark_model` says of delegates: which took how many nodes, and which failed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from devices.benchmark_tools.log_lines import LogLine
from devices.benchmark_tools.printed import Number, PrintedNumber, tally
from devices.benchmark_tools.tool_run import Delegation, Share
from devices.readings.unavailable import NotThere

_REPLACING = re.compile(
    r"Replacing (\d{1,7}) out of (\d{1,7}) node\(s\) with delegate \((\w{1,80})\) node, yielding (\d{1,7}) partitions"
    r".{0,80}"
)
_HEXAGON = re.compile(
    r"(\w{1,80}) delegate: (\d{1,7}) nodes delegated out of (\d{1,7}) nodes with (\d{1,7}) partitions\.?"
)
_APPLIED = re.compile(
    r"(?:Explicitly applied|Though) (\w{1,60}) delegate(?: is explicitly applied)?, "
    r"(?:and )?the model graph will (be completely|be partially|not be) executed by the delegate.{0,80}"
)
_SHARES: dict[str, Share] = {"be completely": "all", "be partially": "part", "not be": "none"}
_FAILED = re.compile(r"Failed to apply (\w{1,60}) delegate\.?")
_RESTORED = re.compile(r"(?:ERROR: )?Restored original execution plan after delegate application failure\.?")


def delegations(lines: Sequence[LogLine]) -> tuple[Delegation, ...]:
    """In the order of the text. One that failed took nothing, whatever it announced before."""
    found: list[Delegation] = []
    for line in lines:
        if replacing := _REPLACING.fullmatch(line.text):
            found.append(_counted(replacing[3], replacing[1], replacing[2], replacing[4], line.number))
        elif hexagon := _HEXAGON.fullmatch(line.text):
            found.append(_counted(hexagon[1], hexagon[2], hexagon[3], hexagon[4], line.number))
        elif applied := _APPLIED.fullmatch(line.text):
            if not any(_same(each.name, applied[1]) for each in found):
                untold = NotThere("the tool does not say how many nodes it took")
                found.append(Delegation(applied[1], _SHARES[applied[2]], untold, untold, untold, line.number))
        elif failed := _FAILED.fullmatch(line.text):
            found = [_failed(each, line) if _same(each.name, failed[1]) else each for each in found]
            if not any(_same(each.name, failed[1]) for each in found):
                untold = NotThere(f"it failed to be applied (line {line.number})")
                found.append(Delegation(failed[1], "failed", untold, untold, untold, line.number))
        elif found and _RESTORED.fullmatch(line.text):
            found[-1] = _failed(found[-1], line)
    return tuple(found)


def _same(name: str, other: str) -> bool:
    return name.lower().startswith(other.lower()) or other.lower().startswith(name.lower())


def _counted(name: str, taken: str, of: str, partitions: str, line: int) -> Delegation:
    total = tally(of, "the model's nodes", line, 1)
    nodes = tally(taken, "the nodes that were delegated", line, 1, int(of))
    share: Share = "unknown"
    if isinstance(nodes, PrintedNumber) and isinstance(total, PrintedNumber):
        share = "all" if nodes.value == total.value else "part"
    elif taken.strip("0") == "":
        share = "none"
    plain = re.sub(r"^TfLite|Delegate", "", name) or name
    return Delegation(plain, share, nodes, total, tally(partitions, "partitions", line, 1), line)


def _failed(delegation: Delegation, line: LogLine) -> Delegation:
    if delegation.share == "failed":
        return delegation
    taken, total = (
        f"{each.value:g}" if isinstance(each, PrintedNumber) else "some"
        for each in (delegation.nodes_delegated, delegation.nodes_total)
    )
    gone: Number = NotThere(f"it announced {taken} of {total} nodes and failed (line {line.number})")
    return Delegation(delegation.name, "failed", gone, delegation.nodes_total, gone, delegation.line)
