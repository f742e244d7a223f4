"""What is said of the runner that measured a device, and of the libraries that it opened."""

import pytest

from devices.identity import Identity
from harness.analysis.compare import DeviceFacts, compare
from harness.analysis.conditions.runner_facts import library_of, library_warnings, mixed_runners, runner_warnings
from harness.documents.comparison import DeviceResult
from harness.documents.runner_record import LibraryRecord, RunnerRecord
from tests.harness.simulated_records import make_manifest

LIBRARY = LibraryRecord(file="libonnxruntime.so", sha256="ab" * 32, source="a wheel")


@pytest.mark.parametrize(("portable", "said"), [(True, True), (False, False)])
def test_a_c_library_that_was_brought_along_is_said(portable, said):
    warnings = runner_warnings(RunnerRecord(runner="native", reason="r", portable=portable))
    assert any("no C library that our builds fit" in warning for warning in warnings) == said
    assert runner_warnings(None) == []


def test_an_arm_s_library_is_named_with_its_hash_and_where_it_is_from():
    arm = make_manifest().arms[0]
    record = RunnerRecord(runner="native", reason="r", libraries={arm.id: LIBRARY})
    assert library_of(arm, record) == f"libonnxruntime.so, SHA-256 {'ab' * 32}, from a wheel"
    assert library_of(arm, RunnerRecord(runner="python", reason="r")) is None


def test_a_library_that_is_not_what_it_was_is_said():
    manifest = make_manifest()
    changed = LIBRARY.model_copy(update={"note": "another file"})
    record = RunnerRecord(runner="native", reason="r", libraries={"a0": LIBRARY, "a1": changed})
    assert library_warnings(manifest, record) == [f"The runtime's library of {manifest.arms[1].name} is another file."]


def test_devices_that_were_measured_by_different_runners_are_named():
    def device(name, runner):
        return DeviceResult(device=name, identity=None, status="complete", runner=runner)

    alike = [device("local", "native runner"), device("adb:X", "native runner"), device("adb:GONE", None)]
    assert mixed_runners(alike) == []
    (warning,) = mixed_runners([*alike, device("ssh://b", "python runner")])
    assert "native runner on local and adb:X; python runner on ssh://b" in warning


def test_the_comparison_says_for_each_device_which_runner_it_was_given_and_why():
    manifest = make_manifest()
    (name,) = [device.name for device in manifest.devices]
    runner = RunnerRecord(runner="native", reason="it is a board", portable=True)
    result = compare(manifest, {name: DeviceFacts(Identity(kind="ssh"), None, "failed", "gone", runner=runner)})
    assert result.devices[0].runner == "native runner, portable"
    assert result.devices[0].runner_reason == "it is a board"
