"""What organisations are made of: fields of one's own, the same mechanism as people's; and the history of one."""

from inbox.access.rights import Right
from inbox.card.fields import ORGANISATIONS
from inbox.views import cards as views
from inbox.views import organisation_changes, organisations
from inbox.views.paging import All, Page
from inbox.web.api.cards import FieldChange, NewField, plain
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import PageQuery
from inbox.web.repeat import once


@endpoint("GET", "/organisations/fields", Right.CONTACTS_READ)
async def list_organisation_fields(call: Call) -> All[views.CardField]:
    """Fields of every organisation, in their order."""
    return await call.read(views.fields, ORGANISATIONS)


@endpoint("POST", "/organisations/fields", Right.PEOPLE_WRITE, status=201, repeatable=True)
async def add_organisation_field(call: Call, body: NewField) -> views.CardField:
    """Define a field."""
    number = await once(call, ORGANISATIONS.add, call.now, call.me, body.model_dump())
    return await call.read(views.field, ORGANISATIONS, number)


@endpoint("PATCH", "/organisations/fields/{field_id}", Right.PEOPLE_WRITE)
async def change_organisation_field(call: Call, field_id: int, body: FieldChange) -> views.CardField:
    """Change a definition; values that it no longer allows stay until somebody edits them."""
    await call.run(ORGANISATIONS.change, call.now, call.me, field_id, plain(body.given()))
    return await call.read(views.field, ORGANISATIONS, field_id)


@endpoint("DELETE", "/organisations/fields/{field_id}", Right.PEOPLE_WRITE)
async def remove_organisation_field(call: Call, field_id: int) -> None:
    """Define a field no more; values stay where they are."""
    await call.run(ORGANISATIONS.remove, call.now, call.me, field_id)


@endpoint("GET", "/organisations/{organisation_id}/changes", Right.CONTACTS_READ)
async def list_organisation_changes(
    call: Call, organisation_id: int, query: PageQuery
) -> Page[organisation_changes.OrganisationChanged]:
    """Who changed what about an organisation, when, and what stood there before; newest first."""
    await call.read(organisations.one, organisation_id)
    return await call.read(organisation_changes.page, organisation_id, query.cursor, query.limit)
