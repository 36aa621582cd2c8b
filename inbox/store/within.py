"""`column IN (many values)` as one parameter: the statement's text stays the same for any number, so it is compiled only once."""

from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler


class _List(sa.types.TypeDecorator[Any]):
    """A list of numbers or texts: an array on PostgreSQL, JSON on SQLite."""

    impl = sa.Text
    cache_ok = True

    def bind_processor(self, dialect: sa.Dialect) -> Any:
        return list if dialect.name == "postgresql" else _as_json


def _as_json(values: Any) -> str:
    return msgspec.json.encode(list(values)).decode()


class within(sa.ColumnElement[Any]):
    """`within(column, "name")`: the column's value is in the list that is bound as `name`."""

    inherit_cache = True
    type = sa.types.NullType()
    """No Boolean: SQLite's dialect would compare it with 1, and the index could not be used."""
    _traverse_internals: Any = [  # noqa: RUF012 SQLAlchemy declares it so
        ("column", sa.sql.visitors.InternalTraversal.dp_clauseelement),
        ("values", sa.sql.visitors.InternalTraversal.dp_clauseelement),
    ]

    def __init__(self, column: sa.ColumnElement[Any], name: str) -> None:
        self.column = column
        self.values = sa.bindparam(name, type_=_List())

    @property
    def _from_objects(self) -> Any:
        return self.column._from_objects


@compiles(within, "sqlite")
def _sqlite(element: within, compiler: SQLCompiler, **kw: Any) -> str:
    column, values = compiler.process(element.column, **kw), compiler.process(element.values, **kw)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 both are compiled by SQLAlchemy


@compiles(within, "postgresql")
def _postgresql(element: within, compiler: SQLCompiler, **kw: Any) -> str:
    kw["render_casts"] = False
    column, values = compiler.process(element.column, **kw), compiler.process(element.values, **kw)
    return f"{column} = ANY({values.partition('::')[0]})"
