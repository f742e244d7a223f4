"""What is said of the conditions of a run."""

import pandas as pd
import pytest

from devices.identity import Identity
from harness.analysis.device_records import DeviceRecords
from harness.analysis.run_conditions import condition_warnings
from harness.quantity import Unavailable
from harness.records import Context, RunnerStarted
from tests.harness.simulated_records import make_manifest


@pytest.mark.parametrize(
    ("runner", "libc", "said"),
    [("native", None, True), ("native", "bionic", False), ("native", "glibc 2.36", False), ("python", None, False)],
)
def test_a_c_library_that_was_brought_along_is_said(runner, libc, said):
    context = Context(monotonic_ns=1, load_1min=0.1)
    started = RunnerStarted(
        n=0, session=0, monotonic_ns=1, runner=runner, runner_version="1", wall_time="2025-01-01T00:00:00Z", pid=1,
        machine="aarch64", system="Linux 6.1", context=context,
    )  # fmt: skip
    telemetry = pd.DataFrame({"boot_id": ["b"], "governor": ["g"]})
    unknown = Unavailable(reason="not part of this test")
    names = ("load_before", "load_of_others", "temperature_before", "temperature_after", "clock_before", "clock_after")
    facts = dict.fromkeys(names, unknown)
    warnings = condition_warnings(
        make_manifest(), DeviceRecords(started=[started]), Identity(kind="adb", libc=libc, cores=8), telemetry, facts
    )
    assert any("no C library that our builds fit" in warning for warning in warnings) == said
