"""Runs pytest, then each test that failed by itself; tells an unsteady test from a broken one.

    python scripts/run_tests_again.py [what pytest takes]

A test that failed is run three times more, alone, each time by a fresh pytest without workers. Where all three pass it
is *unsteady*: it is printed by name, and the run passes with at most three of them. What is no failure of one test (a
worker or an interpreter that died, a file that could not be collected, a run that was interrupted or ended early) fails
the run and is never run again. The last line is pytest's own summary, or, after tests were run again, "N passed,
N failed" of our own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

RUNS_ALONE = 3
MOST_UNSTEADY = 3
# With more failures than this something is broken, and running each again by itself would only take long.
MOST_RUN_AGAIN = 20
LONGEST_RUN_ALONE_S = 1200
PHASES_OF_A_TEST = ("setup", "call", "teardown")


@dataclass
class Outcomes:
    """What became of each test of one run of pytest, as its process that hands out the tests sees it.

    A pytest plugin. `passed`, `failed` and `skipped` hold node ids, in the order in which they came; a test is in
    `failed` where any of its phases failed. `accidents` are sentences on what is no failure of one test.
    """

    passed: dict[str, None] = field(default_factory=dict)
    failed: dict[str, None] = field(default_factory=dict)
    skipped: dict[str, None] = field(default_factory=dict)
    accidents: list[str] = field(default_factory=list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Notes what became of one phase of a test."""
        if report.when not in PHASES_OF_A_TEST:  # pytest-xdist reports the test at which a worker died with "???"
            self.failed[report.nodeid] = None
            self.accidents.append(f"a worker died at {report.nodeid}")
        elif report.failed:
            self.failed[report.nodeid] = None
        elif report.skipped:
            self.skipped[report.nodeid] = None
        elif report.when == "call":
            self.passed[report.nodeid] = None

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Notes a file that could not be collected."""
        if report.failed:
            self.accidents.append(f"{report.nodeid or 'the tests'} could not be collected")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: object | None) -> None:
        """Notes a worker that died; `error` is None where it ended as it should."""
        if error is not None:
            self.accidents.append(f"a worker died: {error}")

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Notes a run that did not come to the end of its tests."""
        if exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            self.accidents.append(f"pytest ended with exit code {int(exitstatus)}")
            return
        finished = len(self.passed.keys() | self.failed.keys() | self.skipped.keys())
        if finished < session.testscollected:
            self.accidents.append(f"the run ended early: {finished} of {session.testscollected} tests were run")

    @property
    def passed_whole(self) -> int:
        """How many tests passed in all their phases."""
        return len(self.passed.keys() - self.failed.keys() - self.skipped.keys())


def passes_alone(node_id: str, environment: Mapping[str, str]) -> bool:
    """Runs one test by itself in a fresh pytest; prints what pytest says where the test did not pass.

    True only where exactly this test was run, and passed: skipped, not found or hung is not passed.
    """
    with tempfile.TemporaryDirectory(prefix="run-alone-") as folder:
        results = Path(folder) / "results.xml"
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junit-xml={results}", node_id]
        try:
            done = subprocess.run(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=LONGEST_RUN_ALONE_S,
                check=False,
            )
        except subprocess.TimeoutExpired as hung:
            print((hung.stdout or b"").decode(errors="replace"))
            print(f"{node_id} by itself did not end within {LONGEST_RUN_ALONE_S} s")
            return False
        if done.returncode == 0 and _one_test_passed(results):
            return True
        print(done.stdout.decode(errors="replace"))
        return False


def _one_test_passed(results: Path) -> bool:
    counts = [
        {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
        for suite in ET.parse(results).getroot().iter("testsuite")
    ]
    return counts == [{"tests": 1, "failures": 0, "errors": 0, "skipped": 0}]


def run_again(failed: list[str], environment: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Runs each of the tests by itself, up to `RUNS_ALONE` times each; returns the unsteady and the broken ones."""
    unsteady: list[str] = []
    broken: list[str] = []
    for node_id in failed:
        for attempt in range(1, RUNS_ALONE + 1):
            passed = passes_alone(node_id, environment)
            print(f"{node_id} by itself, {attempt} of {RUNS_ALONE}: {'passed' if passed else 'failed'}", flush=True)
            if not passed:
                broken.append(node_id)
                break
        else:
            unsteady.append(node_id)
    return unsteady, broken


def main(arguments: list[str]) -> int:
    """Runs pytest with these arguments, then what failed; returns 0 where the run passes and 1 where it does not."""
    environment = dict(os.environ)  # what tests change in this process is none of the later runs' business
    outcomes = Outcomes()
    exit_code = pytest.main(arguments, plugins=[outcomes])
    if exit_code == pytest.ExitCode.OK and not outcomes.accidents:
        return 0
    sys.stdout.flush()
    failed = list(outcomes.failed)
    unsteady: list[str] = []
    broken = failed
    print()
    for accident in outcomes.accidents:
        print(f"Not run again: {accident}.")
    if exit_code == pytest.ExitCode.TESTS_FAILED and not failed and not outcomes.accidents:
        outcomes.accidents.append("pytest failed without a failed test")
        print("Not run again: pytest failed without a failed test.")
    if len(failed) > MOST_RUN_AGAIN:
        print(f"Not run again: {len(failed)} tests failed, and no more than {MOST_RUN_AGAIN} are run again.")
    elif not outcomes.accidents:
        unsteady, broken = run_again(failed, environment)
    print()
    for node_id in unsteady:
        print(f"unsteady: {node_id} (failed, then passed {RUNS_ALONE} times by itself)")
    for node_id in broken:
        print(f"failed: {node_id}")
    if len(unsteady) > MOST_UNSTEADY:
        print(f"The run fails: {len(unsteady)} tests were unsteady, and no more than {MOST_UNSTEADY} may be.")
    counts = f"{outcomes.passed_whole} passed, {len(broken)} failed, {len(outcomes.skipped)} skipped"
    print(f"{counts}, {len(unsteady)} unsteady")
    return 1 if broken or outcomes.accidents or len(unsteady) > MOST_UNSTEADY else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
