"""`bakeoff schema`: JSON Schemas, for editors and for programs that read bakeoff's files."""

from __future__ import annotations

import argparse

NAMES = (
    "experiment",
    "plan",
    "records",
    "run",
    "comparison",
    "soak",
    "soak-result",
    "profile",
    "nightly",
    "tool-numbers",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("name", choices=NAMES, metavar="NAME", help=f"one of: {', '.join(NAMES)}")


def execute(arguments: argparse.Namespace) -> int:
    """Print one schema."""
    import json

    from harness.cli.main import EXIT_DONE
    from harness.documents.schemas import json_schema

    print(json.dumps(json_schema(arguments.name), indent=2, ensure_ascii=False))
    return EXIT_DONE
