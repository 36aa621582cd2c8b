"""WhatsApp by Meta's Cloud API: webhooks in, Graph API calls out.

What the payloads say is read in `whatsapp_parts.inbound`, what is sent is built in `whatsapp_parts.bodies`.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

import msgspec
from pydantic import Field, SecretStr

from channels.base import (
    Account,
    Answer,
    BadSignature,
    Capabilities,
    ChannelError,
    Check,
    Connector,
    Download,
    Hook,
    Misconfigured,
    OutgoingMessage,
    ProviderTemplate,
    Refused,
    Retry,
    Sent,
    Settings,
    Transport,
    Unknown,
)
from channels.events import JSON, Event
from channels.whatsapp_parts.account import AccountNode
from channels.whatsapp_parts.bodies import envelope, message_bodies
from channels.whatsapp_parts.checks import look
from channels.whatsapp_parts.graph import Graph
from channels.whatsapp_parts.inbound import read_webhook
from channels.whatsapp_parts.media import Media
from channels.whatsapp_parts.numbers import by_number


class WhatsAppSettings(Settings):
    """What connects one WhatsApp number."""

    phone_number_id: str = Field(
        title="Phone number ID",
        description="Shown in Meta's app dashboard under WhatsApp, API setup",
        pattern=r"^[A-Za-z0-9_-]+$",
    )
    access_token: SecretStr = Field(
        title="Access token", description="Permanent token of a system user with whatsapp_business_messaging", min_length=1
    )
    app_secret: SecretStr = Field(
        title="App secret", description="Signs what Meta delivers; app dashboard, Basic settings", min_length=1
    )
    verify_token: SecretStr = Field(
        title="Verify token", description="Any word; enter the same one beside the webhook address at Meta", min_length=1
    )
    api_base: str = Field(
        default="https://graph.facebook.com/v24.0",
        title="API address",
        description="Meta's Graph API with its version; change it only for a gateway",
        pattern=r"^https?://",
    )
    list_button: str = Field(
        default="Menu", title="List button", description="Opens a list of more than three choices", min_length=1, max_length=20
    )
    business_account_id: str = Field(
        default="",
        title="WhatsApp Business account ID",
        description="Shown beside the phone number ID; templates are listed there. Found by itself where the token allows",
        pattern=r"^[0-9]*$",
    )


class WhatsApp(Connector):
    kind = "whatsapp"
    title = "WhatsApp"
    identity = "phone"
    settings_type: ClassVar[type[Settings]] = WhatsAppSettings
    can = Capabilities(
        text_limit=4096,
        caption_limit=1024,
        choices=10,
        choice_title_limit=72,
        media=frozenset({"image", "audio", "voice", "video", "file", "sticker"}),
        media_limit=100_000_000,
        replies=True,
        templates=True,
        window=timedelta(hours=24),
        typing=True,
        receipts=frozenset({"sent", "delivered", "read", "failed"}),
        rate=80.0,
        address_rate=1 / 6,
        address_burst=45,
        choice_kinds=frozenset({"reply", "link", "location", "form"}),
        natively=frozenset({"location", "contacts", "reaction"}),
    )

    def __init__(self, settings: Settings, transport: Transport) -> None:
        assert isinstance(settings, WhatsAppSettings)
        self._settings = settings
        self._secret = settings.app_secret.get_secret_value().encode()
        self._graph = Graph(transport.http, settings.api_base, settings.access_token.get_secret_value())
        self._media = Media(self._graph, settings.phone_number_id)
        self._account = AccountNode(
            self._graph, settings.phone_number_id, settings.access_token.get_secret_value(), settings.business_account_id
        )

    def verify(self, hook: Hook) -> None:
        given = hook.headers.get("x-hub-signature-256", "")
        if not given:
            raise BadSignature("The delivery carries no X-Hub-Signature-256", missing=True)
        expected = "sha256=" + hmac.digest(self._secret, hook.body, hashlib.sha256).hex()
        if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
            raise BadSignature("X-Hub-Signature-256 does not match the app secret")

    def parse(self, hook: Hook) -> Sequence[Event]:
        return read_webhook(hook.body, hook.received_at)

    @property
    def account(self) -> str:
        return self._settings.phone_number_id

    def by_account(self, hook: Hook) -> Mapping[str, Hook]:
        return by_number(hook)

    def answer(self, hook: Hook) -> Answer:
        if hook.method != "GET":
            return Answer()
        query = parse_qs(urlsplit(hook.url).query)
        given = query.get("hub.verify_token", [""])[0].encode("utf-8", "replace")
        expected = self._settings.verify_token.get_secret_value().encode()
        if query.get("hub.mode") != ["subscribe"] or not hmac.compare_digest(given, expected):
            raise BadSignature("The handshake carries another verify token", missing=not given)
        return Answer(body=query.get("hub.challenge", [""])[0].encode())

    async def send(self, message: OutgoingMessage) -> Sent:
        files = [await self._media.upload(file) for file in message.attachments]
        bodies = message_bodies(message, files, self._settings.list_button)
        if not bodies:
            raise Refused("The message is empty")
        ids: list[str] = []
        for body in bodies:
            try:
                ids.append(await self._post(envelope(message, body, quotes=body is bodies[0])))
            except ChannelError as error:
                if not ids:
                    raise
                raise Unknown(
                    f"Only a part of the message was taken; the rest failed: {error.reason}", code=error.code
                ) from error
        return Sent(external_ids=ids)

    async def _post(self, body: Mapping[str, JSON]) -> str:
        answer = await self._graph.post(f"{self._settings.phone_number_id}/messages", body)
        try:
            return msgspec.convert(answer["messages"][0]["id"], str)
        except (KeyError, IndexError, TypeError, msgspec.ValidationError) as error:
            raise Unknown("WhatsApp accepted the message but gave it no id") from error

    async def download(self, remote: Mapping[str, JSON]) -> Download:
        return await self._media.download(remote)

    async def typing(self, address: str, reply_to: str | None = None, extra: Mapping[str, JSON] | None = None) -> None:
        """Mark the customer's message `reply_to` read and show three dots for up to 25 s; without that id there is no way to."""
        if reply_to:
            await self._mark_read(reply_to, typing_indicator={"type": "text"})

    async def read(self, address: str, external_id: str, extra: Mapping[str, JSON] | None = None) -> None:
        await self._mark_read(external_id)

    async def _mark_read(self, message_id: str, **more: JSON) -> None:
        """Only a message has ticks: what WhatsApp gave no id, or a call, has none."""
        if not message_id.startswith(("unnamed-", "wacid.")):
            body = {"messaging_product": "whatsapp", "status": "read", "message_id": message_id, **more}
            await self._graph.post(f"{self._settings.phone_number_id}/messages", body)

    async def templates(self) -> Sequence[ProviderTemplate]:
        return await self._account.templates()

    async def connect(self, webhook: str) -> Account:
        fields = "verified_name,display_phone_number,quality_rating,webhook_configuration"
        try:
            number = await self._graph.get(self._settings.phone_number_id, fields=fields)
        except (Refused, Unknown) as error:
            raise (Misconfigured if isinstance(error, Refused) else Retry)(error.reason, code=error.code) from error
        notes = [*await self._subscribe(webhook, number), *await self._account.subscribe()]
        if number.get("quality_rating") == "RED":
            notes = [*notes, "WhatsApp rates the quality of this number as low: it may lower how many people you can write to"]
        name = str(number.get("verified_name") or self.title)
        return Account(name=name, address=str(number.get("display_phone_number") or ""), notes=notes)

    async def checks(self, webhook: str) -> Sequence[Check]:
        settings = self._settings
        return await look(
            self._graph, settings.phone_number_id, settings.access_token.get_secret_value(), webhook, datetime.now(UTC)
        )

    async def _subscribe(self, webhook: str, number: Mapping[str, JSON]) -> list[str]:
        """Have this number's webhooks sent to us, unless they already are; else say what is to be done by hand."""
        known = number.get("webhook_configuration")
        if not webhook or (isinstance(known, dict) and webhook in known.values()):
            return []
        override = {"override_callback_uri": webhook, "verify_token": self._settings.verify_token.get_secret_value()}
        try:
            await self._graph.post(self._settings.phone_number_id, {"webhook_configuration": override})
        except ChannelError as error:
            return [
                f"Meta did not take the webhook address ({error.reason}). Enter it by hand: app dashboard, WhatsApp, "
                "Configuration; callback URL and verify token as shown here, field: messages"
            ]
        return []
