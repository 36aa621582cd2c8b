"""Connected channels: add, change and list them, and keep a live connector for each, without a restart."""

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import aiohttp
import sqlalchemy as sa
from cryptography.fernet import Fernet, MultiFernet
from pydantic import SecretStr, ValidationError

from channels.base import (
    Account,
    Capabilities,
    Connector,
    Download,
    Refused,
    Retry,
    Settings,
    Transport,
)
from channels.events import JSON
from channels.registry import connector_type
from inbox import live
from inbox import schema as t
from inbox.db import Database
from inbox.media.inward import inward
from inbox.record import record
from inbox.store import ids


class BadSettings(Exception):
    """Settings that the channel's kind does not take. `problems`: (field, what is wrong with it)."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {message}" for field, message in problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A row of `channels`, its settings readable."""

    id: int
    kind: str
    name: str
    settings: Settings
    state: str
    error: str
    team_id: int | None
    version: int
    account: Mapping[str, JSON]
    paused_until: datetime | None
    failed_at: datetime | None = None
    """Since when sending fails; None while it works."""
    failures: int = 0

    @property
    def can(self) -> Capabilities:
        return connector_type(self.kind).capabilities(self.settings)


class Vault:
    """Encrypts the secret settings. The first key of a comma-separated list encrypts, all decrypt: keys can be changed."""

    def __init__(self, keys: str) -> None:
        self._fernet = MultiFernet([_fernet(key) for key in keys.split(",")])

    def lock(self, secrets: Mapping[str, str]) -> bytes:
        return self._fernet.encrypt(json.dumps(dict(secrets)).encode())

    def open(self, locked: bytes | None) -> dict[str, str]:
        return json.loads(self._fernet.decrypt(locked)) if locked else {}


@lru_cache(8)
def _fernet(key: str) -> Fernet:
    derived = hashlib.scrypt(key.encode(), salt=b"switchboard channel secrets", n=2**12, r=8, p=1, dklen=32)
    return Fernet(base64.urlsafe_b64encode(derived))


def check(kind: str, values: Mapping[str, Any]) -> Settings:
    """The validated settings of a channel kind. Raises BadSettings naming each wrong field, LookupError for an unknown kind."""
    try:
        return connector_type(kind).settings_type.model_validate(dict(values))
    except ValidationError as error:
        problems = [(".".join(map(str, e["loc"])) or "settings", str(e["msg"])) for e in error.errors(include_input=False)]
        raise BadSettings(problems) from None


def parted(settings: Settings) -> tuple[dict[str, JSON], dict[str, str]]:
    """(plain values, secret values) by the fields' names in forms and on the command line."""
    plain: dict[str, JSON] = {}
    secret: dict[str, str] = {}
    for field, info in type(settings).model_fields.items():
        value = getattr(settings, field)
        name = info.alias or field
        if isinstance(value, SecretStr):
            secret[name] = value.get_secret_value()
        else:
            plain[name] = value
    return plain, secret


def add(connection: sa.Connection, now: datetime, vault: Vault, kind: str, name: str, values: Mapping[str, Any]) -> int:
    """Connect a new account. Returns its id; raises BadSettings or LookupError."""
    plain, secret = parted(check(kind, values))
    channel_id = ids.one(connection, "channels")
    row = {"id": channel_id, "kind": kind, "name": name, "settings": plain, "secrets": vault.lock(secret), "created_at": now}
    connection.execute(sa.insert(t.channels), row)
    record(connection, now, "channel.added", channel_id=channel_id, channel_kind=kind)
    live.tell(connection, "channel", channel_id=channel_id)
    return channel_id


def change(
    connection: sa.Connection,
    now: datetime,
    vault: Vault,
    channel_id: int,
    *,
    name: str | None = None,
    values: Mapping[str, Any] | None = None,
    state: str | None = None,
    team_id: int | str | None = "",
) -> None:
    """Change what is given; a secret that is not given keeps its value. Raises LookupError if there is no such channel."""
    channel = load(connection, vault, channel_id)
    changed: dict[str, Any] = {"version": channel.version + 1}
    if values is not None:
        plain, secret = parted(channel.settings)
        new_plain, new_secret = parted(check(channel.kind, plain | secret | dict(values)))
        changed |= {"settings": new_plain, "secrets": vault.lock(new_secret), **_WELL}
    if name is not None:
        changed["name"] = name
    if state is not None:
        changed |= {**_WELL, "state": state}
    if team_id != "":
        changed["team_id"] = team_id
    connection.execute(sa.update(t.channels).where(t.channels.c.id == channel_id).values(changed))
    record(connection, now, "channel.changed", channel_id=channel_id, fields=sorted(changed.keys() - {"version", "secrets"}))
    live.tell(connection, "channel", channel_id=channel_id)


def remove(connection: sa.Connection, now: datetime, channel_id: int) -> None:
    """Disconnect a channel: its history stays, nothing comes in or goes out any more."""
    gone = {"removed_at": now, "state": "disabled", "version": t.channels.c.version + 1, "secrets": None}
    connection.execute(sa.update(t.channels).where(t.channels.c.id == channel_id).values(gone))
    record(connection, now, "channel.removed", channel_id=channel_id)
    live.tell(connection, "channel", channel_id=channel_id)


def note_account(connection: sa.Connection, channel_id: int, account: Account | None, error: str = "") -> None:
    """Keep what the provider said of the channel when it was last checked."""
    values: dict[str, Any] = {"state": "failing", "error": error} if error else dict(_WELL)
    if account is not None:
        values["account"] = {"name": account.name, "address": account.address, "notes": list(account.notes)}
    connection.execute(sa.update(t.channels).where(t.channels.c.id == channel_id).values(values))
    live.tell(connection, "channel", channel_id=channel_id)


