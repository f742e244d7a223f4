"""A browser of ours: started with a profile of its own below the run's folder, and ended with all that it started."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from devices.python_runner.browser.devtools import DevTools, DevToolsError
from devices.python_runner.browser.process_tree import PROC, tree
from devices.python_runner.child_process import die_with_parent
from devices.python_runner.log import one_line
from devices.python_runner.machine import read_text_file

PROFILE_PREFIX = ".browser-"
_END_TIMEOUT_S = 5.0

_CHROMIUM = (
    *("--no-first-run", "--no-default-browser-check", "--disable-sync", "--disable-quic", "--disable-extensions"),
    *("--disable-background-networking", "--disable-component-update", "--disable-default-apps", "--disable-breakpad"),
    # A window that is covered, or a tab behind another, would be slowed down; here nobody is told of notifications.
    *("--disable-background-timer-throttling", "--disable-backgrounding-occluded-windows"),
    *("--disable-renderer-backgrounding", "--password-store=basic", "--enable-unsafe-webgpu"),
)
_FIREFOX = {
    "app.normandy.enabled": False,
    "app.update.auto": False,
    "app.update.background.scheduling.enabled": False,
    "browser.aboutwelcome.enabled": False,
    "browser.dom.window.dump.enabled": False,
    "browser.newtabpage.enabled": False,
    "browser.safebrowsing.downloads.remote.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.sessionstore.resume_from_crash": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "browser.startup.page": 0,
    "browser.tabs.warnOnClose": False,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "dom.max_script_run_time": 0,
    "dom.webgpu.enabled": True,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.dns.disablePrefetch": True,
    "network.prefetch-next": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
    "toolkit.telemetry.unified": False,
}
# The address stands in a file that only this user may read, and not in the command line, which everybody may.
_START = "<!doctype html><meta charset=utf-8><title>bakeoff</title><script>location.replace({address!r})</script>"


class NotStartedError(Exception):
    """The browser cannot be started; says why in one line."""


class Program:
    """A browser that runs."""

    def __init__(self, argv: list[str], family: str, address: str, folder: Path) -> None:
        """Raises NotStartedError."""
        self.family = family
        self.settings: dict[str, str] = {}
        self.devtools: DevTools | None = None
        self._profile = Path(tempfile.mkdtemp(prefix=f"{PROFILE_PREFIX}{os.getpid()}-", dir=str(folder)))
        self._log = self._profile / "browser.log"
        start = self._profile / "start.html"
        start.write_text(_START.format(address=address), encoding="ascii")
        flags = self._chromium_flags() if family == "chromium" else self._firefox_flags()
        self.settings["browser_flags"] = " ".join(flag for flag in flags if str(self._profile) not in flag)
        try:
            self._process = self._start([*argv, *flags, start.as_uri()])
        except OSError as error:
            shutil.rmtree(str(self._profile), ignore_errors=True)
            raise NotStartedError(one_line(f"{argv[0]} cannot be started: {error.strerror or error}")) from error

    def _chromium_flags(self) -> list[str]:
        flags = [*_CHROMIUM, f"--user-data-dir={self._profile / 'profile'}", "--remote-debugging-pipe"]
        if os.getuid() == 0:
            flags.append("--no-sandbox")
            self.settings["sandbox"] = "off: the runner is root, for whom this browser has none"
        return flags + self._headless("--headless")

    def _firefox_flags(self) -> list[str]:
        profile = self._profile / "profile"
        profile.mkdir(mode=0o700)
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in _FIREFOX.items()]
        (profile / "user.js").write_text("".join(lines), encoding="ascii")
        return ["--no-remote", "--new-instance", "--profile", str(profile), *self._headless("--headless")]

    def _headless(self, flag: str) -> list[str]:
        has_screen = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
        self.settings["headless"] = "no" if has_screen else "yes: there is no screen"
        return [] if has_screen else [flag]

    def _start(self, argv: list[str]) -> subprocess.Popen[bytes]:
        has_pipe = self.family == "chromium"
        _keep_low_descriptors()
        to_browser, from_browser = (os.pipe(), os.pipe()) if has_pipe else ((-1, -1), (-1, -1))
        ours = (to_browser[1], from_browser[0])
        theirs = (to_browser[0], from_browser[1])

        def in_child() -> None:
            die_with_parent()
            for number in (signal.SIGTERM, signal.SIGINT):  # the holder ignores them, and a browser is to end by them
                signal.signal(number, signal.SIG_DFL)
            if has_pipe:
                os.dup2(theirs[0], 3)
                os.dup2(theirs[1], 4)

        try:
            with self._log.open("wb") as log:
                process = subprocess.Popen(
                    argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    preexec_fn=in_child,  # noqa: PLW1509 - nothing of it waits for a thread
                    close_fds=not has_pipe,
                )
        except OSError:
            for fd in ours if has_pipe else ():
                os.close(fd)
            raise
        finally:
            for fd in theirs if has_pipe else ():
                os.close(fd)
        if has_pipe:
            self.devtools = DevTools(*ours)
        return process

    @property
    def pid(self) -> int:
        """Process id of the browser itself."""
        return self._process.pid

    def end_text(self) -> str | None:
        """How it ended, in words; None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        if code < 0:
            return (
                f"signal {-code} ({signal.Signals(-code).name})" if -code in set(signal.Signals) else f"signal {-code}"
            )
        return f"exit {code}"

    def last_words(self) -> str:
        """The last of what it wrote to its log, in one line."""
        with contextlib.suppress(OSError):
            text = self._log.read_bytes()[-4096:].decode("utf-8", "replace")
            lines = [
                line.strip() for line in text.splitlines() if "ERROR" in line or "rror:" in line or "annot" in line
            ]
            return one_line(" | ".join(lines[-4:]), 600)
        return ""

    def close(self) -> None:
        """Ends it, all that it started, and its profile."""
        started = [process.pid for process in tree(self.pid)]
        if self.devtools is not None:
            with contextlib.suppress(DevToolsError):
                self.devtools.call("Browser.close", timeout_s=1.0)
            self.devtools.close()
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in started[1:]:
            _end(pid)
        _await_ends(started[1:])
        remove_folder(self._profile)


def _end(pid: int) -> None:
    """Ends a process that a browser left behind. It was the browser's, and its number is not taken anew so soon."""
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)


def _await_ends(pids: list[int]) -> None:
    """Until all are gone, or nobody has asked how they ended yet; a process that was killed takes a moment to be."""
    for _ in range(40):
        states = (read_text_file(PROC / str(pid) / "stat") for pid in pids)
        if all(stat is None or stat.rpartition(")")[2].split()[0] in "ZX" for stat in states):
            return
        time.sleep(0.05)


def remove_folder(folder: Path) -> None:
    """Removes it; a process that is just ending may write into it once more."""
    for _ in range(5):
        shutil.rmtree(str(folder), ignore_errors=True)
        if not folder.exists():
            return
        time.sleep(0.1)


def remove_stale_profiles(folder: Path) -> None:
    """Removes profiles of holders that were killed before they could."""
    for path in folder.glob(f"{PROFILE_PREFIX}*-*"):
        pid = path.name[len(PROFILE_PREFIX) :].partition("-")[0]
        if pid.isdigit() and not Path("/proc", pid).exists():
            remove_folder(path)


def _keep_low_descriptors() -> None:
    """Has something at 3 and 4 for good: nothing of the start itself may lie where the pipe's ends go."""
    while True:
        fd = os.open(os.devnull, os.O_RDONLY)
        if fd > 4:
            os.close(fd)
            return
