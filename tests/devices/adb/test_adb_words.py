"""What adb lists and says, read by pure functions: every real output of ../shared/samples, with what it must mean."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from devices.adb.address import absent_phone, only_phone
from devices.adb.diagnosis import AdbFailure, AdbTrouble, adb_error, classify_adb_error, state_error
from devices.adb.identity import parse_android_facts, parse_android_identity
from devices.adb.phone_list import STATES, ListedPhone, parse_adb_devices
from devices.adb.properties import parse_getprop
from devices.errors import (
    CommandFailedError,
    NoSpaceError,
    NotAuthorisedError,
    NotReachableError,
    PermanentError,
    TransientError,
)
from devices.identity import AndroidFacts

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "samples"


def sample(name: str) -> str:
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"no {name} in ../shared/samples: unpack the shared samples beside the repository")
    return path.read_bytes().decode()


def expected(topic: str) -> dict[str, str]:
    """The column `expected` of SOURCES.tsv, by file."""
    with (SAMPLES / "SOURCES.tsv").open(newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["path"]: row["expected"] for row in rows if row["path"].startswith(f"{topic}/")}


# Serial, state, model and transport of every line; those that SOURCES.tsv names agree with it.
LISTS = {
    "authorizing": [ListedPhone("0000000000000000", "authorizing")],
    "crlf": [
        ListedPhone("0123456789abcdef", "device", "MyModel", 1),
        ListedPhone("192.168.1.1:5555", "device", "MyWifiModel", None),
    ],
    "daemon-start-unauthorized": [ListedPhone("00000000", "unauthorized")],
    "device-plus-offline-emulator": [ListedPhone("00000000000", "device"), ListedPhone("emulator-5566", "offline")],
    "devpath-without-usb-prefix": [ListedPhone("12345678", "device", "23117RK66C", 2)],
    "no-permissions-line-cut": [ListedPhone("00000000", "no permissions")],
    "no-permissions-plugdev": [ListedPhone("00000000", "no permissions")],
    "no-permissions-question-marks": [ListedPhone("????????????", "no permissions")],
    "offline": [ListedPhone("0000000000000000", "offline")],
    "server-version-kill-inside-list": [
        ListedPhone("0123456789abcdef", "unauthorized"),
        ListedPhone("87654321", "device", "MyModel"),
    ],
    "unauthorized-trailing-space-header": [ListedPhone("00000000000000000", "unauthorized")],
    "wireless-serial-with-spaces": [
        ListedPhone("adb-0123456789AB-CDdefg (2)._adb-tls-connect._tcp", "device", "Pixel_10_Pro", 3)
    ],
    "wireless-tls-honor": [ListedPhone("adb-0000000000000000-000000._adb-tls-connect._tcp", "device", "ALT_NX1", 1)],
}


@pytest.mark.parametrize("name", sorted(LISTS))
def test_real_lists_of_phones(name: str) -> None:
    assert parse_adb_devices(sample(f"adb_devices/{name}.txt")) == LISTS[name]


def test_no_sample_is_left_out() -> None:
    sample("SOURCES.tsv")
    assert set(expected("adb_devices")) == {f"adb_devices/{name}.txt" for name in LISTS}
    assert len(expected("adb_errors")) == len(list((SAMPLES / "adb_errors").iterdir()))
    assert set(expected("getprop")) == {f"getprop/{path.name}" for path in (SAMPLES / "getprop").iterdir()}


def test_the_facts_that_the_sources_name_are_found() -> None:
    sample("SOURCES.tsv")
    checked = 0
    for path, facts in expected("adb_devices").items():
        phones = parse_adb_devices(sample(path))
        assert phones is not None
        if facts.startswith(("n=1 ", "n=2 ")):
            assert len(phones) == int(facts[2])
        for state in ("no permissions", "unauthorized", "authorizing", "offline", "device"):
            if f'state="{state}"' in facts or f" state={state}" in facts:
                assert phones[0].state == state
                checked += 1
    assert checked >= 9


def test_an_empty_list_is_no_phone_and_no_list_is_an_error() -> None:
    assert parse_adb_devices("List of devices attached\n\n") == []
    assert parse_adb_devices("error: protocol fault (no status)\n") is None
    assert parse_adb_devices("") is None


@pytest.mark.parametrize("state", STATES)
def test_every_state_is_read(state: str) -> None:
    text = f"List of devices attached\nR5CT30ABCDE\t{state} usb:1-2 transport_id:7\n"
    assert parse_adb_devices(text) == [ListedPhone("R5CT30ABCDE", state, None, 7)]


def error_samples() -> list[str]:
    folder = SAMPLES / "adb_errors"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else ["unauthorized-old-prefix.txt"]


@pytest.mark.parametrize("name", error_samples())
def test_real_errors_are_told_apart(name: str) -> None:
    failure = classify_adb_error(sample(f"adb_errors/{name}"))
    facts = expected("adb_errors")[f"adb_errors/{name}"]
    assert f"class={failure.trouble.value}" == facts.split()[0]
    if 'reason="' in facts:
        assert failure.reason == facts.partition('reason="')[2].rstrip('"')
    if "retry=true" in facts:
        assert isinstance(adb_error("adb", failure), TransientError)


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("error: device 'R5CT30ABCDE' not found\n", AdbTrouble.NO_DEVICE),
        ("error: device still authorizing\n", AdbTrouble.AUTHORIZING),
        ("error: device offline\n", AdbTrouble.OFFLINE),
        ("adb: cannot connect to daemon at tcp:16037: Connection refused\n", AdbTrouble.ADB_SERVER_FAULT),
        ("failed to connect to '127.0.0.1:9': Connection refused\n", AdbTrouble.CLOSED),
        ("failed to authenticate to 192.168.1.7:5555\n", AdbTrouble.UNAUTHORIZED),
        ("", AdbTrouble.UNKNOWN),
        ("Segmentation fault\n", AdbTrouble.UNKNOWN),
    ],
)
def test_other_errors_are_told_apart(text: str, trouble: AdbTrouble) -> None:
    assert classify_adb_error(text).trouble is trouble


@pytest.mark.parametrize(
    ("state", "kind", "what", "remedy"),
    [
        ("unauthorized", NotAuthorisedError, "has not allowed this computer", "Allow USB debugging"),
        ("offline", NotReachableError, "does not answer (offline)", "another cable or port"),
        ("authorizing", NotReachableError, "still checking this computer's key", "unlock the phone"),
        ("connecting", NotReachableError, "still connecting", "plug it in again"),
        ("no permissions", PermanentError, "may not open the phone's USB device", "udev rules"),
        ("recovery", PermanentError, "in recovery mode", "adb reboot"),
        ("sideload", PermanentError, "in recovery mode", "adb reboot"),
        ("bootloader", PermanentError, "in its bootloader", "fastboot reboot"),
        ("no device", NotReachableError, "no such phone is attached", "adb devices -l"),
        ("host", NotReachableError, "adb calls its state 'host'", "plug it in again"),
    ],
)
def test_each_state_has_its_own_words_and_remedy(state: str, kind: type, what: str, remedy: str) -> None:
    error = state_error("adb:R5CT30ABCDE", state)
    assert type(error) is kind
    assert error.what.startswith("adb:R5CT30ABCDE: ")
    assert what in error.what
    assert remedy in error.remedy


def test_a_server_that_the_user_named_is_named_when_it_is_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADB_SERVER_SOCKET", "tcp:far-away:5037")
    error = adb_error("adb", AdbFailure(AdbTrouble.ADB_SERVER_FAULT, "cannot connect to daemon"))
    assert "the adb server at tcp:far-away:5037" in error.what
    assert "ADB_SERVER_SOCKET" in error.remedy


def test_of_several_phones_one_that_is_ready_is_proposed() -> None:
    with pytest.raises(PermanentError, match="2 phones are attached") as caught:
        only_phone([ListedPhone("LOCKED", "unauthorized"), ListedPhone("READY", "device")])
    assert "-d adb:READY" in caught.value.remedy


def test_a_phone_that_is_not_there_is_told_beside_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [ListedPhone("OTHER", "device", "Pixel_8")]
    assert absent_phone("adb:TYPO", "TYPO", others).what == "adb:TYPO: no phone TYPO is attached; attached: " + str(
        others[0]
    )
    monkeypatch.setenv("ANDROID_SERIAL", "TYPO")
    assert "no phone TYPO (ANDROID_SERIAL) is attached" in absent_phone("adb", "TYPO", []).what


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (AdbTrouble.NO_SPACE, NoSpaceError),
        (AdbTrouble.REMOTE_CREATE_FAILED, CommandFailedError),
        (AdbTrouble.MULTIPLE_DEVICES, PermanentError),
        (AdbTrouble.ADB_SERVER_FAULT, TransientError),
        (AdbTrouble.CLOSED, NotReachableError),
        (AdbTrouble.UNKNOWN, NotReachableError),
    ],
)
def test_what_is_tried_again_follows_from_the_trouble(trouble: AdbTrouble, kind: type) -> None:
    error = adb_error("adb", AdbFailure(trouble, "its words"))
    assert type(error) is kind
    assert "(its words)" in error.what
    assert error.remedy


# --- properties ------------------------------------------------------------------------------------------------------


def test_properties_of_a_real_tablet() -> None:
    assert parse_getprop(sample("getprop/nexus7-razor-3-lines.txt")) == {
        "ro.product.manufacturer": "asus",
        "ro.product.model": "Nexus 7",
        "ro.product.name": "razor",
    }


def test_a_property_whose_line_was_cut_is_left_out_and_the_others_stay() -> None:
    properties = parse_getprop(sample("getprop/mbx-k1-android4.4-missing-bracket.txt"))
    assert len(properties) == 18
    assert properties["ro.product.model"] == "K1"
    assert properties["ro.build.version.release"] == "4.4.2"
    assert properties["ro.build.date"] == "2014-08-14 16:50:37"
    assert "ro.product.cpu.abi" not in properties


def test_an_answer_without_properties_has_none() -> None:
    assert parse_getprop(sample("getprop/emulator-empty-values.txt")) == {}


def test_empty_values_and_values_of_several_lines_are_kept() -> None:
    text = "[ro.product.board]: []\r\n[a.b]: [one\r\ntwo [x]\r\n]\r\n[c]: [[d]]\n"
    assert parse_getprop(text) == {"ro.product.board": "", "a.b": "one\ntwo [x]\n", "c": "[d]"}


def test_an_empty_property_is_no_fact() -> None:
    facts = parse_android_facts(
        {
            "ro.product.model": "K1",
            "ro.product.brand": "MBX",
            "ro.soc.model": "",
            "ro.board.platform": "meson6",
            "ro.build.version.sdk": "nineteen",
            "ro.product.cpu.abi": "armeabi-v7a",
            "ro.product.cpu.abi2": "armeabi",
        }
    )
    assert facts == AndroidFacts(
        manufacturer="MBX", model="K1", soc_model="meson6", abis=["armeabi-v7a", "armeabi"], sdk=None
    )


PHONE = """
@@bakeoff properties
[ro.product.manufacturer]: [samsung]
[ro.product.brand]: [samsung]
[ro.product.model]: [SM-S911B]
[ro.soc.manufacturer]: [QTI]
[ro.soc.model]: [SM8550]
[ro.build.version.release]: [14]
[ro.build.version.sdk]: [34]
[ro.product.cpu.abilist]: [arm64-v8a,armeabi-v7a,armeabi]

