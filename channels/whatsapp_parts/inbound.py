"""Turn a webhook body of the WhatsApp Cloud API into events: every entry, every change, messages and statuses together.

Source: Meta's "Webhooks reference" of the WhatsApp Business Platform. The bare `{contacts, messages, statuses}` of
on-premise gateways is read too. This is the hot path: plain loops over decoded JSON, no models.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from channels.base import BadPayload
from channels.events import JSON, ConsentChanged, ContactChanged, Event, Notice, Person
from channels.whatsapp_parts.history import read_history
from channels.whatsapp_parts.messages import Source, read_message
from channels.whatsapp_parts.notices import notice_of
from channels.whatsapp_parts.payload import UNREADABLE, load, object_of, objects_in, text_of, time_of, why
from channels.whatsapp_parts.people import NOBODY, address_of, contacts_in, person_at
from channels.whatsapp_parts.statuses import read_status

_MOVES = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """One list of a webhook value and the function that reads an element of it."""

    key: str
    read: Callable[[Mapping[str, JSON], Source], list[Event]]


def read_webhook(body: bytes, received_at: datetime) -> list[Event]:
    """Everything that the body says, in its order. Raises BadPayload where it is no JSON object."""
    payload = load(body)
    if not isinstance(payload, dict):
        raise BadPayload("The body is not a JSON object")
    if "entry" not in payload:
        return _value_events("messages", payload, received_at)
    events: list[Event] = []
    for field, value in _changes(payload):
        events += _value_events(field, value, received_at) if isinstance(value, dict) else [broken(value, "not an object")]
    return events


def _changes(payload: Mapping[str, JSON]) -> Iterator[tuple[str, JSON]]:
    """(field, value) of every change; what is no change comes as a value that is no object."""
    for entry in objects_in(payload, "entry"):
        if not isinstance(entry, dict):
            yield "", [entry]
            continue
        for change in objects_in(entry, "changes"):
            if isinstance(change, dict):
                yield str(change.get("field") or "messages"), change.get("value")
            else:
                yield "", [change]


def _value_events(field: str, value: Mapping[str, JSON], received_at: datetime) -> list[Event]:
    parts = [part for part in _PARTS if part.key in value]
    if not parts:
        return [notice_of(field, value)] if value.keys() - {"metadata", "messaging_product", "contacts"} else []
    source = Source(contacts=contacts_in(value), received_at=received_at)
    events: list[Event] = []
    for part in parts:
        for element in objects_in(value, part.key):
            try:
                events += part.read(object_of(element), source)
            except UNREADABLE as error:
                events.append(broken(element, why(error)))
    return events


def broken(element: JSON, why: str) -> Notice:
    """An element that cannot be read; it is kept whole in `data`."""
    return Notice(kind="broken", text=f"A part of a WhatsApp delivery cannot be read: {why}", data=element, error=True)


def _message(element: Mapping[str, JSON], source: Source) -> list[Event]:
    if element.get("type") == "system":
        return [_system(element, source)]
    return [read_message(element, source)]


def _echo(element: Mapping[str, JSON], source: Source) -> list[Event]:
    return [read_message(element, source, echo=True)]


def _system(element: Mapping[str, JSON], source: Source) -> Event:
    """A person changed their number or got another user id."""
    system = object_of(element.get("system"))
    new_phone = system.get("wa_id") or system.get("new_wa_id")
    new_user = system.get("user_id")
    if text_of(system.get("type")) not in _MOVES or not (new_phone or new_user):
        return Notice(kind="system", text=text_of(system.get("body")), data=element)
    old = address_of(element.get("from"), system.get("previous_user_id") or element.get("from_user_id"))
    return _moved(old, new_phone, new_user, time_of(element.get("timestamp"), source.received_at), source)


def _user_id_update(element: Mapping[str, JSON], source: Source) -> list[Event]:
    ids = object_of(element.get("user_id"))
    at = time_of(element.get("timestamp"), source.received_at)
    return [_moved(address_of(None, ids.get("previous")), element.get("wa_id"), ids.get("current"), at, source)]


def _moved(old: str, new_phone: JSON, new_user: JSON, at: datetime, source: Source) -> ContactChanged:
    address = address_of(new_phone, new_user)
    previous = person_at(old, None, source.contacts)
    person = person_at(address, new_user, NOBODY)
    return ContactChanged(
        old=previous.identities[0], person=Person(identities=person.identities, name=previous.name), address=address, at=at
    )


def _preference(element: Mapping[str, JSON], source: Source) -> list[Event]:
    """The person stopped or resumed marketing messages in WhatsApp itself."""
    wish = text_of(element.get("value")).lower()
    if wish not in ("stop", "resume"):
        raise ValueError("a preference is neither stop nor resume")
    address = address_of(element.get("wa_id"), element.get("user_id"))
    return [
        ConsentChanged(
            sender=person_at(address, element.get("user_id"), source.contacts),
            address=address,
            stopped=wish == "stop",
            at=time_of(element.get("timestamp"), source.received_at),
            source=f"whatsapp:{text_of(element.get('category')) or 'marketing_messages'}",
            marketing_only=True,
        )
    ]


def _error(element: Mapping[str, JSON], source: Source) -> list[Event]:
    return [notice_of("errors", element)]


def _call(element: Mapping[str, JSON], source: Source) -> list[Event]:
    """A customer who rings wants to be answered; what else happens to a call is only noted."""
    if element.get("event") == "connect" and element.get("direction") != "BUSINESS_INITIATED":
        return [read_message({**element, "type": "call"}, source)]
    return [notice_of("calls", element)]


def _group(element: Mapping[str, JSON], source: Source) -> list[Event]:
    return [replace(notice_of(text_of(element.get("type")), element), kind="group")]


_PARTS = (
    _Part(key="messages", read=_message),
    _Part(key="statuses", read=read_status),
    _Part(key="message_echoes", read=_echo),
    _Part(key="history", read=read_history),
    _Part(key="calls", read=_call),
    _Part(key="user_preferences", read=_preference),
    _Part(key="user_id_update", read=_user_id_update),
    _Part(key="groups", read=_group),
    _Part(key="errors", read=_error),
)
