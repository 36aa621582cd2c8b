"""What cards are made of: fields of one's own, categories; and the history of one card."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from inbox.access.rights import Right
from inbox.card import fields as card_fields
from inbox.card.fields import PEOPLE
from inbox.views import cards as views
from inbox.views import contacts
from inbox.views.paging import All, Page
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Name, PageQuery
from inbox.web.repeat import once

Word = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
FieldName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Choices = Annotated[list[Word], Field(max_length=500)]
PartType = Literal["text", "number", "money", "date", "choice", "list", "link", "person", "boolean"]


class NewPart(Body):
    """A part of each entry of a repeating group."""

    name: FieldName
    title: Name | None = None
    type: PartType
    choices: Choices = Field(default_factory=list)
    currency: Currency | None = None


class NewField(Body):
    """A field to define."""

    name: FieldName
    """What programs and templates call it: cannot be changed later."""
    title: Name | None = None
    type: PartType | Literal["group"]
    choices: Choices = Field(default_factory=list)
    """Of a choice; of a list, if it takes no free words."""
    currency: Currency | None = None
    """Of an amount of money that names none."""
    parts: list[NewPart] = Field(default_factory=list, max_length=30)
    """Of a group: what each entry has, as each car of a client has a make and a year."""


class FieldChange(Change):
    """What to change about a field."""

    title: Name = NOT_GIVEN
    choices: Choices = NOT_GIVEN
    currency: Currency | None = NOT_GIVEN
    parts: Annotated[list[NewPart], Field(max_length=30)] = NOT_GIVEN
    position: Annotated[int, Field(ge=0, le=100_000)] = NOT_GIVEN


class CategoryNames(Body):
    """What people are sorted into, the best first."""

    names: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True)]], Field(max_length=50)
    ]


class ChangesQuery(PageQuery):
    """Which edits."""

    field: Annotated[str, Field(max_length=250)] | None = None
    """name, birthday ...; own fields as fields.<name>."""


@endpoint("GET", "/fields", Right.CONTACTS_READ)
async def list_contact_fields(call: Call) -> All[views.CardField]:
    """Fields of everybody's card, in their order."""
    return await call.read(views.fields, PEOPLE)


@endpoint("POST", "/fields", Right.PEOPLE_WRITE, status=201, repeatable=True)
async def add_contact_field(call: Call, body: NewField) -> views.CardField:
    """Define a field."""
    number = await once(call, PEOPLE.add, call.now, call.me, body.model_dump())
    return await call.read(views.field, PEOPLE, number)


@endpoint("PATCH", "/fields/{field_id}", Right.PEOPLE_WRITE)
async def change_contact_field(call: Call, field_id: int, body: FieldChange) -> views.CardField:
    """Change a definition; values that it no longer allows stay until somebody edits them."""
    await call.run(PEOPLE.change, call.now, call.me, field_id, plain(body.given()))
    return await call.read(views.field, PEOPLE, field_id)


@endpoint("DELETE", "/fields/{field_id}", Right.PEOPLE_WRITE)
async def remove_contact_field(call: Call, field_id: int) -> None:
    """Define a field no more; values stay on the cards."""
    await call.run(PEOPLE.remove, call.now, call.me, field_id)


@endpoint("GET", "/categories", Right.CONTACTS_READ)
async def get_categories(call: Call) -> views.Categories:
    """What people are sorted into."""
    return await call.read(views.categories)


@endpoint("PATCH", "/categories", Right.PEOPLE_WRITE)
async def change_categories(call: Call, body: CategoryNames) -> views.Categories:
    """Sort people into these from now on."""
    await call.run(card_fields.set_categories, call.now, call.me, body.names)
    return await call.read(views.categories)


@endpoint("GET", "/contacts/{contact_id}/changes", Right.CONTACTS_READ)
async def list_contact_changes(call: Call, contact_id: int, query: ChangesQuery) -> Page[views.Changed]:
    """Who changed what about a contact, when, and what stood there before; newest first."""
    await call.read(contacts.one, contact_id)
    return await call.read(views.changes, contact_id, query.field, query.cursor, query.limit)


def plain(given: dict[str, Any]) -> dict[str, Any]:
    """What the body of a change names, without its models."""
    if "parts" in given:
        given["parts"] = [part.model_dump() for part in given["parts"]]
    return given
