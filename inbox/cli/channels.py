"""`switchboard channel ...`: connect the company's accounts. A running installation notices each change within a second."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import typer
from pydantic import SecretStr

from channels.registry import connector_type, kinds
from inbox import accounts
from inbox import schema as t
from inbox.care import checking, connecting, trial
from inbox.cli import desk, paper
from inbox.cli.words import fail, warn
from inbox.house import House

app = typer.Typer(name="channel", help="Connected accounts: a WhatsApp number, a bot, a mailbox ...", no_args_is_help=True)
_AS_JSON = typer.Option(False, "--json", help="Print JSON for programs.")
_SET = typer.Option([], "--set", metavar="KEY=VALUE", help="A setting of the kind, see `channel kinds`. Repeat it.")
_MORE = typer.Argument(
    None, metavar="[KEY=VALUE]...", help="Further settings; one --set may stand before several.", show_default=False
)
_STDIN = typer.Option(
    False, "--set-stdin", help="Read further KEY=VALUE lines from standard input: secrets stay out of the process list."
)
_NUMBER = typer.Argument(..., metavar="ID", help="The channel's id, see `switchboard channel list`.")
_WHICH = typer.Argument(..., metavar="ID|NAME", help="The channel's id or its name, see `switchboard channel list`.")
_MARKS = {"ok": "✓", "warning": "!", "error": "✗"}
_COLORS = {"ok": None, "warning": "yellow", "error": "red"}
_STATES = {"on": "ok", "off": "disabled"}


@app.command("kinds")
def list_kinds(as_json: bool = _AS_JSON) -> None:
    """List the kinds of channels and the settings each takes."""
    if as_json:
        paper.show_json([{"kind": kind, "title": connector_type(kind).title, "settings": _fields(kind)} for kind in kinds()])
        return
    for kind in kinds():
        typer.secho(f"{kind}: {connector_type(kind).title}", bold=True)
        for field in _fields(kind):
            notes = ", ".join(word for word in ("required", "secret") if field[word])
            typer.echo(f"  {field['name']:<18}{field['description']}" + (f" ({notes})" if notes else ""))


@app.command("add", epilog="Example: switchboard channel add telegram --name Support --set token=123:ABC")
def add(
    kind: str = typer.Argument(..., help=f"One of {', '.join(kinds())}."),
    name: str = typer.Option(..., help="What operators see."),
    more: list[str] = _MORE,
    given: list[str] = _SET,
    set_stdin: bool = _STDIN,
) -> None:
    """Connect an account and print its id and the address to which the provider delivers, as JSON."""
    values = _values([*given, *(more or [])], set_stdin)

    async def job(house: House) -> dict[str, Any]:
        number = await house.db.run(accounts.add, datetime.now(UTC), house.vault, kind, name, values)
        return await _introduced(house, number)

    paper.show_json(desk.run(job))


@app.command("list")
def list_channels(as_json: bool = _AS_JSON) -> None:
    """List the connected channels and how they are."""
    base = desk.settings().base_url
    found = desk.run(lambda house: house.db.read(accounts.load_all, house.vault))
    rows: list[dict[str, Any]] = [
        {
            "id": c.id,
            "kind": c.kind,
            "name": c.name,
            "state": c.state,
            "webhook": connecting.webhook(base, c.id),
            "error": c.error,
        }
        for c in found
    ]
    paper.show(rows, as_json, "No channel is connected yet: switchboard channel add KIND --name NAME --set key=value")


@app.command(
    "change", epilog="Example: switchboard channel change 3 --set token=123:NEW; switchboard channel change 3 --state off"
)
def change(
    number: int = _NUMBER,
    name: str | None = typer.Option(None, help="A new name."),
    state: str | None = typer.Option(None, help="on or off."),
    more: list[str] = _MORE,
    given: list[str] = _SET,
    set_stdin: bool = _STDIN,
) -> None:
    """Change settings, the name, or switch a channel off and on. What is not given keeps its value."""
    if state is not None and state not in _STATES:
        fail("--state: write on or off", 2)
    values = _values([*given, *(more or [])], set_stdin) or None
    new_state = _STATES[state] if state else None

    async def job(house: House) -> dict[str, Any]:
        await house.db.run(accounts.change, datetime.now(UTC), house.vault, number, name=name, values=values, state=new_state)
        return await _introduced(house, number) if values else {"id": number}

    paper.show_json(desk.run(job))


@app.command("check", epilog="Example: switchboard channel check Support")
def check(channel: str = _WHICH, as_json: bool = _AS_JSON) -> None:
    """Look at everything that can be wrong with a channel and say what to do about it. Exit code 1 if something does not work.

    Token, permissions, webhook address, mail servers, our clock, what came in and what waits. Also tells the provider our
    address again.
    """
    looked = desk.run(lambda house: _looked(house, channel))
    if as_json:
        paper.show_json({"ok": looked.ok, "problem": looked.problem or None, "checks": [asdict(each) for each in looked.checks]})
    else:
        for each in looked.checks:
            typer.secho(f"{_MARKS[each.state]} {each.name:<12} {each.text}", fg=_COLORS[each.state])
            if each.mend and each.state != "ok":
                typer.echo(f"  {'':<12} {each.mend}")
    if not looked.ok:
        raise typer.Exit(1)


async def _looked(house: House, channel: str) -> checking.Looked:
    return await checking.look(house, await house.db.read(_find, house.vault, channel))


@app.command("test", epilog="Example: switchboard channel test Support +4930901820")
def send_test(
    channel: str = _WHICH,
    address: str = typer.Argument(..., help="A phone number, a mail address; elsewhere one that has written already."),
    text: str = typer.Option("", help="What to say instead of the usual sentence."),
    by: str = typer.Option("", metavar="EMAIL", help="Who sends it; without it, the first owner."),
) -> None:
    """Send a real message to an address, to see whether the channel works; `switchboard worker` delivers it."""

    async def job(house: House) -> dict[str, int]:
        number = await house.db.read(_find, house.vault, channel)
        sender = await house.db.read(_sender, by)
        return asdict(await house.db.run(trial.send, datetime.now(UTC), sender, number, address, text))

    paper.show_json(desk.run(job))


def _find(connection: sa.Connection, vault: accounts.Vault, which: str) -> int:
    """A channel by its id or its name. Raises LookupError."""
    found = accounts.load_all(connection, vault)
    if which.isdigit():
        return accounts.load(connection, vault, int(which)).id
    named = [each.id for each in found if each.name.casefold() == which.casefold()]
    if len(named) > 1:
        raise LookupError(f"{len(named)} channels are named {which}: give the id, see `switchboard channel list`")
    if not named:
        raise LookupError(f"There is no channel {which}")
    return named[0]


def _sender(connection: sa.Connection, email: str) -> int:
    """Who sends a test message. Raises LookupError."""
    m = t.managers.c
    who = m.email == email.strip().lower() if email else m.role == "owner"
    number = connection.scalar(sa.select(m.id).where(who, m.disabled_at.is_(None)).order_by(m.id).limit(1))
    if number is None:
        raise LookupError(f"There is nobody with the address {email}" if email else "There is no owner yet: switchboard user add")
    return int(number)


@app.command("remove")
def remove(number: int = _NUMBER, yes: bool = typer.Option(False, "--yes", help="Do not ask.")) -> None:
    """Disconnect a channel: its history stays, nothing comes in or goes out any more."""
    if not yes:
        typer.confirm(f"Disconnect channel {number}?", abort=True)

    async def job(house: House) -> None:
        await house.db.read(accounts.load, house.vault, number)
        await house.db.run(accounts.remove, datetime.now(UTC), number)

    desk.run(job)
    typer.echo(f"Channel {number} is disconnected.")


async def _introduced(house: House, number: int) -> dict[str, Any]:
    """Introduce the channel to its provider; what the provider minds goes to stderr and into the result."""
    found = await connecting.introduce(house, number)
    result: dict[str, Any] = {"id": number, "webhook": found.webhook}
    if found.account is not None:
        result |= {"account": found.account.name, "address": found.account.address, "notes": list(found.account.notes)}
    for note in [*([found.error] if found.error else []), *result.get("notes", [])]:
        warn(note)
    return result | ({"error": found.error} if found.error else {})


def _values(given: list[str], from_stdin: bool) -> dict[str, Any]:
    lines = typer.get_text_stream("stdin").read().splitlines() if from_stdin else []
    return paper.pairs([*given, *(line for line in lines if line.strip())], "--set")


def _fields(kind: str) -> list[dict[str, Any]]:
    """The settings of a kind, as its form shows them."""
    return [
        {
            "name": info.alias or name,
            "required": info.is_required(),
            "secret": "SecretStr" in str(info.annotation) or info.annotation is SecretStr,
            "description": info.description or info.title or "",
            "default": None if info.is_required() or "SecretStr" in str(info.annotation) else _default(info),
        }
        for name, info in connector_type(kind).settings_type.model_fields.items()
    ]


def _default(info: Any) -> Any:
    """A field's default as JSON has it (`Any`: pydantic's field)."""
    value = info.get_default(call_default_factory=True)
    try:
        json.dumps(value)
    except TypeError:
        return str(value)
    return value
