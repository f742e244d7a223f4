"""A phone whose storage is full when outputs are kept: said, with what to do, and gone on with once there is space."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.rig.command import bakeoff, start
from tests.rig.phone import AdbServer, StandInPhone
from tests.rig.phone.phone import missing_parts
from tests.rig.run_watch import assert_whole, comparison, wait_for

PAIRS = 6
DATA_BYTES = 112 << 20
"""Little, since to fill it takes time, and the runner does not wait."""
PICTURE = 96
OUTPUT_BYTES = 3 * (2 * PICTURE) ** 2 * 4
"""Of one output: three channels in float32, twice as high and wide as the picture."""


@pytest.fixture
def phone_and_server(tmp_path: Path) -> Iterator[tuple[StandInPhone, AdbServer]]:
    reason = missing_parts()
    if reason is not None:
        pytest.skip(reason)
    with ExitStack() as stack:
        server = stack.enter_context(AdbServer(tmp_path / "adb"))
        phone = stack.enter_context(StandInPhone(data_bytes=DATA_BYTES))
        if not phone.confined:
            pytest.skip("this phone is a plain directory: run the tests as root for one with namespaces")
        phone.connect(server)
        yield phone, server


def test_storage_that_is_full_when_outputs_are_kept_fails_no_arm_and_is_gone_on_from(phone_and_server, tiny, tmp_path):
    phone, server = phone_and_server
    environment = {"ADB_SERVER_SOCKET": f"tcp:127.0.0.1:{server.port}"}
    tiny.picture_size = PICTURE
    tiny.measure["pairs"] = PAIRS
    folder, log = tmp_path / "run", tmp_path / "log"
    process = start("run", tiny.write(), "-d", f"adb:{phone.address}", "--out", folder, log=log, **environment)
    # The plan is the last thing that goes there before the runner starts, which takes its time to open a runtime.
    wait_for(lambda: bool(list(phone.data_folder.glob("bakeoff/runs/*/plan.json"))))
    phone.leave_free(3 * OUTPUT_BYTES)

    assert process.wait(timeout=120) == 3, log.read_text()
    assert "the disk is full there" in log.read_text()
    assert "Traceback" not in log.read_text()
    (device,) = comparison(folder).devices
    assert "the disk is full there" in device.problem
    assert "Free space there" in device.problem
    assert "bakeoff run --resume" in device.problem
    (home,) = (folder / "devices").iterdir()
    assert b"arm_failed" not in (home / "records.jsonl").read_bytes()

    phone.leave_free(1 << 40)
    done = bakeoff("run", "--resume", folder, **environment)
    assert done.exit_code == 0, done.stderr
    assert_whole(folder, len(tiny.names), PAIRS, home.name)
    assert [device.status for device in comparison(folder).devices] == ["complete"]
    assert list(phone.data_folder.glob("bakeoff/runs/*")) == []
