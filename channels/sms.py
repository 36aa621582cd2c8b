"""SMS, MMS, WhatsApp and phone calls through Twilio."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar, cast

from channels.base import (
    Account,
    Answer,
    Capabilities,
    Check,
    Connector,
    Download,
    Hook,
    Misconfigured,
    OutgoingMessage,
    ProviderTemplate,
    Refused,
    Retry,
    Segments,
    Sent,
    Settings,
    TemplateUse,
    Transport,
    Unknown,
)
from channels.events import JSON, Event
from channels.sms_parts import checks, connect, errors, templates, voice
from channels.sms_parts.api import Api
from channels.sms_parts.calls import is_recording
from channels.sms_parts.form import fields, is_json, require_signature
from channels.sms_parts.inbound import events
from channels.sms_parts.segments import count, spares
from channels.sms_parts.settings import SmsSettings, is_name, is_service, speaks_whatsapp

__all__ = ["SmsConnector", "SmsSettings"]

_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response>{}</Response>'
_EMPTY = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
_LARGEST_DOWNLOAD = 100 * 1024 * 1024
_NO_SUCH_CONTENT = frozenset({"21654", "21655"})
_BAD_STATUS_URL = "21609"

_SMS = Capabilities(
    text_limit=1600,
    caption_limit=1600,
    choices=0,
    media=frozenset({"image", "audio", "video", "file"}),
    media_limit=5 * 1024 * 1024,
    attachments=10,
    receipts=frozenset({"sent", "delivered", "failed"}),
)
_WHATSAPP = replace(
    _SMS,
    attachments=1,
    media_limit=16 * 1024 * 1024,
    templates=True,
    can_start=True,
    window=timedelta(hours=24),
    typing=True,
    receipts=_SMS.receipts | {"read"},
    natively=frozenset({"location"}),
)


class SmsConnector(Connector):
    """One number or Messaging Service of a Twilio account."""

    kind = "sms"
    title = "SMS (Twilio)"
    identity = "phone"
    can = _SMS
    settings_type: ClassVar[type[Settings]] = SmsSettings

    @classmethod
    def capabilities(cls, settings: Settings) -> Capabilities:
        sender = str(getattr(settings, "from_", ""))
        if speaks_whatsapp(sender):
            return _WHATSAPP
        pictures = bool(getattr(settings, "mms", True)) and not is_name(sender)
        return _SMS if pictures else replace(_SMS, media=frozenset(), media_limit=0)

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self._settings = cast(SmsSettings, settings)
        self._whatsapp = speaks_whatsapp(self._settings.from_)
        self._token = self._settings.auth_token.get_secret_value().encode()
        self._api = Api(transport.http, self._settings.api_base, self._settings.account_sid, self._token)
        self._contents: dict[tuple[str, str], str] = {}
        """(name, language) of content templates -> their SID."""

    def verify(self, hook: Hook) -> None:
        require_signature(hook, self._token)

    def parse(self, hook: Hook) -> Sequence[Event]:
        return events(hook, self._settings)

    def answer(self, hook: Hook) -> Answer:
        """TwiML: what a caller hears; nothing for a message, which is answered through the API.

        A GET cannot be kept, so that Twilio must show it as an error.
        """
        if hook.method == "GET":
            return Answer(status=405, body=b"Set the method of this webhook to HTTP POST in Twilio's console")
        told = "" if is_json(hook) else voice.instructions(hook, fields(hook), self._settings)
        return Answer(body=_TWIML.format(told).encode() if told else _EMPTY, content_type="text/xml")

    def cost(self, message: OutgoingMessage) -> Segments | None:
        """Counted for a text by SMS: an MMS, and whatever goes over WhatsApp, is paid for as one."""
        if self._whatsapp or message.address.startswith("whatsapp:") or message.attachments or message.template:
            return None
        return count(message.text, smart=self._settings.smart_encoding)

    async def send(self, message: OutgoingMessage) -> Sent:
        if message.address.startswith("anonymous:"):
            raise Refused("The caller hid their number, so that nobody can answer", code="anonymous")
        if message.template is None:
            return await self._post(message, self._content(message))
        use = message.template
        sid = use.external_id or self._contents.get((use.name, use.language), use.name)
        try:
            return await self._post(message, templates.parameters(sid, use))
        except Refused as error:
            found = await self._find_content(use) if error.code in _NO_SUCH_CONTENT else None
            if found in (None, sid):
                raise
        return await self._post(message, templates.parameters(str(found), use))

    async def _find_content(self, use: TemplateUse) -> str | None:
        """The SID of a template that is known by its name. Asked only when Twilio did not take the name for one."""
        await self.templates()
        return self._contents.get((use.name, use.language))

    async def templates(self) -> Sequence[ProviderTemplate] | None:
        found = await templates.all_templates(self._api, whatsapp=self._whatsapp)
        self._contents = {(each.name, each.language): each.external_id for each in found}
        return found

    async def _post(self, message: OutgoingMessage, content: Sequence[tuple[str, str]]) -> Sent:
        """Without reports of delivery, where Twilio does not take our address for them: better than no message at all."""
        form = [("To", self._recipient(message.address)), *self._sender(), *content]
        if not message.status_url:
            return await self._give(form)
        try:
            return await self._give([*form, ("StatusCallback", message.status_url)])
        except Misconfigured as error:
            if error.code != _BAD_STATUS_URL:
                raise
        return await self._give(form)

    async def _give(self, form: Sequence[tuple[str, str]]) -> Sent:
        status, headers, body = await self._api.post(self._api.messages, form)
        errors.raise_for(status, headers, body)
        try:
            sid = json.loads(body)["sid"]
        except (ValueError, KeyError, TypeError) as error:
            raise Unknown("Twilio accepted the call, but its answer names no message", code=str(status)) from error
        return Sent(external_ids=[str(sid)])

    def _content(self, message: OutgoingMessage) -> list[tuple[str, str]]:
        place = message.location if self._whatsapp else None
        if place is not None:
            label = place.name or place.address
            action = f"geo:{place.latitude},{place.longitude}" + (f"|{label}" if label else "")
            return [("Body", message.text or label or action[4:]), ("PersistentAction", action)]
        if not (message.text or message.attachments):
            raise Refused("The message has neither text nor attachments")
        form = [("Body", message.text)] if message.text else []
        if not self._whatsapp and self._settings.smart_encoding and not message.attachments and spares(message.text):
            form.append(("SmartEncoded", "true"))
        return form + [("MediaUrl", file.url) for file in message.attachments]

    def _recipient(self, address: str) -> str:
        return f"whatsapp:{address}" if self._whatsapp and ":" not in address else address

    def _sender(self) -> list[tuple[str, str]]:
        sender, service = self._settings.from_, self._settings.messaging_service
        if is_service(sender):
            return [("MessagingServiceSid", sender)]
        return [("From", sender), *([("MessagingServiceSid", service)] if service else [])]

    async def download(self, remote: Mapping[str, JSON]) -> Download:
        url = str(remote.get("url", ""))
        if not url.startswith(("https://", "http://")):
            raise Refused("The attachment has no address to fetch it from")
        status, headers, content = await self._api.download(url, _LARGEST_DOWNLOAD)
        if status == 404 and is_recording(url):
            raise Retry("Twilio has not finished the recording yet", code="404")
        if status in (404, 410):
            raise Refused("Twilio no longer has the attachment", code=str(status))
        errors.raise_for(status, headers, content)
        return Download(content=content, mime=headers.get("Content-Type", "").split(";")[0].strip())

    async def typing(self, address: str, reply_to: str | None = None, extra: Mapping[str, JSON] | None = None) -> None:
        """WhatsApp only, and only under a message of the customer's. Marks it as read, too."""
        if self._whatsapp and reply_to:
            url = self._api.on("messaging", "/v2/Indicators/Typing.json")
            await self._api.change(url, {"messageId": reply_to, "channel": "whatsapp"})

    async def connect(self, webhook: str) -> Account:
        return await connect.introduce(self._api, self._settings, webhook, self.title)

    async def checks(self, webhook: str) -> Sequence[Check]:
        return await checks.look(self._api, self._settings, webhook)
