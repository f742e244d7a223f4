"""A command that is forked from a warm process is what a fresh one is, as far as it and its user can see."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.harness.conftest import finished_run
from tests.rig.command import MODULE, REPOSITORY, bakeoff, environment
from tests.rig.forked_command import can_fork, in_a_shell, run_forked

__all__ = ["finished_run"]

SEEN = "tests.rig.seen_from_within"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked where there are pidfds")


def forked(*words, folder=None, timeout_s=100.0, **more):
    assert can_fork(environment(**more))
    return run_forked(SEEN, words, folder=folder, environment=environment(**more), timeout_s=timeout_s)


def fresh(*words, folder=None, timeout_s=100.0, **more):
    return subprocess.run(
        [sys.executable, "-m", SEEN, *words],
        cwd=folder, env=environment(**more), capture_output=True, timeout=timeout_s, check=False,
    )  # fmt: skip


def test_it_finds_itself_where_a_fresh_one_does(tmp_path):
    folder = tmp_path / "a folder"
    folder.mkdir()
    words = ["ü", "two words", "--option=$HOME", ""]
    told = []
    for run in (fresh, forked):
        done = run(*words, folder=folder, BAKEOFF_NOTED="käse\n", TMPDIR=str(tmp_path))
        assert done.returncode == 0, done.stderr
        told.append(json.loads(done.stdout))
    assert told[0]["environment"]["BAKEOFF_NOTED"] == "käse\n"
    assert told[0]["temporary"] == str(tmp_path)
    assert told[1] == told[0]


def test_a_umask_of_the_asker_holds():
    before = os.umask(0o027)
    try:
        told = [json.loads(run().stdout)["kernel"]["Umask"] for run in (fresh, forked)]
    finally:
        os.umask(before)
    assert told == ["0027", "0027"]


def test_no_two_of_them_draw_the_same_random_numbers():
    drawn = [json.loads(forked().stderr) for _ in range(2)]
    assert all(one != other for one, other in zip(*drawn, strict=True))


@pytest.mark.parametrize(
    "words",
    [
        ("exit", "0"),
        ("exit", "3"),
        ("exit", "-1"),
        ("exit", "in words"),
        ("die", str(int(signal.SIGKILL))),
        ("die", str(int(signal.SIGTERM))),
        ("die", str(int(signal.SIGINT))),
    ],
    ids=" ".join,
)
def test_it_ends_as_a_fresh_one(words):
    ends = [(done.returncode, done.stdout != b"") for done in (fresh(*words), forked(*words))]
    assert ends[1] == ends[0]


def test_its_fault_is_a_traceback_and_exit_code_1():
    for done in (fresh("raise", "a fault"), forked("raise", "a fault")):
        assert done.returncode == 1
        assert b"\nTraceback (most recent call last):\n" in done.stderr
        assert done.stderr.endswith(b"\nRuntimeError: a fault\n")


def test_what_is_to_happen_at_its_end_happens():
    for done in (fresh("leave things to the end"), forked("leave things to the end")):
        assert done.returncode == 0
        assert done.stdout.splitlines()[1:] == [b"a thread", b"at exit"]


def test_who_takes_too_long_is_killed():
    taken = []
    for run in (fresh, forked):
        with pytest.raises(subprocess.TimeoutExpired):
            run("sleep", timeout_s=5.0)
        taken.append(True)
    assert taken == [True, True]
    assert forked("exit", "0").returncode == 0


def test_many_at_once_have_each_their_own():
    codes = {}

    def one(number):
        done = forked("exit", str(number), BAKEOFF_NOTED=str(number))
        codes[number] = done.returncode, json.loads(done.stdout)["environment"]["BAKEOFF_NOTED"]

    threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {number: (number, str(number)) for number in range(8)}


def test_what_may_be_read_while_something_is_imported_asks_for_a_fresh_one():
    for name in ("HOME", "LC_ALL", "PYTHONPATH", "PYTHONWARNINGS", "LD_PRELOAD", "OPENBLAS_NUM_THREADS", "UNHEARD_OF"):
        assert not can_fork(environment(**{name: "another"}))
    lacking = environment()
    del lacking["PATH"]
    assert can_fork(lacking)
    assert can_fork(environment(BAKEOFF_HISTORY="another"))


@pytest.mark.parametrize(
    "words",
    [
        ("--version",),
        ("no-such-command",),
        ("check", "is-not-there.toml"),
        ("schema", "experiment"),
        ("report", "RUN", "--format", "markdown"),
        ("report", "RUN", "--format", "csv"),
    ],
    ids=" ".join,
)
def test_bakeoff_says_the_same(words, finished_run, tmp_path):
    said = []
    for is_fresh in (True, False):
        run = finished_run.copy_to(tmp_path / str(is_fresh) / "run")
        done = bakeoff(*(run if word == "RUN" else word for word in words), cwd=tmp_path, fresh=is_fresh)
        said.append((done.exit_code, done.stdout, done.stderr.replace(str(run), "RUN")))
    assert said[1] == said[0]


def test_an_analysis_is_the_same_to_the_last_byte(finished_run, tmp_path):
    written = []
    for is_fresh in (True, False):
        run = finished_run.copy_to(tmp_path / str(is_fresh) / "run")
        assert bakeoff("analyze", run, fresh=is_fresh).exit_code == 0
        written.append((run / "comparison.json").read_bytes().replace(str(run).encode(), b"RUN"))
    assert written[1] == written[0]


def in_shell(line, **more):
    return subprocess.run(["sh", "-c", line], env=environment(**more), capture_output=True, timeout=100, check=False)


@pytest.mark.parametrize(
    "line",
    [
        "{} --version",
        "{} no-such-command; echo $?",
        "{} schema comparison | sha256sum",
        "echo nothing of a tool | {} read - ; echo $?",
        "{} devices --help 2>/dev/null | head -n 1",
        "{} check 'not there' 2>&1 >&-",
        "{} --version >&-; echo $?",
        "LC_ALL=C {} check ü; echo $?",
    ],
)
def test_a_shell_sees_the_same(line):
    programs = (f"{sys.executable} -m {MODULE}", in_a_shell())
    told = [in_shell(line.format(program)) for program in programs]
    expected, found = ((one.returncode, one.stdout, one.stderr) for one in told)
    assert expected[1]
    assert found == expected


def reader_of(pipe: str) -> int:
    """The process that waits in `read` for what comes through this pipe as its stdin."""
    for _ in range(600):
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                reads = (process / "syscall").read_text().startswith("0 0x0 ")
                if reads and str((process / "fd" / "0").readlink()) == pipe:
                    return int(process.name)
        time.sleep(0.1)
    raise AssertionError("nobody reads")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_what_ends_the_program_of_a_shell_ends_the_command(number):
    read_end, write_end = os.pipe()
    # `nohup` has all below it ignore SIGHUP, and what ignores it is not forked.
    line = ["env", "--default-signal=HUP", "sh", "-c", f"exec {in_a_shell()} read -"]
    with subprocess.Popen(line, stdin=read_end, stdout=-1, stderr=-1, env=environment()) as program:
        command = reader_of(str(Path(f"/proc/self/fd/{read_end}").readlink()))
        assert command != program.pid
        handle = os.pidfd_open(command)
        program.send_signal(number)
        assert program.wait(60) == (-number if number == signal.SIGKILL else 130)
        ended, _, _ = select.select([handle], [], [], 60)
    for each in (handle, read_end, write_end):
        os.close(each)
    assert ended


def test_the_module_is_the_command_s():
    assert (REPOSITORY / Path(*MODULE.split("."))).with_suffix(".py").exists()
