"""Sizes of every process of a Chromium, by its own memory dump (category memory-infra of its traces)."""

from __future__ import annotations

from typing import Any, NamedTuple

from devices.python_runner.browser.devtools import DevTools

_CATEGORY = "disabled-by-default-memory-infra"
_ROLES = {"Browser": "browser", "GPU Process": "gpu", "Renderer": "page"}
_TIMEOUT_S = 60.0


class ProcessSize(NamedTuple):
    """One process of the browser."""

    pid: int
    role: str
    """`browser`, `gpu`, `page` or `other`."""
    resident_bytes: int | None
    peak_resident_bytes: int | None
    private_bytes: int | None
    """Private footprint: anonymous memory and swap, as Chromium counts them."""


def memory_dump(devtools: DevTools) -> list[ProcessSize]:
    """Takes one. Raises DevToolsError."""
    devtools.events = [event for event in devtools.events if not str(event.get("method")).startswith("Tracing.")]
    devtools.call(
        "Tracing.start",
        traceConfig={
            "includedCategories": [_CATEGORY],
            "excludedCategories": ["*"],
            "memoryDumpConfig": {"triggers": []},
        },
        transferMode="ReportEvents",
    )
    try:
        devtools.call("Tracing.requestMemoryDump", timeout_s=_TIMEOUT_S, levelOfDetail="background")
    finally:
        devtools.call("Tracing.end")
        devtools.wait_for("Tracing.tracingComplete", _TIMEOUT_S)
    events = [
        each
        for event in devtools.events
        if event.get("method") == "Tracing.dataCollected"
        for each in event["params"].get("value", [])
    ]
    devtools.events = [event for event in devtools.events if not str(event.get("method")).startswith("Tracing.")]
    return _sizes(events)


def _sizes(events: list[dict[str, Any]]) -> list[ProcessSize]:
    names = {
        event.get("pid"): event.get("args", {}).get("name") for event in events if event.get("name") == "process_name"
    }
    found = {}
    for event in events:
        totals = event.get("args", {}).get("dumps", {}).get("process_totals")
        if event.get("ph") == "v" and totals is not None:
            found[event["pid"]] = totals
    return [
        ProcessSize(
            int(pid),
            _ROLES.get(str(names.get(pid)), "other"),
            _hexadecimal(totals, "resident_set_bytes"),
            _hexadecimal(totals, "peak_resident_set_size"),
            _hexadecimal(totals, "private_footprint_bytes"),
        )
        for pid, totals in sorted(found.items())
    ]


def _hexadecimal(totals: dict[str, Any], name: str) -> int | None:
    try:
        return int(totals[name], 16)
    except (KeyError, TypeError, ValueError):
        return None
