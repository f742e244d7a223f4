"""Two clips compared by a filter of ffmpeg, which runs as a program in a folder of its own, for a bounded time."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

from metrics.errors import MetricInputError, MetricUnavailableError
from metrics.lpips.held_folder import held_folder
from metrics.sequence.frames import Frames

LOG: Final = "scores.log"
"""The file that a filter writes its scores into, in the folder that the program runs in."""
_MOST_LOG_BYTES: Final = 64 << 20
_MOST_SECONDS: Final = 600.0
_AS_VIDEO: Final = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
"""RGB as cameras and codecs hold it, BT.709 in 8 bits, which is what VMAF and XPSNR are defined on."""


def find_ffmpeg(metric: str) -> str:
    """The program that the package `imageio-ffmpeg` carries. Raises MetricUnavailableError without it."""
    try:
        import imageio_ffmpeg
    except ImportError:
        raise MetricUnavailableError(
            f"{metric} unavailable: it needs ffmpeg of the package imageio-ffmpeg; pip install 'bakeoff[video]'"
        ) from None
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise MetricUnavailableError(f"{metric} unavailable: {' '.join(str(error).split())[:200]}") from None


def ffmpeg_version(program: str) -> str:
    """Its version in a word."""
    said = subprocess.run(
        [program, "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60.0, check=False
    ).stdout.split(" ")
    return said[2] if len(said) > 2 else "of unknown version"


def compared(program: str, comparing: str, reference: Frames, output: Frames) -> str:
    """What a filter of two clips, the output first, writes into `LOG`.

    Raises:
        MetricInputError: the program failed, with its last word, took too long, or wrote nothing or too much.
    """
    size = f"{reference.shape[2]}x{reference.shape[1]}"
    kind = "rgb24" if reference.ndim == 4 else "gray"
    graph = f"[0:v]{_AS_VIDEO}[made];[1:v]{_AS_VIDEO}[wanted];[made][wanted]{comparing}"
    with held_folder() as folder:
        command = [program, "-hide_banner", "-nostdin", "-loglevel", "error"]
        for name, clip in (("made.raw", output), ("wanted.raw", reference)):
            clip.tofile(folder / name)
            command += ["-f", "rawvideo", "-pix_fmt", kind, "-s", size, "-r", "25", "-i", name]
        command += ["-lavfi", graph, "-f", "null", "-"]
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_MOST_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise MetricInputError(f"ffmpeg did not compare the clips within {_MOST_SECONDS:g} s") from None
        if done.returncode != 0:
            raise MetricInputError(f"ffmpeg could not compare the clips: {_last_word(done.stderr)}")
        return _read(folder / LOG)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_LOG_BYTES + 1)
    except OSError:
        raise MetricInputError("ffmpeg wrote no scores") from None
    if len(content) > _MOST_LOG_BYTES:
        raise MetricInputError("ffmpeg wrote more scores than any clip has frames")
    return content.decode(errors="replace")


def _last_word(said: bytes) -> str:
    lines = [line.strip() for line in said[-4000:].decode(errors="replace").splitlines() if line.strip()]
    words = "".join(letter for letter in (lines[-1] if lines else "it said nothing") if letter.isprintable())
    return words[:200]
