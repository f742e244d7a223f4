"""Does the page's way of timing an inference change what it times?

    python benchmarks/page_overhead.py [--pairs 200]

Interleaves, in one frame of one Chromium and on one session, blocks timed by the page worker with blocks of a bare loop
over the engine's own call, in random order within each pair, and prints the median over pairs of page/bare (of
blocks' middle 60 %, as a mean: the page's clock steps by 5 µs) with its 95 % interval. Each should be within 2 % of 1.

The model is made here: a small convolution at several sizes, on ONNX Runtime Web's WebAssembly with one thread.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from benchmarks.runner_overhead import ALLOWED_FRACTION, SEED, interval_of_median
from devices.python_runner.browser.holder import TabHolder
from tests.devices.browser.web_bench import changed_page, web
from tests.devices.runner_contract import models

BLOCK_TARGET_NS = 20_000_000
TIMEOUT_NS = 120_000_000_000
BARE = """
async function bare({ count }) {
  const { session, feeds } = engine;
  const latency = [];
  for (let k = 0; k < count; k++) {
    const begun = performance.now();
    const outputs = await session.run(feeds);
    latency.push(Math.round((performance.now() - begun) * 1e6));
    for (const tensor of Object.values(outputs)) tensor.dispose();
  }
  return { latency_ns: latency };
}
"""
"""What stands beside the page's own requests, in the same frame."""


def opened(folder: Path, size: int) -> TabHolder:
    """A holder whose arm a0 has the model and an input of that size."""
    given = changed_page(
        web("onnxruntime-web", "wasm"),
        folder,
        "frame.js",
        ("keep, memory, spin", "keep, memory, spin, bare"),
        ("function spin(", f"{BARE}\nfunction spin("),
    )
    model = models.conv_onnx(folder / f"conv{size}.onnx", static=(size, size))
    arm = {"id": "a0", "web": given.model_dump(), "model": str(model)}
    np.save(folder / "image.npy", models.image(size, size))
    holder = TabHolder(os.pipe()[0])
    start = {"runtime": "onnxruntime-web", "threads": 1, "accelerator": "wasm", "options": {}, "cores": None}
    for request in (
        {"do": "open", "arms": [arm], "folder": str(folder)},
        {"do": "start", "arm": "a0", **start},
        {"do": "load", "arm": "a0", "model": str(model), "input_shapes": {}},
        {"do": "bind", "arm": "a0", "files": [str(folder / "image.npy")]},
        {"do": "block", "arm": "a0", "lead_in": 0, "count": 200},
    ):
        answered(holder, request)
    return holder


def answered(holder: TabHolder, request: dict[str, Any]) -> dict[str, Any]:
    answer = holder.answer({**request, "timeout_ns": TIMEOUT_NS})
    if "error" in answer:
        raise SystemExit(f"{request['do']}: {answer['error']}: {answer['message']}")
    return answer


def middle_ns(holder: TabHolder, side: str, count: int) -> float:
    """Mean of the middle 60 % of one block: what another program took of the core is in neither."""
    if side == "page":
        answer = answered(holder, {"do": "block", "arm": "a0", "lead_in": 0, "count": count})
    else:
        [tab] = holder.tabs
        answer = tab.frames["a0"].page.ask("bare", TIMEOUT_NS, numbers=count, count=count)
    ordered = sorted(answer["latency_ns"])
    cut = len(ordered) // 5
    return statistics.fmean(ordered[cut : len(ordered) - cut])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=200)
    arguments = parser.parse_args()
    order = random.Random(SEED)
    within = True
    print(f"{'input':>12}{'bare µs':>10}{'page/bare':>13}   95 % interval   pairs {arguments.pairs}")
    with tempfile.TemporaryDirectory() as folder:
        for size in (8, 128, 512):
            holder = opened(Path(folder), size)
            try:
                for _ in range(3):
                    middle_ns(holder, "bare", 200)
                count = max(20, min(4000, round(BLOCK_TARGET_NS / middle_ns(holder, "bare", 50))))
                found, bare_ns = [], []
                for _ in range(arguments.pairs):
                    means = {side: middle_ns(holder, side, count) for side in order.sample(("page", "bare"), 2)}
                    found.append(means["page"] / means["bare"])
                    bare_ns.append(means["bare"])
            finally:
                holder.close()
            middle, (low, high) = statistics.median(found), interval_of_median(found)
            within = within and abs(middle - 1) <= ALLOWED_FRACTION
            bare_us = statistics.median(bare_ns) / 1e3
            print(f"{f'{size}×{size}':>12}{bare_us:>10.1f}{middle:>13.4f}   {low:.4f} – {high:.4f}")
    print("within the allowance" if within else "NOT within the allowance")
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
