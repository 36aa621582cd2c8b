"""Twilio's webhooks become our events: messages, delivery statuses, the customer's stop, phone calls.

Parameters: https://www.twilio.com/docs/messaging/guides/webhook-request
"""

import json
import math
import mimetypes
import re
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from channels.base import BadPayload, Hook
from channels.events import JSON, ConsentChanged, DeliveryStatus, Event, InboundFile, InboundMessage
from channels.sms_parts import errors
from channels.sms_parts.calls import call_events
from channels.sms_parts.form import fields, is_json
from channels.sms_parts.people import person
from channels.sms_parts.settings import Calls, SmsSettings
from channels.sms_parts.stream import is_stream, stream_events

_STATES = {
    "sent": "sent",
    "partially_delivered": "sent",
    "delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "undelivered": "failed",
    "canceled": "failed",
}
_ON_THE_WAY = frozenset({"queued", "accepted", "scheduled", "sending"})
"""Twilio still works on it: we knew that when it took the message."""
_INBOUND = frozenset({"received", "receiving"})

_STOP_WORDS = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
_START_WORDS = frozenset({"START", "UNSTOP"})
"""On these Twilio itself stops and resumes SMS, without saying so unless Advanced Opt-Out is on (then: OptOutType)."""

_MEDIA = re.compile(r"MediaUrl(\d{1,3})")
_REFERRAL = "Referral"
_UNREADABLE = frozenset({"unsupported", "unknown", "ephemeral", "poll", "event"})
"""Kinds of WhatsApp messages that Twilio passes on without their content."""


def events(hook: Hook, settings: SmsSettings) -> Sequence[Event]:
    """Everything that one webhook says. Raises BadPayload that names the field."""
    if is_json(hook) and is_stream(hook.body):
        return stream_events(hook, settings.senders, lambda form, called: _events(form, called, settings.calls))
    return _events(fields(hook), hook, settings.calls)


def _events(form: Mapping[str, str], hook: Hook, calls: Calls) -> Sequence[Event]:
    if form.get("CallSid") and not _message_sid(form):
        return call_events(hook, form, calls)
    status = form.get("MessageStatus") or form.get("SmsStatus", "")
    if status and status not in _INBOUND:
        return _status(form, status, hook)
    if not any(form.values()) and _our_id(hook):
        return []  # a status callback that says nothing
    return _message(form, hook)


def _message_sid(form: Mapping[str, str]) -> str:
    return form.get("MessageSid") or form.get("SmsMessageSid") or form.get("SmsSid", "")


def _our_id(hook: Hook) -> str | None:
    return parse_qs(urlsplit(hook.url).query).get("message", [None])[0]


def _status(form: Mapping[str, str], status: str, hook: Hook) -> Sequence[Event]:
    if status in _ON_THE_WAY:
        return []
    if status not in _STATES:
        raise BadPayload(f"MessageStatus: unknown status {status[:40]!r}")
    sid, our_id = _message_sid(form), _our_id(hook)
    if not sid and not our_id:
        raise BadPayload("MessageSid: required in a status callback")
    failed = _STATES[status] == "failed"
    code = form.get("ErrorCode", "") if failed else ""
    reason = (
        "The message was canceled before it was sent"
        if status == "canceled"
        else errors.words(code, form.get("ErrorMessage") or form.get("ChannelStatusMessage", ""))
    )
    return [
        DeliveryStatus(
            state=_STATES[status],
            at=hook.received_at,
            external_id=sid,
            message_id=our_id,
            code=code,
            reason=reason if failed else "",
            blocked=failed and errors.is_stop(code),
            address=form.get("To", ""),
        )
    ]


