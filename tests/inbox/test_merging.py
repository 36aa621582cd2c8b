"""A merge can be taken back: at once nothing is different, and weeks later what came since goes to whom it came from."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.accounts import Vault
from inbox.actions import contacts, conversations
from inbox.actions.merging import merge
from inbox.actions.unmerging import undo
from inbox.people import add_manager
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.schema.base import metadata
from inbox.store import ids
from tests.inbox import rows
from tests.inbox.conftest import START

KEPT = {"events", "merges", "merge_rows", "sequences", "contact_changes"}
"""Records, which only grow."""
ANNA, OTHER = "+4930901821", "+4930901822"


def everything(connection: sa.Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table."""
    tables = [table for table in metadata.sorted_tables if table.name not in KEPT]
    return {table.name: sorted(tuple(map(repr, row)) for row in connection.execute(sa.select(table))) for table in tables}


def owner(connection: sa.Connection) -> int:
    return add_manager(connection, START, email="olga@example.com", name="Olga", role="owner")


def person(connection: sa.Connection, chance: random.Random, number: int, by: int, channels: list[int]) -> int:
    """Somebody with whatever a card may hold."""
    now = START + timedelta(minutes=number)
    name, tags = chance.choice(["", "Anna", "Anna Schmidt"]), chance.sample(["vip", "new", "old"], chance.randint(0, 3))
    fields = {key: chance.choice(["Berlin", "Bonn", ""]) for key in chance.sample(["city", "car", "size"], chance.randint(0, 3))}
    typed = [{"kind": "email", "address": f"{number}@example.com"}] if chance.random() < 0.5 else []
    card = {"name": name, "tags": tags, "fields": fields, "identities": typed, "language": chance.choice([None, "de"])}
    if chance.random() < 0.3:
        return contacts.add(connection, now, by, card)
    kinds = dict(zip(channels, ("sms", "webchat"), strict=True))
    first = chance.choice(channels)
    conversation = rows.hear(connection, now, first, "one", kind=kinds[first], address=f"+49309018{number:03}", name=name or None)
    contact_id = rows.contact_of(connection, conversation)
    contacts.change(connection, now, by, contact_id, {k: card[k] for k in ("tags", "fields", "language")})
    if chance.random() < 0.4:
        conversations.change(connection, now, by, conversation, {"status": "closed"})
    if chance.random() < 0.6:
        later = now + timedelta(hours=1)
        rows.hear(connection, later, first, "two", kind=kinds[first], address=f"+49309018{number:03}", name=None)
    if chance.random() < 0.5:
        stop = {chance.choice(["stopped_at", "marketing_stopped_at"]): now}
        connection.execute(sa.update(t.reaches).where(t.reaches.c.contact_id == contact_id).values(stop))
    return contact_id


def test_merged_and_undone_is_as_before(connection: sa.Connection, vault: Vault) -> None:
    chance, by = random.Random(7), owner(connection)
    channels = [rows.add_channel(connection, vault, START, kind) for kind in ("sms", "webchat")]
    for number in range(0, 60, 3):
        one, two, three = (person(connection, chance, number + n, by, channels) for n in range(3))
        if chance.random() < 0.5:
            merge(connection, START, by, two, three)
        before = everything(connection)
        merge_id = merge(connection, START + timedelta(days=1), by, one, two)
        assert everything(connection) != before
        undo(connection, START + timedelta(days=2), by, merge_id)
        after = everything(connection)
        assert {name: (before[name], after[name]) for name in before if before[name] != after[name]} == {}


@pytest.fixture
def two(connection: sa.Connection, vault: Vault) -> "tuple[int, int, int, list[int], list[int]]":
    """(manager, kept, other, channels, their open conversations)"""
    by = owner(connection)
    channels = [rows.add_channel(connection, vault, START, kind) for kind in ("sms", "webchat")]
    talks = [
        rows.hear(connection, START, channels[0], "by phone", address=ANNA),
        rows.hear(connection, START + timedelta(minutes=1), channels[1], "by chat", kind="webchat", address="visitor-1"),
    ]
    kept, other = (rows.contact_of(connection, each) for each in talks)
    return by, kept, other, channels, talks


