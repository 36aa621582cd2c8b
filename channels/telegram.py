"""The Telegram channel: a bot that is called by webhook or polls, and answers through the Bot API.

Its words: https://core.telegram.org/bots/api. Why no client library makes the calls: docs/decisions/0010-telegram-calls.md.
"""

import asyncio
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any, ClassVar

import msgspec

from channels.base import (
    Accept,
    Account,
    Answer,
    BadSignature,
    Blocked,
    Capabilities,
    ChannelError,
    Check,
    Connector,
    Download,
    Hook,
    Misconfigured,
    OutgoingMessage,
    Refused,
    Retry,
    Sent,
    Settings,
    Throttled,
    Transport,
    Unknown,
)
from channels.events import JSON, Event
from channels.telegram_parts.calls import BotApi
from channels.telegram_parts.chats import chat_of, is_group, thread_of
from channels.telegram_parts.checks import host, look, privacy_note
from channels.telegram_parts.polling import QUICK, poll
from channels.telegram_parts.sending import CAPTION_LIMIT, TEXT_LIMIT, Call, Manner, context, plan
from channels.telegram_parts.settings import TelegramSettings, menu
from channels.telegram_parts.updates import ALLOWED, Reading, pressed, read

__all__ = ["TelegramConnector", "TelegramSettings"]

_SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 the name of a header
_LARGEST_DOWNLOAD = 20 * 1024 * 1024
_SOON = 10.0
"""Seconds that the rest of a message waits for Telegram: its first part is there, so that trying anew would bring it twice."""
_TRIES = 3


