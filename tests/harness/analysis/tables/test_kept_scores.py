"""Scores are computed once for what they are computed from, and never taken for anything else."""

import dataclasses
import math
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from harness.analysis.tables import kept_scores, quality
from harness.analysis.tables.kept_scores import KeptScores, score_key
from harness.analysis.tables.quality import score_outputs
from harness.documents.folder import RunFolder
from harness.runs.session.progress import SilentProgress
from harness.tasks.image_file import read_image, write_image
from harness.tasks.image_to_image.kept_looks import floor_from_text, look_as_text, output_from_text
from harness.tasks.image_to_image.other_readings import Offset
from harness.tasks.image_to_image.plausibility import ItemFloor, OutputLook
from tests.harness.analysis.tables.test_quality import put_output


@pytest.fixture
def run(finished_run, tmp_path, monkeypatch):
    """A copy of a finished run that keeps its scores in a file of its own."""
    monkeypatch.setenv("BAKEOFF_SCORES", str(tmp_path / "kept" / "scores.sqlite"))
    return RunFolder(finished_run.copy_to(tmp_path / "run"))


@pytest.fixture
def computed(monkeypatch):
    """What was computed for each output that had something missing: lists of metrics."""
    calls = []
    score = quality._score

    def counted(output, names, *rest):
        calls.append(names)
        return score(output, names, *rest)

    monkeypatch.setattr(quality, "_score", counted)
    return calls


class Listening(SilentProgress):
    def __init__(self):
        self.said = []

    def say(self, device, text):
        self.said.append(text)


def scored(run, progress=None):
    return score_outputs(run, run.read_manifest(), progress or SilentProgress()).scores


def with_metrics(run, *names):
    manifest = run.read_manifest()
    measure = manifest.experiment.measure.model_copy(update={"metrics": list(names)})
    return manifest.model_copy(update={"experiment": manifest.experiment.model_copy(update={"measure": measure})})


def test_a_second_look_computes_nothing_and_finds_the_very_same(run, computed):
    first = scored(run)
    assert computed
    computed.clear()
    second = scored(run)
    assert not computed
    assert first.equals(second)


def test_an_output_that_changed_is_scored_and_the_others_are_not(run, computed):
    first = scored(run)
    computed.clear()
    manifest = run.read_manifest()
    picture = read_image(Path(manifest.items[1].reference_path)).astype(np.float32) / 255
    put_output(run, "a1", "i1", np.ascontiguousarray(picture.transpose(2, 0, 1)[None]))
    second = scored(run)
    changed = (first["value"] != second["value"]) & ~(first["value"].isna() & second["value"].isna())
    assert set(zip(second[changed]["arm"], second[changed]["item"], strict=True)) == {
        (manifest.arms[1].name, manifest.items[1].stem)
    }
    psnr = second[changed & (second["quantity"] == "psnr")]["value"]
    assert list(psnr) == [math.inf]
    assert len(computed) == 1


def test_another_reference_input_or_setting_has_no_score_yet(run, computed):
    scored(run)
    manifest = run.read_manifest()
    computed.clear()
    for field in ("reference_sha256", "input_sha256"):
        path = run.path / f"{field}.png"
        item = manifest.items[0]
        source = item.reference_path if field == "reference_sha256" else item.input_path
        picture = read_image(Path(source))
        picture[0, 0] ^= 1
        write_image(path, picture)
        name = field.replace("_sha256", "_path")
        task = manifest.experiment.task
        sha256 = task.fingerprint(path)
        items = [item.model_copy(update={name: str(path), field: sha256})]
        score_outputs(run, manifest.model_copy(update={"items": items}), SilentProgress())
        assert computed, field
        computed.clear()


def test_what_was_not_asked_before_is_computed_and_what_was_is_not(run, computed):
    score_outputs(run, with_metrics(run, "psnr"), SilentProgress())
    computed.clear()
    frame = score_outputs(run, with_metrics(run, "psnr", "ssim", "psnr_pooled"), SilentProgress()).scores
    assert computed
    assert all(names == ["ssim", "psnr_pooled"] for names in computed)
    assert frame[frame["quantity"] == "ssim"]["value"].notna().all()
    again = score_outputs(run, with_metrics(run, "psnr", "ssim", "psnr_pooled"), SilentProgress()).scores
    assert frame.equals(again)  # contributions over the set too


def test_an_output_that_cannot_be_read_is_said_again_each_time(run):
    scored(run)
    path = run.path / "devices" / "0-local" / "outputs" / "a1" / "i1.0.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    frame = scored(run)
    reasons = frame[frame["arm"].eq(run.read_manifest().arms[1].name) & frame["reason"].notna()]["reason"]
    assert len(reasons)
    assert reasons.str.contains("its hash is another").all()


@pytest.mark.parametrize("damage", ["no database", "another version", "a folder", "rows of rubbish"])
def test_a_file_that_is_no_good_costs_time_and_no_score(run, tmp_path, computed, damage):
    expected = scored(run)
    path = tmp_path / "kept" / "scores.sqlite"
    if damage == "no database":
        path.write_bytes(b"not a database, " * 1000)
    elif damage == "a folder":
        path.unlink()
        path.mkdir()
    else:
        with sqlite3.connect(path) as connection:
            if damage == "another version":
                connection.execute("PRAGMA user_version = 99")
            else:
                connection.execute("UPDATE scores SET score = x'0102'")
        connection.close()
    computed.clear()
    progress = Listening()
    assert scored(run, progress).equals(expected)
    assert computed
    told = [text for text in progress.said if "scores are not kept" in text]
    assert len(told) == (0 if damage == "rows of rubbish" else 1)


