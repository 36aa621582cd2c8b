"""`switchboard demo`: a whole company in a minute, with stand-ins for the providers and customers who write by themselves."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import socket
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import typer

from bots.library import sources
from inbox import accounts, flows, logs, people, probe, supervise
from inbox import schema as t
from inbox.care import connecting
from inbox.cli import desk, family, past, running
from inbox.cli.words import fail, in_words
from inbox.house import House, open_house
from inbox.settings import Settings
from inbox.supervise import Child

MEMORY = "demo.json"
"""In the data folder: says that this is a demo, and remembers its password and channels."""
HOST, PHONES_PORT = "127.0.0.1", 8090
OWNER, OPERATOR = ("vera@demo.example", "Vera"), ("pavel@demo.example", "Pavel")
PHONES = "phones"
"""In the data folder: what the customers' phones remember."""
_OURS = ("switchboard.db", "switchboard.db-wal", "switchboard.db-shm", "write.lock", "files", "spool", "valkey", PHONES, MEMORY)


def register(app: typer.Typer) -> None:
    """Add the command, and the hidden one that runs the phones, to the program."""
    app.command(epilog="Keep it away from real data: SWITCHBOARD_DATA=demo switchboard demo")(demo)
    app.command("demo-phones", hidden=True)(phones)


def demo(
    port: int | None = typer.Option(None, min=0, max=65535, help="Port of the web server. Default: SWITCHBOARD_PORT, 8080."),
    phones_port: int = typer.Option(
        PHONES_PORT, min=0, max=65535, help="Port of the customers' phones; a free one if it is taken."
    ),
    fresh: bool = typer.Option(False, "--fresh", help="Forget the last demo and begin anew."),
    life: bool = typer.Option(True, help="Customers write by themselves."),
    watched: bool = running.RELOAD,
) -> None:
    """Run everything with five connected channels, bots, two managers, and invented customers whose phones you can use."""
    found = running.with_port(desk.settings(), port)
    with running.alone(found):
        if fresh:
            forget(found)
        running.start_up(found)
        password = furnish(found)
        at = _free(phones_port)
        page = f"http://{HOST}:{at}"
        command = family.ours(
            "demo-phones", "--port", str(found.port), "--phones-port", str(at), "--life" if life else "--no-life"
        )
        customers = Child(name="phones", command=command)

        def ready() -> None:
            typer.echo(f"The app:             {found.base_url}")
            typer.echo(f"Sign in as           {OWNER[0]} (owner) or {OPERATOR[0]} (operator), password {password}")
            typer.echo(f"Customers' phones:   {page}")
            typer.echo(f"Data, kept:          {found.data.resolve()}   (--fresh begins anew; Ctrl-C ends it)")

        # The worker begins last and ends first: it polls the stand-ins. They start beside the web server, then wait for it.
        served = [replace(each, ready=lambda: family.healthy(found) and _connected(at)) for each in family.web(found, 1)]
        children = [*family.house(found), customers, *served, *family.workers(found, 1)]
        family.keep(children, ready, watched=watched)


def phones(
    port: int = typer.Option(...), phones_port: int = typer.Option(...), life: bool = True, supervised: bool = False
) -> None:
    """Run the providers' stand-ins and connect our channels to them."""
    if supervised:
        supervise.die_with_parent()
    found = desk.settings().model_copy(update={"port": port})
    logs.configure(found)
    asyncio.run(_live(found, phones_port, life))


async def _live(found: Settings, phones_port: int, life: bool) -> None:
    from channels.sandbox.app import Sandbox

    ending = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, ending.set)
    async with open_house(found, "demo") as house, Sandbox(phones_port, memory=found.data / PHONES) as sandbox:
        while not await asyncio.to_thread(family.healthy, found):  # noqa: ASYNC110 another process has no event for us
            await asyncio.sleep(0.05)
        numbers = {kind: await _connect(house, kind, values) for kind, values in sandbox.settings().items()}
        await sandbox.connect({kind: connecting.webhook(found.base_url, number) for kind, number in numbers.items()})
        for number in numbers.values():
            await connecting.introduce(house, number)
        if life:
            await _remember_past(house)
            sandbox.live(seed=recall(found)["starts"])
        await ending.wait()


