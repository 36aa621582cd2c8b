"""Look ahead: what would become of a reply if it were sent now. Nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from channels.base import OutgoingFile, OutgoingMessage
from inbox import schema as t
from inbox.accounts import capabilities
from inbox.actions.messages import Reply, draft_of
from inbox.delivery.outgoing import Draft, NewFile
from inbox.delivery.reach import DISABLED, SHUT, STOPPED, Alternative, Reach, alternatives, first_words, reaches
from inbox.refusals import Conflict, NotFound
from inbox.said import said

_c, _m = t.conversations.c, t.messages.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlook:
    """What would be sent by which way; `problem`: (code, words) why it cannot be."""

    message: OutgoingMessage
    way: Reach
    problem: tuple[str, str] | None
    alternatives: Sequence[Alternative]


def look_ahead(connection: sa.Connection, now: datetime, conversation_id: int, reply: Reply, base_url: str) -> Outlook:
    """The message as the connector would get it. Raises NotFound, Invalid, or Conflict where there is no way at all."""
    conversation = connection.execute(sa.select(t.conversations).where(_c.id == conversation_id)).one_or_none()
    if conversation is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    draft = draft_of(connection, now, 0, conversation, reply)
    way = _way(connection, now, conversation, draft)
    shut = way.reason == SHUT
    allowed = way.can_send or (shut and draft.template and way.can.templates)
    problem = None if allowed else (_CODES.get(way.reason, "blocked"), way.reason)
    others = alternatives(connection, conversation.contact_id, now, way.channel_id, shut=shut) if problem or way.failing else []
    return Outlook(message=_message(connection, draft, way, base_url), way=way, problem=problem, alternatives=others)


_CODES = {SHUT: "window", STOPPED: "stopped", DISABLED: "disabled"}


def _way(connection: sa.Connection, now: datetime, conversation: Any, draft: Draft) -> Reach:
    """The way that sending would take (see `outgoing.choose`), also one that cannot be used now, or that is yet to be made."""
    wanted = draft.channel_id or conversation.channel_id
    found = [way for way in reaches(connection, conversation.contact_id, now) if way.channel_id == wanted]
    if found:
        return next((way for way in found if way.address == conversation.address), found[0])
    new = next((each for each in first_words(connection, conversation.contact_id, set()) if each.channel_id == wanted), None)
    if new is None:
        raise Conflict("The customer has no address on this channel.")
    plain = connection.execute(sa.select(t.channels.c.settings).where(t.channels.c.id == wanted)).scalar_one()
    return Reach(
        channel_id=wanted, kind=new.kind, channel_name=new.channel_name, address=new.address, reason="", window_until=None,
        can=capabilities(new.kind, plain), context={}, heard_at=None,
    )  # fmt: skip


def _message(connection: sa.Connection, draft: Draft, way: Reach, base_url: str) -> OutgoingMessage:
    quoted = None
    if draft.reply_to is not None:
        quoted = connection.execute(sa.select(_m.channel_id, _m.external_id, _m.text).where(_m.id == draft.reply_to)).one()
    data = {**draft.data, "choices": list(draft.choices), "template": draft.template}
    return OutgoingMessage(
        id="0", address=way.address, text=draft.text, html=draft.html, subject=draft.subject,
        attachments=[_file(each, base_url) for each in draft.files], **said(data), quote=quoted.text[:200] if quoted else "",
        reply_to=quoted.external_id if quoted is not None and quoted.channel_id == way.channel_id else None, extra=way.context,
    )  # fmt: skip


def _file(file: NewFile, base_url: str) -> OutgoingFile:
    """The file under an address of the length that it will have."""
    address = file.url or f"{base_url}/files/0000000000/0000000000000000/{file.name}"
    return OutgoingFile(kind=file.kind, name=file.name, mime=file.mime, size=file.size or 0, url=address, read=bytes)
