"""A Telegram message becomes ours: who wrote it, where an answer goes, what it says, what it belongs to."""

import re
from datetime import UTC, datetime
from typing import Any

from channels.events import Event, Identity, InboundMessage, MessageEdited, Notice, Person
from channels.telegram_parts.chats import address_of, group_title, is_echo, reply_context, thread_of
from channels.telegram_parts.content import Content, Raw, full_name, key, read_content, words
from channels.telegram_parts.formatting import to_html
from channels.telegram_parts.service import SERVICE, said_by

KIND = "telegram"

BROKEN = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What a reader raises on a value that is not what Telegram documents."""

_PLAIN_FIELDS = 5
"""message_id, from, chat, date and the text: most messages have no more, and need no look at the rest."""


def read_message(raw: Raw, received_at: datetime) -> list[Event]:
    """The events of a message, channel post or business message. Raises one of BROKEN where it has no chat or id."""
    if len(raw) > _PLAIN_FIELDS or "text" not in raw:
        told = [name for name in raw if name in SERVICE]
        if told:
            return [*_said_too(raw, received_at), *(_service(name, raw) for name in told)]
    return [_message(raw, received_at)]


def read_edited(raw: Raw, received_at: datetime) -> list[Event]:
    """A new version of a message, whole."""
    return [MessageEdited(message=_message(raw, received_at), at=when(raw.get("edit_date"), received_at))]


def person(user: Raw) -> Person:
    """A user or a chat as a person. Raises one of BROKEN where it has no id."""
    return Person(
        identities=(Identity(kind=KIND, address=key(user["id"])),),
        name=full_name(user) or None,
        username=words(user.get("username")) or None,
        language=words(user.get("language_code")) or None,
    )


def when(seconds: Any, otherwise: datetime) -> datetime:
    """Telegram's Unix time (some relays send it as a text)."""
    try:
        return datetime.fromtimestamp(int(seconds), UTC) if seconds else otherwise
    except (TypeError, ValueError, OverflowError, OSError):
        return otherwise


def _message(raw: Raw, received_at: datetime) -> InboundMessage:
    chat = raw["chat"]
    content = _content(raw)
    text = content.text
    sender = _sender(raw, chat, content)
    more = _surroundings(raw, content) if len(raw) > _PLAIN_FIELDS or _is_bot(raw.get("from")) else {}
    return InboundMessage(
        external_id=key(raw["message_id"]),
        thread=thread_of(key(chat["id"]), raw.get("business_connection_id")),
        sender=sender,
        address=address_of(chat, sender.identities[0].address),
        at=when(raw.get("date"), received_at),
        kind=content.kind,
        text=text,
        html=to_html(text, content.entities) if content.entities else None,
        subject=group_title(chat),
        attachments=content.files,
        start=_start(text) if text[:6] == "/start" else None,
        data=content.data,
        reply_context=reply_context(raw),
        **more,
    )


def _content(raw: Raw) -> Content:
    """Known content, else `unsupported` with the message itself: what a person sent is shown, even if only as a hint."""
    try:
        found = read_content(raw)
    except BROKEN:
        found = None
    return found or Content(kind="unsupported", text=words(raw.get("caption")), data={"message": raw})


def _said_too(raw: Raw, received_at: datetime) -> list[Event]:
    """A message beside the service field, should it ever have both."""
    message = _message(raw, received_at)
    return [] if message.kind == "unsupported" else [message]


def _service(name: str, raw: Raw) -> Notice:
    where = group_title(raw["chat"])
    return Notice(kind=name, text=": ".join(filter(None, (where, said_by(name, raw[name])))), data=raw)


def _sender(raw: Raw, chat: Raw, content: Content) -> Person:
    """Who wrote. Someone hidden behind a chat counts as that chat; what a business owner sent belongs to the customer's chat."""
    user = raw.get("from")
    if not isinstance(user, dict) or (user.get("is_bot") and isinstance(raw.get("sender_chat"), dict)):
        signed = words(raw.get("author_signature"))
        known = person(raw.get("sender_chat") or chat)
        return Person(identities=known.identities, name=signed or known.name, username=known.username)
    if is_echo(raw, user):
        return person(chat)
    found = person(user)
    return _with_phone(found, raw["contact"], user) if content.kind == "contact" and "contact" in raw else found


def _with_phone(sender: Person, contact: Raw, user: Raw) -> Person:
    """One's own contact carries the number that Telegram itself has checked; anybody else's says nothing about the sender."""
    digits = re.sub(r"\D", "", words(contact.get("phone_number")))
    if not digits or contact.get("user_id") != user.get("id"):
        return sender
    phone = Identity(kind="phone", address=f"+{digits}")
    return Person(identities=(*sender.identities, phone), name=sender.name, username=sender.username, language=sender.language)


def _start(text: str) -> str | None:
    """The parameter of a deep link: `/start ad-42`, in groups `/start@the_bot ad-42`."""
    command, _, parameter = text.partition(" ")
    return parameter.strip() or None if command.partition("@")[0] == "/start" else None


def _surroundings(raw: Raw, content: Content) -> Raw:
    """What a message belongs to: the arguments of InboundMessage that most messages do without."""
    found = raw.get("from")
    user: Raw = found if isinstance(found, dict) else {}
    echo = bool(user) and is_echo(raw, user)
    content.data |= {name: value for name, value in _origin(raw).items() if value}
    if echo:
        content.data["written_by"] = full_name(user)
    automatic = (_is_bot(user) and "sender_chat" not in raw) or (echo and bool(raw.get("is_from_offline")))
    return {"reply_to": _quoted(raw), "group": words(raw.get("media_group_id")) or None, "echo": echo, "auto_reply": automatic}


def _is_bot(user: Any) -> bool:
    return isinstance(user, dict) and bool(user.get("is_bot"))


def _quoted(raw: Raw) -> str | None:
    """The message that this one answers. In a forum the topic's first message is quoted by all: that is no answer."""
    quoted = raw.get("reply_to_message")
    if not isinstance(quoted, dict) or "forum_topic_created" in quoted:
        return None
    return words(quoted.get("message_id")) or None


def _origin(raw: Raw) -> dict[str, str]:
    """Who wrote it first, what of an earlier message is quoted, whose story is answered."""
    origin = raw.get("forward_origin") or raw.get("forward_from")
    quote, elsewhere, story = (raw.get(name) for name in ("quote", "external_reply", "reply_to_story"))
    return {
        "forwarded_from": _source(origin),
        "quote": words(quote.get("text")) if isinstance(quote, dict) else "",
        "answers_message_of": _source(elsewhere.get("origin")) if isinstance(elsewhere, dict) else "",
        "answers_story_of": full_name(story["chat"]) if isinstance(story, dict) else "",
    }


def _source(origin: Any) -> str:
    if not isinstance(origin, dict):
        return ""
    nested = (origin.get(name) for name in ("sender_user", "sender_chat", "chat"))
    source = next((value for value in nested if isinstance(value, dict)), origin)
    return words(origin.get("sender_user_name")) or full_name(source)
