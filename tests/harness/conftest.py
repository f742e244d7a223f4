"""One finished run for all tests that only look at it or at a copy of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from harness.documents.folder import write_atomically
from tests.rig.built_once import built_once, common_folder
from tests.rig.command import Finished, bakeoff
from tests.rig.phones_for_runs import bionic_phone, kind, new_phone, server, stand_in
from tests.rig.tiny_experiment import TinyExperiment

__all__ = ["FinishedRun", "bionic_phone", "finished_run", "kind", "new_phone", "server", "stand_in"]


@dataclass(frozen=True)
class FinishedRun:
    """A run on this machine, and what the command said. The experiment beside it is not to be changed."""

    tiny: TinyExperiment
    folder: Path
    said: Finished

    def copy_to(self, folder: Path) -> Path:
        """The run folder elsewhere, to be changed at will."""
        shutil.copytree(self.folder, folder)
        return folder


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory: pytest.TempPathFactory, workdir: Path) -> FinishedRun:
    """Four pictures, two arms (the candidate blurs), six pairs. One for all test processes."""
    home = common_folder(tmp_path_factory) / "finished"
    tiny = TinyExperiment(home / "experiment")
    said_path = home / "said.json"
    with built_once(said_path) as is_missing:
        if is_missing:
            shutil.rmtree(home / "run", ignore_errors=True)
            said = bakeoff("run", tiny.write(), "--out", home / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir))
            assert said.exit_code == 0, said.stderr
            write_atomically(said_path, json.dumps(asdict(said)).encode())
    return FinishedRun(tiny, home / "run", Finished(**json.loads(said_path.read_text())))
