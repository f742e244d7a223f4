"""Which runner a device gets."""

import pytest

from devices.identity import AndroidFacts, Identity
from harness.runs.runner_setup import choose_runner

PHONE = Identity(kind="adb", android=AndroidFacts(abis=["arm64-v8a"]), libc="bionic")
BOARD_OVER_ADB = Identity(kind="adb", libc="glibc 2.36")
BOARD = Identity(kind="ssh", libc="glibc 2.36")
HERE = Identity(kind="local", libc="glibc 2.36")


@pytest.mark.parametrize(
    ("identity", "wanted", "chosen"),
    [
        (PHONE, None, "native"),
        (BOARD_OVER_ADB, None, "native"),
        (BOARD, None, "python"),
        (HERE, None, "python"),
        (HERE, "native", "native"),
        (PHONE, "python", "python"),
    ],
)
def test_phones_get_the_native_runner_others_python_and_the_user_has_the_last_word(identity, wanted, chosen):
    assert choose_runner(identity, wanted) == chosen
