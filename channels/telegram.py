"""The Telegram channel: a bot that is called by webhook or polls, and answers through the Bot API.

Its words: https://core.telegram.org/bots/api. Why no client library makes the calls: docs/decisions/0010-telegram-calls.md.
"""

import asyncio
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any, ClassVar, Literal, Self

import msgspec
from pydantic import Field, SecretStr, field_validator, model_validator

from channels.base import (
    Accept,
    Account,
    Answer,
    BadPayload,
    BadSignature,
    Capabilities,
    ChannelError,
    Connector,
    Download,
    Hook,
    Misconfigured,
    OutgoingMessage,
    Refused,
    Retry,
    Sent,
    Settings,
    Transport,
    Unknown,
)
from channels.events import JSON, Event
from channels.telegram_parts.calls import BotApi, refusal
from channels.telegram_parts.messages import thread_of
from channels.telegram_parts.sending import CAPTION_LIMIT, Call, context, plan
from channels.telegram_parts.updates import ALLOWED, decode, read, updates_in

_SECRET_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105 the name of a header
_POLL_SECONDS = 25
_POLL_BATCH = 100
_QUICK_SECONDS = 10.0
"""For calls that nobody should wait for."""
_LARGEST_DOWNLOAD = 20 * 1024 * 1024


class TelegramSettings(Settings):
    """What a bot needs; @BotFather gives the token."""

    token: SecretStr = Field(title="Token", description="The bot's token from @BotFather, like 123456:ABC-DEF")
    secret: SecretStr = Field(
        SecretStr(""), title="Webhook secret", description="1–256 of A–Z a–z 0–9 _ -; left empty, one is made from the token"
    )
    mode: Literal["webhook", "polling"] = Field("polling", title="Mode", description="polling needs no public address")
    api_base: str = Field("https://api.telegram.org", title="API address", description="Or that of a Bot API server of your own")

    @field_validator("token")
    @classmethod
    def _token_fits_an_address(cls, token: SecretStr) -> SecretStr:
        if not re.fullmatch(r"[A-Za-z0-9:_-]+", token.get_secret_value()):
            raise ValueError("a token has only letters, digits and : _ -")
        return token

    @field_validator("api_base")
    @classmethod
    def _base_is_an_address(cls, base: str) -> str:
        if not re.fullmatch(r"https?://[^/\s][^\s?#]*", base):
            raise ValueError("must be an http(s) address")
        return base.rstrip("/")

    @model_validator(mode="after")
    def _secret_is_there(self) -> Self:
        """Made from the token, an omitted secret is the same in every process and after every restart."""
        given = self.secret.get_secret_value()
        if not given:
            made = hmac.new(self.token.get_secret_value().encode(), b"telegram webhook secret", sha256).hexdigest()
            self.secret = SecretStr(made)
        elif not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", given):
            raise ValueError("secret must have 1 to 256 of A-Z a-z 0-9 _ -")
        return self


