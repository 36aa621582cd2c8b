"""Look through everybody from a terminal, with progress."""

from collections.abc import Callable
from datetime import UTC, datetime

import sqlalchemy as sa
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from inbox.card.rounds import Run
from inbox.cli import desk
from inbox.house import House

Begin = Callable[[sa.Connection, datetime, int | None], int]
Step = Callable[[sa.Connection, datetime, int], Run]


def look_through(begin: Begin, step: Step, title: str, *, only_begin: bool) -> Run | None:
    """Begin, and go on to the end unless a worker shall do that; what came of it."""
    if only_begin:
        number = desk.write(begin, None)
        typer.echo(f"Look {number} has begun.")
        return None

    async def look(house: House) -> Run:
        bars = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*bars, console=Console(stderr=True), transient=True) as progress:
            number = await house.db.run(begin, datetime.now(UTC), None)
            bar = progress.add_task(title, total=None)
            while True:
                run = await house.db.run(step, datetime.now(UTC), number)
                progress.update(bar, total=run.total, completed=run.looked)
                if run.finished_at is not None:
                    return run

    return desk.run(look)
