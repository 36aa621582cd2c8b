"""What operators say: reply or note, write first. (See `resending` for what did not go as it should.)"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from channels.registry import connector_type
from inbox import live, mentions
from inbox import schema as t
from inbox.accounts import capabilities
from inbox.actions import together
from inbox.actions.conversations import require
from inbox.actions.template_use import prepare
from inbox.delivery.outgoing import CannotSend, Draft, NewFile, queue_message
from inbox.files import kind_of
from inbox.record import record
from inbox.refusals import Invalid
from inbox.store import ids

_m = t.messages.c
BESIDES = ("location", "contacts", "reaction", "cc")
"""What has no column of its own: see `inbox.said`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileToSend:
    """An attachment: either `file` (what an upload answered) or an address where it can be fetched."""

    file: str | None = None
    url: str | None = None
    name: str | None = None
    mime: str | None = None
    voice: bool = False
    """A sound that somebody spoke for this message: sent as such where the channel knows them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """What an operator writes."""

    text: str = ""
    channel_id: int | None = None
    choices: Sequence[Mapping[str, str]] = ()
    attachments: Sequence[FileToSend] = ()
    template: Mapping[str, Any] | None = None
    reply_to: int | None = None
    subject: str | None = None
    note: bool = False
    send_at: datetime | None = None
    location: Mapping[str, Any] | None = None
    contacts: Sequence[Mapping[str, Any]] = ()
    reaction: str | None = None
    """An emoji on the message `reply_to`; empty takes it back."""
    cc: Sequence[str] | None = None
    """Who else gets the mail. None: whoever was on the customer's mail; empty: nobody."""
    mentions: Sequence[int] = ()
    """Of a note: the colleagues whom it calls."""
    hold: int = 0
    """Seconds that it waits, for its writer to take it back."""
    sign: bool = False
    """Put the writer's signature under it, where it goes as a mail."""
    seen_up_to: int | None = None
    """The newest message that its writer knew: what a colleague answered since is told instead of sending, unless `confirm`."""
    confirm: bool = False
    ref: str | None = None
    """The writer's own name of it, kept in `data`; a message that is sent again is another one."""


def reply(connection: sa.Connection, now: datetime, by: int, conversation_id: int, said: Reply) -> int:
    """Queue a reply, or keep a note; the message's id. A reply to a closed conversation reopens it, or goes into the open one.

    Raises NotFound, Invalid, or CannotSend where the channel cannot be used now.
    """
    conversation = require(connection, conversation_id)
    while conversation.merged_into is not None:
        conversation = require(connection, conversation.merged_into)
    if said.channel_id is not None and not said.note:
        _reach_by(connection, conversation.contact_id, said.channel_id)
    if said.seen_up_to is not None and not said.confirm and not said.note:
        together.require_news_read(connection, by, conversation_id, said.seen_up_to)
    draft = draft_of(connection, now, by, conversation, said)
    message_id = queue_message(connection, now, draft)
    if said.note:
        mentions.keep(connection, now, by, (message_id, conversation_id), draft.data.get("mentions", ()))
    for each in draft.data.get("mentions", ()):
        live.tell(connection, "mention", manager_id=each, conversation_id=conversation_id, message_id=message_id)
    return message_id


def _reach_by(connection: sa.Connection, contact_id: int, channel_id: int) -> None:
    """Have a way to the contact on the channel that was named, if there can be one."""
    channel = connection.execute(sa.select(t.channels).where(t.channels.c.id == channel_id)).one_or_none()
    if channel is not None and channel.removed_at is None:
        way_to(connection, contact_id, channel)


def start(connection: sa.Connection, now: datetime, by: int, contact_id: int, said: Reply) -> int:
    """Write first; the conversation's id. Where one is going on, the message goes into it: one person, one thread.

    Raises NotFound, Invalid, or CannotSend where the channel does not let us write first.
    """
    contact = connection.execute(sa.select(t.contacts).where(t.contacts.c.id == contact_id)).one_or_none()
    if contact is None or contact.merged_into is not None:
        raise Invalid("contact_id", f"There is no contact {contact_id}")
    channel = connection.execute(sa.select(t.channels).where(t.channels.c.id == said.channel_id)).one_or_none()
    if channel is None or channel.removed_at is not None:
        raise Invalid("channel_id", f"There is no channel {said.channel_id}")
    address = way_to(connection, contact_id, channel)
    conversation_id = current(connection, now, by, contact_id, channel.id, address)
    conversation = require(connection, conversation_id)
    queue_message(connection, now, draft_of(connection, now, by, conversation, said))
    return conversation_id


def current(connection: sa.Connection, now: datetime, by: int, contact_id: int, channel_id: int, address: str) -> int:
    """The conversation that goes on with the contact, else a new one; its id."""
    active = (t.conversations.c.contact_id == contact_id, t.conversations.c.status != "closed")
    conversation_id = connection.scalar(sa.select(t.conversations.c.id).where(*active))
    return _open(connection, now, by, contact_id, channel_id, address) if conversation_id is None else int(conversation_id)


