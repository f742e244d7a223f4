"""`bakeoff web-check`: which engines and backends of a browser open a model, run it, and give the right output?"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

from harness.cli.bounded_number import whole_number

EXIT_NOT_ALL = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("model", type=Path, metavar="MODEL", help="the model: .onnx or .tflite")
    parser.add_argument(
        "-d", "--device", default="local", metavar="DEVICE", help="where the browser is (default: local)"
    )
    parser.add_argument(
        "--browser", metavar="NAME", help="chrome, chromium, edge, firefox, or a path there (default: the first found)"
    )
    parser.add_argument(
        "--shape",
        action="append",
        type=_shape,
        default=[],
        metavar="INPUT=1x3x32x32",
        help="sizes of an input whose sizes are free (default: 1 for the first, 32 for the others)",
    )
    parser.add_argument(
        "--threads", type=whole_number(1, 256), default=1, metavar="N", help="threads of WebAssembly (default: 1)"
    )
    parser.add_argument(
        "--runner", choices=("python", "native"), help="which runner serves the page (default: the one that fits)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all of it as JSON")


def execute(arguments: argparse.Namespace) -> int:
    """Try all of them. The exit code says whether each gives the right output."""
    from harness.cli.console import rich_console
    from harness.cli.main import EXIT_DONE
    from harness.commands.web_check.check import Asked, web_check
    from harness.documents.folder import write_model
    from harness.runs.session.progress import shown_progress
    from reports.web_check_terminal import render_web_check

    asked = Asked(
        arguments.model, arguments.device, arguments.browser, dict(arguments.shape), arguments.threads, arguments.runner
    )
    with shown_progress() as progress:
        found = web_check(asked, progress)
    if arguments.json is not None:
        write_model(arguments.json, found)
    render_web_check(found, rich_console())
    return EXIT_DONE if all(each.outcome == "right" for each in found.backends) else EXIT_NOT_ALL


def _shape(text: str) -> tuple[str, list[int]]:
    name, equals, sizes = text.rpartition("=")
    if not equals or not name or not re.fullmatch(r"[0-9]{1,6}([x×,][0-9]{1,6}){0,15}", sizes):
        raise argparse.ArgumentTypeError(f"{text!r} is not a shape; write INPUT=1x3x32x32")
    return name, [int(size) for size in re.split("[x×,]", sizes)]
