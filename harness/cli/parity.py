"""`bakeoff parity`: which layer of a converted model departs from its original?"""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.bounded_number import whole_number
from harness.cli.console import tell

_FEWEST, _MOST = 8, 256
EXIT_DEPARTS = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "original", type=Path, metavar="ORIGINAL", help="the model that is right: .onnx, .tflite, .pt2 or .pt"
    )
    parser.add_argument(
        "converted", type=Path, metavar="CONVERTED", help="the converted or quantised build: .onnx or .tflite"
    )
    parser.add_argument(
        "--inputs", type=Path, metavar="DIR", help="folder of what both are given (default: it is made up)"
    )
    parser.add_argument(
        "--count",
        type=whole_number(_FEWEST, _MOST),
        default=_FEWEST,
        metavar="N",
        help=f"how many inputs at most (default: {_FEWEST})",
    )
    parser.add_argument("--provider", metavar="NAME", help="execution provider of the converted build (default: CPU)")
    parser.add_argument(
        "-d", "--device", metavar="DEVICE", help="where the converted build runs: local, adb:SERIAL, ssh://HOST"
    )
    parser.add_argument("--runtime", metavar="NAME", help="what it runs in there (default: the one of its format)")
    parser.add_argument(
        "--accelerator", metavar="NAME", default="cpu", help="on what it runs there (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the result (default: runs/TIME-parity)")
    parser.add_argument("--json", action="store_true", help="print parity.json on stdout and nothing else there")


def execute(arguments: argparse.Namespace) -> int:
    """Compare. The exit code says whether a layer departs."""
    from datetime import UTC, datetime

    from harness.cli.main import EXIT_DONE
    from harness.cli.outcome import show_model
    from harness.commands.parity.compare_models import Asked, compare_models, write
    from harness.errors import UserError
    from reports.parity.terminal import render_parity

    if arguments.device is None and (arguments.runtime is not None or arguments.accelerator != "cpu"):
        raise UserError("--runtime and --accelerator are for a device", "Name it with -d, or give --provider.")
    if arguments.device is not None and arguments.provider is not None:
        raise UserError("--provider is for this machine", "On a device it is --accelerator.")
    asked = Asked(
        arguments.original,
        arguments.converted,
        arguments.inputs,
        arguments.count,
        arguments.provider,
        arguments.device,
        arguments.runtime,
        arguments.accelerator,
    )
    parity = compare_models(asked, lambda what: tell(f"bakeoff: {what}"))
    folder = arguments.out or Path("runs") / f"{datetime.now(UTC).strftime('%Y%m%d-%H%M%S')}-parity"
    page = write(parity, folder)
    show_model(parity, lambda console: render_parity(parity, console, page), as_json=arguments.json)
    return EXIT_DONE if parity.outcome in {"agree", "spread"} else EXIT_DEPARTS
