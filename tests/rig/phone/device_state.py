"""What a phone's programs answer from: a folder that is /dev/phone inside, written by tests and by the models."""

from __future__ import annotations

import os
import shutil
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

_SETTINGS = {
    "global": {"airplane_mode_on": "0", "stay_on_while_plugged_in": "0", "wifi_on": "1"},
    "system": {"screen_brightness": "102", "screen_off_timeout": "60000"},
    "secure": {},
}
_MAXIMUM_KHZ = {"little": 1_704_000, "big": 2_914_000}


def pixel_properties(*, serial: str, model: str, abi: str, sdk: int) -> dict[str, str]:
    """What `getprop` says of a phone like a Pixel 8 of that ABI."""
    release = {29: "10", 30: "11", 31: "12", 33: "13", 34: "14", 35: "15"}.get(sdk, str(sdk - 20))
    return {
        "ro.product.name": "shiba",
        "ro.product.model": model,
        "ro.product.device": "shiba",
        "ro.product.brand": "google",
        "ro.product.manufacturer": "Google",
        "ro.product.board": "shiba",
        "ro.product.cpu.abi": abi,
        "ro.product.cpu.abilist": abi,
        "ro.product.cpu.abilist64": abi,
        "ro.product.cpu.abilist32": "",
        "ro.board.platform": "zuma",
        "ro.hardware": "shiba",
        "ro.soc.manufacturer": "Google",
        "ro.soc.model": "Tensor G3",
        "ro.serialno": serial,
        "ro.build.version.sdk": str(sdk),
        "ro.build.version.release": release,
        "ro.build.version.incremental": "11860263",
        "ro.build.id": "AP2A.240605.024",
        "ro.build.type": "user",
        "ro.build.fingerprint": f"google/shiba/shiba:{release}/AP2A.240605.024/11860263:user/release-keys",
        "ro.debuggable": "0",
        "ro.secure": "1",
    }


def arm64_cpuinfo(cores: int) -> str:
    """/proc/cpuinfo as an arm64 kernel writes it: numbers for the maker and the part, no name of a model."""
    little, big = "0xd46", "0xd4d"  # Cortex-A510, Cortex-A715
    blocks = (
        f"processor\t: {core}\nBogoMIPS\t: 49.15\nFeatures\t: fp asimd aes pmull sha1 sha2 crc32 atomics fphp asimdhp"
        f" asimddp i8mm bf16\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x1\n"
        f"CPU part\t: {little if core < (cores + 1) // 2 else big}\nCPU revision\t: 0\n"
        for core in range(cores)
    )
    return "\n".join(blocks)


