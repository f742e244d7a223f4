"""A whole run with the native runner on this machine."""

import platform

import numpy as np
import pytest

from devices.build.native_build import target_for_machine
from tests.harness.commands.test_run import run
from tests.rig.run_watch import assert_whole, records


@pytest.mark.skipif(target_for_machine(platform.machine()) is None, reason="no native runner for this machine")
def test_the_native_runner_gives_what_the_python_runner_gives(tiny, workdir, tmp_path):
    native, done = run(tiny, workdir, tmp_path, "--runner", "native", out="native")
    assert done.exit_code == 0, done.stderr
    assert_whole(native, len(tiny.names), tiny.measure["pairs"])
    assert records(native)[0].runner == "native"
    python, done = run(tiny, workdir, tmp_path, out="python")
    assert done.exit_code == 0, done.stderr
    assert records(python)[0].runner == "python"
    outputs = sorted(path.relative_to(native) for path in native.rglob("*.npy"))
    assert len(outputs) == 2 * len(tiny.names)
    for path in outputs:
        assert np.allclose(np.load(native / path), np.load(python / path), atol=1e-6), path
