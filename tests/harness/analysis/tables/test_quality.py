"""Outputs × references: every score there or its reason, one picture in memory at a time."""

import hashlib
import json
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.analysis.gallery import draw_gallery
from harness.analysis.tables.outputs import read_outputs
from harness.analysis.tables.quality import COLUMNS, score_outputs
from harness.commands.recompute import recompute
from harness.documents.folder import RunFolder
from harness.errors import UserError
from harness.runs.session.progress import SilentProgress
from harness.tasks.image_file import read_image, write_image
from metrics.metric import MetricSettings
from metrics.registry import METRICS, SET_METRICS
from tests.harness.warning_texts import texts
from tests.metrics.pictures import open_lpips, shared


@pytest.fixture
def run(finished_run, tmp_path):
    """A copy of a finished run; its pictures may not be changed."""
    return RunFolder(finished_run.copy_to(tmp_path / "run"))


def scored(run):
    return score_outputs(run, run.read_manifest(), SilentProgress()).scores


def outputs_of(run, arm="a1"):
    return run.path / "devices" / "0-local" / "outputs" / arm


def put_output(run, arm, item, tensor):
    """A tensor in an output's place, recorded as a runner would have recorded it."""
    path = outputs_of(run, arm) / f"{item}.0.npy"
    np.save(path, tensor)
    content = path.read_bytes()
    records = run.path / "devices" / "0-local" / "records.jsonl"
    lines = []
    for line in records.read_bytes().splitlines():
        record = json.loads(line)
        if record["record"] == "quality_output" and (record["arm"], record["item"]) == (arm, item):
            record["outputs"][0] |= {
                "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content),
                "dtype": tensor.dtype.name, "shape": list(tensor.shape),
            }  # fmt: skip
        lines.append(json.dumps(record).encode() + b"\n")
    records.write_bytes(b"".join(lines))


def claim(run, **changes):
    """What a record says of an output, and the file does not."""
    records = run.path / "devices" / "0-local" / "records.jsonl"
    lines = [json.loads(line) for line in records.read_bytes().splitlines()]
    for record in lines:
        if record["record"] == "quality_output" and (record["arm"], record["item"]) == ("a1", "i1"):
            record["outputs"][0] |= changes
    records.write_text("".join(json.dumps(record) + "\n" for record in lines))


def test_every_device_arm_item_and_metric_has_one_row(run):
    frame = scored(run)
    assert list(frame.columns) == list(COLUMNS)
    keys = frame[["device", "arm", "item", "quantity"]]
    assert not keys.duplicated().any()
    assert len(frame) == 1 * 2 * 4 * 3
    assert np.isfinite(frame["value"]).all()
    assert frame["reason"].isna().all()


def test_a_score_is_the_metric_s_own_of_the_picture_in_the_output_file(run):
    manifest = run.read_manifest()
    frame = scored(run)
    item = manifest.items[2]
    tensor = np.load(outputs_of(run) / "i2.0.npy")
    picture = np.clip(np.rint(tensor[0].transpose(1, 2, 0).astype(np.float64) * 255.0), 0, 255).astype(np.uint8)
    metric = METRICS["ssim"](MetricSettings(scale=2))
    expected = metric.prepare(read_image(Path(item.reference_path))).score(picture)
    row = frame[(frame["arm"] == "candidate") & (frame["item"] == item.stem) & (frame["quantity"] == "ssim")]
    assert row["value"].item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda run, path: path.unlink(), "cannot be read as a picture: its file was never fetched or is gone$"),
        (lambda run, path: path.write_bytes(b"x"), "cannot be read as a picture"),
        (lambda run, path: put_output(run, "a1", "i1", np.full((1, 3, 48, 48), np.nan, np.float32)), "not finite"),
        (lambda run, path: put_output(run, "a1", "i1", np.zeros((1, 3, 48, 50), np.float32)), "48"),
        (lambda run, path: put_output(run, "a1", "i1", np.zeros((48, 48), np.float32)), "not that of one picture"),
        (lambda run, path: put_output(run, "a1", "i1", np.zeros((1, 3, 48, 48))), "the model puts out float32"),
        (lambda run, path: put_output(run, "a1", "i1", np.zeros((1, 3, 48, 48), complex)), "plain tensor"),
        (lambda run, path: put_output(run, "a1", "i1", np.zeros(2, [("x", "f4")])), "plain tensor"),
        (lambda run, path: np.save(path, np.zeros((1, 3, 48, 48), np.float32)), "its hash is another"),
        (lambda run, path: np.save(path, np.zeros((1, 3, 48, 49), np.float32)), "were recorded"),
        (lambda run, path: path.write_bytes(b""), "0 bytes"),
        (lambda run, path: path.write_bytes(b"PK\x03\x04" + bytes(27_772)), "its hash is another"),
        (lambda run, path: claim(run, shape=[10**12]), "was recorded"),
    ],
)
def test_an_output_that_is_no_picture_has_a_reason_and_the_others_their_scores(run, damage, words):
    damage(run, outputs_of(run) / "i1.0.npy")
    frame = scored(run)
    lost = frame["reason"].notna()
    assert set(zip(frame[lost]["arm"], frame[lost]["item"], strict=True)) == {("candidate", "picture1")}
    assert frame[lost]["value"].isna().all()
    assert frame[lost]["reason"].str.contains(words).all()
    assert np.isfinite(frame[~lost]["value"]).all()


