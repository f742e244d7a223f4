"""`bakeoff run --no-wait` on a machine that is kept busy by another program."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.harness.warning_texts import texts
from tests.rig.command import bakeoff
from tests.rig.run_on_a_phone import device_folders
from tests.rig.run_watch import assert_whole, comparison, records


@pytest.fixture
def busy_core() -> Iterator[None]:
    """Another program that takes a whole core."""
    other = subprocess.Popen([sys.executable, "-c", "print(flush=True)\nwhile True: pass"], stdout=subprocess.PIPE)
    assert other.stdout is not None
    other.stdout.readline()
    yield
    other.kill()
    other.wait()


@pytest.mark.usefixtures("busy_core")
def test_a_busy_machine_is_measured_at_once_and_the_report_names_what_did_not_hold(tiny, tmp_path, workdir):
    tiny.measure |= {"pairs": 4, "block_ms": 40.0, "gates.others_busy_cores": 0.2, "gates.max_wait_s": 3600.0}
    tiny.measure["gates.max_wait_total_s"] = 36_000.0
    folder = tmp_path / "run"
    done = bakeoff("run", tiny.write(), "--out", folder, "--no-wait", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert_whole(folder, len(tiny.names), 4, device)
    assert not [record for record in records(folder, device) if record.record == "gate_waiting"]
    (result,) = comparison(folder).devices
    assert any("gate did not hold before" in warning for warning in texts(result.warnings)), result.warnings
    again = bakeoff("run", "--resume", folder, "--no-wait")
    assert again.exit_code == 2
    assert "--no-wait cannot be given with --resume" in again.stderr
