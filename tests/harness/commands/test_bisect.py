"""`bakeoff bisect` on this machine: a real repository of real models, of which one commit makes the model slower."""

import json
import os
import signal

import pytest

from harness.cli.main import main
from harness.commands.bisect.of_suite import asked_of_suite
from harness.commands.bisect.search import begin
from harness.documents.bisect import Bisect
from tests.rig.command import bakeoff, start
from tests.rig.git_repository import GitRepository, missing_parts
from tests.rig.run_watch import wait_for
from tests.rig.tiny_experiment import TinyExperiment, write_failing_upscaler, write_upscaler

if missing_parts():
    pytest.skip(str(missing_parts()), allow_module_level=True)

SLOW = 600
"""Channels of a model that takes many times as long."""


@pytest.fixture
def history(tmp_path):
    """Seven commits, counted from 0, each another model: from the fifth on it is slow, and the third fails."""
    repository = GitRepository(tmp_path / "models")
    shas = []
    for number in range(7):
        model = write_upscaler(tmp_path / "net.onnx", blur=number / 1000.0, channels=SLOW if number >= 5 else 24)
        if number == 3:
            write_failing_upscaler(model)
        shas.append(repository.commit(f"model {number}", nets__net_onnx=model.read_bytes()))
    return repository, shas


def tiny(tmp_path):
    it = TinyExperiment(tmp_path / "experiment", picture_size=12)
    it.measure |= {"pairs": 5, "launches": 5, "block_ms": 3.0, "warm_up_max_blocks": 3}
    return it.write()


def arguments(experiment, repository, good, bad):
    return [
        "bisect", "--experiment", experiment, "--repository", repository.folder, "--path", "nets/net.onnx",
        "--good", good, "--bad", bad, "-d", "local", "--no-wait",
    ]  # fmt: skip


def test_the_slow_commit_is_found_past_one_that_fails_though_the_search_is_killed(history, tmp_path, workdir):
    repository, shas = history
    out = tmp_path / "search"
    begun = start(
        *arguments(tiny(tmp_path), repository, shas[0], "HEAD"), "--out", out, log=tmp_path / "log",
        BAKEOFF_LOCAL_WORKDIR=str(workdir),
    )  # fmt: skip
    wait_for(lambda: (out / "bisect.json").exists() and json.loads((out / "bisect.json").read_text())["steps"])
    os.killpg(begun.pid, signal.SIGKILL)
    begun.wait()
    before = Bisect.model_validate_json((out / "bisect.json").read_bytes())
    done = bakeoff("bisect", "--resume", out, "--no-wait", "--json", BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.exit_code == 0, done.stderr
    found = Bisect.model_validate_json(done.stdout)
    assert found.steps[: len(before.steps)] == before.steps
    assert [commit.sha for commit in found.result.commits] == [shas[5]]
    assert found.result.probability >= 0.95
    assert "model 5" in found.result.sentence
    assert "% sure" in found.result.sentence
    assert list(found.skipped) == [shas[3]]
    assert Bisect.model_validate_json((out / "bisect.json").read_bytes()) == found
    # On with a search that is done: it only says what it found.
    again = bakeoff("bisect", "--resume", out)
    assert again.exit_code == 0
    assert found.result.sentence in again.stdout


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"--good": "nowhere"}, "has no commit 'nowhere'"),
        ({"--good": "HEAD", "--bad": "HEAD~3"}, "is not among the commits that led to"),
        ({"--bad": "HEAD~6"}, "no commit after"),
        ({"--path": "nets/other.onnx"}, "has no file 'nets/other.onnx'"),
        ({"--repository": "/"}, "is not a git repository"),
        ({"--quantity": "latency_p51"}, "Did you mean 'latency_p50'?"),
        ({"--arm": "nobody"}, "has no arm 'nobody'"),
    ],
)
def test_what_cannot_be_searched_is_said_in_two_lines_and_nothing_is_written(history, tmp_path, capsys, change, said):
    repository, shas = history
    out = tmp_path / "search"
    words = [str(word) for word in arguments(tiny(tmp_path), repository, shas[0], "HEAD")]
    for option, value in change.items():
        words = [*words, option, value]
    assert main([*words, "--out", str(out)]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


def test_an_option_is_no_ref(history, tmp_path, capsys):
    repository, shas = history
    words = [str(word) for word in arguments(tiny(tmp_path), repository, shas[0], "--upload-pack=sh")]
    with pytest.raises(SystemExit):
        main(words)
    words[words.index("--bad") : words.index("--bad") + 2] = ["--bad=--upload-pack=sh"]
    assert main(words) == 2
    assert "is not the name of a commit" in capsys.readouterr().err


def test_arguments_that_are_missing_or_contradict_are_named(tmp_path, capsys):
    for words, said in (
        ([], "--experiment is needed"),
        (["--experiment", "e.toml", "--good", "a", "--bad", "b"], "--repository is needed"),
        (["--resume", "x", "--good", "a"], "--good cannot be given with --resume"),
        (["--resume", str(tmp_path)], "is no search"),
        (["--suite", "s", "--experiment", "e", "--good", "a", "--bad", "b", "--path", "p"], "given with --suite"),
    ):
        assert main(["bisect", *words]) == 2
        assert said in capsys.readouterr().err


SUITE = """
name = "phones"
budget_minutes = 60
devices = ["local"]
[[experiments]]
name = "upscaler"
file = "experiment/experiment.toml"
[[experiments.models]]
arm = "candidate"
repository = "models"
path = "nets/net.onnx"
"""


def test_a_suite_says_where_its_model_is(history, tmp_path, capsys):
    _, shas = history
    tiny(tmp_path)
    suite = tmp_path / "suite.toml"
    suite.write_text(SUITE)
    asked = asked_of_suite(suite, "upscaler", None, "latency_p50", "local", shas[0], "HEAD")
    begun = begin(asked, tmp_path / "search")
    assert [commit.sha for commit in begun.commits] == shas[1:]
    assert begun.repository == str(tmp_path / "models")
    words = ["bisect", "--suite", str(suite), "--good", shas[0], "--bad", "HEAD", "--out", str(tmp_path / "other")]
    assert main([*words, "--experiment", "other"]) == 2
    assert "has no experiment 'other'" in capsys.readouterr().err
    suite.write_text(SUITE.split("[[experiments.models]]", maxsplit=1)[0])
    assert main([*words, "--experiment", "upscaler"]) == 2
    assert "takes none of its models in 'upscaler' from git" in capsys.readouterr().err
