"""The web chat: our own widget on a company's site, whose browser posts to us and waits on a stream of ours.

A visitor is known by a signed token and nothing else; no table is needed to believe it:

    <visitor>.<base64url of the host site's user id, or empty>.<base64url HMAC-SHA256(token_secret, what stands before)>

What the browser posts (`x-visitor-token` in the headers):

    {"id", "text", "choice"?, "reply_to"?, "files"?: [{"name", "mime", "content": base64}],
     "name"?, "email"?, "phone"?, "language"?, "page"?}
    {"type": "typing"}
    {"type": "received" | "read", "ids": [...]}  or  {"type": "read", "up_to": id}
    {"type": "profile", "name"?, "email"?, "phone"?}       what the visitor typed about themselves: claimed, never proof
    {"type": "identify", "was": token}                      a visitor signed in at the host site: `was` is who they were before

What is told on the topic `topic(visitor)`: {"type": "message", "id"}, {"type": "typing"}.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator

from channels.base import (
    Answer,
    BadPayload,
    BadSignature,
    Capabilities,
    Connector,
    Hook,
    OutgoingMessage,
    Refused,
    Retry,
    Sent,
    Settings,
    Transport,
)
from channels.events import (
    JSON,
    ContactChanged,
    DeliveryStatus,
    Event,
    Identity,
    InboundFile,
    InboundMessage,
    Notice,
    Person,
)

FILE_LIMIT = 8 * 1024 * 1024
"""Bytes of one posted file. It travels as base64 in the message, so that message and files are kept or lost together."""
FILES_LIMIT = 10
_IDS_LIMIT = 200
_VISITOR = re.compile(r"[uv][A-Za-z0-9_-]{22}")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d+)?")
_EMAIL = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+")
_STATES = {"received": "delivered", "read": "read"}


class WebchatSettings(Settings):
    """How the chat looks and which sites may carry it."""

    origins: str = Field("", title="Sites", description="Where the chat may stand: https://shop.example, … Empty: anywhere")
    hmac_secret: SecretStr = Field(
        SecretStr(""), title="Secret for signed-in users", description="Your site signs its user ids with it"
    )
    user_base: str = Field(
        "", title="Name of the user base", description="Keeps user 42 of one site apart from user 42 of another"
    )
    token_secret: SecretStr = Field(
        default_factory=lambda: SecretStr(secrets.token_urlsafe(32)),
        title="Secret of visitors' tokens",
        description="Made by itself. A new one forgets every visitor",
        min_length=16,
    )
    title: str = Field("", title="Title", description="The company or team the visitor talks to", max_length=60)
    colour: str = Field("#2563eb", title="Colour", description="#rrggbb", pattern=r"^#[0-9a-fA-F]{6}$")
    greeting: str = Field("", title="Greeting", description="Shown before the first message", max_length=1000)
    language: Literal["", "ru", "en"] = Field("", title="Language", description="Empty: the visitor's")

    @field_validator("origins")
    @classmethod
    def _check_origins(cls, value: str) -> str:
        origins = [o.strip().lower().rstrip("/") for o in value.split(",") if o.strip()]
        for origin in origins:
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is not an origin like https://shop.example")
        return ",".join(origins)


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Who a token stands for. `user`: the host site's own id of them, proven by its HMAC, else empty."""

    id: str
    user: str = ""


def topic(visitor: str) -> str:
    """The live topic on which this visitor's browsers wait; visitor ids are unique across channels."""
    return f"chat:{visitor}"


def _clean(value: object) -> object:
    """Text as databases take it: no NUL, and no half of an emoji (a browser may send one when a text was cut)."""
    if not isinstance(value, str):
        return value
    return value.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


Words = Annotated[str, BeforeValidator(_clean)]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]


