"""Where each arm is how far off: absolute error and LPIPS, in colours of one scale."""

import numpy as np
import pytest
from PIL import Image

from harness.tasks.image_to_image.error_maps import draw_maps
from harness.tasks.shown_pictures.color_scale import ABSOLUTE_ERROR, SCALES, colors, painted
from metrics.metric import MetricSettings
from metrics.registry import METRICS
from tests.metrics.pictures import open_lpips


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def lightness(color):
    """Relative luminance of sRGB (WCAG 2.2)."""
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in np.asarray(color) / 255
    ]
    return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))


def test_more_is_lighter_on_every_scale():
    for scale in (ABSOLUTE_ERROR, *SCALES.values()):
        row = painted(np.linspace(0.0, scale.ticks[-1], 400)[None], scale)[0]
        assert np.all(np.diff([lightness(color) for color in row]) >= -2e-3)  # of 8-bit steps
        assert len({tuple(color) for color in row}) > 100


def test_each_tick_is_as_far_along_as_the_one_before_and_beyond_the_last_all_look_alike():
    stops = np.array([[int(color[at : at + 2], 16) for at in (1, 3, 5)] for color in colors()])
    ticks = painted(np.array([[0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 5.0, np.nan, np.inf]]), SCALES["lpips_alex"])[0]
    assert np.array_equal(ticks[0], stops[0])
    assert all(np.array_equal(one, stops[-1]) for one in ticks[5:])


def test_both_arms_are_drawn_on_one_scale_and_a_blemish_shines_where_it_is(tmp_path):
    reference = np.full((80, 90, 3), 100, dtype=np.uint8)
    arms = {"baseline": reference.copy(), "candidate": reference.copy()}
    arms["baseline"][10, 20] += 4
    arms["candidate"][10, 20] += 4
    arms["candidate"][60:70, 70:80] = 255
    [drawn] = draw_maps(tmp_path, reference, arms, {"psnr": METRICS["psnr"](MetricSettings())})
    assert (drawn.name, drawn.unit, list(drawn.ticks)[:3]) == ("absolute_error", "levels of 255", [0.0, 1.0, 2.0])
    one, other = (pixels(drawn.files[role]) for role in ("baseline", "candidate"))
    assert np.array_equal(one[10, 20], other[10, 20])
    assert np.array_equal(one[10, 20], painted(np.array([[4.0]]), ABSOLUTE_ERROR)[0, 0])
    assert lightness(other[65, 75]) > 0.9
    assert lightness(other[30, 30]) < 0.01


def test_lpips_says_where_and_its_mean_is_about_its_score(tmp_path):
    lpips = open_lpips("alex")
    generator = np.random.default_rng(7)
    reference = generator.integers(0, 256, (96, 120, 3), dtype=np.uint8)
    made = reference.copy()
    made[64:, 80:] = 255 - made[64:, 80:]
    prepared = lpips.prepare(reference)
    where = prepared.error_map(made)
    assert where.shape == (96, 120)
    assert where.min() >= 0
    assert where[70:, 90:].mean() > 20 * where[:30, :40].mean()
    assert where.mean() == pytest.approx(prepared.score(made), rel=0.1)
    assert not prepared.error_map(reference).any()
    maps = draw_maps(tmp_path, reference, {"candidate": made}, {"lpips_alex": lpips})
    assert [one.name for one in maps] == ["absolute_error", "lpips_alex"]


def test_flip_makes_a_map_too(tmp_path):
    reference = np.full((40, 50, 3), 100, dtype=np.uint8)
    made = reference.copy()
    made[10:20, 10:20] = 250
    maps = draw_maps(tmp_path, reference, {"candidate": made}, {"flip": METRICS["flip"](MetricSettings())})
    assert [one.name for one in maps] == ["absolute_error", "flip"]
    assert lightness(pixels(maps[1].files["candidate"])[15, 15]) > 10 * lightness(
        pixels(maps[1].files["candidate"])[35, 45]
    )


def test_a_metric_that_cannot_take_the_pictures_makes_no_map(tmp_path):
    small = np.zeros((16, 16, 3), dtype=np.uint8)
    maps = draw_maps(tmp_path, small, {"candidate": small}, {"lpips_alex": open_lpips("alex")})
    assert [one.name for one in maps] == ["absolute_error"]
    assert draw_maps(tmp_path, small, {}, {}) == []
