"""VMAF and XPSNR by ffmpeg: what they say of clips, and in which words they say nothing."""

from __future__ import annotations

import builtins
import itertools
import math
import os
import stat
from pathlib import Path

import numpy as np
import pytest
import skimage
from numpy.typing import NDArray

from metrics.errors import MetricInputError, MetricUnavailableError
from metrics.metric import MetricSettings
from metrics.registry import FACTS, METRICS
from metrics.sequence import ffmpeg

NAMES = ("vmaf", "vmaf_phone", "xpsnr")
SETTINGS = MetricSettings(threads=1)


@pytest.fixture
def _has_ffmpeg() -> None:
    pytest.importorskip("imageio_ffmpeg", reason="imageio-ffmpeg is absent: pip install 'bakeoff[video]'")


def clip(frames: int = 4, height: int = 96, width: int = 112) -> NDArray[np.uint8]:
    """A window that moves over a photograph."""
    picture = skimage.data.astronaut()
    return np.stack([picture[:height, 2 * place : 2 * place + width] for place in range(frames)])


def noisy(frames: NDArray[np.uint8], amount: float) -> NDArray[np.uint8]:
    field = np.random.default_rng(0).normal(0.0, 1.0, frames.shape)
    return np.clip(frames + amount * field, 0, 255).astype(np.uint8)


@pytest.mark.usefixtures("_has_ffmpeg")
@pytest.mark.parametrize("name", NAMES)
def test_more_noise_is_worse_and_a_clip_equals_itself(name: str) -> None:
    prepared = METRICS[name](SETTINGS).prepare(clip())
    scores = [prepared.score(noisy(clip(), amount)) for amount in (0, 12, 40)]
    assert all(later < earlier for earlier, later in itertools.pairwise(scores)), scores
    assert scores[0] == math.inf if name == "xpsnr" else scores[0] > 97.0
    lowest, highest = FACTS[name].range
    assert all(lowest is not None and value >= lowest for value in scores)
    assert highest is None or max(scores) <= highest


@pytest.mark.usefixtures("_has_ffmpeg")
def test_a_telephone_forgives_more() -> None:
    both = [METRICS[name](SETTINGS).prepare(clip()).score(noisy(clip(), 12)) for name in ("vmaf", "vmaf_phone")]
    assert both[1] > both[0]


@pytest.mark.usefixtures("_has_ffmpeg")
def test_version_1_for_telephones_sees_chroma_and_takes_no_small_clip() -> None:
    """libvmaf itself crashes on small clips, and leaves its chroma out on others."""
    picture = np.kron(skimage.data.astronaut(), np.ones((2, 2, 1), np.uint8))
    whole = np.stack([picture[:560, 2 * place : 2 * place + 600] for place in range(3)])
    prepared = METRICS["vmaf_v1_phone"](SETTINGS).prepare(whole)
    same, worse = prepared.score(whole), prepared.score(noisy(whole, 12))
    assert 90.0 < same <= 100.0
    assert worse < same - 1.0
    red = whole.astype(int)
    red[..., 0] += 25
    red[..., 1] -= 13  # about as light as it was
    assert prepared.score(np.clip(red, 0, 255).astype(np.uint8)) < same
    with pytest.raises(MetricInputError, match="96 × 112 pixels: VMAF needs at least 540 × 540"):
        METRICS["vmaf_v1_phone"](SETTINGS).prepare(clip())


@pytest.mark.usefixtures("_has_ffmpeg")
@pytest.mark.parametrize("name", NAMES)
def test_grey_clips_and_odd_sizes_are_compared(name: str) -> None:
    grey = np.ascontiguousarray(clip(3, 61, 75)[..., 1])
    assert METRICS[name](SETTINGS).prepare(grey).score(noisy(grey, 20)) > 5.0


@pytest.mark.usefixtures("_has_ffmpeg")
@pytest.mark.parametrize("name", NAMES)
def test_one_picture_is_no_clip(name: str) -> None:
    with pytest.raises(MetricInputError, match=r"has 1 frame\(s\), and this takes 2"):
        METRICS[name](SETTINGS).prepare(clip(1))


@pytest.mark.usefixtures("_has_ffmpeg")
def test_a_clip_too_small_for_vmaf_is_refused() -> None:
    with pytest.raises(MetricInputError, match="31 × 112 pixels: VMAF needs at least 32 × 32"):
        METRICS["vmaf"](SETTINGS).prepare(clip(2, 31))


@pytest.mark.parametrize("name", NAMES)
def test_without_the_extra_it_says_how_to_install_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    really = builtins.__import__

    def without(module: str, *arguments: object, **others: object) -> object:
        if module == "imageio_ffmpeg":
            raise ImportError
        return really(module, *arguments, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MetricUnavailableError, match=r"pip install 'bakeoff\[video\]'"):
        METRICS[name](SETTINGS)


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo 'no such \033[31mfilter' >&2; exit 3", r"could not compare the clips: no such \[31mfilter"),
        ("exit 3", "could not compare the clips: it said nothing"),
        ("exit 0", "wrote no scores"),
        ("sleep 60", "did not compare the clips within 0.5 s"),
        ("head -c 2000 /dev/zero > scores.log", "wrote more scores than any clip has frames"),
    ],
)
def test_a_program_that_fails_is_told_in_words(
    script: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{script.replace('sleep', 'exec sleep')}\n")
    os.chmod(program, stat.S_IRWXU)  # noqa: PTH101
    monkeypatch.setattr(ffmpeg, "_MOST_SECONDS", 0.5 if "sleep" in script else 30.0)
    monkeypatch.setattr(ffmpeg, "_MOST_LOG_BYTES", 1000)
    with pytest.raises(MetricInputError, match=words):
        ffmpeg.compared(str(program), "xpsnr", clip(2), clip(2))
