"""From what a user writes to a device."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from devices.errors import PermanentError
from devices.open_device import open_device
from devices.posix.local import LocalDevice
from devices.ssh.device import SshDevice


def test_local_and_ssh_are_devices_and_keep_the_name_they_were_given() -> None:
    local, remote = open_device("local"), open_device("ssh://pi@bench-4:2222/data")
    assert isinstance(local, LocalDevice)
    assert isinstance(remote, SshDevice)
    assert (local.name, remote.name) == ("local", "ssh://pi@bench-4:2222/data")


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        ("browser", "browser devices are not in this version", "Devices are local, ssh://"),
        ("adb:*", "every phone attached, and one is wanted", "Name it: adb:SERIAL."),
        ("adb:", "is not the address of one phone", "Write adb for the only phone attached"),
        ("loacl", "is not a device", "Did you mean local?"),
        ("pi@bench-4", "is not a device", "Did you mean ssh://pi@bench-4?"),
        ("http://bench", "is not a device", "Devices are local, ssh://"),
        ("", "is not a device", "Devices are local, ssh://"),
        ("ssh://-v", "is not a name for a host", "ssh://pi@bench-4"),
    ],
)
def test_anything_else_is_refused_with_what_would_do(text: str, what: str, remedy: str) -> None:
    with pytest.raises(PermanentError) as caught:
        open_device(text)
    assert what in caught.value.what
    assert remedy in caught.value.remedy


def test_naming_a_device_loads_nothing_heavy() -> None:
    program = (
        "import sys; from devices.open_device import open_device; open_device('ssh://bench');"
        "print(sorted({'numpy', 'pandas', 'scipy', 'onnxruntime', 'matplotlib'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
