"""A failed test is run again by itself: unsteady is told from broken, and an accident from both."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "scripts" / "run_tests_again.py"

STEADY = "def test_steady():\n    pass\n"
# Fails as often as it is told to, over all processes, by a count that it keeps beside itself.
FAILS_AT_FIRST = """
import pytest
from pathlib import Path

def runs(name):
    log = Path(__file__).with_name(f"runs of {name}")
    log.write_text((log.read_text() if log.exists() else "") + "x")
    return len(log.read_text())
"""


def unsteady_test(name: str, fails: tuple[int, ...] = (1,)) -> str:
    """Source of a test that fails in the runs with these numbers, counted from one over all processes."""
    return f"\ndef test_{name}():\n    assert runs({name!r}) not in {fails}\n"


def run_again(
    folder: Path, source: str, *options: str, workers: int = 0, ini: str = ""
) -> subprocess.CompletedProcess[str]:
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}")
    (folder / "test_tree.py").write_text(FAILS_AT_FIRST + source)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the many starts of pytest in here load what they need
    if workers:
        options = ("-p", "xdist", "--numprocesses", str(workers), *options)
    return subprocess.run(
        [sys.executable, str(SCRIPT), *options],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def times_run(folder: Path, name: str) -> int:
    return len((folder / f"runs of {name}").read_text())


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.rstrip().splitlines()[-1]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_test_that_fails_once_and_passes_three_times_alone_is_named_as_unsteady(tmp_path: Path, workers: int) -> None:
    done = run_again(tmp_path, STEADY + unsteady_test("shaky"), workers=workers)
    assert done.returncode == 0, done.stdout
    assert "unsteady: test_tree.py::test_shaky (failed, then passed 3 times by itself)" in done.stdout
    assert last_line(done) == "1 passed, 0 failed, 0 skipped, 1 unsteady"
    assert times_run(tmp_path, "shaky") == 4


@pytest.mark.parametrize("also", [2, 4])
def test_a_test_that_fails_any_of_its_three_runs_alone_fails_the_run(tmp_path: Path, also: int) -> None:
    done = run_again(tmp_path, STEADY + unsteady_test("broken", fails=(1, also)))
    assert done.returncode == 1
    assert "unsteady:" not in done.stdout
    assert "failed: test_tree.py::test_broken" in done.stdout
    assert last_line(done) == "1 passed, 1 failed, 0 skipped, 0 unsteady"
    assert times_run(tmp_path, "broken") == also  # nothing is tried again until it passes


def test_a_broken_test_beside_an_unsteady_one_fails_the_run_and_both_are_named(tmp_path: Path) -> None:
    done = run_again(tmp_path, unsteady_test("shaky") + "\ndef test_broken():\n    assert 1 == 2\n")
    assert done.returncode == 1
    assert "unsteady: test_tree.py::test_shaky" in done.stdout
    assert "failed: test_tree.py::test_broken" in done.stdout
    assert done.stdout.count("assert 1 == 2") >= 2  # what it said by itself is shown too
    assert last_line(done) == "0 passed, 1 failed, 0 skipped, 1 unsteady"


def test_four_unsteady_tests_fail_the_run(tmp_path: Path) -> None:
    done = run_again(tmp_path, STEADY + "".join(unsteady_test(f"shaky_{n}") for n in range(4)))
    assert done.returncode == 1
    assert len(re.findall("^unsteady: ", done.stdout, re.MULTILINE)) == 4
    assert "The run fails: 4 tests were unsteady, and no more than 3 may be." in done.stdout
    assert last_line(done) == "1 passed, 0 failed, 0 skipped, 4 unsteady"


def test_where_all_pass_nothing_is_run_again_and_pytest_has_the_last_word(tmp_path: Path) -> None:
    done = run_again(tmp_path, STEADY + unsteady_test("fine", fails=()))
    assert done.returncode == 0
    assert re.search(r"^=* ?2 passed in ", last_line(done))
    assert times_run(tmp_path, "fine") == 1


def test_a_test_whose_set_up_or_end_failed_once_is_unsteady_too(tmp_path: Path) -> None:
    source = """
@pytest.fixture
def device():
    assert runs("device") != 1

def test_set_up(device):
    pass

def test_end(request):
    request.addfinalizer(lambda: pytest.fail("at the end") if runs("end") == 1 else None)
