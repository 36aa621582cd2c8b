"""The private chats behind Telegram's stand-in: their messages and files, and what the customers do in them."""

import itertools
import time
from collections.abc import Sequence

from aiohttp import web

from channels.sandbox.base import Bubble, Customer, Draft, PhoneFile, Phones
from channels.sandbox.telegram_parts.circles import Circles
from channels.sandbox.telegram_parts.rules import ApiError, Raw, bad, choices_of, keyboard_of, number, structure
from channels.sandbox.telegram_parts.updates import Updates, unused

_REMEMBERED = 50_000
"""Messages that can still be quoted, edited and pressed."""
SENT_AS = {
    "photo": "image",
    "document": "file",
    "voice": "voice",
    "audio": "audio",
    "video": "video",
    "animation": "video",
    "sticker": "sticker",
}
"""Telegram's kind of a file -> that of a phone."""
_WRITTEN_AS = {"image": "photo", "file": "document", "voice": "voice", "audio": "audio", "video": "video", "sticker": "sticker"}
_KIND = "telegram"
_PHOTO_LIMIT = 10 * 1024 * 1024
_REACTIONS = "👍👎❤🔥🥰👏😁🤔🤯😱😢🎉🤩🙏👌🕊🤡😍💯🤣⚡🍾💔🤝✍🤗🫡😎👀😇"
"""Some of those that Telegram allows."""


