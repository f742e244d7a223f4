"""A run with long blocks of each build alone, on this machine, killed in the middle of them and taken up again."""

from __future__ import annotations

import os
import platform
import signal

import pytest

from devices.build.native_build import target_for_machine
from harness.documents.comparison import Effect
from tests.rig.command import bakeoff, start
from tests.rig.rederived import rederive
from tests.rig.run_watch import comparison, records, wait_for

CYCLES, BLOCK_S = 4, 0.4
RUNNERS = [
    "python",
    pytest.param(
        "native",
        marks=pytest.mark.skipif(target_for_machine(platform.machine()) is None, reason="no native runner here"),
    ),
]


def long_blocks(folder):
    path = folder / "devices" / "0-local" / "records.jsonl"
    return path.read_bytes().count(b'"energy_block"') if path.exists() else 0


@pytest.mark.parametrize("runner", RUNNERS)
def test_long_blocks_are_measured_without_any_source_of_energy_and_go_on_after_a_kill(tiny, workdir, tmp_path, runner):
    tiny.measure |= {
        "pairs": 3, "memory_repeats": 1, "sustained.cycles": CYCLES, "sustained.block_s": BLOCK_S,
        "sustained.rest_s": 0.2, "energy.lead_in_s": 0.1, "gates.cool_first_s": 0.3, "gates.cool_wait_s": 0.5,
    }  # fmt: skip
    tiny.rules.append({"quantity": "sustained_latency", "no_worse_than": "500 %"})
    folder, log = tmp_path / "run", tmp_path / "log"
    where = {"BAKEOFF_LOCAL_WORKDIR": str(workdir)}
    process = start("run", tiny.write(), "--out", folder, "--runner", runner, log=log, **where)
    wait_for(lambda: long_blocks(folder) >= 5 or process.poll() is not None)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    os.kill([each.pid for each in records(folder) if each.record == "runner_started"][-1], signal.SIGKILL)

    done = bakeoff("run", "--resume", folder, **where)

    assert done.exit_code == 0, done.stderr
    found = records(folder)
    assert {each.session for each in found} == {0, 1}
    blocks = [each for each in found if each.record == "energy_block"]
    assert len(blocks) == 4 * CYCLES
    assert all(not block.readings for block in blocks)
    working = [block for block in blocks if block.arm is not None]
    assert all(len(block.slice_ns) == 10 and block.inferences > 0 for block in working)
    result = comparison(folder)
    (device,) = result.devices
    contrasts = {each.quantity: each for each in device.contrasts}
    assert "energy_per_inference" not in contrasts
    effect = contrasts["sustained_latency"].effect
    assert isinstance(effect, Effect)
    # The cycle in which the runner was killed has blocks of two sessions, if it had begun.
    assert effect.n in {CYCLES - 1, CYCLES}
    assert device.sustained is not None
    assert [one.arm for one in device.sustained.arms] == ["baseline", "candidate"]
    assert all(one.slowdown.kind == "available" for one in device.sustained.arms)
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "In a long session" in page
    assert "Latency, sustained" in page
    code, said = rederive("rederive_intervals.py", folder)
    assert code == 0, said
    assert "sustained_latency  ratio" in said
