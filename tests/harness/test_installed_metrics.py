"""Metrics of a package that pip really installed, sound and otherwise, through a run's analysis and into its report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.documents.folder import RunFolder
from tests.rig.built_once import common_folder

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "tests" / "rig" / "own_metrics"

# In a process of its own: what is installed is looked up once, and this one has nothing of it.
ANALYSE = """
import json, sys
from pathlib import Path
from harness.commands.recompute import recompute
from harness.documents.folder import RunFolder
from harness.runs.session.progress import SilentProgress
import pandas
folder = RunFolder(Path(sys.argv[1]))
recompute(folder, SilentProgress())
frame = pandas.read_parquet(folder.tables / "quality.parquet")
print(json.dumps({
    name: {"values": rows["value"].dropna().tolist(), "reasons": sorted(set(rows["reason"].dropna()))}
    for name, rows in frame.groupby("quantity")
}))
"""
REFUSED = """
import json
from harness.installed_metrics import load_installed_metrics
print(json.dumps(load_installed_metrics()))
"""
READ = """
import sys
from pathlib import Path
from harness.documents.comparison import Comparison
from reports.html import render_html
folder = Path(sys.argv[1])
print(render_html(Comparison.model_validate_json((folder / "comparison.json").read_text()), folder))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in it, as `pip install --target` makes it."""
    target = common_folder(tmp_path_factory) / "own-metrics"
    if not (target / "sharpness_of_ours.py").exists():
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            "--target",
            str(target),
        ]
        subprocess.run([*command, str(PACKAGE)], check=True, capture_output=True)
    return target


def python(installed: Path | None, code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    paths = [str(REPOSITORY), *([str(installed)] if installed else [])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "BAKEOFF_SCORES": "off"}
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False
    )


def with_metrics(finished_run, folder: Path, *metrics: str) -> RunFolder:
    run = RunFolder(finished_run.copy_to(folder))
    written = json.loads(run.manifest.read_text())
    written["experiment"]["measure"]["metrics"] += metrics
    run.manifest.write_text(json.dumps(written))
    return run


def test_each_that_cannot_be_used_is_refused_with_its_package_and_the_reason(installed: Path) -> None:
    refused = json.loads(python(installed, REFUSED).stdout)
    assert set(refused) == {
        "psnr", "alike", "other_name", "no_metric", "not_there", "escapes", "no_family", "no_margin",
        "ends_the_program", "crashes_when_loaded", "hangs_when_loaded", "no_place",
    }  # fmt: skip
    assert all(reason.startswith("sharpness-of-ours 1.2.3: ") for reason in refused.values())
    assert all(reason.isprintable() for reason in refused.values())
    for name, words in {
        "psnr": "is one of bakeoff's own quantities",
        "alike": "is labelled 'SSIM (RGB)', as 'ssim' is",
        "other_name": "its facts call it 'sharpness'",
        "no_metric": "is str, not a metrics.metric.ItemMetric",
        "not_there": "has no attribute 'NOT_THERE'",
        "escapes": "its facts: meaning: '\\x1b[2Jcleared' is no text of one line",
        "no_family": "no task offers metrics of the family 'smell'",
        "no_margin": "its facts: negligible: Input should be greater than 0",
        "ends_the_program": "ends the program when it is loaded",
        "no_place": "AttributeError",
        "crashes_when_loaded": "crashed (signal 11) when it is loaded",
        "hangs_when_loaded": "module 'hangs_when_loaded' has no attribute 'X'",  # it does where HANGS is set
    }.items():
        assert words in refused[name], refused[name]


def test_one_that_hangs_when_it_is_loaded_is_refused_and_the_others_are_known(
    installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANGS", "yes")
    soon = "import harness.installed_metrics as installed\ninstalled._LOADED_WITHIN_S = 15.0\n"
    known = "\nfrom metrics.registry import METRICS\nassert 'sharpness' in METRICS"
    done = python(installed, soon + REFUSED + known)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["hangs_when_loaded"] == (
        "sharpness-of-ours 1.2.3: did not answer within 15 s when it is loaded"
    )


def test_what_is_installed_is_not_imported_to_be_known(installed: Path) -> None:
    code = f"import sys\n{REFUSED}\nprint('sharpness_of_ours' in sys.modules)"
    assert python(installed, code).stdout.splitlines()[-1] == "False"


def test_nothing_is_loaded_where_every_metric_is_known(installed: Path) -> None:
    code = "import sys, harness.experiment.declaration, harness.cli.main; print('sharpness_of_ours' in sys.modules)"
    assert python(installed, code).stdout.strip() == "False"


def test_a_run_is_scored_by_it_and_the_rest_goes_on_beside_those_that_fail(
    installed: Path, finished_run, tmp_path: Path
) -> None:
    own = ("sharpness", "no_number", "out_of_range", "fails_on_items", "cannot_be_opened")
    run = with_metrics(finished_run, tmp_path / "run", *own)
    before = len(json.loads(run.manifest.read_text())["items"])
    done = python(installed, ANALYSE, str(run.path))
    assert done.returncode == 0, done.stderr
    scores = json.loads(done.stdout)
    assert len(scores["sharpness"]["values"]) == len(scores["psnr"]["values"]) == 2 * before
    assert scores["sharpness"]["reasons"] == []
    package = "sharpness-of-ours 1.2.3"
    assert scores["no_number"]["reasons"] == [f"{package} gave nan, which is no value"]
    assert scores["out_of_range"]["reasons"] == [f"{package} gave 1e+06, which its own range does not have"]
    assert scores["fails_on_items"]["reasons"] == [f"{package} failed: KeyError: 'weights'"]
    assert scores["cannot_be_opened"]["reasons"] == [
        f"Own cannot_be_opened unavailable: {package}: OSError: the licence [31m server is down"
    ]

    # The report is read by one who has not installed it: what is known of the score came with the comparison.
    page = python(None, READ, str(run.path))
    assert page.returncode == 0, page.stderr
    assert "Sharpness (ours)" in page.stdout
    assert f"From: {package}." in page.stdout
    assert "noise, which it takes for sharpness" in page.stdout


def test_one_that_hangs_or_crashes_costs_its_own_scores_and_nothing_else(
    installed: Path, finished_run, tmp_path: Path
) -> None:
    run = with_metrics(finished_run, tmp_path / "run", "hangs", "crashes", "sharpness")
    written = json.loads(run.manifest.read_text())
    written["experiment"]["measure"]["own_metric_timeout_s"] = 3.0
    run.manifest.write_text(json.dumps(written))
    done = python(installed, ANALYSE, str(run.path))
    assert done.returncode == 0, done.stderr
    scores = json.loads(done.stdout)
    package = "sharpness-of-ours 1.2.3"
    assert len(scores["sharpness"]["values"]) == len(scores["psnr"]["values"])
    assert scores["crashes"]["values"] == []
    given_up = f"{package} hung or crashed on 3 items one behind the other, and is asked no more"
    assert set(scores["crashes"]["reasons"]) == {f"{package} crashed (signal 11)", given_up}
    assert set(scores["hangs"]["reasons"]) <= {f"{package} did not answer within 3 s", given_up}
    assert scores["hangs"]["reasons"]
    assert set(scores["hangs"]["values"]) <= {1.0}
    # Nobody is left behind.
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "harness.metric_child hangs" not in left


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sharpness", "unknown metric 'sharpness' in measure.metrics"),
        ("alike", "unknown metric 'alike' in measure.metrics"),
    ],
)
def test_who_has_not_installed_it_is_told(name: str, words: str, finished_run, tmp_path: Path) -> None:
    run = with_metrics(finished_run, tmp_path / "run", name)
    assert words in python(None, ANALYSE, str(run.path)).stderr


def test_who_asks_for_one_that_was_refused_is_told_why(installed: Path, finished_run, tmp_path: Path) -> None:
    run = with_metrics(finished_run, tmp_path / "run", "alike")
    assert "the installed metric 'alike' in measure.metrics is refused: sharpness-of-ours 1.2.3" in (
        python(installed, ANALYSE, str(run.path)).stderr
    )
