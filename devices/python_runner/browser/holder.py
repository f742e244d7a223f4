"""The tab holder: what the conductor asks of its web arms, it asks their frames. One process for all of them."""

from __future__ import annotations

import contextlib
import json
import math
import os
import select
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn

from devices.browsers import settings_names as names
from devices.python_runner.browser.frame import PageError, PageGoneError, tensors, texts, told_notes, whole, wholes
from devices.python_runner.browser.npy_file import read_npy
from devices.python_runner.browser.outputs import kept_outputs, most_bytes
from devices.python_runner.browser.process_tree import PROC
from devices.python_runner.browser.program import NotStartedError, remove_stale_profiles
from devices.python_runner.browser.server import Server
from devices.python_runner.browser.sizes import memory_of, sizes_of, unavailable
from devices.python_runner.browser.tab import Frame, Tab
from devices.python_runner.child_process import die_with_parent, private_stdout
from devices.python_runner.contract import MOST_FRAMES, WARM_UP_BLOCK_MIN_INFERENCES
from devices.python_runner.log import one_line

_START_TIMEOUT_NS = 60_000_000_000
"""For a browser and its tab to be there."""
_MEMORY_TIMEOUT_NS = 30_000_000_000


class TabHolder:
    """Answers the conductor's requests, one at a time. Each method is a request of its name; `arm` says whose."""

    def __init__(self, requests_fd: int) -> None:
        self._requests_fd = requests_fd
        self._arms: dict[str, dict[str, Any]] = {}
        self._tabs: dict[str, Tab] = {}
        """Browsers that run, by their argv."""
        self._server: Server | None = None
        self._timeout_ns = 0

    @property
    def tabs(self) -> list[Tab]:
        """The tabs of every browser that runs."""
        return list(self._tabs.values())

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Answers one. An arm that fails loses its frame; others that went with it are told as `gone`."""
        do, arm = request.pop("do"), request.get("arm")
        self._timeout_ns = int(request.pop("timeout_ns"))
        try:
            return self._do(do, request)
        except PageGoneError:
            tab, frame = self._tab_of(arm), self._frame_of(arm)
            failure = tab.why_gone(frame) if tab and frame else PageError("BrowserEnded", "the browser has ended")
        except TimeoutError:
            failure = PageError("timeout", f"the page gave no answer to {do!r} for {self._timeout_ns / 1e9:g} s")
        except NotStartedError as error:
            failure = PageError("BrowserNotStarted", str(error))
        except PageError as error:
            failure = error
        except Exception as error:  # what else a page or a disk does belongs on record too
            return {
                "error": type(error).__name__,
                "message": str(error),
                "traceback": traceback.format_exc(),
                "gone": self._lose(arm),
            }
        return {"error": failure.error, "message": failure.message + self._missing(arm), "gone": self._lose(arm)}

    def _do(self, do: str, request: dict[str, Any]) -> dict[str, Any]:
        reply: dict[str, Any] = getattr(self, do)(**request)
        return reply

    def _tab_of(self, arm: str | None) -> Tab | None:
        return next((tab for tab in self._tabs.values() if arm in tab.frames), None)

    def _frame_of(self, arm: str | None) -> Frame | None:
        tab = self._tab_of(arm)
        return None if tab is None or arm is None else tab.frames[arm]

    def _the_frame(self, arm: str) -> tuple[Tab, Frame]:
        tab = self._tab_of(arm)
        if tab is None:
            raise PageError("PageCrashed", f"arm {arm} has no frame any more")
        return tab, tab.frames[arm]

    def _missing(self, arm: str | None) -> str:
        frame = self._frame_of(arm)
        missing = frame.page.served.missing if frame else []
        return f" (not there to be served: {one_line(', '.join(missing), 300)})" if missing else ""

    def _lose(self, arm: str | None) -> list[str]:
        """Removes a frame that failed, and its browser where that does not answer; arms that lost theirs with it."""
        for key, tab in list(self._tabs.items()):
            if arm not in tab.frames:
                continue
            tab.close_frame(str(arm))
            gone = [other for other, frame in tab.frames.items() if _has_ended(frame)]
            if tab.is_alive():
                for other in gone:
                    tab.close_frame(other)
                return sorted(gone)
            gone = sorted(tab.frames)
            tab.close()
            del self._tabs[key]
            return gone
        return []

    def _on_request(self, fd: int) -> None:
        """The conductor asks nothing while it waits for an answer: where something is there to be read, it is gone."""
        if not select.select([fd], [], [], 0)[0]:
            return
        if not os.read(fd, 1):
            self.end()
        raise RuntimeError("a request came before the one before it was answered")

    def open(self, arms: list[dict[str, Any]], folder: str) -> dict[str, Any]:
        """Which arms there are; the server stands after it. Browsers start with the first arm that needs them."""
        self._arms = {arm["id"]: arm for arm in arms}
        self._folder = Path(folder)
        remove_stale_profiles(self._folder)
        self._server = Server()
        return {}

    def start(
        self, arm: str, runtime: str, threads: int, accelerator: str, options: dict[str, str], cores: list[int] | None
    ) -> dict[str, Any]:
        """A frame with the engine in it."""
        web = self._arms[arm]["web"]
        key = json.dumps([web["browser"], web["family"]])
        tab = self._tabs.get(key)
        if tab is None:
            assert self._server is not None
            timeout_ns = min(self._timeout_ns, _START_TIMEOUT_NS)
            tab = Tab(web, self._server, self._folder, timeout_ns, [self._requests_fd], self._on_request)
            self._tabs[key] = tab
        tab.close_frame(arm)
        frame = tab.open_frame(arm, web, self._arms[arm]["model"], self._timeout_ns)
        hello = frame.page.ask("hello", self._timeout_ns)
        if hello.get("hidden"):
            raise PageError("PageHidden", "the tab is hidden: a browser slows it down")
        frame.settings[names.CROSS_ORIGIN_ISOLATED] = "yes" if hello.get("cross_origin_isolated") else "no"
        frame.settings[names.CLOCK_STEP_NS] = str(whole(hello, "clock_step_ns"))
        if cores is not None:
            frame.settings[names.AFFINITY] = "a browser's processes are not held to cores"
        asked: dict[str, Any] = {"runtime": runtime, "accelerator": accelerator, "threads": threads, "options": options}
        said = frame.page.ask("start", self._timeout_ns, engine_script=web["engine_script"], **asked)
        frame.settings.update(texts(said, "settings"))
        frame.settings[names.ENGINE_START_NS] = str(whole(said, "engine_start_ns"))
        frame.version = one_line(str(said.get("version")), 100)
        frame.asked, frame.cores = asked, cores
        tab.find_process(frame, self._timeout_ns)
        return {}

    def load(self, arm: str, model: str, input_shapes: dict[str, list[int]]) -> dict[str, Any]:
        """Has the engine load the model that the plan names."""
        tab, frame = self._the_frame(arm)
        said = frame.page.ask("load", self._timeout_ns, input_shapes=input_shapes)
        frame.inputs, frame.outputs = tensors(said, "inputs"), tensors(said, "outputs")
        frame.settings[names.SESSION_NS] = str(whole(said, "session_ns"))
        frame.settings[names.MODEL_FETCH_NS] = str(whole(said, "fetch_ns"))
        wholly = said.get("wholly_delegated")
        loaded = {
            "pid": frame.pid or tab.program.pid,
            "runtime": frame.asked["runtime"],
            "runtime_version": frame.version,
            "interpreter": tab.name,
            "load_ns": whole(said, "load_ns", 10**16),
            "inputs": frame.inputs,
            "outputs": frame.outputs,
            "threads": frame.asked["threads"],
            "accelerator": frame.asked["accelerator"],
            "delegated_nodes": _whole_or_none(said, "delegated_nodes"),
            "total_nodes": _whole_or_none(said, "total_nodes"),
            "wholly_delegated": wholly if isinstance(wholly, bool) else None,
            "cores_asked": frame.cores,
            "cores": None,
            "settings": tab.loaded_settings(frame, said),
            "notes": told_notes(said),
        }
        if frame.pid is None:
            loaded["notes"].append("which process the page has is unavailable: pid is the browser's")
        return {"loaded": loaded}

    def bind(self, arm: str, files: list[str]) -> dict[str, Any]:
        """Reads an item's inputs and has the page set them. Raises ValueError where one is not what the model takes."""
        _, frame = self._the_frame(arm)
        if len(files) != len(frame.inputs):
            raise ValueError(f"the model takes {len(frame.inputs)} inputs, the item has {len(files)}")
        given = []
        for k, (info, file) in enumerate(zip(frame.inputs, files)):  # noqa: B905 - equal lengths, and Python 3.8
            dtype, shape, data = read_npy(file)
            fits = len(shape) == len(info["shape"]) and all(
                not (isinstance(size, int) and size >= 0) or size == got
                for size, got in zip(info["shape"], shape)  # noqa: B905
            )
            if dtype != info["dtype"] or not fits:
                taken = f"input {info['name']!r} takes {info['dtype']} {info['shape']}"
                raise ValueError(f"{taken}, the item has {dtype} {shape}")
            frame.page.served.contents[f"input/{k}"] = data
            given.append({"dtype": dtype, "shape": shape})
        try:
            frame.page.ask("bind", self._timeout_ns, inputs=given)
        finally:
            frame.page.served.contents.clear()
        return {}

    def block(
        self,
        arm: str,
        lead_in: int,
        count: int,
        budget_ns: int | None = None,
        least: int = WARM_UP_BLOCK_MIN_INFERENCES,
    ) -> dict[str, Any]:
        """As a worker's."""
        tab, frame = self._the_frame(arm)
        cpu_before_ns = tab.cpu_ns()
        asked = {"lead_in": lead_in, "count": count, "budget_ns": budget_ns, "least": least}
        said = frame.page.ask("block", self._timeout_ns, numbers=lead_in + count, **asked)
        started_ns, ended_ns = _stamps(frame, said)
        cpu_after_ns = tab.cpu_ns()
        fewest = count if budget_ns is None else min(count, least)
        return {
            "lead_in_ns": wholes(said, "lead_in_ns", lead_in, lead_in),
            "latency_ns": wholes(said, "latency_ns", fewest, count),
            "started_ns": started_ns,
            "ended_ns": ended_ns,
            "cpu_ns": _difference(cpu_before_ns, cpu_after_ns),
            "notes": _drift_notes(said),
        }

    def infer_for(self, arm: str, duration_ns: int, slices: int) -> dict[str, Any]:
        """As a worker's."""
        _, frame = self._the_frame(arm)
        wall_before_ns = time.time_ns()
        said = frame.page.ask("infer_for", self._timeout_ns, numbers=2 * slices, duration_ns=duration_ns, slices=slices)
        started_ns, ended_ns = _stamps(frame, said)
        wall_started_ns = wall_before_ns + (started_ns - frame.page.sent_ns)
        inferences = whole(said, "inferences")
        counts, lengths = (wholes(said, name, slices, slices) for name in ("slice_inferences", "slice_ns"))
        if slices and (sum(counts) != inferences or sum(lengths) != ended_ns - started_ns):
            raise PageError("PageAnswerMalformed", "the slices of a block do not make it up")
        return {
            "inferences": inferences,
            "started_ns": started_ns,
            "ended_ns": ended_ns,
            "wall_started_ns": wall_started_ns,
            "wall_ended_ns": wall_started_ns + ended_ns - started_ns,
            "slice_inferences": counts,
            "slice_ns": lengths,
            "notes": _drift_notes(said),
        }

    def soak(self, arm: str, window_ns: int) -> dict[str, Any]:
        """As a worker's; the sizes are those of the frame's process."""
        tab, frame = self._the_frame(arm)
        cpu_before_ns = tab.cpu_ns()
        said = frame.page.ask("soak", self._timeout_ns, window_ns=window_ns)
        started_ns, ended_ns = _stamps(frame, said)
        cpu_after_ns = tab.cpu_ns()
        latencies = {
            f"latency_{name}_ns": whole(said, f"latency_{name}_ns") for name in ("p50", "p90", "p99", "min", "max")
        }
        sizes = sizes_of(frame, rss_anon_bytes=("status", "RssAnon"))
        return {
            "started_ns": started_ns,
            "ended_ns": ended_ns,
            "cpu_ns": _difference(cpu_before_ns, cpu_after_ns),
            "inferences": whole(said, "inferences"),
            **latencies,
            **sizes,
            "notes": _drift_notes(said) + unavailable(sizes),
        }

    def animate(self, arm: str, duration_ns: int) -> dict[str, Any]:
        """How far apart frames come at rest and while the arm infers, and inferences whose outputs are read once."""
        _, frame = self._the_frame(arm)
        said = frame.page.ask("animate", self._timeout_ns, numbers=2 * MOST_FRAMES, duration_ns=duration_ns)
        started_ns, ended_ns = _stamps(frame, said)
        return {
            "started_ns": started_ns,
            "ended_ns": ended_ns,
            "inferences": whole(said, "inferences"),
            "rest_frame_ns": wholes(said, "rest_frame_ns", 0, MOST_FRAMES),
            "frame_ns": wholes(said, "frame_ns", 0, MOST_FRAMES),
            "unread_inferences": whole(said, "unread_inferences"),
            "unread_ns": whole(said, "unread_ns", 10**16),
            "notes": told_notes(said) + _drift_notes(said),
        }

    def keep(self, arm: str, folder: str, item: str) -> dict[str, Any]:
        """Runs once and writes every output as .npy, once all are found to be what the page says of them."""
        _, frame = self._the_frame(arm)
        served = frame.page.served
        served.open_puts([most_bytes(info) for info in frame.outputs])
        try:
            said = frame.page.ask("keep", self._timeout_ns)
        finally:
            puts = served.close_puts()
        latency_ns = whole(said, "latency_ns", 10**16)
        outputs = kept_outputs(frame.outputs, tensors(said, "outputs"), puts, Path(folder), f"outputs/{arm}/{item}")
        return {"outputs": outputs, "latency_ns": latency_ns}

    def reset_peak(self, arm: str) -> dict[str, Any]:
        """Resets VmHWM of the frame's process to its present resident size (proc(5): 5 into clear_refs)."""
        _, frame = self._the_frame(arm)
        why = "which process the page has is unknown"
        if frame.pid is not None:
            try:
                (PROC / str(frame.pid) / "clear_refs").write_text("5", encoding="ascii")
            except OSError as error:
                why = f"VmHWM of the page's process cannot be reset: {error.strerror}"
            else:
                return {"reset": True, "notes": []}
        return {"reset": False, "notes": [f"peak while running is unavailable: {why}"]}

    def memory(self, arm: str) -> dict[str, Any]:
        """Sizes of the frame's process, and beside them those of all of the browser's, each with its source."""
        tab, frame = self._the_frame(arm)
        return memory_of(tab, frame, min(self._timeout_ns, _MEMORY_TIMEOUT_NS))

    def close_frame(self, arm: str) -> dict[str, Any]:
        """Removes an arm's frame."""
        tab = self._tab_of(arm)
        if tab is not None:
            tab.close_frame(arm)
        return {}

    def close(self) -> None:
        """Ends every browser."""
        for tab in self._tabs.values():
            tab.close()
        self._tabs.clear()

    def end(self) -> NoReturn:
        """Ends every browser, and this process."""
        self.close()
        sys.stderr.flush()
        os._exit(0)


