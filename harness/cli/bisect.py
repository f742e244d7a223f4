"""`bakeoff bisect`: over the commits between a good and a bad one, by paired runs on one device, to the one that
changed a quantity.
"""

from __future__ import annotations

import argparse
import shlex
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.console import tell

if TYPE_CHECKING:
    from harness.commands.bisect.search import Asked
    from harness.documents.bisect import Bisect


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--suite", type=Path, metavar="SUITE", help="suite.toml, which says where the model is")
    parser.add_argument(
        "--experiment", metavar="EXPERIMENT", help="experiment.toml, or with --suite the name of one of its experiments"
    )
    parser.add_argument("--repository", metavar="DIR", help="git repository of the model (not with --suite)")
    parser.add_argument("--path", metavar="PATH", help="the model's path in the repository (not with --suite)")
    parser.add_argument("--good", metavar="REF", help="commit of the last good night")
    parser.add_argument("--bad", metavar="REF", help="commit of the first bad night")
    parser.add_argument("-d", "--device", metavar="DEVICE", help="one device, as for bakeoff run (default: local)")
    parser.add_argument("--arm", metavar="NAME", help="the arm whose model it is (default: the only candidate)")
    parser.add_argument("--quantity", metavar="NAME", help="what changed (default: latency_p50)")
    parser.add_argument("--pairs", type=_pairs, metavar="N", help="pairs of blocks instead of the experiment's")
    parser.add_argument("--no-wait", action="store_true", help="measure at once, however hot or busy the device is")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the search (default: runs/TIME-bisect)")
    parser.add_argument("--resume", type=Path, metavar="DIR", help="go on with a search that was cut")
    parser.add_argument("--json", action="store_true", help="print bisect.json on stdout and nothing else there")


def execute(arguments: argparse.Namespace) -> int:
    """Search, or go on."""
    from harness.cli.main import EXIT_DONE, EXIT_INTERRUPTED
    from harness.commands.bisect.search import STATE_FILE, begin, go_on
    from harness.runs.session.progress import shown_progress
    from harness.runs.session.stop_request import InterruptedRunError

    _refuse_contradictions(arguments)
    folder = arguments.resume
    if folder is None:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        folder = arguments.out or Path("runs") / f"{stamp}-bisect"
        begin(replace(_asked(arguments), pairs=arguments.pairs), folder)
    with shown_progress() as progress:
        try:
            bisect = go_on(folder, progress, no_wait=arguments.no_wait)
        except (InterruptedRunError, KeyboardInterrupt):
            if not (folder / STATE_FILE).is_file():
                raise KeyboardInterrupt from None
            tell(f"bakeoff: interrupted; go on with: bakeoff bisect --resume {shlex.quote(str(folder))}")
            return EXIT_INTERRUPTED
    _show(bisect, as_json=arguments.json)
    return EXIT_DONE


def _asked(arguments: argparse.Namespace) -> Asked:
    from harness.commands.bisect.search import Asked

    quantity = arguments.quantity or "latency_p50"
    device = arguments.device or "local"
    if arguments.suite is not None:
        from harness.commands.bisect.of_suite import asked_of_suite

        return asked_of_suite(
            arguments.suite, arguments.experiment, arguments.arm, quantity, device, arguments.good, arguments.bad
        )
    return Asked(
        experiment=Path(arguments.experiment),
        arm=arguments.arm,
        quantity=quantity,
        device=device,
        repository=arguments.repository,
        base=Path.cwd(),
        path=arguments.path,
        good=arguments.good,
        bad=arguments.bad,
    )


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    from harness.errors import UserError

    names = ("suite", "experiment", "repository", "path", "good", "bad", "device", "arm", "quantity", "pairs", "out")
    given = [f"--{name}" for name in names if getattr(arguments, name) is not None]
    if arguments.resume is not None:
        if given:
            raise UserError(
                f"{given[0]} cannot be given with --resume: a search goes on as it was begun", "Leave it out."
            )
        return
    needed = ["experiment", "good", "bad"] + ([] if arguments.suite is not None else ["repository", "path"])
    missing = [f"--{name}" for name in needed if getattr(arguments, name) is None]
    if missing:
        raise UserError(
            f"{missing[0]} is needed",
            "For example: bakeoff bisect --experiment experiment.toml --repository models --path net.onnx "
            "--good v1.2 --bad main -d local",
        )
    extra = [f"--{name}" for name in ("repository", "path") if getattr(arguments, name) is not None]
    if arguments.suite is not None and extra:
        raise UserError(f"{extra[0]} cannot be given with --suite, which names it", "Leave one of them out.")


def _show(bisect: Bisect, *, as_json: bool) -> None:
    import sys

    from harness.cli.outcome import show_bytes

    if as_json:
        show_bytes((bisect.model_dump_json(indent=2, by_alias=True) + "\n").encode())
        return
    if sys.stdout is None or bisect.result is None:
        return
    from harness.words.printable import printable

    places = {commit.sha: commit for commit in bisect.commits}
    lines = [
        f"{place.sha[:7]}  {step.words}  {printable(place.message)}"
        for step in bisect.steps
        for place in [places[step.sha]]
    ]
    lines += [f"{sha[:7]}  skipped: {printable(reason)}" for sha, reason in bisect.skipped.items()]
    show_bytes(("\n".join([*lines, "", bisect.result.sentence]) + "\n").encode("utf-8", "backslashreplace"))


def _pairs(text: str) -> int:
    if not text.isdigit() or not 2 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError(f"a whole number from 2 to 10000 is needed, not {text!r}")
    return int(text)
