"""Fields of one's own on organisations, by the same mechanism as on people's cards; and who changed what about one."""

from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command

from inbox import migrate
from inbox import schema as t
from inbox.db import Database
from inbox.migrate import config
from inbox.record import event, record_all
from tests.inbox.conftest import START, Client
from tests.inbox.test_api_cards import KINDS
from tests.inbox.test_imports import taken, work
from tests.inbox.test_stream import listening

VALUES: list[tuple[str, Any, Any]] = [
    ("city", " Berlin ", "Berlin"), ("children", "2", 2), ("spent", {"amount": "12,5", "currency": "EUR"},
     {"amount": "12.50", "currency": "EUR"}), ("since", "2024-02-29", "2024-02-29"), ("size", "M", "M"),
    ("likes", ["tea", "tea"], ["tea"]), ("site", "https://example.com", "https://example.com"), ("vip", True, True),
    ("cars", [{"make": "Volvo", "year": "2020"}], [{"make": "Volvo", "year": 2020}]),
]  # fmt: skip


async def organisation(client: Client, **more: Any) -> int:
    made = await client.post("/organisations", {"name": "Acme", **more})
    assert made.status == 201, made
    return int(made.body["id"])


async def history(client: Client, number: int, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"/organisations/{number}/changes", **query)
    assert answer.status == 200, answer
    return list(answer.body["items"])


async def test_companies_have_fields_of_every_type(client: Client) -> None:
    for kind in KINDS:
        assert (await client.post("/organisations/fields", kind)).status == 201
    number = await organisation(client)
    for name, value, kept in VALUES:
        answer = await client.patch(f"/organisations/{number}", {"set_fields": {name: value}})
        assert answer.status == 200 and answer.body["fields"][name] == kept, (name, answer)
    assert (await client.patch(f"/organisations/{number}", {"set_fields": {"size": "XL"}})).errors.keys() == {"fields.size"}
    assert (await client.patch(f"/organisations/{number}", {"set_fields": {"friend": 999}})).errors.keys() == {"fields.friend"}
    emptied = (await client.patch(f"/organisations/{number}", {"set_fields": {"city": None, "likes": []}})).body["fields"]
    assert not {"city", "likes"} & set(emptied) and emptied["size"] == "M"
    assert (await client.get("/fields")).body["items"] == [], "people's cards have their own"


async def test_free_pairs_stay_and_a_definition_takes_them_up(client: Client) -> None:
    number = await organisation(client, fields={"branch": "flowers", "staff": "12 people"})
    made = (await client.post("/organisations/fields", {"name": "branch", "type": "text", "title": "Branch"})).body
    await client.post("/organisations/fields", {"name": "staff", "type": "number"})
    changed = (await client.patch(f"/organisations/{number}", {"set_fields": {"branch": "trees"}})).body
    assert changed["fields"] == {"branch": "trees", "staff": "12 people"}, "what a definition does not allow waits for an edit"
    assert (await client.patch(f"/organisations/{number}", {"set_fields": {"staff": "many"}})).status == 422
    assert (await client.post("/organisations/fields", {"name": "branch", "type": "text"})).status == 409
    patched = (await client.patch(f"/organisations/fields/{made['id']}", {"title": "Trade", "position": 9})).body
    assert [patched["title"], patched["name"]] == ["Trade", "branch"]
    assert [each["name"] for each in (await client.get("/organisations/fields")).body["items"]] == ["staff", "branch"]
    assert (await client.delete(f"/organisations/fields/{made['id']}")).status == 204
    assert (await client.get(f"/organisations/{number}")).body["fields"]["branch"] == "trees"
    assert (await client.delete(f"/organisations/fields/{made['id']}")).status == 404


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_only_a_lead_defines_them(client: Client) -> None:
    operator, lead = await client.become("operator"), await client.become("lead")
    assert (await operator.post("/organisations/fields", KINDS[0])).status == 403
    assert (await lead.post("/organisations/fields", KINDS[0])).status == 201
    assert [each["title"] for each in (await operator.get("/organisations/fields")).body["items"]] == ["City"]


