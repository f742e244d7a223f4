"""What goes wrong with a phone, and when. Tests hold this object and change it while the phone is in use."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Literal

Flow = Literal["push", "pull", "input", "output"]
"""`push` and `pull`: content of files over the sync service. `input` and `output`: a command's stdin and stdout."""

Action = Literal["drop", "unplug", "adbd dies", "reboot", "stall"]
"""
- `drop`: the link breaks and can be had again at once. adbd notices: commands of shell v2 are hung up, a half-pushed
  file is removed.
- `unplug`: the same, and connections are refused until `StandInPhone.plug_in`.
- `adbd dies`: the link breaks, commands live on, a half-pushed file stays.
- `reboot`: everything that runs dies; the phone is away for `reboot_down_s` and has another boot id.
- `stall`: not a byte moves for `stall_s` (null: until `StandInPhone.resume`), and nothing is closed.
"""


@dataclass
class _Trap:
    flow: Flow
    at_byte: int
    action: Action
    where: bytes

    def is_due(self, flow: Flow, already: int, more: int, about: bytes) -> bool:
        return self.flow == flow and already <= self.at_byte <= already + more and self.where in about


@dataclass
class Faults:
    """Attributes are read when a connection or a command begins; traps are waited for byte by byte."""

    shell_v2: bool = True
    """False: no exit codes, stderr mixed into stdout, as before Android 7."""
    sync_v2: bool = True
    """False: neither stat, nor list, nor send and receive of the second version."""
    unauthorized: bool = False
    """True: no key is accepted, as before somebody taps "Allow USB debugging"."""
    silent: bool = False
    """True: connections are accepted and nothing is ever said. adb calls such a phone offline."""
    state: str = "device"
    """What the banner begins with: `device`, `recovery`, `sideload`, `bootloader`, `rescue`."""
    truncate_output_at: int | None = None
    """Bytes of a command's stdout after which the rest is lost, while its exit code is sent as if all was well."""
    lines_end_in_crlf: bool = False
    """True: without shell v2, output passes through a terminal that turns newlines into CRLF."""
    stall_s: float | None = None
    reboot_down_s: float = 1.0
    boot_s: float = 0.0
    """From the time adbd answers after a reboot until `sys.boot_completed` is 1."""
    _traps: list[_Trap] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def at_byte(self, at_byte: int, of: Flow, do: Action, *, where: str = "") -> None:
        """Once, when `at_byte` bytes of one push, pull or command's input or output have passed.

        `where` narrows it: text in the path on the phone of the file that is pushed or pulled, or in the command or
        the beginning of its input. The bytes of all files of one call of adb are counted together.
        """
        with self._lock:
            self._traps.append(_Trap(of, at_byte, do, where.encode()))

    def allow(self, flow: Flow, already: int, more: int, about: bytes) -> tuple[int, Action | None]:
        """How many of `more` bytes pass after `already` on the stream for `about`, and what happens then."""
        with self._lock:
            due = [trap for trap in self._traps if trap.is_due(flow, already, more, about)]
            if not due:
                return more, None
            first = min(due, key=lambda trap: trap.at_byte)
            self._traps.remove(first)
            return first.at_byte - already, first.action

    @property
    def pending(self) -> int:
        """How many traps have not been sprung: a test that expects a fault sees here whether it came."""
        with self._lock:
            return len(self._traps)

    def features(self) -> list[str]:
        """The features that a connection made now would announce."""
        names = ["cmd", "fixed_push_mkdir", "fixed_push_symlink_timestamp"]
        if self.shell_v2:
            names.append("shell_v2")
        if self.sync_v2:
            names += ["stat_v2", "ls_v2", "sendrecv_v2"]
        return names
