"""`switchboard broadcast ...`: one text to everybody with a tag, watched as it goes out."""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from inbox import broadcasts
from inbox import schema as t
from inbox.cli import desk, paper
from inbox.cli.words import fail
from inbox.house import House

app = typer.Typer(name="broadcast", help="Broadcasts: send, watch, pause, resume, cancel.", no_args_is_help=True)
_NUMBER = typer.Argument(..., metavar="ID", help="The broadcast's id, see `switchboard broadcast list`.")
_AS_JSON = typer.Option(False, "--json", help="Print JSON for programs.")
_B = t.broadcasts.c
_BEAT = 0.5


@app.command(
    "send", epilog='Example: switchboard broadcast send --tag autumn --text "Hello {{ name }}, the sale has begun" --watch'
)
def send(
    tag: str = typer.Option(..., help="Everybody with this tag gets it once, by the way they used last."),
    text: str = typer.Option("", help="The text; {{ name }} and other fields of the card may stand in it."),
    file: Path | None = typer.Option(None, help="Read the text from a file, - for standard input."),
    name: str = typer.Option("", help="What to call it. Default: the tag and the time."),
    subject: str | None = typer.Option(None, help="Subject where it goes out as mail."),
    channel: int | None = typer.Option(None, help="Only by this channel."),
    given: list[str] = typer.Option([], "--var", metavar="KEY=VALUE", help="A variable of the text. Repeat it."),
    yes: bool = typer.Option(False, "--yes", help="Do not ask."),
    watch: bool = typer.Option(False, "--watch", help="Stay and show how it goes out."),
    as_json: bool = _AS_JSON,
) -> None:
    """Send a text to everybody with a tag. Who said stop, or got it already, is left out."""
    body = paper.text_of(file) if file else text
    if not body.strip():
        fail("Write the text with --text, or name a file with --file", 2)
    variables = paper.pairs(given, "--var")
    if not yes:
        _confirm(body, tag, channel, variables)
    name = name or f"{tag} {datetime.now(UTC):%Y-%m-%d %H:%M}"

    def begin(connection: sa.Connection, now: datetime) -> int:
        number = broadcasts.create(
            connection, now, name=name, body=body, tag=tag, channel_id=channel, subject=subject, variables=variables
        )
        broadcasts.start(connection, now, number)
        return number

    number = desk.write(begin)
    if not as_json:
        typer.echo(f"Broadcast {number} has begun.")
    if watch:
        desk.run(lambda house: _watch(house, number))
    if as_json:
        paper.show_json(desk.read(_one, number))


@app.command("list")
def list_broadcasts(as_json: bool = _AS_JSON) -> None:
    """List the broadcasts, newest first, with how many people are in which state."""
    paper.show(desk.read(_all), as_json, "There are no broadcasts.")


@app.command("watch")
def watch(number: int = _NUMBER) -> None:
    """Show how a broadcast goes out, until it is done. Ctrl-C ends the watching, not the broadcast."""
    desk.run(lambda house: _watch(house, number))


@app.command("pause")
def pause(number: int = _NUMBER) -> None:
    """Send nothing more until it is resumed."""
    desk.write(broadcasts.pause, number)
    typer.echo(f"Broadcast {number} is paused.")


@app.command("resume")
def resume(number: int = _NUMBER) -> None:
    """Go on after a pause: nobody gets it twice."""
    desk.write(broadcasts.start, number)
    typer.echo(f"Broadcast {number} goes on.")


@app.command("cancel")
def cancel(number: int = _NUMBER) -> None:
    """End it: who has not got it will not."""
    desk.write(broadcasts.cancel, number)
    typer.echo(f"Broadcast {number} is cancelled.")


def _confirm(body: str, tag: str, channel: int | None, variables: dict[str, str]) -> None:
    """Show what would happen and ask."""
    seen = desk.write(broadcasts.preview, body=body, audience=tag, channel_id=channel, variables=variables)
    left_out = ", ".join(f"{count} {reason}" for reason, count in seen.skipped.items())
    typer.echo(f"{seen.people} people get it{f'; left out: {left_out}' if left_out else ''}.", err=True)
    for each in seen.sample[:1]:
        typer.echo(f"{each['name'] or each['contact_id']} would read: {each['text']}", err=True)
    if not seen.people:
        fail(f"Nobody would get it: has anybody the tag {tag!r}?")
    typer.confirm("Send it?", abort=True, err=True)


async def _watch(house: House, number: int) -> None:
    """A bar with the counts by state on a terminal; elsewhere a line whenever they change."""
    await house.db.read(_one, number)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[counts]}"))
    shown = ""
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("", total=None, counts="")
        while True:
            now = await house.db.read(_one, number)
            counts = ", ".join(f"{state} {count}" for state, count in now["people"].items() if count)
            gone = now["planned"] - now["people"]["waiting"] - now["people"]["queued"]
            total = now["planned"] if now["state"] != "planning" else None
            progress.update(bar, description=now["state"], completed=gone, total=total, counts=counts)
            if progress.disable and shown != (shown := f"{now['state']}: {counts or 'nobody yet'}"):
                typer.echo(shown, err=True)
            if now["state"] in ("done", "cancelled", "paused"):
                return
            await asyncio.sleep(_BEAT)


def _one(connection: sa.Connection, number: int) -> dict[str, Any]:
    row = (
        connection.execute(sa.select(_B.id, _B.name, _B.tag, _B.state, _B.planned).where(_B.id == number))
        .mappings()
        .one_or_none()
    )
    if row is None:
        raise LookupError(f"There is no broadcast {number}")
    return dict(row) | {"people": broadcasts.progress(connection, number)}


def _all(connection: sa.Connection) -> list[dict[str, Any]]:
    columns = (_B.id, _B.name, _B.tag, _B.state, _B.created_at)
    rows = connection.execute(sa.select(*columns).order_by(_B.id.desc()).limit(200)).mappings().all()
    return [{**row, **broadcasts.progress(connection, row["id"])} for row in rows]
