"""Files that somebody named and that are none: said at once, and never waited for."""

import os
import socket
import subprocess
import sys

import numpy as np
import pytest

from harness.errors import UserError
from harness.experiment.file import parse_experiment, read_experiment
from harness.models.model_file import read_model
from harness.tasks import image_file
from harness.tasks.image_file import image_size, read_image, write_image
from harness.tasks.image_to_image.dataset import file_sha256
from tests.rig.command import bakeoff


def pipe(path):
    os.mkfifo(path)


def endless(path):
    path.symlink_to("/dev/zero")


def loop(path):
    path.symlink_to(path)


def folder(path):
    path.mkdir()


def listening(path):
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))


READERS = {
    "model.onnx": read_model,
    "model.tflite": read_model,
    "experiment.toml": read_experiment,
    "picture.png": read_image,
    "size.png": image_size,
    "hashed.png": file_sha256,
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("make", [pipe, endless, loop, folder, listening])
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_refused_at_once(tmp_path, monkeypatch, name, make):
    monkeypatch.chdir(tmp_path)  # a socket's name is short
    path = tmp_path / name
    make(path if make is not listening else path.relative_to(tmp_path))
    with pytest.raises(UserError, match=name) as caught:
        READERS[name](path)
    assert len(caught.value.what.splitlines()) == 1


def test_a_loop_of_links_in_an_experiment_is_said(tiny):
    experiment = tiny.write()
    (tiny.folder / tiny.candidate).unlink()
    (tiny.folder / tiny.candidate).symlink_to(tiny.candidate)
    done = bakeoff("check", experiment)
    assert (done.exit_code, "Traceback" in done.stderr) == (2, False)
    assert "Too many levels of symbolic links" in done.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"n = " + b"9" * 5000, "too many digits"),
        (b"n = " + b"[" * 100_000, "too deep"),
        (b"n = " + b"{a = " * 100_000, "too deep"),
    ],
)
def test_toml_that_no_experiment_has_is_said(tmp_path, text, words):
    with pytest.raises(UserError, match=words):
        parse_experiment(text, tmp_path / "experiment.toml")


def test_a_name_with_nul_is_said(tiny):
    experiment = tiny.write()
    experiment.write_text(experiment.read_text().replace(f'"{tiny.candidate}"', '"a\\u0000b.onnx"'))
    done = bakeoff("check", experiment)
    assert (done.exit_code, "Traceback" in done.stderr) == (2, False)
    assert "NUL" in done.stderr


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n{} loop\n"
OTHER_FORMATS = {
    "postscript": POSTSCRIPT,
    "pdf": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n",
    "wmf": b"\xd7\xcd\xc6\x9a" + bytes(100),
    "fits": b"SIMPLE  =                    T" + b" " * 2850,
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("suffix", sorted(image_file.SUFFIXES))
@pytest.mark.parametrize("content", OTHER_FORMATS.values(), ids=OTHER_FORMATS)
def test_a_picture_of_a_format_that_is_not_meant_is_none_whatever_it_is_called(tmp_path, content, suffix):
    path = tmp_path / f"picture{suffix}"
    path.write_bytes(content)
    for read in (read_image, image_size):
        with pytest.raises(UserError, match="damaged or not a picture"):
            read(path)


def test_postscript_in_a_picture_starts_no_program(tmp_path):
    """The reader's PostScript starts `gs`, which wrote and deleted files of the user's."""
    started = tmp_path / "started"
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "gs").write_text(f"#!/bin/sh\ntouch '{started}'\n")
    (programs / "gs").chmod(0o755)
    path = tmp_path / "picture.png"
    path.write_bytes(POSTSCRIPT)
    code = (
        "import sys; from pathlib import Path; from harness.tasks.image_file import read_image\n"
        "try: read_image(Path(sys.argv[1]))\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run([sys.executable, "-c", code, path], env=environment, capture_output=True, check=True)
    assert done.stdout == b"UserError\n"
    assert not started.exists()


def test_a_picture_with_another_ending_is_read_by_its_content(tmp_path):
    picture = np.arange(12 * 12 * 3, dtype=np.uint8).reshape(12, 12, 3)
    write_image(tmp_path / "a.png", picture)
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    assert np.array_equal(read_image(tmp_path / "a.jpg"), picture)


def test_the_bound_on_pixels_is_the_one_that_is_told(tmp_path, monkeypatch):
    write_image(tmp_path / "a.png", np.zeros((10, 10, 3), np.uint8))
    monkeypatch.setattr(image_file, "MOST_PIXELS", 100)
    read_image(tmp_path / "a.png")
    monkeypatch.setattr(image_file, "MOST_PIXELS", 99)
    for read in (read_image, image_size):
        with pytest.raises(UserError, match=r"too large \(99 pixels at most\)"):
            read(tmp_path / "a.png")


def test_a_picture_that_is_never_decoded_is_given_up(tmp_path, monkeypatch):
    from threading import Event

    write_image(tmp_path / "a.png", np.zeros((10, 10, 3), np.uint8))
    release = Event()
    monkeypatch.setattr(image_file, "DECODE_S", 0.2)
    monkeypatch.setattr(image_file, "_refuse_deep", lambda _path, _image: release.wait(30))
    try:
        with pytest.raises(UserError, match=r"was not decoded within 0\.2 s"):
            read_image(tmp_path / "a.png")
    finally:
        release.set()
