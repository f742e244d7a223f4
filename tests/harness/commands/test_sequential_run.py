"""Runs that end their latency pass, and their energy pass, when they know enough, and say so."""

import os
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from harness.documents.records import EnergyBlock
from tests.harness.commands.test_run import run
from tests.rig.command import bakeoff
from tests.rig.rederived import rederive
from tests.rig.run_watch import comparison, records


@pytest.mark.parametrize("runner", ["python", "native"])
def test_a_pass_ends_once_its_rule_is_decided_and_the_rest_of_the_plan_is_done(tiny, workdir, tmp_path, runner):
    # Three times as slow is far beyond any noise of a busy machine.
    tiny.rules = [{"quantity": "latency_p50", "no_worse_than": "400 %"}]
    tiny.measure |= {"design": "sequential", "pairs": 4000, "launches": 1300, "min_pairs": 6, "block_ms": 10.0}
    folder, done = run(tiny, workdir, tmp_path, "--runner", runner)
    assert done.exit_code == 0, done.stderr
    found = records(folder)
    blocks = Counter(block.pair for block in found if block.record == "latency_block")
    pairs = [pair for pair, arms in blocks.items() if arms == 2]
    assert 6 <= len(pairs) < 4000
    (stopped,) = [each for each in found if each.record == "pass_stopped"]
    assert stopped.of_pass == "latency"
    assert stopped.n > max(block.n for block in found if block.record == "latency_block")
    assert sum(each.record == "memory" for each in found) == 2 * tiny.measure["memory_repeats"]
    assert (found[-1].record, found[-1].reason) == ("runner_finished", "complete")
    assert "of at most 1,300 launches: " in done.stderr
    result = comparison(folder)
    (device,) = result.devices
    assert device.status == "complete"
    latency = next(each for each in device.contrasts if each.quantity == "latency_p50")
    launches = {block.launch for block in found if block.record == "latency_block" and block.pair in pairs}
    assert 5 <= latency.effect.n == len(launches)
    assert latency.effect.interval.method.startswith("anytime-valid")
    assert {rule.outcome for rule in device.rules} == {"met"}


# Rails of a Raspberry Pi 5, whose power goes up and down a little from look to look.
VCGENCMD = """#!/bin/sh
[ "$1" = pmic_read_adc ] || exit 1
milliamps=$((1000 + $(date +%N | cut -c 4-6 | sed 's/^0*//;s/^$/0/') / 10))
echo "   VDD_CORE_A current(7)=$((milliamps / 1000)).$(printf %03d $((milliamps % 1000)))00000A"
echo "   VDD_CORE_V volt(15)=5.00000000V"
"""
ENERGY = {
    "energy.cycles": 40,
    "energy.min_cycles": 6,
    "energy.block_s": 1.3,
    "energy.idle_s": 0.2,
    "energy.lead_in_s": 0.0,
    "gates.others_busy_cores": 1000.0,
    "gates.temperature_rise_celsius": 100.0,
}


def is_seen_all_along(block: EnergyBlock) -> bool:
    """Whether nothing held up the runner, which shares this machine with others, between its looks at the rails."""
    looks = [one.monotonic_ns + one.took_ns // 2 for one in block.readings]
    slept_ns = (block.after.suspended_ns or 0) - (block.before.suspended_ns or 0)
    most_ns = max(later - earlier for earlier, later in pairwise([block.started_ns, *looks, block.ended_ns]))
    return len(looks) >= 5 and most_ns < 0.5e9 and slept_ns < 0.1e9


@pytest.fixture
def pi_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = tmp_path / "bin" / "vcgencmd"
    command.parent.mkdir()
    command.write_text(VCGENCMD)
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{command.parent}:{os.environ['PATH']}")


def test_an_energy_pass_ends_once_its_rule_is_decided(tiny, workdir, tmp_path, pi_on_path):
    # Both arms take what the rails say, give or take a few per cent.
    tiny.rules = [{"quantity": "average_power", "no_worse_than": "50 %"}]
    tiny.measure |= {"design": "sequential", "pairs": 3, "min_pairs": 3, "block_ms": 10.0, **ENERGY}
    folder, done = run(tiny, workdir, tmp_path, "--runner", "native")
    assert done.exit_code == 0, done.stderr
    found = records(folder)
    (stopped,) = [each for each in found if each.record == "pass_stopped"]
    assert stopped.of_pass == "energy"
    blocks = [each for each in found if each.record == "energy_block" and each.arm is not None]
    whole = [cycle for cycle, arms in Counter(block.cycle for block in blocks).items() if arms == 2]
    unseen = {block.cycle for block in blocks if not is_seen_all_along(block)}
    assert 6 <= len(whole) < 40
    assert (found[-1].record, found[-1].reason) == ("runner_finished", "complete")
    # A host that was held up tells it late, and some cycles more are done meanwhile.
    words = r"energy: enough after (\d+) of at most 40 cycles: "
    (enough,) = re.findall(words, done.stderr)
    assert 6 <= int(enough) <= len(whole)
    result = comparison(folder)
    (device,) = result.devices
    assert device.status == "complete"
    assert device.energy.stopping.startswith(f"stopped after {len(whole)} of at most 40 cycles: ")
    power = next(each for each in device.contrasts if each.quantity == "average_power")
    assert power.effect.n + sum(power.effect.excluded.values()) == len(whole)
    assert power.effect.n >= len(set(whole) - unseen)
    assert power.effect.interval.method.startswith("anytime-valid")
    assert {rule.outcome for rule in device.rules} == {"met"}
    assert device.energy.stopping in (folder / "report.html").read_text().replace("\u00a0", " ")
    code, said = rederive("rederive_intervals.py", folder)
    assert code == 0, said
    assert bakeoff("analyze", folder).exit_code == 0
    assert comparison(folder).devices[0].energy.stopping == device.energy.stopping
