"""What an arm ran in, in words; and which of it undermines its numbers."""

import pytest

from devices.browsers import settings_names as names
from devices.web_engines.package_origin import PackageOrigin
from harness.analysis.conditions.browser_facts import (
    NOTABLE_DRIFT,
    TOLD_IN_SENTENCES,
    browser_facts,
    browser_warnings,
    clock_step_of_pages,
    engine_download,
    output_drifts,
    software_renderer,
    software_renderers,
)
from harness.analysis.tables.device_records import DeviceRecords
from harness.analysis.tables.in_browser import in_browser
from harness.documents.manifest import ManifestStaticCopy
from harness.documents.records import ArmLoaded, LatencyBlock, MemoryMeasured, MemoryPart
from harness.documents.runner_record import EngineRecord
from tests.harness.runs.planning.test_make_plan import manifest

SETTINGS = {
    names.USER_AGENT: "Mozilla/5.0 Chrome/150.0.0.0",
    names.CROSS_ORIGIN_ISOLATED: "yes",
    names.SITE_ISOLATED: "yes",
    names.CLOCK_STEP_NS: "5000",
    names.ENGINE_START_NS: "250000000",
    names.SESSION_NS: "12000000",
    names.ENGINE_BYTES: "14000000",
    names.ENGINE_FILES: "p/a.mjs, p/b.wasm",
    names.PROVIDERS_ASKED: "webgpu",
}
GPU = {names.GPU_VENDOR: "google", names.GPU_ARCHITECTURE: "swiftshader", names.SOFTWARE_RENDERER: "yes"}
ENGINE = EngineRecord(
    browser="/usr/bin/chromium",
    browser_product="Chromium 150.0",
    files={"p/a.mjs": "0" * 64, "p/b.wasm": "1" * 64, "p/c.wasm": "2" * 64},
    bytes=20,
    gzip_bytes={"p/a.mjs": 10_000, "p/b.wasm": 4_000_000, "p/c.wasm": 7_000_000},
    model_gzip_bytes=150_000,
    packages=[PackageOrigin(name="p", version="1.0", archive_sha256="ab" * 32, integrity="sha512-x", source="npm")],
)


def run(**measure):
    """A native baseline and an arm in a page."""
    made = manifest(**measure)
    page = made.arms[1].model_copy(update={"runtime": "onnxruntime-web", "accelerator": "webgpu"})
    return made.model_copy(update={"arms": [made.arms[0], page]})


def loaded(arm="a1", n=3, settings=SETTINGS, **more):
    return ArmLoaded.model_validate(
        {
            "n": n, "session": 0, "monotonic_ns": n, "arm": arm, "pid": 7, "runtime": "onnxruntime-web",
            "runtime_version": "1.30.0", "interpreter": "Chromium 150.0", "load_ns": 1, "inputs": [], "outputs": [],
            "threads": 1, "accelerator": "webgpu", "settings": settings, "record": "arm_loaded",
        }
        | more
    )  # fmt: skip


def block(*notes, arm="a1"):
    return LatencyBlock.model_validate(
        {
            "n": 9, "session": 0, "monotonic_ns": 9, "started_ns": 1, "ended_ns": 2, "step": 1, "pair": 0,
            "position": 0, "arm": arm, "item": "i0", "lead_in_ns": [], "latency_ns": [1], "notes": list(notes),
            "before": {"monotonic_ns": 1}, "after": {"monotonic_ns": 2}, "record": "latency_block",
        }
    )  # fmt: skip


def memory(arm="a1", n=5, parts=()):
    return MemoryMeasured.model_validate(
        {
            "n": n, "session": 0, "monotonic_ns": n, "record": "memory", "step": 1, "arm": arm, "repeat": 0,
            "load_ns": 1, "first_inference_ns": 1, "inferences": 1,
            "before_load_rss_bytes": 1, "load_peak_rss_bytes": 1, "run_peak_rss_bytes": 1, "pss_bytes": 1,
            "parts": [part.model_dump() for part in parts],
        }
    )  # fmt: skip


def test_what_an_arm_ran_in_is_told_under_headings():
    facts = browser_facts(run().arms[1], loaded(settings=SETTINGS | GPU), ENGINE)
    assert facts["Browser"] == "Chromium 150.0 (Mozilla/5.0 Chrome/150.0.0.0)"
    assert facts["GPU"].startswith("google swiftshader (a software renderer")
    assert facts["Page"] == "cross-origin isolated; in a process of its own; its clock steps by 5 µs"
    assert facts["To download"].startswith("engine 14.00 MB (4.01 MB gzipped), model ")
    assert facts["To download"].endswith("(0.150 MB gzipped)")
    assert facts["Last start"] == "engine 250.0 ms, session of the model 12.0 ms"
    assert facts["Engine"] == f"p 1.0 from npm, archive SHA-256 {'ab' * 32}"
    assert "Model given" not in facts


def test_an_arm_of_no_page_has_none_and_one_that_never_opened_has_its_browser():
    assert browser_facts(run().arms[0], loaded("a0", settings={"threads": "1"}), None) == {}
    assert browser_facts(run().arms[0], None, None) == {}
    facts = browser_facts(run().arms[1], None, ENGINE)
    assert facts["Browser"] == "Chromium 150.0, which never reported itself"
    assert "cross-origin isolation unknown" in facts["Page"]


