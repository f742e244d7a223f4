"""`bakeoff init`: what it writes can be run as it is, whatever the files are called and whatever the models take."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.cli.main import main
from harness.errors import UserError
from harness.experiment.file import parse_experiment, read_experiment
from harness.experiment.resolve import resolve
from harness.experiment.template import Draft, write_draft
from tests.rig.tiny_experiment import write_pictures, write_upscaler

MODELS = Path(__file__).parents[3] / "examples" / "models"
SHARED = Path(__file__).parents[4] / "shared"


def draft(folder: Path, baseline: Path, candidate: Path, **more) -> Draft:
    fields = {"name": None, "inputs": folder / "lr", "references": folder / "hr", "out": folder / "experiment.toml"}
    return Draft(**(fields | {"baseline": baseline, "candidate": candidate} | more))


def resolved(given: Draft):
    """The experiment as `bakeoff check` sees it: what is written can be used."""
    return resolve(parse_experiment(write_draft(given).encode(), given.out), lambda done, total: None)


@pytest.fixture
def folder(tmp_path):
    write_pictures(tmp_path, ["a", "b"], size=36)
    write_upscaler(tmp_path / "one.onnx")
    write_upscaler(tmp_path / "two.onnx", blur=0.5)
    return tmp_path


def test_scale_names_and_paths_are_filled_in(folder):
    experiment = resolved(draft(folder, folder / "one.onnx", folder / "two.onnx")).file.experiment
    assert experiment.data.scale == 2
    assert (experiment.baseline.name, experiment.baseline.model) == ("one", "one.onnx")
    assert (experiment.data.inputs, experiment.data.references) == ("lr", "hr")


@pytest.mark.parametrize("scale", [1, 3])
def test_other_scales(tmp_path, scale):
    pixels = np.random.default_rng(0).integers(0, 256, (24, 36, 3), dtype=np.uint8)
    for name, times in (("lr", 1), ("hr", scale)):
        (tmp_path / name).mkdir()
        Image.fromarray(np.kron(pixels, np.ones((times, times, 1), np.uint8))).save(tmp_path / name / "a.png")
    write_upscaler(tmp_path / "m.onnx", scale=scale)
    assert resolved(draft(tmp_path, tmp_path / "m.onnx", tmp_path / "m.onnx")).file.experiment.data.scale == scale


def test_formats_may_be_mixed_and_each_gets_its_runtime(folder):
    given = draft(folder, MODELS / "sr_x2_fp32.onnx", MODELS / "sr_x2_int8.tflite")
    arms = resolved(given).arms
    assert [arm.runtime.name for arm in arms] == ["onnxruntime", "ai-edge-litert"]
    assert all(arm.model.path.is_file() for arm in arms)


HOSTILE = [
    "with space",
    "quo'te\"s",
    "new\nline",
    "back\\slash",
    "$(touch pwned)",
    "#no comment",
    "~nobody",
    "图ü",
    "\x7f",
]


@pytest.mark.parametrize("name", [*HOSTILE, "x" * 200])
def test_names_are_only_names(folder, name):
    write_upscaler(folder / f"{name}.onnx")
    (folder / "lr").rename(folder / name)
    found = resolved(draft(folder, folder / "one.onnx", folder / f"{name}.onnx", inputs=folder / name))
    assert found.arms[1].model.path == folder / f"{name}.onnx"
    assert found.items[0].input_path.parent == folder / name


def test_two_models_with_long_names_of_their_own(folder):
    long = [folder / f"{letter * 120}.onnx" for letter in "ab"]
    for path in long:
        write_upscaler(path)
    assert len(resolved(draft(folder, *long)).file.experiment.name) <= 200


def test_models_of_one_name_in_two_folders_are_told_apart(folder):
    for name in ("old", "new"):
        (folder / name).mkdir()
        write_upscaler(folder / name / "model.onnx")
    experiment = resolved(draft(folder, folder / "old/model.onnx", folder / "new/model.onnx")).file.experiment
    assert [arm.name for arm in experiment.arms] == ["baseline", "candidate"]


def test_files_that_are_no_pictures_are_left_alone(folder):
    for name in ("lr", "hr"):
        (folder / name / "Thumbs.db").write_text("no picture")
        (folder / name / "README.txt").write_text("no picture")
    assert resolved(draft(folder, folder / "one.onnx", folder / "two.onnx")).file.experiment.data.scale == 2


def test_a_link_keeps_its_own_name(folder):
    (folder / "latest.onnx").symlink_to(folder / "two.onnx")
    experiment = resolved(draft(folder, folder / "one.onnx", folder / "latest.onnx")).file.experiment
    assert experiment.candidates[0].model == "latest.onnx"


def test_an_experiment_given_by_a_link_means_the_folder_that_it_lies_in(folder, tmp_path_factory):
    given = draft(folder, folder / "one.onnx", folder / "two.onnx")
    given.out.write_text(write_draft(given))
    link = tmp_path_factory.mktemp("elsewhere") / "link.toml"
    link.symlink_to(given.out)
    assert read_experiment(link).folder == folder.resolve()


def test_a_luma_model_of_fixed_size(tmp_path):
    model = SHARED / "models" / "subpixel_cnn_x3.onnx"
    if not model.exists():
        pytest.skip("shared/models is not beside the project: it holds the real sub-pixel CNN")
    large = np.random.default_rng(0).integers(0, 256, (672, 672, 3), dtype=np.uint8)
    for name, picture in (("hr", large), ("lr", np.ascontiguousarray(large[::3, ::3]))):
        (tmp_path / name).mkdir()
        Image.fromarray(picture).save(tmp_path / name / "a.png")
    given = draft(tmp_path, model, model)
    found = resolved(given)
    assert found.file.experiment.data.scale == 3
    assert found.file.experiment.data.tensor.color == "y"
    assert "y_full" in write_draft(given)
    assert found.arms[0].codec.channels == 1


def test_a_quantised_model_says_what_black_and_white_are(folder):
    """int8 for 0…1 as the examples are; and one whose levels are the picture's own, 0 to 255 in steps of one."""
    assert resolved(
        draft(folder, MODELS / "sr_x2_int8.tflite", folder / "one.onnx")
    ).file.experiment.data.tensor.range == (
        0.0,
        1.0,
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda folder: shutil.rmtree(folder / "hr"), "the folder of references does not exist"),
        (lambda folder: shutil.rmtree(folder / "lr"), "the folder of inputs does not exist"),
        (lambda folder: (folder / "two.onnx").unlink(), "two.onnx: no such model file"),
        (lambda folder: (folder / "hr" / "a.png").unlink(), "has no reference"),
        (lambda folder: Image.new("RGB", (50, 72)).save(folder / "hr" / "a.png"), "its input a.png is 36×36"),
        (lambda folder: write_upscaler(folder / "two.onnx", scale=3), "two.onnx: makes 108×108 from a.png"),
    ],
)
def test_what_does_not_fit_is_said_in_two_lines_and_nothing_written(folder, capsys, change, words):
    change(folder)
    out = folder / "experiment.toml"
    code = main(
        [
            *("init", "--baseline", str(folder / "one.onnx"), "--candidate", str(folder / "two.onnx")),
            *("--inputs", str(folder / "lr"), "--references", str(folder / "hr"), "--out", str(out)),
        ]
    )
    error = capsys.readouterr().err
    assert code == 2
    assert words in error
    assert len(error.splitlines()) <= 2
    assert not out.exists()


def test_a_name_that_is_not_utf_8_is_refused(folder):
    bad = os.fsdecode(b"\xff.onnx")
    write_upscaler(folder / bad)
    with pytest.raises(UserError, match="not UTF-8"):
        write_draft(draft(folder, folder / "one.onnx", folder / bad))
