"""A suite with a fault is refused in two lines at most, which name the place and the nearest right thing."""

import json
import sqlite3

import jsonschema
import pytest

from harness.cli.main import main
from harness.cli.schema import schema_of
from harness.commands.nightly.prepare_experiments import prepare_experiments
from harness.errors import UserError
from harness.history.schema import VERSION_TABLE
from harness.history.store import open_history
from harness.nightly.suite_file import folder_name, is_suite, read_suite
from harness.quantity import QUANTITIES
from harness.runs.session.progress import SilentProgress
from tests.rig.git_repository import GitRepository

SMALLEST = """
name = "vision"
budget_minutes = 60
devices = ["local"]
[[experiments]]
name = "sr"
file = "sr.toml"
"""
MODEL = '[[experiments.models]]\narm = "candidate"\nrepository = "models"\nref = "main"\npath = "net.onnx"\n'


def fault_of(tmp_path, text: str) -> str:
    path = tmp_path / "suite.toml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        read_suite(path)
    said = str(caught.value).replace(str(path), "suite.toml")
    assert len(said.splitlines()) <= 2
    return said


FILE = 'file = "sr.toml"'


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('["local"]', "[]", "`devices` is empty; it holds at least one"),
        ('devices = ["local"]\n', "", "`devices` is missing"),
        ('["local"]', '["lokal"]', "`devices[0]`: 'lokal' is not a device. Did you mean local?"),
        ('["local"]', '["local", "local"]', "the device 'local' is named twice"),
        ('["local"]', '["pi@bench-4"]', "Did you mean ssh://pi@bench-4?"),
        ("budget_minutes", "budget_minuts", "(1 more after this one)\n  Did you mean `budget_minutes`?"),
        ("= 60", "= 0", "`budget_minutes`: Input should be greater than 0, not 0"),
        (FILE, 'file = "sr.toml"\nprioirty = 1', "unknown key `experiments[0].prioirty`\n  Did you mean `priority`?"),
        (FILE, 'file = "a"\n[[experiments]]\nname = "sr"\nfile = "b"', "two experiments are called 'sr'"),
        (FILE, 'file = "a"\ndevices = ["adb:X"]', "'sr' names the device 'adb:X', which `devices` does not"),
        ('name = "sr"', 'name = "a/b"', "`experiments[0].name`"),
        (FILE, 'file = "a"\n' + MODEL.replace("main", "--upload-pack=x"), "'--upload-pack=x' is not the name"),
        (FILE, 'file = "a"\n' + MODEL.replace("main", "v1..v2"), "'v1..v2' is not the name of a commit"),
        (FILE, 'file = "a"\n' + MODEL.replace("net.onnx", "../net.onnx"), "is not a file's path"),
        (FILE, 'file = "a"\n' + MODEL.replace('"models"', '"--exec=x"'), "a repository is a folder, or a URL"),
        (FILE, 'file = "a"\n' + MODEL + MODEL, "two models are for the arm 'candidate'"),
        (FILE, 'file = "a"\n[tell.webhook]\n', "`tell.webhook`"),
        ("vision", "vision\\u001b[2J", "`name`"),
        ("= 60", "= ", "is not valid TOML"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_the_nearest_right_thing(tmp_path, was, becomes, said):
    assert was in SMALLEST
    assert said in fault_of(tmp_path, SMALLEST.replace(was, becomes, 1))


def test_what_may_hold_a_password_is_not_shown(tmp_path):
    for text in (
        SMALLEST + '[history]\nurl = ["postgresql://ada:s3cr3t@h/db"]\n',
        SMALLEST + MODEL.replace('"models"', '"https://ada:s3cr3t@h/' + "x" * 2000 + '"'),
        SMALLEST + '[[tell.webhook]]\nurl = "https://ada:s3cr3t@h/"\n',
    ):
        assert "s3cr3t" not in fault_of(tmp_path, text)


def test_the_schema_says_what_a_suite_holds(suite):
    import tomllib

    table = tomllib.loads(suite.write().read_text())
    jsonschema.validate(table, schema_of("suite"))
    table["experiments"][0]["priorty"] = 1
    with pytest.raises(jsonschema.ValidationError, match="priorty"):
        jsonschema.validate(table, schema_of("suite"))


def test_experiments_are_measured_by_priority_and_then_in_the_order_of_the_file(suite):
    suite.experiments = ["low", "one", "two", "high"]
    suite.of_experiments = {"low": ["priority = -1"], "high": ["priority = 5"]}
    assert [each.name for each in read_suite(suite.write()).suite.in_order] == ["high", "one", "two", "low"]


def test_a_suite_is_known_by_its_experiments(suite, tiny):
    assert is_suite(suite.write())
    assert not is_suite(tiny.write())


def test_two_suites_have_two_folders():
    assert folder_name("vision") == "vision"
    assert folder_name("a b") != folder_name("a:b")
    assert "/" not in folder_name("../..")


def run(*arguments: object) -> int:
    return main([str(each) for each in arguments])


def nothing_was_written(suite) -> bool:
    return not (suite.folder / "nights").exists()


def models_of(suite) -> GitRepository:
    repository = GitRepository(suite.folder / "models")
    suite.experiment("first").write()
    repository.commit("the first", net_onnx=(suite.folder / "first/blur.onnx").read_bytes())
    suite.of_experiments = {"first": MODEL.splitlines()}
    return repository


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({'"first/experiment.toml"': '"frist/experiment.toml"'}, "experiment 'first': "),
        ({'"candidate"': '"candidat"'}, "has no arm 'candidat'\n  Its arms are 'baseline', 'candidate'."),
        ({'"main"': '"mian"'}, "models: has no commit 'mian'\n  Did you mean 'main'?"),
        ({'"net.onnx"': '"nets.onnx"'}, "models: 'main' has no file 'nets.onnx'"),
        ({'"models"': '"model"'}, "model: no such folder"),
    ],
)  # fmt: skip
def test_what_a_suite_names_is_looked_up_before_anything_is_written(suite, capsys, edit, said):
    models_of(suite)
    path = suite.write()
    for was, becomes in edit.items():
        assert was in path.read_text()
        path.write_text(path.read_text().replace(was, becomes, 1))
    for command in (["check", path], ["nightly", path]):
        assert run(*command) == 2
        told = capsys.readouterr().err
        assert said in told
        assert len(told.splitlines()) <= 2
    assert nothing_was_written(suite)


