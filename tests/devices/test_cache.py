"""What a killed command left half written in the cache is gone after the next that writes there."""

from __future__ import annotations

import hashlib
import os
import time
import zipfile
from pathlib import Path

import pytest

from devices.cache import sweep_parts
from devices.environments.wheel_download import PinnedWheel, unpacked

LONG_AGO = time.time() - 2 * 86_400


def test_parts_of_a_day_ago_are_swept_and_younger_ones_and_other_files_are_not(tmp_path: Path) -> None:
    for name in (".part-old", ".part-new", "library.so"):
        (tmp_path / name).write_bytes(b"x")
    for name in (".part-old", "library.so"):
        os.utime(tmp_path / name, (LONG_AGO, LONG_AGO))
    sweep_parts(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".part-new", "library.so"]


def test_what_was_unpacked_by_half_is_gone_once_the_wheel_is_unpacked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BAKEOFF_CACHE", str(tmp_path))
    (tmp_path / "wheels").mkdir()
    by_hand = tmp_path / "wheels" / "any.whl"
    with zipfile.ZipFile(by_hand, "w") as archive:
        archive.writestr("made_up/__init__.py", "")
    sha256 = hashlib.sha256(by_hand.read_bytes()).hexdigest()
    wheel = PinnedWheel("made-up", "1.0", ("any",), sha256)
    left = tmp_path / "unpacked" / f".part-made-up-1.0-{sha256[:12]}-abcd" / "files"
    another = tmp_path / "unpacked" / ".part-other-1.0-0123456789ab-abcd"
    left.mkdir(parents=True)
    another.mkdir()

    folder = unpacked(wheel)

    assert (folder / "made_up" / "__init__.py").is_file()
    assert not left.parent.exists()
    assert another.exists()  # whoever holds that wheel's lock may be at work in it
