"""A dashboard's panels and their queries, with Grafana's variables and macros put in as Grafana would."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MONITORING = Path(__file__).parents[2] / "monitoring"
DASHBOARDS = MONITORING / "grafana" / "dashboards"


@dataclass(frozen=True)
class Query:
    """One target of a panel."""

    panel: str
    ref: str
    text: str
    is_instant: bool

    @property
    def name(self) -> str:
        return f"{self.panel}-{self.ref}"


def dashboard(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((DASHBOARDS / name).read_text(encoding="utf-8"))
    return found


def queries(name: str) -> list[Query]:
    """Every query of every panel."""
    return [
        Query(panel["title"], target["refId"], target.get("expr") or target["rawSql"], bool(target.get("instant")))
        for panel in dashboard(name)["panels"]
        for target in panel.get("targets", [])
    ]


def as_sql(text: str, suites: list[str], starts: float, ends: float) -> str:
    """The SQL that PostgreSQL gets."""
    low, high = (f"'{datetime.fromtimestamp(moment, UTC).isoformat()}'" for moment in (starts, ends))
    text = text.replace("${suite:sqlstring}", ", ".join(f"'{suite}'" for suite in suites))
    text = re.sub(r"\$__timeFilter\(([^)]*)\)", rf"\1 BETWEEN {low} AND {high}", text)
    text = text.replace("$__timeFrom()", low).replace("$__timeTo()", high)
    assert "$" not in text, text
    return text