def _has_ended(frame: Frame) -> bool:
    socket = frame.page.served.socket
    return socket is None or socket.has_ended()


def _whole_or_none(said: dict[str, Any], name: str) -> int | None:
    return None if said.get(name) is None else whole(said, name)


def _stamps(frame: Frame, said: dict[str, Any]) -> tuple[int, int]:
    """When a request's timed part began and ended, by this machine's clock: the page's stamps, moved by what its clock
    is off by. Its question and its answer are taken to have travelled equally long, and nothing lies outside of them.
    """
    at = said.get("at")
    if not isinstance(at, dict):
        raise PageError("PageAnswerMalformed", "the answer has no stamps")
    received, started, ended, answered = (whole(at, name) for name in ("received", "started", "ended", "answered"))
    sent_ns, came_ns = frame.page.sent_ns, frame.page.came_ns
    if not received <= started <= ended <= answered or ended - started > came_ns - sent_ns:
        raise PageError("PageAnswerMalformed", "the stamps of the answer are out of order, or longer than it took")
    offset_ns = (sent_ns + came_ns - received - answered) // 2
    started_ns = min(max(started + offset_ns, sent_ns), came_ns - (ended - started))
    return started_ns, started_ns + ended - started


def _drift_notes(said: dict[str, Any]) -> list[str]:
    drift = said.get("drift")
    if drift is None:
        return []
    is_number = isinstance(drift, (int, float)) and not isinstance(drift, bool) and math.isfinite(drift)
    told = f"by up to {drift:.6g} of the largest value" if is_number else "by what is no number"
    return [f"{names.OUTPUT_DRIFT_NOTE}: the last inference's outputs differ from the first one's {told}"]


def _difference(before_ns: int | None, after_ns: int | None) -> int | None:
    return None if before_ns is None or after_ns is None else max(0, after_ns - before_ns)


def hold() -> int:
    """The holder's loop: a JSON line in, a JSON line out, until stdin ends."""
    die_with_parent()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    replies = private_stdout()
    requests = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    holder = TabHolder(requests)
    buffer = b""
    while True:
        while b"\n" not in buffer:
            chunk = os.read(requests, 1 << 16)
            if not chunk:
                holder.end()
            buffer += chunk
        line, buffer = buffer.split(b"\n", 1)
        content = json.dumps(holder.answer(json.loads(line))).encode("ascii") + b"\n"
        with contextlib.suppress(BrokenPipeError):
            while content:
                content = content[os.write(replies, content) :]
