"""The steps of the GitHub workflow, run by bash as a runner does: on a night that finds a broken rule."""

import os
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.rig.command import environment
from tests.rig.forked_command import in_a_shell
from tests.rig.tiny_suite import TinySuite

REPOSITORY = Path(__file__).parents[2]


def steps() -> dict[str, dict]:
    workflow = YAML(typ="safe").load((REPOSITORY / "deploy" / "github" / "nightly.yml").read_text())
    return {step["name"]: step for step in workflow["jobs"]["nightly"]["steps"] if "name" in step}


@pytest.fixture
def checkout(tmp_path: Path, workdir: Path) -> tuple[Path, dict[str, str]]:
    """A folder with a suite whose candidate breaks its rule, and a runner's environment."""
    suite = TinySuite(tmp_path / "checkout", rules=[{"quantity": "psnr_y", "no_worse_than": "0.1 dB"}])
    suite.write()
    command = tmp_path / "bin" / "bakeoff"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {in_a_shell()} "$@"\n')
    command.chmod(0o755)
    return suite.folder, {
        **environment(PATH=f"{command.parent}:{os.environ['PATH']}"),
        "NIGHTS": str(tmp_path / "nights"),
        "BAKEOFF_HISTORY": f"sqlite:///{tmp_path}/history.db",
        "BAKEOFF_STATE": str(tmp_path / "state"),
        "BAKEOFF_LOCAL_WORKDIR": str(workdir),
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }


def run(step: dict, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    # What a runner makes of `shell: bash`.
    argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_regression_makes_the_job_red_and_the_summary_says_why(checkout: tuple[Path, dict[str, str]]) -> None:
    folder, environment = checkout
    measured = run(steps()["Measure"], folder, environment)
    assert measured.returncode == 1, measured.stderr
    outputs = dict(line.split("=", 1) for line in Path(environment["GITHUB_OUTPUT"]).read_text().splitlines())
    assert (Path(outputs["folder"]) / "nightly.json").is_file()
    told = run(steps()["Tell"], folder, {**environment, "NIGHT": outputs["folder"]})
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("::error ")
    assert "breaks 1 rule" in told.stdout
    assert "breaks 1 rule" in Path(environment["GITHUB_STEP_SUMMARY"]).read_text()


def test_a_suite_that_is_wrong_has_no_night_to_tell_of(checkout: tuple[Path, dict[str, str]]) -> None:
    folder, environment = checkout
    (folder / "suite.toml").write_text("name = 1\n")
    measured = run(steps()["Measure"], folder, environment)
    assert measured.returncode == 2
    # dirname of nothing: the later steps are left out.
    assert Path(environment["GITHUB_OUTPUT"]).read_text() == "folder=.\n"
    assert "!= '.'" in steps()["Tell"]["if"]
