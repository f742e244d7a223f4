"""What may be mailed of a comparison tells nothing of the network that it was measured in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, get_args

import pytest

from devices.identity import AndroidFacts
from harness.documents.comparison import Comparison
from harness.documents.folder import safe_name
from reports.exports.registry import EXPORTS, open_export
from reports.shared_copy import LEFT_OUT, shared
from tests.reports import sample_comparison as sample

BOARD, PHONE, NEAR = "ssh://alicia@lab-rack-7:2222/srv/wombat/bakeoff", "adb:R5CT30ABCDE", "adb:10.83.7.31:5555"
BOOT_ID, SERIAL = "1b6f0b7e-7d4b-4b6e-8f0a-0d3f0b1c2d3e", "R5CT30ABCDE"
SECRETS = [
    "alicia",
    "lab-rack-7",
    "wombat",
    "R5CT30ABCDE",
    "10.83.7.31",
    BOOT_ID,
    "brunhilde",
    "192.168.178.23",
    "fe80::1ff:fe23:4567:890a",
    "quokka",
    "numbat",
    "dingo-host",
]
"""What may stand nowhere: of the devices' addresses, of a user whose home is named, of hosts and folders in texts."""
PLANTED = [
    *(BOARD, PHONE, NEAR, BOOT_ID, SERIAL),
    "alicia@lab-rack-7: Permission denied (publickey).",
    f"{BOARD}/runs/7 is full",
    f"on {BOARD}: 31 % slower",
    f"Google Pixel 6a ({PHONE}) does not answer.",
    "ssh: connect to host lab-rack-7.numbat.example port 2222: No route to host",
    "LAB-RACK-7 restarted; Alicia's model",
    "device 'R5CT30ABCDE' not found, 10.83.7.31:5555 offline",
    "/home/brunhilde/wombat/a.onnx: No such file; /home/brunhilde is full",
    "'/Users/brunhilde/My quokka/numbat x.tflite' cannot be read",
    r"C:\Users\brunhilde\quokka\a.onnx",
    "~/numbat/quokka/libonnxruntime.so.1 was found",
    "inet 192.168.178.23, inet6 fe80::1ff:fe23:4567:890a%eth0",
    "http://quokka.example/numbat?x=alicia",
    "//numbat/quokka/share and numbat.local",
    f"runs/0-{safe_name(BOARD)}/x",
    "google/bluejay/bluejay:13/TQ1A/eng.brunhilde.20230101:userdebug, /home/brunhilde",
    "dingo-host rebooted",
]


def a_comparison(folder: Path) -> Comparison:
    """Of a board and two phones of one model."""
    comparison = sample.comparison(folder, devices=[BOARD, PHONE, NEAR], images=1)
    android = AndroidFacts(model="Pixel 6a", serial=SERIAL, build_fingerprint="google/bluejay:14/AP2A/1:user/release")
    board, *phones = comparison.devices
    identities = [sample.identity(phone=False), *[sample.identity().model_copy(update={"android": android})] * 2]
    devices = [
        device.model_copy(update={"identity": identity})
        for device, identity in zip([board, *phones], identities, strict=True)
    ]
    return comparison.model_copy(update={"devices": devices})


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run")


@pytest.fixture(scope="module")
def comparison(run_folder: Path) -> Comparison:
    return a_comparison(run_folder)


def planted(value: Any, plant: Callable[[str], str]) -> Any:
    """The same with something planted in each text that is not one of bakeoff's own words or a device's key."""
    if isinstance(value, str):
        return value if value in KEPT or value.startswith(("gallery/", "bakeoff.")) else plant(value)
    if isinstance(value, dict):
        return {
            key: each if key in {"device", "kind", "chosen", "cause"} else planted(each, plant)
            for key, each in value.items()
        }
    return [planted(each, plant) for each in value] if isinstance(value, list) else value


def _literals() -> set[str]:
    from harness.documents import comparison as documents
    from harness.quantity import QUANTITIES

    found = {word for kind in vars(documents).values() for word in get_args(kind) if isinstance(word, str)}
    return found | set(QUANTITIES) | {"ratio", "difference", "baseline", "candidate", "ok", "complete", "tflite"}


