"""A page that keeps animating while its arm infers: frames that do not come, and what is told where none come."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.python_runner.contract import MOST_FRAMES
from harness.analysis.tables.page_table import dropped_frames, page_values
from harness.documents import records as documents
from harness.documents.records import ArmFailed, PageMeasured
from tests.devices.browser.web_bench import add_web_arm, changed_page, web
from tests.devices.runner_contract import models
from tests.devices.runner_contract.bench import Bench, of_kind

INFERS = "    const outputs = await infer();\n"
WORKS_200_MS = "const until = performance.now() + 200; while (performance.now() < until);"
IN_ITS_THREAD = f"    {WORKS_200_MS}\n{INFERS}"
IN_A_WORKER = f"""    await new Promise((resolve) => {{
      const url = URL.createObjectURL(new Blob([`{WORKS_200_MS} postMessage(0);`]));
      new Worker(url).onmessage = resolve;
    }});
{INFERS}"""


def page_of(
    bench: Bench, folder: Path, name: str, *changes: tuple[str, str], program: str = "chromium"
) -> PageMeasured:
    given = changed_page(web("onnxruntime-web", "wasm", program), folder, name, *changes)
    arm = add_web_arm(bench, models.conv_onnx(bench.folder / "static.onnx", static=(8, 8)), web=given)
    bench.page(arm, bench.add_item(models.image(8, 8)), duration_ms=1000)
    bench.write_plan()
    records = bench.run()
    assert of_kind(records, ArmFailed) == []
    [measured] = of_kind(records, PageMeasured)
    assert bench.run() == records  # what is done is not done again
    return measured


@pytest.mark.parametrize("program", ["chromium", "firefox-esr"])
def test_a_page_that_stands_still_for_each_inference_drops_its_frames(
    empty_bench: Bench, tmp_path: Path, program: str
) -> None:
    measured = page_of(empty_bench, tmp_path, "measuring.js", (INFERS, IN_ITS_THREAD), program=program)
    assert 1 <= measured.inferences <= 5  # each takes 200 ms of a second
    assert max(measured.frame_ns) > 150_000_000
    assert dropped_frames(measured.rest_frame_ns, measured.frame_ns) > 50
    # All of the second lies between frames: those that are noted begin before it and end after it.
    assert sum(measured.frame_ns) >= 0.8 * (measured.ended_ns - measured.started_ns)


@pytest.mark.parametrize("program", ["chromium", "firefox-esr"])
def test_a_page_whose_work_is_in_a_worker_draws_frames_meanwhile(
    empty_bench: Bench, tmp_path: Path, program: str
) -> None:
    measured = page_of(empty_bench, tmp_path, "measuring.js", (INFERS, IN_A_WORKER), program=program)
    assert 1 <= measured.inferences <= 5
    # Twelve are due in 200 ms. A page that stands still draws one or two for each inference, whatever the machine does.
    assert len(measured.frame_ns) > 3 * measured.inferences


def test_a_browser_that_draws_no_frame_is_told_and_fails_nothing(empty_bench: Bench, tmp_path: Path) -> None:
    never = ("    requestAnimationFrame(draw);\n  }", "  }")
    measured = page_of(empty_bench, tmp_path, "animation.js", never)
    assert (measured.rest_frame_ns, measured.frame_ns, measured.inferences) == ([], [], 0)
    assert any("drew no frame" in note for note in measured.notes)


def test_outputs_that_cannot_stay_where_they_are_made_cost_no_frames(empty_bench: Bench, tmp_path: Path) -> None:
    refused = ('if (this.accelerator !== "webgpu") return undefined;', 'throw new Error("no place for outputs");')
    measured = page_of(empty_bench, tmp_path, "onnxruntime_web.js", refused)
    assert measured.rest_frame_ns
    assert measured.frame_ns
    assert (measured.unread_inferences, measured.unread_ns) == (0, 0)
    assert measured.notes == ["inferences whose outputs are not read failed: no place for outputs"]


@pytest.mark.parametrize(
    ("work", "share"),
    [
        ([16, 17, 16, 17, 16], 0.0),
        ([16, 33, 16, 17], 100 * 1 / 5),
        ([16, 100], 100 * 5 / 7),
        ([26], 100 * 1 / 2),  # more than half of the next one
        ([24], 0.0),
        ([4, 4], 0.0),  # a faster screen than at rest drops none
    ],
)
def test_frames_that_are_dropped_are_those_that_were_due(work: list[int], share: float) -> None:
    rest = [16, 17, 16, 17, 17, 16, 400, 17]  # one pause at rest moves no median
    scale = 1_000_000
    assert dropped_frames([scale * each for each in rest], [scale * each for each in work]) == pytest.approx(share)


def test_of_frames_that_are_cut_off_nothing_is_claimed() -> None:
    def measured(frames: int) -> PageMeasured:
        return PageMeasured(
            n=1, session=0, monotonic_ns=1, started_ns=0, ended_ns=9, step=0, arm="a1", repeat=0,
            inferences=5, rest_frame_ns=[16] * 60, frame_ns=[16] * frames, unread_inferences=2, unread_ns=8,
        )  # fmt: skip

    whole, cut = page_values(measured(MOST_FRAMES - 1)), page_values(measured(MOST_FRAMES))
    assert (whole["frames_dropped"], whole["longest_frame"]) == (0.0, 16.0)
    for name in ("frames_dropped", "longest_frame"):
        assert "shorten measure.page.work_s" in str(cut[name])
    assert cut["unread_latency"] == 4.0


def test_page_and_record_bound_frames_alike() -> None:
    assert MOST_FRAMES == documents.MOST_FRAMES
    source = Path("devices/browsers/page/animation.js")
    root = Path(__file__).parents[3]
    assert f"MOST_FRAMES = {MOST_FRAMES};" in (root / source).read_text()
    assert f"FRAMES_MAX {MOST_FRAMES} " in (root / "devices/native/browser/tab_measurements.c").read_text()
