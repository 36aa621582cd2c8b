"""Answer a question: messages newest first, people, files' names. Never by rank: newest first is what people want, and cheap.

The tables of words name rows; the rows themselves are read here, so that what was deleted or moved since is not shown.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import neg
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.search.asked import Asked, ask, channel
from inbox.search.asked import months as month_words
from inbox.search.quote import Quote, quote, together
from inbox.search.walk import LATEST, Question, Walk, among, batches, months
from inbox.search.words import to_index
from inbox.views.paging import decode, encode
from inbox.views.shapes import ChannelName, Named, channel_named

FEW = 6
"""People and files beside a page of messages."""
READ = 300
"""Messages of one person that are read rather than looked up."""
FIRST, CHUNK = 250, 1_000
"""So many of the messages of one person who has more are asked about at once: each time twice as many, as far as that."""

_m, _a, _c = t.messages.c, t.attachments.c, t.contacts.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is searched for, and where."""

    q: str
    channel: int | None = None
    contact: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    cursor: str | None = None
    limit: int = 20

    @property
    def narrowed(self) -> bool:
        return any(each is not None for each in (self.channel, self.contact, self.since, self.until))


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageFound:
    """A message that was found. `snippet`: its words around the place, piece by piece."""

    message_id: int
    conversation_id: int
    contact: Named
    channel: ChannelName
    at: datetime
    direction: str
    author: str
    snippet: list[Quote]


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonFound:
    """A person that was found. `address`: the one that fits, else any; `conversation_id`: their newest conversation."""

    id: int
    number: str
    name: list[Quote]
    address: list[Quote]
    conversation_id: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileFound:
    """A file whose name was found, and its message."""

    id: int
    name: list[Quote]
    kind: str
    message_id: int
    conversation_id: int
    contact: Named
    channel: ChannelName
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What was found. `next`: the cursor of older messages; people and files come with the first page only."""

    messages: list[MessageFound]
    people: list[PersonFound]
    files: list[FileFound]
    next: str | None


def find(connection: sa.Connection, wanted: Wanted, now: datetime, *, people: bool = True) -> Found:
    """Search. `people`: whether who asks may see people."""
    asked = ask(wanted.q)
    if not asked:
        return Found(messages=[], people=[], files=[], next=None)
    walk = Walk(before=decode(wanted.cursor, int)[0] if wanted.cursor else LATEST)
    messages, more = _gather(_rows(connection, "messages", asked, wanted, now, walk), wanted.limit, _message, asked)
    first = wanted.cursor is None
    files = _gather(_rows(connection, "files", asked, wanted, now, Walk.beside()), FEW, _file, asked)[0] if first else []
    found = _people(connection, asked) if first and people and not wanted.narrowed else []
    # With fewer than were wanted, time was over: older ones may fit, from where the walk stopped.
    following = messages[-1].message_id if more else walk.stopped
    return Found(messages=messages, people=found, files=files, next=None if following is None else encode((following,)))


def _gather(rows: Iterator[Any], limit: int, make: Callable[[Any, Asked], Any], asked: Asked) -> tuple[list[Any], bool]:
    """The first `limit` that hold what is asked, and whether there is another."""
    made: list[Any] = []
    for row in rows:
        if together(row.words, asked):
            if len(made) == limit:
                return made, True
            made.append(make(row, asked))
    return made, False


def _rows(connection: sa.Connection, what: str, asked: Asked, wanted: Wanted, now: datetime, walk: Walk) -> Iterator[Any]:
    """Rows that fit, newest first, read as far as somebody takes them."""
    question = Question(f"search_{what}", asked, _places(wanted, now))
    if wanted.contact is not None:
        yield from _of_contact(connection, what, question, wanted, walk)
        return
    if what == "messages" and (wanted.since or wanted.until):
        walk.least, last = months(connection, question.also[-1])
        walk.before = min(walk.before, last + 1)
    for ids in batches(connection, question, walk, wanted.limit + 1 if what == "messages" else FEW):
        yield from _read(connection, what, wanted, ids)


def _read(connection: sa.Connection, what: str, wanted: Wanted, ids: Sequence[int]) -> Iterator[Any]:
    rows = {row.id: row for row in connection.execute(_shown(what, wanted).where(_KEYS[what].in_(ids)))} if ids else {}
    yield from (rows[each] for each in ids if each in rows)


def _of_contact(connection: sa.Connection, what: str, question: Question, wanted: Wanted, walk: Walk) -> Iterator[Any]:
    """One person's messages are few: their texts are read. Of very many, the index tells which."""
    # Only the ids at first, which stand in an index: asked for the newest rows, PostgreSQL may walk through everybody's.
    ids = sorted(connection.scalars(_OF_CONTACT[what], {"contact": wanted.contact}), reverse=True)
    if len(ids) <= READ:
        rows = _read(connection, what, wanted, ids)
        yield from (row for row in rows if row.id < walk.before and question.asked.fits(to_index(row.words)))
        return
    left, size = ids[bisect_right(ids, -walk.before, key=neg) :], FIRST
    while left:
        some, left = left[:size], left[size:]
        yield from _read(connection, what, wanted, among(connection, question, some))
        if left and walk.late(some[-1]):
            return
        size = min(size * 2, CHUNK)


