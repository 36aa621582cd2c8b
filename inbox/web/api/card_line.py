"""A person's timeline and addresses: what happened in one line, what others tell, addresses by hand and their proof."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from inbox.access.rights import Right
from inbox.actions import identities
from inbox.card import events as card_events
from inbox.views import contacts, line
from inbox.views.paging import Page
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Body, Name, PageQuery, When
from inbox.web.problems import invalid
from inbox.web.recalling import recall_stops
from inbox.web.repeat import once

Kinds = Annotated[str, StringConstraints(pattern=r"^[a-z]+(,[a-z]+)*$", max_length=200)]


class LineQuery(PageQuery):
    """Which moments."""

    kinds: Kinds | None = None
    """message, call, note, task, conversation, change, consent, event, card: several with commas between; without: all."""


class NewContactEvent(Body):
    """Something that happened in another system."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.-]*$", max_length=60)]
    """purchase, delivery, visit ..."""
    title: Name
    at: When | None = None
    """Without it: now."""
    data: Annotated[dict[str, Any], Field(max_length=100)] = Field(default_factory=dict)
    link: Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2000)] | None = None
    """Where it is shown in that system."""


class GivenIdentity(Body):
    """An address that the person gave."""

    kind: Literal["phone", "email"]
    address: Annotated[str, StringConstraints(min_length=1, max_length=254)]


class ToldCode(Body):
    """The code that the person told."""

    code: Annotated[str, StringConstraints(min_length=1, max_length=20, strip_whitespace=True)]


@endpoint("GET", "/contacts/{contact_id}/timeline", Right.CONVERSATIONS_READ)
async def get_contact_timeline(call: Call, contact_id: int, query: LineQuery) -> Page[line.Moment]:
    """All that happened with a person, newest first: messages, calls, notes, tasks, changes, what other systems told."""
    kinds = query.kinds.split(",") if query.kinds else []
    if unknown := [kind for kind in kinds if kind not in line.KINDS]:
        raise invalid("kinds", f"There is no kind {unknown[0]}; there are {', '.join(line.KINDS)}")
    await call.read(contacts.one, contact_id)
    return await call.read(line.page, contact_id, kinds, query.cursor, query.limit)


@endpoint("POST", "/contacts/{contact_id}/events", Right.CONTACTS_WRITE, status=201, repeatable=True)
async def add_contact_event(call: Call, contact_id: int, body: NewContactEvent) -> line.Moment:
    """Tell what happened in another system; it shows on the person's timeline."""
    number = await once(call, card_events.add, call.now, call.me, contact_id, body.model_dump())
    return await call.read(line.told, number)


@endpoint("POST", "/contacts/{contact_id}/identities", Right.CONTACTS_WRITE, status=201)
async def add_contact_identity(call: Call, contact_id: int, body: GivenIdentity) -> contacts.Contact:
    """Add an address that the person gave. If it is another contact's, it is only noted: it suggests that both are one person."""
    await call.run(identities.add, call.now, call.me, contact_id, body.kind, body.address)
    return await call.read(contacts.one, contact_id)


@endpoint("DELETE", "/contacts/{contact_id}/identities/{identity_id}", Right.CONTACTS_WRITE)
async def remove_contact_identity(call: Call, contact_id: int, identity_id: int) -> None:
    """Take an address away that nobody ever wrote from."""
    await call.run(identities.remove, call.now, call.me, contact_id, identity_id)


@endpoint("POST", "/contacts/{contact_id}/identities/{identity_id}/verify", Right.CONTACTS_WRITE, status=202)
async def send_identity_code(call: Call, contact_id: int, identity_id: int) -> contacts.Contact:
    """Send a code to the address, by a channel that may write there first."""
    await recall_stops(call, contact_id)
    await call.run(identities.send_code, call.now, call.me, contact_id, identity_id)
    return await call.read(contacts.one, contact_id)


@endpoint("POST", "/contacts/{contact_id}/identities/{identity_id}/confirm", Right.CONTACTS_WRITE)
async def confirm_identity_code(call: Call, contact_id: int, identity_id: int, body: ToldCode) -> contacts.Contact:
    """Tell the code that the person told us: if it is right, the address is verified. Five tries for each code."""
    if problem := await call.run(identities.confirm, call.now, call.me, contact_id, identity_id, body.code):
        raise invalid("code", problem)
    return await call.read(contacts.one, contact_id)
