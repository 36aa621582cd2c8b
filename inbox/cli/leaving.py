"""`switchboard contacts erase | keep | compact`, and the dossier that `contacts export NUMBER` writes."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import typer

from inbox import schema as t
from inbox.cli import desk as office
from inbox.cli.words import fail
from inbox.house import House
from inbox.leaving import archive, asking, compacting, dossier, drain
from inbox.record import record

_NUMBER = typer.Argument(..., metavar="NUMBER", help="The personal number on the card, like 261122-094501-0042.")


def erase(
    number: str = _NUMBER,
    days: int = typer.Option(asking.PAUSE, min=0, max=asking.LONGEST, help="Days in which it can be taken back; 0: at once."),
    sure: str = typer.Option("", "--sure", metavar="NUMBER", help="The number once more, instead of being asked."),
) -> None:
    """Erase a person: what was said, names, addresses, files. That something was said, and when, stays for the reports."""
    typed = sure or typer.prompt("This cannot be undone once it has begun. Type the personal number again")
    contact_id = _contact(number)
    office.write(lambda connection, now: asking.ask(connection, now, None, contact_id, typed, days))
    if days:
        typer.echo(f"Contact {contact_id} will be erased in {days} days. Until then: switchboard contacts keep {number}")
        return
    state = office.run(lambda house: _work(house, contact_id))
    typer.echo(f"Contact {contact_id} was erased." if state == "done" else "It waits for a worker: start `switchboard up`.")


def keep(number: str = _NUMBER) -> None:
    """Take an erasure back while its pause lasts."""
    contact_id = _contact(number)
    office.write(lambda connection, now: asking.take_back(connection, now, None, contact_id))
    typer.echo(f"Contact {contact_id} stays.")


def compact() -> None:
    """Rewrite a large SQLite database after erasures, so that no old bytes are left. Deliveries wait in the spool meanwhile."""
    done = office.run(lambda house: compacting.compact(house, datetime.now(UTC)))
    typer.echo("The database was rewritten." if done else "There is nothing to do.")


def write_dossier(number: str, to: Path | None) -> None:
    """Everything about one person, as a ZIP."""
    contact_id = _contact(number)
    path = to or Path(f"{number}.zip")
    office.run(lambda house: _write(house, contact_id, path))
    typer.echo(str(path))


async def _write(house: House, contact_id: int, path: Path) -> None:
    now = datetime.now(UTC)
    who = await house.db.read(dossier.person, contact_id)
    await house.db.run(lambda connection: record(connection, now, "contact.exported", contact_id=contact_id))
    with path.open("wb") as out:
        async for part in archive.archive(house.db.read, house.store, who, now):
            out.write(part)


async def _work(house: House, contact_id: int) -> str:
    """By this process; what needs Valkey waits for a worker."""
    await drain.drain(house)
    row: Any = await house.db.read(asking.last_of, contact_id)
    return str(row.state)


def _contact(number: str) -> int:
    found = office.read(_find, number)
    if found is None:
        fail(f"There is nobody with the number {number}")
    return found


def _find(connection: sa.Connection, number: str) -> int | None:
    return connection.scalar(sa.select(t.contacts.c.id).where(t.contacts.c.number == number))
