"""SMS, MMS and WhatsApp through Twilio."""

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import ClassVar, cast
from urllib.parse import urlencode, urlsplit

from pydantic import Field, SecretStr, field_validator
from yarl import URL

from channels.base import (
    Account,
    Answer,
    Capabilities,
    Connector,
    Download,
    Hook,
    Misconfigured,
    OutgoingMessage,
    Refused,
    Retry,
    Segments,
    Sent,
    Settings,
    Transport,
    Unknown,
    call_once,
)
from channels.events import JSON, Event
from channels.sms_parts import errors
from channels.sms_parts.form import require_signature
from channels.sms_parts.inbound import events
from channels.sms_parts.segments import count

__all__ = ["SmsConnector", "SmsSettings"]

_SENDER = re.compile(r"MG[A-Za-z0-9]{1,64}|(?:whatsapp:)?\+[1-9]\d{4,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 _&+-]{1,11}")
"""A Messaging Service, a number, a short code or an alphanumeric sender id."""
_EMPTY_TWIML = b'<?xml version="1.0" encoding="UTF-8"?><Response/>'
_FORM = "application/x-www-form-urlencoded"
_LARGEST_DOWNLOAD = 100 * 1024 * 1024

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
    templates=True,
    can_start=True,
    window=timedelta(hours=24),
    receipts=_SMS.receipts | {"read"},
)


class SmsSettings(Settings):
    """How to reach a Twilio account."""

    account_sid: str = Field(
        title="Account SID", description="Starts with AC; on the first page of Twilio's console", pattern="^[A-Za-z0-9]+$"
    )
    auth_token: SecretStr = Field(title="Auth token", description="Beside the account SID", min_length=1)
    from_: str = Field(alias="from", title="From", description="+number, whatsapp:+number, or a Messaging Service SID (MG...)")
    api_base: str = Field(
        default="https://api.twilio.com", title="API address", description="Only for a stand-in", pattern="^https?://.+"
    )

    @field_validator("from_")
    @classmethod
    def _sender(cls, value: str) -> str:
        if not _SENDER.fullmatch(value):
            raise ValueError("must be a number like +15551234567, whatsapp:+15551234567 or a Messaging Service SID (MG...)")
        return value


class SmsConnector(Connector):
    """One number or Messaging Service of a Twilio account."""

    kind = "sms"
    title = "SMS (Twilio)"
    identity = "phone"
    can = _SMS
    settings_type: ClassVar[type[Settings]] = SmsSettings

    @classmethod
    def capabilities(cls, settings: Settings) -> Capabilities:
        return _WHATSAPP if str(getattr(settings, "from_", "")).startswith("whatsapp:") else _SMS

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self._settings = cast(SmsSettings, settings)
        self._http = transport.http
        self._whatsapp = self._settings.from_.startswith("whatsapp:")
        self._token = self._settings.auth_token.get_secret_value().encode()
        credentials = base64.b64encode(self._settings.account_sid.encode() + b":" + self._token).decode()
        self._authorized = {"Authorization": f"Basic {credentials}"}
        self._account = f"{self._settings.api_base.rstrip('/')}/2010-04-01/Accounts/{self._settings.account_sid}"
        self._messages = URL(f"{self._account}/Messages.json")

    def verify(self, hook: Hook) -> None:
        require_signature(hook, self._token)

    def parse(self, hook: Hook) -> Sequence[Event]:
        return events(hook)

    def answer(self, hook: Hook) -> Answer:
        """Empty TwiML: the answer is sent through the API. A GET cannot be kept, so that Twilio must show it as an error."""
        if hook.method == "GET":
            return Answer(status=405, body=b"Set the method of this webhook to HTTP POST in Twilio's console")
        return Answer(body=_EMPTY_TWIML, content_type="text/xml")

    def cost(self, message: OutgoingMessage) -> Segments | None:
        """Counted for a text by SMS: an MMS, and whatever goes over WhatsApp, is paid for as one."""
        if self._whatsapp or message.attachments or message.template:
            return None
        return count(message.text)

    async def send(self, message: OutgoingMessage) -> Sent:
        body = urlencode(self._form(message)).encode()
        headers = self._authorized | {"Content-Type": _FORM}
        status, answered, content = await call_once(lambda: self._http.post(self._messages, data=body, headers=headers))
        errors.raise_for(status, answered, content)
        try:
            sid = json.loads(content)["sid"]
        except (ValueError, KeyError, TypeError) as error:
            raise Unknown("Twilio accepted the call, but its answer names no message", code=str(status)) from error
        return Sent(external_ids=[str(sid)])

    def _form(self, message: OutgoingMessage) -> list[tuple[str, str]]:
        form = [("To", self._recipient(message.address)), self._sender()]
        if message.template:
            form.append(("ContentSid", message.template.name))
            if message.template.variables:
                form.append(
                    ("ContentVariables", json.dumps(dict(message.template.variables), ensure_ascii=False, separators=(",", ":")))
                )
        elif message.text or message.attachments:
            form += [("Body", message.text)] if message.text else []
            form += [("MediaUrl", file.url) for file in message.attachments]
        else:
            raise Refused("The message has neither text nor attachments")
        if message.status_url:
            form.append(("StatusCallback", message.status_url))
        return form

    def _recipient(self, address: str) -> str:
        return f"whatsapp:{address}" if self._whatsapp and ":" not in address else address

    def _sender(self) -> tuple[str, str]:
        sender = self._settings.from_
        return ("MessagingServiceSid" if sender.startswith("MG") else "From", sender)

    async def download(self, remote: Mapping[str, JSON]) -> Download:
        url = str(remote.get("url", ""))
        host = urlsplit(url).hostname or ""
        if not url.startswith(("https://", "http://")):
            raise Refused("The attachment has no address to fetch it from")
        headers = self._authorized if self._may_see_token(host) else {}
        status, answered, content = await self._get(url, headers)
        if status in (404, 410):
            raise Refused("Twilio no longer has the attachment", code=str(status))
        errors.raise_for(status, answered, content)
        if len(content) > _LARGEST_DOWNLOAD:
            raise Refused("The attachment is larger than 100 MB")
        return Download(content=content, mime=answered.get("Content-Type", "").split(";")[0].strip())

    def _may_see_token(self, host: str) -> bool:
        return host == urlsplit(self._account).hostname or host == "twilio.com" or host.endswith(".twilio.com")

    async def _get(self, url: str, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        """A GET may be repeated: a broken connection is Retry, never Unknown."""
        try:
            return await call_once(lambda: self._http.get(url, headers=headers))
        except Unknown as error:
            raise Retry(error.reason, code=error.code) from error

    async def connect(self, webhook: str) -> Account:
        status, answered, content = await self._get(f"{self._account}.json", self._authorized)
        errors.raise_for(status, answered, content)
        try:
            account = json.loads(content)
            name, state, kind = account.get("friendly_name"), account.get("status", "active"), account.get("type")
        except (ValueError, AttributeError) as error:
            raise Misconfigured("What answers at this address is not Twilio's API") from error
        if state != "active":
            raise Misconfigured(f"The Twilio account is {state}", code="20005")
        notes = [f"In Twilio's console, let incoming messages of this sender be posted to {webhook}"]
        if kind == "Trial":
            notes.append("A trial account sends only to numbers verified in Twilio's console")
        return Account(name=str(name or self.title), address=self._settings.from_, notes=notes)
