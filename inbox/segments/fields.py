"""Look into the fields of a card, alike on both databases: their JSON as text, as a number, as a list."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction


class field_text(GenericFunction[str]):
    """`field_text(column, name)`: a text as it is, a number or a truth as JSON writes it, NULL for anything else."""

    type = sa.Text()
    inherit_cache = True


class field_number(GenericFunction[float]):
    """`field_number(column, name)`: NULL unless it is a number."""

    type = sa.Float()
    inherit_cache = True


class field_has(GenericFunction[bool]):
    """`field_has(column, name, text)`: a list with this text in it."""

    type = sa.Boolean()
    inherit_cache = True


class field_filled(GenericFunction[bool]):
    """`field_filled(column, name)`: something stands there."""

    type = sa.Boolean()
    inherit_cache = True


class in_order(GenericFunction[str]):
    """`in_order(text)`: compared by its characters, whatever the database's language."""

    type = sa.Text()
    inherit_cache = True


class place(GenericFunction[int]):
    """`place(text, part)`: 0 where the part does not occur."""

    type = sa.Integer()
    inherit_cache = True


def _parts(element: Any, compiler: SQLCompiler, kw: dict[str, Any]) -> list[str]:
    return [compiler.process(each, **kw) for each in element.clauses]


@compiles(field_text, "sqlite")
def _text_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    column, name = _parts(element, compiler, kw)
    return (
        f"(SELECT CASE f.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'text' THEN f.value"
        f" WHEN 'integer' THEN CAST(f.value AS TEXT) WHEN 'real' THEN CAST(f.value AS TEXT) END{_found(column, name)}"
    )


@compiles(field_text, "postgresql")
def _text_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    column, name = _parts(element, compiler, kw)
    name = f"CAST({name} AS TEXT)"
    return f"CASE WHEN jsonb_typeof({column} -> {name}) IN ('object', 'array') THEN NULL ELSE {column} ->> {name} END"


@compiles(field_number, "sqlite")
def _number_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    column, name = _parts(element, compiler, kw)
    return f"(SELECT CASE WHEN f.type IN ('integer', 'real') THEN f.value END{_found(column, name)}"


@compiles(field_number, "postgresql")
def _number_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    column, name = _parts(element, compiler, kw)
    name = f"CAST({name} AS TEXT)"
    return f"CASE WHEN jsonb_typeof({column} -> {name}) = 'number' THEN CAST({column} ->> {name} AS DOUBLE PRECISION) END"


@compiles(field_has, "sqlite")
def _has_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    column, name, value = _parts(element, compiler, kw)
    inside = "json_each(CASE f.type WHEN 'array' THEN f.value ELSE '[]' END)"
    return (
        f"EXISTS (SELECT 1 FROM json_each({column}) AS f, {inside} AS e"  # noqa: S608 all compiled by SQLAlchemy
        f" WHERE f.key = {name} AND e.type = 'text' AND e.value = {value})"
    )


@compiles(field_has, "postgresql")
def _has_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    column, name, value = _parts(element, compiler, kw)
    listed = f"{column} -> CAST({name} AS TEXT)"
    return f"coalesce(jsonb_typeof({listed}) = 'array' AND {listed} @> to_jsonb(CAST({value} AS TEXT)), false)"


@compiles(field_filled, "sqlite")
def _filled_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    column, name = _parts(element, compiler, kw)
    nothing = "f.type = 'null' OR f.value IN ('', '[]', '{}')"
    return f"EXISTS (SELECT 1 FROM json_each({column}) AS f WHERE f.key = {name} AND NOT ({nothing}))"  # noqa: S608


@compiles(field_filled, "postgresql")
def _filled_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    column, name = _parts(element, compiler, kw)
    return f"""coalesce({column} -> CAST({name} AS TEXT) NOT IN ('null', '""', '[]', '{{}}'), false)"""


@compiles(in_order, "sqlite")
def _order_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return _parts(element, compiler, kw)[0]


@compiles(in_order, "postgresql")
def _order_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f'({_parts(element, compiler, kw)[0]}) COLLATE "C"'


@compiles(place, "sqlite")
def _place_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _parts(element, compiler, kw)
    return f"instr({text}, {part})"


@compiles(place, "postgresql")
def _place_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    text, part = _parts(element, compiler, kw)
    return f"strpos({text}, {part})"


def _found(column: str, name: str) -> str:
    """By key, not by a path: a path has its own grammar for what a name may hold."""
    return f" FROM json_each({column}) AS f WHERE f.key = {name})"
