"""A page that a mail carries: large pictures are made smaller, and their worst region stays lossless."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harness.documents.comparison import Comparison
from reports.embedded_images import ImageEmbedder
from reports.html import render_html
from reports.made_smaller import lossless_details, made_smaller
from tests.reports import sample_comparison as sample
from tests.reports.parsed_page import by_class, elements, parse, seen_text

ROLES = ("baseline", "candidate", "reference", "difference")


def noise(size: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (size, size, 3), dtype=np.uint8)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def pixels_of(source: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2]))) as image:
        return np.asarray(image.convert("RGB"))


def with_large_pictures(folder: Path, size: int = 512) -> Comparison:
    (folder / "gallery").mkdir(parents=True)
    paths: dict[str, str | None] = {}
    for seed, role in enumerate(ROLES):
        pixels = noise(size, seed)
        if role == "difference":
            pixels[...] = 10
            pixels[200:300, 40:140] = 250
        paths[role] = f"gallery/large {role}.png"
        (folder / f"gallery/large {role}.png").write_bytes(png(pixels))
    comparison = sample.comparison(folder, devices=["local"], images=0)
    gallery = [sample.gallery_item(sample.INT8, "large", paths)]
    device = comparison.devices[0].model_copy(update={"gallery": gallery})
    return comparison.model_copy(update={"devices": [device]})


def test_large_pictures_are_made_smaller_linked_and_their_worst_region_is_lossless(tmp_path: Path) -> None:
    comparison = with_large_pictures(tmp_path)
    page = render_html(comparison, tmp_path, image_limit_bytes=400_000)
    assert len(page) < 750_000
    tree = parse(page)
    links = [link.attrib["href"] for link in elements(tree, "a") if link.attrib["href"].startswith("./")]
    assert links == [f"./gallery/large%20{role}.png" for role in ROLES[:3]]
    details = [one for one in by_class(tree, "picture") if one.get("data-detail")]
    assert [one.attrib["data-role"] for one in details] == list(ROLES)
    cut = pixels_of(elements(details[0], "img")[0].attrib["src"])
    side = cut.shape[0]
    whole = noise(512, 0)
    places = [
        (top, left)
        for top in range(512 - side + 1)
        for left in range(0, 141)
        if np.array_equal(whole[top, left : left + 8], cut[0, :8])
    ]
    assert len(places) == 1
    top, left = places[0]
    assert np.array_equal(whole[top : top + side, left : left + side], cut)
    assert top <= 250 <= top + side
    assert left <= 90 <= left + side
    assert "Made smaller to keep this page small." in seen_text(tree)


def test_a_known_place_is_cut_out_whatever_is_bright() -> None:
    pictures = {"baseline": png(noise(300, 0)), "candidate": png(noise(300, 1))}
    guide = np.zeros((300, 300, 3), dtype=np.uint8)
    guide[:40, :40] = 255
    for around in ((290, 150), (0, 0), (10**9, -5)):
        cut = lossless_details(pictures, png(guide), 40_000, around)
        side = cut["baseline"].width
        left, top = (max(0, min(middle - side // 2, 300 - side)) for middle in around)
        with Image.open(io.BytesIO(cut["candidate"].content)) as image:
            assert np.array_equal(np.asarray(image), noise(300, 1)[top : top + side, left : left + side])


def test_small_pictures_stay_as_they_are(tmp_path: Path) -> None:
    tree = parse(render_html(sample.comparison(tmp_path, devices=["local"], images=2), tmp_path))
    assert all(picture.attrib["src"].startswith("data:image/png") for picture in elements(tree, "img"))
    assert "Made smaller" not in seen_text(tree)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" + b"x" * 60, png(noise(8, 0))[:-40]])
def test_a_broken_file_is_made_no_smaller_and_has_no_details(content: bytes) -> None:
    assert made_smaller(content, 1000) is None
    assert lossless_details({"baseline": content}, content, 10**6) == {}


def test_pictures_of_different_sizes_have_no_common_region() -> None:
    assert (
        lossless_details({"baseline": png(noise(80, 0)), "candidate": png(noise(96, 1))}, png(noise(80, 2)), 10**6)
        == {}
    )


def test_a_link_is_a_path_and_no_address(tmp_path: Path) -> None:
    (tmp_path / "javascript:alert(1)").write_bytes(png(noise(200, 0)))
    picture = ImageEmbedder(tmp_path, 20_000, 4).embed("javascript:alert(1)")
    assert picture.original == "./javascript%3Aalert%281%29"


def test_a_thousand_images_on_three_devices_stay_below_five_megabytes(tmp_path: Path) -> None:
    comparison = sample.comparison(tmp_path, devices=["a", "b", "c"], images=0)
    scores = sample.item_scores(sample.INT8, 1000)
    devices = [device.model_copy(update={"scores": scores}) for device in comparison.devices]
    page = render_html(comparison.model_copy(update={"devices": devices, "items": 1000}), tmp_path)
    assert len(page) < 2_000_000
