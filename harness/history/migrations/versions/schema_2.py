"""Schema 2: notes, and a view that has a whole result in a row, for those who ask by SQL."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "2"
down_revision = "1"
branch_labels = None
depends_on = None

_VIEW = """
CREATE VIEW bakeoff_result_rows AS
SELECT runs.measured_at, runs.night, runs.suite, runs.experiment, runs.device, series.candidate, series.quantity,
       series.scale, series.unit, series.better, results.estimate, results.low, results.high, results.level, results.n,
       results.baseline_value, results.candidate_value, results.unavailable, runs.decision, runs.attempt, runs.run_id,
       runs.host, runs.folder, runs.environment, runs.design, runs.commits
FROM bakeoff_results AS results
JOIN bakeoff_series AS series ON series.id = results.series
JOIN bakeoff_runs AS runs ON runs.id = results.run
"""


def upgrade() -> None:
    """From schema 1."""
    op.create_table(
        "bakeoff_notes",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("experiment", sa.Text(), nullable=True),
        sa.Column("factor", sa.Text(), nullable=True),
        sa.Column("question", sa.Text(), nullable=True),
    )
    op.create_index("bakeoff_notes_by_time", "bakeoff_notes", ["written_at"])
    op.execute(_VIEW)
