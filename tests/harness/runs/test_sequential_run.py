"""Runs that end their latency pass when they know enough, and say so."""

from collections import Counter

import pytest

from tests.harness.runs.test_run import run
from tests.rig.run_watch import comparison, records


@pytest.mark.parametrize("runner", ["python", "native"])
def test_a_pass_ends_once_its_rule_is_decided_and_the_rest_of_the_plan_is_done(tiny, workdir, tmp_path, runner):
    # Three times as slow is far beyond any noise of a busy machine.
    tiny.rules = [{"quantity": "latency_p50", "no_worse_than": "400 %"}]
    tiny.measure |= {"design": "sequential", "pairs": 400, "min_pairs": 6, "block_ms": 10.0}
    folder, done = run(tiny, workdir, tmp_path, "--runner", runner)
    assert done.exit_code == 0, done.stderr
    found = records(folder)
    blocks = Counter(block.pair for block in found if block.record == "latency_block")
    pairs = [pair for pair, arms in blocks.items() if arms == 2]
    assert 6 <= len(pairs) < 400
    (stopped,) = [each for each in found if each.record == "pass_stopped"]
    assert stopped.of_pass == "latency"
    assert stopped.n > max(block.n for block in found if block.record == "latency_block")
    assert sum(each.record == "memory" for each in found) == 2 * tiny.measure["memory_repeats"]
    assert (found[-1].record, found[-1].reason) == ("runner_finished", "complete")
    assert "of at most 400: every rule on latency was decided" in done.stderr
    result = comparison(folder)
    (device,) = result.devices
    assert device.status == "complete"
    latency = next(each for each in device.contrasts if each.quantity == "latency_p50")
    assert latency.effect.n == len(pairs)
    assert latency.effect.interval.method.startswith("anytime-valid")
    assert {rule.outcome for rule in device.rules} == {"met"}
