"""Whole runs of the task `classification`: digit classifiers that were trained here, on this machine and on a phone."""

import json
import shutil

import numpy as np
import pytest

from harness.cli.main import main
from tests.reports.parsed_page import parse, seen_text
from tests.rig.command import bakeoff
from tests.rig.digits import NAMES, DigitsExperiment, held_out
from tests.rig.run_on_a_phone import device_folders, outputs, over_adb, runners
from tests.rig.run_watch import assert_whole, comparison

ITEMS = 60


@pytest.fixture(scope="module")
def digits(tmp_path_factory, workdir):
    """A finished run on this machine: the experiment, the run folder, and what the command said."""
    home = tmp_path_factory.mktemp("digits")
    experiment = DigitsExperiment(home / "experiment", items=ITEMS, levels=8)
    experiment.rules = ['quantity = "top1"\nno_worse_than = "20 points"', 'quantity = "top1"\nat_least = "99.9 %"']
    done = bakeoff("run", experiment.write(), "--out", home / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    return experiment, home / "run", done


def answers(folder, arm, device="0-local"):
    """Of an arm's outputs, as numpy reads them."""
    return [
        int(np.load(folder / "devices" / device / "outputs" / arm / f"i{place}.0.npy").argmax())
        for place in range(ITEMS)
    ]


def assert_scored_rightly(folder, device):
    """Against the outputs themselves."""
    _, labels = held_out(ITEMS)
    result = comparison(folder)
    found = {each.quantity: each for each in result.devices[0].contrasts}
    right = {arm: np.array(answers(folder, arm, device)) == labels for arm in ("a0", "a1")}
    top1 = found["top1"]
    assert top1.baseline_value.value == pytest.approx(100.0 * right["a0"].mean())
    assert top1.candidate_value.value == pytest.approx(100.0 * right["a1"].mean())
    assert top1.effect.interval.method == "Tango's score interval of paired shares"
    assert top1.effect.p_method == "McNemar, exact, two-sided"
    assert top1.effect.interval.low < top1.effect.estimate < top1.effect.interval.high
    rules = [rule.outcome for rule in result.devices[0].rules]
    assert rules == ["met", "broken"]
    (parts,) = result.devices[0].score_parts
    by_name = {part.name: part for part in parts.parts}
    for digit, name in enumerate(NAMES):
        of_class = labels == digit
        assert by_name[name].items == of_class.sum()
        assert by_name[name].candidate.value == pytest.approx(100.0 * right["a1"][of_class].mean())
    assert found["class_accuracy"].candidate_value.value == pytest.approx(
        np.mean([part.candidate.value for part in parts.parts])
    )
    changes = [part.change for part in parts.parts]
    assert changes == sorted(changes)
    return result, right


def test_a_run_on_labels_ends_in_a_verdict(digits):
    experiment, folder, done = digits
    assert_whole(folder, ITEMS, experiment.pairs)
    result, right = assert_scored_rightly(folder, "0-local")
    assert result.item_noun == "example"
    assert "reading inputs" in done.stderr
    assert any("read as logits, told from its values" in text for text in result.method)
    lost = right["a0"] & ~right["a1"]
    assert lost.any()
    worst = [item for item in result.devices[0].gallery if item.chosen == "worst"]
    assert [f"d{place:03}" in {item.item for item in worst} for place in np.flatnonzero(lost)[:5]].count(False) == 0
    assert worst[0].notes[0] == "Right before, wrong now."
    assert (folder / worst[0].input_image).exists()


def test_the_page_shows_classes_and_what_changed(digits):
    _, folder, _ = digits
    text = seen_text(parse((folder / "report.html").read_text(encoding="utf-8")))
    assert "class by class" in text
    assert "right before and wrong now" in text
    assert "Right before, wrong now." in text
    assert "Label: " in text


def test_analysed_again_it_comes_out_the_same(digits, tmp_path):
    _, folder, _ = digits
    home = tmp_path / "copy"
    shutil.copytree(folder, home)
    before = (home / "comparison.json").read_bytes()
    assert main(["analyze", str(home)]) == 0
    assert (home / "comparison.json").read_bytes() == before


def test_both_arms_read_wrongly_alike_decide_nothing(digits, tmp_path):
    """The run as it would be had the experiment declared another order of the classes."""
    _, folder, _ = digits
    home = tmp_path / "copy"
    shutil.copytree(folder, home)
    manifest = json.loads((home / "run.json").read_text())
    for arm in manifest["arms"]:
        arm["codec"]["classes"] = NAMES[3:] + NAMES[:3]
    (home / "run.json").write_text(json.dumps(manifest))
    assert main(["analyze", str(home)]) == 0
    result = comparison(home)
    for rule in result.devices[0].rules:
        assert rule.outcome == "open"
        assert "classes read in a wrong order" in rule.doubted
        assert "meant as" in rule.doubted
    assert result.verdicts[0].decision == "undecided"


def test_on_a_phone_the_native_runner_gives_what_this_machine_gives(digits, new_phone, tmp_path):
    experiment, here, _ = digits
    desk, folder = new_phone(), tmp_path / "run"
    done = bakeoff(
        "run", experiment.folder / "experiment.toml", "-d", desk.name, "--out", folder, **over_adb(desk.server)
    )
    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert_whole(folder, ITEMS, experiment.pairs, device)
    assert runners(folder, device) == {"native"}
    assert_scored_rightly(folder, device)
    expected, found = outputs(here, "0-local"), outputs(folder, device)
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        assert np.allclose(found[name], tensor, atol=1e-4)