def _places(wanted: Wanted, now: datetime) -> tuple[tuple[str, ...], ...]:
    """Words of where it is asked; the months only bring near what `_shown` then cuts exactly."""
    also: list[tuple[str, ...]] = [] if wanted.channel is None else [(channel(wanted.channel),)]
    if wanted.since or wanted.until:
        also.append(tuple(month_words(wanted.since, wanted.until, now)) or ("_m",))
    return tuple(also)


def _shown(what: str, wanted: Wanted) -> sa.Select[Any]:
    conditions: list[sa.ColumnElement[bool]] = [_m.deleted_at.is_(None)]
    conditions += [] if wanted.channel is None else [_m.channel_id == wanted.channel]
    conditions += [] if wanted.since is None else [_m.at >= wanted.since]
    conditions += [] if wanted.until is None else [_m.at < wanted.until]
    return (_MESSAGES if what == "messages" else _FILES).where(*conditions)


def _message(row: Any, asked: Asked) -> MessageFound:
    return MessageFound(
        message_id=row.id, conversation_id=row.conversation_id, contact=Named(id=row.contact_id, name=row.contact_name),
        channel=channel_named(row.channel_id, row.channel_kind, row.channel_name), at=row.at, direction=row.direction,
        author=row.author_kind, snippet=quote(row.words, asked),
    )  # fmt: skip


def _file(row: Any, asked: Asked) -> FileFound:
    return FileFound(
        id=row.id, name=quote(row.words, asked), kind=row.kind, message_id=row.message_id, conversation_id=row.conversation_id,
        contact=Named(id=row.contact_id, name=row.contact_name), at=row.at,
        channel=channel_named(row.channel_id, row.channel_kind, row.channel_name),
    )  # fmt: skip


def _people(connection: sa.Connection, asked: Asked) -> list[PersonFound]:
    ids = next(filter(None, batches(connection, Question("search_people", asked), Walk.beside(), FEW * 2)), [])
    if not ids:
        return []
    rows = connection.execute(_PEOPLE.where(_c.id.in_(ids))).all()
    addresses: dict[int, list[str]] = {}
    i = t.identities.c
    for row in connection.execute(sa.select(i.contact_id, i.address).where(i.contact_id.in_(ids)).order_by(i.id)):
        addresses.setdefault(row.contact_id, []).append(row.address)
    found = [_person(row, addresses.get(row.id, []), asked) for row in rows]
    return sorted(found, key=lambda each: -each.id)[:FEW]


def _person(row: Any, addresses: Sequence[str], asked: Asked) -> PersonFound:
    quotes = [quote(address, asked) for address in addresses]
    best = next((each for each in quotes if any(piece.hit for piece in each)), quotes[0] if quotes else [])
    return PersonFound(
        id=row.id, number=row.number, name=quote(row.name, asked), address=best, conversation_id=row.conversation_id
    )


_KEYS = {"messages": _m.id, "files": _a.id}
_CONTACT = sa.bindparam("contact", type_=sa.BigInteger)
_OF_CONTACT = {
    "messages": sa.select(_m.id).where(_m.contact_id == _CONTACT),
    "files": sa.select(_a.id).join(t.messages, _m.id == _a.message_id).where(_m.contact_id == _CONTACT),
}
_NAMES = (
    _c.name.label("contact_name"), t.channels.c.kind.label("channel_kind"), t.channels.c.name.label("channel_name"),
)  # fmt: skip
_SUBJECT = sa.case((sa.func.coalesce(_m.subject, "") == "", _m.text), else_=_m.subject + "\n" + _m.text)
_MESSAGES = (
    sa.select(
        _m.id, _m.conversation_id, _m.contact_id, _m.channel_id, _m.at, _m.direction, _m.author_kind,
        _SUBJECT.label("words"), *_NAMES,
    )
    .join(t.contacts, _c.id == _m.contact_id)
    .join(t.channels, t.channels.c.id == _m.channel_id)
)  # fmt: skip
_FILES = (
    sa.select(
        _a.id, _a.message_id, _m.conversation_id, _m.contact_id, _m.channel_id, _m.at, _a.kind, _a.name.label("words"), *_NAMES
    )
    .join(t.messages, _m.id == _a.message_id)
    .join(t.contacts, _c.id == _m.contact_id)
    .join(t.channels, t.channels.c.id == _m.channel_id)
)
_NEWEST = (
    sa.select(t.conversations.c.id)
    .where(t.conversations.c.contact_id == _c.id)
    .order_by(t.conversations.c.id.desc())
    .limit(1)
    .correlate(t.contacts)
    .scalar_subquery()
)
_PEOPLE = sa.select(_c.id, _c.number, _c.name, _NEWEST.label("conversation_id")).where(_c.merged_into.is_(None))
