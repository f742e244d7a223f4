"""What phones say of their graphics memory, from real outputs of `dumpsys meminfo`."""

from pathlib import Path

import pytest

from harness.analysis.tables.graphics_memory import graphics_memory
from harness.documents.records import MemoryMeasured, Reading
from harness.quantity import Available, Unavailable

SAMPLES = Path(__file__).parents[4] / ".." / "shared" / "samples" / "dumpsys_meminfo"


def measured(text, error=None, probe="meminfo"):
    return MemoryMeasured(
        n=0, session=0, monotonic_ns=0, step=0, arm="a0", repeat=0, before_load_rss_bytes=1, load_ns=1,
        load_peak_rss_bytes=1, first_inference_ns=1, run_peak_rss_bytes=1, pss_bytes=1, inferences=1,
        readings=[Reading(probe=probe, monotonic_ns=0, took_ns=1, text=text, error=error)],
    )  # fmt: skip


def test_it_is_read_from_the_app_summary_of_a_real_phone():
    if not SAMPLES.exists():
        pytest.skip("no ../shared/samples beside the repository: put the shared samples there")
    found = graphics_memory(measured((SAMPLES / "pixel2-android11-with-rss.txt").read_text()))
    assert isinstance(found, Available)
    text = (SAMPLES / "pixel2-android11-with-rss.txt").read_text()
    (line,) = [line for line in text.splitlines() if line.strip().startswith("Graphics:")]
    assert found.value == 1024.0 * int(line.split()[1])


@pytest.mark.parametrize(
    ("text", "error", "says"),
    [(None, "exit code 1", "exit code 1"), ("No process found for: 71", None, "no output of dumpsys meminfo")],
)
def test_what_is_not_said_is_unavailable_and_never_nought(text, error, says):
    found = graphics_memory(measured(text, error))
    assert isinstance(found, Unavailable)
    assert says in found.reason


def test_a_device_that_was_not_asked_has_no_such_value():
    assert graphics_memory(measured("", probe="something_else")) is None
