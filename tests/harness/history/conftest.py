"""Histories in both kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.history.store import History, open_history
from tests.rig.postgresql import own_postgresql, postgresql

__all__ = ["own_postgresql", "postgresql"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/history.db"
    return str(request.getfixturevalue("postgresql").new_database())


@pytest.fixture
def history(url: str) -> Iterator[History]:
    """An open history that is empty."""
    with open_history(url) as opened:
        yield opened
