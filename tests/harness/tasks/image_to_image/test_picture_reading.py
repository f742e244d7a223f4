"""Depth, transparency, a crop and a resized input, as the experiment declares them; each on files as programs write
them.
"""

import json
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image

from harness.cli.main import main
from harness.errors import UserError
from harness.experiment.file import parse_experiment
from harness.experiment.resolve import resolve
from harness.models.tensor_info import TensorInfo
from harness.tasks.image_file import Allowed, read_image
from harness.tasks.image_to_image.codec import check_item, make_codec
from harness.tasks.image_to_image.dataset import Item
from harness.tasks.image_to_image.options import Data, Tensor
from harness.tasks.image_to_image.picture_reading import reading_of
from harness.tasks.model_input.resizing import resize_picture
from harness.tasks.picture_tensor import TensorQuestionError
from tests.rig.command import bakeoff
from tests.rig.run_watch import comparison
from tests.rig.tiny_experiment import TinyExperiment, write_upscaler

ROUND = Allowed(deep="round")


def deep(*shape):
    return np.random.default_rng(5).integers(0, 65536, shape).astype(np.uint16)


@pytest.mark.parametrize("suffix", ["png", "tif", "ppm"])
def test_16_bits_of_colour_are_rounded_and_not_cut(tmp_path, suffix):
    picture = deep(30, 41, 3)
    path = tmp_path / f"a.{suffix}"
    cv2.imwrite(str(path), picture[..., ::-1])
    assert np.array_equal(read_image(path, ROUND), np.rint(picture / 257.0).astype(np.uint8))
    with pytest.raises(UserError, match="more than 8 bits"):
        read_image(path)


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_16_bits_of_grey_too(tmp_path, suffix):
    picture = deep(30, 41)
    path = tmp_path / f"a.{suffix}"
    cv2.imwrite(str(path), picture)
    read = read_image(path, ROUND)
    assert np.array_equal(read[..., 1], np.rint(picture / 257.0).astype(np.uint8))
    assert (read[..., 0] == read[..., 2]).all()


def test_8_bits_are_what_they_were_and_floats_are_refused_all_the_same(tmp_path):
    picture = np.random.default_rng(0).integers(0, 256, (8, 9, 3)).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "a.png")
    assert np.array_equal(read_image(tmp_path / "a.png", ROUND), picture)
    Image.fromarray(np.zeros((8, 8), np.float32)).save(tmp_path / "f.tif")
    with pytest.raises(UserError, match="cannot be read whole"):
        read_image(tmp_path / "f.tif", ROUND)


def test_transparency_is_refused_ignored_or_laid_over_a_colour(tmp_path):
    picture = np.zeros((2, 2, 4), np.uint8)
    picture[...] = (200, 100, 0, 255)
    picture[0, 0, 3], picture[0, 1, 3] = 0, 51
    path = tmp_path / "a.png"
    Image.fromarray(picture).save(path)
    with pytest.raises(UserError, match="partly transparent"):
        read_image(path)
    assert read_image(path, Allowed(alpha="ignore"))[0, 0].tolist() == [200, 100, 0]
    over = read_image(path, Allowed(alpha="over white"))
    assert over[0, 0].tolist() == [255, 255, 255]
    assert over[0, 1].tolist() == [244, 224, 204]  # a fifth of the picture: 0.2 · 200 + 0.8 · 255
    assert over[1, 1].tolist() == [200, 100, 0]
    assert read_image(path, Allowed(alpha="over #102030"))[0, 0].tolist() == [16, 32, 48]


def test_16_bits_with_alpha_are_rounded_and_then_laid_over(tmp_path):
    picture = deep(6, 7, 4)
    cv2.imwrite(str(tmp_path / "a.png"), picture[..., [2, 1, 0, 3]])
    eight = np.rint(picture / 257.0)
    share = eight[..., 3:] / 255.0
    read = read_image(tmp_path / "a.png", Allowed(deep="round", alpha="over black"))
    assert np.array_equal(read, np.rint(share * eight[..., :3]).astype(np.uint8))


@pytest.mark.parametrize("size", [(24, 25), (31, 20)])
def test_what_is_cut_out_of_a_reference_shows_what_the_input_shows(tmp_path, size):
    small = np.random.default_rng(1).integers(0, 256, (*size, 3)).astype(np.uint8)
    Image.fromarray(small).save(tmp_path / "in.png")
    Image.fromarray(np.kron(small, np.ones((3, 3, 1), np.uint8))).save(tmp_path / "ref.png")
    reading = reading_of(Data(inputs="", references="", scale=3, crop=(16, 11)))
    cut = reading.input(tmp_path / "in.png")
    assert cut.shape == (16, 11, 3)
    assert np.array_equal(reading.reference(tmp_path / "ref.png"), np.kron(cut, np.ones((3, 3, 1), np.uint8)))


def test_a_picture_smaller_than_the_crop_is_refused_by_name(tmp_path):
    item = Item("a", "a", Path("in/a.png"), Path("ref/a.png"), (10, 40), (20, 80))
    with pytest.raises(UserError, match=r"in/a.png: is 40×10, and data.crop = 16×16 is larger"):
        reading_of(Data(inputs="", references="", scale=2, crop=16)).sized(item)


def model(height="h", width="w"):
    given = TensorInfo(name="lr", dtype="float32", shape=[1, 3, height, width])
    made = TensorInfo(name="sr", dtype="float32", shape=[1, 3, "h2", "w2"])
    return SimpleNamespace(path="m.onnx", format="onnx", inputs=[given], outputs=[made])


