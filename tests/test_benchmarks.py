"""Benchmarks are run by hand and seldom; that each still starts is tested."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
# A peer's worker runs in an environment of its own.
BENCHMARKS = sorted(path for path in (REPOSITORY / "benchmarks").glob("*.py") if not path.stem.endswith("_worker"))


@pytest.mark.parametrize("benchmark", BENCHMARKS, ids=lambda path: path.stem)
def test_a_benchmark_still_starts(benchmark: Path) -> None:
    begin = f"import runpy, sys; sys.path.insert(0, {str(benchmark.parent)!r}); runpy.run_path({str(benchmark)!r})"
    done = subprocess.run(
        [sys.executable, "-c", begin],
        cwd=benchmark.parents[1],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_every_benchmark_is_in_the_makefile() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    programs = [path.name for path in BENCHMARKS if "__main__" in path.read_text()]
    assert len(programs) > 5
    assert [name for name in programs if f"benchmarks/{name}" not in makefile] == []