def load(connection: sa.Connection, vault: Vault, channel_id: int) -> Channel:
    """One channel. Raises LookupError if there is none (any more)."""
    row = connection.execute(_all().where(t.channels.c.id == channel_id)).one_or_none()
    if row is None:
        raise LookupError(f"There is no channel {channel_id}")
    return _channel(row, vault)


def load_all(connection: sa.Connection, vault: Vault) -> list[Channel]:
    """All channels that were not removed, oldest first."""
    return [_channel(row, vault) for row in connection.execute(_all().order_by(t.channels.c.id))]


def capabilities(kind: str, plain: Mapping[str, JSON]) -> Capabilities:
    """What a channel with these plain settings carries."""
    kind_type = connector_type(kind)
    names = {info.alias or name: name for name, info in kind_type.settings_type.model_fields.items()}
    return kind_type.capabilities(
        kind_type.settings_type.model_construct(**{names[k]: v for k, v in plain.items() if k in names})
    )


_WELL: Mapping[str, Any] = {"state": "ok", "error": "", "paused_until": None, "failed_at": None, "failures": 0}
"""A channel of which nobody knows anything bad: what waits for it is tried at once."""


def _all() -> sa.Select[Any]:
    return sa.select(t.channels).where(t.channels.c.removed_at.is_(None))


def _channel(row: Any, vault: Vault) -> Channel:
    settings_type = connector_type(row.kind).settings_type
    values = {k: v for k, v in (row.settings | vault.open(row.secrets)).items() if k in _names(row.kind)}
    return Channel(
        id=row.id, kind=row.kind, name=row.name, settings=settings_type.model_validate(values), state=row.state, error=row.error,
        team_id=row.team_id, version=row.version, account=row.account, paused_until=row.paused_until,
        failed_at=row.failed_at, failures=row.failures,
    )  # fmt: skip


@lru_cache(64)
def _names(kind: str) -> frozenset[str]:
    """Names a kind's settings have today: a setting that a newer version dropped must not stop the channel."""
    return frozenset(info.alias or name for name, info in connector_type(kind).settings_type.model_fields.items())


@dataclass(frozen=True, slots=True)
class Line:
    """A channel with its connector, ready to use."""

    channel: Channel
    connector: Connector


async def _read(response: aiohttp.ClientResponse, largest: int) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        content += chunk
        if len(content) > largest:
            raise Refused("The file is too large to keep")
    return bytes(content)


class Accounts:
    """The connectors of one process. A change of a channel is noticed within `FRESH` seconds, or at once by `refresh`."""

    FRESH = 1.0

    def __init__(self, db: Database, vault: Vault, transport: Transport, *, private: bool = False) -> None:
        """`private`: this installation itself lies inside a network, so addresses in there may be fetched."""
        self._private = private
        self._db = db
        self._vault = vault
        self._transport = transport
        self._lines: dict[int, Line] = {}
        self._checked = 0.0
        self._lock = asyncio.Lock()

    async def line(self, channel_id: int) -> Line | None:
        """The channel's line, or None if there is no such channel."""
        await self.refresh(only_stale=True)
        if channel_id not in self._lines:
            await self.refresh(only_stale=False)
        return self._lines.get(channel_id)

    async def lines(self) -> Mapping[int, Line]:
        """All lines by channel id."""
        await self.refresh(only_stale=True)
        return self._lines

    async def refresh(self, *, only_stale: bool) -> None:
        """Read the channels again; connectors of changed ones are made anew, the others stay."""
        asked = time.monotonic()
        if only_stale and asked - self._checked < self.FRESH:
            return
        async with self._lock:
            if self._checked > asked:
                return
            now = time.monotonic()
            try:
                channels = await self._db.read(load_all, self._vault)
            except Exception:
                if not self._lines:
                    raise
                self._checked = now
                return
            await self._take(channels)
            self._checked = now

    async def _take(self, channels: list[Channel]) -> None:
        lines: dict[int, Line] = {}
        closing: list[Connector] = []
        for channel in channels:
            old = self._lines.get(channel.id)
            if old is not None and old.channel.version == channel.version:
                lines[channel.id] = Line(channel, old.connector)
                continue
            lines[channel.id] = Line(channel, connector_type(channel.kind)(channel.settings, self._transport))
            if old is not None:
                closing.append(old.connector)
        closing += [line.connector for number, line in self._lines.items() if number not in lines]
        self._lines = lines
        await asyncio.gather(*(connector.close() for connector in closing), return_exceptions=True)

    async def fetch(self, url: str, largest: int = 100 * 1024 * 1024) -> Download:
        """A file from a plain address (an attachment that a flow or a program named). Raises Retry or Refused.

        `largest`: bytes after which we stop reading, whatever was promised.
        """
        if not url.startswith(("http://", "https://")):
            raise Refused("Only http and https addresses can be fetched")
        if not self._private and await inward(url):
            raise Refused("This address lies inside our own network and is not fetched")
        try:
            async with self._transport.http.get(url, allow_redirects=self._private) as response:
                status, headers, body = response.status, response.headers, await _read(response, largest)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            raise Retry("The address does not answer") from None
        if status in (301, 302, 303, 307, 308):
            raise Refused("The address leads on to another one: give that one")
        if status >= 500:
            raise Retry(f"The address answered {status}")
        if status >= 400:
            raise Refused(f"The address answered {status}")
        return Download(content=body, mime=headers.get("Content-Type", ""))

    async def close(self) -> None:
        await asyncio.gather(*(line.connector.close() for line in self._lines.values()), return_exceptions=True)
