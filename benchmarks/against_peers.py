"""How often is an answer wrong? bakeoff against what else there is, while a background load comes and goes.

    python benchmarks/against_peers.py [--rounds N] [--most-pairs N] [--litert-benchmark PROGRAM]

Two questions, each asked of every tool in each round, in an order drawn anew:

- A/A: the same model twice. Calling the two different is wrong.
- +3 %: a candidate of 3 % more layers (the true ratio is measured beside, by very many pairs in calm). Calling it the
  same is wrong.

The tools spend about the same time measuring, but for the last:

- `A then B`: 240 inferences of one, then of the other, in one process; different where Mann-Whitney's p < .05. This is
  what a script of one's own does.
- `litert-benchmark`: LiteRT's own benchmark tool, run for A and then for B; different where Welch's t-test on the mean,
  the standard deviation and the count that it prints says p < .05.
- `bakeoff`: `bakeoff run`, its default sequential design; different where the outcome is better or worse, the same
  where it is equivalent within 2 %, else it says that it cannot tell.
- `bakeoff, as asked`: the same, and where it cannot tell, measured anew with as many pairs as it then says it needs,
  unless these are more than `--most-pairs`. It takes longer than the others, which have no way to ask for more: it
  shows whether bakeoff is right once it has what it asks for, not that it is better in the same time.

The load is one process that works and sleeps for 0.3 to 3 s each.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from layered_model import SIZE_PIXELS, write_layered_model
from scipy.stats import mannwhitneyu, ttest_ind_from_stats

from devices.benchmark_tools import litert_benchmark
from devices.benchmark_tools.printed import Number
from devices.readings.unavailable import NotThere
from harness.tasks.image_file import write_image

REPOSITORY = Path(__file__).parents[1]
LAYERS, SLOWER_LAYERS = 98, 101
"""With the first and the last layer 100 and 103, the first and the last being a little cheaper."""
INFERENCES = 240
PAIRS, BLOCK_MS = 30, 100.0
ALPHA = 0.05

LOAD = """
import random, sys, time
source = random.Random(int(sys.argv[1]))
while True:
    until = time.monotonic() + source.uniform(0.3, 3.0)
    while time.monotonic() < until:
        sum(range(10000))
    time.sleep(source.uniform(0.3, 3.0))
"""

LOOP = """
import json, sys, time
import numpy as np
from ai_edge_litert.interpreter import Interpreter
latencies = []
for model in sys.argv[2:]:
    interpreter = Interpreter(model, num_threads=1)
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()[0]
    interpreter.set_tensor(details["index"], np.zeros(details["shape"], np.float32))
    for _ in range(20):
        interpreter.invoke()
    found = []
    for _ in range(int(sys.argv[1])):
        begun = time.perf_counter_ns()
        interpreter.invoke()
        found.append(time.perf_counter_ns() - begun)
    latencies.append(found)
