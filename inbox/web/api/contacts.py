"""Contacts: lists, cards, merging and splitting people."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from inbox.access.rights import Right
from inbox.actions import contacts as actions
from inbox.actions import merging
from inbox.views import contacts as views
from inbox.views import conversations, lists
from inbox.views.paging import All, Page
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, Language, PageQuery, Tag, Taken
from inbox.web.repeat import once

Fields = Annotated[dict[str, Any], Field(max_length=200)]
ContactText = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]


class PostalAddress(Body):
    """Where somebody lives or works, so that nobody is asked twice."""

    label: Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]
    """home, work, or any other word."""
    text: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


Birthday = Annotated[str, Field(max_length=10)]
Category = Annotated[str, Field(max_length=40)]
Addresses = Annotated[list[PostalAddress], Field(max_length=10)]


class ContactQuery(PageQuery):
    """Which contacts."""

    q: Annotated[str, Field(max_length=200)] = ""
    """A part of the name, the personal number, a phone or mail address."""
    tag: Annotated[str, Field(max_length=100)] | None = None
    manager: Id | None = None
    segment: Id | None = None


class TypedIdentity(Body):
    """An address that somebody typed in."""

    kind: Literal["phone", "email"]
    address: Annotated[str, StringConstraints(min_length=1, max_length=254)]


class NewContact(Body):
    """A card to make."""

    name: ContactText = ""
    language: Language | None = None
    timezone: Annotated[str, Field(max_length=100)] | None = None
    manager: Id | None = None
    tags: list[Tag] = Field(default_factory=list, max_length=100)
    fields: Fields = Field(default_factory=dict)
    birthday: Birthday | None = None
    category: Category | None = None
    addresses: Addresses = Field(default_factory=list)
    identities: list[TypedIdentity] = Field(default_factory=list, max_length=20)


class ContactChange(Change):
    """What to change about a contact."""

    name: ContactText = NOT_GIVEN
    greeting: Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)] | None = NOT_GIVEN
    """How to greet them; empty: without a name, null: as the name says."""
    language: Language | None = NOT_GIVEN
    timezone: Annotated[str, Field(max_length=100)] | None = NOT_GIVEN
    """Like Europe/Berlin."""
    manager: Id | None = NOT_GIVEN
    tags: Annotated[list[Tag], Field(max_length=100)] = NOT_GIVEN
    """Exactly these from now on."""
    fields: Fields = NOT_GIVEN
    """Exactly these from now on."""
    set_fields: Fields = NOT_GIVEN
    """Only these of the fields; null empties one. The others stay as they are."""
    birthday: Birthday | None = NOT_GIVEN
    """1990-05-17, or --05-17 where nobody knows the year."""
    category: Category | None = NOT_GIVEN
    """One of `GET /categories`."""
    addresses: Addresses = NOT_GIVEN
    """Exactly these from now on."""


class Merge(Body):
    """The contact to take in."""

    with_: Annotated[int, Field(ge=1, le=2**63 - 1, alias="with")]
    take: Taken = Field(default_factory=list)
    """Of what the other card's word stands where both say something: name, language, timezone, birthday, category, manager,
    fields.<name>."""


class Split(Body):
    """The addresses that belong to somebody else."""

    identity_ids: Annotated[list[Id], Field(min_length=1, max_length=100)]


@endpoint("GET", "/contacts", Right.CONTACTS_READ)
async def list_contacts(call: Call, query: ContactQuery) -> Page[views.Contact]:
    """Contacts, newest first."""
    segment = (query.segment, call.now) if query.segment is not None else None
    wanted = views.Filter(q=query.q.strip(), tag=query.tag, manager=query.manager, segment=segment)
    return await call.read(views.page, wanted, query.cursor, query.limit)


@endpoint("POST", "/contacts", Right.CONTACTS_WRITE, status=201, repeatable=True)
async def add_contact(call: Call, body: NewContact) -> views.Contact:
    """Make a card for somebody who has not written yet."""
    contact_id = await once(call, actions.add, call.now, call.me, body.model_dump())
    return await call.read(views.one, contact_id)


@endpoint("GET", "/contacts/{contact_id}", Right.CONTACTS_READ)
async def get_contact(call: Call, contact_id: int) -> views.Contact:
    """One person."""
    return await call.read(views.one, contact_id)


@endpoint("PATCH", "/contacts/{contact_id}", Right.CONTACTS_WRITE)
async def change_contact(call: Call, contact_id: int, body: ContactChange) -> views.Contact:
    """Mend a card."""
    await call.run(actions.change, call.now, call.me, contact_id, _plain(body.given()))
    return await call.read(views.one, contact_id)


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    if "addresses" in given:
        given["addresses"] = [each.model_dump() for each in given["addresses"]]
    return given


@endpoint("POST", "/contacts/{contact_id}/merge", Right.CONTACTS_WRITE)
async def merge_contacts(call: Call, contact_id: int, body: Merge) -> views.Contact:
    """Two cards are one person: take the other one in.

    Its addresses, conversations, messages, tasks and tags come here; it stays as a pointer to this one. Of what both cards say
    this one's word stands, but for what `take` names.
    """
    await call.run(merging.merge, call.now, call.me, contact_id, body.with_, body.take)
    return await call.read(views.one, contact_id)


@endpoint("POST", "/contacts/{contact_id}/split", Right.CONTACTS_WRITE, status=201)
async def split_contact(call: Call, contact_id: int, body: Split) -> views.Contact:
    """One card is two people: these addresses, and what was said through them, go to a new card."""
    contact_id = await call.run(merging.split, call.now, call.me, contact_id, body.identity_ids)
    return await call.read(views.one, contact_id)


@endpoint("GET", "/contacts/{contact_id}/conversations", Right.CONVERSATIONS_READ)
async def list_contact_conversations(call: Call, contact_id: int, query: PageQuery) -> Page[conversations.Conversation]:
    """A contact's conversations, newest first."""
    await call.read(views.one, contact_id)
    wanted = lists.Filter(statuses=(), contact=contact_id)
    return await call.read(lists.page, wanted, "last", query.cursor, query.limit)


@endpoint("GET", "/tags", Right.CONTACTS_READ)
async def list_tags(call: Call) -> All[views.TagCount]:
    """Every tag in use, with the number of contacts that have it."""
    return await call.read(views.tags)
