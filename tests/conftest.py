"""What tests of whole runs share."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import tests.rig.cpu_use  # noqa: F401 - numpy comes after it
from tests.reports.chromium import chromium
from tests.rig.phone_fixtures import adb_server, own_phone, phone
from tests.rig.tiny_experiment import TinyExperiment

__all__ = ["adb_server", "chromium", "own_phone", "phone"]

# A shell that starts pytest in the background has it ignore Ctrl-C, `nohup` has it ignore that the terminal is gone,
# and what tests start would inherit that. A handler of Python's is not inherited.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda _number, _frame: None)

# How long an example takes says how busy this machine is. A commit that passed passes again: the examples are the same
# each time, unless somebody searches for others with `--hypothesis-profile searching`.
_NO_TIMES = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("searching", _NO_TIMES)
settings.register_profile("the same each time", _NO_TIMES, derandomize=True)
settings.load_profile("the same each time")


@pytest.fixture(scope="session")
def workdir() -> Path:
    """The work directory of `local`: kept between sessions, so that a runtime is provisioned once."""
    cache = Path(os.environ.get("BAKEOFF_TEST_CACHE", Path.home() / ".cache" / "bakeoff-tests"))
    folder = cache / "local-device"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session", autouse=True)
def no_profiles_of_this_desk(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What `bakeoff doctor` found on this computer is none of a test's business."""
    os.environ["BAKEOFF_PROFILES"] = str(tmp_path_factory.mktemp("profiles"))


@pytest.fixture(scope="session", autouse=True)
def no_history_of_this_desk(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What was measured and noted on this computer is none of a test's business."""
    folder = tmp_path_factory.mktemp("history")
    os.environ["BAKEOFF_HISTORY"] = str(folder / "history.db")
    os.environ["BAKEOFF_HISTORY_WAITING"] = str(folder / "waiting")


@pytest.fixture(scope="session", autouse=True)
def every_score_is_computed() -> None:
    """No test takes a score that another one, or this desk, computed before."""
    os.environ["BAKEOFF_SCORES"] = "off"


@pytest.fixture(scope="session", autouse=True)
def nothing_from_public_repositories() -> None:
    """No test asks a public host: an empty list of Maven repositories lets nothing be fetched."""
    os.environ["BAKEOFF_MAVEN_REPOSITORY"] = ""


@pytest.fixture
def tiny(tmp_path: Path) -> TinyExperiment:
    """A tiny experiment, not written yet."""
    return TinyExperiment(tmp_path / "experiment")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--whole-matrix",
        action="store_true",
        help="every fault at every stage of runs on both stand-in phones (ten minutes), instead of a covering choice",
    )


LONG = (
    "test_seven_nights.py::",
    "test_faults_on_phones.py::",
    "test_night_faults.py::",
    "test_documentation.py::test_every_command_of_a_page_works",
    "test_broken_rules.py::test_a_rule_that_is_broken_from",
    "test_doctor_command.py::test_this_machine_is_calibrated",
    "test_workflow.py::test_a_regression_makes_the_job_red",
    "test_bisect.py::test_the_slow_commit",
    "test_held_run.py::test_a_run_holds",
    "test_sequential_run.py::",
    "test_full_disk_on_a_phone.py::",
    "test_interruptions.py::",
    "test_installed_metrics.py::test_one_that_hangs_or_crashes",
    "test_run_sequence.py::test_frames_in_tiles",
    "test_run_sequence.py::test_three_frames_at_once",
    "test_picture_reading.py::test_a_run_with_all_of_it",
    "test_slow_inferences.py::test_what_is_called_different",
    "test_run_web_on_a_phone.py::",
    "test_parity_on_devices.py::test_the_layer_is_named",
    "test_torch_originals.py::test_the_layer_is_named",
    "test_run_in_browser.py::",
    "test_web_check.py::",
    "devices/browser/test_faults.py::",
    "devices/browser/test_passes.py::",
    "devices/browser/test_told.py::",
)
"""Tests of half a minute and more that share no set-up: whoever comes to one last has all others wait."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Each worker begins with its part of the long tests. `--dist worksteal` deals the list out in as many equal parts
    as there are workers.
    """
    workers = int(getattr(config, "workerinput", {}).get("workercount", 1))
    if workers < 2:
        return
    long = [item for item in items if any(name in item.nodeid for name in LONG)]
    others = [item for item in items if not any(name in item.nodeid for name in LONG)]
    dealt: list[pytest.Item] = []
    for worker in range(workers):
        first = long[worker::workers]
        size = (len(items) - len(dealt)) // (workers - worker)
        taken = max(0, size - len(first))
        dealt += [*first, *others[:taken]]
        others = others[taken:]
    items[:] = [*dealt, *others]
