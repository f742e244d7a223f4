import base64
from pathlib import Path

import pytest

from reports.embedded_images import ImageEmbedder
from tests.reports.sample_comparison import write_gallery


@pytest.fixture
def png(tmp_path: Path) -> str:
    return write_gallery(tmp_path, "butterfly", size=48)["candidate"]


def test_a_picture_is_embedded_byte_for_byte_with_its_size(tmp_path: Path, png: str) -> None:
    picture = ImageEmbedder(tmp_path).embed(png)
    assert picture.source is not None
    head, _, content = picture.source.partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(content) == (tmp_path / png).read_bytes()
    assert (picture.width, picture.height) == (48, 48)


def test_a_picture_that_was_not_made_says_so(tmp_path: Path) -> None:
    assert ImageEmbedder(tmp_path).embed(None).missing_because == "not made in this run"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("gallery/absent.png", "is not there"),
        ("gallery", "cannot be read"),
        ("gallery/notes.png", "is not a PNG file"),
        ("../outside.png", "lies outside of the run folder"),
        ("/etc/hostname", "lies outside of the run folder"),
        ("gallery/link.png", "lies outside of the run folder"),
        ("gallery/nul\0.png", "cannot be read"),
    ],
)
def test_a_picture_that_cannot_be_had_says_why(tmp_path: Path, png: str, path: str, reason: str) -> None:
    run = tmp_path / "run"
    write_gallery(run, "x")
    (run / "gallery/notes.png").write_text("<svg onload=alert(1)>" * 3)
    (tmp_path / "outside.png").write_bytes((tmp_path / png).read_bytes())
    (run / "gallery/link.png").symlink_to(tmp_path / "outside.png")
    picture = ImageEmbedder(run).embed(path)
    assert picture.source is None
    assert picture.missing_because == f"{path} {reason}"


def test_pictures_past_the_limit_are_left_out_with_the_place_to_find_them(tmp_path: Path, png: str) -> None:
    size = (tmp_path / png).stat().st_size
    embedder = ImageEmbedder(tmp_path, limit_bytes=2 * size)
    assert [embedder.embed(png).source is not None for _ in range(3)] == [True, True, False]
    assert embedder.embed(png).missing_because.endswith(f"; open {png}")
