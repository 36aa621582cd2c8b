"""Run statements at the driver's own speed, where thousands are run a second.

SQLAlchemy's `execute` spends some 40 µs on a statement and 15 µs a row on building parameters, more than SQLite takes to find or
write the row. Here the statement is compiled once, by SQLAlchemy, and values pass between the caller and the driver with only
their types' conversions applied. Errors are SQLAlchemy's.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any, cast

import sqlalchemy as sa

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A compiled statement: `give` makes what the driver takes (a tuple, or a dict for names) of a row of ours."""

    sql: str
    give: Callable[[Row], Any]
    many: tuple[str, str, str] | None = None
    """An INSERT taken apart: what stands before the row of VALUES, the row, what stands behind it."""
    take: Callable[[Sequence[Any]], Any] | None = None
    """Makes a named tuple of a result's row. `Any`: its fields are known at run time."""


TOGETHER = 64
"""Rows in one statement; SQLite takes 32,766 parameters."""
_VALUES = re.compile(r"^(INSERT INTO .* VALUES )(\(\?(?:, \?)*\))(.*)$", re.DOTALL)

_plans: dict[tuple[str, int, tuple[str, ...]], tuple[sa.Executable, _Plan]] = {}


def execute(connection: sa.Connection, statement: sa.Executable, rows: Sequence[Row]) -> None:
    """Execute an INSERT, UPDATE or DELETE for every row. All rows have the same keys; the statement is one of a module's."""
    if not rows:
        return
    plan = _plan(connection, statement, tuple(rows[0]))
    if plan.many is not None:
        _execute_together(connection, plan, rows)
    else:
        _drive(connection, plan.sql, list(map(plan.give, rows)), many=True)


def fetch(connection: sa.Connection, statement: sa.Executable, values: Row) -> list[Any]:
    """All rows of a SELECT (or of what RETURNING gives), as named tuples. The statement is one of a module's."""
    plan = _plan(connection, statement, tuple(values))
    assert plan.take is not None
    return list(map(plan.take, _drive(connection, plan.sql, plan.give(values)).fetchall()))


def run(connection: sa.Connection, statement: sa.Executable, values: Row) -> None:
    """Run a statement once, for no result."""
    plan = _plan(connection, statement, tuple(values))
    _drive(connection, plan.sql, plan.give(values))


def drive(connection: sa.Connection, sql: str, values: Sequence[Any]) -> list[Any]:
    """Run the driver's own SQL and fetch what it returns."""
    return list(_drive(connection, sql, values).fetchall())


@contextmanager
def savepoint(connection: sa.Connection) -> Iterator[None]:
    """What is done inside is undone if it raises, and nothing else: `begin_nested`, in a tenth of the time."""
    _drive(connection, "SAVEPOINT part", ())
    try:
        yield
    except BaseException:
        with suppress(sa.exc.DBAPIError):  # the connection may be what failed: then everything is undone
            _drive(connection, "ROLLBACK TO SAVEPOINT part", ())
            _drive(connection, "RELEASE SAVEPOINT part", ())
        raise
    _drive(connection, "RELEASE SAVEPOINT part", ())


def _drive(connection: sa.Connection, sql: str, values: Any, *, many: bool = False) -> Any:
    try:
        cursor = connection.connection.cursor()
        (cursor.executemany if many else cursor.execute)(sql, values)
    except connection.dialect.loaded_dbapi.Error as error:
        lost = connection.dialect.is_disconnect(error, connection.connection.dbapi_connection, None)
        raise sa.exc.DBAPIError.instance(
            sql, None, error, connection.dialect.loaded_dbapi.Error, connection_invalidated=lost, dialect=connection.dialect
        ) from error
    return cursor


def _execute_together(connection: sa.Connection, plan: _Plan, rows: Sequence[Row]) -> None:
    """Insert with many rows of VALUES in one statement: SQLite's driver lets go of the interpreter once a statement, not once a
    row, which spares the other threads of the process. Sizes are powers of two, so that prepared statements are used again."""
    assert plan.many is not None
    before, row, behind = plan.many
    done = 0
    while done < len(rows):
        size = min(TOGETHER, 1 << (len(rows) - done).bit_length() - 1)
        values = [*chain.from_iterable(map(plan.give, rows[done : done + size]))]
        _drive(connection, before + ", ".join([row] * size) + behind, values)
        done += size


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert the rows."""
    execute(connection, _INSERTS.setdefault(table.name, sa.insert(table)), rows)


_INSERTS: dict[str, sa.Insert] = {}


def _plan(connection: sa.Connection, statement: sa.Executable, keys: tuple[str, ...]) -> _Plan:
    known = _plans.get((connection.dialect.name, id(statement), keys))
    if known is None:
        known = (statement, _compile(connection, statement, keys))
        _plans[(connection.dialect.name, id(statement), keys)] = known
    return known[1]


def _compile(connection: sa.Connection, statement: Any, keys: tuple[str, ...]) -> _Plan:
    column_keys = list(keys) if isinstance(statement, sa.Insert) else None
    compiled = statement.compile(dialect=connection.dialect, column_keys=column_keys)
    if "POSTCOMPILE" in compiled.string:
        raise ValueError("a statement for many rows must not hold an IN of constants: write OR")
    sql, names = compiled.string, tuple(compiled.positiontup or compiled.bind_names.values())
    many = _VALUES.match(sql) if isinstance(statement, sa.Insert) and compiled.positional else None
    parts = (many[1], many[2], many[3]) if many and "?" not in many[3] else None
    take = _taker(connection, statement) if isinstance(statement, sa.Select) else None
    return _Plan(sql, _giver(connection, compiled, names, keys), parts, take)


def _giver(connection: sa.Connection, compiled: Any, names: Sequence[str], keys: Sequence[str]) -> Callable[[Row], Any]:
    """A function of a row, written out for just these names: a loop over them would take four times as long."""
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    known: dict[str, Any] = {}
    values = []
    for n, name in enumerate(names):
        value = f"row[{name!r}]"
        if name not in keys:
            known[f"constant{n}"], value = compiled.params[name], f"constant{n}"
        convert = binds[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        if convert is not None:
            known[f"convert{n}"], value = convert, f"convert{n}({value})"
        values.append(value if compiled.positional else f"{name!r}: {value}")
    inside = ", ".join(values) + ("," if values else "")
    written = f"({inside})" if compiled.positional else f"{{{inside}}}"
    giver: Callable[[Row], Any] = eval(f"lambda row: {written}", known)  # noqa: S307 names of columns
    return giver


def _taker(connection: sa.Connection, statement: sa.Select[Any]) -> Callable[[Sequence[Any]], Any]:
    columns = list(statement.selected_columns)
    names = [str(column.key) for column in columns]
    make: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # the names are known at run time
    known: dict[str, Any] = {"make": make._make}
    values = []
    for n, column in enumerate(columns):
        convert = column.type.dialect_impl(connection.dialect).result_processor(connection.dialect, None)
        known[f"convert{n}"] = convert
        values.append(f"row[{n}]" if convert is None else f"convert{n}(row[{n}])")
    if not any(known[f"convert{n}"] for n in range(len(columns))):
        return cast(Callable[[Sequence[Any]], Any], make._make)
    taker: Callable[[Sequence[Any]], Any] = eval(f"lambda row: make(({', '.join(values)},))", known)  # noqa: S307 places only
    return taker