def texts(connection: sa.Connection, contact_id: int) -> list[str]:
    m = t.messages.c
    return list(connection.scalars(sa.select(m.text).where(m.contact_id == contact_id).order_by(m.at, m.id)))


def test_what_came_since_goes_to_whom_it_came_from(connection: sa.Connection, two: Any) -> None:
    by, kept, other, channels, talks = two
    merge_id = merge(connection, START + timedelta(hours=1), by, kept, other)
    later = START + timedelta(days=20)
    rows.hear(connection, later, channels[1], "chat since", kind="webchat", address="visitor-1")
    rows.hear(connection, later, channels[0], "phone since", address=ANNA)
    assert undo(connection, later + timedelta(days=1), by, merge_id) == (kept, other)
    assert (texts(connection, kept), texts(connection, other)) == (["by phone", "phone since"], ["by chat", "chat since"])
    c = t.conversations.c
    found = {row.id: row for row in connection.execute(sa.select(t.conversations))}
    assert [(found[n].contact_id, found[n].status) for n in talks] == [(kept, "open"), (other, "open")]
    assert [found[n].last_text for n in talks] == ["phone since", "chat since"]
    strays = sa.select(t.messages.c.id).join(t.conversations, c.id == t.messages.c.conversation_id)
    assert connection.execute(strays.where(t.messages.c.contact_id != c.contact_id)).all() == []
    again = rows.hear(connection, later + timedelta(days=2), channels[1], "still me", kind="webchat", address="visitor-1")
    assert again == talks[1]


def test_what_was_answered_and_closed_since_stays_so(connection: sa.Connection, two: Any) -> None:
    by, kept, other, _, talks = two
    merge_id = merge(connection, START + timedelta(hours=1), by, kept, other)
    conversations.change(connection, START + timedelta(hours=2), by, talks[0], {"status": "closed"})
    undo(connection, START + timedelta(days=1), by, merge_id)
    c = t.conversations.c
    rows_ = connection.execute(sa.select(c.status, c.waiting_since, c.unread).where(c.id.in_(talks)).order_by(c.id)).all()
    assert [tuple(row) for row in rows_] == [("closed", None, 0), ("closed", None, 0)]
    assert texts(connection, other) == ["by chat"]


def test_a_new_request_after_the_merge_moves_whole(connection: sa.Connection, two: Any) -> None:
    by, kept, other, channels, talks = two
    merge_id = merge(connection, START + timedelta(hours=1), by, kept, other)
    conversations.change(connection, START + timedelta(hours=2), by, talks[0], {"status": "closed"})
    new = rows.hear(connection, START + timedelta(days=5), channels[1], "new", kind="webchat", address="visitor-1")
    undo(connection, START + timedelta(days=6), by, merge_id)
    assert rows.contact_of(connection, new) == other


def test_what_a_person_wrote_on_the_card_since_stands(connection: sa.Connection, two: Any) -> None:
    by, kept, other, *_ = two
    contacts.change(connection, START, by, other, {"tags": ["vip", "new"], "fields": {"city": "Berlin", "car": "Opel"}})
    merge_id = merge(connection, START, by, kept, other)
    fields = {"city": "Bonn", "car": "Opel"}
    contacts.change(connection, START, by, kept, {"fields": fields, "tags": ["vip"]})
    undo(connection, START, by, merge_id)
    c, g = t.contacts.c, t.contact_tags.c
    assert connection.scalar(sa.select(c.fields).where(c.id == kept)) == {"city": "Bonn"}
    assert connection.scalar(sa.select(c.fields).where(c.id == other)) == {"city": "Berlin", "car": "Opel"}
    assert connection.execute(sa.select(g.contact_id, g.tag)).all() == [(other, "vip")]


