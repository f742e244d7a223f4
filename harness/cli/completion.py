"""`bakeoff completion`: what a shell needs to complete bakeoff's commands, options, devices and run folders."""

from __future__ import annotations

import argparse

SHELLS = ("bash", "zsh", "fish")


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=f"one of: {', '.join(SHELLS)}")
    parser.epilog = 'bash and zsh: eval "$(bakeoff completion bash)"; fish: bakeoff completion fish | source'


def execute(arguments: argparse.Namespace) -> int:
    """Print the script; sourced, it asks bakeoff itself whenever the tabulator is pressed."""
    from argcomplete.shell_integration import shellcode

    from harness.cli.main import EXIT_DONE

    print(shellcode(["bakeoff"], shell=arguments.shell))
    return EXIT_DONE
