"""`switchboard contacts ...`: take a file of people in, watched by a bar; take a list of them out."""

import asyncio
import csv
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from inbox.cli import desk as office
from inbox.cli import leaving, paper
from inbox.cli.words import fail
from inbox.house import House
from inbox.imports import desk, drain, reading, vcards
from inbox.refusals import Refusal
from inbox.views import contacts, exports
from inbox.views import imports as views

app = typer.Typer(name="contacts", help="People: take files of them in, take lists of them out.", no_args_is_help=True)
_AS_JSON = typer.Option(False, "--json", help="Print JSON for programs.")
_BEAT = 0.3
_ENDED = ("checked", "done", "undone", "failed", "stopped")


@app.command("import", epilog="Example: switchboard contacts import people.csv --country RU --map 'Mobile=phone' --try")
def take_in(
    file: Path = typer.Argument(..., exists=True, dir_okay=False, readable=True, help="CSV, XLSX or vCard."),
    given: list[str] = typer.Option(
        [],
        "--map",
        metavar="HEADING=TARGET",
        help="What a column becomes: name, phone, email, tags, field:city …; empty: nothing.",
    ),
    country: str = typer.Option("", help="Country of phones without a code, like RU."),
    existing: str = typer.Option("fill", help="Who is here already: fill gaps, replace, or skip."),
    tags: list[str] = typer.Option([], "--tag", help="A tag for everybody. Repeat it."),
    verified: bool = typer.Option(False, "--verified", help="The people confirmed these addresses: they join cards."),
    trial: bool = typer.Option(False, "--try", help="Change nobody, only say what would happen."),
    errors: Path | None = typer.Option(None, help="Write the rows that were wrong there, as CSV."),
    as_json: bool = _AS_JSON,
) -> None:
    """Take people in from a file. What was guessed of the columns is said first; the whole can be undone."""
    mapping = paper.pairs(given, "--map")
    options = {"country": country.upper(), "existing": existing, "verified": verified, "tags": tags}
    if existing not in ("fill", "replace", "skip"):
        fail("--existing is fill, replace or skip", 2)
    done = office.run(lambda house: _take_in(house, file, mapping, options, trial, errors))
    counts = done.checked if trial and done.checked else done.counts
    if as_json:
        paper.show_json(
            {"id": done.id, "state": done.state, **{n: getattr(counts, n) for n in ("new", "matched", "unchanged", "wrong")}}
        )
    else:
        words = f"{counts.new} new, {counts.matched} changed, {counts.unchanged} unchanged, {counts.wrong} wrong"
        typer.echo(f"Import {done.id} is {done.state}: {words}.")
    if done.state == "failed":
        fail(done.error)


@app.command("undo")
def undo(number: int = typer.Argument(..., metavar="ID", help="The import's id.")) -> None:
    """Take back everything that an import did."""
    office.write(lambda connection, now: desk.undo(connection, now, None, number))
    done = office.run(lambda house: _work(house, number))
    typer.echo(
        f"{done.counts.removed} removed, {done.counts.restored} restored, {done.counts.kept} kept because they are in use."
    )


app.command("erase")(leaving.erase)
app.command("keep")(leaving.keep)
app.command("compact")(leaving.compact)


@app.command("export", epilog="Example: switchboard contacts export --tag vip > vip.csv")
def take_out(
    number: str = typer.Argument("", metavar="[NUMBER]", help="Everything about this person, as a ZIP, instead of a list."),
    tag: str | None = typer.Option(None, help="Only people with this tag."),
    q: str = typer.Option("", "--q", help="Only people who are found by this."),
    form: str = typer.Option("csv", "--format", help="csv or vcard."),
    to: Path | None = typer.Option(None, "--to", help="Where the ZIP goes; NUMBER.zip unless said otherwise."),
) -> None:
    """Write people to standard output, as CSV or vCards; or everything about one person into a ZIP."""
    if number:
        leaving.write_dossier(number, to)
        return
    if form not in ("csv", "vcard"):
        fail("--format is csv or vcard; spreadsheets are taken out in the app", 2)
    office.run(lambda house: _take_out(house, contacts.Filter(q=q, tag=tag), form))


