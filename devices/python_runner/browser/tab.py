"""One browser and its visible tab, in which arms have frames."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from devices.browsers import settings_names as names
from devices.python_runner.browser.devtools import DevToolsError
from devices.python_runner.browser.frame import Page, PageError, PageGoneError, texts
from devices.python_runner.browser.process_tree import cpu_ns, tree
from devices.python_runner.browser.program import NotStartedError, Program
from devices.python_runner.browser.served import Served
from devices.python_runner.browser.spinning_process import answers_meanwhile, spinning_process
from devices.python_runner.clock import clock_ns
from devices.python_runner.log import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from devices.python_runner.browser.server import Server

_ECHO_TIMEOUT_NS = 5_000_000_000
_FRAME_TIMEOUT_NS = 20_000_000_000
"""How long a frame may take to be there, before its site is taken for one that the browser cannot find."""


class Frame:
    """An arm's frame: its page, its site, its process."""

    def __init__(self, arm: str, page: Page) -> None:
        self.arm = arm
        self.page = page
        self.pid: int | None = None
        self.settings: dict[str, str] = {}
        self.inputs: list[dict[str, Any]] = []
        self.outputs: list[dict[str, Any]] = []
        self.version = ""
        self.asked: dict[str, Any] = {}
        """What `start` was asked for."""
        self.cores: list[int] | None = None


