"""What a report page costs: seconds, peak memory and bytes, for more and more images on three devices.

    python benchmarks/report_speed.py [IMAGES …]

Each size (default: 20, 200 and 1000 scored images, each with small views of two arms and its worst place; eight of
them shown with four pictures of 512 × 512 on each device) is rendered in a process of its own, and opened in Chromium
where there is one. The exit code is 1 where 200 images take more than 10 s, a page of 5 MB, or 1 GB.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

SHOWN = 8
SIDE = 512
MOST_S, MOST_PAGE_MB, MOST_MEMORY_MB = 10.0, 5.0, 1024.0


def measure(images: int) -> dict[str, float]:
    """Of one page."""
    from reports.html import render_html
    from tests.reports import sample_comparison as sample

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        devices = ["adb:R5CT30ABCDE", "ssh://pi@bench-4", "local"]
        shown = [
            sample.gallery_item(
                sample.INT8, f"item{place}", {**sample.write_gallery(folder, f"item{place}", SIDE)}, place
            )
            for place in range(SHOWN)
        ]
        comparison = sample.comparison(folder, devices=devices, images=1)
        results = [
            device.model_copy(update={"gallery": shown, "scores": sample.item_scores(sample.INT8, images)})
            for device in comparison.devices
        ]
        comparison = sample.with_views(comparison.model_copy(update={"devices": results, "items": images}), folder)
        began, began_cpu = time.perf_counter(), time.process_time()
        page = render_html(comparison, folder).encode()
        return {
            "images": images,
            "wall_s": time.perf_counter() - began,
            "cpu_s": time.process_time() - began_cpu,
            "page_mb": len(page) / 1e6,
            "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "open_s": opening_s(page),
        }


def opening_s(page: bytes) -> float:
    """Seconds until the page has been laid out and its scripts have run; the middle one of three."""
    from tests.reports.chromium import CHROMIUM

    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return math.nan
    if CHROMIUM is None:
        return math.nan
    with tempfile.TemporaryDirectory() as name, sync_playwright() as driver:
        file = Path(name) / "report.html"
        file.write_bytes(page)
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        taken = []
        for _ in range(3):
            tab = browser.new_page(viewport={"width": 1440, "height": 900})
            tab.goto(file.as_uri())
            taken.append(tab.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"))
            tab.close()
        browser.close()
    return sorted(taken)[1]


def main() -> int:
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
        return 0
    within = True
    print(f"{'images':>8} {'wall s':>8} {'CPU s':>8} {'page MB':>8} {'memory MB':>10} {'opens s':>8}")
    for images in [int(text) for text in sys.argv[1:]] or [20, 200, 1000]:
        done = subprocess.run(
            [sys.executable, __file__, "--one", str(images)], capture_output=True, text=True, check=True
        )
        cost = json.loads(done.stdout)
        print(
            f"{images:8d} {cost['wall_s']:8.2f} {cost['cpu_s']:8.2f} {cost['page_mb']:8.2f} {cost['memory_mb']:10.0f} "
            f"{cost['open_s']:8.2f}",
            flush=True,
        )
        if images <= 200:
            within &= (
                cost["cpu_s"] <= MOST_S and cost["page_mb"] <= MOST_PAGE_MB and cost["memory_mb"] <= MOST_MEMORY_MB
            )
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