def test_an_output_is_never_unpickled(run):
    """A device could send anything; objects in an .npy run code when they are loaded."""
    put_output(run, "a1", "i0", np.array([{"a": 1}], dtype=object))
    assert scored(run)["reason"].str.contains("cannot be read as a picture").sum() == 3


def test_of_an_output_recorded_twice_the_last_counts(run):
    path = run.path / "devices" / "0-local" / "records.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    again = json.loads(next(line for line in lines if b"a0/i0.0.npy" in line))
    again["n"] = len(lines)
    again["outputs"][0]["sha256"] = "a" * 64
    path.write_bytes(b"".join(lines) + json.dumps(again).encode() + b"\n")
    assert read_outputs(run, run.read_manifest())["local"]["a0", "i0"].files[0].sha256 == "a" * 64


@pytest.mark.parametrize("lost", ["0-local", "1-other"])
def test_outputs_that_stayed_on_one_device_are_known_by_those_of_another_that_gave_the_same_bytes(run, lost):
    """A device may be lost after it said what it made, and before that was fetched."""
    shutil.copytree(run.path / "devices" / "0-local", run.path / "devices" / "1-other")
    shutil.rmtree(run.path / "devices" / lost / "outputs")
    manifest = run.read_manifest()
    other = manifest.devices[0].model_copy(update={"name": "other", "folder": "1-other"})
    manifest = manifest.model_copy(update={"devices": [*manifest.devices, other]})
    frame = score_outputs(run, manifest, SilentProgress()).scores
    assert np.isfinite(frame["value"]).all()
    for entry in manifest.devices:
        shown = draw_gallery(run, manifest, entry, manifest.arms[1], frame)
        assert shown
        assert all((run.path / each.candidate_image).is_file() for each in shown)


def test_a_metric_that_cannot_be_had_is_a_reason_and_not_an_error(run):
    """Three-pixel pictures are too small for SSIM's window; PSNR does not mind."""
    manifest = run.read_manifest()
    small = run.path / "small.png"
    write_image(small, np.zeros((3, 3, 3), np.uint8))
    items = [
        item.model_copy(update={"reference_path": str(small), "reference_sha256": None}) for item in manifest.items
    ]
    for n in range(4):
        for arm in ("a0", "a1"):
            put_output(run, arm, f"i{n}", np.zeros((1, 3, 3, 3), np.float32))
    frame = score_outputs(run, manifest.model_copy(update={"items": items}), SilentProgress()).scores
    assert frame[frame["quantity"] == "ssim"]["reason"].str.contains("needs at least").all()
    assert np.isposinf(frame[frame["quantity"] == "psnr"]["value"]).all()


def with_metrics(run, *metrics):
    manifest = run.read_manifest()
    measure = manifest.experiment.measure.model_copy(update={"metrics": list(metrics)})
    return manifest.model_copy(update={"experiment": manifest.experiment.model_copy(update={"measure": measure})})


def test_lpips_of_vgg_without_sound_weights_is_unavailable_with_what_to_do(run, tmp_path, monkeypatch):
    (tmp_path / "vgg16-mine.pth").write_bytes(b"not weights")
    monkeypatch.setenv("BAKEOFF_LPIPS_WEIGHTS", str(tmp_path))
    frame = score_outputs(run, with_metrics(run, "psnr", "lpips_vgg"), SilentProgress()).scores
    lost = frame[frame["quantity"] == "lpips_vgg"]
    assert lost["value"].isna().all()
    assert lost["reason"].str.contains(r"LPIPS \(vgg\) unavailable").all()
    assert lost["reason"].str.contains("vgg16-mine.pth: damaged").all()
    assert np.isfinite(frame[frame["quantity"] == "psnr"]["value"]).all()


