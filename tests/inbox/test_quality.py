"""Findings of cards: that they come and go with what stands there, are repaired by one click, undone, and remembered as right."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.actions import contacts
from inbox.card.tending import tend
from inbox.people import add_manager
from inbox.quality import repairs, through
from inbox.quality.look import look
from tests.inbox.conftest import START, Client
from tests.inbox.test_imports import bring, work

LATER = START + timedelta(minutes=1)
CARDS: list[dict[str, Any]] = [
    {"name": "ИВАНОВА АННА", "fields": {"city": "г. Москва"}, "identities": [{"kind": "email", "address": "anna@gmial.com"}]},
    {"name": "тест", "identities": [{"kind": "phone", "address": "+70000000000"}]},
    {"name": "Carl Orff", "identities": [{"kind": "email", "address": "carl@gmail.com"}]},
    {"name": "ООО Ромашка", "identities": [{"kind": "email", "address": "info@romashka.ru"}]},
]


def people(connection: sa.Connection) -> tuple[int, list[int]]:
    by = add_manager(connection, START, email="olga@example.com", name="Olga", role="owner")
    return by, [contacts.add(connection, START, by, each) for each in CARDS]


def found(connection: sa.Connection, state: str = "open") -> dict[tuple[int, str], tuple[str, str | None]]:
    f = t.quality_findings.c
    rows = connection.execute(sa.select(t.quality_findings).where(f.state == state))
    return {(row.contact_id, row.place.partition(".")[0]): (row.kind, row.after) for row in rows}


def everything(anna: int, test: int, firm: int) -> dict[tuple[int, str], tuple[str, str | None]]:
    return {
        (anna, "name"): ("name_swapped", "Анна Иванова"),
        (anna, "fields"): ("city_spelling", "Москва"),
        (anna, "identity"): ("mail_typo", "anna@gmail.com"),
        (test, "name"): ("name_placeholder", ""),
        (test, "identity"): ("phone_placeholder", ""),
        (firm, "name"): ("name_company", None),
        (firm, "identity"): ("mail_role", None),
    }


def card(connection: sa.Connection, contact_id: int) -> tuple[str, dict[str, Any], list[str]]:
    c, i = t.contacts.c, t.identities.c
    row = connection.execute(sa.select(c.name, c.fields).where(c.id == contact_id)).one()
    addresses = connection.scalars(sa.select(i.address).where(i.contact_id == contact_id).order_by(i.id))
    return row.name, row.fields, list(addresses)


def ids_of(connection: sa.Connection, kind: str) -> list[int]:
    f = t.quality_findings.c
    return list(connection.scalars(sa.select(f.id).where(f.kind == kind).order_by(f.id)))


def test_they_are_found_as_they_arise_and_go_when_mended(connection: sa.Connection) -> None:
    by, (anna, test, carl, firm) = people(connection)
    assert tend(connection, START) == 0 and found(connection) == {}
    tend(connection, LATER)
    assert found(connection) == everything(anna, test, firm)
    contacts.change(connection, LATER, by, anna, {"name": "Анна Иванова", "set_fields": {"city": "Казань"}})
    contacts.change(connection, LATER, by, carl, {"name": "CARL ORFF"})
    tend(connection, LATER + timedelta(minutes=1))
    now = found(connection)
    assert (anna, "name") not in now and (anna, "fields") not in now
    assert now[carl, "name"] == ("name_case", "Carl Orff")


def test_the_whole_base_is_looked_through_page_by_page(connection: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(through, "PAGE", 3)
    _, (anna, test, _, firm) = people(connection)
    run = through.begin(connection, START, None)
    assert through.begin(connection, START, None) == run, "one look at a time"
    first = through.step(connection, START, run)
    assert (first.looked, first.total, first.finished_at) == (3, 4, None) and through.going(connection) == run
    last = through.step(connection, START, run)
    assert (last.looked, last.found, last.finished_at) == (4, 7, START) and through.going(connection) is None
    assert found(connection) == everything(anna, test, firm)
    again = through.begin(connection, START, None)
    through.step(connection, START, again)
    assert through.step(connection, START, again).found == 0, "known already"


def test_a_repair_is_a_persons_edit_and_can_be_undone(connection: sa.Connection) -> None:
    by, (anna, test, *_) = people(connection)
    tend(connection, LATER)
    before = {number: card(connection, number) for number in (anna, test)}
    wanted = [n for kind in ("name_swapped", "city_spelling", "mail_typo", "name_placeholder", "phone_placeholder")
              for n in ids_of(connection, kind)]  # fmt: skip
    batch = repairs.repair(connection, LATER, by, wanted)
    assert card(connection, anna) == ("Анна Иванова", {"city": "Москва"}, ["anna@gmail.com"])
    assert card(connection, test) == ("", {}, [])
    edited: dict[str, Any] = connection.execute(sa.select(t.contacts.c.edited).where(t.contacts.c.id == anna)).scalar_one()
    assert {"name", "fields.city"} <= edited.keys(), "no machine writes over it"
    history = connection.scalars(sa.select(t.contact_changes.c.changes).where(t.contact_changes.c.contact_id == anna)).all()
    assert {"name": {"before": "ИВАНОВА АННА", "after": "Анна Иванова"}} in history
    assert {"identity.email": {"before": "anna@gmial.com", "after": "anna@gmail.com"}} in history
    assert {number for number, _ in found(connection)} == {CARDS.index(CARDS[3]) + anna}
    repairs.undo(connection, LATER, by, batch)
    assert {number: card(connection, number) for number in (anna, test)} == before
    assert len(found(connection)) == 7, "and it is found again"


def test_what_somebody_edited_since_is_left_alone(connection: sa.Connection) -> None:
    by, (anna, test, *_) = people(connection)
    tend(connection, LATER)
    contacts.change(connection, LATER, by, anna, {"name": "Анна И."})
    batch = repairs.repair(connection, LATER, by, ids_of(connection, "name_swapped") + ids_of(connection, "name_placeholder"))
    row = connection.execute(sa.select(t.quality_batches).where(t.quality_batches.c.id == batch)).one()
    assert (row.repaired, row.refused) == (1, 1) and card(connection, anna)[0] == "Анна И."
    contacts.change(connection, LATER, by, test, {"name": "Пётр"})
    repairs.undo(connection, LATER, by, batch)
    row = connection.execute(sa.select(t.quality_batches).where(t.quality_batches.c.id == batch)).one()
    assert (row.state, row.undone, row.kept) == ("undone", 0, 1) and card(connection, test)[0] == "Пётр"


def test_an_address_that_is_anothers_is_not_taken_from_them(connection: sa.Connection) -> None:
    by, (anna, *_) = people(connection)
    contacts.add(connection, START, by, {"name": "Anna", "identities": [{"kind": "email", "address": "anna@gmail.com"}]})
    tend(connection, LATER)
    repairs.repair(connection, LATER, by, ids_of(connection, "mail_typo"))
    assert card(connection, anna)[2] == ["anna@gmial.com"]


def test_all_of_a_kind_go_page_by_page_and_back(connection: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repairs, "PAGE", 2)
    by = add_manager(connection, START, email="olga@example.com", name="Olga", role="owner")
    made = [contacts.add(connection, START, by, {"name": f"ANNA SMITH{'Y' * n}"}) for n in range(5)]
    look(connection, START, made)
    batch = repairs.repair_all(connection, START, by, "name_case")
    assert len(found(connection)) == 3 and repairs.going(connection) == batch, "the rest is the worker's"
    while repairs.step(connection, START, batch):
        pass
    assert found(connection) == {} and repairs.going(connection) is None
    assert [card(connection, each)[0] for each in made[:2]] == ["Anna Smith", "Anna Smithy"]
    repairs.undo(connection, START, by, batch)
    while repairs.step(connection, START, batch):
        pass
    assert len(found(connection)) == 5 and repairs.going(connection) is None
    assert card(connection, made[4])[0] == "ANNA SMITHYYYY"


def test_what_a_person_called_right_stays_right_while_it_stands(connection: sa.Connection) -> None:
    by, (anna, *_) = people(connection)
    tend(connection, LATER)
    assert repairs.dismiss(connection, LATER, by, ids_of(connection, "name_swapped"), True) == 1
    look(connection, LATER, [anna])
    assert found(connection, "right") == {(anna, "name"): ("name_swapped", "Анна Иванова")}
    contacts.change(connection, LATER, by, anna, {"name": "ПЕТРОВА АННА"})
    look(connection, LATER, [anna])
    assert found(connection, "right") == {} and found(connection)[anna, "name"][1] == "Анна Петрова"


def test_a_verified_address_is_no_ones_to_mend(connection: sa.Connection) -> None:
    people(connection)
    connection.execute(sa.update(t.identities).values(verified=True))
    tend(connection, LATER)
    assert {place for _, place in found(connection)} == {"name", "fields"}


async def test_the_page(client: Client) -> None:
    _, (anna, test, _, firm) = await client.run(people)
    client.clock.tick(minutes=1)
    await client.run(tend, client.clock())
    told = (await client.get("/quality")).body
    assert {each["kind"]: (each["count"], each["mendable"]) for each in told["kinds"]} == {
        "name_swapped": (1, 1), "name_placeholder": (1, 1), "name_company": (1, 0), "phone_placeholder": (1, 1),
        "mail_typo": (1, 1), "mail_role": (1, 0), "city_spelling": (1, 1),
    }  # fmt: skip
    (typo,) = (await client.get("/quality/findings", kind="mail_typo")).body["items"]
    assert (typo["contact"]["id"], typo["place"], typo["before"], typo["after"]) == (
        anna, "email", "anna@gmial.com", "anna@gmail.com"
    )  # fmt: skip
    assert (await client.get("/quality/findings", kind="nonsense")).errors.keys() == {"kind"}
    on_card = (await client.get(f"/contacts/{anna}/quality")).body["items"]
    assert {each["place"] for each in on_card} == {"name", "fields.city", "email"}
    (company,) = (await client.get("/quality/findings", kind="name_company")).body["items"]
    assert (await client.post("/quality/repair", {"ids": [company["id"]]})).errors.keys() == {"ids"}
    assert (await client.post("/quality/repair", {})).errors.keys() == {"ids"}
    assert (await client.post("/quality/repair", {"kind": "nonsense"})).errors.keys() == {"kind"}
    batch = (await client.post("/quality/repair", {"ids": [typo["id"]]})).body
    assert (batch["state"], batch["repaired"]) == ("done", 1)
    (mended,) = (await client.get(f"/quality/batches/{batch['id']}/repairs")).body["items"]
    assert (await client.post(f"/quality/repairs/{mended['id']}/undo")).status == 204
    assert (await client.post(f"/quality/repairs/{mended['id']}/undo")).status == 409
    assert [each["after"] for each in (await client.get("/quality/findings", kind="mail_typo")).body["items"]] == [
        "anna@gmail.com"
    ]
    all_of = (await client.post("/quality/repair", {"kind": "name_placeholder"})).body
    assert (all_of["state"], all_of["repaired"], all_of["left"]) == ("done", 1, 0)
    assert (await client.get(f"/contacts/{test}")).body["name"] == ""
    assert (await client.post(f"/quality/batches/{all_of['id']}/undo")).body["state"] == "undone"
    assert (await client.get(f"/contacts/{test}")).body["name"] == "тест"
    dismissed = (await client.post("/quality/dismiss", {"ids": [company["id"]]})).body
    assert {each["kind"]: each["right"] for each in dismissed["kinds"]}["name_company"] == 1
    assert "name" not in {each["place"] for each in (await client.get(f"/contacts/{firm}/quality")).body["items"]}
    assert [b["id"] for b in (await client.get("/quality/batches")).body["items"]] == [all_of["id"], batch["id"]]


async def test_what_is_being_typed_is_looked_at_before_it_is_saved(client: Client) -> None:
    told = (await client.post("/quality/check", {"name": "иванова анна", "fields": {"city": "спб", "size": "12"}})).body
    assert [(each["place"], each["after"]) for each in told["items"]] == [
        ("name", "Анна Иванова"), ("fields.city", "Санкт-Петербург")
    ]  # fmt: skip
    assert told["greeting"] == "Анна"


async def test_a_look_through_everybody_is_asked_for(client: Client) -> None:
    assert (await client.get("/quality")).body["run"] is None
    run = (await client.post("/quality/search")).body["run"]
    assert run["finished_at"] is None
    assert (await client.post("/quality/search")).body["run"]["id"] == run["id"]


async def test_an_import_warns_and_takes_in_all_the_same(client: Client) -> None:
    content = "Name;Phone;City\nИВАНОВА АННА;+79161234567;г. Москва\nCarl Orff;+4930901820;Bonn\nтест;+70000000000;Köln\n"
    found = await bring(client, content.encode())
    first, second, third = (await client.get(f"/imports/{found['id']}/preview")).body["items"]
    assert [(each["place"], each["after"]) for each in first["warnings"]] == [("name", "Анна Иванова"), ("fields.city", "Москва")]
    assert first["problems"] == [] and second["warnings"] == []
    assert {each["place"] for each in third["warnings"]} == {"name", "phone"}
    await client.post(f"/imports/{found['id']}/check")
    await work(client)
    checked = (await client.get(f"/imports/{found['id']}")).body["checked"]
    assert (checked["new"], checked["wrong"], checked["warned"]) == (3, 0, 2)
