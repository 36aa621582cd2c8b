"""`switchboard contacts duplicates`: look through everybody for cards that may be one person."""

import typer

from inbox.cli.rounds import look_through
from inbox.duplicates import through


def register(app: typer.Typer) -> None:
    """Add the command to those of `switchboard contacts`."""
    app.command("duplicates", epilog="Example: switchboard contacts duplicates")(duplicates)


def duplicates(begin: bool = typer.Option(False, "--begin", help="Only begin; a running worker goes on with it.")) -> None:
    """Look through everybody for cards that may be one person. Nothing is merged: a person decides on the page."""
    run = look_through(through.begin, through.step, "Looking", only_begin=begin)
    if run is not None:
        typer.echo(f"Looked at {run.looked} people: {run.found} new pairs may be one person. Decide at /duplicates.")