"""
    done = run_again(tmp_path, source)
    assert done.returncode == 0, done.stdout
    assert "unsteady: test_tree.py::test_set_up " in done.stdout
    assert "unsteady: test_tree.py::test_end " in done.stdout
    assert last_line(done) == "0 passed, 0 failed, 0 skipped, 2 unsteady"


def test_three_unsteady_tests_pass_and_a_test_of_any_name_is_found_again(tmp_path: Path) -> None:
    names = ["-n 3 x::y", "$HOME `ä/ö`", "[z]"]
    source = f"\n@pytest.mark.parametrize('word', {names!r}, ids=str)\ndef test_shaky(word):\n"
    done = run_again(tmp_path, source + "    assert runs(f'{word!r}'.replace('/', '')) != 1\n")
    assert done.returncode == 0, done.stdout
    assert last_line(done) == "0 passed, 0 failed, 0 skipped, 3 unsteady"


def test_a_test_that_skips_itself_when_alone_has_not_passed(tmp_path: Path) -> None:
    done = run_again(tmp_path, "\ndef test_shy():\n    assert runs('shy') != 1\n    pytest.skip('alone')\n")
    assert done.returncode == 1
    assert last_line(done) == "0 passed, 1 failed, 0 skipped, 0 unsteady"


def test_a_test_that_hangs_fails_by_its_time_limit_and_again_alone(tmp_path: Path) -> None:
    done = run_again(
        tmp_path,
        "\nimport time\ndef test_hangs():\n    time.sleep(600)\n",
        ini="addopts = -p pytest_timeout\ntimeout = 2\n",
    )
    assert done.returncode == 1
    assert "failed: test_tree.py::test_hangs" in done.stdout


def test_a_worker_that_dies_is_a_failure_and_nothing_is_run_again(tmp_path: Path) -> None:
    source = STEADY + "\nimport os\ndef test_dies():\n    if runs('dies') == 1:\n        os._exit(3)\n"
    done = run_again(tmp_path, source + unsteady_test("shaky"), workers=2)
    assert done.returncode == 1
    assert "Not run again: a worker died at test_tree.py::test_dies." in done.stdout
    assert "unsteady:" not in done.stdout
    assert times_run(tmp_path, "dies") == 1
    assert times_run(tmp_path, "shaky") == 1


def test_a_worker_that_dies_after_its_tests_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(
        "import os\n\ndef pytest_sessionfinish(session):\n"
        "    if hasattr(session.config, 'workerinput'):\n        os._exit(3)\n"
    )
    done = run_again(tmp_path, STEADY, workers=1)
    assert done.returncode == 1
    assert "Not run again: a worker died" in done.stdout


def test_an_interpreter_that_dies_is_a_failure(tmp_path: Path) -> None:
    done = run_again(tmp_path, "\nimport os\ndef test_dies():\n    if runs('dies') == 1:\n        os.abort()\n")
    assert done.returncode != 0
    assert times_run(tmp_path, "dies") == 1


@pytest.mark.parametrize(("workers", "options"), [(0, ()), (2, ("--continue-on-collection-errors",))])
def test_a_file_that_cannot_be_collected_is_a_failure_and_nothing_is_run_again(
    tmp_path: Path, workers: int, options: tuple[str, ...]
) -> None:
    (tmp_path / "test_wrong.py").write_text("import no_such_module_anywhere\n")
    done = run_again(tmp_path, STEADY + unsteady_test("shaky"), *options, workers=workers)
    assert done.returncode == 1
    assert "could not be collected" in done.stdout
    assert "unsteady:" not in done.stdout


def test_an_interrupted_run_is_a_failure_and_nothing_is_run_again(tmp_path: Path) -> None:
    source = unsteady_test("a_shaky") + "\ndef test_stop():\n    raise KeyboardInterrupt\n" + STEADY
    done = run_again(tmp_path, source)
    assert done.returncode == 1
    assert "Not run again: pytest ended with exit code 2." in done.stdout
    assert times_run(tmp_path, "a_shaky") == 1


@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_that_ends_at_its_first_failure_is_a_failure(tmp_path: Path, workers: int) -> None:
    steady = "".join(f"\ndef test_z{n}():\n    pass\n" for n in range(20))
    done = run_again(tmp_path, unsteady_test("a_shaky") + steady, "--exitfirst", workers=workers)
    assert done.returncode == 1
    assert "Not run again: " in done.stdout
    assert times_run(tmp_path, "a_shaky") == 1


def test_a_run_without_a_test_is_a_failure(tmp_path: Path) -> None:
    done = run_again(tmp_path, STEADY, "-k", "nothing_of_this_name")
    assert done.returncode == 1
    assert "Not run again: pytest ended with exit code 5." in done.stdout
    assert last_line(done) == "0 passed, 0 failed, 0 skipped, 0 unsteady"


def test_where_far_too_many_fail_none_is_run_again(tmp_path: Path) -> None:
    done = run_again(tmp_path, "".join(unsteady_test(f"shaky_{n}") for n in range(21)))
    assert done.returncode == 1
    assert "Not run again: 21 tests failed, and no more than 20 are run again." in done.stdout
    assert last_line(done) == "0 passed, 21 failed, 0 skipped, 0 unsteady"
    assert times_run(tmp_path, "shaky_0") == 1


def test_what_a_test_leaves_in_the_environment_does_not_reach_the_runs_alone(tmp_path: Path) -> None:
    source = """
import os
def test_leaves():
    assert "LEFT" not in os.environ
    os.environ["LEFT"] = "1"
    assert runs("leaves") != 1
"""
    assert run_again(tmp_path, source).returncode == 0


def test_continuous_integration_runs_failed_tests_again_and_make_test_does_not() -> None:
    ci = (REPOSITORY / ".ci" / "run").read_text()
    makefile = (REPOSITORY / "Makefile").read_text()
    assert "make lint\n" in ci
    assert "make ci-test\n" in ci
    recipes = dict(re.findall(r"^([a-z-]+):[^\n]*\n((?:\t[^\n]*\n)+)", makefile, re.MULTILINE))
    assert "scripts/run_tests_again.py" in recipes["ci-test"]
    assert "-m pytest" in recipes["test"]
    assert "run_tests_again" not in recipes["test"]
