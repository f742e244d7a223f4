"""Pictures cut into tiles and joined again, and seams that can be seen."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import UserError
from harness.models.model_file import ModelFile
from harness.models.tensor_info import TensorInfo
from harness.tasks.image_to_image.codec import check_item, make_codec
from harness.tasks.image_to_image.dataset import Item
from harness.tasks.image_to_image.options import Tensor, Tiles
from harness.tasks.image_to_image.seams import seam_step
from harness.tasks.image_to_image.tiling import Tiling
from metrics.image.bicubic import imresize


def tiling(side=(16, 16), overlap=4, margin=0, blend="linear", padding="reflect"):
    return Tiling(size=side, overlap=overlap, margin=margin, blend=blend, padding=padding)


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


tilings = st.builds(
    lambda height, width, overlap, margin, blend, padding: tiling(
        (height, width), min(overlap, height // 2, width // 2), min(margin, min(overlap, height // 2, width // 2) // 2),
        blend, padding,
    ),
    st.integers(8, 20), st.integers(8, 20), st.integers(0, 10), st.integers(0, 5),
    st.sampled_from(["linear", "hann", "cut"]), st.sampled_from(["reflect", "edge", "zero"]),
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(tilings, st.integers(1, 70), st.integers(1, 70), st.sampled_from(["uint8", "float32", "int8"]))
def test_what_every_tile_leaves_alone_is_the_very_same_picture(how, height, width, dtype):
    image = picture(height, width)
    tiles = [how.cut(image, place).astype(dtype) for place in range(how.count((height, width)))]
    assert {tile.shape for tile in tiles} == {(*how.size, 3)}
    joined = how.join(tiles, (height, width))
    assert joined.dtype == dtype
    assert np.array_equal(joined, image.astype(dtype))


@settings(max_examples=60, deadline=None)
@given(tilings, st.integers(1, 120), st.integers(1, 120))
def test_neighbours_share_what_was_asked_for_and_the_last_ends_with_the_picture(how, height, width):
    for axis, length in ((0, height), (1, width)):
        starts = sorted({corner[axis] for corner in how.corners((height, width))})
        assert starts[0] == 0
        assert starts[-1] == max(0, length - how.size[axis])
        for before, after in pairwise(starts):
            assert 0 < after - before <= how.size[axis] - how.overlap


@pytest.mark.parametrize("blend", ["linear", "hann", "cut"])
def test_a_bicubic_upscaler_gives_the_picture_that_it_gives_untiled(blend):
    # Bicubic reaches two pixels: what is nearer to an edge than that is not used.
    how = tiling((24, 32), overlap=8, margin=2 if blend != "cut" else 0, blend=blend)
    image = picture(61, 77)
    tiles = [imresize(how.cut(image, place), 2.0) for place in range(how.count((61, 77)))]
    assert np.array_equal(how.join(tiles, (61, 77)), imresize(image, 2.0))


def test_without_an_overlap_a_bicubic_upscaler_shows_its_tiles():
    how, image = tiling((24, 32), overlap=0), picture(61, 77)
    tiles = [imresize(how.cut(image, place), 2.0) for place in range(how.count((61, 77)))]
    assert not np.array_equal(how.join(tiles, (61, 77)), imresize(image, 2.0))


def test_a_blend_passes_from_one_tile_to_the_next_without_a_jump():
    how = tiling((16, 16), overlap=8, blend="hann")
    dark, bright = np.zeros((16, 16, 1), np.float32), np.full((16, 16, 1), 100.0, np.float32)
    row = how.join([dark, bright], (16, 24))[0, :, 0]
    assert row[:8].max() == 0.0
    assert row[16:].min() == 100.0
    assert np.all(np.diff(row[7:17]) > 0.0)
    assert np.diff(row).max() < 25.0


@pytest.mark.parametrize("padding", ["reflect", "edge", "zero"])
def test_a_picture_smaller_than_a_tile_is_padded_behind_and_cut_back(padding):
    how, image = tiling(padding=padding), picture(9, 40)
    assert how.count((9, 40)) == 3
    tile = how.cut(image, 0)
    assert np.array_equal(tile[:9], image[:, :16])
    below = {"reflect": image[7, :16], "edge": image[8, :16], "zero": np.zeros((16, 3))}[padding]
    assert np.array_equal(tile[9], below)
    assert np.array_equal(how.join([how.cut(image, place) for place in range(3)], (9, 40)), image)


def test_tiles_that_do_not_fit_are_refused_in_words():
    how = tiling()
    with pytest.raises(ValueError, match="1 of the 2 tiles of this picture are there"):
        how.join([np.zeros((16, 16, 3))], (16, 20))
    with pytest.raises(ValueError, match="more than the 1 tiles"):
        how.join([np.zeros((16, 16, 3))] * 2, (16, 16))
    with pytest.raises(ValueError, match="a tile of 16×16 became 20×32"):
        how.join([np.zeros((32, 20, 3))], (16, 16))
    with pytest.raises(ValueError, match="tile 1 is"):
        how.join([np.zeros((16, 16, 3)), np.zeros((32, 32, 3))], (16, 20))


def test_a_planted_seam_is_found_and_noise_is_not():
    how, noise = tiling((32, 32), overlap=8, blend="cut"), np.random.default_rng(3)
    reference = picture(100, 90)
    made = np.clip(reference + noise.normal(0, 6, reference.shape), 0, 255)
    assert seam_step(np.rint(made).astype(np.uint8), reference, how, 1) is None
    levels = noise.choice([-3.0, 3.0], size=how.count((100, 90)))
    tiles = [
        np.clip(how.cut(np.rint(made).astype(np.uint8), place) + level, 0, 255) for place, level in enumerate(levels)
    ]
    shown = np.rint(how.join(tiles, (100, 90))).astype(np.uint8)
    step = seam_step(shown, reference, how, 1)
    assert step is not None
    assert 1.5 < step < 7.0
    smooth = how.model_copy(update={"blend": "hann"})
    assert seam_step(np.rint(smooth.join(tiles, (100, 90))).astype(np.uint8), reference, smooth, 1) is None


def model(shape, out=None):
    given, made = (
        TensorInfo(name=name, dtype="float32", shape=each) for name, each in (("x", shape), ("y", out or shape))
    )
    return ModelFile(path=Path("m.onnx"), sha256="0" * 64, bytes=1, format="onnx", inputs=[given], outputs=[made])


FIXED = [1, 3, 32, 48]


@pytest.mark.parametrize(
    ("shape", "tiles", "said"),
    [
        ([1, 3, "h", "w"], {"overlap": 4}, "takes pictures of any size, so that its tiles have none"),
        (FIXED, {"overlap": 4, "side": 64}, "takes 48×32, and [data.tensor] tiles says side = 64"),
        (FIXED, {"overlap": 17}, "tiles of 48×32 cannot overlap by 17 pixels"),
        (FIXED, {"overlap": 8, "margin": 5}, "leaves pixels that no tile gives"),
    ],
)
def test_tiles_that_no_model_can_have_are_refused(shape, tiles, said):
    with pytest.raises(UserError) as refused:
        make_codec(model(shape), Tensor(tiles=Tiles(**tiles)))
    assert said in str(refused.value)


def item(given, reference):
    return Item(
        stem="p", scene="p", input_path=Path("p.png"), reference_path=Path("r.png"), input_size=given,
        reference_size=reference,
    )  # fmt: skip


def test_a_picture_that_does_not_fit_is_pointed_to_tiles_and_goes_through_in_them():
    fixed = model(FIXED, [1, 3, 64, 96])
    whole = make_codec(fixed, Tensor(), 2)
    with pytest.raises(UserError, match=r"\[data.tensor\] tiles = { overlap = 16 }"):
        check_item(fixed, whole, item((100, 100), (200, 200)))
    tiled = make_codec(fixed, Tensor(tiles=Tiles(overlap=8)), 2)
    check_item(fixed, tiled, item((100, 100), (200, 200)))
    assert tiled.parts((100, 100)) == 4 * 3
    assert tiled.parts((10, 10)) == 1
    with pytest.raises(UserError, match="makes 96×64 of a tile of 48×32, and the reference"):
        check_item(fixed, tiled, item((100, 100), (300, 300)))


def test_a_dynamic_model_is_given_tiles_of_the_side_that_was_asked_for():
    codec = make_codec(model([1, 3, "h", "w"]), Tensor(tiles=Tiles(overlap=8, side=32)))
    image = picture(40, 50)
    assert codec.encode_part(image, 0).shape == (1, 3, 32, 32)
    parts = [codec.encode_part(image, place) for place in range(codec.parts((40, 50)))]
    assert np.array_equal(codec.decode(codec.join(parts, image), image), image)
