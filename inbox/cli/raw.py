"""`switchboard raw ...`: what providers delivered, exactly as it came, and how to take it in again."""

import base64
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa
import typer
from rich.progress import Progress

from inbox import schema as t
from inbox.cli import desk, paper
from inbox.cli.words import complain, fail
from inbox.house import House
from inbox.replay import Replayed, raw_row, raw_shown, replay_raw

app = typer.Typer(name="raw", help="Raw deliveries as they came: list, show, replay.", no_args_is_help=True)
_R = t.raw_bodies.c
_STATES = ("done", "partial", "failed")
_STATE = typer.Option("", help=f"Only those: {', '.join(_STATES)}.")
_CHANNEL = typer.Option(None, help="Only this channel's.")


@app.command("list", epilog="Example: switchboard raw list --state failed")
def list_raw(
    state: str = _STATE,
    channel: int | None = _CHANNEL,
    limit: int = typer.Option(50, min=1, max=10_000, help="The newest so many."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for programs."),
) -> None:
    """List deliveries, newest first: done, partial (some of it could not be read) or failed."""
    paper.show(desk.read(_rows, _known(state), channel, limit), as_json, "Nothing has come in.")


@app.command("show")
def show(number: int = typer.Argument(..., metavar="ID")) -> None:
    """Print a delivery with its body and what it is read as. It holds what customers wrote: mind where you paste it."""
    paper.show_json(desk.run(lambda house: _whole(house, number)))


@app.command("replay", epilog="Example: switchboard raw replay 17 18; switchboard raw replay --state failed")
def replay(
    numbers: list[int] | None = typer.Argument(None, metavar="ID...", help="Deliveries to take in again."),
    state: str = _STATE,
    channel: int | None = _CHANNEL,
) -> None:
    """Take deliveries in again, oldest first. What is stored already stays as it is, so repeating does no harm."""
    if not numbers and not state:
        fail("Name deliveries by id, or all in a state: --state failed", 2)
    chosen = numbers or sorted(row["id"] for row in desk.read(_rows, _known(state), channel, 1_000_000))
    new, failed = desk.run(lambda house: _replay(house, chosen))
    typer.echo(f"Replayed {len(chosen) - failed} of {len(chosen)}: {new} new messages.")
    if failed:
        raise typer.Exit(1)


async def _replay(house: House, numbers: list[int]) -> tuple[int, int]:
    """(new messages, deliveries that could not be taken in). One that fails does not keep the others waiting."""
    new = failed = 0
    with Progress(transient=True, disable=len(numbers) < 20) as progress:
        for number in progress.track(numbers, description="Replaying"):
            try:
                found = await replay_raw(house, number)
            except LookupError as error:
                found = Replayed(error=str(error))
            new += found.stored
            if found.error:
                complain(f"{number}: {found.error}")
                failed += 1
    return new, failed


def _known(state: str) -> str:
    if state and state not in _STATES:
        fail(f"--state: write one of {', '.join(_STATES)}", 2)
    return state


def _rows(connection: sa.Connection, state: str, channel: int | None, limit: int) -> list[dict[str, Any]]:
    columns = (_R.id, _R.channel_id, _R.received_at, _R.state, _R.events, sa.func.length(_R.body).label("bytes"), _R.error)
    query = sa.select(*columns).order_by(_R.id.desc()).limit(limit)
    query = query.where(_R.state == state) if state else query
    query = query.where(_R.channel_id == channel) if channel is not None else query
    return [dict(row) for row in connection.execute(query).mappings()]


async def _whole(house: House, number: int) -> dict[str, Any]:
    """Without secrets. What is no text comes as it is."""
    shown = asdict(await raw_shown(house, number))
    body = bytes((await house.db.read(raw_row, number)).body)
    try:
        body.decode()
    except UnicodeDecodeError:
        del shown["body"]
        return shown | {"body_base64": base64.b64encode(body).decode()}
    return shown
