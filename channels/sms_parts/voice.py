"""What a caller hears: the instructions (TwiML) that answer Twilio's voice webhooks.

Addresses that we hand out carry `call=` (what is being told) and, where Twilio leaves it out, who calls (`from`, `to`).
TwiML: https://www.twilio.com/docs/voice/twiml
"""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.sax.saxutils import escape, quoteattr

from channels.base import Hook
from channels.sms_parts.settings import SmsSettings

DIALLED, RECORDED, RECORDING, STATUS = "dialled", "recorded", "recording", "status"
"""The forwarded call is over; the caller has left a message; a recording can be fetched; the call's state has changed."""
ANSWERED = frozenset({"completed", "answered"})
"""DialCallStatus of a forwarded call that somebody took."""

_RING_SECONDS = 25
_LONGEST_SECONDS = 180
_TEXTS = {
    "en": (
        "Hello! We cannot take your call right now. We will get back to you.",
        "Hello! We cannot take your call right now. Please leave a message after the tone.",
    ),
    "ru": (
        "Здравствуйте! Сейчас мы не можем ответить на звонок. Мы с вами свяжемся.",
        "Здравствуйте! Сейчас мы не можем ответить на звонок. Оставьте сообщение после сигнала.",
    ),
}
"""By language: for a caller who cannot leave a message, and for one who can."""


def step(hook: Hook) -> str:
    """What a webhook of a call tells, by the address that we gave Twilio for it. Empty: a new call, or an address of others."""
    return parse_qs(urlsplit(hook.url).query).get("call", [""])[0]


def asks(form: Mapping[str, str]) -> bool:
    """Whether Twilio waits for instructions, rather than reporting something."""
    reported = form.get("CallbackSource") or form.get("CallDuration") or form.get("RecordingStatus")
    ours = form.get("Direction", "inbound").startswith("outbound")
    return (
        bool(form.get("CallSid"))
        and not reported
        and not ours
        and form.get("CallStatus", "ringing") in ("ringing", "in-progress")
    )


def instructions(hook: Hook, form: Mapping[str, str], settings: SmsSettings) -> str:
    """What is inside <Response>."""
    told = step(hook)
    if told == DIALLED:
        return "" if form.get("DialCallStatus") in ANSWERED else _voicemail(hook, form, settings)
    if told or not asks(form):
        return ""
    match settings.calls:
        case "forward":
            return _forward(hook, form, settings)
        case "voicemail":
            return _voicemail(hook, form, settings)
        case "say":
            return _say(settings, 0)
        case _:
            return "<Reject/>"


def _forward(hook: Hook, form: Mapping[str, str], settings: SmsSettings) -> str:
    attributes = {"action": _address(hook, form, DIALLED), "timeout": str(_RING_SECONDS), "answerOnBridge": "true"}
    if settings.calls_record:
        attributes |= {"record": "record-from-answer-dual", "recordingStatusCallback": _address(hook, form, RECORDING, "dial")}
    return f"<Dial{_written(attributes)}>{escape(settings.calls_forward)}</Dial>"


def _voicemail(hook: Hook, form: Mapping[str, str], settings: SmsSettings) -> str:
    attributes = {
        "action": _address(hook, form, RECORDED),
        "maxLength": str(_LONGEST_SECONDS),
        "recordingStatusCallback": _address(hook, form, RECORDING, "voicemail"),
    }
    return f"{_say(settings, 1)}<Record{_written(attributes)}/>"


def _say(settings: SmsSettings, which: int) -> str:
    """Our words in the setting's language. We have them in two; others hear English unless a text is set."""
    language = settings.calls_language
    standard = _TEXTS.get(language.partition("-")[0])
    if standard is None and not settings.calls_text:
        language = "en-US"
    text = settings.calls_text or (standard or _TEXTS["en"])[which]
    return f"<Say{_written({'language': language})}>{escape(text)}</Say>"


def _address(hook: Hook, form: Mapping[str, str], told: str, what: str = "") -> str:
    people = {"from": form.get("From", ""), "to": form.get("To", ""), "of": what} if what else {}
    return f"{hook.url.partition('?')[0]}?{urlencode({'call': told, **people})}"


def _written(attributes: Mapping[str, str]) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items())