async def _take_in(
    house: House, file: Path, mapping: dict[str, str], options: dict[str, Any], trial: bool, errors: Path | None
) -> views.Import:
    kept = drain.folder(house.settings.data) / token_hex(16)
    kept.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(shutil.copyfile, file, kept)
    try:
        seen = await asyncio.to_thread(reading.inspect, kept, file.name)
        number = await house.db.run(_add, datetime.now(UTC), file, kept, seen, mapping, options)
    except Refusal as error:
        kept.unlink(missing_ok=True)
        fail(error.detail)
    for column in (await house.db.read(views.one, number)).columns:
        typer.echo(f"{column.heading} → {column.target or '(left out)'}", err=True)
    begin = desk.check if trial else _start
    await house.db.run(begin, datetime.now(UTC), number)
    done = await _work(house, number)
    if errors is not None:
        with errors.open("w", newline="", encoding="utf-8-sig") as out:
            await _write_errors(house, number, out)
    return done


def _add(
    connection: Any,
    now: datetime,
    file: Path,
    kept: Path,
    seen: reading.Inspected,
    mapping: dict[str, str],
    options: dict[str, Any],
) -> int:
    number = desk.add(connection, now, None, file.name, kept.name, kept.stat().st_size, seen)
    guessed = desk.require(connection, number).mapping
    for heading, target in mapping.items():
        if heading not in seen.headings:
            fail(f"The file has no column {heading!r}: it has {', '.join(seen.headings)}", 2)
        guessed = {**guessed, str(seen.headings.index(heading)): target}
    desk.change(connection, now, number, {"mapping": guessed, **options})
    return number


def _start(connection: Any, now: datetime, number: int) -> None:
    desk.start(connection, now, None, number)


async def _work(house: House, number: int) -> views.Import:
    """Until it is done, by this process if no worker has it; a bar shows how far it is."""
    working = asyncio.create_task(drain.drain(house))
    try:
        with _bar() as show:
            while True:
                found = await house.db.read(views.one, number)
                show(found)
                if found.state in _ENDED:
                    return found
                await asyncio.wait([working], timeout=_BEAT)
                if working.done():
                    working.result()
                    working = asyncio.create_task(asyncio.sleep(_BEAT))
    finally:
        working.cancel()


@contextmanager
def _bar() -> Iterator[Any]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        bar = progress.add_task("", total=None)
        yield lambda found: progress.update(bar, description=found.state, completed=found.place, total=found.total)


async def _write_errors(house: House, number: int, out: TextIO) -> None:
    writer, after = csv.writer(out), 0
    names = await house.db.read(views.headings, number)
    writer.writerow(["row", "problem", *names])
    while rows := await house.db.read(views.wrong, number, after):
        writer.writerows([row.row, "; ".join(p.message for p in row.problems), *row.cells] for row in rows)
        after = rows[-1].row


async def _take_out(house: House, wanted: contacts.Filter, form: str) -> None:
    keys: Sequence[str] = await house.db.read(exports.field_keys)
    writer, cursor = csv.writer(sys.stdout), None
    if form == "csv":
        writer.writerow([*exports.HEADINGS, *keys])
    while True:
        page = await house.db.read(contacts.page, wanted, cursor, 200)
        if form == "csv":
            writer.writerows(exports.table(page.items, keys))
        else:
            sys.stdout.writelines(_vcard(each) for each in page.items)
        cursor = page.next
        if cursor is None:
            return


def _vcard(each: contacts.Contact) -> str:
    by_kind = {kind: [i.address for i in each.identities if i.kind == kind] for kind in ("phone", "email")}
    fields = exports.words(each)
    return vcards.card(
        name=each.name, number=each.number, phones=by_kind["phone"], emails=by_kind["email"], tags=each.tags, fields=fields
    )
