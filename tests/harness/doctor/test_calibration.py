"""Two equal builds with a noise that is known: what the calibration makes of it."""

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from onnx import checker, load

from devices.readings.unavailable import NotThere
from harness.doctor.calibration import CalibrationFacts, detectable_in, judge_calibration
from harness.doctor.calibration_experiment import CalibrationModel, pairs_in, write_calibration
from harness.documents.records import Context, GateOutcome, LatencyBlock
from harness.errors import UserError
from harness.experiment.declaration import Measure
from harness.statistics.confidence_sequence import estimate_sequentially
from harness.statistics.launches import Spreads
from harness.tasks.image_file import image_size
from harness.tasks.image_to_image.made_up import write_convolution
from tests.rig.rederived import rederive
from tests.rig.tiny_experiment import write_upscaler

EXAMPLE_MODELS = Path(__file__).parents[3] / "examples" / "models"
FACTS = CalibrationFacts(datetime(2026, 11, 24, tzinfo=UTC), "m.onnx", "onnxruntime 1", "python runner", 250.0)
PAIR_NS = 600_000_000


def block(pair, position, arm, latency_ns, started_ns, **more):
    context = Context(monotonic_ns=started_ns)
    return LatencyBlock(
        n=0, session=0, monotonic_ns=started_ns, step=pair, pair=pair, position=position, arm=arm, item="i0",
        started_ns=started_ns, ended_ns=started_ns + PAIR_NS // 2, lead_in_ns=[], latency_ns=[int(latency_ns)] * 3,
        before=context, after=context, **more,
    )  # fmt: skip


def simulated(n, *, sd=0.01, ratio=1.0, drift=0.0, seed=1, waited_ns=0, others=0.25, launch_sd=None):
    """Pairs of blocks; each second one begins with the candidate. `launch_sd`: three pairs in each launch, and by how
    much processes change the ratio of themselves; None for the same processes throughout.
    """
    source = np.random.default_rng(seed)
    own = source.normal(0.0, launch_sd or 0.0, n)
    pairs = []
    for pair in range(n):
        level = 1e7 * math.exp(drift * pair / n)
        first = "a0" if pair % 2 == 0 else "a1"
        blocks = []
        for position, arm in enumerate([first, "a1" if first == "a0" else "a0"]):
            latency = level * (ratio if arm == "a1" else 1.0) * math.exp(source.normal(0.0, sd / math.sqrt(2)))
            launch = None
            if launch_sd is not None:
                launch = pair // 3
                latency *= math.exp(own[launch]) if arm == "a1" else 1.0
            started = pair * (PAIR_NS + waited_ns) + position * PAIR_NS // 2
            gate = GateOutcome(
                waited_ns=waited_ns if position == 0 else 0, values={"others_busy_cores": others}, failed=[]
            )
            blocks.append(
                block(pair, position, arm, latency, started, gate=gate, launch=launch, reference_ns=[1000, 1000])
            )
        pairs.append(blocks)
    return pairs


def test_the_noise_that_was_put_in_comes_out():
    found = judge_calibration(simulated(400, sd=0.02), FACTS)
    assert found.pair_sd == pytest.approx(0.02, rel=0.1)
    assert not found.called_different
    assert found.drift is None
    assert found.others_busy_cores == 0.25
    assert found.reference_spread == 0.0
    assert found.seconds == pytest.approx(400 * 0.6, rel=0.01)


def test_what_processes_differ_by_comes_out_and_makes_less_be_seen():
    alike, unlike = (judge_calibration(simulated(600, sd=0.02, launch_sd=sd), FACTS) for sd in (0.0, 0.02))
    assert (unlike.launches, unlike.called_different) == (200, False)
    assert unlike.launch_sd == pytest.approx(0.02, rel=0.2)
    assert unlike.pair_sd == pytest.approx(0.02, rel=0.1)
    assert alike.launch_sd < 0.006
    assert unlike.default_run.fraction > 1.6 * alike.default_run.fraction


