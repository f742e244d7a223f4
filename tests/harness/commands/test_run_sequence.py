"""Clips through either runner, frame by frame, with the state that a model carries on the device."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from devices.build.native_build import target_for_machine
from harness.documents.folder import RunFolder
from harness.documents.manifest import Manifest
from harness.tasks.image_file import read_image
from harness.tasks.sequence.dataset import read_clip
from tests.rig.clips import fix_sizes, write_clips, write_frame_model, write_mean_model, write_remembering_model
from tests.rig.command import bakeoff
from tests.rig.run_on_a_phone import ConnectedPhone, device_folders, over_adb, runners
from tests.rig.run_watch import comparison

RUNNERS = ["python", *(["native"] if target_for_machine(platform.machine()) is not None else [])]
CLIPS = ["bridge", "harbour"]


def write(home: Path, frames: int, candidate_state: str) -> Path:
    """The baseline counts its frames and changes nothing."""
    home.mkdir()
    write_clips(home, CLIPS, frames)
    write_frame_model(home / "plain.onnx")
    (home / "experiment.toml").write_text(f"""
name = "clips"
question = "Is it as good?"
[data]
task = "sequence"
inputs = "lr"
references = "hr"
scale = 2
[[arms]]
name = "baseline"
role = "baseline"
model = "plain.onnx"
runtime = "onnxruntime"
tensor = {{ state = {{ count_out = "count_in" }} }}
[[arms]]
name = "candidate"
role = "candidate"
model = "candidate.onnx"
runtime = "onnxruntime"
tensor = {{ state = {candidate_state} }}
[measure]
design = "fixed"
pairs = 2
launches = 1
block_ms = 5.0
reference_ms = 0.5
gates.max_wait_s = 0.0
settle_ms = 0.0
memory_repeats = 1
min_items = 2
seed = 7
[[rules]]
quantity = "psnr"
no_worse_than = "3 dB"
[[rules]]
quantity = "flicker"
no_worse_than = 0.5
""")
    return home / "experiment.toml"


def assert_remembered(home: Path, manifest: Manifest, count: int) -> None:
    """Every frame that the candidate put out holds a quarter of the one before."""
    for item in manifest.items:
        inferences = item.inferences_of("a1")
        assert len(inferences) == count
        frames = [read_image(Path(item.input_path) / f"frame{number}.png") / 255.0 for number in range(1, count + 1)]
        before = np.zeros_like(frames[0])
        for inference, frame in zip(inferences, frames, strict=True):
            made = np.load(home / f"outputs/a1/{inference}.0.npy")[0, :, ::2, ::2].transpose(1, 2, 0)
            assert np.allclose(made, 0.75 * frame + 0.25 * before, atol=1e-5), inference
            before = frame


def test_a_state_goes_from_frame_to_frame_on_a_phone(new_phone: Callable[[], ConnectedPhone], tmp_path: Path) -> None:
    experiment = write(tmp_path / "experiment", 3, '{ h_out = "h_in" }')
    write_remembering_model(experiment.parent / "candidate.onnx")
    desk, folder = new_phone(), tmp_path / "run"

    done = bakeoff("run", experiment, "-d", desk.name, "--out", folder, **over_adb(desk.server))

    assert done.exit_code == 0, done.stderr
    (device,) = device_folders(folder)
    assert runners(folder, device) == {"native"}
    assert_remembered(folder / "devices" / device, RunFolder(folder).read_manifest(), 3)
    (result,) = comparison(folder).devices
    assert result.status == "complete"


@pytest.mark.parametrize("runner", RUNNERS)
def test_a_state_goes_from_frame_to_frame_on_the_device(workdir: Path, tmp_path: Path, runner: str) -> None:
    experiment = write(tmp_path / "experiment", 5, '{ h_out = "h_in" }')
    write_remembering_model(experiment.parent / "candidate.onnx")
    folder = tmp_path / "run"

    done = bakeoff("run", experiment, "--runner", runner, "--out", folder, BAKEOFF_LOCAL_WORKDIR=str(workdir))

    assert done.exit_code == 0, done.stderr
    run = RunFolder(folder)
    manifest = run.read_manifest()
    home = run.device(manifest.devices[0]).path
    assert_remembered(home, manifest, 5)
    # What only the next frame is given stays there.
    assert not list(home.rglob("outputs/a0/*.1.npy"))
    # Latency is of the last frame, with the state that came before it.
    plan = json.loads(run.device(manifest.devices[0]).plan.read_text())
    timed = {step["item"] for step in plan["steps"] if step["kind"] != "quality"}
    assert timed == {manifest.items[0].inferences_of("a0")[-1]} == {manifest.timed}
    found = comparison(folder)
    (device,) = found.devices
    assert device.latency_item == "bridge"
    values = {arm.arm: arm.values for arm in device.arms}
    assert values["baseline"]["psnr_y"].value > values["candidate"]["psnr_y"].value
    assert values["candidate"]["item_latency"].value == pytest.approx(5 * values["candidate"]["latency_mean"].value)
    assert "mean over the frames of a clip" in " ".join(found.method)
    assert not [one for one in device.warnings if "order" in one.text]


def test_a_frame_of_forty_that_comes_out_dark_is_found_and_named(workdir: Path, tmp_path: Path) -> None:
    experiment = write(tmp_path / "experiment", 40, '{ count_out = "count_in" }')
    write_frame_model(experiment.parent / "candidate.onnx", broken_at=17)
    folder = tmp_path / "run"

    done = bakeoff("run", experiment, "--out", folder, BAKEOFF_LOCAL_WORKDIR=str(workdir))

    assert done.exit_code == 0, done.stderr
    found = comparison(folder)
    (device,) = found.devices
    contrasts = {each.quantity: each for each in device.contrasts}
    # The mean over the clip hides it from a rule with a margin of 3 dB; what stands beside the rule does not.
    assert contrasts["psnr"].effect.estimate > -3.0
    assert contrasts["worst_frame_psnr"].effect.estimate < -6.0
    assert contrasts["flicker"].effect.estimate > 5.0
    said = " ".join(one.text for one in device.warnings if one.kind == "outputs")
    assert "Candidate breaks single frames (PSNR): frame 17 of " in said
    rules = {rule.quantity: rule for rule in device.rules}
    assert rules["psnr"].outcome == "open"
    assert "breaks single frames" in rules["psnr"].reason
    assert [verdict.decision for verdict in found.verdicts] != ["ship"]
    shown = device.gallery[0]
    assert "Frames 16 to 18 of 40." in shown.notes[0]
    assert "On frame 17 the candidate lies furthest below the baseline" in shown.notes[0]
    assert (folder / shown.candidate_image).exists()
    # Four frames of each clip, the first and the last among them, in the table of all clips.
    assert {set(view.whole) == {"baseline", "candidate"} for view in device.views} == {True}
    (view, *_) = device.views
    clip = read_clip(Path(next(one.reference_path for one in RunFolder(folder).read_manifest().items)))
    sheet = np.array(Image.open(folder / found.reference_views[view.item].whole))
    height, width = clip.shape[1:3]
    assert np.array_equal(sheet[:height, :width], clip[0])
    assert np.array_equal(sheet[-height:, -width:], clip[-1])
    assert np.array_equal(sheet[:height, -width:], clip[13])
    assert device.contact_sheets
    page = (folder / "report.html").read_text()
    assert "Frames 16 to 18 of 40." in page
    assert "breaks single frames" in page


def test_three_frames_at_once_stacked_and_in_inputs_of_their_own(workdir: Path, tmp_path: Path) -> None:
    experiment = write(tmp_path / "experiment", 4, "{}")
    write_mean_model(experiment.parent / "plain.onnx", stacked=True)
    write_mean_model(experiment.parent / "candidate.onnx", stacked=False)
    text = experiment.read_text().replace('{ state = { count_out = "count_in" } }', "{ frames = [-1, 0, 1] }")
    text = text.replace("{ state = {} }", "{ frames = { now = 0, behind = 1, before = -1 } }")
    experiment.write_text(text)
    folder = tmp_path / "run"

    done = bakeoff("run", experiment, "--out", folder, BAKEOFF_LOCAL_WORKDIR=str(workdir))

    assert done.exit_code == 0, done.stderr
    assert "is given 3 frames at once (-1, 0, +1)" in done.stderr
    run = RunFolder(folder)
    manifest = run.read_manifest()
    home = run.device(manifest.devices[0]).path
    for item in manifest.items:
        clip = read_clip(Path(item.input_path)) / 255.0
        for arm in ("a0", "a1"):
            inferences = item.inferences_of(arm)
            assert len(inferences) == 4
            for place, inference in enumerate(inferences):
                made = np.load(home / f"outputs/{arm}/{inference}.0.npy")[0, :, ::2, ::2].transpose(1, 2, 0)
                three = [clip[max(place - 1, 0)], clip[place], clip[min(place + 1, 3)]]
                assert np.allclose(made, np.mean(three, axis=0), atol=1e-5), (arm, place)
    (device,) = comparison(folder).devices
    assert {each.quantity: each for each in device.contrasts}["psnr"].effect.estimate == 0.0


def test_frames_in_tiles_carry_each_tile_s_state_and_give_what_whole_frames_give(workdir: Path, tmp_path: Path) -> None:
    experiment = write(tmp_path / "experiment", 4, '{ h_out = "h_in" }, tiles = { overlap = 4 }')
    write_remembering_model(experiment.parent / "plain.onnx")
    fix_sizes(write_remembering_model(experiment.parent / "candidate.onnx"), 12, 12)
    text = experiment.read_text().replace('{ count_out = "count_in" }', '{ h_out = "h_in" }')
    experiment.write_text(text)
    folder = tmp_path / "run"

    done = bakeoff("run", experiment, "--out", folder, BAKEOFF_LOCAL_WORKDIR=str(workdir))

    assert done.exit_code == 0, done.stderr
    manifest = RunFolder(folder).read_manifest()
    (item, *_) = manifest.items
    assert [len(item.inferences_of(arm)) for arm in ("a0", "a1")] == [4, 4 * 2 * 2]  # frames of 20×16
    (device,) = comparison(folder).devices
    contrasts = {each.quantity: each for each in device.contrasts}
    assert contrasts["psnr"].effect.estimate == pytest.approx(0.0, abs=1e-9)
    values = {arm.arm: arm.values for arm in device.arms}
    assert values["candidate"]["item_latency"].value == pytest.approx(16 * values["candidate"]["latency_mean"].value)
