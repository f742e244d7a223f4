"""Engines of web pages for tests: by the real npm, into a cache that stays; skipped where neither is there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import TypeVar

import pytest

from devices.web_engines.npm_fetch import NpmError

_T = TypeVar("_T")


def with_npm(fetch: Callable[[], _T]) -> _T:
    """What it gives; the test is skipped where npm is not here or reaches no registry."""
    if shutil.which("npm") is None:
        pytest.skip("no npm here: install Node.js")
    try:
        return fetch()
    except NpmError as error:
        if "cannot be fetched" in error.what:
            pytest.skip(f"npm reaches no registry here: {error.what}")
        raise
