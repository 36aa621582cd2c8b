"""The link under every broadcast: whoever opens it and presses the button gets no more of them by that address."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.files import sign
from inbox.record import record


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """The address that a message went to."""

    message_id: int
    contact_id: int
    channel_id: int
    address: str
    language: str | None
    stopped: bool


def find(connection: sa.Connection, key: str, message_id: int, signature: str) -> Subscription | None:
    """The subscription behind a link; None if the link is not one of ours."""
    if not hmac.compare_digest(sign(key, -message_id).encode(), signature.encode(errors="replace")):
        return None
    m, r = t.messages.c, t.reaches.c
    row = connection.execute(
        sa.select(m.id, m.contact_id, m.channel_id, m.address, t.contacts.c.language, r.marketing_stopped_at)
        .join(t.contacts, t.contacts.c.id == m.contact_id)
        .outerjoin(t.reaches, sa.and_(r.channel_id == m.channel_id, r.address == m.address))
        .where(m.id == message_id)
    ).one_or_none()
    return None if row is None else _subscription(row)


def _subscription(row: Any) -> Subscription:
    return Subscription(
        message_id=row.id, contact_id=row.contact_id, channel_id=row.channel_id, address=row.address, language=row.language,
        stopped=row.marketing_stopped_at is not None,
    )  # fmt: skip


def stop(connection: sa.Connection, now: datetime, subscription: Subscription) -> None:
    """No more broadcasts to this address; answers to what they write stay welcome. Twice is once."""
    r = t.reaches.c
    mine = (r.channel_id == subscription.channel_id, r.address == subscription.address, r.marketing_stopped_at.is_(None))
    done: sa.CursorResult[Any] = connection.execute(sa.update(t.reaches).where(*mine).values(marketing_stopped_at=now))
    if done.rowcount:
        about = {"contact_id": subscription.contact_id, "message_id": subscription.message_id}
        source = {"channel_id": subscription.channel_id, "source": "unsubscribe", "marketing_only": True}
        record(connection, now, "consent.stop", actor_kind="contact", actor_id=subscription.contact_id, **about, **source)
        live.tell(connection, "contact", contact_id=subscription.contact_id)