KEPT = _literals()


def rest_of(text: str, secrets: list[str]) -> list[str]:
    return [secret for secret in secrets if secret.casefold() in text.casefold()]


@pytest.mark.parametrize("seed", range(3))
def test_nothing_private_is_left_in_any_field_of_any_rendering(
    seed: int, comparison: Comparison, run_folder: Path
) -> None:
    random = Random(seed)

    def plant(value: str) -> str:
        return random.choice(["{0}", "{0} {1}", "{1}: {0}", "({0})", "{1}\n{0}", '"{0}"']).format(
            random.choice(PLANTED), value
        )

    seeded = Comparison.model_validate(planted(comparison.model_dump(by_alias=True), plant))
    copy = shared(seeded, also_private=["dingo-host"])
    assert rest_of(copy.model_dump_json(), SECRETS) == []
    for name in ("html", "markdown", "csv", "csv-rules"):
        assert rest_of(open_export(name).render(copy, run_folder).decode(), SECRETS) == []


@pytest.mark.parametrize("text", PLANTED)
def test_each_of_them_is_found_wherever_it_stands_alone(comparison: Comparison, text: str) -> None:
    first = comparison.devices[0].model_copy(update={"problem": text, "runner_reason": f"It says: {text}"})
    copy = shared(comparison.model_copy(update={"devices": [first, *comparison.devices[1:]]}), ["dingo-host"])
    assert rest_of(copy.model_dump_json(), SECRETS) == []


@pytest.mark.parametrize("name", sorted(set(EXPORTS) - {"pdf"}))
def test_every_format_can_be_written_of_a_shared_copy(name: str, comparison: Comparison, run_folder: Path) -> None:
    assert rest_of(open_export(name).render(shared(comparison), run_folder).decode(errors="replace"), SECRETS) == []


def test_devices_are_called_by_model_and_a_letter(comparison: Comparison) -> None:
    copy = shared(comparison)
    assert [device.shown_name for device in copy.devices] == [
        "Raspberry Pi 4 Model B (machine A)",
        "Pixel 6a (phone B)",
        "Pixel 6a (phone C)",
    ]
    assert [device.device for device in copy.devices][1:] == ["phone B", "phone C"]
    assert copy.devices[1].identity is not None
    assert copy.devices[1].identity.boot_id is None
    assert copy.devices[1].identity.missing["boot_id"] == "left out of a copy for sharing"


def test_texts_call_devices_as_the_page_does(comparison: Comparison) -> None:
    verdict = comparison.verdicts[0].model_copy(
        update={"sentence": f"Slower on {BOARD}, faster on Pixel 6a ({PHONE}).", "reasons": [f"On {NEAR}: 3 %."]}
    )
    copy = shared(comparison.model_copy(update={"verdicts": [verdict]}))
    assert copy.verdicts[0].sentence == ("Slower on Raspberry Pi 4 Model B (machine A), faster on Pixel 6a (phone B).")
    assert copy.verdicts[0].reasons == ["On phone C: 3 %."]


def test_numbers_names_and_pictures_are_untouched(comparison: Comparison) -> None:
    copy = shared(comparison)
    for told, device in zip(copy.devices, comparison.devices, strict=True):
        for part in ("contrasts", "rules", "latency", "arms", "gallery", "environment", "energy", "warnings"):
            assert getattr(told, part) == getattr(device, part)
    assert copy.arms == comparison.arms
    assert copy.method == [*comparison.method, LEFT_OUT]


def test_a_shared_copy_gives_itself_again(comparison: Comparison) -> None:
    assert shared(shared(comparison)) == shared(comparison)


def test_this_computer_stays_local_and_its_own_name_is_left_out(run_folder: Path) -> None:
    here = sample.comparison(run_folder, devices=["local"], images=0)
    copy = shared(here.model_copy(update={"question": "Is it faster on dingo-host?"}), ["dingo-host"])
    assert copy.devices[0].device == "local"
    assert copy.question == "Is it faster on [name]?"


