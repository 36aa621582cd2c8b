"""Keep the tables of words: a pass reads what is new since the last one, and is called by the worker when nothing hurries.

Receiving and answering write nothing for search. New messages and files have larger ids than the mark; an edit leaves a version;
a customer's name and addresses are looked at again when they write. Reading and writing are apart, so that on SQLite the writer
is held only while words are written.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.search.asked import block, channel, month_of
from inbox.search.words import clean, endings, numbers, to_index, words

AT_ONCE = 250
LEAST, MOST = "least:", "most:"
PAGES = 64
"""Of 4 KB that are joined at once: some ten milliseconds."""
_TABLES = ("search_messages", "search_people", "search_files")
BACK = 500
"""PostgreSQL hands out ids before their rows are committed: so many behind the mark are looked for again."""

_m, _a, _c, _i, _v, _e = (
    t.messages.c, t.attachments.c, t.contacts.c, t.identities.c, t.versions.c, t.events.c,
)  # fmt: skip
CHANGES = ("contact.added", "contact.changed", "contact.merged", "contact.split", "contact.moved")


@dataclass(kw_only=True, slots=True)
class Found:
    """What a pass read: words by row for each table, and the marks up to which it read."""

    messages: dict[int, str] = field(default_factory=dict)
    people: dict[int, str] = field(default_factory=dict)
    files: dict[int, str] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    months: dict[str, int] = field(default_factory=dict)
    """`least:` and `most:` of a month's word: between which ids its messages stand, as far as that is new."""

    @property
    def more(self) -> bool:
        """Something was new, and there may be more."""
        return bool(self.marks or self.messages)


def read(connection: sa.Connection) -> Found:
    """What is new."""
    marks: dict[str, int] = {row.name: row.place for row in connection.execute(sa.select(t.search_marks))}
    found = Found()
    writers = _read_messages(connection, found, marks)
    _read_files(connection, found, marks)
    _read_people(connection, found, marks, writers)
    found.marks = {name: place for name, place in found.marks.items() if place > marks.get(name, 0)}
    found.months = {name: place for name, place in found.months.items() if _further(name, place, marks.get(name))}
    return found


def _further(name: str, place: int, known: int | None) -> bool:
    return known is None or (place < known if name.startswith(LEAST) else place > known)


def write(connection: sa.Connection, found: Found) -> None:
    """Write what was read, but of nobody who has been erased since. Twice does no harm."""
    for what, rows in (("messages", found.messages), ("people", found.people), ("files", found.files)):
        gone = _gone(connection, what, list(rows))
        _write(connection, f"search_{what}", {number: text for number, text in rows.items() if number not in gone})
    _mark(connection, {**found.marks, **found.months})


def _gone(connection: sa.Connection, what: str, numbers: Sequence[int]) -> set[int]:
    """Rows of people who were erased between reading and writing."""
    key, query = _OWNED[what]
    return set(connection.scalars(query.where(key.in_(numbers), _c.erased_at.is_not(None)))) if numbers else set()


def _mark(connection: sa.Connection, marks: Mapping[str, int]) -> None:
    """Marks only ever rise, but the least ids of months, which fall."""
    for name, place in marks.items():
        connection.execute(_FALL if name.startswith(LEAST) else _RISE, {"name": name, "place": place})


def bounds(messages: Iterable[tuple[datetime, int]]) -> dict[str, int]:
    """The marks of months for messages' times and ids."""
    found: dict[str, int] = {}
    for at, number in messages:
        word = month_of(at)
        found[LEAST + word] = min(number, found.get(LEAST + word, number))
        found[MOST + word] = max(number, found.get(MOST + word, number))
    return found


