"""Types and habits that all tables share."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC time: timestamptz on PostgreSQL, microseconds since 1970 on SQLite. Naive times are refused."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.TIMESTAMP(timezone=True))
        return dialect.type_descriptor(sa.BigInteger())

    def bind_processor(self, dialect: sa.Dialect) -> Any:
        return _aware if dialect.name == "postgresql" else _to_microseconds

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Any:
        return _to_utc if dialect.name == "postgresql" else _from_microseconds

    @property
    def python_type(self) -> type[datetime]:
        return datetime


def _aware(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError("A time without a zone cannot be stored")
    return value


def _to_microseconds(value: datetime | None) -> int | None:
    if value is None:
        return None
    since = _aware(value) - _EPOCH  # type: ignore[operator]
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _from_microseconds(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + value * _MICROSECOND


def _to_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A primary key's type. SQLite's INTEGER holds 64 bits too, and as a primary key it is the table's own order: no second index."""


def key(name: str = "id") -> sa.Column[int]:
    """A primary key taken from `inbox.store.ids`, so that whole batches know their ids before they are written."""
    return sa.Column(name, Id, primary_key=True, autoincrement=False)


def link(name: str, target: str, *, nullable: bool = False, ondelete: str | None = None) -> sa.Column[int]:
    """A foreign key."""
    return sa.Column(name, sa.BigInteger, sa.ForeignKey(target, ondelete=ondelete), nullable=nullable)


def one_of(name: str, *values: str) -> sa.CheckConstraint:
    """Only these words may stand in the column."""
    listed = ", ".join(f"'{v}'" for v in values)
    return sa.CheckConstraint(f"{name} IN ({listed})", name=f"{name}_known")


def partial(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """An index over the rows that fulfil a condition, on both databases."""
    condition = sa.text(where)
    return sa.Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)


def rounds(name: str) -> sa.Table:
    """Looks through everybody: contacts up to `last_id` of `up_to` are done, so that one goes on after a crash."""
    return sa.Table(
        name,
        metadata,
        key(),
        sa.Column("started_at", Instant, nullable=False),
        sa.Column("started_by", sa.BigInteger),
        sa.Column("last_id", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("up_to", sa.BigInteger, nullable=False),
        sa.Column("total", sa.Integer, nullable=False),
        sa.Column("looked", sa.Integer, nullable=False, server_default="0"),
        sa.Column("found", sa.Integer, nullable=False, server_default="0"),
        sa.Column("finished_at", Instant),
    )
