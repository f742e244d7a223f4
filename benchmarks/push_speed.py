"""How much longer than a bare `adb push` does pushing a file by its hash take, the first time and the second?

    python benchmarks/push_speed.py [--pairs 15] [--megabytes 100] [--link-megabytes-per-s 40 100] [--link-pairs 7]

On the stand-in phone of ../shared/phone with the real adbd, bare push and ours in random order within each pair, each
time a file that the phone does not have. Prints the median over pairs of ours/bare with its 95 % interval, and the time
of pushing the same file again. The first push should be within 10 % of a bare one; the second takes under 0.5 s.

By links as slow as a phone's cable (USB 2 carries some 40 MB/s), with the native runner there to hash: what a user
waits for. And by no link at all, with the native runner and with only the phone's sha256sum: there the phone shares
this machine's cores with the adb client and server, a bare push keeps them all busy, and what is hashed takes from the
push's own time. A phone has its cores for itself.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.native_against_python import interval_of_median
from devices.adb.device import AdbDevice
from devices.base import Blob
from harness.runs.preparing.native_setup import set_up_native
from harness.runs.preparing.runner_choice import RunnerChoice
from harness.runs.session.progress import SilentProgress
from tests.rig.adb_server import AdbServer, adb
from tests.rig.real_phone import RealPhone, missing_parts, short_folder
from tests.rig.tcp_proxy import TcpProxy

SEED = 20240601
ALLOWED_RATIO = 1.10
ALLOWED_AGAIN_S = 0.5

CHOICE = RunnerChoice("native", "it is what pushes and hashes", portable=True)


def new_blob(folder: Path, size: int) -> Blob:
    path = folder / "blob"
    content = os.urandom(size)
    path.write_bytes(content)
    return Blob(path, hashlib.sha256(content).hexdigest(), size)


def bare_s(phone: RealPhone, address: str, blob: Blob) -> float:
    begun = time.perf_counter()
    said = adb("-s", address, "push", str(blob.path), "/data/local/tmp/bare", timeout_s=300)
    taken = time.perf_counter() - begun
    if "1 file pushed" not in said:
        raise RuntimeError(said)
    phone.shell("rm /data/local/tmp/bare")
    return taken


def ours_s(device: AdbDevice, blob: Blob) -> float:
    begun = time.perf_counter()
    device.push([blob])
    return time.perf_counter() - begun


def compare(phone: RealPhone, device: AdbDevice, folder: Path, pairs: int, size: int) -> list[tuple[float, ...]]:
    """Seconds of a bare push, of ours, and of ours again; of each pair."""
    pushes = []
    for _ in range(pairs):
        blob = new_blob(folder, size)
        taken = {}
        for side in random.sample(["bare", "ours"], 2):
            taken[side] = bare_s(phone, device.serial, blob) if side == "bare" else ours_s(device, blob)
        pushes.append((taken["bare"], taken["ours"], ours_s(device, blob)))
        device.remove([f"{device.workdir}/blobs/{blob.sha256}"])
    return pushes


def measure(phone: RealPhone, device: AdbDevice, folder: Path, pairs: int, size: int, how: str) -> None:
    """Compare after one pair that does not count, and print what came of it."""
    compare(phone, device, folder, 1, size)
    pushes = compare(phone, device, folder, pairs, size)
    ratios = [ours / bare for bare, ours, _ in pushes]
    ratio, (low, high) = statistics.median(ratios), interval_of_median(ratios)
    bare, _, again = (statistics.median(times) for times in zip(*pushes, strict=True))
    print(f"{size / 1e6:g} MB, {how}: bare {bare:.2f} s, ours/bare {ratio:.2f} [{low:.2f}, {high:.2f}]", end="")
    print(f" in {pairs} pairs; again {again:.3f} s", flush=True)
    if ratio > ALLOWED_RATIO:
        print(f"a first push took more than the {ALLOWED_RATIO:g} x asked for")
    if (longest := max(push[2] for push in pushes)) >= ALLOWED_AGAIN_S:
        print(f"pushing again took up to {longest:.3f} s, where {ALLOWED_AGAIN_S:g} s were asked for")


@contextlib.contextmanager
def by_cable(phone: RealPhone, megabytes_per_s: float) -> Iterator[AdbDevice]:
    """The phone behind a link that carries so much and no more."""
    proxy = TcpProxy(phone.target, bytes_per_s=megabytes_per_s * 1e6)
    try:
        with AdbDevice(f"adb:{proxy.address}") as device:
            yield device
    finally:
        adb("disconnect", proxy.address)
        proxy.close()


def set_up(device: AdbDevice) -> None:
    set_up_native(device, device.identify(), [], CHOICE, SilentProgress(), lambda operation: operation())


def measure_all(phone: RealPhone, folder: Path, options: argparse.Namespace) -> None:
    size = options.megabytes * 1_000_000
    with AdbDevice(f"adb:{phone.address}") as device:
        if options.pairs > 0:
            measure(phone, device, folder, options.pairs, size, "no link between, hashed by sha256sum")
            set_up(device)
            measure(phone, device, folder, options.pairs, size, "no link between, hashed by the runner")
    for rate in options.link_megabytes_per_s:
        with by_cable(phone, rate) as device:
            set_up(device)
            measure(phone, device, folder, options.link_pairs, size, f"{rate:g} MB/s, hashed by the runner")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=15, help="with no link between; 0: none")
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--link-megabytes-per-s", type=float, nargs="*", default=[40.0, 100.0], metavar="RATE")
    parser.add_argument("--link-pairs", type=int, default=7, help="at each rate")
    options = parser.parse_args()
    reason = missing_parts()
    if reason is not None:
        print(f"not measured: {reason}")
        return 0
    random.seed(SEED)
    folder = Path(tempfile.mkdtemp())
    place = short_folder()
    phone = RealPhone(place / "p")
    with AdbServer(folder / "adb") as server, server.meant_by_this_process():
        try:
            phone.start()
            phone.connect()
            measure_all(phone, folder, options)
        finally:
            adb("disconnect", phone.address)
            phone.stop()
            shutil.rmtree(place)
            shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
