"""`bakeoff monitor`: a deployed model watched on devices, as live metrics on a port, until Ctrl-C."""

from __future__ import annotations

import argparse
from pathlib import Path

from harness.cli.bounded_number import bounded_number

DEFAULT_WINDOW_S, DEFAULT_ROUND_HOURS = 60.0, 1.0
MOST_HOURS, MOST_WINDOW_S, MOST_ROUND_HOURS = 24.0 * 366, 3600.0, 24.0


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("experiment", type=Path, metavar="EXPERIMENT", help="experiment.toml that names the model")
    parser.add_argument("--arm", metavar="NAME", help="the arm that is deployed (default: the baseline)")
    parser.add_argument(
        "-d",
        "--device",
        action="append",
        metavar="DEVICE",
        help="local, ssh://[user@]host[:port], adb, adb:SERIAL or adb:*; may be given several times (default: local)",
    )
    parser.add_argument(
        "--window",
        type=_window,
        default=DEFAULT_WINDOW_S,
        metavar="S",
        help="seconds that one value sums up (default: %(default)g)",
    )
    parser.add_argument(
        "--round",
        type=_round,
        default=DEFAULT_ROUND_HOURS,
        metavar="H",
        help="hours between two moments at which a night may have the device (default: %(default)g)",
    )
    parser.add_argument("--hours", type=_hours, metavar="H", help="how long in all (default: until Ctrl-C)")
    parser.add_argument(
        "--port", type=_port, default=9477, metavar="PORT", help="of the metrics (default: %(default)s)"
    )
    parser.add_argument(
        "--address",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="to listen on; another than this computer's own shows the metrics to its network (default: %(default)s)",
    )
    parser.add_argument(
        "--runner",
        choices=["python", "native"],
        help="what runs the model there (default: what fits each device; `bakeoff devices` says which and why)",
    )


def execute(arguments: argparse.Namespace) -> int:
    """Watch until it is stopped: that is how it ends, and no fault."""
    from harness.cli.main import EXIT_DONE
    from harness.commands.monitor.monitor import MonitorAsked, monitor
    from harness.experiment.file import read_experiment
    from harness.runs.session.progress import LogProgress

    asked = MonitorAsked(
        arguments.arm,
        arguments.window,
        arguments.round,
        arguments.hours,
        arguments.address,
        arguments.port,
        arguments.runner,
    )
    monitor(read_experiment(arguments.experiment), arguments.device or ["local"], asked, LogProgress())
    return EXIT_DONE


def _hours(text: str) -> float:
    return bounded_number(text, MOST_HOURS, "hours")


def _round(text: str) -> float:
    return bounded_number(text, MOST_ROUND_HOURS, "hours")


def _window(text: str) -> float:
    return bounded_number(text, MOST_WINDOW_S, "seconds")


def _port(text: str) -> int:
    number = bounded_number(text, 65535, "a port")
    if number != int(number):
        raise argparse.ArgumentTypeError(f"a port is a whole number, not {text!r}")
    return int(number)
