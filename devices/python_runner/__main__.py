"""The python runner: pushed to a device as one file (`bundle`), it walks a plan there without a connection.

    python3 BLOB plan.json records.jsonl                 the conductor
    python3 BLOB --worker                                a worker; only the conductor starts it
    python3 BLOB --browser                               the holder of web arms' tabs; only the conductor starts it
    python3 BLOB --describe MODEL --runtime onnxruntime  a model's inputs and outputs as JSON

The *conductor* needs the standard library and Python 3.8. It walks the plan's steps in order and keeps one *worker*
process per arm, which needs numpy and the arm's runtime (Python 3.9). They speak JSON lines over pipes; exactly one
worker works at a time while every other process blocks in a read.

What is timed: `clock_ns(); runtime's own call; clock_ns()`, where the call is

- onnxruntime: `session.run(output_names, feeds)`. Outputs are allocated by it, so that is inside; they are freed
  outside.
- ai-edge-litert, tflite-runtime: `interpreter.invoke()`. Copying inputs in (`set_tensor`) and outputs out is outside.
- ai-edge-litert on a GPU: `compiled_model.run_by_index(…)` and reading every output. The call alone returns before the
  GPU is done.

Beside records.jsonl appear `outputs/` and `runner.lock`; a file `stop` beside plan.json ends the run between two
blocks, as do SIGTERM and SIGINT (a second signal does not wait for the block in flight). `stop-latency` and
`stop-energy` end that pass alone.

Exit codes: 0 the plan is done, or was stopped when asked; 2 wrong usage; 65 a plan or records file that cannot be
used; 74 records or outputs could not be written; 75 another runner is at work on these records.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from devices.python_runner.runtimes.registry import ADAPTERS

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python_runner", description="Runs a bakeoff plan on this machine.")
    parser.add_argument("plan", nargs="?", type=Path, help="plan.json")
    parser.add_argument("records", nargs="?", type=Path, help="records.jsonl, created or continued")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--browser", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--describe", metavar="MODEL", help="print the model's inputs and outputs as JSON")
    parser.add_argument("--runtime", choices=ADAPTERS, help="runtime to describe the model with")
    parser.add_argument("--threads", type=int, default=1, help="threads to describe the model with")
    parser.add_argument("--accelerator", default="cpu", help="accelerator to describe the model with")
    parser.add_argument("--accelerator-option", metavar="NAME=VALUE", action="append", default=[], help="for it")
    arguments = parser.parse_args(argv)
    # Neither of the two has a use for the other's modules, and each is compiled anew at every start.
    if arguments.worker:
        from devices.python_runner.worker import work

        return work()
    if arguments.browser:
        from devices.python_runner.browser.holder import hold

        return hold()
    if arguments.describe is not None:
        from devices.python_runner.worker import describe

        if arguments.runtime is None:
            _usage(parser, "--describe needs --runtime")
        options = dict(option.partition("=")[::2] for option in arguments.accelerator_option)
        return describe(arguments.describe, arguments.runtime, arguments.threads, arguments.accelerator, options)
    if arguments.plan is None or arguments.records is None:
        _usage(parser, "give plan.json and records.jsonl")
    from devices.python_runner.conductor import conduct

    return conduct(arguments.plan, arguments.records, Path(sys.argv[0]).resolve())


def _usage(parser: argparse.ArgumentParser, problem: str) -> NoReturn:
    parser.error(problem)