@pytest.mark.parametrize(
    ("resize", "size"), [("1/2", (12, 20)), (12, (12, 20)), ((16, 16), (16, 16)), ("1/3", (8, 13))]
)
def test_an_arm_s_input_is_resized_by_the_kernel_it_names(resize, size):
    picture = np.random.default_rng(2).integers(0, 256, (24, 40, 3)).astype(np.uint8)
    codec = make_codec(model(), Tensor(resize=resize, kernel="bicubic"), 2)
    tensor = codec.encode(picture)
    assert list(tensor.shape) == codec.input_shape((24, 40)) == [1, 3, *size]
    expected = resize_picture(picture, size, "bicubic").astype(np.float64) / 255.0
    assert np.allclose(tensor[0].transpose(1, 2, 0), expected, atol=1e-6)


def test_a_fixed_input_takes_what_was_resized_to_it_and_nothing_else():
    item = Item("a", "a", Path("in/a.png"), Path("ref/a.png"), (24, 40), (48, 80))
    fixed = model(12, 20)
    check_item(fixed, make_codec(fixed, Tensor(resize="1/2", kernel="box"), 2), item)
    with pytest.raises(UserError, match="takes only 20×12"):
        check_item(fixed, make_codec(fixed, Tensor(resize="1/4", kernel="box"), 2), item)


def test_half_of_what_resizing_needs_and_what_is_asked_twice_is_refused():
    with pytest.raises(TensorQuestionError, match="by which kernel is not said"):
        make_codec(model(), Tensor(resize=12))
    with pytest.raises(UserError, match="nothing is resized"):
        make_codec(model(), Tensor(kernel="box"))
    with pytest.raises(UserError, match="both bring pictures to the size"):
        make_codec(model(), Tensor(resize=12, kernel="box", tiles={"overlap": 2, "side": 12}))


@pytest.mark.parametrize(
    ("line", "words"),
    [('alpha = "over mauve"', "`data.alpha`"), ('deep = "cut"', "`data.deep`"), ("crop = 0", "`data.crop")],
)
def test_what_is_no_policy_is_refused_at_its_place(tmp_path, line, words):
    path = TinyExperiment(tmp_path).write()
    with pytest.raises(UserError, match=words):
        parse_experiment(path.read_text().replace("scale = 2", f"scale = 2\n{line}").encode(), path)


@pytest.fixture(scope="module")
def deep_run(tmp_path_factory, workdir):
    """16-bit references with alpha, the middle of them compared; the candidate is a ×4 model given half the size."""
    home = tmp_path_factory.mktemp("deep")
    experiment = TinyExperiment(
        home / "experiment", candidate="four.onnx", candidate_settings=['tensor = { resize = "1/2", kernel = "box" }']
    )
    path = experiment.write()
    write_upscaler(experiment.folder / "four.onnx", scale=4)
    for each in (experiment.folder / "hr").glob("*.png"):
        picture = np.asarray(Image.open(each)).astype(np.uint16) * 257
        alpha = np.full((*picture.shape[:2], 1), 65535, np.uint16)
        alpha[:4] = 0  # outside of what is cut out
        cv2.imwrite(str(each), np.concatenate([picture[..., ::-1], alpha], axis=2))
    text = path.read_text().replace("scale = 2", 'scale = 2\ncrop = 16\ndeep = "round"\nalpha = "over black"', 1)
    path.write_text(text)
    done = bakeoff("run", path, "--out", home / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    return experiment, path, home / "run", done


def test_a_run_with_all_of_it_scores_what_was_declared_and_says_so(deep_run):
    experiment, _, folder, done = deep_run
    result = comparison(folder)
    (device,) = result.devices
    (psnr,) = (one for one in device.contrasts if one.quantity == "psnr")
    # By hand: nearest doubling of the middle 16×16, and of every second pixel's mean four times.
    expected = {"baseline": [], "candidate": []}
    for name in experiment.names:
        small = np.asarray(Image.open(experiment.folder / "lr" / f"{name}.png"))[4:20, 4:20].astype(np.float64)
        large = read_image(experiment.folder / "hr" / f"{name}.png", Allowed("round", "over black"))[8:40, 8:40]
        halves = np.floor(small.reshape(8, 2, 8, 2, 3).mean(axis=(1, 3)) + 0.5)
        for arm, picture, factor in (("baseline", small, 2), ("candidate", halves, 4)):
            made = np.kron(picture, np.ones((factor, factor, 1)))
            expected[arm].append(10 * np.log10(255.0**2 / ((made - large) ** 2).mean()))
    assert psnr.baseline_value.value == pytest.approx(np.mean(expected["baseline"]), abs=1e-3)
    assert psnr.candidate_value.value == pytest.approx(np.mean(expected["candidate"]), abs=2e-2)
    assert "candidate: its inputs are resized to 1/2 (box)" in done.stderr
    assert "rounded to 8 (data.deep = 'round')" in done.stderr
    assert "data.alpha = 'over black'" in done.stderr
    manifest = json.loads((folder / "run.json").read_text())
    assert [arm["codec"]["resize"] for arm in manifest["arms"]] == [None, "1/2"]
    assert manifest["experiment"]["data"]["alpha"] == "over black"


def test_the_two_arms_differ_in_what_they_are_given_and_analysis_repeats(deep_run):
    _, path, folder, _ = deep_run
    before = (folder / "comparison.json").read_bytes()
    assert main(["analyze", str(folder)]) == 0
    assert (folder / "comparison.json").read_bytes() == before
    resolved = resolve(parse_experiment(path.read_bytes(), path), lambda done, total: None)
    assert {item.reference_size for item in resolved.items} == {(32, 32)}