def test_a_person_chooses_whose_word_stands(connection: sa.Connection, two: Any) -> None:
    """For each field of its own; what was chosen no machine changes, and all of it goes back."""
    by, kept, other, *_ = two
    card = {"name": "Anna", "category": "A", "fields": {"city": "Bonn", "size": "S"}}
    contacts.change(connection, START, by, kept, card)
    contacts.change(connection, START, by, other, {"name": "Anna S", "category": "B", "fields": {"city": "Berlin", "size": "M"}})
    before = everything(connection)
    merge_id = merge(connection, START, by, kept, other, ["name", "fields.city", "birthday"])
    c = t.contacts.c
    row = connection.execute(sa.select(t.contacts).where(c.id == kept)).one()
    assert (row.name, row.category, row.birthday, row.fields) == ("Anna S", "A", None, {"city": "Berlin", "size": "S"})
    assert {"name", "fields.city"} <= set(row.edited)
    undo(connection, START + timedelta(days=20), by, merge_id)
    assert everything(connection) == before


def test_what_no_card_has_cannot_be_chosen(connection: sa.Connection, two: Any) -> None:
    by, kept, other, *_ = two
    with pytest.raises(Invalid, match="number") as refused:
        merge(connection, START, by, kept, other, ["number"])
    assert refused.value.field == "take"


@pytest.mark.parametrize("name", ["stopped_at", "marketing_stopped_at"])
@pytest.mark.parametrize("stopped", [0, 1])
def test_stop_wins(connection: sa.Connection, vault: Vault, name: str, stopped: int) -> None:
    """Whoever of the two said it, no address of that channel is written to; to undo it gives back what each had said."""
    by, channel, other = owner(connection), *(rows.add_channel(connection, vault, START, k) for k in ("sms", "webchat"))
    one, two = (rows.contact_of(connection, rows.hear(connection, START, channel, "x", address=a)) for a in (ANNA, OTHER))
    rows.hear(connection, START, other, "y", kind="webchat", address="visitor-1")
    r, at = t.reaches.c, START + timedelta(minutes=5)
    connection.execute(sa.update(t.reaches).where(r.contact_id == (one, two)[stopped]).values({name: at}))
    asked = sa.select(r[name]).where(r.channel_id == channel).order_by(r.address)
    before = list(connection.scalars(asked))
    merge_id = merge(connection, START, by, one, two)
    assert list(connection.scalars(asked)) == [at, at]
    undo(connection, START, by, merge_id)
    assert list(connection.scalars(asked)) == before


def test_a_broadcast_is_not_got_twice(connection: sa.Connection, two: Any) -> None:
    by, kept, other, *_ = two
    b, r = ids.one(connection, "broadcasts"), t.recipients.c
    row = {"id": b, "name": "n", "body": "b", "tag": "t", "state": "running", "created_at": START}
    connection.execute(sa.insert(t.broadcasts).values(row))
    told = [
        {"broadcast_id": b, "contact_id": c, "state": s, "changed_at": START} for c, s in ((kept, "waiting"), (other, "sent"))
    ]
    connection.execute(sa.insert(t.recipients), told)
    asked = sa.select(r.state).order_by(r.contact_id)
    merge_id = merge(connection, START, by, kept, other)
    assert list(connection.scalars(asked)) == ["skipped", "sent"]
    undo(connection, START, by, merge_id)
    assert list(connection.scalars(asked)) == ["waiting", "sent"]


def test_merges_are_undone_from_the_last_one_back(connection: sa.Connection, two: Any) -> None:
    by, kept, other, *_ = two
    third = contacts.add(connection, START, by, {"name": "Dora"})
    first = merge(connection, START, by, kept, other)
    second = merge(connection, START, by, third, kept)
    with pytest.raises(Conflict, match="merged into"):
        undo(connection, START, by, first)
    undo(connection, START, by, second)
    undo(connection, START, by, first)
    with pytest.raises(Conflict, match="already"):
        undo(connection, START, by, first)
    with pytest.raises(NotFound):
        undo(connection, START, by, 999)
    now: datetime = START
    assert now and connection.scalar(sa.select(t.contacts.c.merged_into).where(t.contacts.c.id == other)) is None
