"""Where output goes: readers that leave, streams that are closed, encodings that know no ×."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from harness.cli.main import main
from tests.rig.command import argv, bakeoff, environment


@pytest.fixture
def run_folder(finished_run, tmp_path):
    return finished_run.copy_to(tmp_path / "run")


def in_shell(line: str, *arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
    """A shell line with the command line of `bakeoff ARGUMENTS` as its "$@"."""
    return subprocess.run(
        ["bash", "-c", line, "bash", *argv(*arguments)],
        capture_output=True,
        text=True,
        check=False,
        env=environment(**more),
    )


@pytest.mark.parametrize("arguments", [["--json"], []])
def test_a_reader_that_leaves_takes_nothing_from_the_command(run_folder, arguments):
    done = in_shell('"$@" | head -c 5; exit ${PIPESTATUS[0]}', "report", run_folder, *arguments)
    assert done.returncode == 0
    assert done.stderr == ""


def test_help_into_a_reader_that_leaves():
    done = in_shell('"$@" | true; exit ${PIPESTATUS[0]}', "schema", "comparison")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_fault(run_folder, closed):
    (run_folder / "report.html").unlink()
    done = in_shell(f'"$@" {closed}', "analyze", run_folder)
    assert done.returncode == 0, done.stderr
    assert (run_folder / "report.html").exists()


def test_the_readers_of_what_is_said_may_leave_while_a_run_goes_on(tiny, workdir, tmp_path):
    out = tmp_path / "run"
    line = '"$@" 2>&1 >/dev/null | head -n 1; exit ${PIPESTATUS[0]}'
    done = in_shell(line, "run", tiny.write(), "--out", out, BAKEOFF_LOCAL_WORKDIR=str(workdir))
    assert done.returncode == 0, done.stdout
    assert (out / "comparison.json").exists()


@pytest.mark.parametrize("arguments", [["--json"], []])
def test_an_encoding_without_our_characters(run_folder, arguments):
    done = subprocess.run(
        argv("report", run_folder, *arguments),
        capture_output=True,
        check=False,
        env=environment(PYTHONIOENCODING="ascii"),
    )
    assert done.returncode == 0, done.stderr
    if arguments:
        assert json.loads(done.stdout.decode("utf-8"))["name"] == "tiny"


def test_json_is_all_that_is_on_stdout(run_folder):
    done = bakeoff("analyze", run_folder, "--json")
    assert json.loads(done.stdout) == json.loads((run_folder / "comparison.json").read_text())
    assert "scoring" in done.stderr


def test_a_run_may_be_moved_and_named_as_the_user_likes(run_folder, tmp_path):
    moved = tmp_path / "elsewhere" / "my run"
    moved.parent.mkdir()
    run_folder.rename(moved)
    before = (moved / "comparison.json").read_bytes()
    for name in ("my run/", "../elsewhere/my run"):
        assert bakeoff("analyze", name, cwd=moved.parent).exit_code == 0
        assert (moved / "comparison.json").read_bytes() == before


@pytest.mark.parametrize(
    "options", [["-d", "local"], ["--out", "x"], ["--pairs", "9"], ["--quick"], ["--runner", "python"]]
)
def test_options_that_resume_would_not_heed_are_refused(run_folder, capsys, options):
    assert main(["run", "--resume", str(run_folder), *options]) == 2
    assert f"{options[0]} cannot be given with --resume" in capsys.readouterr().err


def test_a_damaged_file_of_a_run_is_named(run_folder, capsys):
    (run_folder / "run.json").write_text("{")
    for command in (["run", "--resume"], ["analyze"]):
        assert main([*command, str(run_folder)]) == 2
        error = capsys.readouterr().err
        assert "run.json: cannot be understood" in error
        assert len(error.splitlines()) <= 2


def test_a_folder_that_cannot_be_made_is_said_before_anything_is_done(tiny, capsys):
    out = tiny.write() / "run"  # below a file
    assert main(["run", str(tiny.folder / "experiment.toml"), "--out", str(out)]) == 2
    assert f"{out}: cannot be made" in capsys.readouterr().err


def test_names_that_are_not_utf_8(tiny, tmp_path):
    """Bytes in a name that no encoding explains: refused in words, or only names."""
    path = tiny.write()
    odd = os.fsdecode(b"odd\xff")
    for folder in ("lr", "hr"):
        (tiny.folder / folder / "picture0.png").rename(tiny.folder / folder / f"{odd}.png")
    done = subprocess.run(argv("check", path), capture_output=True, env=environment(), check=False)
    assert done.returncode == 2
    assert b"is not UTF-8 text" in done.stderr
    moved = Path(tmp_path / odd)
    tiny.folder.rename(moved)
    for folder in ("lr", "hr"):
        (moved / folder / f"{odd}.png").rename(moved / folder / "picture0.png")
    done = subprocess.run(
        argv("run", moved / "experiment.toml", "--out", tmp_path / "out"),
        capture_output=True,
        env=environment(),
        check=False,
    )
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
