"""`switchboard up | serve | worker | migrate`: run an installation, whole or in parts."""

import errno
import fcntl
import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime

import sqlalchemy as sa
import typer

from inbox import logs, people, supervise
from inbox import schema as t
from inbox.access.passwords import Passwords
from inbox.cli import desk, family
from inbox.cli.words import fail, in_words
from inbox.revision import current, newest
from inbox.settings import Settings

_PORT = typer.Option(None, min=0, max=65535, help="Port of the web server. Default: SWITCHBOARD_PORT, 8080.")
RELOAD = typer.Option(False, "--reload", help="For developers: begin again when the code changes.")
_SUPERVISED = typer.Option(False, "--supervised", hidden=True, help="End when standard input closes.")


def register(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(epilog="Example: SWITCHBOARD_DATA=/srv/switchboard switchboard up")(up)
    app.command(epilog="Several may share a port; put a proxy before them that speaks TLS.")(serve)
    app.command(epilog="Run as many as the work needs; they share it.")(worker)
    app.command("migrate")(migrate_now)


def up(
    port: int | None = _PORT,
    web: int = typer.Option(1, min=1, max=64, help="Web processes, all on the one port."),
    workers: int = typer.Option(1, min=1, max=64, help="Workers: bots, sending, fetching."),
    owner: str = typer.Option("owner@localhost", help="Mail address of the first owner, made if there is nobody yet."),
    watched: bool = RELOAD,
) -> None:
    """Run everything on this machine: database, queue, web server and workers. Ctrl-C ends it."""
    found = with_port(desk.settings(), port)
    with alone(found):
        start_up(found)
        password = first_owner(found, owner)

        def ready() -> None:
            typer.echo(f"Switchboard runs at {found.base_url}   (Ctrl-C ends it)")
            if password:
                typer.echo(f"Sign in as {owner} with the password {password}   (shown only this once)")

        family.keep([*family.house(found), *family.workers(found, workers), *family.web(found, web)], ready, watched=watched)


def serve(port: int | None = _PORT, supervised: bool = _SUPERVISED) -> None:
    """Run one web server process: providers' webhooks, the API, the operators' app."""
    from inbox.app import serve as serve_app

    found = _process(port, supervised)
    try:
        serve_app(found)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
            raise
        fail(_cannot_listen(found, error))


def worker(port: int | None = typer.Option(None, hidden=True), supervised: bool = _SUPERVISED) -> None:
    """Run one worker process: answers by bots, sends, fetches, sweeps."""
    from inbox.work import run

    run(_process(port, supervised))


def migrate_now() -> None:
    """Bring the database to the schema this version expects. Safe to repeat; do it before starting a new version."""
    from inbox.migrate import migrate

    found = desk.settings()
    with in_words(), desk.opened(found) as db:
        before, now = migrate(db)
    typer.echo(f"The database is at revision {now}." if before == now else f"Migrated from {before or 'nothing'} to {now}.")


def _process(port: int | None, supervised: bool) -> Settings:
    """What a single process begins with."""
    if supervised:
        supervise.die_with_parent()
    found = desk.settings()
    found = found.model_copy(update={"port": port}) if port is not None else found
    desk.prepare(found)
    logs.configure(found)
    return found


def with_port(found: Settings, port: int | None) -> Settings:
    """Settings with the port that was asked for, a free one in place of 0. Ends with words if the port is taken."""
    wanted = found.port if port is None else port
    family = socket.AF_INET6 if ":" in found.host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((found.host, wanted))
        except OSError as error:
            fail(_cannot_listen(found.model_copy(update={"port": wanted}), error))
        return found.model_copy(update={"port": trial.getsockname()[1]})


def _cannot_listen(found: Settings, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {found.port} is taken by another program: stop it, or choose another port with SWITCHBOARD_PORT or --port"
    return f"Cannot listen on {found.host} port {found.port}: {error.strerror} (SWITCHBOARD_HOST, SWITCHBOARD_PORT)"


@contextmanager
def alone(found: Settings) -> Iterator[None]:
    """Only one supervisor works in a data folder. The lock goes with the process, however it ends."""
    try:
        found.data.mkdir(mode=0o700, parents=True, exist_ok=True)  # customers' messages will lie here
        lock = (found.data / "switchboard.lock").open("a+")
    except OSError as error:
        fail(f"The data folder {found.data} cannot be used: {error.strerror} (SWITCHBOARD_DATA)")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            fail(
                f"Switchboard runs in {found.data} already, process {lock.read().strip()}: another needs another SWITCHBOARD_DATA"
            )
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def start_up(found: Settings) -> None:
    """Make everything ready that the processes rely on."""
    logs.configure(found)
    with in_words(), desk.opened(found) as db:
        with db.begin() as connection:
            revision = current(connection)
        if revision != newest():
            from inbox.migrate import migrate

            migrate(db)
    assert found.key  # made before several processes ask for it


def first_owner(found: Settings, email: str) -> str:
    """Make an owner if nobody works here yet; the password, else nothing."""
    password = secrets.token_urlsafe(9)
    with in_words(), desk.opened(found) as db, db.begin() as connection:
        if connection.scalar(sa.select(t.managers.c.id).limit(1)) is not None:
            return ""
        add_person(connection, datetime.now().astimezone(), found, email, "", "owner", password)
    return password


def add_person(connection: sa.Connection, now: datetime, found: Settings, email: str, name: str, role: str, password: str) -> int:
    """Add a manager with a password."""
    passwords = Passwords()
    hashed = passwords.hash_now(password)
    passwords.close()
    return people.add_manager(connection, now, email=email, name=name, role=role, password_hash=hashed, language=found.language)
