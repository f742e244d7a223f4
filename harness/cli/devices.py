"""`bakeoff devices`: what is there, and what can be measured on each."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument(
        "-d", "--device", action="append", metavar="DEVICE", help="a device to look at (default: local and all phones)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def execute(arguments: argparse.Namespace) -> int:
    """Look at each device; one that does not answer is shown with the reason."""
    import json
    import sys

    from harness.cli.main import EXIT_DONE, EXIT_USER
    from harness.doctor.device_survey import survey, survey_everything

    names = dict.fromkeys(arguments.device or [])
    found = [each for name in names for each in survey(name)] or survey_everything()
    if arguments.json:
        json.dump([each.model_dump(mode="json") for each in found], sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    else:
        from harness.cli.console import rich_console
        from reports.device_table import render_devices

        render_devices(found, rich_console())
    return EXIT_DONE if any(each.problem is None for each in found) else EXIT_USER