async def _remember_past(house: House) -> None:
    """Once: what the shop has known before anybody writes."""
    memory = recall(house.settings)
    if not memory.get("past"):
        await past.tell(house, OWNER[0])
        remember(house.settings, memory | {"past": True})


async def _connect(house: House, kind: str, values: dict[str, str]) -> int:
    """The demo's channel of this kind: made once, then only told where its stand-in listens today."""
    memory, now = recall(house.settings), datetime.now(UTC)
    known = memory["channels"].get(kind)
    connected = {channel.id for channel in await house.db.read(accounts.load_all, house.vault)}
    if known in connected:
        await house.db.run(accounts.change, now, house.vault, known, values=values)
        return int(known)
    number = await house.db.run(accounts.add, now, house.vault, kind, f"Demo {kind}", values)
    memory["channels"][kind] = number
    remember(house.settings, memory)
    return number


def furnish(found: Settings) -> str:
    """Two managers, a team and the starter flows, once. Returns the managers' password."""
    memory = recall(found)
    if not memory:
        memory = {"password": secrets.token_urlsafe(6), "channels": {}, "starts": 0}
        with in_words(), desk.opened(found) as db, db.begin() as connection:
            _refuse_real(connection, found)
            now = datetime.now(UTC)
            _hire(connection, now, found, memory["password"])
            for name, source in sources().items():
                flows.put(connection, now, source, enabled=name == "welcome")
    remember(found, memory | {"starts": memory["starts"] + 1})
    return str(memory["password"])


def _hire(connection: sa.Connection, now: datetime, found: Settings, password: str) -> None:
    hired = [
        running.add_person(connection, now, found, email, name, role, password)
        for (email, name), role in ((OWNER, "owner"), (OPERATOR, "operator"))
    ]
    people.add_team(connection, now, "Support", hired, None)


def _refuse_real(connection: sa.Connection, found: Settings) -> None:
    """Invented customers have no business in a real company's database."""
    for table in (t.channels, t.contacts, t.managers):
        if connection.scalar(sa.select(table.c.id).limit(1)) is not None:
            fail(f"{found.data} holds an installation of its own: give the demo another, SWITCHBOARD_DATA=demo switchboard demo")


def forget(found: Settings) -> None:
    """Remove the last demo; never anything that is not a demo."""
    if not recall(found):
        if (found.data / "switchboard.db").exists():
            fail(f"{found.data} holds no demo, so nothing is removed: choose another folder with SWITCHBOARD_DATA")
        return
    if not found.sqlite:
        fail("--fresh removes files only: give the demo an empty database with SWITCHBOARD_DATABASE_URL")
    for name in _OURS:
        path = found.data / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def recall(found: Settings) -> dict[str, Any]:
    """What the demo remembers; {} if there is no demo here."""
    try:
        return dict(json.loads(_memory(found).read_text()))
    except FileNotFoundError:
        return {}


def remember(found: Settings, memory: dict[str, Any]) -> None:
    """Replace the memory whole. It holds a password: only its owner may read it."""
    fresh = _memory(found).with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(memory, file)
    fresh.replace(_memory(found))


def _memory(found: Settings) -> Path:
    return found.data / MEMORY


def _free(port: int) -> int:
    """The port, or a free one if another program has it."""
    for wanted in (port, 0):
        with closing(socket.socket()) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((HOST, wanted))
                return int(trial.getsockname()[1])
            except OSError:
                continue
    raise OSError("No port is free")


def _connected(port: int) -> bool:
    """Whether the stand-ins know where to deliver. (Telegram's is polled: it knows of nothing.)"""
    found = probe.get(HOST, port, "/phones")
    return found is not None and any(json.loads(found)["connected"].values())
