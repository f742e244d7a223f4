"""Renderings of the history: terminal, charts, pages, the journal, rows for spreadsheets."""
