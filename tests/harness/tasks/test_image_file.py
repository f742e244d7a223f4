"""Pictures: 8-bit RGB and grey are read, the rest is refused in words."""

import numpy as np
import pytest
from PIL import Image

from harness.errors import UserError
from harness.tasks.image_file import image_size, read_image, write_image

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
    cv2.imwrite(str(tmp_path / "rgb16.tiff"), deep)
    (tmp_path / "rgb16.ppm").write_bytes(b"P6 # a comment\n7 5\n65535\n" + deep.astype(">u2").tobytes())
    (tmp_path / "grey16.pgm").write_bytes(b"P5\n7 5\n65535\n" + deep[..., 0].astype(">u2").tobytes())
    for name in ("rgb16.png", "grey16.png", "rgb16.tiff", "rgb16.ppm", "grey16.pgm"):
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


@pytest.mark.parametrize("suffix", ["png", "bmp", "tiff", "ppm", "webp"])
def test_every_lossless_format_gives_the_same_picture(tmp_path, suffix):
    Image.fromarray(RGB).save(tmp_path / f"a.{suffix}", **({"lossless": True} if suffix == "webp" else {}))
    assert np.array_equal(read_image(tmp_path / f"a.{suffix}"), RGB)


def test_a_colour_that_stands_for_nothing_is_transparency_too(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "keyed.png", transparency=tuple(int(value) for value in RGB[0, 0]))
    with pytest.raises(UserError, match="partly transparent"):
        read_image(tmp_path / "keyed.png")
    Image.fromarray(RGB).save(tmp_path / "unused.png", transparency=(1, 2, 3))
    assert np.array_equal(read_image(tmp_path / "unused.png"), RGB)


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damage_anywhere_is_an_error_in_words_or_no_error(tmp_path):
    """Bytes changed at random, in every format: never another exception."""
    generator = np.random.default_rng(11)
    for suffix in ("png", "jpg", "bmp", "webp", "tiff", "ppm"):
        path = tmp_path / f"a.{suffix}"
        Image.fromarray(RGB).save(path)
        whole = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(60):
            damaged = whole.copy()
            damaged[generator.integers(0, len(whole), 4)] = generator.integers(0, 256, 4)
            path.write_bytes(damaged.tobytes()[: generator.integers(1, len(whole) + 1)])
            try:
                image_size(path)
                read_image(path)
            except UserError:
                continue


def test_a_picture_that_is_gone_is_said_to_be_gone(tmp_path):
    with pytest.raises(UserError, match="is not there"):
        read_image(tmp_path / "gone.png")
