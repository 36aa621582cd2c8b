"""The Viber channel: a chat bot that is called by webhook and answers through the REST bot API.

Its words: https://developers.viber.com/docs/api/rest-bot-api/
"""

import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, ClassVar, cast

import aiohttp
import msgspec
from pydantic import Field, SecretStr

from channels.base import (
    Account,
    BadPayload,
    BadSignature,
    Blocked,
    Capabilities,
    ChannelError,
    Choice,
    Connector,
    Download,
    Hook,
    Misconfigured,
    OutgoingFile,
    OutgoingMessage,
    Refused,
    Retry,
    Sent,
    Settings,
    Throttled,
    Transport,
    Unknown,
    call_once,
)
from channels.events import (
    JSON,
    ConsentChanged,
    DeliveryStatus,
    Event,
    Identity,
    InboundFile,
    InboundMessage,
    Notice,
    Person,
)

_EVENTS = ["delivered", "seen", "failed", "subscribed", "unsubscribed", "conversation_started"]
_STATES = {"delivered": "delivered", "seen": "read", "failed": "failed"}
_FILES = {"picture": "image", "video": "video", "file": "file", "sticker": "sticker"}
_PICTURES = {"image/jpeg": 3_000_000, "image/png": 3_000_000}
"""What Viber shows as a picture, and up to how many bytes; any other image goes as a file."""
_ID = re.compile(r"[A-Za-z0-9+/_-]{1,100}={0,2}")
_LARGEST_VIDEO = 26_000_000
_CAPTION = 120
_TRACKED = 4000
"""Characters of tracking data: ours, given back with the person's next message."""
_LARGEST_DOWNLOAD = 200 * 1024 * 1024
_TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10)
_CODES: Mapping[int, tuple[Callable[..., ChannelError], str]] = {
    2: (Misconfigured, "The token is not valid: copy it again from the bot's settings"),
    3: (Refused, "Viber cannot read this message"),
    4: (Refused, "Viber misses something in this message"),
    5: (Blocked, "This person is not on Viber any more"),
    6: (Blocked, "This person has unsubscribed from the bot"),
    7: (Misconfigured, "Viber has blocked the bot"),
    8: (Misconfigured, "The token belongs to no bot"),
    9: (Misconfigured, "Viber has suspended the bot"),
    10: (Misconfigured, "The bot has no webhook: check the channel to set it again"),
    11: (Refused, "The person's device cannot talk to bots"),
    13: (Refused, "The person's Viber is too old for this message"),
    14: (Refused, "The person's Viber is too old for this message"),
    15: (Misconfigured, "The bot is not authorized"),
    21: (Refused, "Viber does not allow this in the person's country"),
    23: (Refused, "The bot has used up its free messages: it can answer, but not write first"),
    24: (Refused, "The bot's account has no money left"),
}
"""https://developers.viber.com/docs/api/rest-bot-api/#error-codes; every other code refuses with Viber's own words."""


class ViberSettings(Settings):
    """What a bot needs; its owner finds the token in Viber: More, Settings, Bots, Edit info."""

    token: SecretStr = Field(title="Token", description="The bot's application key, from its settings in Viber", min_length=1)
    name: str = Field("", title="Sender name", description="Shown above our messages; empty: the bot's own", max_length=28)
    api_base: str = Field(
        "https://chatapi.viber.com/pa", title="API address", description="Only for a stand-in", pattern="^https?://.+"
    )