def draft_of(connection: sa.Connection, now: datetime, by: int, conversation: sa.Row[Any], said: Reply) -> Draft:
    files = [_file(connection, n, each) for n, each in enumerate(said.attachments)]
    if not (said.text.strip() or files or said.template or said.location or said.contacts or said.reaction is not None):
        raise Invalid("text", "Write something or attach a file")
    if said.reaction is not None and said.reply_to is None:
        raise Invalid("reply_to", "Name the message that this is a reaction to")
    for n, choice in enumerate(said.choices):
        if choice.get("kind") in ("link", "form") and not choice.get("value"):
            raise Invalid(f"choices.{n}.value", "Say what the button opens")
    if said.send_at is not None and said.send_at <= now:
        raise Invalid("send_at", "This time is over")
    if said.reply_to is not None:
        _require_here(connection, said.reply_to, conversation.contact_id)
    prepared = None
    if said.template is not None and not said.note:
        channel_id = said.channel_id or conversation.channel_id
        prepared = prepare(connection, channel_id, said.template, files, has_place=said.location is not None)
    data = _besides(said) | together.besides(connection, by, said.channel_id or conversation.channel_id, said)
    draft = Draft(
        conversation_id=conversation.id, author_kind="manager", author_id=by, choices=said.choices, files=files,
        text=prepared.text if prepared and prepared.text else (said.text or said.reaction or "") + data.get("signature", ""),
        template=prepared.template if prepared else None, reply_to=said.reply_to, subject=said.subject,
        note=said.note, data=data,
        send_at=_not_before(now, said),
    )  # fmt: skip
    return draft if said.note else replace(draft, channel_id=said.channel_id)


def _not_before(now: datetime, said: Reply) -> datetime | None:
    """The time that was chosen, else the moment up to which the writer can take it back."""
    held = said.hold and said.send_at is None and not said.note
    return now + timedelta(seconds=said.hold) if held else said.send_at


def _besides(said: Reply) -> dict[str, Any]:
    """Those of `BESIDES` that it says, and its `ref`."""
    cards, others = [dict(card) for card in said.contacts] or None, None if said.cc is None else list(said.cc)
    found = {"location": said.location, "contacts": cards, "reaction": said.reaction, "cc": others, "ref": said.ref}
    return {name: value for name, value in found.items() if value is not None}


def _file(connection: sa.Connection, index: int, given: FileToSend) -> NewFile:
    if (given.file is None) == (given.url is None):
        raise Invalid(f"attachments.{index}", "Give either file or url")
    if given.url is not None:
        name = given.name or given.url.partition("?")[0].rstrip("/").rpartition("/")[2] or "file"
        mime = given.mime or ""
        return NewFile(kind=kind_of(mime), name=name, mime=mime, url=given.url)
    stored = connection.execute(sa.select(t.files).where(t.files.c.sha256 == given.file)).one_or_none()
    if stored is None:
        raise Invalid(f"attachments.{index}.file", "Upload this file first")
    # The type is what its bytes say, never what the caller says: it decides what a browser may show in place.
    kind = kind_of(stored.mime)
    if given.voice and kind not in ("audio", "video"):
        raise Invalid(f"attachments.{index}.voice", "Only a sound can be sent as a voice message")
    kind = "voice" if given.voice else kind
    return NewFile(kind=kind, name=given.name or "file", mime=stored.mime, size=stored.size, sha256=stored.sha256)


def _require_here(connection: sa.Connection, message_id: int, contact_id: int) -> None:
    if connection.scalar(sa.select(_m.id).where(_m.id == message_id, _m.contact_id == contact_id)) is None:
        raise Invalid("reply_to", "There is no such message of this customer")


def way_to(connection: sa.Connection, contact_id: int, channel: sa.Row[Any]) -> str:
    """The contact's address on the channel: where they wrote from, else an identity that the channel can write to."""
    r = t.reaches.c
    known = sa.select(r.address).where(r.contact_id == contact_id, r.channel_id == channel.id)
    address = connection.scalar(known.order_by(sa.nulls_last(r.heard_at.desc())).limit(1))
    if address is not None:
        return str(address)
    if not capabilities(channel.kind, channel.settings).can_start:
        raise CannotSend("On this channel the customer has to write first.")
    i = t.identities.c
    fitting = sa.select(i.address).where(i.contact_id == contact_id, i.kind == connector_type(channel.kind).identity)
    address = connection.scalar(fitting.order_by(i.verified.desc(), i.id).limit(1))
    taken = sa.select(r.contact_id).where(r.channel_id == channel.id, r.address == address)
    if address is None or connection.scalar(taken) is not None:
        raise CannotSend("The customer has no address on this channel.")
    connection.execute(sa.insert(t.reaches).values(channel_id=channel.id, address=address, contact_id=contact_id))
    return str(address)


def _open(connection: sa.Connection, now: datetime, by: int, contact_id: int, channel_id: int, address: str) -> int:
    conversation_id = ids.one(connection, "conversations")
    row = {"id": conversation_id, "contact_id": contact_id, "status": "waiting", "channel_id": channel_id, "address": address}
    row |= {"manager_id": by, "bot": False, "token": secrets.token_urlsafe(12), "last_at": now, "opened_at": now}
    connection.execute(sa.insert(t.conversations).values(row))
    about = {"contact_id": contact_id, "conversation_id": conversation_id, "channel_id": channel_id}
    record(connection, now, "conversation.opened", actor_kind="manager", actor_id=by, **about)
    return conversation_id
