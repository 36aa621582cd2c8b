"""Connected channels as their page shows them: what they can do and how they are, never a secret."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from pydantic import SecretStr

from channels.base import Capabilities, Settings
from channels.registry import connector_type, kinds
from inbox import schema as t
from inbox.accounts import Vault, capabilities
from inbox.care.connecting import webhook
from inbox.refusals import NotFound
from inbox.views.care import Health, health
from inbox.views.paging import All
from inbox.views.shapes import Named, named

_c = t.channels.c
SET = "set"
"""Stands where a secret is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccountShown:
    """What the provider says of the account. `notes` are for the person who set it up."""

    name: str
    address: str
    notes: list[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class CapabilitiesShown:
    """What the channel carries; the composer goes by it. `choices`: buttons a message may have, 0: they are numbered."""

    text_limit: int
    choices: int
    media: list[str]
    attachments: int
    html: bool
    subject: bool
    replies: bool
    templates: bool
    can_start: bool
    window_hours: float | None
    typing: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """A connected account. Secrets in `settings` read "set" or null."""

    id: int
    kind: str
    name: str
    title: str
    account: AccountShown | None
    state: str
    error: str
    settings: dict[str, Any]
    webhook: str
    team: Named | None
    capabilities: CapabilitiesShown
    health: Health
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldShown:
    """A field of the form that connects a channel. `type`: string, integer, boolean or choice."""

    name: str
    title: str
    description: str
    type: str
    choices: list[str]
    secret: bool
    required: bool
    default: Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of channel and the form that connects one."""

    kind: str
    title: str
    fields: list[FieldShown]


def channels(connection: sa.Connection, vault: Vault, base_url: str, now: datetime | None = None) -> All[Channel]:
    """All channels, oldest first."""
    rows = connection.execute(_rows().order_by(_c.id)).all()
    return All(items=[_channel(connection, row, vault, base_url, now) for row in rows])


def channel(connection: sa.Connection, vault: Vault, base_url: str, channel_id: int, now: datetime | None = None) -> Channel:
    """One channel. Raises NotFound."""
    row = connection.execute(_rows().where(_c.id == channel_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no channel {channel_id}")
    return _channel(connection, row, vault, base_url, now)


def all_kinds() -> All[Kind]:
    """Every kind there is. Imports their modules: some take seconds, so call it in a thread."""
    found = [connector_type(kind) for kind in kinds()]
    return All(items=[Kind(kind=k.kind, title=k.title, fields=_fields(k.settings_type)) for k in found])


def _rows() -> sa.Select[Any]:
    query = sa.select(t.channels, t.teams.c.name.label("team_name")).outerjoin(t.teams, t.teams.c.id == _c.team_id)
    return query.where(_c.removed_at.is_(None))


def _channel(connection: sa.Connection, row: Any, vault: Vault, base_url: str, now: datetime | None) -> Channel:
    kind = connector_type(row.kind)
    secrets = {name: SET if value else None for name, value in vault.open(row.secrets).items()}
    return Channel(
        id=row.id, kind=row.kind, name=row.name, title=kind.title, account=_account(row.account), state=row.state,
        error=row.error, settings=dict(row.settings) | secrets, webhook=webhook(base_url, row.id),
        team=named(row.team_id, row.team_name), capabilities=_capabilities(capabilities(row.kind, row.settings)),
        health=health(connection, row, now or datetime.now(UTC)), created_at=row.created_at,
    )  # fmt: skip


def _account(account: Any) -> AccountShown | None:
    if not account:
        return None
    return AccountShown(name=account["name"], address=account.get("address", ""), notes=list(account.get("notes", ())))


def _capabilities(can: Capabilities) -> CapabilitiesShown:
    return CapabilitiesShown(
        text_limit=can.text_limit, choices=can.choices, media=sorted(can.media), attachments=can.attachments, html=can.html,
        subject=can.subject, replies=can.replies, templates=can.templates, can_start=can.can_start,
        window_hours=can.window.total_seconds() / 3600 if can.window else None, typing=can.typing,
    )  # fmt: skip


def _fields(settings: type[Settings]) -> list[FieldShown]:
    described = settings.model_json_schema(by_alias=True)["properties"]
    return [
        _field(info.alias or name, described[info.alias or name], info.is_required(), info.annotation is SecretStr)
        for name, info in sorted(settings.model_fields.items(), key=lambda each: each[0] in Settings.model_fields)
        if (info.alias or name) in described
    ]


def _field(name: str, schema: dict[str, Any], required: bool, secret: bool) -> FieldShown:
    choices = [str(choice) for choice in schema.get("enum", ())]
    kind = "choice" if choices else schema.get("type", "string")
    default = None if required or secret else schema.get("default")
    return FieldShown(
        name=name, title=schema.get("title", name), description=schema.get("description", ""),
        type=kind if kind in ("choice", "integer", "boolean") else "string", choices=choices, secret=secret, required=required,
        default=default,
    )  # fmt: skip
