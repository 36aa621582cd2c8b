"""Whose a mail is where its sender's address does not tell: bounces, and answers to our mails from an address we do not know."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa

from channels.events import Identity, InboundMessage, Person
from channels.mail.subjects import bare
from inbox import schema as t
from inbox.receive.arrival import Heard, Origin
from inbox.store.within import within


@dataclass(frozen=True, slots=True)
class _Ours:
    """A mail of ours: whose it is and what it was about."""

    origin: Origin
    subject: str


_Known = Mapping[tuple[int, str], _Ours]


def place(connection: sa.Connection, heard: Sequence[Heard]) -> None:
    """Note on each mail which of our conversations it answers. A bounce comes from the address that bounced, from no daemon."""
    mails = [each for each in heard if each.arrival.identity == "email" and not each.message.echo]
    if not mails:
        return
    for each in mails:
        if each.message.bounce is not None and each.message.bounce.address:
            each.event = _from_bounced(each.message, each.message.bounce.address.lower())
    by_token = _by_token(connection, mails)
    by_id = _by_id(connection, mails)
    by_address = _by_address(connection, mails)
    for each in mails:
        message = each.message
        known = by_address.get(message.address) if message.bounce is not None else None
        each.origin = by_token.get(message.token or "") or _by_thread(each, by_id) or known


def _from_bounced(message: InboundMessage, address: str) -> InboundMessage:
    person = Person(identities=(Identity(kind="email", address=address, verified=False),))
    return replace(message, sender=person, address=address)


def _by_thread(each: Heard, ours: _Known) -> Origin | None:
    """By what it says it answers; by the thread before it only where the subject is the same.

    Programs keep the thread when somebody takes an old mail to begin something new, with other people.
    """
    message = each.message
    answered = [ours[key] for one in _answers(message) if (key := (each.channel_id, one)) in ours]
    if answered:
        return answered[0].origin
    before = [ours[key] for one in reversed(message.references) if (key := (each.channel_id, one)) in ours]
    same = (one for one in before if not one.subject or one.subject == bare(message.subject or ""))
    return next((one.origin for one in same), None) if message.bounce is None else None


def _answers(message: InboundMessage) -> Sequence[str]:
    """Ids of the mails that this one is about."""
    if message.bounce is not None:
        return [message.bounce.external_id] if message.bounce.external_id else []
    return message.answers or ([message.reply_to] if message.reply_to else [])


def _by_token(connection: sa.Connection, mails: Sequence[Heard]) -> Mapping[str, Origin]:
    tokens = [each.message.token for each in mails if each.message.token]
    rows = connection.execute(_TOKENS, {"tokens": tokens}) if tokens else ()
    return {row.token: Origin(row.contact_id, row.id) for row in rows}


def _by_id(connection: sa.Connection, mails: Sequence[Heard]) -> _Known:
    wanted = {one for each in mails for one in (*_answers(each.message), *each.message.references)}
    rows = connection.execute(_OURS, {"external_ids": list(wanted)}) if wanted else ()
    return {
        (row.channel_id, row.external_id): _Ours(
            Origin(row.contact_id, row.conversation_id), bare(row.subject or row.about or "")
        )
        for row in rows
    }


def _by_address(connection: sa.Connection, mails: Sequence[Heard]) -> Mapping[str, Origin]:
    """Whose the bounced addresses are, also those that were only typed in."""
    bounced = {each.message.address for each in mails if each.message.bounce is not None}
    rows = connection.execute(_IDENTITIES, {"addresses": list(bounced)}) if bounced else ()
    return {row.address: Origin(row.contact_id, 0) for row in rows}


_C, _M, _I = t.conversations.c, t.messages.c, t.identities.c
_TOKENS = sa.select(_C.id, _C.contact_id, _C.token).where(within(_C.token, "tokens"))
_OURS = (
    sa.select(_M.channel_id, _M.external_id, _M.contact_id, _M.conversation_id, _M.subject, _C.subject.label("about"))
    .join(t.conversations, _C.id == _M.conversation_id)
    .where(
        within(_M.external_id, "external_ids"),
        _M.channel_id.in_(sa.select(t.channels.c.id).where(t.channels.c.kind == "email")),
        _M.direction == "out",
    )
)
_IDENTITIES = sa.select(_I.address, _I.contact_id).where(_I.kind == "email", within(_I.address, "addresses"))
