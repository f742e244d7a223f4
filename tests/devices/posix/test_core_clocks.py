"""Which cores a device has, and which of them are big."""

from __future__ import annotations

import os

import pytest

from devices.errors import PermanentError
from devices.posix.core_clocks import cores_for, cores_of_kind, parse_core_clocks
from devices.posix.posix_device import PosixDevice

FREQUENCY = "/sys/devices/system/cpu/cpu{}/cpufreq/cpuinfo_max_freq:{}"


def said(online: str, clocks: dict[int, int]) -> str:
    return "\n".join([online, *(FREQUENCY.format(core, clock) for core, clock in clocks.items())]) + "\n"


# Maximum clocks in kHz of a Snapdragon 865: four little cores, three middle ones, one fast one.
KONA = dict.fromkeys(range(4), 1804800) | dict.fromkeys(range(4, 7), 2419200) | {7: 2841600}


@pytest.mark.parametrize(("kind", "cores"), [("little", [0, 1, 2, 3]), ("big", [4, 5, 6]), ("prime", [7])])
def test_of_three_kinds_of_cores_big_are_those_in_between(kind, cores) -> None:
    assert cores_of_kind("phone", parse_core_clocks(said("0-7", KONA)), kind) == cores


@pytest.mark.parametrize(("kind", "cores"), [("little", [2, 3]), ("big", [0, 1]), ("prime", [0, 1])])
def test_of_two_kinds_the_faster_are_big(kind, cores) -> None:
    clocks = {0: 2000000, 1: 2000000, 2: 1500000, 3: 1500000}
    assert cores_of_kind("board", parse_core_clocks(said("0-3", clocks)), kind) == cores


def test_of_four_kinds_both_in_the_middle_are_big() -> None:
    clocks = {0: 1, 1: 2, 2: 3, 3: 4}
    assert cores_of_kind("phone", clocks, "big") == [1, 2]


def test_a_core_that_is_offline_is_none_of_them() -> None:
    clocks = parse_core_clocks(said("0-3,5-7", KONA))
    assert cores_of_kind("phone", clocks, "big") == [5, 6]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("0-3\n", "does not say which cores are big"),
        ("", "does not say which cores are big"),
        (said("0-3", {0: 1800000, 1: 1800000}), "does not say which cores are big"),
        (said("0-1", {0: 1800000, 1: 1800000}), "all its 2 cores have one maximum clock"),
        ("not a list\nnor clocks\n", "does not say which cores are big"),
    ],
)
def test_where_there_are_no_kinds_numbers_are_asked_for(text, why) -> None:
    with pytest.raises(PermanentError) as caught:
        cores_of_kind("board", parse_core_clocks(text), "big")
    assert why in caught.value.what
    assert "cores = [0, 1]" in caught.value.remedy


def test_clocks_are_known_where_the_list_of_cores_is_not() -> None:
    assert parse_core_clocks("\n" + said("", {0: 5, 1: 6}).lstrip()) == {0: 5, 1: 6}


def test_the_cores_of_a_device_are_found_and_one_that_it_has_not_is_named(device: PosixDevice) -> None:
    here = sorted(os.sched_getaffinity(0))
    assert cores_for(device, here) == here
    with pytest.raises(PermanentError) as caught:
        cores_for(device, [here[0], 999])
    assert "has no core 999" in caught.value.what
    assert str(here[0]) in caught.value.remedy
