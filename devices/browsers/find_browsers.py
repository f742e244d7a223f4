"""The browsers of a device. Each program is really started for its version: a name on a PATH may be a shim that fails.
An app of Android is asked for by its package.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from devices.browsers.known_browsers import KNOWN, Family, by_package, by_product

if TYPE_CHECKING:
    from devices.base import DeviceCommands
    from devices.identity import Identity

ANDROID: Final = "android:"
"""What stands before an app's package in place of a program."""
_TIMEOUT_S: Final = 90.0
_MOST_FOUND: Final = 40
_MOST_LINE: Final = 200

# Of each name or path: where it is, where its links lead, and the first line of what it prints for --version, between
# tabs. A browser that hangs (one that waits for a display, or for a lock on its profile) is ended after some seconds.
_FIND: Final = r"""
limit=; command -v timeout >/dev/null 2>&1 && limit='timeout -k 1 10'
for name; do
  path=$(command -v "$name" 2>/dev/null) || continue
  case $path in /*) ;; *) continue ;; esac
  [ -f "$path" ] && [ -x "$path" ] || continue
  line=$($limit "$path" --version 2>/dev/null </dev/null | head -n 1 | head -c 200 | tr '\t' ' ')
  real=$(readlink -f "$path" 2>/dev/null) || real=$path
  printf '%s\t%s\t%s\n' "$path" "$real" "$line"
done
exit 0
"""

# Of each package that is there: its name and the version that its app says.
_FIND_APPS: Final = r"""
installed=$(pm list packages 2>/dev/null) || exit 0
for name; do
  printf '%s\n' "$installed" | grep -qx "package:$name" || continue
  version=$(dumpsys package "$name" 2>/dev/null | grep -m 1 versionName= | head -c 200)
  printf '%s\t%s\n' "$name" "${version##*versionName=}"
done
exit 0
"""


@dataclass(frozen=True)
class Browser:
    """A browser that was found on a device."""

    name: str
    """The name that arms use, such as `firefox`."""
    family: Family
    command: str
    """Absolute path of its program; for Android `android:` and the app's package."""
    version: str | None
    """The number alone, such as `150.0.7204.92`; None where it says none."""
    product: str
    """What it calls itself, such as `Mozilla Firefox 140.3.0esr`."""

    def __str__(self) -> str:
        """Such as `firefox: Mozilla Firefox 140.3.0esr (/usr/bin/firefox-esr)`."""
        return f"{self.name}: {self.product} ({self.command})"


def find_browsers(device: DeviceCommands, identity: Identity) -> list[Browser]:
    """Every browser that is known by name and that starts, in the order in which an arm gets one. Raises
    `DeviceError`.
    """
    if identity.android is not None:
        return _apps(device, [package for each in KNOWN for package in each.packages])
    return _programs(device, [program for each in KNOWN for program in each.programs])


def browser_at(device: DeviceCommands, place: str) -> Browser | None:
    """The browser at a path or of a name on the PATH there, or of an app's package on Android; None where it is none or
    does not start.
    """
    is_app = place.startswith(ANDROID)
    found = _apps(device, [place.removeprefix(ANDROID)]) if is_app else _programs(device, [place])
    return found[0] if found else None


def _programs(device: DeviceCommands, names: Sequence[str]) -> list[Browser]:
    done = device.run(["sh", "-c", _FIND, "sh", *names], timeout_s=_TIMEOUT_S)
    found: dict[str, Browser] = {}
    for line in done.stdout.decode("utf-8", "replace").splitlines()[:_MOST_FOUND]:
        path, _, rest = line.partition("\t")
        real, _, said = rest.partition("\t")
        product = _printable(said)
        known = by_product(product)
        if known is None or not path.startswith("/"):
            continue
        browser = Browser(known.name, known.family, path, _version_in(product), product)
        # One program under two names, or a script that starts it, is one browser.
        if real not in found and all(other.product != product for other in found.values()):
            found[real] = browser
    order = {each.name: place for place, each in enumerate(KNOWN)}
    return sorted(found.values(), key=lambda one: order[one.name])


def _apps(device: DeviceCommands, packages: Sequence[str]) -> list[Browser]:
    done = device.run(["sh", "-c", _FIND_APPS, "sh", *packages], timeout_s=_TIMEOUT_S)
    found = []
    for line in done.stdout.decode("utf-8", "replace").splitlines()[:_MOST_FOUND]:
        package, _, said = line.partition("\t")
        if package not in packages:  # only what was asked for
            continue
        known = by_package(package)
        version = _version_in(_printable(said))
        found.append(
            Browser(
                known.name if known is not None else package,
                known.family if known is not None else "chromium",
                f"{ANDROID}{package}",
                version,
                f"{package} {version or '(it says no version)'}",
            )
        )
    return found


def _version_in(text: str) -> str | None:
    found = re.search(r"\d+(\.\d+){0,4}[a-z0-9]{0,8}", text)
    return found[0] if found else None


def _printable(text: str) -> str:
    """What a stranger's program printed, without what a terminal would act on."""
    return " ".join("".join(each if each.isprintable() else " " for each in text[:_MOST_LINE]).split())