class TelegramConnector(Connector):
    """One bot."""

    kind: ClassVar[str] = "telegram"
    title: ClassVar[str] = "Telegram"
    identity: ClassVar[str] = "telegram"
    settings_type: ClassVar[type[Settings]] = TelegramSettings
    can = Capabilities(
        text_limit=TEXT_LIMIT,
        caption_limit=CAPTION_LIMIT,
        choices=100,
        choice_title_limit=64,
        choice_kinds=frozenset({"reply", "link", "location", "form"}),
        natively=frozenset({"location", "contacts", "reaction"}),
        media=frozenset({"image", "audio", "voice", "video", "file", "sticker"}),
        media_limit=50_000_000,
        attachments=10,
        html=True,
        replies=True,
        can_start=False,
        typing=True,
        rate=30.0,
        address_rate=1.0,
    )

    def __init__(self, settings: TelegramSettings, transport: Transport) -> None:
        self.pause = 1.0
        """Seconds between the calls of one message: Telegram takes one a second in a chat."""
        self._secret = settings.secret.get_secret_value()
        self._secret_bytes = self._secret.encode()
        self._polls = settings.mode == "polling"
        self._commands = menu(settings.commands)
        self._url = settings.api_base
        self._how = Reading(bot=settings.bot, groups=settings.groups == "keep")
        self._api = BotApi(transport.http, settings.api_base, settings.token.get_secret_value())

    def verify(self, hook: Hook) -> None:
        given = hook.headers.get(_SECRET_HEADER)
        if not given:
            raise BadSignature("The secret token is missing", missing=True)
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret_bytes):
            raise BadSignature("The secret token is wrong")

    def parse(self, hook: Hook) -> Sequence[Event]:
        return read(hook.body, hook.received_at, self._how)

    def answer(self, hook: Hook) -> Answer:
        """A pressed button must be answered, or it keeps spinning: Telegram takes that call as the answer to its webhook."""
        queries = pressed(hook.body)
        if not queries:
            return Answer()
        body = msgspec.json.encode({"method": "answerCallbackQuery", "callback_query_id": queries[0]})
        return Answer(body=body, content_type="application/json")

    async def send(self, message: OutgoingMessage) -> Sent:
        manner: Manner | None = Manner()
        while manner is not None:
            try:
                return await self._send(message, manner)
            except Refused as error:
                manner = manner.instead(error)
                if manner is None:
                    raise
        raise AssertionError("a manner is left only by an answer or an error")

    async def _send(self, message: OutgoingMessage, manner: Manner) -> Sent:
        taken: list[Mapping[str, Any]] = []
        for number, call in enumerate(plan(message, manner)):
            try:
                result = await (self._make_soon(call) if number else self._make(call))
            except (Retry, Refused) as error:
                raise _one_person(message, error) if not taken else _after(error) from None
            if call.method != "setMessageReaction":
                taken += result if isinstance(result, list) else [result]
        numbers = [str(_number(sent)) for sent in taken]
        chat = manner.chat or chat_of(message.address)
        return Sent(external_ids=numbers, thread=thread_of(chat, message.extra.get("business_connection_id")))

    async def _make_soon(self, call: Call) -> Any:
        """A further call of the same message: not faster than Telegram likes, and patient for a moment."""
        after = self.pause
        for attempt in range(_TRIES):
            await asyncio.sleep(after)
            try:
                return await self._make(call)
            except Retry as error:
                after = error.after if isinstance(error, Throttled) else self.pause
                if after > _SOON or attempt == _TRIES - 1:
                    raise
        raise AssertionError("the last attempt returns or raises")

    async def _make(self, call: Call) -> Any:
        if not call.files:
            return await self._api.call(call.method, call.parameters)
        files = {name: (file, await asyncio.to_thread(file.read)) for name, file in call.files.items()}
        return await self._api.call(call.method, call.parameters, files)

    async def download(self, remote: Mapping[str, JSON]) -> Download:
        try:
            found = await self._api.call("getFile", {"file_id": remote.get("file_id")})
        except Unknown as error:
            raise Retry(error.reason, code=error.code) from None
        path = found.get("file_path") if isinstance(found, dict) else None
        if not isinstance(path, str) or int(found.get("file_size") or 0) > _LARGEST_DOWNLOAD:
            raise Refused("Telegram does not give out this file; it may be larger than 20 MB", code="file")
        content = await self._api.fetch(path)
        return Download(content=content, name=str(remote.get("name") or PurePosixPath(path).name))

    async def typing(self, address: str, reply_to: str | None = None, extra: Mapping[str, JSON] | None = None) -> None:
        where = {name: value for name, value in context(extra or {}).items() if name != "direct_messages_topic_id"}
        wanted = {"chat_id": chat_of(address), "action": "typing", **where}
        await self._api.call("sendChatAction", wanted, timeout=QUICK)

    async def read(self, address: str, external_id: str, extra: Mapping[str, JSON] | None = None) -> None:
        """Only for a business account, and only with the right to do so: a bot's own chats know no read marks."""
        connection = (extra or {}).get("business_connection_id")
        if connection and external_id.isdecimal() and chat_of(address).isdecimal():
            wanted = {"business_connection_id": connection, "chat_id": int(chat_of(address)), "message_id": int(external_id)}
            await self._api.call("readBusinessMessage", wanted, timeout=QUICK)

    async def connect(self, webhook: str) -> Account:
        try:
            me = await self._api.call("getMe", {})
            removed = await self._choose_way_in(webhook)
            if self._commands:
                await self._api.call("setMyCommands", {"commands": self._commands})
        except Unknown as error:
            raise Retry(error.reason, code=error.code) from None
        except Refused as error:
            raise Misconfigured(f"Telegram refuses: {error.reason}", code=error.code) from error
        me = me if isinstance(me, dict) else {}
        notes = [note for note in (removed, privacy_note(me, groups=self._how.groups)) if note]
        username = me.get("username")
        return Account(name=str(me.get("first_name") or "Telegram"), address=f"@{username}" if username else "", notes=notes)

    async def _choose_way_in(self, webhook: str) -> str:
        """Set the webhook, or take away the one that polling finds. Returns what the administrator should know of it."""
        if not self._polls:
            wanted = {"url": webhook, "secret_token": self._secret, "allowed_updates": ALLOWED, "max_connections": 100}
            await self._api.call("setWebhook", wanted)
            return ""
        info = await self._api.call("getWebhookInfo", {})
        url = info.get("url") if isinstance(info, dict) else None
        if not url:
            return ""
        await self._api.call("deleteWebhook", {"drop_pending_updates": False})
        return f"The bot had a webhook at {host(url)}, which polling had to remove. A program that set it needs its own bot"

    async def checks(self, webhook: str) -> Sequence[Check]:
        return await look(self._api, webhook, polls=self._polls, groups=self._how.groups, now=datetime.now(UTC))

    @property
    def pulls(self) -> bool:
        return self._polls

    async def pull(self, cursor: Mapping[str, JSON], accept: Accept) -> None:
        if self._polls:
            await poll(self._api, cursor, accept, self._as_hook)

    def _as_hook(self, body: bytes) -> Hook:
        headers = {_SECRET_HEADER: self._secret, "content-type": "application/json"}
        return Hook(method="POST", url=f"{self._url}/getUpdates", headers=headers, body=body, received_at=datetime.now(UTC))


def _one_person(message: OutgoingMessage, error: Retry | Refused) -> ChannelError:
    """A group's own limit (20 a minute) is no reason to keep everybody else waiting."""
    if isinstance(error, Throttled) and is_group(message.address):
        return Throttled(error.reason, after=error.after, code=error.code, one_person=True)
    return error


def _after(error: Retry | Refused) -> ChannelError:
    """An error in the middle of several calls: what was taken must not be sent again by trying the whole once more."""
    if isinstance(error, Refused):
        kind = Blocked if isinstance(error, Blocked) else Refused
        return kind(f"Only the first part was sent: {error.reason}", code=error.code)
    return Unknown("Only the first part was sent, then Telegram could not take more", code=error.code)


def _number(sent: Any) -> int:
    """The message's number. Without one nothing can be found again, so nobody should believe that all is well."""
    number = sent.get("message_id") if isinstance(sent, dict) else None
    if not isinstance(number, int) or number <= 0:
        raise Unknown("Telegram took the message but did not give it a number", code="answer")
    return number
