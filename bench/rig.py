"""Start and stop what is measured: a fresh installation with one WhatsApp channel, as the processes that users run."""

import hashlib
import hmac
import itertools
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psutil
import sqlalchemy as sa
from pydantic import SecretStr

from bench.postgres import Server, database
from bench.wire import post
from inbox import accounts
from inbox import schema as t
from inbox.db import Database
from inbox.migrate import migrate
from inbox.settings import Settings
from inbox.store import ids
from inbox.valkey import command as valkey_command

SECRET = "bench-app-secret"
FLOW = """
version: 1
name: echo
languages: [en]
title: Echo
trigger: {first_message: true, fallback: true}
steps:
  - ask: "We got your message: {{ answer }}"
    label: again
    expect: any
    save_as: last
    goto: again
"""


class Rig:
    """One installation in a temporary folder; `url` is its database."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.settings = Settings(
            data=folder, port=free_port(), database_url=database_url, secret_key=SecretStr("bench"), log_level="error"
        )
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.pids: dict[str, int] = {}
        """Of all that works for this installation, its database and queue among them, by name."""
        self._numbers = itertools.count(1)

    def prepare(self, api_base: str) -> None:
        """Migrate; add the channel, an operator and the flow."""
        db, now = Database(self.settings), datetime.now(UTC)
        migrate(db)
        # What is measured is our own speed: the provider's limits, which delivery keeps by itself, are switched off.
        values = {
            "phone_number_id": "1", "access_token": "token", "app_secret": SECRET, "verify_token": "v", "api_base": api_base,
            "rate": 0,
        }  # fmt: skip
        with db.begin() as connection:
            channel = accounts.add(connection, now, accounts.Vault(self.settings.key), "whatsapp", "bench", values)
            assert channel == 1
            person = {"id": ids.one(connection, "managers"), "email": "o@example.org", "name": "O", "role": "operator"}
            connection.execute(sa.insert(t.managers), {**person, "created_at": now, "capacity": 1_000_000})
            flow = {"id": ids.one(connection, "flows"), "name": "echo", "language": "", "source": FLOW}
            connection.execute(sa.insert(t.flows), {**flow, "created_at": now, "changed_at": now})
        db.close()

    def start(self, *roles: str) -> None:
        """Start processes: `web`, `worker`."""
        for role in roles:
            code = f"from inbox import app, settings, work; {'app.serve' if role == 'web' else 'work.run'}(settings.load())"
            self.processes[role] = subprocess.Popen([sys.executable, "-c", code], env=self._environment())
            self.pids[role] = self.processes[role].pid
        if "web" in roles:
            wait_for_port(self.settings.port, self.processes["web"])

    def _environment(self) -> dict[str, str]:
        s = self.settings
        ours = {
            "DATA": str(s.data), "PORT": str(s.port), "DATABASE_URL": s.database_url, "SECRET_KEY": s.key,
            "LOG_LEVEL": s.log_level,
        }  # fmt: skip
        return os.environ | {f"SWITCHBOARD_{name}": value for name, value in ours.items()}

    def memory(self) -> dict[str, int]:
        """Resident bytes by process; PostgreSQL's many share theirs, which cannot be told apart, and are left out."""
        return {name: psutil.Process(pid).memory_info().rss for name, pid in self.pids.items() if name != "postgresql"}

    def stop(self) -> None:
        end([*self.processes.values()])
        self.processes = {}

    def requests(self, count: int, contacts: int, seed: int = 1) -> list[bytes]:
        """Signed webhooks with one text message each, from `contacts` people."""
        chance = random.Random(seed)
        return [self.request(chance.randrange(contacts), next(self._numbers)) for _ in range(count)]

    def request(self, contact: int, number: int) -> bytes:
        body = payload(contact, number)
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return post("/hooks/1", body, {"X-Hub-Signature-256": f"sha256={digest}"})

    def count(self, statement: sa.Select[int]) -> int:
        """A number from the database."""
        with self.database() as db, db.begin() as connection:
            return connection.execute(statement).scalar_one()

    @contextmanager
    def database(self) -> Iterator[Database]:
        db = Database(self.settings)
        try:
            yield db
        finally:
            db.close()


def payload(contact: int, number: int) -> bytes:
    """A webhook as Meta's documentation shows it."""
    phone = f"1555{contact:07d}"
    message = {"from": phone, "id": f"wamid.B{number:020d}", "timestamp": str(int(time.time())), "type": "text",
               "text": {"body": f"Hello, where is my order {number}?"}}  # fmt: skip
    value = {"messaging_product": "whatsapp", "metadata": {"display_phone_number": "15550000001", "phone_number_id": "1"},
             "contacts": [{"profile": {"name": f"Person {contact}"}, "wa_id": phone}], "messages": [message]}  # fmt: skip
    return msgspec.json.encode(
        {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}]}
    )


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float = 120.0) -> None:
    """Wait until the process listens; raises at once when it has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as s:
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on {port}; the process ended with {process.poll()}")


def end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """End processes of ours, gently at first, and wait until they are gone."""
    for process in processes:
        process.terminate()
    for process in processes:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


@contextmanager
def store(server: Server | None) -> Iterator[tuple[Path, str]]:
    """A new folder, and the address of a new database on the server (empty: SQLite in that folder). Both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="switchboard-bench-"))
    try:
        if server is None:
            yield folder, ""
        else:
            with database(server, f"bench_{os.getpid()}_{time.time_ns()}") as url:
                yield folder, url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def installation(api_base: str, server: Server | None) -> Iterator[Rig]:
    """A fresh installation with its queue running; the processes named to `start` are ended with it."""
    with store(server) as (folder, url):
        rig = Rig(folder, url)
        valkey = subprocess.Popen(valkey_command(rig.settings), stdout=subprocess.DEVNULL)
        rig.pids |= {"valkey": valkey.pid} | ({"postgresql": server.pid} if server and server.pid else {})
        try:
            rig.prepare(api_base)
            yield rig
        finally:
            rig.stop()
            end([valkey])