print(json.dumps(latencies))
"""

Tool = Callable[[Path, Path], str]
"""(A, B) → `different`, `same` or `cannot tell`."""


def a_then_b(one: Path, other: Path) -> str:
    command = [sys.executable, "-c", LOOP, str(INFERENCES), str(one), str(other)]
    first, second = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return "different" if mannwhitneyu(first, second).pvalue < ALPHA else "same"


def litert_tool(program: str) -> Tool:
    def ask(one: Path, other: Path) -> str:
        said = []
        for model in (one, other):
            command = [program, "--model", str(model), "--num_runs", str(INFERENCES), "--warmup_runs", "20"]
            command += ["--num_threads", "1"]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            (run,) = litert_benchmark.parse(printed)
            said.append([figure(value) for value in (run.avg_ms, run.std_ms, run.count)])
        p_value = ttest_ind_from_stats(*said[0], *said[1], equal_var=False).pvalue
        return "different" if p_value < ALPHA else "same"

    return ask


def figure(value: Number) -> float:
    if isinstance(value, NotThere):
        raise SystemExit(f"litert-benchmark printed something else than it used to: {value.reason}")
    return value.value


def write_experiment(folder: Path, one: Path, other: Path, **measure: object) -> Path:
    folder.mkdir(parents=True)
    picture = np.full((SIZE_PIXELS, SIZE_PIXELS, 3), 128, np.uint8)
    for role in ("inputs", "references"):
        write_image(folder / role / "grey.png", picture)
    lines = ['name = "peers"', 'question = "Is it slower?"', "[data]", 'inputs = "inputs"', 'references = "references"']
    for name, role, model in (("A", "baseline", one), ("B", "candidate", other)):
        lines += ["[[arms]]", f'name = "{name}"', f'role = "{role}"', f"model = {json.dumps(str(model))}"]
        lines += ['runtime = "ai-edge-litert"']
    settings = {"memory_repeats": 0, "metrics": ["psnr"], **measure}
    lines += ["[measure]", *(f"{name} = {json.dumps(value)}" for name, value in settings.items())]
    lines += ["[[rules]]", 'quantity = "latency_p50"', 'no_worse_than = "2 %"']
    path = folder / "experiment.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def run_bakeoff(one: Path, other: Path, **measure: object) -> dict[str, object]:
    """The contrast of latency_p50."""
    with tempfile.TemporaryDirectory() as scratch:
        experiment = write_experiment(Path(scratch) / "experiment", one, other, **measure)
        out = Path(scratch) / "run"
        command = [sys.executable, "-m", "harness.cli.main", "run", str(experiment), "-d", "local", "--out", str(out)]
        subprocess.run(command, cwd=REPOSITORY, check=False, capture_output=True)
        comparison = json.loads((out / "comparison.json").read_text())
    (device,) = comparison["devices"]
    return next(each for each in device["contrasts"] if each["quantity"] == "latency_p50")


def answer_of(contrast: dict[str, object]) -> str:
    answers = {"better": "different", "worse": "different", "equivalent": "same"}
    return answers.get(str(contrast["outcome"]), "cannot tell")


def bakeoff(one: Path, other: Path) -> str:
    return answer_of(run_bakeoff(one, other, block_ms=BLOCK_MS, pairs=PAIRS))


def bakeoff_as_asked(most_pairs: int) -> Tool:
    def ask(one: Path, other: Path) -> str:
        contrast = run_bakeoff(one, other, block_ms=BLOCK_MS, pairs=PAIRS)
        answer, effect = answer_of(contrast), contrast["effect"]
        needed = effect.get("pairs_needed") if isinstance(effect, dict) else None
        if answer != "cannot tell" or not isinstance(needed, int) or needed > most_pairs:
            return answer
        return answer_of(run_bakeoff(one, other, block_ms=BLOCK_MS, pairs=max(needed, PAIRS)))

    return ask


def truth(one: Path, other: Path) -> str:
    effect = run_bakeoff(one, other, design="fixed", block_ms=60.0, pairs=100)["effect"]
    assert isinstance(effect, dict)
    interval = effect["interval"]
    return f"{effect['estimate']:.4f} (between {interval['low']:.4f} and {interval['high']:.4f})"


def main() -> int:
    parser = argparse.ArgumentParser(description="How often each tool is wrong under a load that comes and goes.")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--most-pairs", type=int, default=400, help="that bakeoff is given where it asks for them")
    parser.add_argument("--seed", type=int, default=1)
    beside = Path(sys.executable).with_name("litert-benchmark")
    found = str(beside) if beside.exists() else shutil.which("litert-benchmark")
    parser.add_argument("--litert-benchmark", default=found, metavar="PROGRAM")
    arguments = parser.parse_args()
    tools: dict[str, Tool] = {"A then B": a_then_b}
    if arguments.litert_benchmark is None:
        print("litert-benchmark is not installed here: pip install ai-edge-litert", file=sys.stderr)
    else:
        tools["litert-benchmark"] = litert_tool(arguments.litert_benchmark)
    tools["bakeoff"] = bakeoff
    tools["bakeoff, as asked"] = bakeoff_as_asked(arguments.most_pairs)
    source = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as scratch:
        model = write_layered_model(Path(scratch) / "a.tflite", LAYERS)
        slower = write_layered_model(Path(scratch) / "b.tflite", SLOWER_LAYERS)
        print(f"true ratio of the slower model, measured without the load: {truth(model, slower)}", flush=True)
        answers: dict[tuple[str, str], Counter[str]] = {}
        seconds: dict[str, float] = dict.fromkeys(tools, 0.0)
        load = subprocess.Popen([sys.executable, "-c", LOAD, str(arguments.seed)])
        try:
            for _ in range(arguments.rounds):
                asked = [(case, tool) for case in ("A/A", "+3 %") for tool in tools]
                for case, tool in source.sample(asked, len(asked)):
                    began = time.monotonic()
                    answer = tools[tool](model, model if case == "A/A" else slower)
                    seconds[tool] += time.monotonic() - began
                    answers.setdefault((case, tool), Counter())[answer] += 1
        finally:
            load.kill()
            load.wait()
    print(f"{'':18} {'A/A called different':>22} {'+3 % called the same':>22} {'cannot tell':>16} {'s each':>8}")
    for tool in tools:
        same, slow = answers["A/A", tool], answers["+3 %", tool]
        each_s = seconds[tool] / max(1, 2 * arguments.rounds)
        unsure = f"{same['cannot tell']} and {slow['cannot tell']}"
        of = arguments.rounds
        print(f"{tool:18} {same['different']:>16} of {of:<3} {slow['same']:>16} of {of:<3} {unsure:>16} {each_s:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
