"""`bakeoff runner build`: the native runner, built for the kinds of devices that want it."""

from __future__ import annotations

import argparse


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    from devices.build.native_build import TARGETS

    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    build = actions.add_parser("build", help="build it (also done by itself when a device needs it)")
    build.add_argument(
        "--target", action="append", choices=sorted(TARGETS), help="a kind of device (default: all of them)"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Build for each target and say where it is."""
    from devices.build.native_build import TARGETS, build
    from harness.cli.main import EXIT_DONE

    widest = max(map(len, TARGETS))
    for name in dict.fromkeys(arguments.target or TARGETS):
        path = build(TARGETS[name])
        print(f"{name:<{widest}} {path.stat().st_size / 1000:6.0f} kB  {path}")
    return EXIT_DONE
