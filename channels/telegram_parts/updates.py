"""Telegram's updates become events: one update of a webhook, or the list that getUpdates answers with."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from channels.base import BadPayload
from channels.events import ConsentChanged, DeliveryStatus, Event, InboundMessage, MessageDeleted, Notice, Reaction
from channels.telegram_parts.chats import address_of, is_private, reply_context, sent_by, thread_of
from channels.telegram_parts.content import Raw, full_name, key, words
from channels.telegram_parts.messages import BROKEN, person, read_edited, read_message, when

ALLOWED = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "message_reaction",
    "callback_query",
    "my_chat_member",
)
"""The updates that Telegram is asked for by name: what is not named here keeps the setting of whoever used the bot before."""


def decode(body: bytes) -> Raw:
    """The body as a JSON object. Raises BadPayload."""
    try:
        found = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = _decode_patiently(body)
    if not isinstance(found, dict):
        raise BadPayload("The body is not a JSON object")
    return found


_HIGH, _LOW = r"\\u[dD][89abAB][0-9a-fA-F]{2}", r"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
_LONE = re.compile(rf"{_HIGH}(?!{_LOW})|(?<!{_HIGH}){_LOW}")


def _decode_patiently(body: bytes) -> Any:
    """JSON with broken characters in it: they become U+FFFD, which costs a letter instead of the message."""
    try:
        return json.loads(_LONE.sub(r"\\ufffd", body.decode("utf-8", "replace")))
    except (ValueError, RecursionError) as error:
        raise BadPayload("The body is not JSON") from error


def updates_in(found: Raw) -> list[Any]:
    """The updates of a decoded body, in their order."""
    listed = found.get("result")
    return listed if isinstance(listed, list) and "update_id" not in found else [found]


def pressed(body: bytes) -> list[str]:
    """The ids of the buttons pressed in a delivery. Raises nothing."""
    if b'"callback_query"' not in body:
        return []
    try:
        updates = updates_in(decode(body))
    except BadPayload:
        return []
    queries = (u.get("callback_query") for u in updates if isinstance(u, dict))
    return [q["id"] for q in queries if isinstance(q, dict) and isinstance(q.get("id"), str)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How a bot's updates are read. `bot`: its own id; `groups`: whether what is written in groups and channels is kept."""

    bot: int = 0
    groups: bool = True


def read(body: bytes, received_at: datetime, how: Reading = Reading()) -> list[Event]:
    """Everything that the body tells. Raises BadPayload and nothing else."""
    events: list[Event] = []
    for update in updates_in(decode(body)):
        events += _read_update(update, received_at, how)
    return events


def _read_update(update: Any, received_at: datetime, how: Reading) -> list[Event]:
    if not isinstance(update, dict):
        return [Notice(kind="broken", text="An update is not an object", data=update, error=True)]
    events: list[Event] = []
    known = 0
    for name, value in update.items():
        reader = _READERS.get(name)
        if reader is None:
            continue
        known += 1
        try:
            if how.groups or is_private(value):
                events += _echoed(value, received_at) if sent_by(value, how.bot) else reader(value, received_at)
        except BROKEN:
            events.append(Notice(kind="broken", text=f"{name} cannot be read", data=update, error=True))
    return events if known else [Notice(kind=_kind_of(update), data=update)]


def _echoed(raw: Raw, received_at: datetime) -> list[Event]:
    """What this bot sent for a business account comes back: it has arrived, and is no message that a person wrote."""
    thread = thread_of(key(raw["chat"]["id"]), raw.get("business_connection_id"))
    at = when(raw.get("date"), received_at)
    return [DeliveryStatus(state="sent", at=at, external_id=key(raw["message_id"]), thread=thread)]


def _kind_of(update: Raw) -> str:
    """The name of an update of a kind that is news but no event of ours: poll, inline_query, what Telegram invents next."""
    return next((name for name in update if name != "update_id"), "empty")


