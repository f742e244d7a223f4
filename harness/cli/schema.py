"""`bakeoff schema`: JSON Schemas, for editors and for programs that read bakeoff's files."""

from __future__ import annotations

import argparse
from typing import Any

NAMES = (
    "experiment",
    "plan",
    "records",
    "run",
    "comparison",
    "compared",
    "soak",
    "soak-result",
    "profile",
    "suite",
    "nightly",
    "history-list",
    "history-series",
    "history-check",
    "history-import",
    "history-prune",
    "journal",
    "bisect",
    "parity",
    "tool-numbers",
    "vote",
    "votes",
    "web-check",
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("name", choices=NAMES, metavar="NAME", help=f"one of: {', '.join(NAMES)}")


def execute(arguments: argparse.Namespace) -> int:
    """Print one schema."""
    import json

    from harness.cli.main import EXIT_DONE

    print(json.dumps(schema_of(arguments.name), indent=2, ensure_ascii=False))
    return EXIT_DONE


def schema_of(name: str) -> dict[str, Any]:
    """The schema that is printed for a name."""
    from harness.documents.schemas import json_schema, titled
    from harness.nightly.suite import suite_json_schema

    # A suite names devices and git refs: it is of a higher floor than the documents are.
    return titled(name, suite_json_schema()) if name == "suite" else json_schema(name)
