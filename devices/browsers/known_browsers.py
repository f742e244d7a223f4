"""Browsers by the names that arms use, the programs and apps that they are, and how their version line begins."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Final, Literal

Family = Literal["chromium", "firefox"]
"""Which flags and which protocol a browser takes."""


@dataclass(frozen=True)
class KnownBrowser:
    """A browser that people name."""

    name: str
    """What an arm's `browser` says, such as `edge`."""
    family: Family
    programs: tuple[str, ...]
    """Names of its program on a PATH, and places where installers put it beside."""
    products: tuple[str, ...]
    """How the line begins that it prints for `--version`."""
    packages: tuple[str, ...] = ()
    """Its apps on Android, the ordinary one first."""


KNOWN: Final[tuple[KnownBrowser, ...]] = (
    KnownBrowser(
        "chrome",
        "chromium",
        (
            *("google-chrome-stable", "google-chrome", "chrome", "google-chrome-beta", "google-chrome-unstable"),
            "/opt/google/chrome/chrome",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        ),
        ("Google Chrome",),
        ("com.android.chrome", "com.chrome.beta", "com.chrome.dev", "com.chrome.canary"),
    ),
    KnownBrowser(
        "chromium",
        "chromium",
        (
            *("chromium", "chromium-browser", "/snap/bin/chromium", "headless_shell", "chrome-headless-shell"),
            "/Applications/Chromium.app/Contents/MacOS/Chromium",
        ),
        ("Chromium", "Chrome Headless Shell", "HeadlessChrome"),
        ("org.chromium.chrome", "org.chromium.webview_shell"),
    ),
    KnownBrowser(
        "edge",
        "chromium",
        (
            *("microsoft-edge-stable", "microsoft-edge", "microsoft-edge-beta", "/opt/microsoft/msedge/msedge"),
            "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        ),
        ("Microsoft Edge",),
        ("com.microsoft.emmx",),
    ),
    KnownBrowser(
        "firefox",
        "firefox",
        (
            *("firefox-esr", "firefox", "/snap/bin/firefox", "/usr/lib/firefox-esr/firefox-esr"),
            *("/usr/lib/firefox/firefox", "/opt/firefox/firefox"),
            "/Applications/Firefox.app/Contents/MacOS/firefox",
        ),
        ("Mozilla Firefox", "Firefox"),
        ("org.mozilla.firefox", "org.mozilla.firefox_beta", "org.mozilla.fenix"),
    ),
    KnownBrowser("samsung", "chromium", (), (), ("com.sec.android.app.sbrowser",)),
)
"""An arm that names none gets the first of these that is there."""

NAMES: Final = tuple(each.name for each in KNOWN)


def why_unknown(asked: str) -> str | None:
    """Why nothing on any device can be meant by what an arm asks for, with what to write; None where something can.

    A path and an app's package may be of any browser; a plain word is a name of `NAMES` or of a browser's program.
    """
    words = [*NAMES, *(program for each in KNOWN for program in each.programs)]
    if asked in words or "/" in asked or "." in asked:
        return None
    near = difflib.get_close_matches(asked.lower(), words, 1, 0.6)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(NAMES)}, and paths of programs"
    return f"no browser is called {asked!r}: {hint}"


def by_product(line: str) -> KnownBrowser | None:
    """Which browser prints this line for `--version`; None for what is none."""
    return next((each for each in KNOWN if line.startswith(each.products)), None) if line else None


def by_package(package: str) -> KnownBrowser | None:
    """Which browser an app of Android is."""
    return next((each for each in KNOWN if package in each.packages), None)