def _callback(query: Raw, received_at: datetime) -> list[Event]:
    """A pressed button. Its text is what stood on it, where Telegram still has the message."""
    sender = person(query["from"])
    held = query.get("message")
    under: Raw = held if isinstance(held, dict) else {}
    chat, who = under.get("chat"), sender.identities[0].address
    chat_id, address = (key(chat["id"]), address_of(chat, who)) if isinstance(chat, dict) else (who, who)
    pressed = words(query.get("data")) or words(query.get("game_short_name"))
    return [
        InboundMessage(
            external_id=key(query["id"]),
            thread=thread_of(chat_id, under.get("business_connection_id")),
            sender=sender,
            address=address,
            at=received_at,
            kind="choice",
            text=_title(under, pressed) or pressed,
            choice=pressed or None,
            reply_to=words(under.get("message_id")) or None,
            reply_context=reply_context(under),
        )
    ]


def _title(message: Raw, pressed: str) -> str:
    markup = message.get("reply_markup")
    rows = markup.get("inline_keyboard") if isinstance(markup, dict) else None
    buttons = (button for row in rows or () if isinstance(row, list) for button in row if isinstance(button, dict))
    return next((words(button.get("text")) for button in buttons if button.get("callback_data") == pressed), "")


def _reaction(raw: Raw, received_at: datetime) -> list[Event]:
    sender = person(raw.get("user") or raw["actor_chat"])
    return [
        Reaction(
            external_id=key(raw["message_id"]),
            thread=key(raw["chat"]["id"]),
            sender=sender,
            address=address_of(raw["chat"], sender.identities[0].address),
            emoji="".join(_emoji(reaction) for reaction in raw["new_reaction"]),
            at=when(raw.get("date"), received_at),
        )
    ]


def _emoji(reaction: Raw) -> str:
    """A custom emoji has no character and a paid one is a star; neither may look like a reaction taken back, which is empty."""
    return words(reaction.get("emoji")) or ("⭐" if reaction.get("type") == "paid" else "❔")


_GONE = {"kicked", "left"}


def _my_membership(raw: Raw, received_at: datetime) -> list[Event]:
    """In a private chat our own membership is the person's consent: `kicked` means that they stopped the bot."""
    chat, user = raw["chat"], raw["from"]
    before, now = (words(raw[name].get("status")) for name in ("old_chat_member", "new_chat_member"))
    private = chat.get("type", "private") == "private" and chat.get("id") == user.get("id")
    if not private or not now or (now in _GONE) == (before in _GONE):
        return [Notice(kind="my_chat_member", text=" ".join(filter(None, (full_name(chat), now))), data=raw)]
    at = when(raw.get("date"), received_at)
    return [ConsentChanged(sender=person(user), address=key(chat["id"]), stopped=now in _GONE, at=at, source="telegram")]


def _business_connection(raw: Raw, received_at: datetime) -> list[Event]:
    """The bot was tied to a business account, or cut off. Without the right to reply it only listens: somebody must know."""
    rights = raw.get("rights")
    may_reply = raw.get("can_reply", True) if not isinstance(rights, dict) else rights.get("can_reply", False)
    state = "connected" if raw.get("is_enabled") else "disconnected"
    if raw.get("is_enabled") and not may_reply:
        state = "connected without the right to reply: allow it under Settings – Telegram Business – Chatbots"
    text = f"{full_name(raw['user'])} {state}".strip()
    return [Notice(kind="business_connection", text=text, data=raw, error=bool(raw.get("is_enabled")) and not may_reply)]


def _deleted(raw: Raw, received_at: datetime) -> list[Event]:
    thread = thread_of(key(raw["chat"]["id"]), raw.get("business_connection_id"))
    return [MessageDeleted(external_id=key(number), at=received_at, thread=thread) for number in raw["message_ids"]]


_READERS: dict[str, Callable[[Raw, datetime], list[Event]]] = {
    "message": read_message,
    "edited_message": read_edited,
    "channel_post": read_message,
    "edited_channel_post": read_edited,
    "business_message": read_message,
    "edited_business_message": read_edited,
    "guest_message": read_message,
    "deleted_business_messages": _deleted,
    "business_connection": _business_connection,
    "callback_query": _callback,
    "message_reaction": _reaction,
    "my_chat_member": _my_membership,
}
