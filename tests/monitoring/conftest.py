"""What tests of monitoring share."""

from __future__ import annotations

from tests.rig.postgresql import postgresql

__all__ = ["postgresql"]
