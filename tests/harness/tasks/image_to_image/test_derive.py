"""`bakeoff data`: inputs as the papers have them, all of a set or nothing, and nothing of the user's written over."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from harness.cli.main import main
from harness.tasks.derived_data import Recipe
from harness.tasks.image_to_image.degrade import KERNELS, degraded
from harness.tasks.item_groups import read_tags
from tests.metrics.pictures import shared

PICTURE = np.random.default_rng(0).integers(0, 256, (70, 81, 3), dtype=np.uint8)


def recipe(**changes):
    return Recipe(**({"scale": 2, "kernel": "bicubic", "noise_levels": 0.0, "jpeg_quality": None, "seed": 0} | changes))


def save(path, picture=PICTURE, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path, **how)
    return path


def data(*arguments):
    return main(["data", *map(str, arguments)])


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_set5_s_inputs_are_matlab_s_bit_for_bit(tmp_path, scale):
    set5 = shared("images/set5")
    assert data(set5 / "hr", "--out", tmp_path / "made", "--scale", scale) == 0
    names = sorted(path.name for path in (set5 / f"lr_x{scale}").glob("*.png"))
    assert sorted(path.name for path in (tmp_path / "made" / "inputs").iterdir()) == names
    for name in names:
        made, wanted = (
            np.asarray(Image.open(home / name)) for home in (tmp_path / "made" / "inputs", set5 / f"lr_x{scale}")
        )
        assert np.array_equal(made, wanted), name


def test_references_are_cut_to_a_multiple_and_what_was_done_is_written(tmp_path, capsys):
    save(tmp_path / "hr" / "a.png")
    assert data(tmp_path / "hr", "--out", tmp_path / "made", "--scale", 4) == 0
    assert np.array_equal(np.asarray(Image.open(tmp_path / "made" / "references" / "a.png")), PICTURE[:68, :80])
    assert Image.open(tmp_path / "made" / "inputs" / "a.png").size == (20, 17)
    written = json.loads((tmp_path / "made" / "data.json").read_text())
    (item,) = written["items"]
    assert (item["cropped_bottom_px"], item["cropped_right_px"], item["of"]) == (2, 1, "a.png")
    assert written["recipe"]["scale"] == 4
    assert str(tmp_path) not in json.dumps(written)
    out, told = capsys.readouterr()
    assert out.strip() == str(tmp_path / "made")
    assert "scale = 4" in told


def test_what_was_made_is_taken_by_an_experiment(tmp_path, tiny):
    for name in "ab":
        save(tmp_path / "hr" / f"{name}.png")
    assert data(tmp_path / "hr", "--out", tmp_path / "made", "--scale", 2) == 0
    path = tiny.write()
    text = path.read_text().replace('"lr"', json.dumps(str(tmp_path / "made" / "inputs")))
    path.write_text(text.replace('"hr"', json.dumps(str(tmp_path / "made" / "references"))))
    assert main(["check", str(path)]) == 0


@pytest.mark.parametrize("kernel", KERNELS)
def test_every_kernel_keeps_a_flat_picture_and_the_mean(kernel):
    flat = np.full((24, 36, 3), 137, np.uint8)
    assert (degraded(flat, recipe(kernel=kernel, scale=3), "flat") == 137).all()
    small = degraded(PICTURE[:68, :80], recipe(kernel=kernel, scale=4), "noise")
    assert small.shape == (17, 20, 3)
    assert abs(small.mean() - PICTURE[:68, :80].mean()) < (6 if kernel == "nearest" else 1.5)


def test_nearest_and_box_are_what_they_say():
    whole = PICTURE[:68, :80]
    assert np.array_equal(degraded(whole, recipe(kernel="nearest", scale=2), "a"), whole[1::2, 1::2])
    mean = whole.reshape(34, 2, 40, 2, 3).mean(axis=(1, 3))
    assert np.abs(degraded(whole, recipe(kernel="box", scale=2), "a") - mean).max() <= 1.0


def test_noise_is_of_the_seed_and_the_name_alone():
    flat = np.full((64, 64, 3), 128, np.uint8)
    one = degraded(flat, recipe(scale=1, noise_levels=5.0), "a")
    assert np.array_equal(one, degraded(flat, recipe(scale=1, noise_levels=5.0), "a"))
    assert not np.array_equal(one, degraded(flat, recipe(scale=1, noise_levels=5.0), "b"))
    assert not np.array_equal(one, degraded(flat, recipe(scale=1, noise_levels=5.0, seed=1), "a"))
    assert abs(one.astype(float).std() - 5.0) < 0.3
    assert abs(one.astype(float).mean() - 128.0) < 0.3


def test_jpeg_comes_last_and_is_that_of_the_quality():
    small = degraded(PICTURE[:68, :80], recipe(), "a")
    held = io.BytesIO()
    Image.fromarray(small).save(held, "JPEG", quality=40, subsampling="4:2:0")
    assert np.array_equal(degraded(PICTURE[:68, :80], recipe(jpeg_quality=40), "a"), np.asarray(Image.open(held)))


def test_a_grey_file_stays_grey(tmp_path):
    save(tmp_path / "hr" / "grey.png", PICTURE[..., 0])
    assert data(tmp_path / "hr", "--out", tmp_path / "made", "--scale", 2, "--jpeg", 80) == 0
    for part in ("inputs", "references"):
        assert Image.open(tmp_path / "made" / part / "grey.png").mode == "L"


def test_of_several_sets_names_stay_apart_and_sets_are_groups(tmp_path):
    for home in ("Set5", "Set14"):
        save(tmp_path / home / "baby.png")
    assert data(tmp_path / "Set5", tmp_path / "Set14", "--out", tmp_path / "made", "--scale", 2) == 0
    names = {"Set5__baby", "Set14__baby"}
    assert {path.stem for path in (tmp_path / "made" / "inputs").iterdir()} == names
    assert read_tags(tmp_path / "made" / "groups.csv") == {"Set5__baby": ("Set5",), "Set14__baby": ("Set14",)}


def test_what_is_odd_is_told(tmp_path, capsys):
    home = tmp_path / "hr"
    save(home / "fine.png")
    save(home / "twin.png")
    save(home / "tiny.png", PICTURE[:20])
    save(home / "grey.png", PICTURE[:, :70, 1])
    exif = Image.Exif()
    exif[0x0112] = 6
    save(home / "turned.jpg", PICTURE[:66], exif=exif)
    save(home / "deep.png", np.zeros((70, 70), np.uint16))
    (home / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    assert data(home) == 0
    told = capsys.readouterr().out
    for words in (
        "cannot be used: deep: has more than 8 bits",
        "cannot be used: broken: ",
        "turned by what their files say (EXIF): turned",
        "the same picture: fine, twin",
        "shorter side below 64 pixels: tiny",
        "grey among pictures of colours: grey",
    ):
        assert words in told
    assert data(home, "--out", tmp_path / "made", "--scale", 2) == 0
    assert "left out: broken" in capsys.readouterr().err
    assert len(list((tmp_path / "made" / "inputs").iterdir())) == 5
    # As it is seen, not as it lies.
    assert Image.open(tmp_path / "made" / "references" / "turned.png").size == (66, 80)


def test_a_plain_folder_is_not_odd(tmp_path, capsys):
    save(tmp_path / "hr" / "a.png")
    assert data(tmp_path / "hr") == 0
    assert capsys.readouterr().out.strip() == "nothing is odd"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["{hr}", "--out", "{there}", "--scale", "2"], "is there already"),
        (["{hr}", "--out", "{tmp}/no/made", "--scale", "2"], "is no folder"),
        (["{hr}", "--out", "{tmp}/made"], "--scale is needed"),
        (["{hr}", "--scale", "2"], "not where to"),
        (["{hr}", "--out", "{tmp}/made", "--scale", "2", "--kernel", "area"], "unknown kernel 'area'; known: bicubic"),
        (["{tmp}/nothing", "--out", "{tmp}/made", "--scale", "2"], "does not exist"),
        (["{there}", "--out", "{tmp}/made", "--scale", "2"], "holds no pictures"),
        (["{hr}", "{tmp}/b/hr", "--out", "{tmp}/made", "--scale", "2"], "two of the folders are called 'hr'"),
        (["{tmp}/bad", "--out", "{tmp}/made", "--scale", "2"], "none of the pictures can be used"),
    ],
)
def test_what_cannot_be_done_is_refused_and_nothing_is_left(tmp_path, capsys, arguments, words):
    save(tmp_path / "hr" / "a.png")
    save(tmp_path / "b" / "hr" / "a.png")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.png").write_bytes(b"no picture")
    (tmp_path / "there").mkdir()
    before = sorted(tmp_path.rglob("*"))
    filled = [each.format(hr=tmp_path / "hr", there=tmp_path / "there", tmp=tmp_path) for each in arguments]
    assert data(*filled) == 2
    assert words in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("wrong", ["0", "17", "two", "²", "9" * 5000])
def test_a_scale_that_is_none_is_refused(tmp_path, capsys, wrong):
    with pytest.raises(SystemExit):
        data(tmp_path, "--out", tmp_path / "made", "--scale", wrong)
    assert "a whole number from 1 to 16" in capsys.readouterr().err
