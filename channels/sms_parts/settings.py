"""What an SMS channel is told: the Twilio account, who sends, and what becomes of phone calls."""

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from channels.base import Settings

Calls = Literal["off", "say", "voicemail", "forward"]

_SENDER = re.compile(r"MG[A-Za-z0-9]{1,64}|(?:whatsapp:)?\+[1-9]\d{4,14}|\d{3,8}|(?=.*[A-Za-z])[A-Za-z0-9 _&+-]{1,11}")
"""A Messaging Service, a number, a short code or an alphanumeric sender id."""
_PHONE = r"^(\+[1-9]\d{4,14})?$"


class SmsSettings(Settings):
    """How to reach a Twilio account."""

    account_sid: str = Field(
        title="Account SID", description="Starts with AC; on the first page of Twilio's console", pattern="^[A-Za-z0-9]+$"
    )
    auth_token: SecretStr = Field(title="Auth token", description="Beside the account SID", min_length=1)
    from_: str = Field(alias="from", title="From", description="+number, whatsapp:+number, or a Messaging Service SID (MG...)")
    messaging_service: str = Field(
        default="",
        title="Messaging Service",
        description="SID (MG...) of the service that the number sends through; empty: none",
        pattern="^(MG[A-Za-z0-9]{1,64})?$",
    )
    smart_encoding: bool = Field(
        default=True,
        title="Plain quotes and dashes",
        description="Let Twilio replace typographic characters where that makes an SMS cheaper",
    )
    mms: bool = Field(default=True, title="Pictures", description="Send files as MMS; off: a link in the text stands for them")
    calls: Calls = Field(
        default="off",
        title="Phone calls",
        description="off: as set at Twilio; say: a polite text; voicemail: text and recording; forward: to a phone, or voicemail",
    )
    calls_forward: str = Field(default="", title="Forward calls to", description="+number", pattern=_PHONE)
    calls_text: str = Field(default="", title="What callers hear", description="Empty: a polite standard text", max_length=1000)
    calls_language: str = Field(
        default="en-US", title="Language of that text", description="en-US, ru-RU, de-DE ...", pattern="^[a-z]{2,3}-[A-Z]{2}$"
    )
    calls_record: bool = Field(default=False, title="Record forwarded calls", description="Callers must be told: the law asks it")
    api_base: str = Field(
        default="https://api.twilio.com", title="API address", description="Only for a stand-in", pattern="^https?://.+"
    )

    @property
    def senders(self) -> frozenset[str]:
        """What of the account is this channel's."""
        return frozenset({self.from_, self.messaging_service}) - {""}

    @field_validator("from_")
    @classmethod
    def _sender(cls, value: str) -> str:
        if not _SENDER.fullmatch(value):
            raise ValueError("must be a number like +15551234567, whatsapp:+15551234567 or a Messaging Service SID (MG...)")
        return value

    @model_validator(mode="after")
    def _somewhere_to_forward(self) -> "SmsSettings":
        if self.calls == "forward" and not self.calls_forward:
            raise ValueError("calls_forward: say which number calls are to be forwarded to")
        return self


def speaks_whatsapp(sender: str) -> bool:
    return sender.startswith("whatsapp:")


def is_service(sender: str) -> bool:
    return sender.startswith("MG")


def is_name(sender: str) -> bool:
    """An alphanumeric sender id: nobody can answer it, and it sends no pictures."""
    return not (is_service(sender) or speaks_whatsapp(sender) or sender.lstrip("+").isdigit())
