"""Schema 1: runs, series, results, nights, changes and quarantined devices."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "1"
down_revision = None
branch_labels = None
depends_on = None


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _number(name: str) -> sa.Column[float]:
    return sa.Column(name, sa.Double(), nullable=True)


def upgrade() -> None:
    """From an empty database."""
    op.create_table(
        "bakeoff_environments",
        sa.Column("fingerprint", sa.String(16), primary_key=True),
        _text("facts"),
    )
    op.create_table(
        "bakeoff_runs",
        sa.Column("id", sa.Integer(), primary_key=True),
        _text("run_id"),
        _text("suite"),
        sa.Column("night", sa.String(10), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        _text("experiment"),
        _text("design"),
        _text("device"),
        _text("host"),
        _text("folder"),
        _moment("measured_at"),
        sa.Column("environment", sa.String(16), sa.ForeignKey("bakeoff_environments.fingerprint"), nullable=False),
        _text("commits"),
        sa.Column("decision", sa.String(20), nullable=True),
        _text("sentence", nullable=True),
        sa.UniqueConstraint("run_id", "device", name="bakeoff_runs_once"),
    )
    op.create_index("bakeoff_runs_by_time", "bakeoff_runs", ["measured_at"])
    op.create_index("bakeoff_runs_by_night", "bakeoff_runs", ["suite", "night"])
    key = ("suite", "experiment", "device", "candidate", "quantity")
    op.create_table(
        "bakeoff_series",
        sa.Column("id", sa.Integer(), primary_key=True),
        *(_text(name) for name in key),
        sa.Column("scale", sa.String(10), nullable=False),
        _text("unit"),
        sa.Column("better", sa.String(10), nullable=False),
        sa.UniqueConstraint(*key, "scale", "unit", "better", name="bakeoff_series_once"),
    )
    op.create_table(
        "bakeoff_results",
        sa.Column("run", sa.Integer(), sa.ForeignKey("bakeoff_runs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("series", sa.Integer(), sa.ForeignKey("bakeoff_series.id"), primary_key=True),
        _moment("measured_at"),
        *(_number(name) for name in ("estimate", "low", "high", "level")),
        sa.Column("n", sa.Integer(), nullable=True),
        _number("baseline_value"),
        _text("baseline_source", nullable=True),
        _number("candidate_value"),
        _text("candidate_source", nullable=True),
        _text("unavailable", nullable=True),
        sqlite_with_rowid=False,  # the key is where the rows lie: those of a run beside each other, and no second index
    )
    op.create_index("bakeoff_results_of_a_series", "bakeoff_results", ["series", "measured_at"])
    op.create_index("bakeoff_results_by_time", "bakeoff_results", ["measured_at", "series", "run"])
    op.create_table(
        "bakeoff_nights",
        sa.Column("suite", sa.Text(), primary_key=True),
        sa.Column("night", sa.String(10), primary_key=True),
        sa.Column("host", sa.Text(), primary_key=True),
        sa.Column("outcome", sa.String(20), nullable=False),
        _moment("finished_at"),
        _text("document"),
    )
    op.create_table(
        "bakeoff_changes",
        sa.Column("suite", sa.Text(), primary_key=True),
        sa.Column("id", sa.String(16), primary_key=True),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("confirmation", sa.String(20), nullable=False),
        sa.Column("first_bad_night", sa.String(10), nullable=False),
        _moment("told_at"),
        _text("document"),
    )
    op.create_table(
        "bakeoff_quarantines",
        sa.Column("device", sa.Text(), primary_key=True),
        _moment("since"),
        _text("reason"),
        sa.Column("failures", sa.Integer(), nullable=False),
    )
