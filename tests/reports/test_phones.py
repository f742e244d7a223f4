"""Phones in the renderings: by their model and address, with what their properties say, and how they were measured."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from devices.identity import AndroidFacts
from harness.documents.comparison import Comparison
from harness.documents.device_survey import DeviceSurvey
from harness.documents.profile import Ability
from reports.device_table import render_devices
from reports.html import render_html
from reports.identity_facts import identity_facts
from reports.terminal import render_terminal
from tests.reports import sample_comparison as sample
from tests.reports.parsed_page import by_class, by_id, elements, local_name, parse, seen_text

ANDROID = AndroidFacts(
    manufacturer="Google",
    model="Pixel 6a",
    soc_manufacturer="Google",
    soc_model="Tensor",
    build_fingerprint="google/bluejay/bluejay:14/AP2A.240605.024/11860263:user/release-keys",
    build_type="user",
    release="14",
    sdk=34,
    abis=["arm64-v8a", "armeabi-v7a"],
)
PHONE = sample.identity().model_copy(update={"android": ANDROID, "model": "Google Pixel 6a"})
NAMES = ["Google Pixel 6a (adb:R5CT30ABCDE)", "Google Pixel 6a (adb:10.0.0.7:5555)"]
SHELL = "Measured in a shell process"


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def two_alike(run_folder: Path) -> Comparison:
    comparison = sample.comparison(run_folder)
    first, second = comparison.devices[:2]
    return comparison.model_copy(
        update={
            "devices": [
                first.model_copy(update={"identity": PHONE}),
                second.model_copy(update={"identity": PHONE, "device": "adb:10.0.0.7:5555"}),
            ]
        }
    )


def test_two_phones_of_one_model_are_called_by_model_and_address_all_over_the_page(two_alike, run_folder):
    tree = parse(render_html(two_alike, run_folder))
    headings = [seen_text(each) for each in tree.iter() if local_name(each) in {"h2", "h3"}]
    for name in NAMES:
        assert f"Device {name}" in headings
        assert name in seen_text(elements(tree, "nav")[0])
        assert name in seen_text(by_id(tree, "rules"))
    seen = seen_text(tree)
    for device, name in zip(two_alike.devices, NAMES, strict=True):
        assert seen.count(device.device) == seen.count(name)


def test_the_key_in_the_result_stays_the_address(two_alike):
    again = Comparison.model_validate_json(two_alike.model_dump_json())
    assert [device.device for device in again.devices] == ["adb:R5CT30ABCDE", "adb:10.0.0.7:5555"]
    assert [device.shown_name for device in again.devices] == NAMES
    assert "shown_name" not in two_alike.model_dump_json()


def test_devices_of_other_kinds_keep_the_name_that_was_given(run_folder):
    other = sample.comparison(run_folder).devices[1]
    assert other.identity is not None
    assert other.identity.model is not None
    assert other.shown_name == other.device


def test_only_a_phone_is_labelled_as_measured_in_a_shell_process(two_alike, run_folder):
    first = two_alike.devices[0]
    board = sample.comparison(run_folder).devices[1]
    page = render_html(two_alike.model_copy(update={"devices": [first, board]}), run_folder)
    sections = by_class(parse(page), "device")
    assert [SHELL in seen_text(section) for section in sections] == [True, False]
    assert "twice as fast or as slow" in seen_text(sections[0])


def test_a_phone_s_identity_has_what_its_properties_say(two_alike, run_folder):
    facts = dict(identity_facts(PHONE))
    assert facts["System on a chip"] == "Google Tensor"
    assert facts["Android"] == "14 (SDK 34)"
    assert facts["Build"] == ANDROID.build_fingerprint
    assert facts["ABIs"] == "arm64-v8a, armeabi-v7a"
    assert ANDROID.build_fingerprint in seen_text(by_id(parse(render_html(two_alike, run_folder)), "method"))
    silent = PHONE.model_copy(update={"android": AndroidFacts(release="14")})
    assert dict(identity_facts(silent))["System on a chip"].startswith("unavailable: ")
    assert "ABIs" not in dict(identity_facts(sample.identity(phone=False)))


@pytest.mark.parametrize("name", sample.HOSTILE_NAMES)
def test_a_model_s_name_can_do_nothing_on_the_page(two_alike, run_folder, name):
    first, second = two_alike.devices
    hostile = first.model_copy(update={"identity": PHONE.model_copy(update={"model": name})})
    tree = parse(render_html(two_alike.model_copy(update={"devices": [hostile, second]}), run_folder))
    assert len(elements(tree, "script")) == 1  # the page's own
    assert len(by_class(tree, "device")) == 2


def test_a_terminal_calls_phones_as_the_page_does(two_alike, capsys):
    render_terminal(two_alike, Console(width=200, color_system=None))
    shown = capsys.readouterr().out
    for name in NAMES:
        assert f"on {name}: " in shown
        assert f"\n{name} (" in shown


def test_bakeoff_devices_shows_chip_sdk_abis_and_clocks_within_80_columns(capsys):
    words = " ".join(["settings"] * 30)
    surveys = [
        DeviceSurvey(device="adb:A", identity=PHONE, abilities=[Ability(what="energy", possible=False, how=words)]),
        DeviceSurvey(device="adb:B", problem=words, remedy=words),
    ]
    render_devices(surveys, Console(width=80, color_system=None))
    shown = capsys.readouterr().out
    assert all(len(line) <= 80 for line in shown.splitlines())
    said = " ".join(shown.replace("\N{NO-BREAK SPACE}", " ").split())
    assert "machine Google Pixel 6a, Google Tensor, 8 cores" in said
    assert "clusters 4 cores up to 1803 MHz, 2 cores up to 2253 MHz" in said
    assert "ABIs arm64-v8a, armeabi-v7a" in said
    assert "Android 14, SDK 34" in said
    assert said.count("settings") == 90
