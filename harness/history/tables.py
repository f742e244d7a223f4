"""The tables of the history, as SQLAlchemy maps them. How they came about: `migrations/versions/`.

Their names begin with `bakeoff_`, since a PostgreSQL database may be shared with others.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import DateTime, ForeignKey, Index, String, Text, TypeDecorator, UniqueConstraint
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

VERSION_TABLE: Final = "bakeoff_schema"


class Moment(TypeDecorator[datetime]):
    """A moment with a time zone; SQLite, which has no zones, holds it in UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database, in UTC. Raises `ValueError` for a moment without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment in the history has a time zone")
        in_utc = value.astimezone(UTC)
        return in_utc.replace(tzinfo=None) if dialect.name == "sqlite" else in_utc

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database, in UTC."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


class Words(TypeDecorator[str]):
    """A text of any length; what PostgreSQL or UTF-8 cannot hold is shown as a replacement character."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database."""
        return None if value is None else as_kept(value)


def as_kept(text: str) -> str:
    """The text as it comes back."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")


class Base(DeclarativeBase):
    """What the tables have in common: nothing but the list of them."""


class EnvironmentRecord(Base):
    """What results depended on beside the models."""

    __tablename__ = "bakeoff_environments"

    fingerprint: Mapped[str] = mapped_column(String(16), primary_key=True)
    facts: Mapped[str] = mapped_column(Words)
    """JSON: fact → value in words."""


class RunRecord(Base):
    """One run on one device."""

    __tablename__ = "bakeoff_runs"
    __table_args__ = (
        UniqueConstraint("run_id", "device", name="bakeoff_runs_once"),
        Index("bakeoff_runs_by_time", "measured_at"),
        Index("bakeoff_runs_by_night", "suite", "night"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[str] = mapped_column(Words)
    suite: Mapped[str] = mapped_column(Words)
    night: Mapped[str] = mapped_column(String(10))
    attempt: Mapped[int]
    experiment: Mapped[str] = mapped_column(Words)
    design: Mapped[str] = mapped_column(Words)
    device: Mapped[str] = mapped_column(Words)
    host: Mapped[str] = mapped_column(Words)
    folder: Mapped[str] = mapped_column(Words)
    measured_at: Mapped[datetime] = mapped_column(Moment)
    environment: Mapped[str] = mapped_column(ForeignKey("bakeoff_environments.fingerprint"))
    commits: Mapped[str] = mapped_column(Words)
    """JSON: a list of `harness.documents.nightly.CommitOfModel`."""
    decision: Mapped[str | None] = mapped_column(String(20))
    sentence: Mapped[str | None] = mapped_column(Words)


class SeriesRecord(Base):
    """What a series of results is of."""

    __tablename__ = "bakeoff_series"
    __table_args__ = (
        UniqueConstraint(
            "suite",
            "experiment",
            "device",
            "candidate",
            "quantity",
            "scale",
            "unit",
            "better",
            name="bakeoff_series_once",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    suite: Mapped[str] = mapped_column(Words)
    experiment: Mapped[str] = mapped_column(Words)
    device: Mapped[str] = mapped_column(Words)
    candidate: Mapped[str] = mapped_column(Words)
    quantity: Mapped[str] = mapped_column(Words)
    scale: Mapped[str] = mapped_column(String(10))
    unit: Mapped[str] = mapped_column(Words)
    better: Mapped[str] = mapped_column(String(10))


class ResultRecord(Base):
    """One candidate against the baseline on one quantity, from one run on one device."""

    __tablename__ = "bakeoff_results"
    __table_args__ = (
        Index("bakeoff_results_of_a_series", "series", "measured_at"),
        Index("bakeoff_results_by_time", "measured_at", "series", "run"),
        {"sqlite_with_rowid": False},
    )

    run: Mapped[int] = mapped_column(ForeignKey("bakeoff_runs.id", ondelete="CASCADE"), primary_key=True)
    series: Mapped[int] = mapped_column(ForeignKey("bakeoff_series.id"), primary_key=True)
    measured_at: Mapped[datetime] = mapped_column(Moment)
    """The run's, again: the newest of a series are found without a look at the runs."""
    estimate: Mapped[float | None]
    low: Mapped[float | None]
    high: Mapped[float | None]
    level: Mapped[float | None]
    n: Mapped[int | None]
    baseline_value: Mapped[float | None]
    baseline_source: Mapped[str | None] = mapped_column(Words)
    """Where the value is from, or, where there is none, why."""
    candidate_value: Mapped[float | None]
    candidate_source: Mapped[str | None] = mapped_column(Words)
    unavailable: Mapped[str | None] = mapped_column(Words)


class NightRecord(Base):
    """A night as it was told."""

    __tablename__ = "bakeoff_nights"

    suite: Mapped[str] = mapped_column(Words, primary_key=True)
    night: Mapped[str] = mapped_column(String(10), primary_key=True)
    host: Mapped[str] = mapped_column(Words, primary_key=True)
    outcome: Mapped[str] = mapped_column(String(20))
    finished_at: Mapped[datetime] = mapped_column(Moment)
    document: Mapped[str] = mapped_column(Words)
    """nightly.json."""


class ChangeRecord(Base):
    """An event that somebody was told of."""

    __tablename__ = "bakeoff_changes"

    suite: Mapped[str] = mapped_column(Words, primary_key=True)
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    confirmation: Mapped[str] = mapped_column(String(20))
    first_bad_night: Mapped[str] = mapped_column(String(10))
    told_at: Mapped[datetime] = mapped_column(Moment)
    """When it was first kept."""
    document: Mapped[str] = mapped_column(Words)
    """JSON: `harness.documents.nightly.Change`."""


class QuarantineRecord(Base):
    """A device that is not measured until it passes again."""

    __tablename__ = "bakeoff_quarantines"

    device: Mapped[str] = mapped_column(Words, primary_key=True)
    since: Mapped[datetime] = mapped_column(Moment)
    reason: Mapped[str] = mapped_column(Words)
    failures: Mapped[int]


class NoteRecord(Base):
    """What somebody tried, and what they asked themselves."""

    __tablename__ = "bakeoff_notes"
    __table_args__ = (Index("bakeoff_notes_by_time", "written_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    written_at: Mapped[datetime] = mapped_column(Moment)
    author: Mapped[str] = mapped_column(Words)
    text: Mapped[str] = mapped_column(Words)
    run_id: Mapped[str | None] = mapped_column(Words)
    experiment: Mapped[str | None] = mapped_column(Words)
    factor: Mapped[str | None] = mapped_column(Words)
    question: Mapped[str | None] = mapped_column(Words)
