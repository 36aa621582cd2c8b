"""Do a thing once, however often it is asked for with the same Idempotency-Key."""

from collections.abc import Callable
from datetime import datetime
from typing import Concatenate, ParamSpec

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from inbox import schema as t
from inbox.refusals import Conflict, Invalid

P = ParamSpec("P")

_PENDING = 0
_k = t.idempotency.c


def once(
    connection: sa.Connection,
    now: datetime,
    manager_id: int,
    key: str,
    fingerprint: str,
    make: Callable[Concatenate[sa.Connection, P], int],
    /,
    *arguments: P.args,
    **keywords: P.kwargs,
) -> int:
    """The id that `make` returned, from now or from the first time. In one transaction with it: a failure leaves the key free.

    Raises Invalid if the key was used for something else. A second request that runs at the same time waits for the first.
    """
    row = {"manager_id": manager_id, "key": key, "fingerprint": fingerprint, "status": _PENDING, "answer": {}, "at": now}
    mine = sa.and_(_k.manager_id == manager_id, _k.key == key)
    if connection.execute(_CLAIM[connection.dialect.name].returning(_k.key), row).first() is None:
        return _known(connection, mine, fingerprint)
    made = make(connection, *arguments, **keywords)
    connection.execute(sa.update(t.idempotency).where(mine).values(status=201, answer={"id": made}))
    return made


def _known(connection: sa.Connection, mine: sa.ColumnElement[bool], fingerprint: str) -> int:
    row = connection.execute(sa.select(t.idempotency).where(mine)).one()
    if row.fingerprint != fingerprint:
        raise Invalid("Idempotency-Key", "This key was used for another request")
    if row.status == _PENDING:
        raise Conflict("The first request with this key is still running")
    return int(row.answer["id"])


_CLAIM = {
    "sqlite": sqlite.insert(t.idempotency).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(t.idempotency).on_conflict_do_nothing(),
}
