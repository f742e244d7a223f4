"""LPIPS with true weights. Golden values are in test_golden_values.py."""

from __future__ import annotations

import numpy as np
import pytest

from metrics.errors import MetricInputError
from metrics.lpips.lpips import Lpips
from metrics.lpips.lpips_networks import NETWORKS
from tests.metrics.pictures import noisy_pair, open_lpips


@pytest.fixture(scope="module", params=["alex", "squeeze"])
def lpips(request: pytest.FixtureRequest) -> Lpips:
    return open_lpips(request.param)


def test_identical_images_are_at_no_distance(lpips: Lpips) -> None:
    image, _ = noisy_pair((50, 70, 3))
    assert lpips.prepare(image).score(image.copy()) == 0.0


def test_more_noise_is_further_away(lpips: Lpips) -> None:
    reference, near = noisy_pair((64, 90, 3), amount=10)
    _, far = noisy_pair((64, 90, 3), amount=80)
    prepared = lpips.prepare(reference)
    assert 0 < prepared.score(near) < prepared.score(far)


def test_a_prepared_reference_serves_every_arm_in_any_order(lpips: Lpips) -> None:
    reference, first = noisy_pair((64, 64, 3), amount=10)
    _, second = noisy_pair((64, 64, 3), amount=80)
    prepared, other = lpips.prepare(reference), lpips.prepare(second)
    scores = prepared.score(first), prepared.score(second)
    assert other.score(second) == 0.0
    assert (prepared.score(first), prepared.score(second)) == scores


# By the `lpips` package 0.1.4 under PyTorch 2.13 with the same trunks; sizes that make each rounding of pooling differ.
@pytest.mark.parametrize(
    ("net", "height", "width", "distance"),
    [
        ("alex", 31, 31, 0.0129918),
        ("alex", 32, 47, 0.0141266),
        ("alex", 39, 40, 0.0163549),
        ("alex", 61, 50, 0.0208514),
        ("alex", 131, 87, 0.0415233),
        ("squeeze", 17, 17, 0.0137039),
        ("squeeze", 18, 31, 0.0156290),
        ("squeeze", 33, 64, 0.0270521),
        ("squeeze", 35, 36, 0.0190325),
        ("squeeze", 61, 50, 0.0200012),
        ("squeeze", 131, 87, 0.0307198),
    ],
)
def test_every_size_agrees_with_the_authors_code(net: str, height: int, width: int, distance: float) -> None:
    reference, output = noisy_pair((height, width, 3), seed=height * 1000 + width, amount=60)
    assert open_lpips(net).prepare(reference).score(output) == pytest.approx(distance, abs=1e-6)


def test_floats_and_grey_images_score_like_their_rgb_bytes(lpips: Lpips) -> None:
    grey_reference, grey_output = noisy_pair((60, 60))
    rgb = [np.repeat(image[..., None], 3, axis=2) for image in (grey_reference, grey_output)]
    expected = lpips.prepare(rgb[0]).score(rgb[1])
    assert lpips.prepare(grey_reference).score(grey_output) == expected
    floats = [image.astype(np.float64) for image in rgb]
    assert lpips.prepare(floats[0]).score(floats[1]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("net", ["alex", "squeeze"])
def test_the_smallest_image_is_scored_and_a_smaller_one_is_refused(net: str) -> None:
    lpips, side = open_lpips(net), NETWORKS[net].smallest_side
    reference, output = noisy_pair((side, side, 3))
    assert lpips.prepare(reference).score(output) > 0
    with pytest.raises(MetricInputError, match=rf"needs at least {side} × {side}"):
        lpips.prepare(reference[:-1])


def test_other_shapes_are_refused(lpips: Lpips) -> None:
    reference, output = noisy_pair((50, 70, 3))
    with pytest.raises(MetricInputError, match=r"50 × 64 × 3 but the reference has 50 × 70 × 3"):
        lpips.prepare(reference).score(output[:, :64])


def test_the_description_carries_net_version_and_hash_of_the_weights(lpips: Lpips) -> None:
    assert any(
        lpips.describe().startswith(f"LPIPS 0.1, net {net}, weights sha256 {digest}")
        for net, digest in (("alex", "d35548de7be6"), ("squeeze", "a906599d03b9"))
    )


def test_memory_does_not_grow_with_the_number_of_sizes(lpips: Lpips) -> None:
    generator = np.random.default_rng(0)

    def score_sizes(count: int) -> int:
        for height, width in generator.integers(40, 300, (count, 2)):
            image = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
            lpips.prepare(image).score(image)
        return resident_bytes()

    settled = score_sizes(15)
    assert score_sizes(30) - settled < 100e6


def resident_bytes() -> int:
    from pathlib import Path

    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("resident memory is read from /proc, which this system has not")
    return int(statm.read_text().split()[1]) * 4096
