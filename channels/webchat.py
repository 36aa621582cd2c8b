"""The web chat: our own widget on a company's site, whose browser posts to us and waits on a stream of ours.

What the browser posts (`x-visitor-token` in the headers):

    {"id", "text", "choice"?, "reply_to"?, "files"?: [{"name", "mime", "content": base64}],
     "name"?, "email"?, "phone"?, "topic"?, "language"?, "region"?, "page"?, "visit"?: {"landing", "referrer", "utm": {...}}}
    {"type": "typing"}
    {"type": "received" | "read", "ids": [...]}  or  {"type": "read", "up_to": id}
    {"type": "profile", "name"?, "email"?, "phone"?, "topic"?}    what the visitor typed: claimed, never proof
    {"type": "identify", "was": token}                      a visitor signed in at the host site: `was` is who they were before

What is told on the topic `topic(visitor)`: {"type": "message", "id"}, {"type": "typing"}, {"type": "seen"}.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import urlsplit

from pydantic import ValidationError

from channels.base import (
    Account,
    Answer,
    BadPayload,
    BadSignature,
    Capabilities,
    Check,
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
from channels.webchat_parts import visitors, visits
from channels.webchat_parts.looks import look
from channels.webchat_parts.posts import Identify, Post, Profile, Seen, first_error, mail_address, phone_number, read_files
from channels.webchat_parts.settings import WebchatSettings
from channels.webchat_parts.visitors import BadProof, Visitor

__all__ = ["Webchat", "WebchatSettings", "topic"]
NOT_HERE = "This site may not carry the chat: add it to the channel's sites"
_STATES = {"received": "delivered", "read": "read"}


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

    def open(self, token: str = "", *, user: str = "", user_hash: str = "", **addresses: str) -> tuple[str, str]:
        """Start or resume a session: (visitor id, token).

        A proven `user` is the same visitor in every browser. A token that is no longer good begins a new visitor.
        `email` and `phone` with `email_hash` and `phone_hash`: addresses that the host site knows to be theirs.
        Raises BadProof where `user_hash` is not hex HMAC-SHA256(hmac_secret, user), `email_hash` not of "email:" + email ...
        """
        secret = self.settings.hmac_secret.get_secret_value()
        if user:
            visitors.prove(secret, user, user_hash)
            visitor = visitors.known_user(self._secret, user)
        else:
            visitor = self._resumed(token)
        proven = {kind: self._proven(secret, kind, addresses) for kind in ("email", "phone")}
        visitor = Visitor(id=visitor.id, user=visitor.user, **proven)
        return visitor.id, visitors.token(self._secret, visitor)

    def _resumed(self, token: str) -> Visitor:
        try:
            visitor = self.visitor(token)
        except BadSignature:
            return visitors.stranger()
        return visitors.stranger() if visitor.user else visitor

    def _proven(self, secret: str, kind: str, addresses: Mapping[str, str]) -> str:
        """The address that the site has signed, as identities are written; nothing where it signed none."""
        if not (signature := addresses.get(f"{kind}_hash", "")):
            return ""
        address = addresses.get(kind, "")
        visitors.prove_address(secret, kind, address, signature)
        if not (known := mail_address(address) if kind == "email" else phone_number(address)):
            raise BadProof(f"{kind}: this is not an address" if kind == "email" else "phone: write the number with + and country")
        return known

    def visitor(self, token: str) -> Visitor:
        """Whom the token stands for; raises BadSignature."""
        return visitors.verified(self._secret, token)

    def allows(self, origin: str, own: str) -> bool:
        """Whether a page of `origin` may use this chat; `own` is our own address, whose chat page always may."""
        if not self._origins or not origin:
            return True
        # Without the scheme: behind a proxy that speaks TLS for us we see http where the browser says https.
        return self._listed(origin.lower()) or urlsplit(origin.lower()).netloc == urlsplit(own.lower()).netloc

    def _listed(self, origin: str) -> bool:
        """`https://*.shop.example` stands for every name below shop.example, and not for shop.example itself."""
        scheme, _, host = origin.partition("://")
        parents = host.split(".")[1:]
        wild = {f"{scheme}://*.{'.'.join(parents[n:])}" for n in range(len(parents))}
        return origin in self._origins or not wild.isdisjoint(self._origins)

    def verify(self, hook: Hook) -> None:
        if not self.allows(hook.headers.get("origin", ""), hook.url):
            raise BadSignature(NOT_HERE)
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
        visit, page = visits.came(post.visit), visits.page(post.page)
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
            subject=post.topic.strip()[:200] or None,
            start=visits.source(visit) or None,
            data={**({"page": page} if page else {}), **({"visit": visit} if visit else {})},
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
        if wrong := profile.wrong():
            raise BadPayload(wrong)
        person, topic_told = self._person(visitor, profile), profile.topic.strip()[:200]
        if not (person.name or topic_told) and len(person.identities) == 1 + bool(visitor.user):
            raise BadPayload("name: nothing was told")
        old = Identity(kind=self.identity, address=visitor.id)
        fields = {"topic": topic_told} if topic_told else {}
        yield ContactChanged(old=old, person=person, address=visitor.id, at=hook.received_at, verified=False, fields=fields)

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
        proven = (("email", visitor.email), ("phone", visitor.phone))
        identities += [Identity(kind=kind, address=address) for kind, address in proven if address]
        known = {(identity.kind, identity.address) for identity in identities}
        identities += [claim for claim in told.claims() if (claim.kind, claim.address) not in known]
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

    async def read(self, address: str, external_id: str, extra: Mapping[str, JSON] | None = None) -> None:
        await self._tell(address, {"type": "seen"})

    async def connect(self, webhook: str) -> Account:
        """There is no provider to ask; what would keep the chat from working is in the notes."""
        base, _, number = webhook.partition("/hooks/")
        notes = [check.text for check in look(base, self._origins) if check.state != "ok"]
        return Account(name=self.settings.title or self.title, address=f"{base}/chat/{number}", notes=notes)

    async def checks(self, webhook: str) -> Sequence[Check]:
        return look(webhook.partition("/hooks/")[0], self._origins)

    def answer(self, hook: Hook) -> Answer:
        return Answer(body=b'{"ok": true}', content_type="application/json")

    async def _tell(self, address: str, message: Mapping[str, JSON]) -> None:
        try:
            await self._publish(topic(address), message)
        except (OSError, TimeoutError) as error:
            raise Retry("The browsers cannot be told now", code="publish") from error
