"""The web chat: our own widget on a company's site, whose browser posts to us and waits on a stream of ours.

What the browser posts (`x-visitor-token` in the headers):

    {"id", "text", "choice"?, "reply_to"?, "files"?: [{"name", "mime", "content": base64}],
     "name"?, "email"?, "phone"?, "language"?, "page"?}
    {"type": "typing"}
    {"type": "received" | "read", "ids": [...]}  or  {"type": "read", "up_to": id}
    {"type": "profile", "name"?, "email"?, "phone"?}       what the visitor typed about themselves: claimed, never proof
    {"type": "identify", "was": token}                      a visitor signed in at the host site: `was` is who they were before

What is told on the topic `topic(visitor)`: {"type": "message", "id"}, {"type": "typing"}.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator

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
from channels.events import JSON, ContactChanged, DeliveryStatus, Event, Identity, InboundMessage, Notice, Person
from channels.webchat_parts import visitors
from channels.webchat_parts.posts import Identify, Post, Profile, Seen, first_error, read_files
from channels.webchat_parts.visitors import Visitor

_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:\d+)?")
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


def topic(visitor: str) -> str:
    """The live topic on which this visitor's browsers wait; visitor ids are unique across channels."""
    return f"chat:{visitor}"


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
        self._secret = settings.token_secret.get_secret_value()
        self._origins = frozenset(filter(None, settings.origins.split(",")))

    def open(self, token: str = "", *, user: str = "", user_hash: str = "") -> tuple[str, str]:
        """Start or resume a session: (visitor id, token).

        A proven `user` is the same visitor in every browser. A token that is no longer good begins a new visitor.
        Raises BadSignature where `user_hash` is not hex HMAC-SHA256(hmac_secret, user).
        """
        if user:
            visitors.prove(self.settings.hmac_secret.get_secret_value(), user, user_hash)
            visitor = visitors.known_user(self._secret, user)
        else:
            try:
                visitor = self.visitor(token)
            except BadSignature:
                visitor = visitors.stranger()
        return visitor.id, visitors.token(self._secret, visitor)

    def visitor(self, token: str) -> Visitor:
        """Whom the token stands for; raises BadSignature."""
        return visitors.verified(self._secret, token)

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
        if visitors.named(hook.url) not in (None, visitor):
            raise BadSignature("The visitor in the address is not the one in the token")

    def parse(self, hook: Hook) -> Sequence[Event]:
        token = hook.headers.get("x-visitor-token", "")
        visitor = visitors.read(token) if token else visitors.named(hook.url)
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
            raise BadPayload(first_error(error)) from error

    def _message(self, hook: Hook, visitor: Visitor, body: JSON) -> Iterator[Event]:
        post = Post.model_validate(body)
        files, broken = read_files(post.files)
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
        seen = Seen.model_validate(body)
        # By the id within this visitor's own thread, so that nobody can mark another visitor's messages.
        for one in seen.all_ids():
            yield DeliveryStatus(
                state=_STATES[body["type"]], at=hook.received_at, external_id=one, thread=visitor.id, address=visitor.id
            )

    def _typing(self, hook: Hook, visitor: Visitor, body: JSON) -> Iterator[Event]:
        yield Notice(kind="typing", data={"address": visitor.id})

    def _profile(self, hook: Hook, visitor: Visitor, body: JSON) -> Iterator[Event]:
        profile = Profile.model_validate(body)
        person = self._person(visitor, profile)
        known = 1 + bool(visitor.user)
        if not person.name and len(person.identities) == known:
            raise BadPayload("email: this is not an address" if profile.email else "name: nothing was told")
        old = Identity(kind=self.identity, address=visitor.id)
        yield ContactChanged(old=old, person=person, address=visitor.id, at=hook.received_at, verified=False)

    def _identify(self, hook: Hook, visitor: Visitor, body: JSON) -> Iterator[Event]:
        try:
            was = self.visitor(Identify.model_validate(body).was)
        except BadSignature as error:
            raise BadPayload("was: this token is not ours") from error
        if was.user or not visitor.user:
            raise BadPayload("was: only a visitor without a name can become a signed-in user")
        old = Identity(kind=self.identity, address=was.id)
        yield ContactChanged(old=old, person=self._person(visitor, Profile()), address=visitor.id, at=hook.received_at)

    _readers: Mapping[str, Callable[["Webchat", Hook, Visitor, JSON], Iterator[Event]]] = {
        "message": _message,
        "received": _seen,
        "read": _seen,
        "typing": _typing,
        "profile": _profile,
        "identify": _identify,
    }

    def _person(self, visitor: Visitor, told: Profile) -> Person:
        identities = [Identity(kind=self.identity, address=visitor.id)]
        if visitor.user:
            base = self.settings.user_base
            identities.append(Identity(kind="user", address=f"{base}:{visitor.user}" if base else visitor.user))
        identities += told.claims()
        return Person(identities=identities, name=told.name.strip()[:200] or None, language=told.language[:35] or None)

    async def send(self, message: OutgoingMessage) -> Sent:
        """Tell the browsers that wait that there is a message; they and those that come later read it from the chat's own store.

        Only the id is told: the wire to the browsers' streams is no place for texts.
        """
        if not visitors.VISITOR.fullmatch(message.address):
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
