"""Read the chats that a business had on the phone app before it was connected (the `history` webhook)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from channels.events import JSON, Event, InboundMessage, Notice
from channels.whatsapp_parts.messages import Source, read_message
from channels.whatsapp_parts.notices import notice_of
from channels.whatsapp_parts.payload import UNREADABLE, object_of, objects_in, text_of, why


def read_history(element: Mapping[str, JSON], source: Source) -> list[Event]:
    """The messages of one chunk, marked as history: nobody answers them any more. A declined sharing is a Notice."""
    events: list[Event] = [notice_of("history", error) for error in objects_in(element, "errors") if isinstance(error, dict)]
    for thread in objects_in(element, "threads"):
        events += _thread(thread, source)
    return events


def _thread(thread: JSON, source: Source) -> Iterator[Event]:
    if not isinstance(thread, dict):
        yield _broken(thread, "a thread is no object")
        return
    for message in objects_in(thread, "messages"):
        try:
            yield _past(object_of(message), text_of(thread.get("id")).removeprefix("+"), source)
        except UNREADABLE as error:
            yield _broken(message, why(error))


def _broken(element: JSON, why: str) -> Notice:
    return Notice(kind="broken", text=f"A part of the chat history cannot be read: {why}", data=element, error=True)


def _past(message: Mapping[str, JSON], customer: str, source: Source) -> Event:
    """One old message. The thread's id is the customer: a message from anyone else came from the business itself."""
    ours = bool(customer) and text_of(message.get("from")).removeprefix("+") != customer
    event = read_message(message, source, echo=ours, to=customer)
    if not isinstance(event, InboundMessage):
        return event
    known = message.get("history_context")
    # `auto_reply` keeps bots from answering what may be half a year old.
    return replace(event, auto_reply=True, data={**event.data, "history": known if isinstance(known, dict) else {}})
