"""Cards that may be one person: look for them, decide, and take a merge back."""

from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from inbox.access.rights import Right
from inbox.actions import duplicates as actions
from inbox.actions import unmerging
from inbox.card.rounds import Run
from inbox.duplicates import through
from inbox.views import duplicates as views
from inbox.views.paging import All, Page
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Body, Id, PageQuery, Taken


class DuplicateQuery(PageQuery):
    """Which pairs."""

    state: Literal["open", "apart"] = "open"
    """apart: those that a person said are two."""


class Keep(Body):
    """They are one person."""

    keep: Id
    """The card that stays."""
    take: Taken = Field(default_factory=list)
    """Of what the other card's word stands where both say something: name, language, timezone, birthday, category, manager,
    fields.<name>."""


class Apart(Body):
    """Whether they are two."""

    apart: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """The last look through everybody, if there was one."""

    run: Run | None


@endpoint("GET", "/duplicates", Right.CONTACTS_READ)
async def list_duplicates(call: Call, query: DuplicateQuery) -> Page[views.Duplicate]:
    """Pairs of cards that may be one person, the likeliest first."""
    return await call.read(views.page, query.state, query.cursor, query.limit)


@endpoint("GET", "/duplicates/search", Right.CONTACTS_READ)
async def get_duplicate_search(call: Call) -> Search:
    """How far the last look through everybody is."""
    return Search(run=await call.read(through.latest))


@endpoint("POST", "/duplicates/search", Right.CONTACTS_WRITE)
async def search_duplicates(call: Call) -> Search:
    """Look through everybody; joins a look that is going on. New and changed cards are looked at anyway."""
    await call.run(through.begin, call.now, call.me)
    return Search(run=await call.read(through.latest))


@endpoint("PATCH", "/duplicates/{duplicate_id}", Right.CONTACTS_WRITE)
async def decide_duplicate(call: Call, duplicate_id: int, body: Apart) -> views.Duplicate:
    """Say that they are two, which is never asked again; or take that back."""
    await call.run(actions.tell_apart, call.now, call.me, duplicate_id, body.apart)
    return await call.read(views.one, duplicate_id)


@endpoint("POST", "/duplicates/{duplicate_id}/merge", Right.CONTACTS_WRITE)
async def merge_duplicate(call: Call, duplicate_id: int, body: Keep) -> views.Merge:
    """They are one: the other card goes into the one that stays."""
    merge_id = await call.run(actions.join, call.now, call.me, duplicate_id, body.keep, body.take)
    return await call.read(views.merge, merge_id)


@endpoint("GET", "/contacts/{contact_id}/duplicates", Right.CONTACTS_READ)
async def list_contact_duplicates(call: Call, contact_id: int) -> All[views.Duplicate]:
    """Whom this card may be."""
    return await call.read(views.of_contact, contact_id)


@endpoint("GET", "/contacts/{contact_id}/merges", Right.CONTACTS_READ)
async def list_merges(call: Call, contact_id: int) -> All[views.Merge]:
    """What was merged into this card, and it into others, newest first."""
    return await call.read(views.merges, contact_id)


@endpoint("GET", "/merges", Right.CONTACTS_READ)
async def list_all_merges(call: Call, query: PageQuery) -> Page[views.Merge]:
    """What was merged by whom, newest first: each can be taken back."""
    return await call.read(views.merged, query.cursor, query.limit)


@endpoint("POST", "/merges/{merge_id}/undo", Right.CONTACTS_WRITE)
async def undo_merge(call: Call, merge_id: int) -> views.Merge:
    """Two people again, also weeks later: everything returns, and what came since goes to whom it came from."""
    await call.run(unmerging.undo, call.now, call.me, merge_id)
    return await call.read(views.merge, merge_id)