def test_what_can_be_seen_is_what_a_power_formula_says():
    # (c + 0.84)·s/√n; c = 3.48 at 31 pairs by the sequential interval of Wang & Ramdas, where a fixed number has 2.05.
    found = detectable_in(0.31, Spreads(0.0, 0.02), 0.6)
    assert found.pairs == 31
    assert found.fraction == pytest.approx(math.expm1((3.48 + 0.85) * 0.02 / math.sqrt(31)), rel=0.01)
    # In ten launches of three pairs, c = 3.90 and t.80 = 0.88.
    found = detectable_in(0.305, Spreads(0.01, 0.02), 0.6, by_launch=True)
    sd = math.sqrt(0.01**2 + 0.02**2 / 3)
    assert found.pairs == 30
    assert found.fraction == pytest.approx(math.expm1((3.90 + 0.88) * sd / math.sqrt(10)), rel=0.01)
    assert detectable_in(0.01, Spreads(0.0, 0.02), 0.6).fraction is None


def test_what_a_default_run_sees_is_said_first():
    found = judge_calibration(simulated(100, sd=0.02), FACTS)
    assert found.default_run.pairs == Measure().pairs
    assert found.default_run.fraction > found.detectable[0].fraction
    assert found.seen_by == Measure().design


def test_an_effect_of_the_detectable_size_is_seen_four_times_in_five_by_a_default_run():
    least = judge_calibration(simulated(400, sd=0.02), FACTS)
    pairs, sd = least.default_run.pairs, least.pair_sd
    source = np.random.default_rng(3)

    def is_seen(change):
        runs = source.normal(math.log1p(change), sd, (400, pairs))
        intervals = [estimate_sequentially(run, Measure().min_pairs).interval(0.95) for run in runs]
        return np.mean([low > 0.0 or high < 0.0 for low, high in intervals])

    # 400 draws: 2.6 standard errors are 0.052. The looks before the last one add some.
    assert 0.80 - 0.052 <= is_seen(least.default_run.fraction) <= 0.90
    assert is_seen(0.0) <= 0.05


def test_equal_builds_are_called_different_one_time_in_twenty():
    called = [judge_calibration(simulated(10, sd=0.02, seed=seed), FACTS).called_different for seed in range(200)]
    # 200 draws: 2.6 standard errors are 0.040.
    assert np.mean(called) == pytest.approx(0.05, abs=0.040)


def test_after_a_drift_nothing_is_said_of_longer_runs():
    found = judge_calibration(simulated(100, sd=0.005, drift=0.10), FACTS)
    assert not found.called_different
    assert found.default_run.fraction is not None
    one, *longer = found.detectable
    assert (one.pairs, one.fraction is None) == (100, False)
    for each in longer:
        assert each.fraction is None
        assert "drifted by 1" in each.reason
    small = judge_calibration(simulated(100, sd=0.001, drift=0.01), FACTS)
    assert small.drift is not None
    assert all(each.fraction is not None for each in small.detectable)


def test_equal_builds_that_were_called_different_say_nothing_of_what_is_seen():
    found = judge_calibration(simulated(100, sd=0.02, ratio=1.18), FACTS)
    assert found.called_different
    for each in [found.default_run, *found.detectable]:
        assert (each.fraction, each.reason) == (None, "the two equal builds were called different")


def test_drift_is_seen_and_the_pairs_are_not_moved_by_it():
    found = judge_calibration(simulated(100, sd=0.005, drift=0.10), FACTS)
    assert found.drift == pytest.approx(0.105, abs=0.02)
    assert not found.called_different


def test_waiting_is_said_and_does_not_make_pairs_slower():
    quick, slow = (judge_calibration(simulated(50, waited_ns=wait), FACTS) for wait in (0, 400_000_000))
    assert slow.waited_seconds == pytest.approx(49 * 0.4)
    assert slow.seconds == pytest.approx(quick.seconds + 49 * 0.4)
    assert [each.pairs for each in slow.detectable] == [each.pairs for each in quick.detectable]


