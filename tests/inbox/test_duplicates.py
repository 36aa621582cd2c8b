"""Cards that may be one person: how alike they are, that they are found as they arise, and what a person decides about them."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.actions import contacts
from inbox.card.tending import tend
from inbox.duplicates import through
from inbox.duplicates.likeness import POINTS, SUGGESTED, Card, compare, keys
from inbox.duplicates.spelling import plain_name
from inbox.people import add_manager
from tests.inbox.conftest import START, Client


@pytest.mark.parametrize(
    "spellings",
    [
        pytest.param(["Юлия", "Julia", "Yulia", "Iuliia"], id="Юлия"),
        pytest.param(["Сергей", "Sergey", "Sergei", "Sergej"], id="Сергей"),
        pytest.param(["Дмитрий", "Dmitry", "Dmitriy", "Dmitri", "Dmitrij"], id="Дмитрий"),
        pytest.param(["Алексей", "Alexey", "Aleksei", "Alexei", "Aleksey"], id="Алексей"),
        pytest.param(["Хохлов", "Khokhlov", "Hohlov"], id="Хохлов"),
        pytest.param(["Щукин", "Shchukin", "Schukin"], id="Щукин"),
        pytest.param(["Чайковский", "Tchaikovsky", "Chaykovskiy", "Chaikovskii"], id="Чайковский"),
        pytest.param(["Екатерина", "Yekaterina", "Ekaterina", "екатерина"], id="Екатерина"),
        pytest.param(["Пётр", "Петр", "Petr", "ПЁТР"], id="Пётр"),
        pytest.param(["Žižek", "Zizek"], id="accents"),
        pytest.param(["Анна 🌸", "Anna!!!", "анна"], id="signs"),
    ],
)
def test_a_name_has_one_spelling(spellings: list[str]) -> None:
    assert len({plain_name(each) for each in spellings}) == 1


def card(number: int, name: str = "", phone: str = "", mail: str = "", **more: Any) -> Card:
    phones, mails = frozenset([phone] if phone else []), frozenset([mail] if mail else [])
    return Card(id=number, name=name, phones=phones, mails=mails, **more)


IVANOVA = card(1, "Анна Иванова", "79161234567")
CLAIM = frozenset({("phone", "+79161234567")})


@pytest.mark.parametrize(
    ("one", "other", "suggested", "reasons"),
    [
        pytest.param(IVANOVA, card(2, "Ivanova Anna", "79161234576"), True, {"near_phone", "other_alphabet"}, id="a slip"),
        pytest.param(IVANOVA, card(2, "Иванова Анна", mail="a@x.ru"), True, {"swapped_name", "nothing_against"}, id="swapped"),
        pytest.param(IVANOVA, card(2, "Аня Иванова", "89161234567"), True, {"same_phone", "short_name"}, id="8 for +7"),
        pytest.param(IVANOVA, card(2, "", claims=CLAIM), True, {"claimed"}, id="said to be theirs"),
        pytest.param(IVANOVA, card(2, "Анна Иванова", "79991112233"), False, {"same_name"}, id="a namesake"),
        pytest.param(IVANOVA, card(2, "Пётр Сидоров", "79161234567"), False, {"same_phone", "other_name"}, id="a family"),
        pytest.param(card(1, "Анна"), card(2, "Анна"), False, {"same_first_name", "nothing_against"}, id="a first name"),
        pytest.param(
            card(1, "Dora", mail="dora.m@gmail.com"), card(2, "Dora Maar", mail="dora.m@gmial.com"),
            True, {"mail_domain_typo", "same_first_name"}, id="a slip in a domain",
        ),
        pytest.param(
            card(1, "Carl", mail="info@a.example"), card(2, "Eva", mail="info@b.example"), False, {"other_name"}, id="a box"
        ),
        pytest.param(
            card(1, "Eva Braun", birthday="1990-05-17"), card(2, "Eva Braun", birthday="1970-05-17"),
            False, {"same_name", "other_birthday", "nothing_against"}, id="another birthday",
        ),
    ],
)  # fmt: skip
def test_how_alike_two_cards_are(one: Card, other: Card, suggested: bool, reasons: set[str]) -> None:
    if one is IVANOVA and other.claims:
        one = card(1, "Анна Иванова", "79161234567", own=CLAIM)
    found = compare(one, other)
    assert (set(found.reasons), found.score >= SUGGESTED) == (reasons, suggested)
    assert compare(other, one).score == found.score and set(found.reasons) <= POINTS.keys()
    assert not suggested or keys(one) & keys(other) or "claimed" in reasons


def people(connection: sa.Connection) -> tuple[int, list[int]]:
    by = add_manager(connection, START, email="olga@example.com", name="Olga", role="owner")
    cards: list[dict[str, Any]] = [
        {"name": "Анна Иванова", "identities": [{"kind": "phone", "address": "+79161234567"}]},
        {"name": "Ivanova Anna", "identities": [{"kind": "email", "address": "anna@example.com"}]},
        {"name": "Carl", "identities": [{"kind": "phone", "address": "+4930901820"}]},
    ]
    return by, [contacts.add(connection, START, by, each) for each in cards]


def pairs(connection: sa.Connection) -> list[tuple[int, int]]:
    d = t.duplicates.c
    return [(row[0], row[1]) for row in connection.execute(sa.select(d.low_id, d.high_id).where(d.state == "open"))]


def test_they_are_found_as_they_arise(connection: sa.Connection) -> None:
    by, (one, two, carl) = people(connection)
    assert tend(connection, START) == 0, "too young: a neighbour's transaction may still be open"
    later = START + timedelta(minutes=1)
    assert tend(connection, later) == 3 and pairs(connection) == [(one, two)]
    assert tend(connection, later) == 0
    contacts.change(connection, later, by, carl, {"name": "Carl Orff"})
    new = contacts.add(connection, later, by, {"name": "Orff, Carl"})
    assert tend(connection, later + timedelta(minutes=1)) == 2
    assert pairs(connection) == [(one, two), (carl, new)]
    contacts.change(connection, later, by, new, {"name": "Carla Bruni"})
    tend(connection, later + timedelta(minutes=2))
    assert pairs(connection) == [(one, two)], "the reason is gone"


def test_the_whole_base_is_looked_through_page_by_page(connection: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(through, "PAGE", 2)
    _, (one, two, _) = people(connection)
    run = through.begin(connection, START, None)
    assert through.begin(connection, START, None) == run, "one look at a time"
    first = through.step(connection, START, run)
    assert (first.looked, first.total, first.finished_at) == (2, 3, None) and through.going(connection) == run
    last = through.step(connection, START, run)
    assert (last.looked, last.found, last.finished_at) == (3, 1, START) and through.going(connection) is None
    assert pairs(connection) == [(one, two)]
    again = through.begin(connection, START, None)
    assert through.step(connection, START, again).found == 0, "known already"


async def test_a_person_decides(client: Client) -> None:
    _, (one, two, _) = await client.run(people)
    client.clock.tick(minutes=1)
    await client.run(tend, client.clock())
    (pair,) = (await client.get("/duplicates")).body["items"]
    assert [c["id"] for c in pair["contacts"]] == [one, two] and pair["reasons"][0] == "other_alphabet"
    assert (await client.get(f"/contacts/{two}/duplicates")).body["items"] == [pair]
    assert (await client.post(f"/duplicates/{pair['id']}/merge", {"keep": 999})).errors.keys() == {"keep"}
    merged = await client.post(f"/duplicates/{pair['id']}/merge", {"keep": two})
    assert (merged.body["contact"]["id"], merged.body["merged"]["id"]) == (two, one)
    assert (await client.get("/duplicates")).body["items"] == []
    assert (await client.patch(f"/duplicates/{pair['id']}", {"apart": True})).status == 409
    assert [m["id"] for m in (await client.get(f"/contacts/{two}/merges")).body["items"]] == [merged.body["id"]]
    undone = await client.post(f"/merges/{merged.body['id']}/undo")
    assert undone.body["undone_at"] is not None
    assert [p["id"] for p in (await client.get("/duplicates")).body["items"]] == [pair["id"]]
    assert (await client.post(f"/merges/{merged.body['id']}/undo")).status == 409
    assert (await client.post("/merges/999/undo")).status == 404


async def test_told_apart_is_remembered_also_on_a_merged_card(client: Client) -> None:
    _, (one, two, carl) = await client.run(people)
    client.clock.tick(minutes=1)
    await client.run(tend, client.clock())
    (pair,) = (await client.get("/duplicates")).body["items"]
    assert (await client.patch(f"/duplicates/{pair['id']}", {"apart": True})).body["state"] == "apart"
    await client.post(f"/contacts/{carl}/merge", {"with": two})
    await client.patch(f"/contacts/{carl}", {"name": "Ivanova Anna"})
    for _ in range(2):
        client.clock.tick(minutes=1)
        await client.run(tend, client.clock())
    assert (await client.get("/duplicates")).body["items"] == []
    assert [p["id"] for p in (await client.get("/duplicates", state="apart")).body["items"]] == []
    found = (await client.post("/duplicates/search")).body["run"]
    assert (found["looked"], found["finished_at"]) == (0, None)
    assert (await client.get("/duplicates/search")).body["run"] == found
    assert (await (await client.become("viewer")).post("/duplicates/search")).status == 403
    assert one