class Chats:
    """Every chat of one bot, and what the provider remembers of it."""

    def __init__(self, phones: Phones, updates: Updates, bot: Raw) -> None:
        self.blocked: set[str] = set()
        self.any_chat = False
        self.files: dict[str, tuple[str, PhoneFile]] = {}
        """File id -> (path, file)."""
        self.paths: dict[str, bytes] = {}
        self.spinning: set[str] = set()
        """Pressed buttons that wait for an answer."""
        self._phones = phones
        self._updates = updates
        self._bot = bot
        self._owners: dict[str, Customer] = {}
        self._messages: dict[tuple[str, int], tuple[Raw, Bubble]] = {}
        # As with the real one, no number comes twice, also after a restart.
        self._ids = itertools.count(unused())
        self.circles = Circles(updates, self._ids)
        self._query_ids = itertools.count(4_380_000_000_000_000_001 + time.time_ns() // 1_000)

    def new_id(self) -> str:
        """A number for an album or a pressed button."""
        return str(next(self._query_ids))

    def open_chat(self, parameters: Raw) -> str:
        """The chat that a call names, if the bot may write there: nobody is written to who has not opened the chat."""
        chat = str(parameters.get("chat_id") or "")
        if not chat:
            raise bad("chat_id is empty")
        if self.circles.check_account(parameters) or self.circles.check_group(chat):
            return chat
        if chat in self.blocked:
            raise ApiError(403, "Forbidden: bot was blocked by the user")
        if chat not in self._owners and not self._is_known(chat):
            raise bad("chat not found")
        return chat

    def _is_known(self, chat: str) -> bool:
        return (self.any_chat and chat.lstrip("-").isdecimal()) or any(
            c.addresses.get(_KIND) == chat for c in self._phones.customers.values()
        )

    def owner(self, chat: str) -> Customer:
        if chat not in self._owners:
            self._owners[chat] = self._phones.owner(_KIND, chat)
        return self._owners[chat]

    def sent(self, parameters: Raw, verb: str) -> tuple[Raw, Bubble]:
        found = self._messages.get((self.open_chat(parameters), number(parameters, "message_id")))
        if found is None or found[1].mine:
            raise bad(f"message to {verb} not found")
        return found

    def received(self, name: str, sent: object) -> PhoneFile:
        """A file in a call: uploaded now, or one that Telegram already has."""
        if isinstance(sent, web.FileField):
            content = sent.file.read()
            if not content:
                raise bad("file must be non-empty")
            if name == "photo" and len(content) > _PHOTO_LIMIT:
                raise bad("file is too big")
            return PhoneFile(kind=SENT_AS[name], name=sent.filename, mime=sent.content_type, content=content)
        if isinstance(sent, str) and sent in self.files:
            return self.files[sent][1]
        raise bad("wrong file identifier/HTTP URL specified" if sent else f"there is no {name} in the request")

    def attached(self, item: Raw, parameters: Raw) -> PhoneFile:
        media = str(item.get("media") or "")
        if item.get("type") not in {"photo", "video", "audio", "document"}:
            raise bad("wrong type of media in the album")
        return self.received(item["type"], parameters.get(media.removeprefix("attach://")) if "://" in media else media)

    def described(self, name: str, file: PhoneFile) -> object:
        """A file as Telegram describes it; from now on it can be fetched by its id."""
        unique = f"{next(self._ids):08d}"
        file_id = f"{name}-{unique}"
        path = f"{name}s/file_{unique}{_extension(file.name)}"
        self.files[file_id] = (path, file)
        self.paths[path] = file.content
        about: Raw = {"file_id": file_id, "file_unique_id": unique, "file_size": len(file.content)}
        if name == "photo":
            small = {"file_id": f"{file_id}-s", "file_unique_id": f"{unique}s", "width": 90, "height": 60, "file_size": 1}
            self.files[f"{file_id}-s"] = (path, file)
            return [small, {**about, "width": 1280, "height": 853}]
        extent = {} if name == "document" else {"width": 512, "height": 512} if name == "sticker" else {"duration": 3}
        return {**about, "mime_type": file.mime, **extent, **({} if name in {"voice", "sticker"} else {"file_name": file.name})}

    # --- what the customer sees

    def show(
        self, chat: str, parameters: Raw, content: Raw, html: str | None, files: Sequence[PhoneFile], words: str = ""
    ) -> Raw:
        """Put a message of the bot on the phone. `words`: what the phone shows of content that is no text."""
        markup = keyboard_of(parameters)
        quoted = self._quoted(chat, parameters)
        message_id = next(self._ids)
        in_group = chat in self.circles.groups
        place = self.circles.described(chat) if in_group else {"id": int(chat), "type": "private"}
        message: Raw = {"message_id": message_id, "from": self._bot, "chat": place}
        message |= {"date": int(time.time()), **content}
        if quoted:
            message["reply_to_message"] = {k: v for k, v in quoted.items() if k != "reply_to_message"}
        if markup:
            message["reply_markup"] = markup
        text = content.get("text") or content.get("caption") or words
        bubble = Bubble(
            id=str(message_id),
            channel=_KIND,
            mine=False,
            text=text,
            html=html,
            files=files,
            choices=choices_of(markup),
            reply_to=str(quoted["message_id"]) if quoted else None,
        )
        self._remember(chat, message, bubble)
        self._echo(parameters, message)
        return message

    def _echo(self, parameters: Raw, message: Raw) -> None:
        """What the bot sends for a business account comes back to it as the account's own message."""
        connection = parameters.get("business_connection_id")
        if connection:
            owner = self.circles.owner(str(connection))
            message |= {"from": owner, "sender_business_bot": self._bot, "business_connection_id": str(connection)}
            self._updates.add("business_message", str(message["chat"]["id"]), dict(message))

    def react(self, chat: str, message_id: int, emoji: Sequence[str]) -> None:
        """The bot's reaction on a message, at most one."""
        found = self._messages.get((chat, message_id))
        if found is None:
            raise bad("message to react not found")
        if len(emoji) > 1:
            raise bad("REACTIONS_TOO_MANY")
        if emoji and (len(emoji[0]) != 1 or emoji[0] not in _REACTIONS):
            raise bad("REACTION_INVALID")
        found[1].reaction = "".join(emoji)
        self._phones.changed(self.owner(chat))

    def _quoted(self, chat: str, parameters: Raw) -> Raw | None:
        reply = structure(parameters, "reply_parameters")
        if not isinstance(reply, dict):
            return None
        found = self._messages.get((chat, number(reply, "message_id")))
        if found is None and not reply.get("allow_sending_without_reply"):
            raise bad("message to be replied not found")
        return found[0] if found else None

    def _remember(self, chat: str, message: Raw, bubble: Bubble) -> None:
        self._messages[chat, message["message_id"]] = (message, bubble)
        if len(self._messages) > _REMEMBERED:
            del self._messages[next(iter(self._messages))]
        self._phones.show(self.owner(chat), bubble)

    def write(self, customer: Customer, draft: Draft) -> Bubble:
        chat = customer.addresses[_KIND]
        self._owners[chat] = customer
        if chat in self.blocked:
            self.unblock(customer)
        if draft.choice is not None:
            return self._press(customer, chat, draft)
        contents = self._contents(draft)
        bubbles = [self._write_one(customer, chat, draft, content, files) for content, files in contents]
        return bubbles[0]

    def _contents(self, draft: Draft) -> list[tuple[Raw, list[PhoneFile]]]:
        if not draft.files:
            commanded = draft.text.startswith("/") and len(draft.text) > 1
            entity = {"type": "bot_command", "offset": 0, "length": len(draft.text.split()[0])} if commanded else None
            return [({"text": draft.text, **({"entities": [entity]} if entity else {})}, [])]
        album = {"media_group_id": self.new_id()} if len(draft.files) > 1 else {}
        contents = []
        for place, file in enumerate(draft.files):
            name = _WRITTEN_AS.get(file.kind, "document")
            caption = {"caption": draft.text} if draft.text and place == 0 else {}
            contents.append(({name: self.described(name, file), **caption, **album}, [file]))
        return contents

    def _write_one(self, customer: Customer, chat: str, draft: Draft, content: Raw, files: list[PhoneFile]) -> Bubble:
        message: Raw = {"message_id": next(self._ids), "from": _user(customer, chat), "chat": _private(customer, chat)}
        message |= {"date": int(time.time()), **content}
        number_of_quoted = int(draft.reply_to) if draft.reply_to and draft.reply_to.isdecimal() else 0
        quoted = self._messages.get((chat, number_of_quoted))
        if quoted:
            message["reply_to_message"] = {k: v for k, v in quoted[0].items() if k != "reply_to_message"}
        text = str(content.get("text") or content.get("caption") or "")
        bubble = Bubble(id=str(message["message_id"]), channel=_KIND, mine=True, text=text, files=files, reply_to=draft.reply_to)
        self._remember(chat, message, bubble)
        self._updates.add("message", chat, message)
        return bubble

    def _press(self, customer: Customer, chat: str, draft: Draft) -> Bubble:
        query = self.new_id()
        self.spinning.add(query)
        pressed: Raw = {"id": query, "from": _user(customer, chat), "chat_instance": chat, "data": draft.choice}
        under = self._with_button(customer, chat, str(draft.choice))
        if under is not None:
            pressed["message"] = under
        bubble = Bubble(id=query, channel=_KIND, mine=True, text=draft.text or str(draft.choice))
        self._phones.show(customer, bubble)
        self._updates.add("callback_query", chat, pressed)
        return bubble

    def _with_button(self, customer: Customer, chat: str, choice: str) -> Raw | None:
        """The newest message of the bot that has this button."""
        for bubble in reversed(customer.bubbles):
            if bubble.channel == _KIND and not bubble.mine and any(c == choice for c, _ in bubble.choices):
                found = self._messages.get((chat, int(bubble.id)))
                return found[0] if found else None
        return None

    def edit(self, customer: Customer, bubble: Bubble, text: str) -> None:
        """The customer changes what they wrote, or the caption of their picture."""
        chat = customer.addresses[_KIND]
        message, _ = self._messages[chat, int(bubble.id)]
        bubble.text = text
        message |= {"text" if "text" in message else "caption": text, "edit_date": int(time.time())}
        self._phones.changed(customer)
        self._updates.add("edited_message", chat, dict(message))

    def write_to_business(self, connection: str, customer: Customer, text: str, *, by_owner: bool = False) -> Raw:
        """A customer writes to a business account, or its owner answers from the phone."""
        who = _named(customer, customer.addresses[_KIND])
        writer = self.circles.owner(connection) if by_owner else {**who, "is_bot": False}
        return self.circles.in_account(connection, writer, who, {"text": text})

    def write_in_group(self, group: str, customer: Customer, text: str) -> Raw:
        return self.circles.in_group(group, _user(customer, customer.addresses[_KIND]), {"text": text})

    def block(self, customer: Customer) -> None:
        """The customer stops the bot."""
        self.blocked.add(customer.addresses[_KIND])
        self._membership(customer, "member", "kicked")

    def unblock(self, customer: Customer) -> None:
        self.blocked.discard(customer.addresses[_KIND])
        self._membership(customer, "kicked", "member")

    def _membership(self, customer: Customer, before: str, now: str) -> None:
        chat = customer.addresses[_KIND]
        change: Raw = {"chat": _private(customer, chat), "from": _user(customer, chat), "date": int(time.time())}
        change |= {
            "old_chat_member": {"user": self._bot, "status": before},
            "new_chat_member": {"user": self._bot, "status": now},
        }
        self._updates.add("my_chat_member", chat, change)


def _user(customer: Customer, chat: str) -> Raw:
    return {"is_bot": False, **_named(customer, chat), "language_code": customer.language}


def _private(customer: Customer, chat: str) -> Raw:
    return {**_named(customer, chat), "type": "private"}


def _named(customer: Customer, chat: str) -> Raw:
    first, _, last = customer.name.partition(" ")
    return {"id": int(chat), "first_name": first, **({"last_name": last} if last else {})}


def _extension(name: str) -> str:
    _, dot, ending = name.rpartition(".")
    return f".{ending}" if dot and ending.isalnum() else ""