def test_a_history_of_a_newer_schema_and_an_address_that_is_none_are_refused(suite, capsys, tmp_path, monkeypatch):
    path = suite.write()
    assert run("check", path) == 0
    assert not (tmp_path / "history.db").exists()
    open_history().close()
    with sqlite3.connect(tmp_path / "history.db") as database:
        database.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    assert run("nightly", path) == 2
    monkeypatch.setenv("BAKEOFF_HISTORY", "mysql://ada:s3cr3t@h/db")
    assert run("nightly", path) == 2
    told = capsys.readouterr().err
    assert "s3cr3t" not in told
    assert nothing_was_written(suite)


@pytest.mark.parametrize(
    "arguments", [["--night", "tomorrow"], ["--night", "2026-02-30"], ["--night", "../../etc"]], ids=" ".join
)
def test_a_night_that_is_no_date_is_refused(suite, capsys, arguments):
    assert run("nightly", suite.write(), *arguments) == 2
    assert "is not a night" in capsys.readouterr().err
    assert nothing_was_written(suite)


def test_a_suite_that_is_not_there_is_named(tmp_path, capsys):
    assert run("nightly", tmp_path / "suite.toml") == 2
    assert "no such file" in capsys.readouterr().err


def test_check_says_what_a_night_would_do(suite, capsys):
    repository = models_of(suite)
    suite.settings["budget_minutes"] = 0.0001
    assert run("check", suite.write()) == 0
    said = capsys.readouterr().out
    sha = repository.git("rev-parse", "HEAD")
    assert f"candidate: net.onnx at main: commit {sha[:12]} of Ada, “the first”" in said
    assert "doubt     the blocks alone take longer on local than there is time for" in said
    assert nothing_was_written(suite)
    suite.settings["budget_minutes"] = 60
    assert run("check", suite.write()) == 0
    assert "tiny suite: ready to run." in capsys.readouterr().out
    assert run("check", suite.write(), "-d", "local") == 2


def test_a_schema_for_suites_is_printed(capsys):
    assert run("schema", "suite") == 0
    assert json.loads(capsys.readouterr().out)["title"] == "bakeoff suite"


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("margin = 0.05", None),
        ("margin = 0.5", "the experiments 'one' and 'two' declare the score 'sharpness' differently"),
        ('margin = 0.05\nlabel = "Edges"', "declare the score 'sharpness' differently"),
    ],
)
def test_a_score_of_one_s_own_means_one_thing_in_a_suite(tiny, tmp_path, second, said, monkeypatch):
    monkeypatch.setitem(QUANTITIES, "sharpness", QUANTITIES["ssim"])  # so that it is gone again afterwards
    monkeypatch.delitem(QUANTITIES, "sharpness")
    text = tiny.write().read_text()
    for name, margin in (("one", "margin = 0.05"), ("two", second)):
        scores = f'[[scores]]\nquantity = "sharpness"\nfile = "made.csv"\nbetter = "higher"\n{margin}\n'
        (tiny.folder / f"{name}.toml").write_text(text + scores)
    suite = tiny.folder / "suite.toml"
    experiments = "".join(f'[[experiments]]\nname = "{name}"\nfile = "{name}.toml"\n' for name in ("one", "two"))
    suite.write_text(f'name = "vision"\nbudget_minutes = 60\ndevices = ["local"]\n{experiments}')
    if said is None:
        assert len(prepare_experiments(read_suite(suite), SilentProgress())) == 2
    else:
        with pytest.raises(UserError, match=said):
            prepare_experiments(read_suite(suite), SilentProgress())
