"""A script of docs/ that computes a run's numbers again, in this process: docs/check-the-statistics.md starts them as
programs, and a start takes longer than what they compute.
"""

from __future__ import annotations

import contextlib
import io
import runpy
import sys
import warnings
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


def rederive(script: str, folder: Path, *more: Path) -> tuple[int, str]:
    """Exit code and stdout of `python docs/SCRIPT FOLDER MORE…`, which says nothing on stderr and warns of nothing."""
    said, stderr = io.StringIO(), io.StringIO()
    code: int | str | None = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [str(DOCS / script), str(folder), *map(str, more)])
        patch.syspath_prepend(str(DOCS))
        with (
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(stderr),
            warnings.catch_warnings(record=True) as warned,
        ):
            warnings.simplefilter("default")
            warnings.simplefilter("ignore", DeprecationWarning)
            try:
                runpy.run_path(str(DOCS / script), run_name="__main__")
            except SystemExit as ended:
                code = ended.code
    assert stderr.getvalue() == ""
    assert [str(warning.message) for warning in warned] == []
    assert isinstance(code, int), code
    return code, said.getvalue()
