"""Rows out of run folders, finished, foreign and broken ones."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.commands.history_import import import_folder, rows_of_run
from harness.documents.folder import RunFolder, write_model
from harness.documents.nightly import Job
from harness.errors import UserError
from harness.history.store import History, open_history
from harness.nightly.state import JobOfNight, NightState, RunOfNight
from tests.harness.history.sample_rows import commit, nightly

SAVED = Path(__file__).parents[1] / "documents" / "saved" / "run"


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with open_history(f"sqlite:///{tmp_path}/history.db") as opened:
        yield opened


def copy(folder: Path, **changes: object) -> Path:
    """The saved run elsewhere, with other values at the top of both documents."""
    shutil.copytree(SAVED, folder)
    for name in ("run.json", "comparison.json"):
        document = json.loads((folder / name).read_text())
        document.update({key: value for key, value in changes.items() if key in document})
        (folder / name).write_text(json.dumps(document))
    return folder


def change(path: Path, *keys: str | int, to: object) -> None:
    document = json.loads(path.read_text())
    place = document
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = to
    path.write_text(json.dumps(document))


def test_a_finished_run_gives_a_row_a_device() -> None:
    [row] = rows_of_run(RunFolder(SAVED))
    assert (row.run_id, row.suite, row.night, row.attempt) == ("20261130-002913-09153a", "", "2026-11-30", 1)
    assert (row.experiment, row.device, row.decision) == ("Saved", "local", "ship")
    assert str(row.sentence).startswith("Ship int8")
    assert row.folder == str(SAVED)
    latency = next(result for result in row.results if result.key.quantity == "latency_p50")
    # As comparison.json has them.
    assert (latency.estimate, latency.low, latency.high, latency.level, latency.n) == (
        0.7938934023168297,
        0.7160589124440022,
        0.8801883801585672,
        0.95,
        4,
    )
    assert (latency.scale, latency.unit, latency.better, latency.key.candidate) == ("ratio", "ns", "lower", "int8")
    facts = row.environment.facts
    assert facts["os"] == "Debian GNU/Linux 12 (bookworm)"
    assert facts["runtime of int8"] == "onnxruntime 1.32.0"
    assert facts["runner"] == "python runner"


def test_the_design_is_that_of_the_pinned_baseline_and_not_of_the_candidate(tmp_path: Path) -> None:
    folder = copy(tmp_path / "run")
    run = folder / "run.json"
    before = rows_of_run(RunFolder(SAVED))[0].design
    change(run, "arms", 1, "model_sha256", to="0" * 64)
    change(run, "arms", 1, "runtime_version", to="1.33.0")
    change(run, "experiment", "measure", "pairs", to=40)
    change(run, "experiment", "question", to="Another one?")
    assert rows_of_run(RunFolder(folder))[0].design == before
    for keys, value in (
        (("arms", 0, "model_sha256"), "0" * 64),
        (("arms", 1, "threads"), 2),
        (("items", 0, "input_sha256"), "0" * 64),
        (("experiment", "measure", "block_ms"), 30.0),
        (("quick",), True),
    ):
        other = copy(tmp_path / "-".join(map(str, keys)))
        change(other / "run.json", *keys, to=value)
        assert rows_of_run(RunFolder(other))[0].design != before, keys


def test_only_commits_of_the_runs_arms_are_its_own() -> None:
    ours = commit(1).model_copy(update={"arm": "int8"})
    [row] = rows_of_run(RunFolder(SAVED), commits=[commit(2), ours])
    assert row.commits == (ours,)


def test_a_folder_of_runs_is_imported_once(history: History, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    copy(runs / "a")
    copy(runs / "deeper" / "still" / "b", run_id="second")
    found = import_folder(history, runs)
    assert (found.runs, found.known, found.skipped) == (2, 0, {})
    again = import_folder(history, runs)
    assert (again.runs, again.known) == (0, 2)
    [series] = history.series("", quantity="latency_p50")
    assert [point.run_id for point in series.points] == ["20261130-002913-09153a", "second"]
    assert series.points[0].effect == pytest.approx(math.log(0.7938934023168297))


def test_what_is_broken_is_reported_and_left_out(history: History, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    copy(runs / "whole")
    copy(runs / "cut", run_id="cut")
    (runs / "cut" / "comparison.json").write_text('{"schema": ')
    copy(runs / "unfinished", run_id="unfinished")
    (runs / "unfinished" / "comparison.json").unlink()
    copy(runs / "foreign", run_id="foreign")
    (runs / "foreign" / "gallery").symlink_to("/etc")
    copy(runs / "two", run_id="two")
    change(runs / "two" / "run.json", "run_id", to="another")
    (runs / "empty").mkdir()
    (runs / "empty" / "run.json").write_bytes(b"\xff\xfe[[[[")
    (runs / "loop").symlink_to(runs)
    (runs / "night").mkdir()
    (runs / "night" / "nightly.json").write_text("{}")
    found = import_folder(history, runs)
    assert found.runs == 1
    assert {Path(path).name for path in found.skipped} == {"cut", "unfinished", "foreign", "two", "empty", "night"}
    assert "has no comparison.json yet" in found.skipped[str(runs / "unfinished")]
    assert "symbolic link" in found.skipped[str(runs / "foreign")]


def test_runs_beside_a_nights_document_are_that_nights(history: History, tmp_path: Path) -> None:
    home = tmp_path / "nights" / "phones" / "2026-01-05"
    copy(home / "runs" / "first", created_at="2026-01-05T03:00:00+00:00", run_id="first")
    copy(home / "runs" / "again", created_at="2026-01-05T03:30:00+00:00", run_id="again")
    change(home / "runs" / "again" / "comparison.json", "devices", 0, "started_at", to="2026-12-01T00:00:00Z")
    job = Job(experiment="sr", device="local", status="measured", run="runs/first", measured_again=True)
    again = job.model_copy(update={"run": "runs/again"})
    told = nightly(4).model_copy(
        update={"jobs": [job, again], "commits": [commit(4).model_copy(update={"arm": "int8"})]}
    )
    write_model(home / "nightly.json", told)
    found = import_folder(history, tmp_path / "nights")
    assert (found.runs, found.nights) == (2, 1)
    [series] = history.series("phones", quantity="latency_p50")
    assert series.key.experiment == "sr"
    assert [(point.run_id, point.attempt, point.night) for point in series.points] == [
        ("first", 1, "2026-01-05"),
        ("again", 2, "2026-01-05"),
    ]
    assert series.points[0].commits == (commit(4).model_copy(update={"arm": "int8"}),)
    assert history.night("phones", "2026-01-05") == told


def test_a_nights_own_state_knows_every_attempt(history: History, tmp_path: Path) -> None:
    """Also where the night was cut before it wrote what it came to."""
    home = tmp_path / "nights" / "phones" / "2026-01-05"
    for name in ("sr-local-1", "sr-local-2"):
        copy(home / "runs" / name, created_at="2026-01-05T03:00:00+00:00", run_id=name)
    ours = commit(4).model_copy(update={"arm": "int8"})
    state = NightState(
        suite="phones",
        night="2026-01-05",
        host="desk",
        started_at="2026-01-05T03:00:00+00:00",
        asked="0",
        jobs=[
            JobOfNight(
                experiment="sr",
                device="local",
                fingerprint="0",
                commits=[ours],
                runs=[
                    RunOfNight(folder="runs/sr-local-2", attempt=1),
                    RunOfNight(folder="runs/sr-local-1", attempt=2),
                ],
            )
        ],
    )
    write_model(home / "night.json", state)
    found = import_folder(history, tmp_path)
    assert (found.runs, found.nights, found.skipped) == (2, 0, {})
    [series] = history.series("phones", experiment="sr", quantity="latency_p50")
    assert [(point.run_id, point.attempt) for point in series.points] == [("sr-local-2", 1), ("sr-local-1", 2)]
    assert series.points[0].commits == (ours,)
    import_folder(history, home / "runs" / "sr-local-1", again=True)
    import_folder(history, home / "runs", again=True)
    [again] = history.series("phones", experiment="sr", quantity="latency_p50")
    assert again == series


def test_a_run_that_was_analysed_again_is_written_anew_where_that_is_asked_for(
    history: History, tmp_path: Path
) -> None:
    folder = copy(tmp_path / "runs" / "a")
    import_folder(history, tmp_path / "runs")
    change(folder / "comparison.json", "devices", 0, "contrasts", 0, "effect", "estimate", to=0.5)
    import_folder(history, tmp_path / "runs")
    assert history.series("", quantity="latency_p50")[0].points[0].effect != math.log(0.5)
    import_folder(history, tmp_path / "runs", again=True)
    assert history.series("", quantity="latency_p50")[0].points[0].effect == math.log(0.5)


def test_a_folder_that_is_not_there_is_said(history: History, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is no folder"):
        import_folder(history, tmp_path / "none")
