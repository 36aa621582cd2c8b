"""Run what waits in one transaction: each function's batch in one call, and apart where one of them fails."""

from typing import Any

import sqlalchemy as sa

from inbox.store import bulk
from inbox.store.errors import Again, DatabaseDown, raise_again
from inbox.store.waiting import Call


class Poisoned(Exception):
    """A batch failed as a whole: roll back and run it item by item, so that one bad item costs its neighbours only time."""


def run_groups(connection: sa.Connection, groups: list[list[Call]]) -> None:
    """Batches of several functions: each in a savepoint, so that one that fails undoes only its own."""
    if len(groups) == 1:
        run_together(connection, groups[0])
        return
    for group in groups:
        kept = dict(connection.info.get("signals", ()))
        try:
            with bulk.savepoint(connection):
                run_together(connection, group)
        except (DatabaseDown, Again):
            raise
        except Exception:
            connection.info["signals"] = kept
            _run_apart(connection, group)


def run_together(connection: sa.Connection, group: list[Call]) -> None:
    """A batch in one call of its function."""
    try:
        results = group[0].function(connection, [call.arguments[0] for call in group])
    except Exception as error:
        raise_again(error)
        if len(group) == 1:
            raise
        raise Poisoned from error
    for call, result in zip(group, results, strict=True):
        _settle(call, result)


def run_each_apart(connection: sa.Connection, groups: list[list[Call]]) -> None:
    for group in groups:
        _run_apart(connection, group)


def _run_apart(connection: sa.Connection, group: list[Call]) -> None:
    """Each call for itself, in a savepoint where there are others whose work it must not undo."""
    for call in group:
        call.error = None
    if len(group) == 1 and not group[0].batch:
        group[0].result = group[0].function(connection, *group[0].arguments, **group[0].keywords)
        return
    for call in group:
        _run_one(connection, call)


def _run_one(connection: sa.Connection, call: Call) -> None:
    kept = dict(connection.info.get("signals", ()))
    try:
        with bulk.savepoint(connection):
            if call.batch:
                _settle(call, call.function(connection, [call.arguments[0]])[0])
            else:
                call.result = call.function(connection, *call.arguments, **call.keywords)
    except Exception as error:
        raise_again(error)
        connection.info["signals"] = kept
        call.error = error


def _settle(call: Call, result: Any) -> None:
    call.error, call.result = (result, None) if isinstance(result, Exception) else (None, result)
