"""Voice: what Twilio tells about a phone call, as one entry of the conversation that grows until the call is over.

Parameters: https://www.twilio.com/docs/voice/twiml#request-parameters
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from channels.base import BadPayload
from channels.events import JSON, Event, InboundFile, InboundMessage, MessageEdited, Notice
from channels.sms_parts.people import person

_WORDS = {
    "queued": "Call",
    "initiated": "Call",
    "ringing": "Call",
    "in-progress": "Call answered",
    "completed": "Call ended",
    "busy": "Missed call: the line was busy",
    "no-answer": "Missed call: nobody answered",
    "canceled": "Missed call: the caller hung up",
    "failed": "The call could not be connected",
}
_OVER = frozenset({"completed", "busy", "no-answer", "canceled", "failed"})


def call_events(form: Mapping[str, str], at: datetime) -> Sequence[Event]:
    """The call as a message; what is known later, when it is over or recorded, also as that message's new content."""
    if not form.get("From"):
        if form.get("RecordingSid") or form.get("TranscriptionSid"):
            return [Notice(kind="recording", text="A call was recorded", data=dict(form))]
        raise BadPayload("From: required in a call's webhook")
    message = _message(form, at)
    if form.get("CallStatus") in _OVER or form.get("RecordingUrl"):
        return [message, MessageEdited(message=message, at=at)]
    return [message]


def _message(form: Mapping[str, str], at: datetime) -> InboundMessage:
    ours = form.get("Direction", "").startswith("outbound")
    address = form.get("To", "") if ours else form["From"]
    if not address:
        raise BadPayload("To: required in the webhook of a call that we made")
    recording = form.get("RecordingUrl")
    return InboundMessage(
        external_id=form["CallSid"],
        sender=person(address, form.get("CallerName"), form),
        address=address,
        at=at,
        kind="call",
        text=_text(form),
        echo=ours,
        attachments=[InboundFile(kind="audio", name="recording.mp3", mime="audio/mpeg", remote={"url": f"{recording}.mp3"})]
        if recording
        else (),
        data={"call": _facts(form)},
    )


def _text(form: Mapping[str, str]) -> str:
    words = _WORDS.get(form.get("CallStatus", ""), "Call")
    seconds = _seconds(form.get("CallDuration", ""))
    if form.get("CallStatus") == "completed" and seconds is not None:
        words += f" after {seconds // 60} min {seconds % 60} s" if seconds >= 60 else f" after {seconds} s"
    said = form.get("SpeechResult") or form.get("TranscriptionText")
    return f"{words}\n{said}" if said else words


def _facts(form: Mapping[str, str]) -> dict[str, JSON]:
    facts: dict[str, JSON] = {
        "status": form.get("CallStatus", ""),
        "direction": form.get("Direction", ""),
        "duration": _seconds(form.get("CallDuration", "")),
        "recording": form.get("RecordingUrl"),
        "recording_duration": _seconds(form.get("RecordingDuration", "")),
        "digits": form.get("Digits"),
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
