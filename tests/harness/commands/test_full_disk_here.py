"""This computer's disk runs full between the first files of a run: what is left is taken by `run` or by `--resume`."""

import errno
import os

import pytest

from harness.cli.main import main
from harness.documents import folder as run_folder


class FullDisk:
    """The module `os`, on a disk with space for so many more files."""

    def __init__(self, files: int) -> None:
        self.left = files

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def fsync(self, descriptor: int) -> None:
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)


@pytest.mark.parametrize("files", [0, 1, 4])
def test_a_run_that_could_not_be_begun_is_begun_or_gone_on_with_once_there_is_space(
    tiny, tmp_path, workdir, monkeypatch, capsys, files
):
    monkeypatch.setenv("BAKEOFF_LOCAL_WORKDIR", str(workdir))
    experiment, folder = str(tiny.write()), tmp_path / "run"
    with monkeypatch.context() as full:
        full.setattr(run_folder, "os", FullDisk(files))
        assert main(["run", experiment, "--quick", "--out", str(folder)]) == 2
    assert "Free space on this computer's disk" in capsys.readouterr().err
    assert (folder / "run.json").exists() == (files > 0)
    again = [experiment, "--quick", "--out"] if files == 0 else ["--resume"]
    assert main(["run", *again, str(folder)]) == 0, capsys.readouterr().err
    assert not [name for _, _, names in os.walk(folder) for name in names if name.startswith(".part-")]