def merge(connection: sa.Connection) -> bool:
    """Join a few pages of what was written apart; whether there is more to join. PostgreSQL does it by itself.

    SQLite would do it while words are written, now and then for a second: its own joining is switched off (migration 0021).
    """
    if connection.dialect.name != "sqlite":
        return False
    changes = sa.text("SELECT total_changes()")
    before: int = connection.scalar(changes) or 0
    for table in _TABLES:
        connection.execute(sa.text(f"INSERT INTO {table} ({table}, rank) VALUES ('merge', {PAGES})"))  # noqa: S608 a table of ours
    # Each command counts as one change, and nothing else where nothing was to be joined.
    return (connection.scalar(changes) or 0) - before > len(_TABLES)


def forget(connection: sa.Connection, table: str, ids: Iterable[int]) -> None:
    """Remove rows' words; `table` is messages, people or files. For whoever erases the rows themselves."""
    key = "rowid" if connection.dialect.name == "sqlite" else "id"
    given = [{"id": each} for each in ids]
    if given:
        connection.execute(sa.text(f"DELETE FROM search_{table} WHERE {key} = :id"), given)  # noqa: S608 a table of ours


def _write(connection: sa.Connection, table: str, rows: Mapping[int, str]) -> None:
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        statement = f"INSERT OR REPLACE INTO {table} (rowid, words) VALUES (:id, :words)"  # noqa: S608 a table of ours
        given: list[dict[str, Any]] = [{"id": number, "words": text} for number, text in rows.items()]
    else:
        statement = (
            f"INSERT INTO {table} (id, words) VALUES (:id, array_to_tsvector(CAST(:words AS text[])))"  # noqa: S608
            " ON CONFLICT (id) DO UPDATE SET words = excluded.words"
        )
        given = [{"id": number, "words": text.split()} for number, text in rows.items()]
    connection.execute(sa.text(statement), given)


def _read_messages(connection: sa.Connection, found: Found, marks: Mapping[str, int]) -> set[int]:
    """New and edited messages; who wrote them."""
    wanted = sa.select(_m.id, _m.contact_id, _m.channel_id, _m.direction, _m.at, _m.subject, _m.text)
    rows = _new(connection, wanted, _m.id, "messages", marks)
    found.marks["messages"] = max((row.id for row in rows), default=0)
    edits = _new(connection, sa.select(_v.id, _v.message_id), _v.id, "versions", marks)
    found.marks["versions"] = max((row.id for row in edits), default=0)
    changed = {row.message_id for row in edits if row.message_id <= marks.get("messages", 0)}
    if changed:
        rows += connection.execute(wanted.where(_m.id.in_(changed))).all()
    for row in rows:
        there = places(row.id, row.channel_id, row.at, lite=connection.dialect.name == "sqlite")
        found.messages[row.id] = " ".join([spoken(row.subject or "", row.text), *there])
    found.months = bounds((row.at, row.id) for row in rows)
    return {row.contact_id for row in rows if row.direction == "in"}


def _read_files(connection: sa.Connection, found: Found, marks: Mapping[str, int]) -> None:
    wanted = sa.select(_a.id, _a.name, _a.channel_id, _m.at).join(t.messages, _m.id == _a.message_id)
    rows = _new(connection, wanted, _a.id, "files", marks)
    found.marks["files"] = max((row.id for row in rows), default=0)
    for row in rows:
        if row.name:
            found.files[row.id] = " ".join([spoken(row.name), channel(row.channel_id), month_of(row.at)])


def _read_people(connection: sa.Connection, found: Found, marks: Mapping[str, int], writers: set[int]) -> None:
    """New people, people with new addresses, changed ones, and those who wrote: their channel may have told a new name."""
    sources: dict[str, tuple[Any, Any]] = {
        "people": (sa.select(_c.id), _c.id),
        "identities": (sa.select(_i.id, _i.contact_id), _i.id),
        "events": (sa.select(_e.id, _e.contact_id, _e.data).where(_e.kind.in_(CHANGES)), _e.id),
    }
    wanted = set(writers)
    for name, (query, key) in sources.items():
        rows = _new(connection, query, key, name, marks)
        found.marks[name] = max((row.id for row in rows), default=0)
        for row in rows:
            wanted.add(row.id if name == "people" else row.contact_id)
            if name == "events":
                wanted.update(n for word in ("merged", "new") if isinstance(n := (row.data or {}).get(word), int))
    found.people = _people(connection, sorted(each for each in wanted if each is not None))


