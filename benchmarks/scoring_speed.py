"""Scoring a whole run here against a plain script over scikit-image and `lpips`, in turns in one run.

    python benchmarks/scoring_speed.py [--pictures 8] [--rounds 3] [--height 1080] [--width 2048]

A real run on this machine makes the outputs (two small ×2 models, float32). Both sides then read the same references
and the same outputs of both arms, and score each with PSNR, PSNR (Y), SSIM, SSIM (Y) and LPIPS (AlexNet): here as
`bakeoff analyze` does, its looks at broken outputs and at plain bicubic included, once with nothing known (first) and
once more (second); there one picture after the other. Prints seconds, on the clock and of all cores together, ratios,
how far scores are apart, and the most memory that this process had.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from lpips_speed import torch_python
from onnx import TensorProto, helper, numpy_helper

from harness.analysis.tables.outputs import read_outputs
from harness.analysis.tables.quality import score_outputs
from harness.documents.folder import RunFolder
from harness.runs.session.progress import SilentProgress
from harness.tasks.image_file import write_image
from metrics.image.bicubic import imresize
from metrics.lpips.lpips_networks import NETWORKS
from metrics.lpips.lpips_weight_files import save_part
from metrics.lpips.lpips_weights import find_weights

ROOT = Path(__file__).resolve().parents[1]
PIECE = (360, 512)
"""Height and width of a piece of a photograph."""
METRICS = ["psnr", "psnr_y", "ssim", "ssim_y", "lpips_alex"]


def write_model(path: Path, mode: str) -> None:
    """Twice as large by interpolation."""
    node = helper.make_node("Resize", ["lr", "", "scales"], ["sr"], mode=mode)
    graph = helper.make_graph(
        [node],
        mode,
        [helper.make_tensor_value_info("lr", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("sr", TensorProto.FLOAT, [1, 3, "h2", "w2"])],
        [numpy_helper.from_array(np.array([1, 1, 2, 2], np.float32), "scales")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    path.write_bytes(model.SerializeToString())


def photograph(number: int, height: int, width: int) -> np.ndarray:
    """A picture of its own for every number: pieces of photographs that come with scikit-image, side by side."""
    from skimage import data

    names = ("astronaut", "coffee", "rocket", "hubble_deep_field", "retina", "immunohistochemistry")
    sources = [getattr(data, name)() for name in names]
    generator = np.random.default_rng(number)
    rows, columns = math.ceil(height / PIECE[0]), math.ceil(width / PIECE[1])
    picture = np.empty((rows * PIECE[0], columns * PIECE[1], 3), np.uint8)
    for row in range(rows):
        for column in range(columns):
            source = sources[generator.integers(len(sources))]
            top, left = (
                generator.integers(side - length + 1) for side, length in zip(source.shape, PIECE, strict=False)
            )
            piece = source[top : top + PIECE[0], left : left + PIECE[1], :: generator.choice((-1, 1))]
            place = slice(row * PIECE[0], (row + 1) * PIECE[0]), slice(column * PIECE[1], (column + 1) * PIECE[1])
            picture[place] = piece[:, :: generator.choice((-1, 1))]
    return picture[:height, :width]


def make_run(folder: Path, pictures: int, height: int, width: int) -> RunFolder:
    """A finished run with outputs of both arms."""
    for number in range(pictures):
        large = photograph(number, height, width)
        write_image(folder / "hr" / f"p{number}.png", large)
        write_image(folder / "lr" / f"p{number}.png", imresize(large, 0.5).astype(np.uint8))
    for mode in ("linear", "nearest"):
        write_model(folder / f"{mode}.onnx", mode)
    arms = "".join(
        f'[[arms]]\nname = "{mode}"\nrole = "{role}"\nmodel = "{mode}.onnx"\nruntime = "onnxruntime"\n'
        for role, mode in (("baseline", "linear"), ("candidate", "nearest"))
    )
    settings = (
        'design = "fixed"\npairs = 6\nlaunches = 2\nblock_ms = 5.0\nsettle_ms = 0.0\nmemory_repeats = 1\n'
        "min_items = 2\n"
        f"metrics = {json.dumps(METRICS)}\n[measure.gates]\nmax_wait_s = 0.0\nmax_wait_total_s = 0.0\n"
    )
    (folder / "experiment.toml").write_text(
        'name = "scoring"\nquestion = "How long does scoring take?"\n'
        '[data]\ninputs = "lr"\nreferences = "hr"\nscale = 2\n'
        f'{arms}[measure]\n{settings}[[rules]]\nquantity = "psnr_y"\nno_worse_than = "1 dB"\n'
    )
    command = [
        sys.executable,
        "-m",
        "harness.cli.main",
        "run",
        str(folder / "experiment.toml"),
        "--out",
        str(folder / "run"),
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "BAKEOFF_SCORES": "off"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if not (folder / "run" / "comparison.json").exists():
        sys.exit(done.stdout + done.stderr)
    return RunFolder(folder / "run")


def score_here(run: RunFolder) -> tuple[float, float, dict[str, float]]:
    """(seconds, seconds of all cores together, score by item, arm and metric)."""
    began, cpu_began = time.perf_counter(), time.process_time()
    frame = score_outputs(run, run.read_manifest(), SilentProgress()).scores
    spent_s, cpu_s = time.perf_counter() - began, time.process_time() - cpu_began
    keys = zip(frame["item"], frame["arm"], frame["quantity"], strict=True)
    return spent_s, cpu_s, dict(zip(("/".join(key) for key in keys), map(float, frame["value"]), strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description="Scoring a run against a plain script.")
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--height", type=int, default=1080)
    parser.add_argument("--width", type=int, default=2048)
    arguments = parser.parse_args()
    python = torch_python()
    subprocess.run([python, "-m", "pip", "install", "--quiet", "scikit-image", "pillow"], check=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        run = make_run(folder, arguments.pictures, arguments.height, arguments.width)
        manifest = run.read_manifest()
        outputs = read_outputs(run, manifest)[manifest.devices[0].name]
        work = [
            (f"{item.stem}/{arm.name}", item.reference_path, str(outputs[arm.id, item.id].files[0].path))
            for item in manifest.items
            for arm in manifest.arms
        ]
        (folder / "work.json").write_text(json.dumps(work))
        save_part(folder / "trunk.npz", find_weights(NETWORKS["alex"]).trunk, "benchmark")
        os.environ["BAKEOFF_SCORES"] = str(folder / "scores.sqlite")
        rounds: list[tuple[float, ...]] = []
        apart = dict.fromkeys(METRICS, 0.0)
        for _ in range(arguments.rounds):
            (folder / "scores.sqlite").unlink(missing_ok=True)
            first_s, first_cpu_s, scores = score_here(run)
            second_s, _, again = score_here(run)
            if scores != again:
                sys.exit("the second look found other scores")
            script = [
                python,
                ROOT / "benchmarks" / "scoring_worker.py",
                folder / "work.json",
                folder / "trunk.npz",
            ]
            theirs = json.loads(subprocess.run(script, check=True, capture_output=True, text=True).stdout)
            rounds.append((first_s, second_s, theirs["seconds"], first_cpu_s, theirs["cpu_seconds"]))
            for key, own in theirs["scores"].items():
                for name, value in own.items():
                    apart[name] = max(apart[name], abs(value - scores[f"{key}/{name}"]))
        first, second, script_s, first_cpu, script_cpu = (
            statistics.median(column) for column in zip(*rounds, strict=True)
        )
        print(
            f"{arguments.pictures} pictures of {arguments.width}×{arguments.height}, two arms, {len(METRICS)} metrics: "
            f"first {first:.1f} s, second {second:.1f} s, the script {script_s:.1f} s"
        )
        print(f"time of all cores together: first {first_cpu:.1f} s, the script {script_cpu:.1f} s")
        times = statistics.median(each[2] / each[0] for each in rounds)
        cpu_times = statistics.median(each[4] / each[3] for each in rounds)
        print(f"the script takes {times:.1f} × as long as the first, and {cpu_times:.1f} × its time of cores")
        print(f"the first takes {statistics.median(each[0] / each[1] for each in rounds):.1f} × as long as the second")
        print("furthest apart: " + ", ".join(f"{name} {value:.1e}" for name, value in apart.items()))
        print(f"most memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")


if __name__ == "__main__":
    main()
