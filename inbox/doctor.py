"""Look an installation over: each finding is ok, a warning or a problem, and says how to mend it. Changes nothing."""

import os
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.fernet import InvalidToken
from pydantic import SecretStr

from inbox import accounts, logs, probe, spool, valkey
from inbox.db import Database, DatabaseDown
from inbox.revision import current, newest
from inbox.settings import Settings
from inbox.spool import Spool

OK, WARNING, PROBLEM = "ok", "warning", "problem"
ENOUGH_DISK, LITTLE_DISK = 2 * 1024**3, 256 * 1024**2
APP = Path(__file__).parent / "ui" / "dist" / "index.html"
_LOCAL = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of the report. `mend` is for whoever has to put it right; empty where nothing is to do."""

    state: str
    about: str
    found: str
    mend: str = ""


def examine(settings: Settings) -> Iterator[Finding]:
    """Every finding, one check after another; a check that breaks is itself a problem and keeps no other from being made."""
    for check in CHECKS:
        try:
            yield from check(settings)
        except Exception as error:
            name = check.__name__.strip("_").replace("_", " ")
            yield Finding(state=PROBLEM, about=name, found=f"The check failed: {logs.describe(error)}", mend="Please report this")


def shown(settings: Settings) -> list[tuple[str, str, str]]:
    """(variable, value with secrets masked, description) of every setting."""
    rows = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        secret = isinstance(value, SecretStr)
        text = bool(value.get_secret_value()) * logs.HIDDEN if secret else str(logs.masked(str(value)))
        rows.append((f"SWITCHBOARD_{name.upper()}", text, field.description or ""))
    return rows


def _python(settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    right = sys.version_info >= (3, 11)
    yield Finding(
        state=OK if right else PROBLEM, about="Python", found=version, mend="" if right else "Install Python 3.11 or newer"
    )


def _data_folder(settings: Settings) -> Iterator[Finding]:
    folder, about = settings.data.resolve(), "data folder"
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        mend = "Give this user the right to write there, or set SWITCHBOARD_DATA to another folder"
        yield Finding(state=PROBLEM, about=about, found=f"{folder} cannot be written", mend=mend)
        return
    yield Finding(state=OK, about=about, found=str(folder) if folder.exists() else f"{folder} will be made")
    free = shutil.disk_usage(there).free
    state = OK if free >= ENOUGH_DISK else WARNING if free >= LITTLE_DISK else PROBLEM
    mend = "" if state == OK else "Make room: raw bodies and attachments need it"
    yield Finding(state=state, about="disk space", found=f"{free / 1024**3:.1f} GB free", mend=mend)


def _database(settings: Settings) -> Iterator[Finding]:
    about = "database"
    if settings.sqlite and not settings.database_url and not (settings.data / "switchboard.db").exists():
        yield Finding(
            state=WARNING, about=about, found="There is none yet", mend="`switchboard up` or `switchboard migrate` makes it"
        )
        return
    try:
        with closing(Database(settings)) as db, db.begin() as connection:
            revision = current(connection)
    except (DatabaseDown, OSError) as error:
        mend = "Is the server running, and is SWITCHBOARD_DATABASE_URL right? For a file: is the folder writable, the disk full?"
        yield Finding(
            state=PROBLEM, about=about, found=f"It cannot be used: {error.__cause__ or error}".splitlines()[0], mend=mend
        )
        return
    kind = "SQLite" if settings.sqlite else "PostgreSQL"
    if revision == newest():
        yield Finding(state=OK, about=about, found=f"{kind}, revision {revision}")
    else:
        yield Finding(
            state=PROBLEM, about=about, found=f"{kind} at revision {revision or 'none'}, this version expects {newest()}",
            mend="Run `switchboard migrate`",
        )  # fmt: skip


def _redis(settings: Settings) -> Iterator[Finding]:
    given = bool(settings.redis_url.get_secret_value())
    if valkey.answers(settings.redis_address):
        yield Finding(state=OK, about="Redis", found="answers" if given else "the private Valkey answers")
    elif given:
        yield Finding(state=PROBLEM, about="Redis", found="does not answer", mend="Start it, or mend SWITCHBOARD_REDIS_URL")
    else:
        try:
            yield Finding(state=OK, about="Redis", found=f"`switchboard up` starts a private one: {valkey.binary().name}")
        except valkey.NoValkey as error:
            yield Finding(state=PROBLEM, about="Redis", found="There is none", mend=str(error))


def _port(settings: Settings) -> Iterator[Finding]:
    about, where = "port", f"{settings.host}:{settings.port}"
    if probe.get(settings.host, settings.port, "/healthz") is not None:
        yield Finding(state=OK, about=about, found=f"Switchboard answers on {where}")
        return
    try:
        with closing(socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET, socket.SOCK_STREAM)) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((settings.host, settings.port))
    except OSError as error:
        mend = "Stop the other program, or choose another SWITCHBOARD_PORT or SWITCHBOARD_HOST"
        yield Finding(state=PROBLEM, about=about, found=f"{where} cannot be used: {error.strerror}", mend=mend)
    else:
        yield Finding(state=OK, about=about, found=f"{where} is free")


def _public_url(settings: Settings) -> Iterator[Finding]:
    about = "public URL"
    if not settings.public_url:
        mend = (
            "Set SWITCHBOARD_PUBLIC_URL to the https address that leads here. Without it webhooks do not arrive; polling, mail do"
        )
        yield Finding(state=WARNING, about=about, found="not set: providers cannot reach this installation", mend=mend)
        return
    parts = urlsplit(settings.public_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        yield Finding(state=PROBLEM, about=about, found="This is not an address", mend="Write it like https://inbox.example.com")
    elif parts.scheme == "http" and parts.hostname not in _LOCAL:
        yield Finding(
            state=WARNING, about=about, found="is not https", mend="Providers deliver to https only: put a proxy before it"
        )
    else:
        yield Finding(state=OK, about=about, found=settings.public_url)


def _secret_key(settings: Settings) -> Iterator[Finding]:
    about, path = "secret key", settings.data / "secret.key"
    if settings.secret_key.get_secret_value():
        short = len(settings.secret_key.get_secret_value()) < 16
        mend = "Use at least 32 random characters" if short else ""
        yield Finding(
            state=WARNING if short else OK, about=about, found="short" if short else "given by SWITCHBOARD_SECRET_KEY", mend=mend
        )
    elif not path.exists():
        yield Finding(state=OK, about=about, found="will be made in the data folder")
    elif path.stat().st_mode & 0o077:
        yield Finding(state=WARNING, about=about, found=f"others may read {path}", mend=f"chmod 600 {path}")
    else:
        yield Finding(state=OK, about=about, found=f"{path}: keep a copy, backups of the database are of no use without it")


def _app(settings: Settings) -> Iterator[Finding]:
    if APP.exists():
        yield Finding(state=OK, about="the app", found="built")
    else:
        yield Finding(
            state=PROBLEM, about="the app", found="is not built", mend="Run `make setup`, or install the released package"
        )


def _time_zone(settings: Settings) -> Iterator[Finding]:
    try:
        ZoneInfo(settings.timezone)
        yield Finding(state=OK, about="time zone", found=settings.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        mend = "Set SWITCHBOARD_TIMEZONE to a name like Europe/Moscow"
        yield Finding(state=PROBLEM, about="time zone", found=f"{settings.timezone} is unknown", mend=mend)


def _channels(settings: Settings) -> Iterator[Finding]:
    if settings.sqlite and not settings.database_url and not (settings.data / "switchboard.db").exists():
        return
    try:
        with closing(Database(settings)) as db, db.begin() as connection:
            if current(connection) != newest():
                return
            found = accounts.load_all(connection, accounts.Vault(settings.key))
    except DatabaseDown:
        return  # told already
    except InvalidToken:
        mend = "Set SWITCHBOARD_SECRET_KEY to the key they were connected with, or bring back data/secret.key"
        yield Finding(state=PROBLEM, about="channels", found="their secrets were locked with another key", mend=mend)
        return
    if not found:
        yield Finding(state=WARNING, about="channels", found="none is connected", mend="switchboard channel add --help")
    for channel in found:
        yield _channel(channel)


def _channel(channel: accounts.Channel) -> Finding:
    about = f"channel {channel.id}"
    name = f"{channel.kind} {channel.name}"
    if channel.state == "failing":
        mend = f"switchboard channel change {channel.id} --set key=value, then switchboard channel check {channel.id}"
        return Finding(state=PROBLEM, about=about, found=f"{name}: {channel.error}", mend=mend)
    if channel.state == "disabled":
        mend = f"switchboard channel change {channel.id} --state on"
        return Finding(state=WARNING, about=about, found=f"{name} is switched off", mend=mend)
    return Finding(state=OK, about=about, found=name)


def _spool(settings: Settings) -> Iterator[Finding]:
    """Deliveries that wait on disk: fine while the database is away, and for a moment after."""
    waiting = Spool(settings.data / "spool", "doctor").waiting()
    if not waiting:
        yield Finding(state=OK, about="spool", found="Nothing waits: every delivery is in the database")
        return
    mend = "They are stored as soon as the database can be written and `switchboard up` runs. Do not remove the files"
    found = f"{spool.size(waiting) / 1024:.0f} KB of deliveries wait in {settings.data / 'spool'}"
    yield Finding(state=WARNING, about="spool", found=found, mend=mend)


CHECKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _python, _data_folder, _database, _redis, _port, _public_url, _secret_key, _app, _time_zone, _spool, _channels,
)  # fmt: skip
