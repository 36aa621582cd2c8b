"""Phone calls: what Twilio's webhooks tell of one, as one entry of the conversation that grows until the call is over.

A later webhook may overtake an earlier one, so none says less than those before it may have said: where nobody can answer
(`calls` is say or voicemail) the entry begins as a missed call, and only what is sure changes it.
Parameters: https://www.twilio.com/docs/voice/twiml#request-parameters
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from channels.base import BadPayload, Hook
from channels.events import JSON, Event, InboundFile, InboundMessage, MessageEdited, Notice, Person
from channels.sms_parts import voice
from channels.sms_parts.people import hidden, person
from channels.sms_parts.settings import Calls

_MISSED = {
    "busy": "the line was busy",
    "no-answer": "nobody answered",
    "canceled": "the caller hung up",
    "failed": "the call could not be connected",
}
_RECORDING = "Recordings/"


@dataclass(frozen=True, slots=True)
class _State:
    """`sure`: this is the outcome, and may change what the entry said before. `seconds`: how long it was answered."""

    name: str
    why: str = ""
    seconds: int | None = None
    sure: bool = True


def call_events(hook: Hook, form: Mapping[str, str], mode: Calls) -> Sequence[Event]:
    """The call as a message, and what is known of it later as that message's new content."""
    if form.get("ParentCallSid"):
        return []  # a leg of a call that we hear of anyway
    form = _with_people(hook, form)
    if not form.get("From"):
        if form.get("RecordingSid") or form.get("TranscriptionSid"):
            return [Notice(kind="recording", text="A call was recorded", data=dict(form))]
        raise BadPayload("From: required in a call's webhook")
    if form.get("RecordingStatus") in ("in-progress", "absent", "failed"):
        return []
    state = _state(form, voice.step(hook), mode)
    message = _message(form, state, hook.received_at)
    return [message, MessageEdited(message=message, at=hook.received_at)] if state.sure else [message]


def _with_people(hook: Hook, form: Mapping[str, str]) -> Mapping[str, str]:
    """A recording's webhook does not say who called; the address that we gave for it does."""
    told = {name: values[0] for name, values in parse_qs(urlsplit(hook.url).query).items()}
    if form.get("From") or voice.step(hook) != voice.RECORDING:
        return form
    return {**form, "From": told.get("from", ""), "To": told.get("to", ""), "RecordingOf": told.get("of", "")}


def _state(form: Mapping[str, str], told: str, mode: Calls) -> _State:
    status = form.get("CallStatus", "")
    if told == voice.RECORDED or form.get("RecordingOf") == "voicemail":
        seconds = _seconds(form.get("RecordingDuration", ""))
        return _State("missed", sure=False) if seconds == 0 else _State("voicemail", seconds=seconds)
    if form.get("RecordingOf") == "dial":
        return _State("answered", seconds=_seconds(form.get("RecordingDuration", "")))
    if told == voice.DIALLED:
        return _dialled(form)
    if status in _MISSED:
        return _State("missed", _MISSED[status])
    if mode in ("say", "voicemail") and not form.get("Direction", "").startswith("outbound"):
        return _State("missed", sure=False)
    if status == "completed":
        return _State("answered", seconds=_seconds(form.get("CallDuration", "")), sure=mode == "off")
    return _State("ringing" if status != "in-progress" else "answered", sure=bool(form.get("RecordingUrl")))


def _dialled(form: Mapping[str, str]) -> _State:
    outcome = form.get("DialCallStatus", "")
    if outcome in voice.ANSWERED:
        return _State("answered", seconds=_seconds(form.get("DialCallDuration", "")))
    return _State("missed", _MISSED.get(outcome, ""))


def _message(form: Mapping[str, str], state: _State, at: datetime) -> InboundMessage:
    ours = form.get("Direction", "").startswith("outbound")
    address = form.get("To", "") if ours else form["From"]
    if not address:
        raise BadPayload("To: required in the webhook of a call that we made")
    nobody = hidden(address)
    return InboundMessage(
        external_id=form["CallSid"],
        sender=_caller(form, address, nobody),
        address=f"anonymous:{form['CallSid']}" if nobody else address,
        at=at,
        kind="call",
        text=_text(form, state, ours),
        echo=ours,
        attachments=_recording(form, state),
        data={"call": _facts(form, state)},
    )


def _caller(form: Mapping[str, str], address: str, nobody: bool) -> Person:
    """Callers who hide their number are not all one person."""
    return person(f"call:{form['CallSid']}", None, {}) if nobody else person(address, form.get("CallerName"), form)


def _recording(form: Mapping[str, str], state: _State) -> Sequence[InboundFile]:
    url = form.get("RecordingUrl")
    if not url:
        return ()
    kind = "voice" if state.name == "voicemail" else "audio"
    return [InboundFile(kind=kind, name=f"{state.name}.mp3", mime="audio/mpeg", remote={"url": f"{url}.mp3"})]


def is_recording(url: str) -> bool:
    """Whether this is the address of a recording, which exists only some time after Twilio has told of it."""
    return _RECORDING in url


def _text(form: Mapping[str, str], state: _State, ours: bool) -> str:
    words = {"ringing": "Call", "answered": "Call answered", "missed": "Missed call", "voicemail": "Voicemail"}[state.name]
    if ours and state.name == "missed":
        words = "Call not answered"
    if state.why:
        words += f": {state.why}"
    if state.seconds:
        minutes, seconds = divmod(state.seconds, 60)
        words += f", {minutes} min {seconds} s" if minutes else f", {seconds} s"
    said = form.get("SpeechResult") or form.get("TranscriptionText")
    return f"{words}\n{said}" if said else words


def _facts(form: Mapping[str, str], state: _State) -> dict[str, JSON]:
    facts: dict[str, JSON] = {
        "state": state.name,
        "status": form.get("DialCallStatus") or form.get("CallStatus"),
        "direction": "outbound" if form.get("Direction", "").startswith("outbound") else "inbound",
        "duration": state.seconds if state.name == "answered" else _seconds(form.get("CallDuration", "")),
        "recording": form.get("RecordingSid"),
        "recording_duration": _seconds(form.get("RecordingDuration", "")),
        "digits": form.get("Digits"),
        "to": form.get("To"),
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


def _seconds(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
