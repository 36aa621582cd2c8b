"""A person's addresses by hand: add one, take one away, prove one by a code that is sent there."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from channels.registry import connector_type
from inbox import live
from inbox import schema as t
from inbox.accounts import capabilities
from inbox.actions import messages
from inbox.actions.contacts import require, typed
from inbox.card import write as cards
from inbox.delivery import outgoing
from inbox.delivery.outgoing import CannotSend, Draft
from inbox.record import record
from inbox.refusals import Conflict, NotFound
from inbox.store import ids

LASTS = timedelta(minutes=15)
PAUSE = timedelta(minutes=1)
TRIES, CODES = 5, 5
"""Wrong answers to one code, and codes to one address within a day."""
_WORDS = {
    "ru": "Ваш код: {code}. Он действует 15 минут. Назовите его тому, кто вам отвечает, чтобы подтвердить этот адрес.",
    "en": "Your code: {code}. It is good for 15 minutes. Tell it to whoever answers you, to confirm that this address is yours.",
}
_i, _k = t.identities.c, t.identity_checks.c


def add(connection: sa.Connection, now: datetime, by: int, contact_id: int, kind: str, address: str) -> int:
    """Add an address that the person gave; its id, or 0 where it is another contact's: then it is only noted as a claim, which
    suggests that both are one person. Raises Invalid, NotFound or Conflict."""
    card = require(connection, contact_id)
    found = typed(kind, address, "address")
    owner = connection.scalar(sa.select(_i.contact_id).where(_i.kind == kind, _i.address == found))
    if owner == contact_id:
        raise Conflict("This contact has this address already")
    if owner is not None:
        row = {"kind": kind, "address": found, "contact_id": contact_id, "created_at": now}
        connection.execute(_CLAIM[connection.dialect.name], row)
        number = 0
    else:
        number = ids.one(connection, "identities")
        values = {"id": number, "contact_id": contact_id, "kind": kind, "address": found, "verified": False, "created_at": now}
        connection.execute(sa.insert(t.identities).values(values))
    _note(connection, now, by, card.id, "identity.claimed", kind, (None, found))
    return number


def remove(connection: sa.Connection, now: datetime, by: int, contact_id: int, identity_id: int) -> None:
    """Take an address away. What was said through it stays; who writes from it again is met anew. Raises NotFound or Conflict."""
    require(connection, contact_id)
    row = _own(connection, contact_id, identity_id)
    r = t.reaches.c
    heard = sa.select(r.channel_id).where(r.contact_id == contact_id, r.address == row.address, r.heard_at.is_not(None)).limit(1)
    if connection.scalar(heard) is not None:
        raise Conflict("They have written from this address: split it off, if it is another person's")
    connection.execute(sa.delete(t.identity_checks).where(_k.identity_id == identity_id))
    connection.execute(sa.delete(t.identities).where(_i.id == identity_id))
    _note(connection, now, by, contact_id, "identity.removed", row.kind, (row.address, None))


def send_code(connection: sa.Connection, now: datetime, by: int, contact_id: int, identity_id: int) -> int:
    """Send a code to the address, by a channel that may write there first; the message's id. Raises NotFound, Conflict or
    CannotSend."""
    contact = require(connection, contact_id)
    row = _own(connection, contact_id, identity_id)
    if row.verified:
        raise Conflict("This address is verified already")
    before = connection.execute(sa.select(t.identity_checks).where(_k.identity_id == identity_id)).one_or_none()
    recent = before if before is not None and before.sent_at > now - timedelta(days=1) else None
    if recent is not None and recent.sent_at > now - PAUSE:
        raise Conflict("A code was sent a moment ago: wait a minute for it")
    if recent is not None and recent.sent >= CODES:
        raise Conflict(f"{CODES} codes were sent there today: try again tomorrow")
    channel = _channel_to(connection, row)
    _way(connection, contact_id, channel.id, row.address)
    code = f"{secrets.randbelow(10**6):06d}"
    text = _WORDS.get((contact.language or "en")[:2], _WORDS["en"]).format(code=code)
    conversation_id = messages.current(connection, now, by, contact_id, channel.id, row.address)
    draft = Draft(conversation_id=conversation_id, author_kind="system", text=text, channel_id=channel.id, address=row.address)
    message_id = outgoing.queue_message(connection, now, draft)
    connection.execute(sa.delete(t.identity_checks).where(_k.identity_id == identity_id))
    values: dict[str, Any] = {"identity_id": identity_id, "code_hash": _hash(identity_id, code), "message_id": message_id}
    values |= {"sent_at": now, "sent": (recent.sent if recent is not None else 0) + 1}
    connection.execute(sa.insert(t.identity_checks).values(values))
    about = {"contact_id": contact_id, "identity_id": identity_id, "channel_id": channel.id}
    record(connection, now, "identity.checked", actor_kind="manager", actor_id=by, **about)
    return message_id


def confirm(connection: sa.Connection, now: datetime, by: int, contact_id: int, identity_id: int, code: str) -> str:
    """Compare the code that the person told. Returns what is wrong, empty if the address is verified now: a wrong try must be
    counted, so it is no exception. Raises NotFound or Conflict."""
    require(connection, contact_id)
    row = _own(connection, contact_id, identity_id)
    if row.verified:
        raise Conflict("This address is verified already")
    check = connection.execute(sa.select(t.identity_checks).where(_k.identity_id == identity_id).with_for_update()).one_or_none()
    if check is None or check.sent_at + LASTS <= now:
        raise Conflict("There is no code that is still good: send a new one")
    if check.tries >= TRIES:
        raise Conflict("Too many wrong tries: send a new code")
    mine = t.identity_checks.update().where(_k.identity_id == identity_id)
    if not hmac.compare_digest(check.code_hash, _hash(identity_id, code)):
        connection.execute(mine.values(tries=check.tries + 1))
        left = TRIES - check.tries - 1
        return f"This is not the code; tries left: {left}"
    connection.execute(mine.values(tries=TRIES))
    connection.execute(sa.update(t.identities).where(_i.id == identity_id).values(verified=True))
    record(
        connection, now, "identity.verified", actor_kind="manager", actor_id=by, contact_id=contact_id, identity_id=identity_id
    )
    live.tell(connection, "contact", contact_id=contact_id)
    return ""


def _own(connection: sa.Connection, contact_id: int, identity_id: int) -> Any:
    row = connection.execute(sa.select(t.identities).where(_i.id == identity_id, _i.contact_id == contact_id)).one_or_none()
    if row is None:
        raise NotFound(f"This contact has no address {identity_id}")
    return row


def _note(
    connection: sa.Connection, now: datetime, by: int, contact_id: int, event: str, kind: str, change: tuple[Any, Any]
) -> None:
    cards.keep_changes(connection, now, contact_id, "manager", by, {f"identity.{kind}": change})
    record(connection, now, event, actor_kind="manager", actor_id=by, contact_id=contact_id)
    live.tell(connection, "contact", contact_id=contact_id)


def _channel_to(connection: sa.Connection, identity: Any) -> Any:
    """A working channel that may write first to an address of this kind."""
    c = t.channels.c
    working = sa.select(t.channels).where(c.removed_at.is_(None), c.state != "disabled", c.failed_at.is_(None)).order_by(c.id)
    for channel in connection.execute(working):
        can = capabilities(channel.kind, channel.settings)
        if connector_type(channel.kind).identity == identity.kind and can.can_start and can.window is None:
            return channel
    raise CannotSend("No channel can write first to such an address.", field="identity_id")


def _way(connection: sa.Connection, contact_id: int, channel_id: int, address: str) -> None:
    r = t.reaches.c
    owner = connection.scalar(sa.select(r.contact_id).where(r.channel_id == channel_id, r.address == address))
    if owner is None:
        connection.execute(sa.insert(t.reaches).values(channel_id=channel_id, address=address, contact_id=contact_id))
    elif owner != contact_id:
        raise Conflict(f"Contact {owner} writes from this address: merge the two, if they are one person")


def _hash(identity_id: int, code: str) -> str:
    return hashlib.sha256(f"{identity_id}:{code.strip()}".encode()).hexdigest()


_CLAIM = {
    "sqlite": sqlite.insert(t.identity_claims).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(t.identity_claims).on_conflict_do_nothing(),
}
