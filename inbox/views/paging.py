"""Pages by key: a cursor is the sort key of the last row seen, opaque to whoever holds it. Never an offset."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

import msgspec
import sqlalchemy as sa

from inbox.refusals import Invalid

T = TypeVar("T")
R = TypeVar("R")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LATEST = 2**58
"""Microseconds: the year 11,000."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and where the next page begins (null: there is none)."""

    items: Sequence[T]
    next: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class All(Generic[T]):
    """A list that is short enough to have no pages."""

    items: Sequence[T]


def encode(key: Sequence[datetime | int | str]) -> str:
    """An opaque cursor."""
    plain = [(k - _EPOCH) // _MICROSECOND if isinstance(k, datetime) else k for k in key]
    return base64.urlsafe_b64encode(msgspec.json.encode(plain)).decode().rstrip("=")


def decode(cursor: str, *kinds: type) -> tuple[Any, ...]:
    """The key in a cursor, its parts of these kinds (datetime, int, str). Raises Invalid for one that is not ours."""
    try:
        raw = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        parts = msgspec.json.decode(raw, type=list[int | str])
        if len(parts) != len(kinds):
            raise ValueError
        return tuple(_part(kind, part) for kind, part in zip(kinds, parts, strict=True))
    except (ValueError, OverflowError, binascii.Error, msgspec.MsgspecError, UnicodeEncodeError) as error:
        raise Invalid("cursor", "This is not a cursor of this list") from error


def _part(kind: type, part: int | str) -> Any:
    if kind is datetime and isinstance(part, int) and 0 <= part < _LATEST:
        return _EPOCH + timedelta(microseconds=part)
    if kind is not datetime and isinstance(part, kind) and (not isinstance(part, int) or abs(part) < 2**63):
        if isinstance(part, str) and "\0" in part:
            raise ValueError
        return part
    raise ValueError


def beyond(columns: Sequence[sa.ColumnElement[Any]], key: Sequence[Any], *, descending: bool = True) -> sa.ColumnElement[bool]:
    """Rows after `key` in the order of `columns`, as one row comparison that an index can answer."""
    here = sa.tuple_(*columns)
    there = sa.tuple_(*(sa.bindparam(None, k, type_=c.type) for c, k in zip(columns, key, strict=True)))
    return here < there if descending else here > there


def by_id(
    connection: sa.Connection,
    query: sa.Select[Any],
    column: sa.ColumnElement[int],
    make: Callable[[Any], T],
    cursor: str | None,
    limit: int,
) -> Page[T]:
    """A page of `query`, newest id first."""
    if cursor:
        query = query.where(column < decode(cursor, int)[0])
    rows = connection.execute(query.order_by(column.desc()).limit(limit + 1)).all()
    return cut(rows, limit, make, lambda row: (row.id,))


def cut(rows: Sequence[R], limit: int, make: Callable[[R], T], key: Callable[[R], Sequence[datetime | int | str]]) -> Page[T]:
    """A page of the first `limit` rows; one row more says that there is a next page."""
    shown = rows[:limit]
    return Page(items=[make(row) for row in shown], next=encode(key(shown[-1])) if len(rows) > limit else None)