async def test_the_history_of_a_company_says_who_did_what(client: Client) -> None:
    number = await organisation(client, fields={"branch": "flowers"})
    await client.patch(f"/organisations/{number}", {"name": "Acme Inc", "set_fields": {"branch": "trees", "staff": 12}})
    await client.patch(f"/organisations/{number}", {"name": "Acme Inc"})
    anna = (await client.post("/contacts", {"name": "Anna"})).body["id"]
    job = (await client.post(f"/contacts/{anna}/organisations", {"organisation": number})).body["id"]
    await client.patch(f"/contacts/{anna}/organisations/{job}", {"until": "2026"})
    await client.delete(f"/organisations/{number}")
    await client.post(f"/organisations/{number}/restore")
    found = await history(client, number)
    assert [each["what"] for each in found] == [
        "organisation.restored", "organisation.removed", "employment.ended", "employment.added", "organisation.changed",
        "organisation.added",
    ]  # fmt: skip
    assert {each["actor"]["name"] for each in found} == {"Olga Owner"} and {each["actor"]["id"] for each in found} == {client.id}
    assert found[4]["changes"] == {
        "name": {"before": "Acme", "after": "Acme Inc"},
        "fields.branch": {"before": "flowers", "after": "trees"},
        "fields.staff": {"before": None, "after": 12},
    }
    assert found[3]["contact"] == {"id": anna, "name": "Anna"} and found[3]["organisation"] is None
    first = (await client.get(f"/organisations/{number}/changes", limit=4)).body
    rest = await history(client, number, limit=4, cursor=first["next"])
    assert [each["id"] for each in first["items"] + rest] == [each["id"] for each in found]
    assert (await client.get("/organisations/999/changes")).status == 404


async def test_a_merge_stands_in_the_history_of_both(client: Client) -> None:
    kept, gone = await organisation(client), await organisation(client, name="Acme Ltd")
    merge = (await client.post(f"/organisations/{kept}/merge", {"with": gone})).body["id"]
    whole = await history(client, kept)
    assert [(each["what"], each["organisation"] and each["organisation"]["id"]) for each in whole] == [
        ("organisation.merged", gone), ("organisation.added", gone), ("organisation.added", None),
    ]  # fmt: skip
    (merged, _) = await history(client, gone)
    assert (merged["what"], merged["organisation"]["id"]) == ("organisation.merged", kept)
    await client.post(f"/organisations/merges/{merge}/undo")
    assert [each["what"].partition(".")[2] for each in await history(client, kept)] == ["unmerged", "merged", "added"]
    assert [each["what"].partition(".")[2] for each in await history(client, gone)] == ["unmerged", "merged", "added"]


async def test_a_file_that_made_a_company_is_named(client: Client) -> None:
    done = await taken(client, "ФИО;Телефон;Компания\nIda;+79161234509;Ромашка\n".encode())
    (made,) = (await client.get("/organisations")).body["items"]
    (added,) = await history(client, made["id"])
    assert (added["what"], added["actor"]["kind"], added["import_id"]) == ("organisation.added", "system", done["id"])
    await client.post(f"/imports/{done['id']}/undo")
    await work(client)
    assert (await client.get("/organisations")).body["items"] == []


def test_what_was_recorded_before_is_found_after_the_migration(db: Database) -> None:
    with db.begin() as connection:
        command.downgrade(config(connection), "0021")
        for number in (1, 2):
            row = {"id": number, "name": "A", "sort": "a", "fold": "a", "created_at": START, "changed_at": START}
            connection.execute(sa.insert(t.organisations).values(row))
        told = [
            event(START, "organisation.merged", organisation_id=1, merged=2),
            event(START, "employment.added", organisation_id=2, contact_id=5),
            event(START, "organisation.added", organisation_id=77),
            event(START, "message.in", organisation_id=1),
        ]
        record_all(connection, told)
    migrate.migrate(db)
    with db.begin() as connection:
        links = {(row.organisation_id, row.event_id) for row in connection.execute(sa.select(t.organisation_events))}
    assert links == {(1, told[0]["id"]), (2, told[0]["id"]), (2, told[1]["id"])}


async def test_other_browsers_hear_of_fields(client: Client) -> None:
    async with listening(client) as browser:
        await client.post("/organisations/fields", KINDS[0])
        await client.post("/fields", KINDS[0])
        assert [(await browser.event())[1] for _ in range(2)] == ["field", "field"]
