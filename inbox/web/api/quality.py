"""Data quality: what looks wrong on people's cards, one-click repairs, and the way back."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from inbox.access.rights import Right
from inbox.quality import cards, repairs, through
from inbox.quality.greeting import greeting
from inbox.refusals import Invalid
from inbox.views import quality as views
from inbox.views.paging import All, Page
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Body, Id, PageQuery

Ids = Annotated[list[Id], Field(min_length=1, max_length=100)]
Text = Annotated[str, StringConstraints(max_length=250)]


class FindingQuery(PageQuery):
    """Which findings."""

    kind: Annotated[str, Field(max_length=40)]
    """One of those that `GET /quality` names."""
    state: Literal["open", "right"] = "open"
    """right: those that a person said are right so."""


class Repairing(Body):
    """Some findings, or all of a kind."""

    ids: Ids | None = None
    kind: Annotated[str, Field(max_length=40)] | None = None
    """All of this kind that one click can repair."""


class Dismissing(Body):
    """Findings that are none."""

    ids: Ids
    right: bool = True
    """false: ask again."""


class Typed(Body):
    """What somebody is typing into a card."""

    name: Text | None = None
    fields: Annotated[dict[Annotated[str, Field(max_length=100)], Text], Field(max_length=50)] = Field(default_factory=dict)


@endpoint("GET", "/quality", Right.CONTACTS_READ)
async def get_quality(call: Call) -> views.Quality:
    """What there is to mend, by kind."""
    return await call.read(views.counts)


@endpoint("POST", "/quality/search", Right.CONTACTS_WRITE)
async def search_quality(call: Call) -> views.Quality:
    """Look through everybody; joins a look that is going on. New and changed cards are looked at anyway."""
    await call.run(through.begin, call.now, call.me)
    return await call.read(views.counts)


@endpoint("POST", "/quality/check", Right.CONTACTS_READ)
async def check_quality(call: Call, body: Typed) -> views.Checked:
    """Look at what is being typed, before it is saved; and how such a name would be greeted."""
    found = cards.look_at(body.name or "", body.fields, ())
    return views.Checked(items=[views.checked(each) for each in found], greeting=greeting(body.name or ""))


@endpoint("GET", "/quality/findings", Right.CONTACTS_READ)
async def list_quality(call: Call, query: FindingQuery) -> Page[views.Finding]:
    """Findings of a kind, newest first."""
    return await call.read(views.page, query.kind, query.state, query.cursor, query.limit)


@endpoint("POST", "/quality/repair", Right.CONTACTS_WRITE)
async def repair_quality(call: Call, body: Repairing) -> views.Batch:
    """Put findings right: those that are named, or all of a kind, which goes on by itself. The batch can be undone."""
    if (body.ids is None) == (body.kind is None):
        raise Invalid("ids", "Name either some findings or a kind")
    if body.ids is not None:
        number = await call.run(repairs.repair, call.now, call.me, body.ids)
    else:
        number = await call.run(repairs.repair_all, call.now, call.me, body.kind or "")
    return await call.read(views.batch, number)


@endpoint("POST", "/quality/dismiss", Right.CONTACTS_WRITE)
async def dismiss_quality(call: Call, body: Dismissing) -> views.Quality:
    """It is right so: remembered as long as the value stands."""
    await call.run(repairs.dismiss, call.now, call.me, body.ids, body.right)
    return await call.read(views.counts)


@endpoint("GET", "/quality/batches", Right.CONTACTS_READ)
async def list_quality_batches(call: Call, query: PageQuery) -> Page[views.Batch]:
    """What was repaired, newest first."""
    return await call.read(views.batches, query.cursor, query.limit)


@endpoint("GET", "/quality/batches/{batch_id}", Right.CONTACTS_READ)
async def get_quality_batch(call: Call, batch_id: int) -> views.Batch:
    """How far a batch is."""
    return await call.read(views.batch, batch_id)


@endpoint("GET", "/quality/batches/{batch_id}/repairs", Right.CONTACTS_READ)
async def list_quality_repairs(call: Call, batch_id: int, query: PageQuery) -> Page[views.Repair]:
    """What a batch put right."""
    return await call.read(views.repairs, batch_id, query.cursor, query.limit)


@endpoint("POST", "/quality/batches/{batch_id}/undo", Right.CONTACTS_WRITE)
async def undo_quality_batch(call: Call, batch_id: int) -> views.Batch:
    """Put the whole batch back; what somebody edited since stays as they made it."""
    await call.run(repairs.undo, call.now, call.me, batch_id)
    return await call.read(views.batch, batch_id)


@endpoint("POST", "/quality/repairs/{repair_id}/undo", Right.CONTACTS_WRITE)
async def undo_quality_repair(call: Call, repair_id: int) -> None:
    """Put one value back."""
    await call.run(repairs.undo_one, call.now, call.me, repair_id)


@endpoint("GET", "/contacts/{contact_id}/quality", Right.CONTACTS_READ)
async def list_contact_quality(call: Call, contact_id: int) -> All[views.Finding]:
    """What looks wrong on this card this moment."""
    return await call.read(views.of_contact, contact_id)
