"""Where a message was written and where its answer goes: private chats, groups, channels, business accounts, forum topics.

An address is the chat's id; in a group it is `chat:person`, so that everybody there stays a contact of their own, with their own
conversation, and the answer still goes to the group.
"""

from typing import Any

from channels.telegram_parts.content import Raw, full_name, key

GROUPS = frozenset({"group", "supergroup"})
_HERE: Raw = {"place": "chat"}
"""Says that an answer needs nothing more than the chat. Empty, it would leave the topic or the business account standing in which
the person wrote before."""


def address_of(chat: Raw, person_id: str) -> str:
    """Where an answer to this person goes. Raises TypeError or LookupError where the chat has no id."""
    chat_id = key(chat["id"])
    return chat_id if chat.get("type") not in GROUPS or person_id == chat_id else f"{chat_id}:{person_id}"


def chat_of(address: str) -> str:
    """The chat of an address."""
    return address.partition(":")[0]


def is_group(address: str) -> bool:
    return address.startswith("-")


def thread_of(chat_id: str, connection: Any) -> str:
    """Where a message id is unique: the chat; a business account numbers its chats' messages apart from the bot's own."""
    return f"{connection}:{chat_id}" if connection else chat_id


def is_private(raw: Raw) -> bool:
    """Whether an update's content comes from a chat with one person. What names no kind of chat counts as private."""
    held = raw.get("message")
    chat = raw.get("chat") or (held.get("chat") if isinstance(held, dict) else None)
    return not isinstance(chat, dict) or chat.get("type", "private") == "private"


def is_echo(raw: Raw, user: Raw) -> bool:
    """Whether the owner of a business account wrote it, in an app of theirs."""
    return bool(raw.get("business_connection_id")) and user.get("id") != raw["chat"].get("id")


def sent_by(raw: Raw, bot: int) -> bool:
    """Whether this bot itself sent the message for a business account: an echo of ours, known already."""
    sender = raw.get("sender_business_bot")
    return isinstance(sender, dict) and sender.get("id") == bot


def group_title(chat: Raw) -> str | None:
    """The name of a group, None for a private chat or a channel."""
    return (full_name(chat) or None) if chat.get("type") in GROUPS else None


def reply_context(raw: Raw) -> Raw:
    """What `send` must repeat to answer in the same place: the business account, the topic of a forum or of a channel's inbox;
    in a group also the message, which is quoted there so that everybody sees who is answered."""
    found: Raw = {}
    if raw.get("business_connection_id"):
        found["business_connection_id"] = raw["business_connection_id"]
    if raw.get("is_topic_message") and raw.get("message_thread_id"):
        found["message_thread_id"] = raw["message_thread_id"]
    topic = raw.get("direct_messages_topic")
    if isinstance(topic, dict) and topic.get("topic_id"):
        found["direct_messages_topic_id"] = topic["topic_id"]
    chat = raw.get("chat")
    if isinstance(chat, dict) and chat.get("type") in GROUPS and isinstance(raw.get("message_id"), int):
        found["message_id"] = raw["message_id"]
    return found or _HERE