def test_a_copy_with_fixed_sizes_is_told_with_its_hash():
    copy = ManifestStaticCopy(sha256="cd" * 32, bytes=9, shapes={"x": [1, 3, 8, 8]})
    arm = run().arms[1].model_copy(update={"static_copy": copy})
    assert (
        f"fixed at 1×3×8×8, since this engine takes no free sizes: SHA-256 {'cd' * 32}"
        in (browser_facts(arm, loaded(), ENGINE)["Model given"])
    )


def test_what_a_page_says_of_itself_is_believed_in_numbers_only():
    odd = SETTINGS | {names.CLOCK_STEP_NS: "-5", names.ENGINE_BYTES: "many", names.SESSION_NS: "9" * 40}
    facts = browser_facts(run().arms[1], loaded(settings=odd), ENGINE)
    assert "clock steps" not in facts["Page"]
    assert "engine" not in facts["To download"]
    assert "session" not in facts["Last start"]


def test_a_download_is_of_the_files_that_were_served():
    assert engine_download(SETTINGS, ENGINE) == 4_010_000
    assert engine_download(SETTINGS | {names.ENGINE_FILES: "p/a.mjs, other"}, ENGINE) is None
    assert engine_download({}, ENGINE) is None
    assert engine_download(SETTINGS, None) is None


def test_settings_that_sentences_tell_are_not_listed_again():
    assert names.USER_AGENT in TOLD_IN_SENTENCES
    assert names.PROVIDERS_ASKED not in TOLD_IN_SENTENCES
    assert TOLD_IN_SENTENCES <= names.ALL


def test_times_on_a_software_renderer_are_suspected_unless_the_experiment_allows_them():
    records = DeviceRecords(loaded=[loaded(settings=SETTINGS | GPU)])
    told = software_renderer(run().arms[1], records)
    assert told == "candidate 1 ran on a software renderer (google swiftshader)"
    found = software_renderers(run(), records).suspicions
    assert list(found) == ["candidate 1"]
    assert "allow_software_renderer" in found["candidate 1"][0]
    assert software_renderers(run(allow_software_renderer=True), records).suspicions == {}
    for said in ("no", "unknown"):
        other = DeviceRecords(loaded=[loaded(settings=SETTINGS | GPU | {names.SOFTWARE_RENDERER: said})])
        assert software_renderers(run(), other).suspicions == {}
    assert software_renderers(run(), None).suspicions == {}
    assert [text for text in browser_warnings(run(), records) if "software renderer" in text]


@pytest.mark.parametrize(
    ("told", "is_doubted"),
    [
        ("by up to 0.25 of the largest value", True),
        (f"by up to {2 * NOTABLE_DRIFT} of the largest value", True),
        (f"by up to {NOTABLE_DRIFT / 2} of the largest value", False),
        ("by what is no number", True),
        ("by up to 1e of the largest value", False),
        ("by <script>", False),
    ],
)
def test_outputs_that_drift_doubt_an_arm(told, is_doubted):
    note = f"{names.OUTPUT_DRIFT_NOTE}: the last inference's outputs differ from the first one's {told}"
    found = output_drifts(run(), DeviceRecords(blocks=[block("else"), block(note), block(arm="a0")])).doubts
    assert (list(found) == ["candidate 1"]) is is_doubted
    assert output_drifts(run(), DeviceRecords(blocks=[block(note, arm="a0")])).doubts.keys() <= {"baseline"}


def test_the_clock_of_a_page_counts_as_the_device_s():
    assert clock_step_of_pages(run(), None) == 0.0
    assert clock_step_of_pages(run(), DeviceRecords(loaded=[loaded("a0", settings={})])) == 0.0
    coarse = loaded(n=4, settings=SETTINGS | {names.CLOCK_STEP_NS: "100000"})
    assert clock_step_of_pages(run(), DeviceRecords(loaded=[loaded(), coarse])) == 100_000.0


def test_a_shared_process_is_warned_of():
    shared = loaded(settings=SETTINGS | {names.SITE_ISOLATED: "no: a0 shares it"})
    assert "shared a process" in " ".join(browser_warnings(run(), DeviceRecords(loaded=[shared])))
    assert browser_warnings(run(), DeviceRecords(loaded=[loaded()])) == []


def test_the_memory_pass_tells_of_the_browser_where_an_arm_ran_in_one():
    whole = MemoryPart(of="all_processes", what="private_footprint", bytes=300, source="memory dump")
    own = MemoryPart(of="page", what="own_account", bytes=5, source="page")
    records = DeviceRecords(
        loaded=[
            loaded(n=2),
            loaded("a0", n=3, settings={}),
            loaded(n=4, settings=SETTINGS | {names.ENGINE_START_NS: "7"}),
        ]
    )
    assert in_browser("native", memory(n=5, parts=[own, whole]), records) == {
        "engine_start": 7,
        "session_creation": 12_000_000,
        "browser_memory": 300,
    }
    assert in_browser("native", memory(n=3), records)["engine_start"] == 250_000_000
    assert "does not tell" in str(in_browser("native", memory(n=5, parts=[own]), records)["browser_memory"])
    assert set(in_browser("native", memory("a0", n=5), records).values()) == {"native runs in no web page"}
    assert in_browser("native", memory("a0"), DeviceRecords(loaded=[loaded("a0", settings={})])) == {}
