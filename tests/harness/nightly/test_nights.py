"""Real nights on this machine: what is measured, kept, said, and how a night ends when things are missing."""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.cli.main import main
from harness.commands.nightly import measure_run, quarantine, run_night
from harness.commands.nightly.night import Night
from harness.documents.folder import write_model
from harness.documents.nightly import Nightly
from harness.history.store import open_history
from harness.nightly.night_folder import NightFolder
from harness.nightly.state import NightState, RunOfNight
from harness.nightly.suite_file import read_suite
from tests.rig.command import argv, environment
from tests.rig.git_repository import GitRepository
from tests.rig.tiny_experiment import write_failing_upscaler, write_upscaler

NIGHT = "2026-11-30"


def night_of(path: Path, *options: str, night: str = NIGHT) -> int:
    return main(["nightly", str(path), "--night", night, *options])


def document(suite, night: str = NIGHT) -> Nightly:
    found = list((suite.folder / "nights").glob(f"*/{night}/nightly.json"))
    assert len(found) == 1
    return Nightly.model_validate_json(found[0].read_bytes())


def folder_of(suite, night: str = NIGHT) -> NightFolder:
    return NightFolder(next((suite.folder / "nights").glob(f"*/{night}")))


def runs(suite, night: str = NIGHT) -> list[str]:
    return sorted(each.name for each in (folder_of(suite, night).path / "runs").iterdir())


def rows(suite) -> list[tuple[str, int]]:
    """Night and attempt of every run of which a latency is in the history."""
    with open_history() as history:
        series = [each for each in history.series(suite.name) if each.key.quantity == "latency_p50"]
    return sorted((point.night, point.attempt) for each in series for point in each.points)


def test_a_night_is_measured_kept_and_told_and_a_second_start_gives_the_same(suite, capsys):
    suite.tables = ["[tell.textfile]", 'folder = "/nowhere/at/all"']
    path = suite.write()
    assert night_of(path) == 0
    first = document(suite)
    assert ["textfile could not be told of this night" in warning for warning in first.warnings] == [True]
    assert "textfile could not be told" in (folder_of(suite).path / "summary.md").read_text()
    assert first.outcome == "fine"
    assert [(job.experiment, job.device, job.status) for job in first.jobs] == [("first", "local", "measured")]
    assert {"latency_p50", "psnr_y"} <= {series.name.quantity for series in first.series}
    assert all(series.unavailable is None and len(series.points) == 1 for series in first.series)
    assert first.history.kept
    assert first.last_success_at == first.finished_at
    assert rows(suite) == [(NIGHT, 1)]
    assert {"index.html", "junit.xml", "summary.md"} <= {each.name for each in folder_of(suite).path.iterdir()}
    assert (folder_of(suite).path / str(first.jobs[0].report)).is_file()
    capsys.readouterr()
    assert night_of(path, "--json") == 0
    assert Nightly.model_validate_json(capsys.readouterr().out) == first
    assert rows(suite) == [(NIGHT, 1)]
    assert night_of(path, "--again") == 0
    assert rows(suite) == [(NIGHT, 1), (NIGHT, 2)]
    assert runs(suite) == ["first-local-1", "first-local-2"]


def test_an_experiment_that_changed_after_its_night_is_measured_again_and_the_others_are_not(suite, capsys):
    suite.experiments = ["first", "second"]
    path = suite.write()
    assert night_of(path) == 0
    before = {job.experiment: job.run for job in document(suite).jobs}
    write_upscaler(suite.folder / "second/blur.onnx", blur=0.7)
    suite.experiments.append("third")
    suite.write()
    write_upscaler(suite.folder / "second/blur.onnx", blur=0.7)
    assert night_of(path) == 0
    after = {job.experiment: job.run for job in document(suite).jobs}
    assert after["first"] == before["first"]
    assert after["second"] != before["second"]
    assert sorted(after) == ["first", "second", "third"]
    assert "second changed since this night began" in capsys.readouterr().out
    suite.experiments.remove("first")
    suite.write()
    write_upscaler(suite.folder / "second/blur.onnx", blur=0.7)
    assert night_of(path) == 0
    assert "first on local was of this night when it began, and is in the suite no more" in capsys.readouterr().out


