"""`switchboard contacts check`: look through everybody for names, phones, mails and cities that look wrong."""

import typer

from inbox.cli.rounds import look_through
from inbox.quality import through


def register(app: typer.Typer) -> None:
    """Add the command to those of `switchboard contacts`."""
    app.command("check", epilog="Example: switchboard contacts check")(check)


def check(begin: bool = typer.Option(False, "--begin", help="Only begin; a running worker goes on with it.")) -> None:
    """Look through everybody for what looks wrong. Nothing is changed: a person decides on the page."""
    run = look_through(through.begin, through.step, "Checking", only_begin=begin)
    if run is not None:
        typer.echo(f"Looked at {run.looked} people: {run.found} new findings. Mend them at /quality.")