def _message(form: Mapping[str, str], hook: Hook) -> Sequence[Event]:
    for field, value in (("MessageSid", _message_sid(form)), ("From", form.get("From"))):
        if not value:
            raise BadPayload(f"{field}: required in a message")
    files = _files(form)
    location = _location(form)
    message = InboundMessage(
        external_id=_message_sid(form),
        sender=person(form["From"], form.get("ProfileName"), form),
        address=form["From"],
        at=hook.received_at,
        kind=_kind(form, files, location),
        text=form.get("ButtonText") or form.get("ListTitle") or form.get("Body", ""),
        attachments=files,
        reply_to=form.get("OriginalRepliedMessageSid") or None,
        choice=form.get("ButtonPayload") or form.get("ListId") or None,
        start=form.get("ReferralSourceId") or form.get("ReferralSourceUrl") or None,
        data={**({"location": location} if location else {}), **_referral(form), **_further(form)},
    )
    return [message, *_consent(form, message)]


def _kind(form: Mapping[str, str], files: Sequence[InboundFile], location: JSON) -> str:
    if any(form.get(name) for name in ("ButtonText", "ButtonPayload", "ListId", "ListTitle")):
        return "choice"
    if files:
        return "contact" if files[0].mime in ("text/vcard", "text/x-vcard") else files[0].kind
    if form.get("InteractiveData"):
        return "form"
    if location:
        return "location"
    return "unsupported" if form.get("MessageType") in _UNREADABLE and not form.get("Body") else "text"


def _files(form: Mapping[str, str]) -> Sequence[InboundFile]:
    """Attachments in their order; counted by their addresses, because NumMedia may be missing."""
    numbers = sorted(int(m[1]) for name in form if name.startswith("MediaUrl") and (m := _MEDIA.fullmatch(name)) and form[name])
    whatsapp = form["From"].startswith("whatsapp:")
    return [_file(form[f"MediaUrl{n}"], form.get(f"MediaContentType{n}", ""), whatsapp) for n in numbers]


def _file(url: str, mime: str, whatsapp: bool) -> InboundFile:
    name = urlsplit(url).path.rsplit("/", 1)[-1]
    mime = (mime or mimetypes.guess_type(name)[0] or "").split(";")[0].strip().lower()
    if "." not in name:
        name += mimetypes.guess_extension(mime) or ""
    return InboundFile(kind=_file_kind(mime, whatsapp), name=name, mime=mime, remote={"url": url})


def _file_kind(mime: str, whatsapp: bool) -> str:
    if whatsapp and mime == "image/webp":
        return "sticker"
    if whatsapp and mime == "audio/ogg":
        return "voice"
    kind = mime.partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "file"


def _location(form: Mapping[str, str]) -> dict[str, JSON]:
    try:
        place = {"latitude": float(form["Latitude"]), "longitude": float(form["Longitude"])}
    except (KeyError, ValueError):
        return {}
    if not all(math.isfinite(value) for value in place.values()):
        return {}
    named = {"name": form.get("Label"), "address": form.get("Address")}
    return place | {key: value for key, value in named.items() if value}


def _referral(form: Mapping[str, str]) -> dict[str, JSON]:
    """The advert that brought the customer: {"referral": {"SourceId":, "Headline":, ...}}."""
    found = {name.removeprefix(_REFERRAL): value for name, value in form.items() if name.startswith(_REFERRAL) and value}
    return {"referral": found} if found else {}


def _further(form: Mapping[str, str]) -> dict[str, JSON]:
    """A WhatsApp form that was filled in, a message that was passed on, HELP that Twilio answers itself."""
    found: dict[str, JSON] = {}
    if form.get("InteractiveData"):
        found["form"] = _json(form["InteractiveData"])
    if form.get("Forwarded", "").lower() == "true" or form.get("FrequentlyForwarded", "").lower() == "true":
        found["forwarded"] = True
    if form.get("OptOutType", "").upper() == "HELP":
        found["help"] = True
    return found


def _json(text: str) -> JSON:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _consent(form: Mapping[str, str], message: InboundMessage) -> Sequence[Event]:
    told = form.get("OptOutType", "").upper()
    word = message.text.strip().upper()
    if not told and not message.address.startswith("whatsapp:"):
        told = "STOP" if word in _STOP_WORDS else "START" if word in _START_WORDS else ""
    if told not in ("STOP", "START"):
        return []
    stopped = told == "STOP"
    return [ConsentChanged(sender=message.sender, address=message.address, stopped=stopped, at=message.at, source=word[:40])]
