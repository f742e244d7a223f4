"""The table of scores of a run that scored nothing."""

from __future__ import annotations

import pandas as pd

from harness.analysis.tables.tables import QUALITY_COLUMNS

EMPTY_SCORES = pd.DataFrame({column: pd.Series(dtype=object) for column in QUALITY_COLUMNS}).astype(
    {"value": "float64"}
)
