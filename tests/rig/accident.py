"""Accidents of a phone in the middle of a run: what happens, and at which stage of the run.

The stage is seen by what passes between the adb server and the phone, so the run is any run, and nothing in it knows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.rig.adb_server import AdbServer
from tests.rig.any_phone import AnyPhone
from tests.rig.phone import StandInPhone
from tests.rig.tcp_proxy import Sight, TcpProxy

_OFFLINE_S = 4.0
_STALL_S = 8.0
"""Longer than a silence after which a phone is asked whether it is there."""
_TRUNCATED_S = 3.0
_TRUNCATED_AT = 60
"""Bytes of a command's output: the first of them say that the command began."""


_ROOM_BYTES = 96 << 20
"""For the runner, the runtime, and the outputs of a tiny run."""


@dataclass(frozen=True)
class ProxiedPhone:
    """A phone whose link to the adb server passes through a proxy."""

    phone: AnyPhone
    proxy: TcpProxy
    server: AdbServer

    @property
    def name(self) -> str:
        """What `-d` calls it."""
        return f"adb:{self.proxy.address}"

    def connect(self) -> None:
        """Let the server connect anew, and wait until it has."""
        self.server.adb("disconnect", self.proxy.address)
        self.server.connect(self.proxy.address)
        self.server.wait_for_state(self.proxy.address, "device")


@dataclass(frozen=True)
class Stage:
    """The moment when a run is at something: these have passed, and so many bytes after them."""

    sights: tuple[Sight, ...]
    more_bytes: int = 0


STAGES = {
    "connect": Stage((Sight(b".bakeoff-asks", "to phone"),)),
    "push": Stage((Sight(b"tar -xof", "to phone"),), 10_000),
    # The runner has been started, and whoever started it does not hear of it.
    "start": Stage((Sight(b"runner.log", "to phone", or_text=b"exit.$$"), Sight(b" end ", "from phone"))),
    "follow": Stage((Sight(b"tail -c +", "to phone"), Sight(b'"latency_block"', "from phone")), 500),
    "fetch": Stage((Sight(b"tar $o -chf", "to phone"), Sight(b"", "from phone")), 10_000),
}


def _nothing(_: ProxiedPhone) -> None:
    pass


def _later(seconds: float, do: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, do)
    timer.daemon = True
    timer.start()


@dataclass(frozen=True)
class Fault:
    """What goes wrong. One that `stays` is there until somebody mends it, and the run ends with a problem."""

    strike: Callable[[ProxiedPhone], None]
    before: Callable[[ProxiedPhone], None] = _nothing
    """What is the matter with the phone from the beginning."""
    mend: Callable[[ProxiedPhone], None] = _nothing
    stays_at: frozenset[str] = field(default_factory=frozenset)
    """Stages at which the run cannot get by."""
    words: str = ""
    """What the problem then says, as a pattern."""
    only_our_adbd: bool = False


def _drop(desk: ProxiedPhone) -> None:
    desk.proxy.drop_now()


def _go_offline(desk: ProxiedPhone) -> None:
    desk.proxy.is_silent = True
    desk.proxy.drop_now()
    _later(_OFFLINE_S, lambda: _come_back(desk))


def _come_back(desk: ProxiedPhone) -> None:
    desk.proxy.is_silent = False
    desk.proxy.drop_now()


def _revoke(desk: ProxiedPhone) -> None:
    desk.proxy.asks_for_a_key = True
    desk.proxy.drop_now()


def _allow(desk: ProxiedPhone) -> None:
    desk.proxy.asks_for_a_key = False
    desk.proxy.drop_now()
    desk.connect()


def _stall(desk: ProxiedPhone) -> None:
    desk.proxy.stall_now()
    _later(_STALL_S, desk.proxy.resume)


def _truncate(desk: ProxiedPhone) -> None:
    assert isinstance(desk.phone, StandInPhone)
    faults = desk.phone.faults
    faults.truncate_output_at = _TRUNCATED_AT
    _later(_TRUNCATED_S, lambda: setattr(faults, "truncate_output_at", None))


def _hide_shell_v2(desk: ProxiedPhone) -> None:
    desk.proxy.hides_shell_v2 = True
    desk.connect()


FAULTS = {
    "drop": Fault(_drop),
    "offline": Fault(_go_offline),
    "unauthorized": Fault(
        _revoke, mend=_allow, stays_at=frozenset(STAGES), words="the phone has not allowed this computer"
    ),
    "reboot": Fault(lambda desk: desk.phone.reboot()),
    "stall": Fault(_stall),
    "full": Fault(
        lambda desk: desk.phone.leave_free(0),
        # What is left is filled in no time.
        before=lambda desk: desk.phone.leave_free(_ROOM_BYTES),
        mend=lambda desk: desk.phone.leave_free(_ROOM_BYTES),
        stays_at=frozenset(STAGES) - {"fetch"},
        words=r"no space left|the disk is full|MB are free",
    ),
    "truncated": Fault(_truncate, only_our_adbd=True),
    "no shell v2": Fault(_drop, before=_hide_shell_v2),
    "server killed": Fault(lambda desk: desk.server.stop()),
}


class Accident:
    """A fault that waits for its stage."""

    def __init__(self, desk: ProxiedPhone, fault: Fault, stage: str) -> None:
        self.desk, self.fault, self.stage = desk, fault, stage
        self.has_happened = False
        self.stays = stage in fault.stays_at
        fault.before(desk)
        desk.proxy.when(*STAGES[stage].sights, more_bytes=STAGES[stage].more_bytes, act=self._happen)

    def _happen(self) -> None:
        self.has_happened = True
        self.fault.strike(self.desk)