@@bakeoff cpufreq
/sys/devices/system/cpu/cpufreq/policy0/affected_cpus:0 1 2
/sys/devices/system/cpu/cpufreq/policy0/cpuinfo_max_freq:2016000
/sys/devices/system/cpu/cpufreq/policy0/scaling_governor:walt
/sys/devices/system/cpu/cpufreq/policy3/affected_cpus:3 4 5 6
/sys/devices/system/cpu/cpufreq/policy3/cpuinfo_max_freq:2803200
/sys/devices/system/cpu/cpufreq/policy7/affected_cpus:7
/sys/devices/system/cpu/cpufreq/policy7/cpuinfo_max_freq:3360000

@@bakeoff core_cpufreq
/sys/devices/system/cpu/cpu0/cpufreq/related_cpus:0 1 2

@@bakeoff loaders
/system/bin/linker
/system/bin/linker64
"""


def test_a_phone_is_identified() -> None:
    identity = parse_android_identity(PHONE)
    assert (identity.kind, identity.model, identity.os, identity.libc) == (
        "adb",
        "Samsung SM-S911B",
        "Android 14",
        "bionic",
    )
    assert [(one.cores, one.max_frequency_khz) for one in identity.clusters] == [
        (3, 2016000),
        (4, 2803200),
        (1, 3360000),
    ]
    assert identity.governor == "walt"
    assert identity.cpu_model == "QTI SM8550"
    assert identity.android is not None
    assert identity.android.sdk == 34
    assert identity.android.abis == ["arm64-v8a", "armeabi-v7a", "armeabi"]
    assert identity.missing.keys() == {"architecture", "cores", "memory_bytes", "kernel", "boot_id", "is_virtual"}


def test_cores_that_share_a_clock_are_one_cluster_where_there_are_no_policies() -> None:
    core = "/sys/devices/system/cpu/cpu{}/cpufreq/"
    lines = "".join(
        f"{core.format(number)}related_cpus:{cores}\n{core.format(number)}cpuinfo_max_freq:{clock}\n"
        for number, cores, clock in ((0, "0 1", 1000), (1, "0 1", 1000), (2, "2", 2000))
    )
    identity = parse_android_identity(f"\n@@bakeoff core_cpufreq\n{lines}")
    assert [(one.cores, one.max_frequency_khz) for one in identity.clusters] == [(2, 1000), (1, 2000)]


def test_a_linux_board_with_adbd_is_no_android() -> None:
    identity = parse_android_identity("\n@@bakeoff os_release\nNAME=Buildroot\n\n@@bakeoff machine\naarch64\n")
    assert (identity.kind, identity.os, identity.architecture, identity.android) == (
        "adb",
        "Buildroot",
        "aarch64",
        None,
    )
    assert identity.missing["android"] == "this is no Android device"


def test_an_adb_that_finds_no_folder_for_its_key_is_told_apart_from_a_broken_server() -> None:
    # adb 29.0.6 with a HOME that it may not write to.
    said = """* daemon not running; starting now at tcp:50993
ADB server didn't ACK
Full server startup log: /tmp/adb.65534.log
adb F 11-24 15:56:19  7676  7676 adb_utils.cpp:316] Cannot mkdir '/home/ci/.android': Permission denied

* failed to start daemon
adb: failed to check server version: cannot connect to daemon
"""
    found = classify_adb_error(said)
    assert found.trouble is AdbTrouble.NO_HOME
    error = adb_error("adb", found)
    assert isinstance(error, PermanentError)
    assert "/home/ci/.android" in error.what
    assert error.remedy.startswith("Set HOME")
