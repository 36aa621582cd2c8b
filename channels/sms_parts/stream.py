"""Twilio's Event Streams: the same messages and statuses as CloudEvents in JSON, many in one call, repeated until we take them.

A channel's webhook may be given to Twilio as a sink beside the ordinary webhooks, which are never repeated: what one of them
lost arrives by the other, and what both bring is stored once. A message with media is left to the ordinary webhook, because
the stream does not say where its files lie; so is what came to another number of the account.
https://www.twilio.com/docs/events/event-types/messaging
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from channels.base import BadPayload, Hook
from channels.events import JSON, Event, Notice

Read = Callable[[Mapping[str, str], Hook], Sequence[Event]]
"""Reads a webhook's parameters, as they came with a hook."""

_RECEIVED = "com.twilio.messaging.inbound-message.received"
_STATUS = "com.twilio.messaging.message."


def is_stream(body: bytes) -> bool:
    return body.lstrip()[:1] == b"["


def stream_events(hook: Hook, ours: frozenset[str], read: Read) -> Sequence[Event]:
    """Everything in one call. What cannot be read becomes a notice and keeps its neighbours. Raises BadPayload for no events."""
    try:
        told = json.loads(hook.body)
    except (ValueError, RecursionError) as error:
        raise BadPayload("The body says it is JSON and is not") from error
    if not isinstance(told, list) or not told:
        raise BadPayload("The body is JSON, but neither an object with Twilio's parameters nor a list of events")
    return [event for element in told for event in _element(element, hook, ours, read)]


def _element(element: JSON, hook: Hook, ours: frozenset[str], read: Read) -> Sequence[Event]:
    data = element.get("data") if isinstance(element, dict) else None
    if not isinstance(data, dict) or not isinstance(element.get("type"), str):
        return [_broken(element, "data: an event of Twilio's has some")]
    kind = element["type"]
    if kind != _RECEIVED and not kind.startswith(_STATUS):
        return [Notice(kind="event", text=kind[:100], data=element)]
    form = _form(data)
    if kind == _RECEIVED and not _is_for_us(form, ours):
        return []
    try:
        return read(_as_received(form) if kind == _RECEIVED else form, _as_called_back(hook, data))
    except BadPayload as error:
        return [_broken(element, error.reason)]


def _is_for_us(form: Mapping[str, str], ours: frozenset[str]) -> bool:
    alone = form.get("NumMedia", "0") in ("", "0")
    return alone and (form.get("To") in ours or form.get("MessagingServiceSid") in ours)


def _broken(element: JSON, reason: str) -> Notice:
    return Notice(kind="broken", text=reason, data=element, error=True)


def _form(data: Mapping[str, JSON]) -> dict[str, str]:
    """The parameters of an ordinary webhook: MessageSid for messageSid, a status in small letters."""
    form = {name[:1].upper() + name[1:]: _text(value) for name, value in data.items() if value is not None}
    return form | {"MessageStatus": form.get("MessageStatus", "").lower()}


def _as_received(form: Mapping[str, str]) -> Mapping[str, str]:
    return {**form, "MessageStatus": "", "SmsStatus": "received"}


def _text(value: JSON) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _as_called_back(hook: Hook, data: Mapping[str, JSON]) -> Hook:
    """With our message's id, which stands in the status address that we gave; and at the time of the event."""
    address = str(data.get("statusCallBackUrl") or data.get("statusCallbackUrl") or "")
    url = hook.url.partition("?")[0]
    query = urlsplit(address).query if urlsplit(address).path == urlsplit(url).path else ""
    return replace(hook, url=f"{url}?{query}" if query else url, received_at=_time(data.get("timestamp")) or hook.received_at)


def _time(told: JSON) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return found if found.tzinfo else None
