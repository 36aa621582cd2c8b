"""`switchboard contacts check`: look through everybody for names, phones, mails and cities that look wrong."""

from datetime import UTC, datetime

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from inbox.cli import desk
from inbox.house import House
from inbox.quality import through


def register(app: typer.Typer) -> None:
    """Add the command to those of `switchboard contacts`."""
    app.command("check", epilog="Example: switchboard contacts check")(check)


def check(begin: bool = typer.Option(False, "--begin", help="Only begin; a running worker goes on with it.")) -> None:
    """Look through everybody for what looks wrong. Nothing is changed: a person decides on the page."""
    if begin:
        number = desk.write(through.begin, None)
        typer.echo(f"Look {number} has begun.")
        return
    run = desk.run(_look)
    typer.echo(f"Looked at {run.looked} people: {run.found} new findings. Mend them at /quality.")


async def _look(house: House) -> through.QualityRun:
    bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*bars, console=Console(stderr=True), transient=True) as progress:
        number = await house.db.run(through.begin, datetime.now(UTC), None)
        bar = progress.add_task("Checking", total=None)
        while True:
            run = await house.db.run(through.step, datetime.now(UTC), number)
            progress.update(bar, total=run.total, completed=run.looked)
            if run.finished_at is not None:
                return run
