"""Webhooks: programs that want to hear of events."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import Field, HttpUrl, StringConstraints

from inbox import schema as t
from inbox import webhooks as actions
from inbox.access.rights import Right
from inbox.views.paging import Page, by_id
from inbox.web import keys
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Body, PageQuery

EventKind = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=60)]


class NewWebhook(Body):
    """A program to tell of events."""

    url: Annotated[HttpUrl, Field(strict=False)]
    kinds: list[EventKind] = Field(default_factory=list, max_length=100)
    """Like conversation.assigned; none: all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookShown:
    """A program that is told of events. `error`: why it could not be told last time."""

    id: int
    url: str
    kinds: list[str]
    error: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeWebhook:
    """A new webhook; `secret` checks the signatures and is shown this once."""

    id: int
    url: str
    kinds: list[str]
    secret: str


@endpoint("GET", "/webhooks", Right.WEBHOOKS_WRITE)
async def list_webhooks(call: Call, query: PageQuery) -> Page[WebhookShown]:
    """The programs that are told of events, newest first."""
    return await call.read(_page, query.cursor, query.limit)


@endpoint("POST", "/webhooks", Right.WEBHOOKS_WRITE, status=201)
async def add_webhook(call: Call, body: NewWebhook) -> MadeWebhook:
    """Tell a program of every event of these kinds from now on.

    It is sent `{"events": [...]}` in order, at least once. `Switchboard-Signature: t=<unix time>,v1=<hex>` is HMAC-SHA256 of
    `<unix time>.<body>` with the secret.
    """
    url = str(body.url)
    number, secret = await call.run(actions.add, call.now, call.app[keys.VAULT], call.me, url, body.kinds)
    return MadeWebhook(id=number, url=url, kinds=list(dict.fromkeys(body.kinds)), secret=secret)


@endpoint("DELETE", "/webhooks/{webhook_id}", Right.WEBHOOKS_WRITE)
async def remove_webhook(call: Call, webhook_id: int) -> None:
    """Tell it nothing more."""
    await call.run(actions.remove, call.now, call.me, webhook_id)


def _page(connection: sa.Connection, cursor: str | None, limit: int) -> Page[WebhookShown]:
    w = t.webhooks.c
    query = sa.select(w.id, w.url, w.kinds, w.error, w.created_at).where(w.removed_at.is_(None))

    def show(row: Any) -> WebhookShown:
        return WebhookShown(**row._mapping)

    return by_id(connection, query, w.id, show, cursor, limit)
