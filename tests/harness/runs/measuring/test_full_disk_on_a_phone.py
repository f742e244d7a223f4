"""A phone whose storage is full when outputs are kept: said, with what to do, and gone on with once there is space."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.rig.accident import ProxiedPhone
from tests.rig.command import bakeoff
from tests.rig.phone import AdbServer, StandInPhone
from tests.rig.phone.phone import missing_parts
from tests.rig.run_on_a_phone import over_adb
from tests.rig.run_watch import assert_whole, comparison
from tests.rig.tcp_proxy import Sight, TcpProxy

PAIRS = 6
DATA_BYTES = 112 << 20
"""Little, since to fill it takes time."""
PICTURE = 96
OUTPUT_BYTES = 3 * (2 * PICTURE) ** 2 * 4
"""Of one output: three channels in float32, twice as high and wide as the picture."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ProxiedPhone]:
    reason = missing_parts()
    if reason is not None:
        pytest.skip(reason)
    with ExitStack() as stack:
        server = stack.enter_context(AdbServer(tmp_path / "adb"))
        phone = stack.enter_context(StandInPhone(data_bytes=DATA_BYTES))
        if not phone.confined:
            pytest.skip("this phone is a plain directory: run the tests as root for one with namespaces")
        proxy = TcpProxy(phone.target)
        stack.callback(proxy.close)
        desk = ProxiedPhone(phone, proxy, server)
        desk.connect()
        yield desk


def test_storage_that_is_full_when_outputs_are_kept_fails_no_arm_and_is_gone_on_from(desk, tiny, tmp_path):
    phone = desk.phone
    tiny.picture_size = PICTURE
    tiny.measure["pairs"] = PAIRS
    folder = tmp_path / "run"
    # Everything else is there when the runner is started, and it is not started before the phone is full.
    desk.proxy.when(
        Sight(b"runner.log", "to phone", or_text=b"exit.$$"), act=lambda: phone.leave_free(3 * OUTPUT_BYTES)
    )
    ended = bakeoff("run", tiny.write(), "-d", desk.name, "--out", folder, **over_adb(desk.server))
    assert ended.exit_code == 3, ended.stderr
    assert "Traceback" not in ended.stderr
    (device,) = comparison(folder).devices
    assert "the disk is full there" in device.problem
    assert "Free space there" in device.problem
    assert "bakeoff run --resume" in device.problem
    (home,) = (folder / "devices").iterdir()
    assert b"arm_failed" not in (home / "records.jsonl").read_bytes()

    phone.leave_free(1 << 40)
    done = bakeoff("run", "--resume", folder, **over_adb(desk.server))
    assert done.exit_code == 0, done.stderr
    assert_whole(folder, len(tiny.names), PAIRS, home.name)
    assert [device.status for device in comparison(folder).devices] == ["complete"]
    assert list(phone.data_folder.glob("bakeoff/runs/*")) == []
