"""A browser for a stand-in phone: a Chromium of this machine that opens what an intent names, through the phone's
adbd.

The phone's `am` writes down what it is asked. A tab that an intent names is opened here, with the phone's port
forwarded by the real adb; whatever the page's address says leads to that port. A new intent takes the place of the tab
before it.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from tests.rig.adb_server import AdbServer
from tests.rig.phone import StandInPhone

PACKAGE = "com.android.chrome"
_INTENT = re.compile(rf"start -a android\.intent\.action\.VIEW -d (http://127\.0\.0\.1:(\d+)/\S+) {re.escape(PACKAGE)}")


def missing_parts() -> str | None:
    """Why there is no such browser here, or None."""
    return None if shutil.which("chromium") else "no chromium on this machine: apt install chromium"


@dataclass
class _Tab:
    process: subprocess.Popen[bytes]
    profile: Path


class PhoneBrowser:
    """A context manager: while it lasts, the phone has Chrome."""

    def __init__(self, phone: StandInPhone, server: AdbServer) -> None:
        self._phone, self._server = phone, server
        self._log = phone.folder / "state" / "am.log"
        self._seen = 0
        self._tab: _Tab | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.opened: list[str] = []
        """Addresses that intents named, in order."""

    def __enter__(self) -> PhoneBrowser:
        """Installed."""
        listed = f"package:android\npackage:com.android.shell\npackage:{PACKAGE}\n".encode()
        self._phone.state.answer(["cmd", "package", "list", "packages"], listed)
        version = b"  Package [com.android.chrome]:\n    versionName=156.0.8078.114\n"
        self._phone.state.answer(["dumpsys", "package", PACKAGE], version)
        self._seen = len(self._lines())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Removed."""
        self._ended.set()
        self._thread.join()
        self._close_tab()

    def kill(self) -> None:
        """As when the system ends an app for its memory."""
        if self._tab is not None:
            self._tab.process.kill()

    def _lines(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            lines = self._lines()
            for line in lines[self._seen :]:
                matched = _INTENT.fullmatch(line)
                if matched is not None:
                    self._open(matched[1], int(matched[2]))
            self._seen = len(lines)

    def _open(self, address: str, port: int) -> None:
        self._close_tab()
        self.opened.append(address)
        forwarded = int(self._server.adb("-s", self._phone.address, "forward", "tcp:0", f"tcp:{port}").text)
        profile = Path(tempfile.mkdtemp(prefix="phone-browser-"))
        leads = ", ".join(
            f"MAP {name}:{port} 127.0.0.1:{forwarded}" for name in ("127.0.0.1", "*.localhost", "localhost")
        )
        flags = ["--headless", "--no-first-run", "--disable-sync", "--disable-background-networking"]
        flags += [f"--user-data-dir={profile}", f"--host-resolver-rules={leads}", "--enable-unsafe-webgpu"]
        if os.geteuid() == 0:
            flags.append("--no-sandbox")
        process = subprocess.Popen(
            ["chromium", *flags, address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._tab = _Tab(process, profile)

    def _close_tab(self) -> None:
        tab, self._tab = self._tab, None
        if tab is None:
            return
        tab.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            tab.process.wait(5)
        tab.process.kill()
        tab.process.wait()
        for _ in range(20):  # what it started ends with it, and writes once more
            shutil.rmtree(tab.profile, ignore_errors=True)
            if not tab.profile.exists():
                return
            time.sleep(0.1)
