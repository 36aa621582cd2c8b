"""What a database's errors mean: it is away, a race was lost, or the statement itself was wrong."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError, PendingRollbackError


class DatabaseDown(Exception):
    """The database cannot be reached or written: nothing was stored, the caller keeps what it has (see `inbox.spool`)."""


class Again(Exception):
    """The transaction lost a race with another one; run the group again."""


_LOST_RACES = {"40001", "40P01", "55P03"}
"""PostgreSQL: serialization failure, deadlock, lock not available."""
_AWAY = {"08", "53", "57", "58"}
"""PostgreSQL's classes of errors: connection, resources, shutdown, disk."""


def raise_again(error: Exception) -> None:
    """Raise Again for a deadlock or the like, DatabaseDown for a lost connection; return for all that is the function's own."""
    if isinstance(error, DatabaseDown):
        raise error
    if isinstance(error, PendingRollbackError):  # the connection went in somebody's hands who kept silent about it
        raise DatabaseDown("The connection to the database is lost") from error
    if isinstance(error, DBAPIError):
        if getattr(error.orig, "sqlstate", None) in _LOST_RACES:
            raise Again from error
        if _away(error):
            raise DatabaseDown("The database cannot be written") from error


def _away(error: DBAPIError) -> bool:
    """Whether the database itself fails. A statement that it refuses for what is in it (a row too large for an index, too many
    parameters) is the function's own error, though drivers call both OperationalError."""
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    sqlstate = getattr(error.orig, "sqlstate", None)
    refused = sqlstate[:2] not in _AWAY if sqlstate else getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR"
    return isinstance(error, OperationalError) and not refused


def not_its_own(error: Exception) -> bool:
    """Whether a function failed for no reason of its own: the error must rise, to be tried again or told."""
    lost = isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _LOST_RACES
    gone = isinstance(error, DatabaseDown | PendingRollbackError) or (isinstance(error, DBAPIError) and _away(error))
    return lost or gone


@contextmanager
def translated() -> Iterator[None]:
    """Turn a driver's connection errors into DatabaseDown, lost races into Again."""
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, PendingRollbackError) as error:
        raise_again(error)
        raise
