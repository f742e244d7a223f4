"""What a killed command leaves on this computer is gone after the next one."""

import os
import signal
import subprocess
import sys
import time

import pytest

from harness.documents.folder import RunFolder
from harness.runs.session.folder_lock import claimed
from harness.runs.session.new_folder import refuse_used
from harness.scratch_folder import scratch_folder, sweep_parts, sweep_scratch

HOLD = (
    "import time\nfrom {} import {} as held\nwith held() as folder:\n    print(folder, flush=True); time.sleep(600)\n"
)
HELD = [("harness.scratch_folder", "scratch_folder"), ("metrics.lpips.held_folder", "held_folder")]


@pytest.mark.parametrize("held_by", HELD)
def test_a_folder_lasts_as_long_as_its_process_and_is_swept_after_it(tmp_path, monkeypatch, held_by):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with subprocess.Popen([sys.executable, "-c", HOLD.format(*held_by)], stdout=subprocess.PIPE, text=True) as process:
        held = process.stdout.readline().strip()
        (tmp_path / "bakeoff-of-nobody").mkdir()
        (tmp_path / "other").mkdir()
        with scratch_folder() as own:
            assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
                [own.name, os.path.basename(held), "bakeoff-of-nobody", "other"]  # noqa: PTH119
            )
        assert not own.exists()
        process.send_signal(signal.SIGKILL)
        process.wait()
    sweep_scratch(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bakeoff-of-nobody", "other"]
    long_ago = time.time() - 2 * 86_400
    os.utime(tmp_path / "bakeoff-of-nobody", (long_ago, long_ago))
    sweep_scratch(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_a_link_in_a_scratch_folders_place_is_left_and_not_followed(tmp_path):
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / ".lock").touch()
    (tmp_path / "bakeoff-link").symlink_to(precious)
    sweep_scratch(tmp_path)
    assert (precious / ".lock").exists()


def test_parts_of_files_of_a_killed_run_are_swept_by_whoever_works_there_next(tmp_path):
    folder = RunFolder(tmp_path / "run")
    place = folder.path / "devices" / "0-local" / "outputs" / "a0"
    place.mkdir(parents=True)
    (place / ".part-1234").write_bytes(b"x")
    (place / "i0.0.npy").write_bytes(b"x")
    sweep_parts(folder.path)
    assert (place / ".part-1234").exists()  # it may be somebody's who writes it just now
    with claimed(folder):
        assert [path.name for path in place.iterdir()] == ["i0.0.npy"]


def test_a_start_that_was_cut_before_its_first_file_leaves_the_folder_to_the_next(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.path.mkdir()
    folder.claim.touch()
    (folder.path / ".part-1234").write_bytes(b"{")
    refuse_used(folder)