def test_scores_of_other_code_are_not_taken(run, computed, monkeypatch):
    scored(run)
    computed.clear()
    monkeypatch.setattr(kept_scores, "_code_sha256", lambda: "of other code")
    scored(run)
    assert computed


def test_off_keeps_nothing(run, tmp_path, computed, monkeypatch):
    monkeypatch.setenv("BAKEOFF_SCORES", "off")
    scored(run)
    computed.clear()
    scored(run)
    assert computed
    assert not (tmp_path / "kept").exists()


def test_what_was_looked_at_before_is_not_looked_at_again_and_says_the_same(run, monkeypatch):
    manifest = run.read_manifest()
    first = score_outputs(run, manifest, SilentProgress())

    def nothing_more(*_, **__):
        raise AssertionError("looked at again")

    for name in ("item_floor", "look_at_output"):
        monkeypatch.setattr(f"harness.tasks.image_to_image.picture_looks.{name}", nothing_more)
    again = score_outputs(run, manifest, SilentProgress())
    assert first.seen == again.seen
    assert first.seen.floor is not None
    with pytest.raises(AssertionError, match="looked at again"):
        score_outputs(run, with_metrics(run, "psnr"), SilentProgress())  # the floor is told in what is asked for


def test_a_look_comes_back_to_the_last_bit():
    offset = Offset(down_px=0.1 + 0.2, right_px=-0.5)
    cells = np.random.default_rng(0).random((3, 4)) / 3
    floor = ItemFloor("a", math.inf, {"psnr": 0.1 + 0.2, "ssim": 1.0}, offset, cells)
    look = OutputLook("a", None, ("not finite", "black"), {"words": -math.inf}, offset, 0.3, None, None)
    for one, restored in (
        (floor, floor_from_text(look_as_text(floor), "b")),
        (look, output_from_text(look_as_text(look), "b")),
    ):
        assert restored.item == "b"
        fields = [field.name for field in dataclasses.fields(one) if field.name not in ("item", "cells")]
        assert [getattr(one, name) for name in fields] == [getattr(restored, name) for name in fields]
    assert np.array_equal(floor_from_text(look_as_text(floor), "b").cells, cells)
    assert floor_from_text(look_as_text(None), "b") is None


@pytest.mark.parametrize("damage", ["tx", "cut", "of a score"])
def test_a_text_that_is_not_whole_is_computed_again(tmp_path, damage):
    path = tmp_path / "kept.sqlite"
    with KeptScores(path) as kept:
        assert kept.recall({"a": 1}, lambda: "text ∞") == "text ∞"
    with KeptScores(path) as kept:
        assert kept.recall({"a": 1}, lambda: "another") == "text ∞"
    damaged = {"tx": "x'7478'", "cut": "substr(score, 1, length(score) - 1)", "of a score": "x'760000000000000000'"}
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE scores SET score = {damaged[damage]}")
    connection.close()
    with KeptScores(path) as kept:
        assert kept.recall({"a": 1}, lambda: "computed") == "computed"
        assert kept.fault is None


@pytest.mark.parametrize("score", [0.1 + 0.2, math.inf, -math.inf, 5e-324, -0.0, [1.0, 2.5e-300], [0.0], []])
def test_every_number_comes_back_to_the_last_bit(tmp_path, score):
    with KeptScores(tmp_path / "kept.sqlite") as kept:
        kept.put({"one": score})
    with KeptScores(tmp_path / "kept.sqlite") as kept:
        (found,) = kept.get(["one", "another"]).values()
    assert np.array_equal(np.asarray(found), np.asarray(score))
    assert type(found) is type(score)
    assert np.array_equal(np.signbit(found), np.signbit(score))


def test_a_full_file_forgets_what_was_longest_not_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_scores, "MOST_ROWS", 10)
    path = tmp_path / "kept.sqlite"
    monkeypatch.setattr(kept_scores.time, "time", lambda: 86_400.0 * 100)
    with KeptScores(path) as kept:
        kept.put({f"old {n}": 1.0 for n in range(10)})
    monkeypatch.setattr(kept_scores.time, "time", lambda: 86_400.0 * 200)
    with KeptScores(path) as kept:
        assert kept.get(["old 3"])
        kept.put({"new": 2.0})
    with KeptScores(path) as kept:
        left = kept.get([*(f"old {n}" for n in range(10)), "new"])
    assert len(left) == 9
    assert {"old 3", "new"} <= left.keys()


def test_two_runs_at_once_keep_both_their_scores(tmp_path):
    path = tmp_path / "kept.sqlite"

    def keep(name):
        with KeptScores(path) as kept:
            kept.put({f"{name} {n}": float(n) for n in range(500)})

    threads = [threading.Thread(target=keep, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with KeptScores(path) as kept:
        assert len(kept.get([f"{name} {n}" for name in "abcd" for n in range(500)])) == 2000
        assert kept.fault is None


def test_the_folder_is_the_user_s_alone(tmp_path):
    with KeptScores(tmp_path / "made" / "kept.sqlite") as kept:
        kept.put({"one": 1.0})
    assert (tmp_path / "made").stat().st_mode & 0o077 == 0


def test_a_key_is_of_everything_it_is_given():
    base = {"metric": "psnr", "output": [["a", "float32", (1, 2)]]}
    others = [{**base, "metric": "ssim"}, {**base, "output": [["b", "float32", (1, 2)]]}, {**base, "x": None}]
    assert len({score_key(each) for each in [base, *others]}) == 4
    assert score_key(base) == score_key(dict(reversed(base.items())))