class TelegramConnector(Connector):
    """One bot."""

    kind: ClassVar[str] = "telegram"
    title: ClassVar[str] = "Telegram"
    identity: ClassVar[str] = "telegram"
    settings_type: ClassVar[type[Settings]] = TelegramSettings
    can = Capabilities(
        text_limit=4096,
        caption_limit=CAPTION_LIMIT,
        choices=100,
        choice_title_limit=64,
        media=frozenset({"image", "audio", "voice", "video", "file", "sticker"}),
        media_limit=50_000_000,
        attachments=10,
        html=True,
        replies=True,
        can_start=False,
        typing=True,
        rate=30.0,
    )

    def __init__(self, settings: TelegramSettings, transport: Transport) -> None:
        self._secret = settings.secret.get_secret_value()
        self._secret_bytes = self._secret.encode()
        self._polls = settings.mode == "polling"
        self._url = settings.api_base
        self._api = BotApi(transport.http, settings.api_base, settings.token.get_secret_value())

    def verify(self, hook: Hook) -> None:
        given = hook.headers.get(_SECRET_HEADER)
        if not given:
            raise BadSignature("The secret token is missing", missing=True)
        if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._secret_bytes):
            raise BadSignature("The secret token is wrong")

    def parse(self, hook: Hook) -> Sequence[Event]:
        return read(hook.body, hook.received_at)

    def answer(self, hook: Hook) -> Answer:
        """A pressed button must be answered, or it keeps spinning: Telegram takes that call as the answer to its webhook."""
        if b'"callback_query"' not in hook.body:
            return Answer()
        pressed = _pressed(hook.body)
        if not pressed:
            return Answer()
        body = msgspec.json.encode({"method": "answerCallbackQuery", "callback_query_id": pressed[0]})
        return Answer(body=body, content_type="application/json")

    async def send(self, message: OutgoingMessage) -> Sent:
        try:
            return await self._send(message, plan(message))
        except Refused as error:
            if not (message.html and error.reason.startswith("can't parse entities")):
                raise
        return await self._send(message, plan(message, plain=True))

    async def _send(self, message: OutgoingMessage, calls: Sequence[Call]) -> Sent:
        taken: list[Mapping[str, Any]] = []
        for call in calls:
            try:
                result = await self._make(call)
            except (Retry, Refused) as error:
                raise _after(taken, error) from None
            taken += result if isinstance(result, list) else [result]
        numbers = [str(_number(sent)) for sent in taken]
        thread = thread_of(message.address, message.extra.get("business_connection_id"))
        return Sent(external_ids=numbers, thread=thread)

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
        await self._api.call("sendChatAction", {"chat_id": address, "action": "typing", **where}, timeout=_QUICK_SECONDS)

    async def connect(self, webhook: str) -> Account:
        try:
            me = await self._api.call("getMe", {})
            await self._choose_way_in(webhook)
        except Unknown as error:
            raise Retry(error.reason, code=error.code) from None
        except Refused as error:
            raise Misconfigured(f"Telegram refuses: {error.reason}", code=error.code) from error
        seen = isinstance(me, dict) and me.get("can_read_all_group_messages")
        notes = [] if seen else ["In groups the bot sees only commands and answers to itself (privacy mode, see @BotFather)"]
        username = me.get("username") if isinstance(me, dict) else None
        return Account(name=str(me.get("first_name") or "Telegram"), address=f"@{username}" if username else "", notes=notes)

    async def _choose_way_in(self, webhook: str) -> None:
        if self._polls:
            await self._api.call("deleteWebhook", {"drop_pending_updates": False})
            return
        await self._api.call(
            "setWebhook",
            {"url": webhook, "secret_token": self._secret, "allowed_updates": ALLOWED, "max_connections": 100},
        )

    @property
    def pulls(self) -> bool:
        return self._polls

    async def pull(self, cursor: Mapping[str, JSON], accept: Accept) -> None:
        """Long polling. A whole answer is one delivery; only when that is on disk does the next call let Telegram forget it."""
        offset = int(cursor.get("offset") or 0)
        while self._polls:
            body = await self._updates(offset)
            numbers = _numbers(body)
            if not numbers:
                continue
            offset = max(numbers) + 1
            await accept(self._as_hook(body), {"offset": offset})
            await asyncio.gather(*(self._stop_spinning(query) for query in _pressed(body)))

    def _as_hook(self, body: bytes) -> Hook:
        headers = {_SECRET_HEADER: self._secret, "content-type": "application/json"}
        return Hook(method="POST", url=f"{self._url}/getUpdates", headers=headers, body=body, received_at=datetime.now(UTC))

    async def _updates(self, offset: int) -> bytes:
        """The next answer of getUpdates, unread. Raises Retry or Misconfigured."""
        wanted = {"offset": offset, "limit": _POLL_BATCH, "timeout": _POLL_SECONDS, "allowed_updates": ALLOWED}
        try:
            status, body = await self._api.post("getUpdates", wanted, timeout=_POLL_SECONDS + _QUICK_SECONDS)
            if status == 409 and b"webhook" in body:
                await self._api.call("deleteWebhook", {"drop_pending_updates": False})
                return b'{"ok":true,"result":[]}'
        except Unknown as error:
            raise Retry(error.reason, code=error.code) from None
        if status == 200:
            return body
        refused = refusal(status, body)
        raise Misconfigured(refused.reason, code=refused.code) if isinstance(refused, Refused) else refused

    async def _stop_spinning(self, query: str) -> None:
        """Answer a pressed button. One pressed too long ago has stopped by itself, and the message is safe either way."""
        try:
            await self._api.call("answerCallbackQuery", {"callback_query_id": query}, timeout=_QUICK_SECONDS)
        except ChannelError:
            return


def _after(taken: Sequence[object], error: Retry | Refused) -> ChannelError:
    """An error in the middle of several calls: what was taken must not be sent again by trying the whole once more."""
    if not taken:
        return error
    if isinstance(error, Refused):
        return type(error)(f"Only the first part was sent: {error.reason}", code=error.code)
    return Unknown("Only the first part was sent, then Telegram could not take more", code=error.code)


def _number(sent: Any) -> int:
    """The message's number. Without one nothing can be found again, so nobody should believe that all is well."""
    number = sent.get("message_id") if isinstance(sent, dict) else None
    if not isinstance(number, int) or number <= 0:
        raise Unknown("Telegram took the message but did not give it a number", code="answer")
    return number


def _numbers(body: bytes) -> list[int]:
    """The ids of polled updates. Raises Retry where the answer is not a list of updates."""
    try:
        updates = updates_in(decode(body))
    except BadPayload as error:
        raise Retry("Telegram's answer cannot be read", code="answer") from error
    return [u["update_id"] for u in updates if isinstance(u, dict) and isinstance(u.get("update_id"), int)]


def _pressed(body: bytes) -> list[str]:
    """The ids of the buttons pressed in a delivery."""
    if b'"callback_query"' not in body:
        return []
    try:
        updates = updates_in(decode(body))
    except BadPayload:
        return []
    queries = (u.get("callback_query") for u in updates if isinstance(u, dict))
    return [q["id"] for q in queries if isinstance(q, dict) and isinstance(q.get("id"), str)]
