"""`bakeoff init`: a commented experiment.toml with everything filled in that the models and data say themselves."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.tasks.names import TASK_NAMES


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("--baseline", required=True, type=Path, metavar="MODEL", help="the model that ships today")
    parser.add_argument(
        "--candidate", required=True, type=Path, metavar="MODEL", help="the model that might replace it"
    )
    parser.add_argument("--inputs", required=True, type=Path, metavar="DIR", help="folder of inputs")
    parser.add_argument(
        "--references",
        type=Path,
        metavar="DIR",
        help="folder of what should come out, or a CSV file of labels; not needed where inputs lie in folders that are "
        "called as their classes",
    )
    parser.add_argument(
        "--out", type=Path, default=Path("experiment.toml"), metavar="FILE", help="default: %(default)s"
    )
    parser.add_argument(
        "--task", choices=TASK_NAMES, help="what inputs and outputs are (default: as models and files look)"
    )
    parser.add_argument("--name", help="name of the experiment")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def execute(arguments: argparse.Namespace) -> int:
    """Look at the models and data, write the file, say what to do next."""
    import shlex

    from harness.cli.main import EXIT_DONE
    from harness.documents.folder import write_atomically
    from harness.errors import UserError
    from harness.experiment.template import Draft, write_and_say
    from harness.words.printable import printable

    out: Path = arguments.out
    if out.exists() and not arguments.force:
        raise UserError(f"{out}: is there already", "Name another with --out, or write over it with --force.")
    draft = Draft(
        name=arguments.name,
        baseline=arguments.baseline,
        candidate=arguments.candidate,
        inputs=arguments.inputs,
        references=arguments.references,
        out=out,
        task=arguments.task,
    )
    written = write_and_say(draft)
    write_atomically(out, written.text.encode())
    shown = printable(shlex.quote(str(out)))
    for line in written.said:
        print(printable(line))
    print(
        f"Wrote {shown}. Read its rules: they decide.\nThen: bakeoff check {shown}\n      bakeoff run {shown} -d local"
    )
    return EXIT_DONE
