"""Which runtimes stand ready on a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devices.json_answer import JsonAnswer, parse_answer

if TYPE_CHECKING:
    from devices.base import DeviceCommands

# One line an environment: its folder's name, a tab, and ready.json without line ends.
_LIST = r"""
cd "$1/runtimes" 2>/dev/null || exit 0
for file in */ready.json; do
    [ -f "$file" ] || continue
    printf '%s\t' "${file%/ready.json}"
    tr -d '\n' <"$file"
    echo
done
"""


class _Ready(JsonAnswer):
    """Of ready.json."""

    version: str
    python_version: str


def ready_runtimes(device: DeviceCommands) -> list[str]:
    """Provisioned environments, such as `onnxruntime 1.32.0 (Python 3.11.2)`, by name."""
    done = device.run(["sh", "-c", _LIST, "sh", device.workdir], timeout_s=30.0)
    found = []
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        folder, _, text = line.partition("\t")
        ready = parse_answer(text.encode(), _Ready)
        if ready is not None and ready.version:  # else half-made: it is made anew when it is needed
            name = folder.split(f"-{ready.version}", 1)[0]
            found.append(f"{name} {ready.version} (Python {ready.python_version})")
    return sorted(found)
