"""A run that pairs a page in a phone's browser with the phone's own runtime, all of it measured by the phone itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from devices.browsers import settings_names as names
from devices.runtimes.registry import RUNTIMES
from devices.web_engines.engine_files import engine_files
from harness.documents.plan import MEMINFO_ID
from harness.documents.web_check import WebCheck
from tests.rig import phone_browser
from tests.rig.adb_server import AdbServer
from tests.rig.command import bakeoff, start
from tests.rig.phone import StandInPhone
from tests.rig.phone_browser import PhoneBrowser
from tests.rig.run_on_a_phone import device_folders, outputs, over_adb, runners
from tests.rig.run_watch import assert_whole, blocks_in, records, wait_for
from tests.rig.tiny_experiment import TinyExperiment
from tests.rig.tiny_web_model import write_shuffler
from tests.rig.web_engines import with_npm


def web_experiment(folder: Path) -> TinyExperiment:
    tiny = TinyExperiment(folder)
    tiny.candidate = tiny.baseline
    tiny.candidate_runtime = "onnxruntime-web"
    tiny.candidate_settings = ['accelerator = "wasm"']
    tiny.names = tiny.names[:2]
    tiny.measure |= {"min_items": 2, "memory_repeats": 1, "metrics": ["psnr"]}
    tiny.rules = [{"quantity": "psnr", "no_worse_than": "0.1 dB"}]
    return tiny


@pytest.fixture(autouse=True)
def what_it_takes() -> None:
    reason = phone_browser.missing_parts()
    if reason is not None:
        pytest.skip(reason)
    engine = RUNTIMES["onnxruntime-web"]
    with_npm(lambda: engine_files(engine, engine.default_version, "wasm"))


def test_a_page_on_a_phone_is_paired_with_its_own_runtime(
    stand_in: StandInPhone, server: AdbServer, tmp_path: Path
) -> None:
    tiny = web_experiment(tmp_path / "experiment")
    tiny.measure |= {"page.repeats": 1, "page.work_s": 0.2}
    settings_before = stand_in.settings()
    with PhoneBrowser(stand_in, server) as browser:
        done = bakeoff(
            "run", tiny.write(), "-d", f"adb:{stand_in.address}", "--out", tmp_path / "run", **over_adb(server)
        )
    assert done.exit_code in (0, 1), done.stderr
    (device,) = device_folders(tmp_path / "run")
    assert runners(tmp_path / "run", device) == {"native"}
    found = records(tmp_path / "run", device)
    assert [each for each in found if each.record == "arm_failed"] == []
    assert_whole(tmp_path / "run", len(tiny.names), 6, device)

    loads = [each for each in found if each.record == "arm_loaded" and each.arm == "a1"]
    assert all(each.interpreter.startswith("Chromium 1") for each in loads)
    assert {each.settings[names.CROSS_ORIGIN_ISOLATED] for each in loads} == {"yes"}
    # A fresh tab for the memory pass, the page pass and each of the two launches, and one for what comes before them.
    assert len(set(browser.opened)) == len(browser.opened) >= 4
    [page] = [each for each in found if each.record == "page"]
    assert (page.arm, page.inferences > 0, page.rest_frame_ns != [], page.frame_ns != []) == ("a1", True, True, True)
    [memory] = [each for each in found if each.record == "memory" and each.arm == "a1"]
    assert memory.steady_rss_bytes is None
    assert any("unavailable" in note for note in memory.notes)
    assert all(reading.text is None for reading in memory.readings if reading.probe == MEMINFO_ID)

    made = outputs(tmp_path / "run", device)
    for item in ("i0", "i1"):
        own, web = (made[f"outputs/{arm}/{item}.0.npy"] for arm in ("a0", "a1"))
        np.testing.assert_allclose(web, own, rtol=0, atol=1e-5)
        assert np.ptp(own) > 0.1
    assert stand_in.settings() == settings_before


def test_androids_own_build_of_the_runner_serves_two_pages_in_one_tab(
    bionic_phone: StandInPhone, server: AdbServer, tmp_path: Path
) -> None:
    tiny = web_experiment(tmp_path / "experiment")
    path = tiny.write()
    in_browser = 'runtime = "onnxruntime-web"\naccelerator = "wasm"'
    path.write_text(path.read_text().replace('runtime = "onnxruntime"', in_browser))
    with PhoneBrowser(bionic_phone, server) as browser:
        done = bakeoff("run", path, "-d", f"adb:{bionic_phone.address}", "--out", tmp_path / "run", **over_adb(server))
    assert done.exit_code in (0, 1), done.stderr
    (device,) = device_folders(tmp_path / "run")
    found = records(tmp_path / "run", device)
    assert [each for each in found if each.record == "arm_failed"] == []
    assert_whole(tmp_path / "run", len(tiny.names), 6, device)
    hosts = {each.arm: each.settings[names.FRAME_HOST] for each in found if each.record == "arm_loaded"}
    assert hosts == {"a0": "a0.localhost", "a1": "a1.localhost"}
    assert browser.opened


def test_web_check_tries_the_backends_of_a_phones_browser(
    stand_in: StandInPhone, server: AdbServer, tmp_path: Path
) -> None:
    model = write_shuffler(tmp_path / "shuffler.onnx")
    told = tmp_path / "web-check.json"
    asked = ("web-check", model, "-d", f"adb:{stand_in.address}", "--json", told)
    with PhoneBrowser(stand_in, server):
        done = bakeoff(*asked, **over_adb(server))
        missing = bakeoff(*asked, "--browser", "samsung", **over_adb(server))
    assert done.exit_code in (0, 1), done.stderr
    found = WebCheck.model_validate_json(told.read_bytes())
    assert {each.backend: each.outcome for each in found.backends}["wasm"] == "right", found.backends
    assert missing.exit_code != 0
    assert "there is no samsung there" in missing.stderr
    assert "chrome: com.android.chrome" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_a_phones_browser_that_is_ended_fails_its_arm_and_the_other_goes_on(
    stand_in: StandInPhone, server: AdbServer, tmp_path: Path
) -> None:
    tiny = web_experiment(tmp_path / "experiment")
    tiny.measure |= {"pairs": 40, "launches": 1, "block_ms": 40.0}
    with PhoneBrowser(stand_in, server) as browser:
        running = start(
            "run",
            tiny.write(),
            "-d",
            f"adb:{stand_in.address}",
            "--out",
            tmp_path / "run",
            log=tmp_path / "log",
            **over_adb(server),
        )
        (device,) = device_folders(tmp_path / "run")
        wait_for(lambda: blocks_in(tmp_path / "run", device) >= 4)
        browser.kill()
        running.wait(timeout=240)
    found = records(tmp_path / "run", device)
    assert [(each.arm, each.error) for each in found if each.record == "arm_failed"] == [("a1", "PageCrashed")]
    own = [each.pair for each in found if each.record == "latency_block" and each.arm == "a0"]
    assert own == list(range(40))
    assert found[-1].record == "runner_finished"
    assert found[-1].reason == "complete"
