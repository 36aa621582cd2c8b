"""Every refusal turned into words on stderr and an exit code.

0 done, 1 refused or something is wrong, 2 the command line or a setting is written wrongly.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer
from cryptography.fernet import InvalidToken

from bots.problems import FlowError
from bots.render import RenderError
from channels.base import BadPayload
from inbox.accounts import BadSettings
from inbox.broadcasts import NotNow
from inbox.db import DatabaseDown
from inbox.refusals import Refusal

_LOCKED = "The channels' secrets were locked with another key: set SWITCHBOARD_SECRET_KEY to it, or bring back data/secret.key"


def complain(message: str) -> None:
    """Say what is wrong, on stderr."""
    typer.echo(f"switchboard: {message}", err=True)


def warn(message: str) -> None:
    """Say what should be known, on stderr."""
    complain(f"warning: {message}")


def fail(message: str, code: int = 1) -> NoReturn:
    """Say what is wrong and end."""
    complain(message)
    raise typer.Exit(code)


@contextmanager
def in_words() -> Iterator[None]:
    """Turn what use cases refuse into a message and an exit code. A bug stays a traceback."""
    try:
        yield
    except BadSettings as error:
        for field, message in error.problems:
            complain(f"{field}: {message}")
        raise typer.Exit(2) from None
    except (KeyError, IndexError):
        raise
    except _REFUSED as error:
        fail(_said(error))


_REFUSED = (Refusal, NotNow, RenderError, FlowError, LookupError, BadPayload, DatabaseDown, InvalidToken)


def _said(error: Exception) -> str:
    if isinstance(error, DatabaseDown):
        return f"{error}. `switchboard doctor` tells more."
    return _LOCKED if isinstance(error, InvalidToken) else str(error)
