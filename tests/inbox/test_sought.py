"""People in lists by what was typed: told by the index, compared one by one before it knows them, or tested on the way."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.search import index, sought, walk
from inbox.store import ids
from inbox.views import contacts, lists, sifted
from tests.inbox.conftest import START
from tests.inbox.story import Story, person

PEOPLE = {
    "Анна Королёва": "+79123456780",
    "Анна-Мария Иванова": "+79123456781",
    "Ivan Petrov": "+4930901822",
    "Петя Иванов": "+4930901823",
    "田中太郎": "+819012345678",
    "Smith & Sons": "+14155550100",
}
CASES: list[tuple[str, list[str]]] = [
    ("Анна", ["Анна-Мария Иванова", "Анна Королёва"]),
    ("анна кор", ["Анна Королёва"]),
    ("кор анна", ["Анна Королёва"]),
    ("королева", ["Анна Королёва"]),
    ("Королёвой", ["Анна Королёва"]),
    ("ванов", ["Петя Иванов", "Анна-Мария Иванова"]),
    ("IVAN", ["Ivan Petrov"]),
    ("太郎", ["田中太郎"]),
    ("smith sons", ["Smith & Sons"]),
    ("8 912 345-67-80", ["Анна Королёва"]),
    ("+7 (912) 345 67 81", ["Анна-Мария Иванова"]),
    ("901823", ["Петя Иванов"]),
    ("koroleva@sh", ["Анна Королёва"]),
    ("A.Koroleva@shop.example", ["Анна Королёва"]),
    ("Анна Петров", []),
    ("нет такой", []),
    ("%", []),
    ("***", []),
]


@pytest.fixture(params=["few", "common beginnings", "many"])
def base(trial: sa.Connection, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> sa.Connection:
    """PEOPLE, known to the index; who fits is named, or tested along the list."""
    if request.param == "common beginnings":
        monkeypatch.setattr(walk, "COMMON", 0)
    if request.param == "many":
        monkeypatch.setattr(sought, "FEW", -1)
    tell(Story(trial, START))
    indexed(trial)
    return trial


def tell(story: Story) -> None:
    channel = story.channel()
    for name, phone in PEOPLE.items():
        story.hear(channel, "Hello", phone, sender=person("whatsapp", phone, name=name))
        story.wait(seconds=1)
    anna = story.connection.scalar(sa.select(t.contacts.c.id).where(t.contacts.c.name == "Анна Королёва"))
    identity = {"contact_id": anna, "kind": "email", "address": "a.koroleva@shop.example", "verified": True}
    number = ids.one(story.connection, "identities")
    story.connection.execute(sa.insert(t.identities), {"id": number, **identity, "created_at": START})


def indexed(connection: sa.Connection) -> None:
    while (found := index.read(connection)).more:
        index.write(connection, found)


def listed(connection: sa.Connection, q: str) -> tuple[list[str], list[str]]:
    """Whose conversations a list shows, and whom the list of people."""
    talks = lists.page(connection, lists.Filter(q=q, statuses=()), "last", None, 50).items
    people = contacts.page(connection, contacts.Filter(q=q), None, 50).items
    return [each.contact.name for each in talks], [each.name for each in people]


@pytest.mark.parametrize(("q", "names"), CASES, ids=[case[0] for case in CASES])
def test_who_is_found(base: sa.Connection, q: str, names: list[str]) -> None:
    assert listed(base, q) == (names, names)


@pytest.mark.parametrize("q", ["Анна", "Королёва", "ванов", "901823", "koroleva@sh", "+79123456780"])
def test_nobody_waits_for_the_index(trial: sa.Connection, q: str) -> None:
    tell(Story(trial, START))
    found = listed(trial, q)
    indexed(trial)
    assert found == listed(trial, q) and found[0]


def test_a_new_name_and_a_new_address_are_found_at_once(base: sa.Connection) -> None:
    c = t.contacts.c
    number = base.scalar(sa.select(c.id).where(c.name == "Ivan Petrov"))
    base.execute(sa.update(t.contacts).where(c.id == number).values(name="Ivan Sidorov"))
    event: dict[str, Any] = {"kind": "contact.changed", "actor_kind": "manager", "contact_id": number, "at": START, "data": {}}
    base.execute(sa.insert(t.events), {"id": ids.one(base, "events"), **event})
    identity = {"contact_id": number, "kind": "email", "address": "ivan@sidorov.example", "verified": True, "created_at": START}
    base.execute(sa.insert(t.identities), {"id": ids.one(base, "identities"), **identity})
    assert listed(base, "sidorov") == (["Ivan Sidorov"], ["Ivan Sidorov"])
    assert listed(base, "n@sidorov.ex") == (["Ivan Sidorov"], ["Ivan Sidorov"])


def test_personal_numbers_are_found_whole_and_in_part(base: sa.Connection) -> None:
    name, number = base.execute(sa.select(t.contacts.c.name, t.contacts.c.number)).first() or ("", "")
    assert listed(base, number)[1] == [name] and name in listed(base, number[-4:])[1]


def test_a_page_may_be_short_but_nobody_is_passed_over(base: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sifted, "SECONDS", -1)
    monkeypatch.setattr(sifted, "FIRST", 2)
    for status in ((), ("open", "waiting", "snoozed")):
        for sort in ("last", "waiting"):
            found, cursor = list[str](), None
            for _ in range(8):
                page = lists.page(base, replace(lists.Filter(q="ванов"), statuses=status), sort, cursor, 1)
                found += [each.contact.name for each in page.items]
                if (cursor := page.next) is None:
                    break
            expected = ["Петя Иванов", "Анна-Мария Иванова"]
            assert found == (expected if sort == "last" else expected[::-1]), (status, sort)


def test_stretches_grow_until_time_is_over() -> None:
    asked, now = list[tuple[int | None, int]](), START
    times = iter([now, now, now + timedelta(seconds=sifted.SECONDS * 2)])

    def take(after: int | None, size: int) -> list[int]:
        asked.append((after, size))
        first = 0 if after is None else after + 1
        return list(range(first, min(first + size, 100_000)))

    def belonging(rows: Sequence[int]) -> set[int]:
        return {each for each in rows if each % 700 == 0}

    found = sifted.sift(take, belonging, int, None, 50, lambda: next(times).timestamp())
    assert asked == [(None, 500), (499, 1_000)]
    assert list(found.rows) == [0, 700, 1400] and found.after == 1_499
