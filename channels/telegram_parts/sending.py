"""Which calls of the Bot API make up one outgoing message: text, files, albums, buttons, a place, contacts, a reaction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from channels.base import ContactCard, Location, OutgoingFile, OutgoingMessage, Refused
from channels.fit_parts.cut import split
from channels.fit_parts.markup import shown_text, split_html
from channels.telegram_parts.chats import chat_of, is_group
from channels.telegram_parts.files import METHODS, Shown, albums
from channels.telegram_parts.keyboards import keyboard
from channels.telegram_parts.outward import to_telegram, units
from channels.telegram_parts.refusals import ENTITIES, NO_TOPIC, PICTURE, VOICE, Moved

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
_MESSAGE_NUMBERS = 2**31
"""Message numbers are 32 bits; the id of a pressed button, which cannot be quoted, has more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One method with its parameters; `files` by the name that the parameters refer to."""

    method: str
    parameters: Mapping[str, Any]
    files: Mapping[str, OutgoingFile] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Manner:
    """How a message is sent; after a refusal that another manner avoids, `instead` names that one."""

    plain: bool = False
    """Without formatting."""
    plainly: frozenset[str] = frozenset()
    """Kinds of files that go as documents."""
    anywhere: bool = False
    """Not in the topic where the customer wrote."""
    chat: str = ""
    """The chat's new id."""

    def instead(self, error: Refused) -> "Manner | None":
        """What to try after this refusal; None where nothing helps, or that was tried already."""
        found = self
        if isinstance(error, Moved):
            found = replace(self, chat=error.chat)
        elif error.reason == ENTITIES:
            found = replace(self, plain=True)
        elif error.reason in (PICTURE, VOICE):
            found = replace(self, plainly=self.plainly | {"photo" if error.reason == PICTURE else "voice"})
        elif error.reason == NO_TOPIC:
            found = replace(self, anywhere=True)
        return None if found == self else found


def plan(message: OutgoingMessage, manner: Manner = Manner()) -> list[Call]:
    """The calls that bring `message` to the customer, in order. Raises Refused."""
    if message.bulk and is_group(message.address):
        raise Refused("A broadcast is not sent into a group", code="group")
    if message.reaction is not None and _is_number(message.reply_to) and not message.extra.get("business_connection_id"):
        return [_reaction(message, manner)]
    calls = [*_files_and_words(message, manner), *_place(message.location), *_contacts(message.contacts)]
    if not calls:
        raise Refused("The message is empty", code="empty")
    return [_addressed(call, message, manner, first=number == 0) for number, call in enumerate(calls)]


def _files_and_words(message: OutgoingMessage, manner: Manner) -> Iterator[Call]:
    """Files, with the words as caption where they fit; else the words follow in messages of their own."""
    parts = list(albums(message.attachments, manner.plainly))
    buttons = keyboard(message.choices)
    captioned = len(parts) == 1 and _takes_caption(parts[0], message)
    caption = _said(message, "caption", CAPTION_LIMIT, manner) if captioned else []
    if len(caption) > 1:
        captioned, caption = False, []
    for part in parts:
        yield _media(part, caption[0] if caption else {}, buttons if captioned else {})
    if captioned:
        return
    texts = _said(message, "text", TEXT_LIMIT, manner) or ([{"text": "…"}] if buttons else [])
    for number, said in enumerate(texts, 1):
        yield Call(method="sendMessage", parameters={**said, **(buttons if number == len(texts) else {})})


def _said(message: OutgoingMessage, name: str, limit: int, manner: Manner) -> list[dict[str, str]]:
    """The words in pieces of at most `limit` UTF-16 units as Telegram counts them: after its tags are read."""
    html = to_telegram(message.html) if message.html else ""
    if html and not manner.plain:
        parts = split_html(html, limit, units)
        return [{name: part, "parse_mode": "HTML"} for part in parts if shown_text(part).strip()]
    text = message.text or shown_text(html) or message.reaction or ""
    if units(text) <= limit:
        return [{name: text}] if text.strip() else []
    return [{name: part} for part in _halved(text, limit)]


