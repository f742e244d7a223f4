"""What a file says of its picture is honoured: which way up, which colours, which of several, and grey is luma."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from harness.errors import UserError
from harness.tasks.image_file import describe, image_size, read_image
from harness.tasks.image_to_image.dataset import read_items, read_whole
from harness.tasks.image_to_image.dataset_notes import notes_on_colors, notes_on_folders

SHOWN = np.clip(
    127
    + 90 * np.sin(np.arange(24)[:, None, None] / 5.0 + np.arange(3))
    + 30 * np.cos(np.arange(40)[None, :, None] / 7.0),
    0,
    255,
).astype(np.uint8)
STORED = {
    1: SHOWN,
    2: SHOWN[:, ::-1],
    3: SHOWN[::-1, ::-1],
    4: SHOWN[::-1],
    5: SHOWN.transpose(1, 0, 2),
    6: SHOWN.transpose(1, 0, 2)[::-1],
    7: SHOWN.transpose(1, 0, 2)[::-1, ::-1],
    8: SHOWN.transpose(1, 0, 2)[:, ::-1],
}
"""Exif 2.32, table 6: orientation → how the pixels lie where `SHOWN` is what is seen."""


def write(path: Path, levels: np.ndarray, orientation: int) -> Path:
    image = Image.fromarray(np.ascontiguousarray(levels))
    if path.suffix == ".tif":
        image.save(path, tiffinfo={274: orientation})
    else:
        exif = Image.Exif()
        exif[0x0112] = orientation
        more = {"quality": 100, "subsampling": 0} if path.suffix == ".jpg" else {"lossless": True}
        image.save(path, exif=exif, **(more if path.suffix != ".png" else {}))
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_a_picture_is_read_as_it_is_seen(tmp_path, suffix, orientation):
    path = write(tmp_path / f"a.{suffix}", STORED[orientation], orientation)
    assert image_size(path) == (24, 40)
    assert np.abs(read_image(path).astype(int) - SHOWN).max() <= (3 if suffix == "jpg" else 0)


def test_exif_behind_the_pixels_of_a_png_counts_too(tmp_path):
    path = write(tmp_path / "a.png", STORED[6], 6)
    whole = path.read_bytes()
    start = whole.index(b"eXIf") - 4
    length = 12 + struct.unpack(">I", whole[start : start + 4])[0]
    chunk = whole[start : start + length]
    without = whole[:start] + whole[start + length :]
    path.write_bytes(without[:-12] + chunk + without[-12:])
    assert image_size(path) == (24, 40)
    assert np.array_equal(read_image(path), SHOWN)


def test_a_damaged_orientation_leaves_the_picture_as_it_is_stored(tmp_path):
    path = write(tmp_path / "a.png", SHOWN, 77)
    assert image_size(path) == (24, 40)
    assert np.array_equal(read_image(path), SHOWN)


def srgb_curve(linear: np.ndarray) -> np.ndarray:
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def linear_light(levels: np.ndarray) -> np.ndarray:
    a = levels / 255.0
    return np.where(a <= 0.04045, a / 12.92, ((a + 0.055) / 1.055) ** 2.4)


def with_chunks(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    """PNG chunks put behind the header."""
    whole = path.read_bytes()
    made = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    path.write_bytes(whole[:33] + made + whole[33:])
    return path


def test_a_png_in_linear_light_is_read_as_srgb(tmp_path):
    path = tmp_path / "a.png"
    bright = np.maximum(SHOWN, 60)
    Image.fromarray(np.rint(linear_light(bright) * 255).astype(np.uint8)).save(path)
    with_chunks(path, (b"gAMA", struct.pack(">I", 100000)))
    assert np.abs(read_image(path).astype(int) - bright).max() <= 5  # 8 bits of linear light are few in the dark
    assert describe(path).color == "gAMA 1"


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"gAMA", struct.pack(">I", 45455))],
        [(b"gAMA", struct.pack(">I", 100000)), (b"sRGB", b"\0")],
        [(b"cICP", bytes([1, 13, 0, 1]))],
        [(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))],
    ],
    ids=["the usual gamma", "sRGB before gamma", "cICP", "the usual primaries"],
)
def test_srgb_in_other_words_stays_as_it_is(tmp_path, chunks):
    path = tmp_path / "a.png"
    Image.fromarray(SHOWN).save(path)
    with_chunks(path, *chunks)
    assert np.array_equal(read_image(path), SHOWN)
    assert describe(path).color is None


P3 = np.array([[0.8225, 0.1774, 0.0], [0.0332, 0.9669, 0.0], [0.0171, 0.0724, 0.9108]])
"""Linear sRGB → linear Display P3 (W3C, CSS Color 4), to four decimals."""


def in_p3() -> np.ndarray:
    return np.rint(srgb_curve(np.clip(linear_light(SHOWN) @ P3.T, 0, 1)) * 255).astype(np.uint8)


def test_wide_primaries_are_converted(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(in_p3()).save(path)
    with_chunks(path, (b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)))
    assert np.abs(read_image(path).astype(int) - SHOWN).mean() < 1.0
    assert np.abs(in_p3().astype(int) - SHOWN).mean() > 3.0


def display_p3_profile() -> bytes:
    """sRGB's own profile with the primaries of Display P3 in its place: three XYZ tags, adapted to D50 (ICC.1)."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    columns = {  # Apple's Display P3.icc
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
    }
    for place in range(struct.unpack(">I", profile[128:132])[0]):
        kind, offset, _ = struct.unpack(">4sII", profile[132 + 12 * place : 144 + 12 * place])
        if kind in columns:
            struct.pack_into(">3i", profile, offset + 8, *(round(value * 65536) for value in columns[kind]))
    return bytes(profile)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_a_wide_profile_is_converted_in_every_format(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    more = {"jpg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}}.get(suffix, {})
    Image.fromarray(in_p3()).save(path, icc_profile=display_p3_profile(), **more)
    assert np.abs(read_image(path).astype(int) - SHOWN).mean() < 1.5
    assert describe(path).color is not None


def test_srgb_s_own_profile_changes_nothing_and_is_named(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(SHOWN).save(path, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    assert np.array_equal(read_image(path), SHOWN)
    assert "sRGB" in (describe(path).color or "")


def test_a_profile_that_cannot_be_used_is_refused_in_words(tmp_path):
    damaged, foreign = tmp_path / "a.png", tmp_path / "b.png"
    Image.fromarray(SHOWN).save(damaged, icc_profile=b"not a profile at all")
    Image.fromarray(SHOWN).save(foreign, icc_profile=ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes())
    with_chunks(tmp_path / "b.png")
    Image.fromarray(SHOWN).save(tmp_path / "c.png")
    with_chunks(tmp_path / "c.png", (b"cICP", bytes([12, 16, 0, 1])))
    for name, words in (("a", "colour profile is damaged"), ("b", "is for Lab pictures"), ("c", "cICP 12, 16")):
        with pytest.raises(UserError, match=words) as caught:
            read_image(tmp_path / f"{name}.png")
        assert "sRGB" in (caught.value.remedy or "")


def test_of_a_camera_s_file_with_several_pictures_the_first_is_read(tmp_path):
    path = tmp_path / "a.jpg"
    pictures = [Image.fromarray(SHOWN), Image.fromarray(255 - SHOWN)]
    pictures[0].save(path, format="MPO", save_all=True, append_images=pictures[1:], quality=100, subsampling=0)
    assert np.abs(read_image(path).astype(int) - SHOWN).max() <= 3


def test_a_jfif_is_a_jpeg(tmp_path):
    for folder in ("lr", "hr"):
        (tmp_path / folder).mkdir()
        Image.fromarray(SHOWN).save(tmp_path / folder / "a.jfif", format="JPEG")
    assert [item.stem for item in read_items(tmp_path / "lr", tmp_path / "hr", 1, None, None)] == ["a"]


def test_a_pointer_to_a_picture_elsewhere_is_called_one(tmp_path):
    path = tmp_path / "a.png"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    for read in (read_image, image_size, describe):
        with pytest.raises(UserError, match="Git LFS pointer"):
            read(path)


def pair(tmp_path: Path, name: str, **more: object) -> None:
    for folder in ("lr", "hr"):
        (tmp_path / folder).mkdir(exist_ok=True)
        buffer = io.BytesIO()
        Image.fromarray(SHOWN).save(buffer, "PNG", **(more if folder == "lr" else {}))
        (tmp_path / folder / name).write_bytes(buffer.getvalue())


def test_a_link_whose_content_was_not_fetched_is_an_error_and_other_files_are_counted(tmp_path):
    pair(tmp_path, "a.png")
    (tmp_path / "lr" / "a.heic").write_bytes(b"x")
    (tmp_path / "lr" / ".DS_Store").write_bytes(b"x")
    (tmp_path / "lr" / "notes.txt").symlink_to("/nowhere")
    (note,) = notes_on_folders(tmp_path / "lr", tmp_path / "hr")
    assert note == "inputs: 2 file(s) left out, by the ending no picture (a.heic, notes.txt)"
    (tmp_path / "lr" / "p3.png").symlink_to("../.git/annex/objects/p3.png")
    with pytest.raises(UserError, match=r"p3\.png: is a link to a file that is not there"):
        read_items(tmp_path / "lr", tmp_path / "hr", 1, None, None)


def test_pairs_whose_files_name_different_colours_are_told(tmp_path):
    pair(tmp_path, "a.png")
    pair(tmp_path, "b.png", icc_profile=display_p3_profile())
    items = read_whole(read_items(tmp_path / "lr", tmp_path / "hr", 1, None, None), lambda _done, _total: None)
    notes = notes_on_colors(items)
    assert notes[0].startswith("inputs: 1 picture(s) read as sRGB from ")
    assert notes[1].startswith("1 pair(s) whose files name different colours (b; b: the input ")


@pytest.mark.parametrize(
    ("interoperability", "space", "is_refused"),
    [("R03", 0xFFFF, True), (None, 2, True), ("R98", 1, False), (None, 0xFFFF, False)],
)
def test_a_camera_s_adobe_rgb_without_a_profile_is_refused(tmp_path, interoperability, space, is_refused):
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0xA001] = space
    if interoperability is not None:
        exif.get_ifd(0x8769)[0xA005] = {1: interoperability}
    Image.fromarray(SHOWN).save(tmp_path / "a.jpg", exif=exif, quality=100, subsampling=0)
    if is_refused:
        with pytest.raises(UserError, match="Adobe RGB by its Exif"):
            read_image(tmp_path / "a.jpg")
    else:
        assert np.abs(read_image(tmp_path / "a.jpg").astype(int) - SHOWN).max() <= 3


@pytest.mark.parametrize(
    ("tags", "is_refused"),
    [
        ({318: (0.3127, 0.3290), 319: (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)}, False),
        ({318: (0.3127, 0.3290), 319: (0.64, 0.33, 0.21, 0.71, 0.15, 0.06)}, True),
        ({318: (0.3457, 0.3585)}, True),
        ({301: tuple(range(768))}, True),
    ],
    ids=["sRGB's", "Adobe's", "D50", "curve"],
)
def test_a_tiff_with_primaries_of_its_own_is_refused(tmp_path, tags, is_refused):
    Image.fromarray(SHOWN).save(tmp_path / "a.tif", tiffinfo=tags)
    if is_refused:
        with pytest.raises(UserError, match="of the TIFF's own"):
            read_image(tmp_path / "a.tif")
    else:
        assert np.array_equal(read_image(tmp_path / "a.tif"), SHOWN)


def test_cicp_counts_in_a_png_with_a_palette(tmp_path):
    Image.fromarray(SHOWN).quantize(32).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    for primaries, is_refused in ((1, False), (9, True)):
        chunk = b"cICP" + bytes([primaries, 13 if primaries == 1 else 16, 0, 1])
        chunk = struct.pack(">I", 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        (tmp_path / "b.png").write_bytes(data[:33] + chunk + data[33:])
        if is_refused:
            with pytest.raises(UserError, match="cICP 9, 16, 0, 1"):
                read_image(tmp_path / "b.png")
        else:
            assert read_image(tmp_path / "b.png").shape == SHOWN.shape
