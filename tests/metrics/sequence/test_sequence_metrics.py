"""Scores of clips: what flickers, what only moves, and what a mean over frames hides."""

import math

import cv2
import numpy as np
import pytest

from metrics.errors import MetricInputError
from metrics.metric import MetricSettings
from metrics.registry import METRICS
from metrics.sequence.flicker import Flicker
from metrics.sequence.frame_mean import FrameMean
from tests.rig.clips import moving

CLIP = moving(8, 64, 80)


def flicker(output, reference=CLIP):
    return Flicker().prepare(reference).score(output)


def shifted(levels):
    return np.clip(CLIP.astype(int) + np.asarray(levels).reshape(-1, 1, 1, 1), 0, 255).astype(np.uint8)


def blurred(clip, sigma=1.0):
    return np.stack([cv2.GaussianBlur(frame, (0, 0), sigma) for frame in clip])


def test_the_reference_itself_does_not_flicker():
    assert flicker(CLIP) == 0.0


def test_brightness_that_comes_and_goes_is_flicker_of_its_size():
    # ±3 in turn is a change of 6 from frame to frame; clipped at black and white a little less.
    assert flicker(shifted([3, -3] * 4)) == pytest.approx(6.0, abs=0.7)
    assert flicker(shifted([0, 0, 0, 8, 0, 0, 0, 0])) == pytest.approx(math.sqrt(2 * 64 / 7), rel=0.1)


def test_a_fault_that_moves_with_what_is_seen_is_calm():
    still = flicker(shifted([4] * 8))
    soft = flicker(blurred(CLIP))
    assert still < 0.3
    error = np.sqrt(np.mean((blurred(CLIP).astype(float) - CLIP) ** 2))
    assert soft < 0.25 * error
    noise = np.random.default_rng(1).normal(0, error / 2, CLIP.shape)
    assert flicker(np.clip(CLIP + noise, 0, 255).astype(np.uint8)) > 1.2 * soft


@pytest.mark.parametrize("step", [0, 1, 3, 6])
def test_plain_motion_of_any_speed_is_calm(step):
    clip = moving(6, 64, 80, seed=2, step=step)
    calm = flicker(blurred(clip), clip)
    flickering = np.clip(blurred(clip).astype(int) + np.array([3, -3] * 3).reshape(-1, 1, 1, 1), 0, 255)
    assert flicker(flickering.astype(np.uint8), clip) > calm + 2.0


def test_a_cut_is_not_followed():
    clip = np.concatenate([moving(4, 64, 80, seed=3), moving(4, 64, 80, seed=4)])
    assert flicker(blurred(clip), clip) < 4.0


def test_a_patch_that_hides_the_scene_behind_it_is_left_out():
    clip = CLIP.copy()
    for place, frame in enumerate(clip):
        frame[20:44, 10 + 6 * place : 34 + 6 * place] = [250, 20, 20]
    calm, patch = flicker(blurred(clip), clip), flicker(blurred(CLIP))
    assert calm < patch + 3.0


def test_what_is_no_clip_is_refused():
    with pytest.raises(MetricInputError, match="takes 2"):
        Flicker().prepare(CLIP[:1])
    with pytest.raises(MetricInputError, match="less than 16 pixels"):
        Flicker().prepare(CLIP[:, :8])
    with pytest.raises(MetricInputError, match="the output is uint8 of shape"):
        flicker(CLIP[:, :-1])


def test_frames_that_share_nothing_have_no_flicker_to_tell():
    noise = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), dtype=np.uint8)
    with pytest.raises(MetricInputError, match="no frame of the clip can be followed"):
        flicker(noise, noise)


def test_a_metric_of_pictures_is_the_mean_over_frames():
    made, psnr = blurred(CLIP), METRICS["psnr_y"](MetricSettings(scale=2))
    each = [psnr.prepare(wanted).score(one) for wanted, one in zip(CLIP, made, strict=True)]
    over = FrameMean(psnr, "dB")
    assert over.prepare(CLIP).score(made) == pytest.approx(np.mean(each))
    assert "mean over the frames" in over.describe()
    ssim = FrameMean(METRICS["ssim_y"](MetricSettings()), "")
    assert ssim.prepare(CLIP).score(CLIP) == pytest.approx(1.0)


def test_frames_that_equal_their_reference_count_for_no_more_than_60_db():
    psnr = FrameMean(METRICS["psnr"](MetricSettings()), "dB").prepare(CLIP)
    assert psnr.score(CLIP) == math.inf
    broken = CLIP.copy()
    broken[3] = 255 - broken[3]
    alone = METRICS["psnr"](MetricSettings()).prepare(CLIP[3]).score(broken[3])
    assert psnr.score(broken) == pytest.approx((7 * 60.0 + alone) / 8)


def test_the_worst_frame_is_what_the_mean_hides():
    worst = METRICS["worst_frame_psnr"](MetricSettings()).prepare(CLIP)
    broken = CLIP.copy()
    broken[3] = 255 - broken[3]
    assert worst.score(CLIP) == math.inf
    assert worst.score(broken) == METRICS["psnr"](MetricSettings()).prepare(CLIP[3]).score(broken[3])