def test_lpips_of_vgg_scores_where_its_weights_are(run, monkeypatch):
    open_lpips("vgg")  # skips with the reason where they cannot be had
    monkeypatch.setenv("BAKEOFF_LPIPS_WEIGHTS", str(shared("weights")))
    frame = score_outputs(run, with_metrics(run, "lpips_vgg"), SilentProgress()).scores
    assert (frame["value"] > 0.0).all()


def test_a_metric_over_a_set_has_a_contribution_of_every_item_and_others_have_none(run, tmp_path):
    manifest = with_metrics(run, "psnr", "psnr_pooled")
    (outputs_of(run) / "i1.0.npy").unlink()
    frame = score_outputs(run, manifest, SilentProgress()).scores
    pooled, psnr = (frame[frame["quantity"] == name].reset_index() for name in ("psnr_pooled", "psnr"))
    assert psnr["contribution"].isna().all()
    assert pooled["value"].isna().all()
    lost = (pooled["arm"] == "candidate") & (pooled["item"] == "picture1")
    assert (pooled["contribution"].isna() == lost).all()
    assert (pooled["reason"].notna() == lost).all()
    one_by_one = [SET_METRICS["psnr_pooled"].value(np.array([each])) for each in pooled["contribution"].dropna()]
    assert one_by_one == pytest.approx(psnr["value"].dropna().tolist(), abs=1e-9)
    frame.to_parquet(tmp_path / "quality.parquet")
    again = pd.read_parquet(tmp_path / "quality.parquet")
    assert np.stack(again["contribution"].dropna()).shape == (7, 2)


def test_a_run_is_scored_over_its_set_from_the_outputs_to_the_report(run):
    text = run.manifest.read_text().replace('"metrics": [', '"metrics": [\n"psnr_pooled", "close_pixels",', 1)
    run.manifest.write_text(text)
    comparison = recompute(run, SilentProgress())
    contrasts = {one.quantity: one for one in comparison.devices[0].contrasts}
    pooled = contrasts["psnr_pooled"]
    assert pooled.effect.kind == "effect"
    assert pooled.candidate_value.source == "one value of 4 images together"
    assert "too few to draw from" in " ".join(texts(pooled.warnings))
    assert pooled.effect.interval is None
    assert contrasts["close_pixels"].candidate_value.unit == "%"
    assert any("all together have one" in sentence for sentence in comparison.method)
    shown = comparison.devices[0].gallery[0].values["candidate"]
    assert "close_pixels" in shown
    assert "psnr_pooled" not in shown
    assert "PSNR (RGB, pooled)" in run.report.read_text()


@pytest.fixture
def own_pictures(finished_run, run):
    """The run with its own copy of the pictures, which may be changed."""
    home = run.path.parent / "pictures"
    for name in ("lr", "hr"):
        shutil.copytree(finished_run.tiny.folder / name, home / name)
    text = run.manifest.read_text().replace(str(finished_run.tiny.folder), str(home))
    run.manifest.write_text(text)
    return home


@pytest.mark.parametrize("place", ["lr", "hr"])
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.unlink(), "is no longer there"),
        (lambda path: write_image(path, 255 - read_image(path)), "has changed since the run"),
    ],
)
def test_other_pictures_than_the_run_s_are_refused_and_the_result_is_kept(run, own_pictures, place, change, words):
    """Scores against them would be those of another run, and would be written over the right ones."""
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    change(own_pictures / place / "picture3.png")
    with pytest.raises(UserError, match=words):
        recompute(run, SilentProgress())
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_a_recomputed_run_is_the_same_and_pictures_of_an_earlier_one_are_gone(run, own_pictures, finished_run):
    stray = run.gallery / "0" / "a1-9-other" / "candidate.png"
    stray.parent.mkdir()
    stray.write_bytes(b"x")
    recompute(run, SilentProgress())
    assert not stray.exists()
    assert run.comparison.read_bytes() == (finished_run.folder / "comparison.json").read_bytes()
    assert run.report.read_bytes() == (finished_run.folder / "report.html").read_bytes()


def test_the_gallery_shows_the_worst_first_with_the_difference_to_the_reference(run):
    manifest = run.read_manifest()
    frame = scored(run)
    shown = draw_gallery(run, manifest, manifest.devices[0], manifest.arms[1], frame)
    losses = []
    for each in shown:
        values = {arm: each.values[arm][each.metric].value for arm in ("baseline", "candidate")}
        losses.append(values["baseline"] - values["candidate"])
        made, reference, difference = (
            read_image(run.path / name).astype(int)
            for name in (each.candidate_image, each.reference_image, each.difference_image)
        )
        assert np.array_equal(difference, np.minimum(255, np.abs(made - reference) * int(each.difference_gain)))
    assert losses == sorted(losses, reverse=True)