class DeviceState:
    """Files in a folder; each write replaces a file whole, so that no reader sees half of one."""

    def __init__(self, folder: Path, properties: Mapping[str, str], *, cores: int) -> None:
        self.folder = folder
        self._pinned: set[str] = set()
        self._sysfs_lock = threading.Lock()
        """Whether a file is pinned, and what is in it, change together: models and tests write at the same time."""
        for name in ("answers", "proc", "sys/power_supply/battery", "sys/thermal", "sys/cpu"):
            (folder / name).mkdir(parents=True)
        for namespace, values in _SETTINGS.items():
            (folder / "settings" / namespace).mkdir(parents=True)
            for key, value in values.items():
                self.put_setting(namespace, key, value)
        self._properties = dict(properties)
        self._write_properties(self._properties)
        self.write("wakefulness", "Awake")
        self.write("plugged", "none")
        self.write("thermal_status", "0")
        self._write_cores(cores)
        self.new_boot_id()
        self._open_to_the_shell_user()

    def _open_to_the_shell_user(self) -> None:
        for folder, _, files in os.walk(self.folder):
            Path(folder).chmod(0o777)
            for name in files:
                (Path(folder) / name).chmod(0o666)

    def write(self, name: str, text: str) -> None:
        """One small file, with a newline after it."""
        path = self.folder / name
        fresh = path.with_name(f".{path.name}.new")
        fresh.write_text(text + "\n", encoding="utf-8")
        fresh.chmod(0o666)
        fresh.rename(path)

    def read(self, name: str) -> str:
        """One small file, without its newline."""
        return (self.folder / name).read_text(encoding="utf-8").rstrip("\n")

    # sysfs

    def pin(self, path: str, text: str) -> None:
        """Let a file below /sys/class/{power_supply,thermal} or cpu/ say this, whatever the models think."""
        with self._sysfs_lock:
            self._pinned.add(path)
            self._write_sysfs_file(path, text)

    def remove_sysfs(self, path: str) -> None:
        """Let a file or folder be missing, as it is with some vendors."""
        with self._sysfs_lock:
            self._pinned.add(path)
            found = self.folder / "sys" / path
            if found.is_dir():
                shutil.rmtree(found)
            else:
                found.unlink(missing_ok=True)

    def write_sysfs(self, files: Mapping[str, str]) -> None:
        """What the models say, where nothing is pinned."""
        for path, text in files.items():
            with self._sysfs_lock:
                if any(path == pinned or path.startswith(f"{pinned}/") for pinned in self._pinned):
                    continue
                self._write_sysfs_file(path, text)

    def _write_sysfs_file(self, path: str, text: str) -> None:
        (self.folder / "sys" / path).parent.mkdir(parents=True, exist_ok=True)
        self.write(f"sys/{path}", text)

    # properties and settings

    def set_property(self, name: str, value: str) -> None:
        """Also what programs cannot set."""
        self._write_properties({**self.properties(), name: value})

    def properties(self) -> dict[str, str]:
        """All, as `getprop` lists them."""
        lines = self.read("properties").splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}

    def _write_properties(self, properties: Mapping[str, str]) -> None:
        self.write("properties", "\n".join(f"{name}={value}" for name, value in sorted(properties.items())))

    def put_setting(self, namespace: str, key: str, value: str) -> None:
        """As `settings put` does."""
        self.write(f"settings/{namespace}/{key}", value)

    def settings(self) -> dict[str, str]:
        """`namespace/key` → value of everything that is set: compare before and after."""
        root = self.folder / "settings"
        return {str(path.relative_to(root)): path.read_text().rstrip("\n") for path in sorted(root.glob("*/[!.]*"))}

    # canned answers

    def answer(self, command: Sequence[str], text: bytes) -> None:
        """Let `dumpsys`, `getprop`, `settings`, `svc` or `cmd`, called with exactly these words, print this."""
        path = self.folder / "answers" / " ".join(word.replace("/", "%") for word in command)
        path.write_bytes(text)
        path.chmod(0o666)

    # boots

    def new_boot_id(self) -> None:
        """As at every boot. In place: the file is mounted over the kernel's."""
        self.boot_id = str(uuid.uuid4())
        path = self.folder / "boot_id"
        path.write_text(f"{self.boot_id}\n")
        path.chmod(0o644)

    def booting(self) -> None:
        """What does not survive a boot is gone; the boot is not complete."""
        kept = {name: value for name, value in self.properties().items() if name.startswith(("ro.", "persist."))}
        self._write_properties({**self._properties, **kept, "sys.boot_completed": "0"})
        shutil.rmtree(self.folder / "battery_override", ignore_errors=True)
        for name in ("thermal_override", "fixed_performance", "power_mode", "reboot"):
            (self.folder / name).unlink(missing_ok=True)
        self.write("wakefulness", "Awake")

    def _write_cores(self, cores: int) -> None:
        little = (cores + 1) // 2
        files = dict.fromkeys(("possible", "present", "online"), f"0-{cores - 1}" if cores > 1 else "0")
        for core in range(cores):
            files |= {f"cpu{core}/online": "1", f"cpu{core}/topology/core_id": str(core)}
        for first, last, kind in ((0, little - 1, "little"), (little, cores - 1, "big")):
            if last < first:
                continue
            members = " ".join(str(core) for core in range(first, last + 1))
            policy = {
                "affected_cpus": members,
                "related_cpus": members,
                "cpuinfo_min_freq": "324000",
                "cpuinfo_max_freq": str(_MAXIMUM_KHZ[kind]),
                "scaling_min_freq": "324000",
                "scaling_max_freq": str(_MAXIMUM_KHZ[kind]),
                "scaling_cur_freq": "955000",
                "scaling_governor": "sched_pixel",
                "scaling_available_governors": "sched_pixel performance powersave",
                "scaling_available_frequencies": f"324000 955000 {_MAXIMUM_KHZ[kind]}",
            }
            folders = [f"cpufreq/policy{first}", *(f"cpu{core}/cpufreq" for core in range(first, last + 1))]
            files |= {f"{folder}/{name}": text for folder in folders for name, text in policy.items()}
        self.write_sysfs({f"cpu/{path}": text for path, text in files.items()})
