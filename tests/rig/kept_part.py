"""The moment at which a phone has so much of a large file that is on its way to it."""

from __future__ import annotations

import time
from collections.abc import Callable

from devices.adb.device import AdbDevice
from tests.rig.real_phone import RealPhone
from tests.rig.tcp_proxy import Sight, TcpProxy


def when_kept(device: AdbDevice, phone: RealPhone, proxy: TcpProxy, count: int, act: Callable[[], None]) -> None:
    """Do something once, as soon as so many bytes of an unfinished blob are there under the name that it is gone on
    with. However late the phone is with giving that name, what is sent after it waits a little, piece by piece.
    """

    def look() -> None:
        if _kept_bytes(device, phone) >= count:
            act()
        else:
            time.sleep(0.02)
            proxy.when(Sight(b"", "to phone"), more_bytes=1 << 17, act=look)

    proxy.when(Sight(b"", "to phone"), act=look)


def _kept_bytes(device: AdbDevice, phone: RealPhone) -> int:
    folder = phone.inside(f"{device.workdir}/blobs")
    return max((there.stat().st_size for there in folder.glob(".in-*") if not there.suffix), default=0)
