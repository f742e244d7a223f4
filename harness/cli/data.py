"""`bakeoff data`: inputs made from references, or what is odd in a folder of them."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from harness.cli.bounded_number import bounded_number, whole_number

_MOST_SCALE: Final = 16
_MOST_NOISE: Final = 255.0
_MOST_SEED: Final = 2**63 - 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Arguments."""
    parser.add_argument("folders", nargs="+", type=Path, metavar="DIR", help="a folder of references, or several")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="a new folder for inputs and references; without it, only look"
    )
    parser.add_argument(
        "--scale", type=whole_number(1, _MOST_SCALE), metavar="N", help="how many times smaller inputs are"
    )
    parser.add_argument("--kernel", metavar="NAME", help="how they are made smaller; an unknown name lists them")
    parser.add_argument(
        "--noise", type=_noise, default=0.0, metavar="LEVELS", help="Gaussian noise, σ in levels of 255"
    )
    parser.add_argument("--jpeg", type=whole_number(1, 100), metavar="QUALITY", help="through a JPEG of this quality")
    parser.add_argument(
        "--seed", type=whole_number(0, _MOST_SEED), default=0, metavar="N", help="of the noise (default: 0)"
    )


def execute(arguments: argparse.Namespace) -> int:
    """Make it, or look."""
    from harness.cli.console import show_listed, show_path, tell
    from harness.cli.main import EXIT_DONE
    from harness.commands.make_data import kernels, look_at_data, make_data
    from harness.errors import UserError
    from harness.runs.session.progress import shown_progress
    from harness.tasks.derived_data import Recipe

    if arguments.out is None:
        given = [name for name in ("scale", "kernel", "jpeg") if getattr(arguments, name) is not None]
        if given or arguments.noise or arguments.seed:
            raise UserError("how inputs are made is told, and not where to", "Name a new folder with --out.")
        for line in look_at_data(arguments.folders) or ["nothing is odd"]:
            show_listed(line, 2)
        return EXIT_DONE
    if arguments.scale is None:
        raise UserError("--scale is needed: how many times smaller the inputs are", "For inputs of the same size: 1.")
    names = kernels()
    recipe = Recipe(
        scale=arguments.scale,
        kernel=next(iter(names)) if arguments.kernel is None else arguments.kernel,
        noise_levels=arguments.noise,
        jpeg_quality=arguments.jpeg,
        seed=arguments.seed,
    )
    with shown_progress() as progress:
        made = make_data(
            arguments.folders,
            arguments.out,
            recipe,
            lambda done, of: progress.advance("this machine", "made", done, of),
        )
    for text in made.left_out:
        tell(f"left out: {text}")
    for text in made.odd:
        tell(text)
    tell(f"{made.items:,} made: {names[recipe.kernel]}. In a file {arguments.out / 'experiment.toml'}:")
    for line in ("[data]", *made.lines):
        tell(f"  {line}")
    show_path(arguments.out)
    return EXIT_DONE


def _noise(text: str) -> float:
    return 0.0 if text == "0" else bounded_number(text, _MOST_NOISE, "levels")