def test_what_could_not_be_measured_is_never_fine(suite, capsys):
    suite.experiments = ["first", "broken"]
    suite.devices = ["local", "ssh://nobody@127.0.0.1:1/tmp/bench"]
    suite.of_experiments = {
        "first": ['devices = ["local"]'],
        "broken": ['devices = ["ssh://nobody@127.0.0.1:1/tmp/bench"]'],
    }
    suite.settings["retries"] = 0
    path = suite.write()
    measure_run_connect, measure_run.FIRST_CONNECT_S = measure_run.FIRST_CONNECT_S, 0.0  # type: ignore[misc]
    try:
        assert night_of(path) == 3
        found = document(suite)
        assert [(job.experiment, job.status) for job in found.jobs] == [("first", "measured"), ("broken", "missing")]
        assert [device.status for device in found.devices] == ["up", "missing"]
        suite.experiments.remove("first")
        suite.write()
        assert night_of(path, night="2026-12-01") == 2
    finally:
        measure_run.FIRST_CONNECT_S = measure_run_connect  # type: ignore[misc]
    assert document(suite, "2026-12-01").outcome == "not measured"
    assert "Nothing could be measured" in capsys.readouterr().out
    assert document(suite, "2026-12-01").last_success_at == found.finished_at
    assert [device.failures_in_a_row for device in document(suite, "2026-12-01").devices] == [2]


def test_a_rule_on_what_was_not_measured_makes_a_night_partial(suite):
    suite.experiments = ["first", "failing", "not fetched"]
    suite.settings["fetch"] = True
    suite.of_experiments["not fetched"] = [
        "[[experiments.models]]", 'arm = "candidate"', 'repository = "file:///nowhere.git"', 'path = "net.onnx"'
    ]  # fmt: skip
    path = suite.write()
    write_failing_upscaler(suite.folder / "failing/blur.onnx")
    assert night_of(path) == 3
    found = {job.experiment: job for job in document(suite).jobs}
    assert found["first"].status == "measured"
    assert found["failing"].status == "failed"
    assert "no rule could be judged" in str(found["failing"].reason)
    assert found["not fetched"].status == "failed"
    assert "file:///nowhere.git: cannot be fetched" in str(found["not fetched"].reason)
    assert any(series.unavailable for series in document(suite).series if series.name.experiment == "failing")


def test_what_did_not_fit_is_named_and_what_goes_on_at_the_end_is_stopped(suite):
    """The budget is short, the first experiment long: it is stopped, and the second never begun."""
    suite.experiments = ["long", "second"]
    suite.settings |= {"budget_minutes": 0.1}
    suite.measure = {"pairs": 2000, "launches": 2, "block_ms": 50.0, "reference_ms": 0.0}
    path = suite.write()
    assert night_of(path) == 2
    found = document(suite)
    assert [job.status for job in found.jobs] == ["out of time", "out of time"]
    assert "stopped on the way" in str(found.jobs[0].reason)
    assert "not begun: of the night's 0.1 minutes" in str(found.jobs[1].reason)
    assert not rows(suite)


def test_what_took_long_before_is_not_begun_when_it_would_not_be_done_in_time(suite):
    path = suite.write()
    assert night_of(path, night="2026-11-29") == 0
    before = folder_of(suite, "2026-11-29").document
    told = json.loads(before.read_text())
    told["jobs"][0]["minutes"] = 500.0
    before.write_text(json.dumps(told))
    assert night_of(path) == 2
    assert "it takes about 500.0" in str(document(suite).jobs[0].reason)
    series = document(suite).series
    assert series
    assert all("it takes about 500.0" in str(each.unavailable) for each in series)
    assert {each.points[-1].night for each in series} == {"2026-11-29"}


def test_a_night_is_of_the_date_on_which_it_began_whatever_the_clock_does(suite, monkeypatch):
    monkeypatch.setattr(run_night, "now", lambda: datetime(2026, 10, 25, 2, 30, tzinfo=UTC))
    path = suite.write()
    assert main(["nightly", str(path)]) == 0
    began = document(suite, "2026-10-25")
    assert datetime.fromisoformat(began.started_at) <= datetime.fromisoformat(began.finished_at)
    # A clock that is set back meanwhile, over the end of daylight saving or midnight, begins no second night of a date,
    # and nights that are measured late are of their own date.
    assert main(["nightly", str(path)]) == 0
    assert runs(suite, "2026-10-25") == ["first-local-1"]
    assert night_of(path, night="2026-10-28") == 0
    assert document(suite, "2026-10-28").missed_nights == ["2026-10-26", "2026-10-27"]