def _halved(text: str, limit: int) -> Iterator[str]:
    """Texts whose characters count double are cut shorter."""
    for part in split(text, limit):
        yield from [part] if units(part) <= limit else split(part, limit // 2)


def _takes_caption(part: Sequence[Shown], message: OutgoingMessage) -> bool:
    """A sticker has no caption, an album no buttons; then the words follow in a message of their own."""
    if message.choices and len(part) > 1:
        return False
    return part[0][0] != "sticker" or not (message.text or message.html)


def _media(part: Sequence[Shown], caption: Mapping[str, Any], buttons: Mapping[str, Any]) -> Call:
    if len(part) == 1:
        shown, file = part[0]
        return Call(method=METHODS[shown], parameters={**caption, **buttons}, files={shown: file})
    media = [{"type": shown, "media": f"attach://file{number}"} for number, (shown, _) in enumerate(part)]
    media[0] |= caption
    files = {f"file{number}": file for number, (_, file) in enumerate(part)}
    return Call(method="sendMediaGroup", parameters={"media": media}, files=files)


def _place(place: Location | None) -> Iterator[Call]:
    """A point, or with a name a venue, which needs a name and an address."""
    if place is None:
        return
    point = {"latitude": place.latitude, "longitude": place.longitude}
    if not (place.name or place.address):
        yield Call(method="sendLocation", parameters=point)
        return
    named = {"title": place.name or place.address, "address": place.address or place.name}
    yield Call(method="sendVenue", parameters={**point, **named})


def _contacts(cards: Sequence[ContactCard]) -> Iterator[Call]:
    """A card with a telephone as Telegram's own contact, one a number; without one it can only be words."""
    for card in cards:
        for phone in card.phones:
            vcard = {"vcard": _vcard(card)} if card.emails or card.organisation or card.url else {}
            yield Call(method="sendContact", parameters={"phone_number": phone, "first_name": card.name or phone, **vcard})
        if not card.phones:
            lines = (card.name, card.organisation, *card.emails, card.url)
            yield Call(method="sendMessage", parameters={"text": "\n".join(line for line in lines if line) or "…"})


def _vcard(card: ContactCard) -> str:
    """The card as vCard 3.0, which Telegram shows beside the number; 2048 bytes at most."""
    fields = [("FN", card.name), ("ORG", card.organisation), *(("TEL", phone) for phone in card.phones)]
    fields += [*(("EMAIL", email) for email in card.emails), ("URL", card.url)]
    lines = [f"{name}:{_escaped(value)}" for name, value in fields if value]
    return "\n".join(["BEGIN:VCARD", "VERSION:3.0", *lines, "END:VCARD"])


def _escaped(value: str) -> str:
    for sign in "\\,;":
        value = value.replace(sign, f"\\{sign}")
    return value.replace("\n", "\\n")


def _reaction(message: OutgoingMessage, manner: Manner) -> Call:
    emoji = [{"type": "emoji", "emoji": message.reaction}] if message.reaction else []
    where = {"chat_id": manner.chat or chat_of(message.address), "message_id": int(message.reply_to or 0)}
    return Call(method="setMessageReaction", parameters={**where, "reaction": emoji})


_CONTEXT = ("business_connection_id", "message_thread_id", "direct_messages_topic_id")


def context(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that keep an answer where the customer wrote."""
    return {name: extra[name] for name in _CONTEXT if extra.get(name)}


def _addressed(call: Call, message: OutgoingMessage, manner: Manner, *, first: bool) -> Call:
    where = context(message.extra)
    if manner.anywhere:
        where.pop("message_thread_id", None)
    parameters = {"chat_id": manner.chat or chat_of(message.address), **where, **call.parameters}
    quoted = message.reply_to or (str(message.extra.get("message_id") or "") if is_group(message.address) else "")
    if first and _is_number(quoted):
        parameters["reply_parameters"] = {"message_id": int(quoted), "allow_sending_without_reply": True}
    return replace(call, parameters=parameters)


def _is_number(quoted: str | None) -> bool:
    return bool(quoted) and str(quoted).isdecimal() and int(str(quoted)) < _MESSAGE_NUMBERS
