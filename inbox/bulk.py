"""Run one statement for many rows at the driver's own speed.

SQLAlchemy's `execute(statement, rows)` spends some 15 µs a row on building parameters, more than SQLite takes to write the
row. Here the statement is compiled once, by SQLAlchemy, and the rows go to the driver with only their types' conversions applied.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Plan:
    """A compiled statement: `names` in the driver's order (positional), `converters` for the names that need one."""

    sql: str
    positional: bool
    names: tuple[str, ...]
    converters: tuple[tuple[str, int, Callable[[Any], Any]], ...]
    constants: Mapping[str, Any]
    many: tuple[str, str, str] | None = None
    """An INSERT taken apart: what stands before the row of VALUES, the row, what stands behind it."""


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
    elif plan.positional:
        connection.exec_driver_sql(plan.sql, [_as_tuple(plan, row) for row in rows])
    else:
        connection.exec_driver_sql(plan.sql, [_as_dict(plan, row) for row in rows])


def _execute_together(connection: sa.Connection, plan: _Plan, rows: Sequence[Row]) -> None:
    """Insert with many rows of VALUES in one statement: SQLite's driver lets go of the interpreter once a statement, not once a
    row, which spares the other threads of the process. Sizes are powers of two, so that prepared statements are used again."""
    assert plan.many is not None
    before, row, behind = plan.many
    done = 0
    while done < len(rows):
        size = min(TOGETHER, 1 << (len(rows) - done).bit_length() - 1)
        values = [value for each in rows[done : done + size] for value in _as_tuple(plan, each)]
        connection.exec_driver_sql(before + ", ".join([row] * size) + behind, tuple(values))
        done += size


def insert(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert the rows."""
    execute(connection, _INSERTS.setdefault(table.name, sa.insert(table)), rows)


_INSERTS: dict[str, sa.Insert] = {}


def _as_tuple(plan: _Plan, row: Row) -> tuple[Any, ...]:
    values = [row[name] if name in row else plan.constants[name] for name in plan.names]
    for _, place, convert in plan.converters:
        values[place] = convert(values[place])
    return tuple(values)


def _as_dict(plan: _Plan, row: Row) -> dict[str, Any]:
    values = {**plan.constants, **row}
    for name, _, convert in plan.converters:
        values[name] = convert(values[name])
    return values


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
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    names = tuple(compiled.positiontup or binds)
    converters = []
    for place, name in enumerate(names):
        convert = binds[name].type.dialect_impl(connection.dialect).bind_processor(connection.dialect)
        if convert is not None:
            converters.append((name, place, convert))
    constants = {name: compiled.params[name] for name in names if name not in keys}
    many = _VALUES.match(compiled.string) if isinstance(statement, sa.Insert) and compiled.positional else None
    parts = (many[1], many[2], many[3]) if many and "?" not in many[3] else None
    return _Plan(compiled.string, compiled.positional, names, tuple(converters), constants, parts)