def test_a_model_from_git_is_measured_and_its_commit_recorded_and_a_new_commit_is_measured_anew(suite):
    repository = GitRepository(suite.folder / "models")
    suite.experiment("first").write()
    model = suite.folder / "model.onnx"
    first = repository.commit("the first", net_onnx=write_upscaler(model, blur=0.8).read_bytes())
    suite.of_experiments = {
        "first": ["[[experiments.models]]", 'arm = "candidate"', 'repository = "models"', 'path = "net.onnx"']
    }
    path = suite.write()
    assert night_of(path) == 0
    assert [(commit.sha, commit.arm) for commit in document(suite).commits] == [(first, "candidate")]
    assert document(suite).series[0].points[-1].commits == [first]
    repository.commit("words only", readme=b"words")
    assert night_of(path) == 0
    assert runs(suite) == ["first-local-1"]
    second = repository.commit("prune", net_onnx=write_upscaler(model, blur=0.7).read_bytes())
    assert night_of(path) == 0
    assert [commit.message for commit in document(suite).commits] == ["prune"]
    assert document(suite).series[0].points[-1].commits == [second]
    assert runs(suite) == ["first-local-1", "first-local-2"]


def test_a_device_that_keeps_failing_is_let_alone_until_two_equal_builds_look_equal(suite, monkeypatch):
    monkeypatch.setattr(quarantine, "CHECK_MINUTES", 0.001)
    suite.settings |= {"quarantine_after": 2, "retries": 0}
    path = suite.write()
    write_failing_upscaler(suite.folder / "first/blur.onnx")
    write_failing_upscaler(suite.folder / "first/double.onnx")
    for night, failures in (("2026-11-28", 1), ("2026-11-29", 2)):
        assert night_of(path, night=night) == 2
        assert document(suite, night).devices[0].failures_in_a_row == failures
    assert document(suite, "2026-11-29").devices[0].status == "quarantined"
    assert any("let alone from the next night on" in text for text in document(suite, "2026-11-29").warnings)
    suite.write()  # it is mended
    answers = ["they were called different", None]
    real = quarantine.aa_problem

    def busy_machine_aside(night: Night, device: str) -> str | None:
        assert len(answers) == 1 or real(night, device) in {None, "they were called different"}
        return answers.pop(0)

    monkeypatch.setattr(quarantine, "aa_problem", busy_machine_aside)
    assert night_of(path, night="2026-11-30") == 2
    assert document(suite, "2026-11-30").jobs[0].status == "quarantined"
    assert "Two equal builds were to show tonight" in str(document(suite, "2026-11-30").jobs[0].reason)
    assert night_of(path, night="2026-12-01") == 0
    assert document(suite, "2026-12-01").devices[0].status == "let back"


def test_whoever_reads_the_answer_no_more_does_not_make_it_fine(suite, monkeypatch):
    suite.devices = ["ssh://nobody@127.0.0.1:1/tmp/bench"]
    suite.settings["retries"] = 0
    path = suite.write()
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.Popen(argv("nightly", path, "--night", NIGHT), env=environment(), stdout=writer)
    os.close(writer)
    assert process.wait(timeout=240) == 2


@pytest.mark.parametrize("fault", [ZeroDivisionError(), OSError("no file in it"), ImportError("half installed")])
def test_no_fault_of_our_own_looks_like_a_regression(suite, monkeypatch, fault):
    def broken(*_: object) -> None:
        raise fault

    monkeypatch.setattr(run_night, "prepare_experiments", broken)
    assert night_of(suite.write()) == 70


def test_a_fault_of_our_own_is_no_regression(suite, monkeypatch, capsys):
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    path = suite.write()
    with monkeypatch.context() as patch:
        patch.setattr(run_night, "make_nightly", broken)
        assert night_of(path) == 70
    assert "says nothing of the models" in capsys.readouterr().err
    assert night_of(path) == 0
    assert rows(suite) == [(NIGHT, 1)]
    monkeypatch.setattr(measure_run, "start_run", broken)
    assert night_of(path, "--again") == 2
    assert "a fault of bakeoff's own: ZeroDivisionError" in str(document(suite).jobs[0].reason)


def test_names_that_look_alike_as_file_names_have_folders_of_their_own(tmp_path):
    folder = NightFolder(tmp_path)
    taken: list[str] = []
    assert folder.new_run_name("a", "ssh://pi@bench-4", []) == "runs/a-ssh-1"
    for experiment in ("_a b", "_a:b", "_a b"):
        taken.append(RunOfNight(folder=folder.new_run_name(experiment, "local", taken), attempt=1).folder)
        (tmp_path / taken[0]).mkdir(parents=True, exist_ok=True)
    assert taken == ["runs/_a-b-local-1", "runs/_a-b-local-2", "runs/_a-b-local-3"]


def test_a_folder_that_was_copied_from_another_night_is_refused(suite, capsys):
    path = suite.write()
    folder = NightFolder(read_suite(path).nights_folder() / "2026-12-01")
    state = NightState(suite=suite.name, night=NIGHT, host="h", started_at="", asked="", jobs=[])
    write_model(folder.state, state)
    assert night_of(path, night="2026-12-01") == 2
    assert f"is of the night {NIGHT}" in capsys.readouterr().err
