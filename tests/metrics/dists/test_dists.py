"""DISTS: its weights are looked for, checked before they are used, and refused in words. Values: test_oracles.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from metrics.dists.dists import Dists
from metrics.dists.dists_weights import SHAPES, find_dists_weights
from metrics.errors import LpipsUnavailableError
from metrics.lpips.lpips_weight_files import save_part
from metrics.lpips.weight_places import cache_folder
from metrics.metric import MetricSettings
from tests.metrics.pictures import open_dists, open_lpips


def test_it_says_which_weights_it_has() -> None:
    described = open_dists().describe()
    assert described.startswith("DISTS, native size, weights sha256 ")
    assert find_dists_weights().sha256[:12] in described


def test_a_damaged_file_of_the_user_s_is_the_end(tmp_path: Path) -> None:
    open_lpips("vgg")
    (tmp_path / "dists.pt").write_bytes(b"not weights")
    with pytest.raises(LpipsUnavailableError, match=r"DISTS unavailable: dists\.pt: damaged"):
        find_dists_weights(tmp_path)


def test_weights_that_are_nowhere_are_said_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path))
    with pytest.raises(
        LpipsUnavailableError, match=r"DISTS unavailable, because its trunk weights are nowhere(.|\n)*Put"
    ):
        find_dists_weights(tmp_path / "none", download=False)


def test_wrong_channel_weights_are_refused_before_they_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_lpips("vgg")
    wrong = {name: np.linspace(0.0, 1.0, shape[0], dtype=np.float32) for name, shape in SHAPES.items()}
    trunk = cache_folder() / "lpips-vgg-trunk.npz"
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path))
    save_part(cache_folder() / "dists-channels.npz", wrong, "nowhere")
    (cache_folder() / trunk.name).symlink_to(trunk)
    with pytest.raises(LpipsUnavailableError, match=r"where the authors' code gives 0\.130395: wrong weights invert"):
        Dists(MetricSettings(download=False))