def test_memory_does_not_grow_with_the_number_of_pictures(run):
    """Traced allocations (numpy's are): the peak over sixty pictures is that over twelve, but for the table's rows."""
    manifest = run.read_manifest()
    large = run.path / "large.png"
    write_image(large, np.random.default_rng(0).integers(0, 256, (256, 256, 3), dtype=np.uint8))
    for n in range(4):
        for arm in ("a0", "a1"):
            put_output(run, arm, f"i{n}", np.zeros((1, 3, 256, 256), np.float32))

    def peak(times: int) -> int:
        items = [
            item.model_copy(update={"reference_path": str(large), "reference_sha256": None, "stem": f"{item.stem}{n}"})
            for n in range(times)
            for item in manifest.items
        ]
        tracemalloc.start()
        score_outputs(run, manifest.model_copy(update={"items": items}), SilentProgress())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    peak(1)  # modules and caches
    # Keeping one float32 output of each item would be 38 MB more; how tiles of SSIM meet in threads, 2 MB.
    assert peak(15) < peak(3) + 8_000_000


def test_a_grey_file_is_luma_itself(run):
    """MATLAB's protocol: PSNR (Y) of a grey file is that of its own levels. As RGB turned into Y (16 to 235) it would
    be 20·log10(255/219) = 1.32 dB higher.
    """
    from PIL import Image

    levels = np.random.default_rng(5).integers(0, 200, (48, 48), dtype=np.uint8)
    off = levels + np.random.default_rng(6).integers(0, 30, levels.shape, dtype=np.uint8)
    Image.fromarray(levels).save(run.path / "grey.png")
    Image.fromarray(np.stack([levels] * 3, axis=-1)).save(run.path / "rgb.png")
    for arm in ("a0", "a1"):
        put_output(run, arm, "i0", (np.stack([off] * 3)[None] / 255.0).astype(np.float32))
    manifest, found = run.read_manifest(), {}
    for name in ("grey", "rgb"):
        item = manifest.items[0].model_copy(
            update={"reference_path": str(run.path / f"{name}.png"), "reference_sha256": None}
        )
        frame = score_outputs(run, manifest.model_copy(update={"items": [item]}), SilentProgress()).scores
        found[name] = frame[(frame["quantity"] == "psnr_y") & (frame["arm"] == "baseline")]["value"].item()
    error = (off.astype(float) - levels)[2:-2, 2:-2]
    assert found["grey"] == pytest.approx(10 * np.log10(255**2 / np.mean(error**2)), abs=1e-9)
    assert found["rgb"] - found["grey"] == pytest.approx(20 * np.log10(255 / 219), abs=1e-9)


def test_of_several_outputs_the_one_that_is_a_picture_is_scored_wherever_it_stands(run):
    """A score or a mask before the picture."""
    expected = scored(run)["value"].to_numpy()
    path = run.path / "devices" / "0-local" / "records.jsonl"
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    for record in lines:
        if record["record"] == "quality_output":
            (picture,) = record["outputs"]
            first = picture["path"]
            mask = {**picture, "tensor": "mask", "sha256": "0" * 64, "shape": [1], "bytes": 4}
            record["outputs"] = [mask, {**picture, "path": first.replace(".0.npy", ".1.npy")}]
            (path.parent / first).rename(path.parent / record["outputs"][1]["path"])
    path.write_bytes(b"".join(json.dumps(record).encode() + b"\n" for record in lines))
    manifest = json.loads(run.manifest.read_text())
    for arm in manifest["arms"]:
        arm["codec"]["output_index"] = 1
    run.manifest.write_text(json.dumps(manifest))
    again = scored(run)
    assert np.array_equal(again["value"].to_numpy(), expected), set(again["reason"])


def test_what_is_doubted_of_a_run_reaches_its_rules_and_its_pages(run, finished_run):
    """Both arms read with another range than they were made for: alike, and wrong."""
    manifest = json.loads(run.manifest.read_text())
    for arm in manifest["arms"]:
        arm["codec"]["output_range"] = [0.0, 255.0]
    run.manifest.write_text(json.dumps(manifest))
    comparison = recompute(run, SilentProgress())
    (judged,) = (rule for rule in comparison.devices[0].rules if rule.quantity == "psnr_y")
    assert judged.outcome == "open"
    assert "another range (the output with black and white as 0 and 1)" in judged.reason
    assert "doubted" in run.report.read_text(encoding="utf-8")
    assert "Plain bicubic of the inputs" in run.report.read_text(encoding="utf-8")
    assert comparison.verdicts[0].decision == "undecided"
