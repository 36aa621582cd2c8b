"""Segments: filters of contacts and lists kept by hand, with the number of people in them as they are written."""

from typing import Annotated

from pydantic import Field

from inbox.access.rights import Right
from inbox.segments import Filter, load, use
from inbox.views import segments as views
from inbox.views.paging import Page
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, Name, PageQuery, Query, Tag

Cursor = Annotated[str, Field(max_length=500)]
People = Annotated[list[Id], Field(max_length=use.MOST_AT_ONCE)]


class NewSegment(Body):
    """A segment to keep: a filter, everybody with a tag, or a list of these people. Give one of the three."""

    name: Name
    filter: Filter | None = None
    tag: Tag | None = None
    contacts: People | None = None


class SegmentChange(Change):
    """What to change about a segment. The people of a list have an address of their own."""

    name: Name = NOT_GIVEN
    filter: Filter = NOT_GIVEN


class CountBody(Body):
    """A filter that may not be kept yet."""

    filter: Filter
    cursor: Cursor | None = None
    """`next` of the count before, to count on."""


class CountQuery(Query):
    """Where to count on."""

    cursor: Cursor | None = None
    """`next` of the count before."""


class Members(Body):
    """People of a list."""

    contacts: Annotated[list[Id], Field(min_length=1, max_length=use.MOST_AT_ONCE)]


@endpoint("GET", "/segments", Right.CONTACTS_READ)
async def list_segments(call: Call, query: PageQuery) -> Page[views.Segment]:
    """All segments, newest first."""
    return await call.read(views.page, query.cursor, query.limit)


@endpoint("POST", "/segments", Right.BROADCASTS_WRITE, status=201)
async def add_segment(call: Call, body: NewSegment) -> views.Segment:
    """Keep a filter or a list. 422 names the place in the filter that cannot be used."""
    number = await call.run(
        use.add, call.now, call.me, name=body.name, found=body.filter, tag=body.tag, contacts=body.contacts
    )  # fmt: skip
    return await call.read(views.one, number)


@endpoint("POST", "/segments/count", Right.CONTACTS_READ)
async def count_people(call: Call, body: CountBody) -> views.SegmentCount:
    """How many people a filter finds, with a few of them. Answers quickly: where there are very many, count on from `next`."""
    return await call.read(views.count, body.filter, call.now, body.cursor)


@endpoint("GET", "/segments/{segment_id}", Right.CONTACTS_READ)
async def get_segment(call: Call, segment_id: int) -> views.Segment:
    """One segment."""
    return await call.read(views.one, segment_id)


@endpoint("PATCH", "/segments/{segment_id}", Right.BROADCASTS_WRITE)
async def change_segment(call: Call, segment_id: int, body: SegmentChange) -> views.Segment:
    """Change a segment. Broadcasts that were started go on to those whom it held then."""
    changes = body.given()
    await call.run(use.change, call.now, call.me, segment_id, changes)
    return await call.read(views.one, segment_id)


@endpoint("DELETE", "/segments/{segment_id}", Right.BROADCASTS_WRITE)
async def remove_segment(call: Call, segment_id: int) -> None:
    """Take a segment away; its people stay. 409 while a draft is meant for it."""
    await call.run(use.remove, call.now, call.me, segment_id)


@endpoint("GET", "/segments/{segment_id}/count", Right.CONTACTS_READ)
async def count_segment(call: Call, segment_id: int, query: CountQuery) -> views.SegmentCount:
    """How many people are in it now; count on from `next`."""
    return await call.read(views.count, await call.read(load, segment_id), call.now, query.cursor)


@endpoint("GET", "/segments/{segment_id}/people", Right.CONTACTS_READ)
async def list_segment_people(call: Call, segment_id: int, query: PageQuery) -> Page[views.SegmentContact]:
    """Who is in it now. A page may be short, or empty, although there is a next one."""
    return await call.read(views.people, await call.read(load, segment_id), call.now, query.cursor, query.limit)


@endpoint("POST", "/segments/{segment_id}/people", Right.BROADCASTS_WRITE)
async def put_on_list(call: Call, segment_id: int, body: Members) -> None:
    """Put people on a list. 409 for a filter."""
    await call.run(use.put, call.now, call.me, segment_id, body.contacts)


@endpoint("POST", "/segments/{segment_id}/people/remove", Right.BROADCASTS_WRITE)
async def take_off_list(call: Call, segment_id: int, body: Members) -> None:
    """Take people off a list. 409 for a filter."""
    await call.run(use.take_off, call.now, call.me, segment_id, body.contacts)