class _Edge(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", frozen=True)


class _Profile(_Edge):
    name: Words = ""
    email: Words = ""
    phone: Words = ""
    language: Words = ""


class _Post(_Profile):
    id: Id
    text: Words = ""
    choice: Words | None = None
    reply_to: Words | None = None
    files: list[Any] = []
    page: Words = ""


class _Seen(_Edge):
    ids: list[Id] = []
    up_to: Id | None = None


class _Identify(_Edge):
    was: str


class _File(_Edge):
    content: str
    name: Words = ""
    mime: Words = ""


class Webchat(Connector):
    """One web chat. Besides the contract: `open` starts a session; `visitor` and `allows` guard the browser's other calls."""

    kind = "webchat"
    title = "Web chat"
    identity = "webchat"
    settings_type = WebchatSettings
    can = Capabilities(
        text_limit=65_536,
        caption_limit=65_536,
        choices=10,
        choice_title_limit=60,
        media=frozenset({"image", "audio", "voice", "video", "file", "sticker"}),
        attachments=20,
        replies=True,
        can_start=False,
        typing=True,
        receipts=frozenset({"delivered", "read"}),
        rate=200.0,
    )

    def __init__(self, settings: Settings, transport: Transport) -> None:
        assert isinstance(settings, WebchatSettings)
        self.settings = settings
        self._publish = transport.publish
        self._origins = frozenset(filter(None, settings.origins.split(",")))

    def open(self, token: str = "", *, user: str = "", user_hash: str = "") -> tuple[str, str]:
        """Start or resume a session: (visitor id, token).

        A proven `user` is the same visitor in every browser. A token that is no longer good begins a new visitor.
        Raises BadSignature where `user_hash` is not hex HMAC-SHA256(hmac_secret, user).
        """
        if user:
            self._prove(user, user_hash)
            visitor = Visitor(id="u" + self._sign(f"user:{user}")[:22], user=user)
            return visitor.id, self._token(visitor)
        try:
            return self.visitor(token).id, token
        except BadSignature:
            visitor = Visitor(id="v" + secrets.token_urlsafe(16))
            return visitor.id, self._token(visitor)

    def visitor(self, token: str) -> Visitor:
        """Whom the token stands for; raises BadSignature."""
        if not token:
            raise BadSignature("The header x-visitor-token is missing", missing=True)
        head, _, signature = token.rpartition(".")
        if not hmac.compare_digest(signature.encode(errors="replace"), self._sign(head).encode()):
            raise BadSignature("The visitor token is not ours")
        return _read(token)

    def allows(self, origin: str, own: str) -> bool:
        """Whether a page of `origin` may use this chat; `own` is our own address, whose chat page always may."""
        if not self._origins or not origin:
            return True
        # Without the scheme: behind a proxy that speaks TLS for us we see http where the browser says https.
        return origin.lower() in self._origins or urlsplit(origin.lower()).netloc == urlsplit(own.lower()).netloc

    def verify(self, hook: Hook) -> None:
        if not self.allows(hook.headers.get("origin", ""), hook.url):
            raise BadSignature("This site may not carry the chat: add it to the channel's sites")
        visitor = self.visitor(hook.headers.get("x-visitor-token", ""))
        if _named(hook.url) not in (None, visitor):
            raise BadSignature("The visitor in the address is not the one in the token")

    def parse(self, hook: Hook) -> Sequence[Event]:
        token = hook.headers.get("x-visitor-token", "")
        visitor = _read(token) if token else _named(hook.url)
        if visitor is None:
            raise BadPayload("x-visitor-token: nothing says whose message this is")
        try:
            body = json.loads(hook.body.decode("utf-8", "replace"))
        except (ValueError, RecursionError) as error:
            raise BadPayload("The body is not JSON") from error
        if not isinstance(body, dict):
            raise BadPayload("The body is not a JSON object")
        read = self._readers.get(str(body.get("type", "message")))
        if read is None:
            return [Notice(kind="unsupported", text=f"The chat sent {str(body['type'])[:40]!r}", data=body)]
        try:
            return list(read(self, hook, visitor, body))
        except ValidationError as error:
            raise BadPayload(_first_error(error)) from error

    def _message(self, hook: Hook, visitor: Visitor, body: JSON) -> Iterator[Event]:
        post = _Post.model_validate(body)
        files, broken = _files(post.files)
        if not (post.text.strip() or post.choice or files or broken):
            raise BadPayload("text: write something or attach a file")
        yield InboundMessage(
            external_id=post.id,
            thread=visitor.id,
            sender=self._person(visitor, post),
            address=visitor.id,
            at=hook.received_at,
            kind="choice" if post.choice else files[0].kind if files else "text",
            text=post.text,
            attachments=files,
            choice=post.choice,
            reply_to=post.reply_to,
            data={"page": post.page} if post.page else {},
        )
        yield from broken

    def _seen(self, hook: Hook, visitor: Visitor, body: JSON) -> Iterator[Event]:
        seen = _Seen.model_validate(body)
        ids = [*seen.ids[:_IDS_LIMIT], *([seen.up_to] if seen.up_to else [])]
        # By the id within this visitor's own thread, so that nobody can mark another visitor's messages.
        for one in dict.fromkeys(ids):
            yield DeliveryStatus(
                state=_STATES[body["type"]], at=hook.received_at, external_id=one, thread=visitor.id, address=visitor.id
            )

    def _typing(self, hook: Hook, visitor: Visitor, body: JSON) -> Iterator[Event]:
        yield Notice(kind="typing", data={"address": visitor.id})

    def _profile(self, hook: Hook, visitor: Visitor, body: JSON) -> Iterator[Event]:
        profile = _Profile.model_validate(body)
        person = self._person(visitor, profile)
        known = 1 + bool(visitor.user)
        if not person.name and len(person.identities) == known:
            raise BadPayload("email: this is not an address" if profile.email else "name: nothing was told")
        old = Identity(kind=self.identity, address=visitor.id)
        yield ContactChanged(old=old, person=person, address=visitor.id, at=hook.received_at, verified=False)

    def _identify(self, hook: Hook, visitor: Visitor, body: JSON) -> Iterator[Event]:
        try:
            was = self.visitor(_Identify.model_validate(body).was)
        except BadSignature as error:
            raise BadPayload("was: this token is not ours") from error
        if was.user or not visitor.user:
            raise BadPayload("was: only a visitor without a name can become a signed-in user")
        old = Identity(kind=self.identity, address=was.id)
        yield ContactChanged(old=old, person=self._person(visitor, _Profile()), address=visitor.id, at=hook.received_at)

    _readers: Mapping[str, Callable[["Webchat", Hook, Visitor, JSON], Iterator[Event]]] = {
        "message": _message,
        "received": _seen,
        "read": _seen,
        "typing": _typing,
        "profile": _profile,
        "identify": _identify,
    }

    def _person(self, visitor: Visitor, told: _Profile) -> Person:
        identities = [Identity(kind=self.identity, address=visitor.id)]
        if visitor.user:
            base = self.settings.user_base
            identities.append(Identity(kind="user", address=f"{base}:{visitor.user}" if base else visitor.user))
        email = told.email.strip().lower()
        if len(email) <= 254 and _EMAIL.fullmatch(email):
            identities.append(Identity(kind="email", address=email, verified=False))
        if phone := _phone(told.phone, told.language):
            identities.append(Identity(kind="phone", address=phone, verified=False))
        return Person(identities=identities, name=told.name.strip()[:200] or None, language=told.language[:35] or None)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Tell the browsers that wait that there is a message; they and those that come later read it from the chat's own store.

        Only the id is told: the wire to the browsers' streams is no place for texts.
        """
        if not _VISITOR.fullmatch(message.address):
            raise Refused("address: this is not a visitor of a web chat")
        await self._tell(message.address, {"type": "message", "id": message.id})
        return Sent(external_ids=[message.id], thread=message.address)

    async def typing(self, address: str, reply_to: str | None = None, extra: Mapping[str, JSON] | None = None) -> None:
        await self._tell(address, {"type": "typing"})

    def answer(self, hook: Hook) -> Answer:
        return Answer(body=b'{"ok": true}', content_type="application/json")

    async def _tell(self, address: str, message: Mapping[str, JSON]) -> None:
        try:
            await self._publish(topic(address), message)
        except (OSError, TimeoutError) as error:
            raise Retry("The browsers cannot be told now", code="publish") from error

    def _token(self, visitor: Visitor) -> str:
        head = f"{visitor.id}.{_base64(visitor.user.encode())}"
        return f"{head}.{self._sign(head)}"

    def _sign(self, text: str) -> str:
        secret = self.settings.token_secret.get_secret_value().encode()
        return _base64(hmac.digest(secret, text.encode(errors="replace"), "sha256"))

    def _prove(self, user: str, user_hash: str) -> None:
        secret = self.settings.hmac_secret.get_secret_value().encode()
        if not secret:
            raise BadSignature("user: this chat has no secret for signed-in users")
        if not user_hash:
            raise BadSignature("user_hash: the proof of the user is missing", missing=True)
        right = hmac.new(secret, user.encode(errors="replace"), hashlib.sha256).hexdigest()
        if not hmac.compare_digest(right.encode(), user_hash.lower().encode(errors="replace")):
            raise BadSignature("user_hash: this is not HMAC-SHA256(hmac_secret, user) in hex")


def named(hook_url: str, visitor: Visitor) -> str:
    """The hook's address with the visitor in it: tokens are not kept, and a replayed body must still say whose it is."""
    return f"{hook_url}?visitor={visitor.id}.{_base64(visitor.user.encode())}"


def _named(url: str) -> Visitor | None:
    told = parse_qs(urlsplit(url).query).get("visitor")
    return _read(f"{told[0]}.") if told and _VISITOR.match(told[0]) else None


def _read(token: str) -> Visitor:
    """The visitor in a token that was verified when it came."""
    visitor, _, user = token.rpartition(".")[0].partition(".")
    try:
        return Visitor(id=visitor, user=base64.urlsafe_b64decode(user + "==").decode())
    except ValueError as error:
        raise BadSignature("The visitor's user cannot be read") from error


def _files(posted: Sequence[Any]) -> tuple[list[InboundFile], list[Notice]]:
    """The readable files, and a notice for each that is not: a bad file never costs its neighbours or the text."""
    files: list[InboundFile] = []
    broken: list[Notice] = []
    for n, one in enumerate(posted):
        try:
            if n >= FILES_LIMIT:
                raise ValueError(f"more than {FILES_LIMIT} files")
            files.append(_file(_File.model_validate(one)))
        except ValueError as error:
            reason = _first_error(error) if isinstance(error, ValidationError) else str(error)
            name = str(_clean(one.get("name")))[:100] if isinstance(one, dict) else ""
            broken.append(Notice(kind="broken", text=f"files.{n}: {reason}", data={"file": n, "name": name}, error=True))
    return files, broken


def _file(posted: _File) -> InboundFile:
    try:
        content = base64.b64decode(posted.content, validate=True)
    except binascii.Error as error:
        raise ValueError("content is not base64") from error
    if not content or len(content) > FILE_LIMIT:
        raise ValueError("the file is empty" if not content else f"the file is larger than {FILE_LIMIT} bytes")
    mime = posted.mime.partition(";")[0].strip().lower()
    kind = mime.partition("/")[0]
    # A drawing in SVG can carry scripts: it is handed over as a file, never shown in place.
    kind = kind if kind in ("image", "audio", "video") and "svg" not in mime else "file"
    name = re.split(r"[/\\]", posted.name)[-1][-200:] or "file"
    return InboundFile(kind=kind, name=name, mime=mime, size=len(content), content=content)


def _phone(typed: str, language: str) -> str:
    """The typed number in E.164, or nothing. Russians write 8 for +7, so their language tells the country."""
    try:
        number = phonenumbers.parse(typed, "RU" if language.lower().startswith("ru") else None)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if phonenumbers.is_valid_number(number) else ""


def _first_error(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
