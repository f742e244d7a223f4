"""Browsers are found by starting them, on this machine, over ssh and on a phone; an arm's word picks one of them."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest

from devices.browsers.choose_browser import NoBrowserError, choose_browser
from devices.browsers.find_browsers import Browser, browser_at, find_browsers
from devices.browsers.known_browsers import KNOWN, NAMES, by_product
from devices.browsers.page_files import page_files
from devices.identity import AndroidFacts, Identity
from devices.posix.local import LocalDevice
from devices.ssh.device import SshDevice
from tests.rig.sshd import LoopbackSshd

BOARD = Identity(kind="local", libc="glibc 2.36", kernel="Linux 6.1", architecture="x86_64")
PHONE = Identity(kind="adb", libc="bionic", kernel="Linux 6.1", android=AndroidFacts(abis=["arm64-v8a"]))

PROGRAMS = {
    "google-chrome-stable": "echo 'Google Chrome 150.0.7204.92 '",
    "firefox": "echo 'Mozilla Firefox 140.3.0esr'; echo more",
    "microsoft-edge": "echo not now; exit 3",
    "chromium-browser": "sleep 60",
}
PM = """#!/bin/sh
[ "$1 $2" = "list packages" ] || exit 1
printf 'package:%s\\n' com.android.chrome com.android.chromecast org.mozilla.firefox org.example.web
"""
DUMPSYS = """#!/bin/sh
[ "$1" = package ] || exit 1
case $2 in
com.android.chrome) printf 'Packages:\\n    versionCode=7\\n    versionName=150.0.7204.92\\n    versionName=1\\n' ;;
org.mozilla.firefox) echo '    versionName=152.0.1' ;;
esac
"""


def _program(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(body if body.startswith("#!") else f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of stand-ins, before all else on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def _at_home(found: list[Browser], desk: Path) -> list[Browser]:
    """Those of the stand-ins: the others are this machine's own."""
    return [each for each in found if each.command.startswith(str(desk))]


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here: apt install chromium")
def test_the_real_browsers_of_this_machine_are_found_with_their_versions() -> None:
    with LocalDevice() as device:
        found = find_browsers(device, device.identify())
        chromium = choose_browser(device, device.identify(), "chromium")
    assert chromium in found
    assert (chromium.family, chromium.product.split()[0]) == ("chromium", "Chromium")
    assert str(chromium.version).count(".") == 3
    assert len({each.product for each in found}) == len(found)


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no chromium here: apt install chromium")
def test_the_same_are_found_over_ssh(sshd: LoopbackSshd, tmp_path: Path) -> None:
    with SshDevice(sshd.address(tmp_path), sshd.ssh_command()) as remote, LocalDevice() as local:
        remote.connect()
        assert find_browsers(remote, remote.identify()) == find_browsers(local, local.identify())


def test_a_program_that_fails_or_hangs_is_no_browser(desk: Path) -> None:
    for name, body in PROGRAMS.items():
        _program(desk / name, body)
    (desk / "google-chrome").symlink_to(desk / "google-chrome-stable")
    with LocalDevice() as device:
        begun = time.monotonic()
        found = _at_home(find_browsers(device, BOARD), desk)
    assert time.monotonic() - begun < 60  # the one that hangs is ended
    assert [(each.name, each.family, each.version) for each in found] == [
        ("chrome", "chromium", "150.0.7204.92"),
        ("firefox", "firefox", "140.3.0esr"),
    ]
    assert found[0].command == str(desk / "google-chrome-stable")
    assert str(found[1]) == f"firefox: Mozilla Firefox 140.3.0esr ({desk}/firefox)"


def test_an_arm_names_a_browser_a_program_or_a_path(desk: Path, tmp_path: Path) -> None:
    _program(desk / "firefox", PROGRAMS["firefox"])
    odd = tmp_path / "my browsers" / "it's; chrome $(touch owned)"
    _program(odd, "echo Chromium 151.0")
    with LocalDevice() as device:
        found = _at_home(find_browsers(device, BOARD), desk)
        assert choose_browser(device, BOARD, None, found).name == "firefox"
        assert choose_browser(device, BOARD, "firefox", found).command == str(desk / "firefox")
        named = choose_browser(device, BOARD, str(odd), found)
        assert (named.name, named.family, named.command) == ("chromium", "chromium", str(odd))
        for asked in ("edge", "opera", "/bin/true", str(tmp_path), "x; echo y"):
            with pytest.raises(NoBrowserError) as refused:
                choose_browser(device, BOARD, asked, found)
            assert asked in refused.value.what
            assert "firefox: Mozilla Firefox 140.3.0esr" in refused.value.remedy
        with pytest.raises(NoBrowserError, match="no browser was found there"):
            choose_browser(device, BOARD, None, [])
    assert not list(tmp_path.rglob("owned"))


def test_what_a_program_prints_is_text_of_a_stranger(desk: Path) -> None:
    _program(desk / "chromium", r"printf 'Chromium 9.9\033[31m\tred\000 and %0999d' 7")
    with LocalDevice() as device:
        found = browser_at(device, "chromium")
    assert found is not None
    assert found.product.isprintable()
    assert len(found.product) <= 200
    assert found.version == "9.9"


def test_apps_of_a_phone_are_known_by_their_packages(desk: Path) -> None:
    """Stand-ins for `pm` and `dumpsys`, with a package whose name only begins like a browser's."""
    _program(desk / "pm", PM)
    _program(desk / "dumpsys", DUMPSYS)
    with LocalDevice() as device:
        found = find_browsers(device, PHONE)
        assert [(each.name, each.command, each.version) for each in found] == [
            ("chrome", "android:com.android.chrome", "150.0.7204.92"),
            ("firefox", "android:org.mozilla.firefox", "152.0.1"),
        ]
        assert choose_browser(device, PHONE, "org.example.web", found).command == "android:org.example.web"
        assert choose_browser(device, PHONE, "firefox", found).family == "firefox"
        for asked in ("com.microsoft.emmx", "edge", "/usr/bin/chromium"):
            with pytest.raises(NoBrowserError):
                choose_browser(device, PHONE, asked, found)


def test_a_phone_without_a_package_manager_has_none(desk: Path) -> None:
    _program(desk / "pm", "exit 127")
    with LocalDevice() as device, pytest.raises(NoBrowserError, match="no browser was found there"):
        choose_browser(device, PHONE, None)


def test_every_known_browser_is_known_by_what_it_prints() -> None:
    assert len(set(NAMES)) == len(NAMES)
    for each in KNOWN:
        for product in each.products:
            assert by_product(f"{product} 1.2.3") == each
    assert by_product("") is None


def test_the_page_is_pushed_whole() -> None:
    files = page_files()
    assert {name.rpartition(".")[2] for name in files} <= {"html", "js"}
    for blob in files.values():
        assert blob.path.read_bytes()
