"""Which schema a database has and which one this version expects, without loading Alembic, which takes 0.6 s."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


def current(connection: sa.Connection) -> str | None:
    """The revision that the database is at; None for an empty one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


@cache
def newest() -> str:
    """The revision that this version of the program expects: migrations are numbered, and each follows the one before."""
    return max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))
