"""What tests of telling share."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers of these tests are on this machine, whatever proxy its user has."""
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
