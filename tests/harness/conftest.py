"""One finished run for all tests that only look at it or at a copy of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.rig.built_once import made_once
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

    def run(home: Path) -> None:
        experiment = TinyExperiment(home / "experiment").write()
        said = bakeoff("run", experiment, "--out", home / "run", BAKEOFF_LOCAL_WORKDIR=str(workdir))
        assert said.exit_code == 0, said.stderr
        (home / "said.json").write_text(json.dumps(asdict(said)))

    home = made_once(tmp_path_factory, "finished", run)
    said = Finished(**json.loads((home / "said.json").read_text()))
    return FinishedRun(TinyExperiment(home / "experiment"), home / "run", said)