def test_others_that_kept_the_device_busy_are_named():
    assert judge_calibration(simulated(20), FACTS).warnings == []
    (warning,) = judge_calibration(simulated(20, others=2.0), FACTS).warnings
    assert "2.0 cores busy" in warning


def test_one_pair_far_out_is_counted():
    pairs = simulated(60, sd=0.01)
    far = pairs[30][0]
    pairs[30][0] = far.model_copy(update={"latency_ns": [value * 2 for value in far.latency_ns]})
    assert judge_calibration(pairs, FACTS).outlier_pairs == 1


def test_too_few_pairs_and_a_coarse_clock_bound_nothing():
    assert isinstance(judge_calibration(simulated(2), FACTS), NotThere)
    still = [[each.model_copy(update={"latency_ns": [0]}) for each in pair] for pair in simulated(5)]
    assert isinstance(judge_calibration(still, FACTS), NotThere)


def test_the_model_is_sound_and_the_same_each_time(tmp_path):
    one, other = (write_convolution(tmp_path / name).read_bytes() for name in ("a.onnx", "b.onnx"))
    assert one == other
    checker.check_model(load(tmp_path / "a.onnx"), full_check=True)


def test_minutes_become_pairs():
    assert pairs_in(0.01) == 8
    assert 55 <= pairs_in(1.0) <= 90
    assert pairs_in(1e9) == 10_000


def test_an_experiment_of_one_model_against_itself(tmp_path):
    experiment = write_calibration(tmp_path, CalibrationModel(), 1.0).experiment
    assert experiment.arms[0].model == experiment.arms[1].model
    assert experiment.measure.design == "fixed"


@pytest.mark.parametrize(("scale", "size"), [(2, 192), (3, 288)])
def test_a_model_of_any_size_says_how_much_it_enlarges(tmp_path, scale, size):
    model = write_upscaler(tmp_path / "m.onnx", scale=scale)
    experiment = write_calibration(tmp_path, CalibrationModel(model), 1.0).experiment
    assert experiment.data.scale == scale
    assert image_size(tmp_path / "references" / "noise.png") == (size, size)


@pytest.mark.parametrize(
    ("model", "asked", "runtime"),
    [
        ("sr_x2_fp32.onnx", None, "onnxruntime"),
        ("sr_x2_fp32.tflite", None, "ai-edge-litert"),
        ("sr_x2_fp32.tflite", "tflite-runtime", "tflite-runtime"),
    ],
)
def test_the_runtime_is_the_one_asked_for_or_the_first_for_the_models_format(tmp_path, model, asked, runtime):
    experiment = write_calibration(tmp_path, CalibrationModel(EXAMPLE_MODELS / model, asked, 2), 1.0).experiment
    assert {arm.runtime for arm in experiment.arms} == {runtime}


def test_a_model_that_is_none_is_refused(tmp_path):
    (tmp_path / "a.onnx").write_bytes(b"no model")
    with pytest.raises(UserError, match=r"a\.onnx"):
        write_calibration(tmp_path, CalibrationModel(tmp_path / "a.onnx"), 1.0)


@pytest.mark.parametrize(
    "noise", [{"drift": 0.10, "sd": 0.005}, {"ratio": 1.18}, {"waited_ns": 10**8}, {"sd": 0.0}], ids=str
)
def test_the_script_in_docs_comes_to_the_same_digits(tmp_path, noise):
    pairs = simulated(100, **noise)
    records = [record for pair in pairs for record in pair]
    path = tmp_path / "p.json"
    path.with_suffix(".records.jsonl").write_text("".join(one.model_dump_json() + "\n" for one in records))
    found = judge_calibration(pairs, FACTS)
    path.write_text(json.dumps({"calibration": json.loads(found.model_dump_json())}))
    assert rederive("rederive_doctor.py", path)[0] == 0
    changed = found.model_copy(update={"pair_sd": found.pair_sd + 1e-6})
    path.write_text(json.dumps({"calibration": json.loads(changed.model_dump_json())}))
    assert rederive("rederive_doctor.py", path)[0] == 1