def _people(connection: sa.Connection, ids: Sequence[int]) -> dict[int, str]:
    """The words of people whose words are not what is written already."""
    if not ids:
        return {}
    addresses: dict[int, list[str]] = {}
    for row in connection.execute(sa.select(_i.contact_id, _i.address).where(_i.contact_id.in_(ids))):
        addresses.setdefault(row.contact_id, []).append(row.address)
    rows = connection.execute(sa.select(_c.id, _c.name, _c.number, _c.merged_into).where(_c.id.in_(ids))).all()
    made = {row.id: "" if row.merged_into else person(row.name, row.number, addresses.get(row.id, ())) for row in rows}
    if connection.dialect.name != "sqlite":
        return made
    known = sa.text("SELECT rowid AS id, words FROM search_people WHERE rowid IN :ids").bindparams(
        sa.bindparam("ids", expanding=True)
    )
    old = {row.id: row.words for row in connection.execute(known, {"ids": list(ids)})}
    return {number: text for number, text in made.items() if old.get(number) != text}


def person(name: str, number: str, addresses: Iterable[str]) -> str:
    """A person's words: names as they are written and their stems, names and addresses so that any three signs of them find."""
    found = to_index(name, number)
    for word in words(clean(name)):
        # A Chinese name is two or three signs: any of them finds it.
        found |= {word.written, *endings(word.written, 1 if word.written >= "\u3040" else 3)}
    for address in addresses:
        found |= to_index(address)
        for word in words(clean(address)):
            found.update(endings(word.written, 3) if len(word.written) > 3 else [word.written])
    found.update(digits for _, _, digits in numbers(number))
    return _joined(found)


def _new(connection: sa.Connection, query: sa.Select[Any], key: Any, name: str, marks: Mapping[str, int]) -> list[Any]:
    """The next rows after the mark; on PostgreSQL also those that were committed late, as far as they can be told."""
    place = marks.get(name, 0)
    if connection.dialect.name == "sqlite" or name not in _SEEN:
        return list(connection.execute(query.where(key > place).order_by(key).limit(AT_ONCE)).all())
    seen = sa.table(_SEEN[name], sa.column("id"))
    late = query.outerjoin(seen, seen.c.id == key)
    rows = connection.execute(late.where(key > place - BACK, key <= place, seen.c.id.is_(None)).limit(AT_ONCE)).all()
    return [*rows, *connection.execute(query.where(key > place).order_by(key).limit(AT_ONCE)).all()]


_SEEN = {"messages": "search_messages"}
"""Where a row of words for each row that was read tells what was missed. Files without a name have none; people come again."""


def places(number: int, channel_id: int, at: datetime, *, lite: bool) -> list[str]:
    """Words for where a message stands."""
    return [channel(channel_id), month_of(at), *([] if lite else [block(number)])]


def spoken(*texts: str) -> str:
    """Words for what it says."""
    return _joined(to_index(*texts))


def _joined(found: Iterable[str]) -> str:
    return " ".join(sorted(found))


_KEPT = "INSERT INTO search_marks (name, place) VALUES (:name, :place) ON CONFLICT (name) DO UPDATE SET place = excluded.place"
_RISE = sa.text(f"{_KEPT} WHERE excluded.place > search_marks.place")
_FALL = sa.text(f"{_KEPT} WHERE excluded.place < search_marks.place")
_OWNED: dict[str, tuple[Any, sa.Select[Any]]] = {
    "messages": (_m.id, sa.select(_m.id).join(t.contacts, _c.id == _m.contact_id)),
    "people": (_c.id, sa.select(_c.id)),
    "files": (_a.id, sa.select(_a.id).join(t.contacts, _c.id == _a.contact_id)),
}
