"""Which browser of a device an arm means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from devices.browsers.find_browsers import ANDROID, Browser, browser_at, find_browsers
from devices.browsers.known_browsers import NAMES
from devices.errors import PermanentError

if TYPE_CHECKING:
    from devices.base import DeviceCommands
    from devices.identity import Identity


class NoBrowserError(PermanentError):
    """A device has not the browser that an arm asks for, or none at all."""


def choose_browser(
    device: DeviceCommands, identity: Identity, asked: str | None, found: Sequence[Browser] | None = None
) -> Browser:
    """`asked` is a name of `known_browsers.NAMES`, the name or path of a program there, or a package of an app; None
    for the first that is found.

    `found`: what `find_browsers` gave, where that is known already. Raises `NoBrowserError`.
    """
    browsers = find_browsers(device, identity) if found is None else found
    if asked is not None and asked not in NAMES:
        return _named(device, identity, asked, browsers)
    fitting = [each for each in browsers if asked in {None, each.name}]
    if fitting:
        return fitting[0]
    if asked is None:
        how = "Install Chrome from the store." if identity.android is not None else _INSTALL
        raise NoBrowserError(f"{device.name}: no browser was found there (looked for {', '.join(NAMES)})", how)
    raise NoBrowserError(f"{device.name}: there is no {asked} there", _others(browsers))


_INSTALL = 'Install one there, such as: apt install chromium; or name its path in the arm: browser = "/opt/…"'


def _named(device: DeviceCommands, identity: Identity, asked: str, browsers: Sequence[Browser]) -> Browser:
    if identity.android is not None:
        package = asked.removeprefix(ANDROID)
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)+", package):
            raise NoBrowserError(
                f"{device.name}: {asked!r} is no browser's name and no app's package", _others(browsers)
            )
        asked = f"{ANDROID}{package}"
    browser = browser_at(device, asked)
    if browser is None:
        raise NoBrowserError(f"{device.name}: {asked} is not there, or is no browser that is known", _others(browsers))
    return browser


def _others(browsers: Sequence[Browser]) -> str:
    if not browsers:
        return f"No other was found there either (looked for {', '.join(NAMES)})."
    return f"There is {'; '.join(map(str, browsers))}."