class Tab:
    """A browser with its tab. Raises NotStartedError."""

    def __init__(
        self,
        web: dict[str, Any],
        server: Server,
        folder: Path,
        timeout_ns: int,
        watched: Sequence[int],
        on_watched: Callable[[int], None],
    ) -> None:
        self.frames: dict[str, Frame] = {}
        self._server = server
        self._watched, self._on_watched = watched, on_watched
        self._served = Served("127.0.0.1", web["page_files"])
        address = server.add(self._served) + "tab.html"
        self.program = Program(web["browser"], web["family"], address, folder)
        try:
            self._await_tab(timeout_ns)
            self._page = Page(self._served, watched, on_watched)
            said = self._page.ask("hello", timeout_ns)
            if self.program.devtools is not None:
                with contextlib.suppress(DevToolsError):  # it tells of crashes, where it can
                    self.program.devtools.call("Target.setDiscoverTargets", discover=True)
        except (PageError, PageGoneError, TimeoutError) as error:
            self.close()
            raise NotStartedError(one_line(f"the tab of {web['browser'][0]} did not answer: {error}")) from None
        except BaseException:
            self.close()
            raise
        self.name = one_line(str(said.get("browser")), 100)
        self.user_agent = one_line(str(said.get("user_agent")), 300)

    def _await_tab(self, timeout_ns: int) -> None:
        deadline_ns = clock_ns() + timeout_ns
        while not self._served.arrived.wait(0.1):
            ended = self.program.end_text()
            if ended is not None:
                words = self.program.last_words()
                raise NotStartedError(
                    f"the browser ended before its tab was there: {ended}" + (f" | {words}" if words else "")
                )
            for fd in self._watched:
                self._on_watched(fd)
            if clock_ns() > deadline_ns:
                raise NotStartedError(f"the browser runs, and its tab was not there within {timeout_ns / 1e9:g} s")

    def open_frame(self, arm: str, web: dict[str, Any], model: str, timeout_ns: int) -> Frame:
        """A frame at a site that no other frame has. Raises PageError, PageGoneError, TimeoutError."""
        taken = {frame.page.served.host for frame in self.frames.values()}
        files = {
            **web["page_files"],
            **{f"engine/{name}": path for name, path in web["engine_files"].items()},
            "model": model,
        }
        hosts = [f"{arm}.localhost", "localhost", *(["[::1]"] if self._server.has_ipv6 else [])]
        tried: list[str] = []
        for host in hosts:
            if host in taken:
                continue
            served = Served(host, files)
            address = self._server.add(served)
            self._page.ask("add", timeout_ns, arm=arm, src=address + "frame.html")
            if self._arrives(served, min(timeout_ns, _FRAME_TIMEOUT_NS) if host != hosts[-1] else timeout_ns):
                frame = Frame(arm, Page(served, self._watched, self._on_watched))
                self.frames[arm] = frame
                return frame
            self._server.remove(served)
            tried.append(host)
        raise PageError("FrameNotOpened", f"the browser opened no frame at {', '.join(tried)}")

    def _arrives(self, served: Served, timeout_ns: int) -> bool:
        deadline_ns = clock_ns() + timeout_ns
        while not served.arrived.wait(0.05):
            if clock_ns() > deadline_ns:
                return False
            if self.program.end_text() is not None:
                raise PageGoneError
            for fd in self._watched:
                self._on_watched(fd)
        return True

    def close_frame(self, arm: str) -> None:
        """Removes an arm's frame, where it has one."""
        frame = self.frames.pop(arm, None)
        if frame is None:
            return
        self._server.remove(frame.page.served)
        frame.page.close()
        with contextlib.suppress(PageError, PageGoneError, TimeoutError):  # then `is_alive` says so
            self._page.ask("remove", _ECHO_TIMEOUT_NS, arm=arm)

    def is_alive(self) -> bool:
        """Whether the tab answers."""
        try:
            self._page.ask("echo", _ECHO_TIMEOUT_NS)
        except (PageError, PageGoneError, TimeoutError):
            return False
        return True

    def why_gone(self, frame: Frame) -> PageError:
        """A frame's socket has ended: what happened."""
        # A page that is loaded anew asks for its socket at once, and a crash is told within moments.
        for _ in range(20):
            if frame.page.served.came_again or self._served.came_again:
                return PageError("PageReloaded", "the page was loaded anew in the middle of the measurement")
            if self.program.end_text() is not None:
                break
            time.sleep(0.05)
        ended = self.program.end_text()
        if ended is not None:
            return PageError("BrowserEnded", f"the browser ended in the middle of the measurement: {ended}")
        return PageError(
            "PageCrashed",
            "the page's socket ended and the browser runs: its process crashed or was killed" + self._crash_text(),
        )

    def _crash_text(self) -> str:
        devtools = self.program.devtools
        if devtools is None:
            return ""
        with contextlib.suppress(DevToolsError):
            devtools.call("Browser.getVersion", timeout_s=1.0)
            for event in devtools.events:
                if event.get("method") == "Target.targetCrashed":
                    told = event.get("params", {})
                    return " " + one_line(
                        f"(the browser says: {told.get('status')}, code {told.get('errorCode')})", 100
                    )
        return ""

    def find_process(self, frame: Frame, timeout_ns: int) -> None:
        """Which process the frame has, and whether it is its own."""
        answers = answers_meanwhile(self._page, frame.page, timeout_ns)
        frame.pid = spinning_process(self.program.pid, frame.page, timeout_ns)
        sharing = sorted(
            other.arm for other in self.frames.values() if other is not frame and other.pid == frame.pid is not None
        )
        if sharing:
            frame.settings[names.SITE_ISOLATED] = f"no: its process is also that of {', '.join(sharing)}"
        elif answers:
            frame.settings[names.SITE_ISOLATED] = "yes"
        else:
            frame.settings[names.SITE_ISOLATED] = "no: its thread is also that of the tab"

    def loaded_settings(self, frame: Frame, said: dict[str, Any]) -> dict[str, str]:
        """Settings of an arm: the browser's, the frame's, and what the page says now."""
        frame.settings.update(texts(said, "settings"))
        engine = {name[7:]: size for name, size in frame.page.served.fetched.items() if name.startswith("engine/")}
        return {
            **self.program.settings,
            names.USER_AGENT: self.user_agent,
            names.FRAME_HOST: frame.page.served.host,
            **frame.settings,
            names.ENGINE_FILES: one_line(", ".join(sorted(engine)), 900),
            names.ENGINE_BYTES: str(sum(engine.values())),
            names.MODEL_BYTES: str(frame.page.served.fetched.get("model", 0)),
        }

    def cpu_ns(self) -> int | None:
        """How long all processes of the browser have worked."""
        worked = [cpu_ns(process.pid) for process in tree(self.program.pid)]
        known = [each for each in worked if each is not None]
        return sum(known) if known else None

    def close(self) -> None:
        """Ends the browser."""
        for frame in self.frames.values():
            self._server.remove(frame.page.served)
            frame.page.close()
        self.frames.clear()
        self._server.remove(self._served)
        self.program.close()
        if self._served.socket is not None:
            self._served.socket.close()
