"""How large a browser is: the process of an arm's page, and all that is beside it, each with who says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from devices.python_runner.browser.devtools import DevToolsError
from devices.python_runner.browser.frame import PageError, whole
from devices.python_runner.browser.memory_dump import ProcessSize, memory_dump
from devices.python_runner.browser.process_tree import size_bytes, tree
from devices.python_runner.log import one_line

if TYPE_CHECKING:
    from devices.python_runner.browser.tab import Frame, Tab


def sizes_of(frame: Frame, **more: tuple[str, str]) -> dict[str, int | None]:
    """What /proc says of the frame's process: its resident and its proportional size, and `more` by file and key."""
    wanted = {"rss_bytes": ("status", "VmRSS"), "pss_bytes": ("smaps_rollup", "Pss"), **more}
    return {
        name: None if frame.pid is None else size_bytes(frame.pid, file, key) for name, (file, key) in wanted.items()
    }


def unavailable(sizes: dict[str, int | None]) -> list[str]:
    """A note for each that is not known."""
    missing = (name for name, size in sizes.items() if size is None)
    return [f"{name} is unavailable: it is not told of the page's process" for name in missing]


def memory_of(tab: Tab, frame: Frame, timeout_ns: int) -> dict[str, Any]:
    """The answer to `memory`: sizes of the frame's process, and `parts` as `harness.documents.records.MemoryPart`."""
    notes: list[str] = []
    dump: list[ProcessSize] = []
    if tab.program.devtools is None:
        notes.append("private footprints are unavailable: this browser has no DevTools pipe")
    else:
        try:
            dump = memory_dump(tab.program.devtools)
        except DevToolsError as error:
            notes.append(f"private footprints are unavailable: {one_line(str(error), 200)}")
    own = next((size for size in dump if size.pid == frame.pid), None)
    sizes = sizes_of(frame, peak_rss_bytes=("status", "VmHWM"))
    if own is not None:
        sizes["rss_bytes"] = sizes["rss_bytes"] or own.resident_bytes
        sizes["peak_rss_bytes"] = sizes["peak_rss_bytes"] or own.peak_resident_bytes
    parts = _dump_parts(frame, dump) + _proc_parts(tab, frame)
    if not dump:
        parts += _own_account(frame, timeout_ns, notes)
    return {**sizes, "parts": parts, "notes": notes + unavailable(sizes)}


def _own_account(frame: Frame, timeout_ns: int, notes: list[str]) -> list[dict[str, Any]]:
    why = "the browser took too long"
    try:
        said = frame.page.ask("memory", timeout_ns)
    except PageError as error:
        why = error.message
    except TimeoutError:
        pass
    else:
        if said.get("bytes") is not None:
            return [_part("page", "own_account", whole(said, "bytes"), "measureUserAgentSpecificMemory")]
        why = str(said.get("note"))
    notes.append(f"the page's own account of its memory is unavailable: {one_line(why, 200)}")
    return []


def _part(of: str, what: str, size: int, source: str) -> dict[str, Any]:
    return {"of": of, "what": what, "bytes": size, "source": source}


def _dump_parts(frame: Frame, dump: list[ProcessSize]) -> list[dict[str, Any]]:
    chosen = {
        "page": [size for size in dump if size.pid == frame.pid],
        "gpu_process": [size for size in dump if size.role == "gpu"],
        "all_processes": dump,
    }
    parts = []
    for of, sizes in chosen.items():
        private = [size.private_bytes for size in sizes if size.private_bytes is not None]
        if sizes and len(private) == len(sizes):
            parts.append(_part(of, "private_footprint", sum(private), "DevTools memory dump"))
    return parts


def _proc_parts(tab: Tab, frame: Frame) -> list[dict[str, Any]]:
    processes = tree(tab.program.pid)
    chosen = {
        "page": [process.pid for process in processes if process.pid == frame.pid],
        "gpu_process": [process.pid for process in processes if process.role == "gpu"],
        "all_processes": [process.pid for process in processes],
    }
    parts = []
    for of, pids in chosen.items():
        sizes = [size_bytes(pid, "smaps_rollup", "Pss") for pid in pids]
        known = [size for size in sizes if size is not None]
        if sizes and len(known) == len(sizes):
            parts.append(_part(of, "pss", sum(known), "/proc smaps_rollup"))
    return parts
