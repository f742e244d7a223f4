"""Whole runs of the task `tensors`: several inputs and outputs by name, here and on stand-in phones."""

import math

import numpy as np
import pytest

from harness.cli.main import main
from tests.reports.parsed_page import by_id, parse, seen_text
from tests.rig.command import bakeoff
from tests.rig.run_on_a_phone import device_folders, outputs, over_adb, runners
from tests.rig.run_watch import assert_whole, comparison
from tests.rig.tensor_experiment import FACTOR, OFF, TensorExperiment, write_wide_model


@pytest.fixture(scope="module")
def sums(tmp_path_factory, workdir):
    """A finished run on this machine: the experiment, the run folder, and what the command said."""
    home = tmp_path_factory.mktemp("tensors")
    experiment = TensorExperiment(home / "experiment")
    done = bakeoff("run", experiment.write(), "--out", home / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    return experiment, home / "run", done


def test_a_run_that_ends_at_a_reference_of_another_size_leaves_no_folder_in_the_way(tmp_path, workdir):
    """The models take any number of rows: that the outputs have two is seen on the device alone."""
    experiment = TensorExperiment(tmp_path / "experiment")
    path = experiment.write()
    wanted = experiment.folder / "wanted" / "three" / "sum.npy"
    right = np.load(wanted)
    np.save(wanted, np.zeros((3, 3), np.float32))
    command = ("run", path, "--out", tmp_path / "run")
    done = bakeoff(*command, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 2
    assert "its output 'sum' has the shape [2, 3] for three" in done.stderr
    assert not (tmp_path / "run").exists()
    np.save(wanted, right)
    done = bakeoff(*command, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr


def assert_judged_rightly(result):
    """The numbers follow from how the candidate was made, whatever measured it."""
    contrasts = {each.quantity: each for each in result.devices[0].contrasts}
    assert {"snr", "cosine_similarity", "max_abs_error", "latency_p50", "model_size"} <= set(contrasts)
    assert contrasts["snr"].candidate_value.value == pytest.approx(-20.0 * math.log10(FACTOR - 1.0), abs=1e-3)
    assert "identical to their references" in contrasts["snr"].baseline_value.reason
    # A sum that is too large by a factor points the same way.
    assert contrasts["cosine_similarity"].candidate_value.value == pytest.approx(1.0, abs=1e-9)
    rules = {rule.quantity: rule.outcome for rule in result.devices[0].rules}
    assert rules == {"cosine_similarity": "met", "snr": "broken"}
    assert result.verdicts[0].decision == "hold"


def test_a_run_on_tensors_ends_in_a_verdict(sums):
    experiment, folder, done = sums
    assert_whole(folder, len(experiment.stems), experiment.pairs)
    result = comparison(folder)
    assert_judged_rightly(result)
    assert result.item_noun == "example"
    furthest = max(
        float(np.load(path).max()) for path in (experiment.folder / "wanted").glob("*/sum.npy")
    ) * (FACTOR - 1.0)  # fmt: skip
    errors = [item.values["off"]["max_abs_error"].value for item in result.devices[0].gallery]
    assert max(errors) == pytest.approx(furthest, rel=1e-4)
    assert "reading tensors" in done.stderr
    for word in ("picture", "image"):
        assert word not in done.stdout
        assert word not in done.stderr
    assert not result.gallery_has_pictures
    # That the candidate calls its tensors otherwise is no difference between the two.
    assert result.arms[1].differs_in == ["model"]
    assert {item.metric for item in result.devices[0].gallery} == {"max_abs_error"}
    assert "0.0001 of the largest error" in " ".join(result.method)


def test_the_page_shows_the_worst_examples_as_tables_with_where_they_are_off(sums):
    _, folder, _ = sums
    page = (folder / "report.html").read_text(encoding="utf-8")
    text = seen_text(parse(page))
    assert "The examples to look at" in text
    assert "with 3 examples" in text
    assert "Candidate, sum: furthest off at [" in text
    assert "Baseline, product: identical to the reference." in text
    for word in ("image", "picture", "PSNR", "unavailable: not made"):
        assert word not in text
    assert by_id(parse(page), "device-0-image-0") is not None


def test_analysed_again_it_comes_out_the_same_and_changed_tensors_are_refused(sums, tmp_path, capsys):
    import shutil

    experiment, folder, _ = sums
    home = tmp_path / "copy"
    shutil.copytree(folder, home)
    before = (home / "comparison.json").read_bytes()
    assert main(["analyze", str(home)]) == 0
    assert (home / "comparison.json").read_bytes() == before
    reference = experiment.folder / "wanted" / "one" / "sum.npy"
    kept = reference.read_bytes()
    try:
        np.save(reference, np.load(reference) + 1.0)
        assert main(["analyze", str(home)]) == 2
    finally:
        reference.write_bytes(kept)
    assert f"{reference.parent}: has changed since the run" in capsys.readouterr().err


def test_arms_with_other_inputs_and_outputs_are_compared_in_what_both_have(tmp_path, workdir):
    """The candidate takes a gain beside the two tensors, calls its sum `out`, and another output `sum`."""
    chosen = 'tensor = { constants = { gain = 1.01 }, outputs = { out = "sum" } }'
    experiment = TensorExperiment(tmp_path / "experiment", candidate_tensor=chosen)
    path = experiment.write()
    write_wide_model(experiment.folder / OFF, "gain")
    path.write_text(path.read_text().replace('references = "wanted"', 'references = "wanted"\nscored = ["sum"]'))
    done = bakeoff("run", path, "--out", tmp_path / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    result = comparison(tmp_path / "run")
    assert_judged_rightly(result)
    assert "its input 'gain' is 1.01 everywhere" in done.stderr + done.stdout
    before = (tmp_path / "run" / "comparison.json").read_bytes()
    assert main(["analyze", str(tmp_path / "run")]) == 0
    assert (tmp_path / "run" / "comparison.json").read_bytes() == before


def test_check_says_what_the_tensors_are(sums, capsys):
    experiment, _, _ = sums
    assert main(["check", str(experiment.folder / "experiment.toml")]) == 0
    said = capsys.readouterr().out
    assert "3 examples, tensors from .npy files" in said
    assert "float32 ?×3, float32 ?×3 → float32 ?×3, float32 ?×3" in said


def test_on_a_phone_the_native_runner_gives_what_this_machine_gives(sums, new_phone, tmp_path):
    experiment, here, _ = sums
    desk, folder = new_phone(), tmp_path / "run"
    done = bakeoff(
        "run", experiment.folder / "experiment.toml", "-d", desk.name, "--out", folder, **over_adb(desk.server)
    )
    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert_whole(folder, len(experiment.stems), experiment.pairs, device)
    assert runners(folder, device) == {"native"}
    assert_judged_rightly(comparison(folder))
    expected, found = outputs(here, "0-local"), outputs(folder, device)
    assert len(expected) == 2 * 2 * len(experiment.stems)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert np.array_equal(found[name], tensor)