class ViberConnector(Connector):
    """One bot."""

    kind = "viber"
    title = "Viber"
    identity = "viber"
    settings_type: ClassVar[type[Settings]] = ViberSettings
    can = Capabilities(
        text_limit=7000,
        caption_limit=_CAPTION,
        choices=24,
        choice_title_limit=120,
        choice_kinds=frozenset({"reply", "link"}),
        media=frozenset({"image", "video", "file"}),
        media_limit=50_000_000,
        can_start=False,
        receipts=frozenset({"delivered", "read", "failed"}),
    )

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self._settings = cast(ViberSettings, settings)
        self._token = self._settings.token.get_secret_value()
        self._http = transport.http

    def verify(self, hook: Hook) -> None:
        given = hook.headers.get("x-viber-content-signature", "")
        if not given:
            raise BadSignature("The call carries no X-Viber-Content-Signature", missing=True)
        expected = hmac.digest(self._token.encode(), hook.body, "sha256").hex()
        if not hmac.compare_digest(expected.encode(), given.lower().encode("utf-8", "surrogateescape")):
            raise BadSignature("X-Viber-Content-Signature does not fit the token")

    def parse(self, hook: Hook) -> Sequence[Event]:
        told = _object(hook.body)
        if told is None:
            raise BadPayload("The body is not a JSON object")
        try:
            return _READ.get(str(told.get("event")), _other)(told, _time(told.get("timestamp"), hook.received_at))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            return [Notice(kind="broken", text=f"Cannot be read: {error}", data=told, error=True)]

    async def send(self, message: OutgoingMessage) -> Sent:
        tokens: list[str] = []
        for body in _bodies(message):
            try:
                answer = await self._call("send_message", self._addressed(message, body))
            except ChannelError as error:
                if not tokens:
                    raise
                raise Unknown(f"Only the file was sent, not its text: {error.reason}", code=error.code) from None
            tokens.append(str(answer.get("message_token") or ""))
        if not all(tokens):
            raise Unknown("Viber took the message but did not give it a number", code="answer")
        return Sent(external_ids=tokens)

    def _addressed(self, message: OutgoingMessage, body: Mapping[str, JSON]) -> dict[str, JSON]:
        sender = {"sender": {"name": self._settings.name}} if self._settings.name else {}
        return {"receiver": message.address, **sender, "tracking_data": _tracking(message), **body}

    async def _call(self, method: str, body: Mapping[str, JSON]) -> Mapping[str, JSON]:
        url = f"{self._settings.api_base.rstrip('/')}/{method}"
        headers = {"X-Viber-Auth-Token": self._token, "Content-Type": "application/json", "Accept": "application/json"}
        data = msgspec.json.encode(body)
        status, _, content = await call_once(
            lambda: self._http.post(url, data=data, headers=headers, timeout=_TIMEOUT, allow_redirects=False)
        )
        return _taken(status, content)

    async def download(self, remote: Mapping[str, JSON]) -> Download:
        """Viber's addresses need no token and expire within the hour."""
        url = str(remote.get("url", ""))
        if not url.startswith(("https://", "http://")):
            raise Refused("The attachment has no address to fetch it from")
        try:
            status, headers, content = await call_once(lambda: self._http.get(url))
        except Unknown as error:
            raise Retry(error.reason, code=error.code) from None
        if status in (403, 404, 410) or len(content) > _LARGEST_DOWNLOAD:
            raise Refused("Viber no longer gives out this file", code=str(status))
        if status != 200:
            raise Retry(f"Viber answered {status}", code=str(status))
        mime = headers.get("Content-Type", "").split(";")[0].strip()
        return Download(content=content, mime=mime, name=str(remote.get("name") or ""))

    async def connect(self, webhook: str) -> Account:
        try:
            bot = await self._call("get_account_info", {})
            notes = await self._set_webhook(webhook) if webhook else []
        except Unknown as error:
            raise Retry(error.reason, code=error.code) from None
        except Refused as error:
            raise Misconfigured(error.reason, code=error.code) from None
        return Account(name=str(bot.get("name") or self.title), address=str(bot.get("uri") or ""), notes=notes)

    async def _set_webhook(self, webhook: str) -> list[str]:
        """Viber calls the address at once, and refuses one that does not answer: no reason to distrust the token."""
        try:
            await self._call("set_webhook", {"url": webhook, "event_types": _EVENTS, "send_name": True, "send_photo": False})
        except Refused as error:
            if error.code != "1":
                raise
            return [f"Viber cannot reach {webhook}: it needs a public https address with a valid certificate; then check again"]
        return []


