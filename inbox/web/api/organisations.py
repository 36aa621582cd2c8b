"""Organisations: companies, who works there, and two that are one."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from inbox.access.rights import Right
from inbox.organisations import employing, merging, write
from inbox.views import contacts, conversations, tasks
from inbox.views import organisations as views
from inbox.views.paging import All, Page
from inbox.views.shapes import Named
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, Name, PageQuery, Query, Tag
from inbox.web.repeat import once

Standing = Literal["lead", "client", "partner", "supplier", "former", "other"]
Part = Literal["decides", "influences", "uses", "pays", "other"]
Influence = Literal["high", "medium", "low"]
Line = Annotated[str, StringConstraints(max_length=300, strip_whitespace=True)]
Note = Annotated[str, StringConstraints(max_length=5000, strip_whitespace=True)]
Number = Annotated[str, StringConstraints(max_length=60, strip_whitespace=True)]
Address = Annotated[str, StringConstraints(min_length=1, max_length=254, strip_whitespace=True)]
Several = Annotated[list[Address], Field(max_length=20)]
Fields = Annotated[dict[Annotated[str, StringConstraints(min_length=1, max_length=100)], Any], Field(max_length=200)]
Tags = Annotated[list[Tag], Field(max_length=50)]
PartialDate = Annotated[str, StringConstraints(max_length=40, strip_whitespace=True)]


class OrganisationQuery(PageQuery):
    """Which organisations."""

    q: Annotated[str, Field(max_length=200)] = ""
    """A part of the name (however it is spelled), the beginning of the registration number, a part of a mail address or site."""
    status: Standing | None = None
    manager: Id | None = None
    archived: bool = False


class SimilarQuery(Query):
    """What is about to be added."""

    name: Annotated[str, Field(max_length=200)] = ""
    registration: Annotated[str, Field(max_length=60)] = ""


class NewOrganisation(Body):
    """An organisation to add."""

    name: Name
    status: Standing | None = None
    website: Line = ""
    phones: Several = Field(default_factory=list)
    """With the country code."""
    emails: Several = Field(default_factory=list)
    address: Line = ""
    registration: Number = ""
    """ИНН, VAT number and the like; spaces and dashes do not matter."""
    note: Note = ""
    fields: Fields = Field(default_factory=dict)
    """Whatever else is worth knowing, by name: defined fields by their types, others as they come."""
    tags: Tags = Field(default_factory=list)
    manager: Id | None = None


class OrganisationChange(Change):
    """What to change about an organisation. Lists, tags and fields: exactly these from now on."""

    name: Name = NOT_GIVEN
    status: Standing | None = NOT_GIVEN
    website: Line = NOT_GIVEN
    phones: Several = NOT_GIVEN
    emails: Several = NOT_GIVEN
    address: Line = NOT_GIVEN
    registration: Number = NOT_GIVEN
    note: Note = NOT_GIVEN
    fields: Fields = NOT_GIVEN
    set_fields: Fields = NOT_GIVEN
    """Only these of the fields; null empties one. The others stay as they are."""
    tags: Tags = NOT_GIVEN
    manager: Id | None = NOT_GIVEN


class PeopleQuery(PageQuery):
    """Which people."""

    current: bool | None = None
    """true: who works there now; false: who did before; without: both."""


class TasksQuery(PageQuery):
    """Which tasks."""

    done: bool = False


class NewEmployment(Body):
    """Where somebody works or worked."""

    organisation: Id | None = None
    name: Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)] = ""
    """Instead of `organisation`: the one that is called so, however it is spelled; there will be one if there is none."""
    title: Line = ""
    part: Part | None = None
    """Theirs in decisions."""
    influence: Influence | None = None
    since: PartialDate | None = None
    """2024, 2024-05 or 2024-05-17."""
    until: PartialDate | None = None
    """Given: they work there no more."""
    current: bool | None = None
    """false: they work there no more, and nobody knows since when."""
    instead_of: Id | None = None
    """The employment that ends as this one begins."""


class EmploymentChange(Change):
    """What to change about an employment. `until` ends it."""

    title: Line = NOT_GIVEN
    part: Part | None = NOT_GIVEN
    influence: Influence | None = NOT_GIVEN
    since: PartialDate | None = NOT_GIVEN
    until: PartialDate | None = NOT_GIVEN
    current: bool = NOT_GIVEN


class OrganisationsMerge(Body):
    """The organisation to take in."""

    with_: Annotated[int, Field(ge=1, le=2**63 - 1, alias="with")]


@endpoint("GET", "/organisations", Right.CONTACTS_READ)
async def list_organisations(call: Call, query: OrganisationQuery) -> Page[views.Organisation]:
    """Organisations by name."""
    wanted = views.Filter(q=query.q.strip(), status=query.status, manager=query.manager, removed=query.archived)
    return await call.read(views.page, wanted, query.cursor, query.limit)


@endpoint("GET", "/organisations/similar", Right.CONTACTS_READ)
async def list_similar_organisations(call: Call, query: SimilarQuery) -> All[Named]:
    """Those that may be the one that is about to be added: called alike, or with the same registration number."""
    return All(items=await call.read(views.alike, query.name, query.registration))


@endpoint("POST", "/organisations", Right.CONTACTS_WRITE, status=201, repeatable=True)
async def add_organisation(call: Call, body: NewOrganisation) -> views.Organisation:
    """Add an organisation. `similar` of the answer names those that may be the same."""
    number = await once(call, write.add, call.now, call.me, body.model_dump())
    return await call.read(views.one, number)


@endpoint("GET", "/organisations/{organisation_id}", Right.CONTACTS_READ)
async def get_organisation(call: Call, organisation_id: int) -> views.Organisation:
    """One organisation."""
    return await call.read(views.one, organisation_id)


@endpoint("PATCH", "/organisations/{organisation_id}", Right.CONTACTS_WRITE)
async def change_organisation(call: Call, organisation_id: int, body: OrganisationChange) -> views.Organisation:
    """Change what is named."""
    await call.run(write.change, call.now, call.me, organisation_id, body.given())
    return await call.read(views.one, organisation_id)


@endpoint("DELETE", "/organisations/{organisation_id}", Right.CONTACTS_WRITE)
async def remove_organisation(call: Call, organisation_id: int) -> None:
    """Archive it: it is offered no more; who worked there stays known. `restore` brings it back."""
    await call.run(write.remove, call.now, call.me, organisation_id)


@endpoint("POST", "/organisations/{organisation_id}/restore", Right.CONTACTS_WRITE)
async def restore_organisation(call: Call, organisation_id: int) -> views.Organisation:
    """Bring it back from the archive."""
    await call.run(write.restore, call.now, call.me, organisation_id)
    return await call.read(views.one, organisation_id)


@endpoint("POST", "/organisations/{organisation_id}/merge", Right.CONTACTS_WRITE)
async def merge_organisations(call: Call, organisation_id: int, body: OrganisationsMerge) -> views.OrganisationMerge:
    """Two are one: the people of the other come here, and what this one does not say is taken over."""
    number = await call.run(merging.merge, call.now, call.me, organisation_id, body.with_)
    return await call.read(views.merge, number)


@endpoint("GET", "/organisations/{organisation_id}/merges", Right.CONTACTS_READ)
async def list_organisation_merges(call: Call, organisation_id: int) -> All[views.OrganisationMerge]:
    """What was merged into it, the newest first."""
    await call.read(views.one, organisation_id)
    return await call.read(views.merges, organisation_id)


@endpoint("POST", "/organisations/merges/{merge_id}/undo", Right.CONTACTS_WRITE)
async def undo_organisation_merge(call: Call, merge_id: int) -> views.OrganisationMerge:
    """Two organisations again; what somebody changed since stays."""
    await call.run(merging.undo, call.now, call.me, merge_id)
    return await call.read(views.merge, merge_id)


@endpoint("GET", "/organisations/{organisation_id}/people", Right.CONTACTS_READ)
async def list_organisation_people(call: Call, organisation_id: int, query: PeopleQuery) -> Page[views.Employment]:
    """Who works there, who did before."""
    await call.read(views.one, organisation_id)
    return await call.read(views.people, organisation_id, query.current, query.cursor, query.limit)


@endpoint("GET", "/organisations/{organisation_id}/conversations", Right.CONVERSATIONS_READ)
async def list_organisation_conversations(
    call: Call, organisation_id: int, query: PageQuery
) -> Page[conversations.Conversation]:  # fmt: skip
    """Conversations of the people who work there now, the newest message first."""
    await call.read(views.one, organisation_id)
    return await call.read(views.talks, organisation_id, query.cursor, query.limit)


@endpoint("GET", "/organisations/{organisation_id}/tasks", Right.TASKS_READ)
async def list_organisation_tasks(call: Call, organisation_id: int, query: TasksQuery) -> Page[tasks.Task]:
    """Tasks about the people who work there now."""
    await call.read(views.one, organisation_id)
    who = views.works(organisation_id)
    return await call.read(tasks.page, call.now, people=who, done=query.done, cursor=query.cursor, limit=query.limit)


@endpoint("GET", "/contacts/{contact_id}/organisations", Right.CONTACTS_READ)
async def list_contact_organisations(call: Call, contact_id: int) -> All[views.Employment]:
    """Where somebody works now, then where they worked before."""
    await call.read(contacts.one, contact_id)
    return await call.read(views.of_contact, contact_id)


@endpoint("POST", "/contacts/{contact_id}/organisations", Right.CONTACTS_WRITE, status=201, repeatable=True)
async def add_employment(call: Call, contact_id: int, body: NewEmployment) -> views.Employment:
    """Say where somebody works, or worked before."""
    number = await once(call, employing.employ, call.now, call.me, contact_id, _ended(body.model_dump()))
    return await call.read(views.employment, number)


@endpoint("PATCH", "/contacts/{contact_id}/organisations/{employment_id}", Right.CONTACTS_WRITE)
async def change_employment(call: Call, contact_id: int, employment_id: int, body: EmploymentChange) -> views.Employment:
    """Change what somebody is in an organisation, or end it."""
    await call.run(employing.change, call.now, call.me, contact_id, employment_id, _ended(body.given()))
    return await call.read(views.employment, employment_id)


@endpoint("DELETE", "/contacts/{contact_id}/organisations/{employment_id}", Right.CONTACTS_WRITE)
async def drop_employment(call: Call, contact_id: int, employment_id: int) -> None:
    """It was a mistake: they never worked there. The history of the card keeps what stood here."""
    await call.run(employing.drop, call.now, call.me, contact_id, employment_id)


def _ended(given: dict[str, Any]) -> dict[str, Any]:
    if "current" in given:
        current = given.pop("current")
        given["ended"] = None if current is None else not current
    return given
