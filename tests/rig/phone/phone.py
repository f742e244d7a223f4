"""A stand-in phone: switched on, plugged in, rebooted, and had accidents with."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import threading
import time
from pathlib import Path

from tests.rig import adb_server
from tests.rig.adb_server import AdbServer
from tests.rig.phone import android_tree, namespaces
from tests.rig.phone.android_tree import Tools
from tests.rig.phone.battery_model import BatteryModel
from tests.rig.phone.device_state import DeviceState, arm64_cpuinfo, pixel_properties
from tests.rig.phone.faults import Action, Faults
from tests.rig.phone.inside import Inside
from tests.rig.phone.link import Link, Service, Stream
from tests.rig.phone.namespaces import Namespaces
from tests.rig.phone.plain_directory import PlainDirectory
from tests.rig.phone.port_service import Reversals, connect_port, join
from tests.rig.phone.shell_service import ShellService
from tests.rig.phone.sync_service import SyncService
from tests.rig.phone.thermal_model import BATTERY, ThermalModel

_GIB = 1 << 30
_TICK_S = 0.25
_FILL_BYTES = 1 << 20
_REFUSALS = {
    "root": b"adbd cannot run as root in production builds\n",
    "unroot": b"adbd not running as root\n",
    "remount": b'Not running as root. Try "adb root" first.\n',
}


def missing_parts(architecture: str = "x86_64") -> str | None:
    """Why no phone of that architecture can be had here, or None. `adb` is asked for as well."""
    return adb_server.missing_parts() or android_tree.missing_parts(architecture)


class StandInPhone:
    """An adb daemon over an Android-like root. A context manager: leaving it ends all that runs there.

    As root it is confined: own mounts and processes, commands run as uid 2000, /system is read-only, and /data is
    `data_bytes` of memory that outlives a reboot but not the phone. Otherwise (`confined` false) it is a plain
    directory: see `PlainDirectory`, and use `phone.path(...)`.
    """

    def __init__(
        self,
        serial: str = "STANDIN0001",
        *,
        faults: Faults | None = None,
        model: str = "Pixel 8",
        sdk: int = 34,
        architecture: str = "x86_64",
        cores: int | None = None,
        data_bytes: int = _GIB,
        folder: Path | None = None,
        tools: Tools | None = None,
        confined: bool | None = None,
    ) -> None:
        self.serial = serial
        self.faults = faults or Faults()
        self.battery = BatteryModel()
        self.thermal = ThermalModel()
        self._own_folder = folder is None
        self.folder = folder or Path(tempfile.mkdtemp(prefix="phone-"))
        root, state = self.folder / "root", self.folder / "state"
        android_tree.build_root(root, architecture, tools)
        abi = android_tree.ABIS[architecture]
        properties = pixel_properties(serial=serial, model=model, abi=abi, sdk=sdk)
        cores = cores or os.cpu_count() or 1
        self.state = DeviceState(state, properties, cores=cores)
        """Properties, settings, sysfs files and canned answers: a test may change them at any time."""
        if architecture == "arm64":
            self.state.write("proc/cpuinfo", arm64_cpuinfo(cores))
        if confined is None:
            confined = namespaces.missing_parts() is None
        self._machine: Namespaces | PlainDirectory
        if confined:
            self._machine = Namespaces(root, state, data_bytes=data_bytes)
        else:
            android_tree.point_shebangs_at(root)
            self._machine = PlainDirectory(root, state)
        self._inside = Inside(self._machine, self.faults, self._perform)
        self._reversals = Reversals()
        self._links: set[Link] = set()
        self._lock = threading.RLock()
        self._model_lock = threading.Lock()
        self._authorised = threading.Event()
        self._off = threading.Event()
        self._rebooting = threading.Lock()
        self._written: dict[str, str] = {}
        self._stepped_at_s, self._stepped_cpu_s = time.monotonic(), 0.0
        self._listener = self._reserve_port(0)
        self.port: int = self._listener.getsockname()[1]

    # for tests

    @property
    def address(self) -> str:
        """What adb calls this phone once it is connected."""
        return f"127.0.0.1:{self.port}"

    @property
    def target(self) -> int:
        """The port of this machine where its adbd listens."""
        return self.port

    @property
    def has_own_boot_id(self) -> bool:
        """Whether its boot id is another after a reboot; a plain directory shows this machine's."""
        return self.confined

    def settings(self) -> dict[str, str]:
        """`namespace/key` → value of everything that is set: compare before and after."""
        return self.state.settings()

    @property
    def confined(self) -> bool:
        """Whether it has mounts and processes of its own."""
        return self._machine.confined

    @property
    def has_toybox(self) -> bool:
        """Whether its programs are Android's own, and not busybox's."""
        return (self.folder / "root/system/bin/toybox").exists()

    def path(self, path: str) -> str:
        """What a command there must say to mean an absolute path of the phone."""
        return path if self.confined else f"{self._machine.root}{path}"

    @property
    def data_folder(self) -> Path:
        """/data/local/tmp as this machine sees it."""
        if self.confined:
            return Path(f"/proc/self/fd/{self._machine.root_fd}/data/local/tmp")
        return self._machine.root / "data/local/tmp"

    def __enter__(self) -> StandInPhone:
        self.switch_on()
        return self

    def __exit__(self, *_: object) -> None:
        self.switch_off()

    def switch_on(self) -> None:
        """Boot, and listen."""
        if not self.faults.unauthorized:
            self._authorised.set()
        self._boot()
        threading.Thread(target=self._tick, daemon=True).start()

    def switch_off(self) -> None:
        """For good; no error if it is off."""
        if self._off.is_set():
            return
        self._off.set()
        self.unplug()
        with self._rebooting:
            self._listener.close()
            self._machine.close()
        if self._own_folder:
            shutil.rmtree(self.folder, ignore_errors=True)

    def connect(self, server: AdbServer) -> str:
        """Let a server connect, and wait until it calls the phone by its state. Returns its words."""
        said = server.connect(self.address)
        state = "unauthorized" if not self._authorised.is_set() else self.faults.state
        server.wait_for_state(self.address, "offline" if self.faults.silent else state)
        return said

    def drop(self) -> None:
        """Break every link; the phone can be connected to again at once."""
        with self._lock:
            links = list(self._links)
        for link in links:
            link.cut()

    def unplug(self) -> None:
        """Break every link and refuse new ones: what runs there goes on, but for the commands of shell v2."""
        with self._lock:
            if self._listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                with contextlib.suppress(OSError):
                    self._listener.shutdown(socket.SHUT_RDWR)
                self._listener.close()
                self._listener = self._reserve_port(self.port)
        self.drop()
        self._reversals.close()

    def plug_in(self) -> None:
        """Take connections again."""
        with self._lock:
            if self._off.is_set() or self._listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                return
            self._listener.listen(16)
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stall(self, seconds: float | None = None) -> None:
        """Let not a byte pass, without closing anything, for so long or until `resume`."""
        with self._lock:
            for link in self._links:
                link.moving.clear()
        if seconds is not None:
            timer = threading.Timer(seconds, self.resume)
            timer.daemon = True
            timer.start()

    def resume(self) -> None:
        """After `stall`: everything that was held back goes on its way."""
        with self._lock:
            for link in self._links:
                link.moving.set()

    def authorise(self) -> None:
        """Somebody taps "Allow"."""
        self._authorised.set()

    def revoke_authorisation(self) -> None:
        """Every link breaks, and no new one is allowed."""
        self._authorised.clear()
        self.drop()

    def reboot(self) -> None:
        """Down, and up again `faults.reboot_down_s` later. Returns when the phone listens again."""
        with self._rebooting:
            if self._off.is_set():
                return
            self.unplug()
            self._machine.halt()
            self.state.booting()
            self.state.new_boot_id()
            if not self._off.wait(self.faults.reboot_down_s):
                self._boot()

    def leave_free(self, free_bytes: int) -> None:
        """Fill /data until only that much is free (confined phones only)."""
        if not self.confined:
            raise RuntimeError("a phone that is a plain directory shares this machine's disk")
        filler = self.data_folder.parents[1] / ".filler"
        fill(filler, free_bytes)

    def update(self) -> None:
        """Let battery, temperatures and sysfs catch up with now; happens by itself several times a second."""
        with self._model_lock:
            now_s, cpu_s = time.monotonic(), self._inside.cpu_s()
            elapsed_s, self._stepped_at_s = now_s - self._stepped_at_s, now_s
            # A command that has ended and is not yet waited for is missing from the sum for a moment.
            used_s, self._stepped_cpu_s = max(0.0, cpu_s - self._stepped_cpu_s), max(self._stepped_cpu_s, cpu_s)
            self.battery.step(elapsed_s, used_s)
            self.thermal.step(elapsed_s, self.battery.load_mw)
            files = self.battery.sysfs_files(self.thermal.zone(BATTERY).celsius) | self.thermal.sysfs_files()
            changed = {path: text for path, text in files.items() if self._written.get(path) != text}
            self.state.write_sysfs(changed)
            self._written |= changed
            for name, text in (("plugged", self.battery.plugged), ("thermal_status", str(self.thermal.status))):
                if self._written.get(f"/{name}") != text:
                    self.state.write(name, text)
                    self._written[f"/{name}"] = text

    @property
    def cpu_s(self) -> float:
        """Processor time that was really spent there, as the battery model knows it."""
        self.update()
        return self._stepped_cpu_s

    # the inside

    def _reserve_port(self, port: int) -> socket.socket:
        # Bound and not listening: connections are refused, and nobody else gets the port.
        reserved = socket.socket()
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind(("127.0.0.1", port))
        return reserved

    def _boot(self) -> None:
        self._machine.boot()
        self.update()

        def complete() -> None:
            # A phone that was switched off meanwhile has no folder any more.
            with contextlib.suppress(FileNotFoundError):
                self.state.set_property("sys.boot_completed", "1")

        if self.faults.boot_s:
            timer = threading.Timer(self.faults.boot_s, complete)
            timer.daemon = True
            timer.start()
        else:
            complete()
        self.plug_in()

    def _tick(self) -> None:
        while not self._off.wait(_TICK_S):
            try:
                self.update()
                asked = (self.state.folder / "reboot").exists()
            except OSError:
                if self._off.is_set():
                    return
                raise
            if asked:
                self.reboot()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        if self.faults.silent:
            with connection, contextlib.suppress(OSError):
                while connection.recv(4096):
                    pass
            return
        link = Link(connection, self._banner(), self._find_service, self._authorised)
        with self._lock:
            self._links.add(link)
        try:
            link.serve()
        finally:
            with self._lock:
                self._links.discard(link)

    def _banner(self) -> bytes:
        properties = self.state.properties()
        names = ("ro.product.name", "ro.product.model", "ro.product.device")
        told = "".join(f"{name}={properties.get(name, '')};" for name in names)
        return f"{self.faults.state}::{told}features={','.join(self.faults.features())}".encode()

    def _find_service(self, link: Link, name: bytes) -> Service | None:  # noqa: PLR0911 (one for each kind)
        service, _, rest = name.partition(b":")
        kind, *arguments = service.decode(errors="replace").split(",")
        if kind == "exec":
            return ShellService(self._inside, ("raw",), rest)
        if kind == "shell":
            known = self.faults.shell_v2 or "v2" not in arguments
            return ShellService(self._inside, tuple(arguments), rest) if known else None
        if kind == "sync":
            return SyncService(self._inside)
        if kind == "reverse":
            return lambda stream: self._reversals.answer(link, rest.decode(errors="replace"), stream)
        if kind in ("tcp", "localabstract"):
            connection = connect_port(name)
            return None if connection is None else lambda stream: join(stream, connection)
        if kind == "reboot":
            return self._serve_reboot
        said = _REFUSALS.get(kind)
        return None if said is None else lambda stream: stream.write(said)

    def _serve_reboot(self, stream: Stream) -> None:
        stream.close()
        self._perform("reboot", stream.link)

    def _perform(self, action: Action, link: Link) -> None:
        if action == "stall":
            self.stall(self.faults.stall_s)
        elif action == "unplug":
            self.unplug()
        elif action == "reboot":
            link.cut()
            threading.Thread(target=self.reboot, daemon=True).start()
        else:
            link.adbd_died = action == "adbd dies"
            link.cut()


def fill(filler: Path, free_bytes: int) -> None:
    """Let a file grow until only that much is free beside it, whoever else writes there meanwhile; or begin it anew."""
    with filler.open("ab") as file:
        if _free_bytes(file.fileno()) < free_bytes:
            file.truncate(0)
        while (too_much := _free_bytes(file.fileno()) - free_bytes) > 0:
            # In small steps: one that fails, because somebody else was quicker, is undone.
            with contextlib.suppress(OSError):
                size = os.fstat(file.fileno()).st_size
                os.posix_fallocate(file.fileno(), size, min(too_much, _FILL_BYTES))


def _free_bytes(file: int) -> int:
    said = os.fstatvfs(file)
    return said.f_bavail * said.f_frsize