@pytest.mark.parametrize(
    "text",
    [
        "/proc/<pid>/smaps_rollup cannot be read on this device without root",
        "/sys/class/power_supply/battery/current_now",
        "libLiteRt.so, from /usr/lib/aarch64-linux-gnu/libLiteRt.so",
        "onnxruntime==1.2.3.4 at 06:20:11, 2025-11-23T06:31:52Z",
        "31 % faster (between 29 % and 33 %), 1.45 times; 10.2 W / 3.1 V, and/or 40 images/s",
        "std::vector<int> is <b>not</b> </script> ../models/a.onnx",
        "a pi, a user and root on a phone",
        "AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36 Edg/150.0.0.0",
    ],
)
def test_what_tells_nothing_of_a_network_stays(comparison: Comparison, text: str) -> None:
    assert shared(comparison.model_copy(update={"question": text})).question == text


def test_of_a_path_the_file_s_name_stays(comparison: Comparison) -> None:
    told = shared(comparison.model_copy(update={"question": "/home/x/a/esrgan.onnx and /home/x/a differ"}))
    assert told.question == "…/esrgan.onnx and [path] differ"


def test_users_and_models_called_like_bakeoff_s_own_words_break_nothing(run_folder: Path) -> None:
    places = ["ssh://better@met", "ssh://psnr_y@worst/baseline", "ssh://sample@candidate"]
    copy = shared(sample.comparison(run_folder, devices=places, images=1))
    assert len({device.device for device in copy.devices}) == 3
    assert copy.devices[0].rules[0].outcome == "met"
    assert "psnr_y" in copy.devices[1].gallery[0].values[sample.BASELINE]


def test_a_user_called_bakeoff_is_nobody_in_particular(comparison: Comparison) -> None:
    told = shared(comparison, ["bakeoff"])
    assert told == shared(comparison)
    assert any("bakeoff" in sentence for sentence in told.model_dump_json().split())


def test_two_arms_stay_two(run_folder: Path) -> None:
    arms = ["/home/alicia/a.onnx", "/home/alicia/b/a.onnx", "esrgan@int8"]
    copy = shared(sample.comparison(run_folder, candidates=arms, images=1))
    names = [arm.name for arm in copy.arms]
    assert names == [sample.BASELINE, "…/a.onnx", "…/a.onnx (2)", "esrgan@int8"]
    assert {verdict.candidate for verdict in copy.verdicts} == set(names[1:])


@pytest.mark.parametrize("name", sample.HOSTILE_NAMES)
def test_a_hostile_name_of_a_device_is_left_out_like_any(run_folder: Path, name: str) -> None:
    device = f"adb:{name}"
    comparison = sample.comparison(run_folder, devices=[device, "local"], images=0)
    copy = shared(comparison.model_copy(update={"question": f"What of {device}?"}))
    assert copy.question == "What of Pixel 6a (phone A)?"
    assert name not in copy.model_dump_json()


def test_pictures_in_a_folder_named_after_the_device_are_said_to_be_left_out(comparison: Comparison) -> None:
    old = "gallery/0-ssh-alicia-lab-rack-7-2222-srv-wombat-b/a1-0-x/baseline.png"
    first = comparison.devices[0]
    item = first.gallery[0].model_copy(update={"baseline_image": old})
    copy = shared(comparison.model_copy(update={"devices": [first.model_copy(update={"gallery": [item]})]}))
    assert copy.devices[0].gallery[0].baseline_image is None
    assert "`bakeoff analyze` puts them" in copy.devices[0].gallery[0].notes[-1]


def test_infinite_values_survive(comparison: Comparison) -> None:
    value = shared(comparison).devices[0].arms[0].values["psnr"]
    assert value.kind == "available"
    assert math.isinf(value.value)


def test_forty_devices_have_forty_names(run_folder: Path) -> None:
    many = sample.comparison(run_folder, devices=[f"ssh://pi@rack-{number}" for number in range(40)], images=0)
    names = [device.device for device in shared(many).devices]
    assert len(set(names)) == 40
    assert re.search(r"machine NN\)$", names[39])