def _object(body: bytes) -> dict[str, JSON] | None:
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _time(value: JSON, otherwise: datetime) -> datetime:
    """Viber tells milliseconds since 1970; now and then something else."""
    try:
        return datetime.fromtimestamp(float(value) / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return otherwise


def _person(told: JSON) -> Person:
    if not isinstance(told["id"], str) or not _ID.fullmatch(told["id"]):
        raise ValueError("the id of the person is none")
    identity = Identity(kind="viber", address=told["id"])
    return Person(identities=[identity], name=told.get("name") or None, language=told.get("language") or None)


def _token_of(told: Mapping[str, JSON]) -> str:
    if not isinstance(told["message_token"], int | str) or not told["message_token"]:
        raise ValueError("message_token is not a number")
    return str(told["message_token"])


def _said(told: Mapping[str, JSON], sender: JSON, at: datetime, **content: Any) -> Sequence[Event]:
    """`content`: what InboundMessage takes besides."""
    person = _person(sender)
    return [InboundMessage(external_id=_token_of(told), sender=person, address=person.identities[0].address, at=at, **content)]


def _message(told: Mapping[str, JSON], at: datetime) -> Sequence[Event]:
    choice = _pressed(told["message"])
    pressed = {} if choice is None else {"kind": "choice", "choice": choice}
    return _said(told, told["sender"], at, **(_content(told["message"]) | pressed))


def _content(said: Mapping[str, JSON]) -> dict[str, Any]:
    kind, text = str(said.get("type")), str(said.get("text") or "")
    if kind in _FILES:
        return {"kind": _FILES[kind], "text": text, "attachments": [_file(_FILES[kind], said)]}
    if kind == "contact":
        card = {"name": said["contact"].get("name") or "", "phone": said["contact"].get("phone_number") or ""}
        return {"kind": "contact", "text": ": ".join(filter(None, card.values())), "data": {"contacts": [card]}}
    if kind == "location":
        place = {"latitude": float(said["location"]["lat"]), "longitude": float(said["location"]["lon"])}
        return {"kind": "location", "text": text, "data": {"location": place}}
    if kind == "url":
        return {"kind": "text", "text": str(said["media"])}
    return {"kind": kind if kind == "text" else "unsupported", "text": text}


def _file(kind: str, said: Mapping[str, JSON]) -> InboundFile:
    name = str(said.get("file_name") or "")
    size = said.get("size") or said.get("file_size")
    return InboundFile(
        kind=kind, name=name, size=size if isinstance(size, int) else None, remote={"url": str(said["media"]), "name": name}
    )


def _pressed(said: Mapping[str, JSON]) -> str | None:
    """A pressed button says its title; which one that was stands in the tracking data of the message that offered it."""
    tracked = _object(str(said.get("tracking_data") or "").encode()) or {}
    offered = tracked.get("choices")
    found = offered.get(said.get("text")) if isinstance(offered, dict) else None
    return found if isinstance(found, str) else None


def _started(told: Mapping[str, JSON], at: datetime) -> Sequence[Event]:
    """The chat was opened for the first time; `context` is what the link that led here carried."""
    return _said(told, told["user"], at, kind="start", start=str(told.get("context") or "conversation_started"))


def _consent(told: Mapping[str, JSON], at: datetime) -> Sequence[Event]:
    person = _person(told.get("user") or {"id": told["user_id"]})
    stopped = told["event"] == "unsubscribed"
    return [ConsentChanged(sender=person, address=person.identities[0].address, stopped=stopped, at=at, source="viber")]


def _status(told: Mapping[str, JSON], at: datetime) -> Sequence[Event]:
    state = _STATES[told["event"]]
    reason = str(told.get("desc") or "Viber could not deliver it") if state == "failed" else ""
    address = str(told.get("user_id") or "")
    return [DeliveryStatus(state=state, at=at, external_id=_token_of(told), reason=reason, address=address)]


def _other(told: Mapping[str, JSON], at: datetime) -> Sequence[Event]:
    return [Notice(kind=f"viber.{told.get('event') or 'unknown'}"[:60], data=told)]


_READ: Mapping[str, Callable[[Mapping[str, JSON], datetime], Sequence[Event]]] = {
    "message": _message,
    "conversation_started": _started,
    "subscribed": _consent,
    "unsubscribed": _consent,
    **dict.fromkeys(_STATES, _status),
    "webhook": lambda _told, _at: [],
}


def _bodies(message: OutgoingMessage) -> list[dict[str, JSON]]:
    """The calls that carry one message. Only a picture can have a text of its own; buttons stay on the last."""
    bodies = [_file_body(file) for file in message.attachments]
    if len(bodies) == 1 and bodies[0]["type"] == "picture" and len(message.text) <= _CAPTION:
        bodies[0]["text"] = message.text
    elif message.text:
        bodies.append({"type": "text", "text": message.text})
    if not bodies:
        raise Refused("The message has neither text nor attachments")
    shown = [choice for choice in message.choices if choice.kind != "link" or choice.value]
    if shown:
        bodies[-1]["keyboard"] = _keyboard(shown)
    return bodies


def _file_body(file: OutgoingFile) -> dict[str, JSON]:
    if file.kind == "image" and file.size <= _PICTURES.get(file.mime, 0):
        return {"type": "picture", "text": "", "media": file.url}
    if file.kind == "video" and file.mime == "video/mp4" and file.size <= _LARGEST_VIDEO:
        return {"type": "video", "media": file.url, "size": file.size}
    return {"type": "file", "media": file.url, "size": file.size, "file_name": (file.name or "file")[-256:]}


def _keyboard(choices: Sequence[Choice]) -> dict[str, JSON]:
    """Short buttons side by side. `ActionBody` is what the person is seen to say; `Text` is HTML to Viber."""
    longest = max(len(choice.title) for choice in choices)
    beside = min(len(choices), 3 if longest <= 8 else 2 if longest <= 20 else 1)
    look = {"TextSize": "regular", "Columns": 6 // beside}
    buttons = [{**_action(choice), **look, "Text": escape(choice.title)} for choice in choices]
    return {"Type": "keyboard", "DefaultHeight": False, "Buttons": buttons}


def _action(choice: Choice) -> dict[str, JSON]:
    if choice.kind == "link":
        return {"ActionType": "open-url", "ActionBody": choice.value}
    return {"ActionType": "reply", "ActionBody": choice.title}


def _tracking(message: OutgoingMessage) -> str:
    """Our id, and with buttons what each title stands for: it comes back with the answer."""
    if not message.choices:
        return message.id
    told = {"id": message.id, "choices": {choice.title: choice.id for choice in message.choices if choice.kind == "reply"}}
    tracked = msgspec.json.encode(told).decode()
    return tracked if len(tracked) <= _TRACKED else message.id


def _taken(status: int, content: bytes) -> Mapping[str, JSON]:
    """The answer to a call that Viber took. Its own code counts more than the HTTP status, which is nearly always 200."""
    answer = _object(content)
    code = str(answer.get("status", "")) if answer else ""
    if answer and code == "0":
        return answer
    if status == 429 or code == "12":
        raise Throttled("Viber asks to write more slowly", after=10.0, code=code or "429")
    if code.isdecimal():
        meaning, words = _CODES.get(int(code), (Refused, str(answer.get("status_message") or "") if answer else ""))
        raise meaning(words or f"Viber refuses with code {code}", code=code)
    if status >= 500:
        raise Retry(f"Viber answered {status}", code=str(status))
    if status >= 400:
        raise (Misconfigured if status in (401, 403, 404) else Refused)(f"Viber answered {status}", code=str(status))
    raise Unknown("Viber's answer cannot be read", code="answer")
