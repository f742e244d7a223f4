"""Folders of pictures as people have them (../shared/field/14-picture-zoo): what a viewer shows is what is scored."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.errors import UserError
from harness.tasks.image_file import read_image
from harness.tasks.image_to_image.dataset import read_items, read_whole

FIELD = Path(__file__).parents[3] / ".." / "shared" / "field"
CASE = "14-picture-zoo"
SEEN_DB = {
    "alpha": 28.80,
    "dot": 28.80,
    "gama-linear": 28.8,
    "gray": 18.46,
    "hidden": 28.80,
    "jfif": 28.71,
    "nonascii": 28.80,
    "palette": 26.88,
    "png-exif": 28.80,
    "tiff-orient": 28.80,
    "upper": 28.80,
    "webp": 28.80,
    "wrong-suffix": 28.71,
    "ycck": 28.71,
}
"""PSNR over RGB in dB of each input, every pixel doubled, against its reference: 28.8 where the input is every other
pixel of the reference without a loss; less where it was stored with one.
"""
REFUSED = {
    "alpha-real": "transparent",
    "avif": "holds no pictures",
    "broken-link": "a link to a file that is not there",
    "cmyk": "CMYK",
    "cut": "damaged",
    "dupe": "the same stem",
    "empty": "damaged",
    "float-tiff": "more than 8 bits",
    "gif": "holds no pictures",
    "lab": "LAB",
    "lfs": "Git LFS pointer",
}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not (FIELD / CASE).is_dir():
        pytest.skip(f"no {FIELD / CASE}: put the shared folder beside the checkout")
    folder = tmp_path_factory.mktemp("zoo")
    for name in (CASE, "common"):
        shutil.copytree(FIELD / name, folder / name)
    environment = {**os.environ, "PYTHONPATH": str(folder / "common")}
    command = [sys.executable, "make.py"]
    subprocess.run(command, cwd=folder / CASE, env=environment, check=True, capture_output=True, timeout=240)
    return folder / CASE


def test_every_case_has_its_right_value(zoo: Path) -> None:
    made = {path.name for path in zoo.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert made == {*SEEN_DB, *REFUSED, "icc-p3"}  # a file that names a profile: test_shown_pictures.py


@pytest.mark.parametrize("case", SEEN_DB)
def test_what_a_viewer_shows_is_read(zoo: Path, case: str) -> None:
    (item, *_) = read_whole(read_items(zoo / case / "lr", zoo / case / "hr", 2, None, None), lambda _done, _all: None)
    shown, reference = (
        read_image(path).astype(float).reshape(*read_image(path).shape[:2], -1)
        for path in (item.input_path, item.reference_path)
    )
    large = shown.repeat(2, axis=0).repeat(2, axis=1)
    psnr = 10 * np.log10(255**2 / np.mean((large - reference) ** 2))
    assert psnr == pytest.approx(SEEN_DB[case], abs=0.06)


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_picture_for_a_model_is_refused_in_words(zoo: Path, case: str) -> None:
    with pytest.raises(UserError, match=REFUSED[case]):
        read_whole(read_items(zoo / case / "lr", zoo / case / "hr", 2, None, None), lambda _done, _all: None)
