"""Pictures: 8-bit RGB and grey are read, the rest is refused in words."""

import numpy as np
import pytest
from PIL import Image

from harness.errors import UserError
from harness.image_file import image_size, read_image, write_image

RNG = np.random.default_rng(7)
RGB = RNG.integers(0, 256, (5, 7, 3), dtype=np.uint8)


def test_rgb_comes_back_as_it_was_written(tmp_path):
    write_image(tmp_path / "new" / "a.png", RGB)
    assert np.array_equal(read_image(tmp_path / "new" / "a.png"), RGB)
    assert image_size(tmp_path / "new" / "a.png") == (5, 7)


def test_grey_and_palette_become_rgb(tmp_path):
    Image.fromarray(RGB[..., 0]).save(tmp_path / "grey.png")
    assert np.array_equal(read_image(tmp_path / "grey.png"), np.repeat(RGB[..., :1], 3, axis=2))
    palette = Image.fromarray(RGB).quantize(16)
    palette.save(tmp_path / "palette.png")
    assert np.array_equal(read_image(tmp_path / "palette.png"), np.asarray(palette.convert("RGB")))


def test_alpha_that_hides_nothing_is_dropped_and_alpha_that_hides_is_refused(tmp_path):
    opaque = np.dstack([RGB, np.full((5, 7), 255, np.uint8)])
    Image.fromarray(opaque).save(tmp_path / "opaque.png")
    assert np.array_equal(read_image(tmp_path / "opaque.png"), RGB)
    opaque[2, 3, 3] = 254
    Image.fromarray(opaque).save(tmp_path / "alpha.png")
    with pytest.raises(UserError, match="partly transparent"):
        read_image(tmp_path / "alpha.png")


def test_sixteen_bits_are_refused_also_where_the_reader_would_cut_them_in_silence(tmp_path):
    import cv2

    deep = RNG.integers(0, 65536, (5, 7, 3), dtype=np.uint16)
    cv2.imwrite(str(tmp_path / "rgb16.png"), deep)
    cv2.imwrite(str(tmp_path / "grey16.png"), deep[..., 0])
    for name in ("rgb16.png", "grey16.png"):
        with pytest.raises(UserError, match="more than 8 bits"):
            read_image(tmp_path / name)


def test_damage_is_said_with_the_file_s_name(tmp_path):
    write_image(tmp_path / "a.png", RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8))
    whole = (tmp_path / "a.png").read_bytes()
    for name, content in (("cut.png", whole[: len(whole) // 2]), ("text.png", b"not a picture"), ("empty.png", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UserError, match=name):
            read_image(tmp_path / name)


def test_more_than_one_frame_is_refused(tmp_path):
    frames = [Image.fromarray(RGB), Image.fromarray(255 - RGB)]
    frames[0].save(tmp_path / "two.webp", save_all=True, append_images=frames[1:], lossless=True)
    with pytest.raises(UserError, match="2 frames"):
        read_image(tmp_path / "two.webp")
