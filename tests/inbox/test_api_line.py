"""A person's line and addresses over HTTP: everything in one order, by pages; addresses by hand; a code that proves one."""

import re
from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from tests.inbox import rows
from tests.inbox.conftest import Client

PHONE, ELSE = "+4930901830", "+4930901831"


async def card(client: Client, **more: Any) -> int:
    answer = await client.post("/contacts", {"name": "Dora"} | more)
    assert answer.status == 201, answer
    return int(answer.body["id"])


async def whole(client: Client, number: int, limit: int, **query: Any) -> list[tuple[str, str]]:
    found, cursor = [], ""
    while True:
        answer = await client.get(f"/contacts/{number}/timeline", limit=limit, **({"cursor": cursor} if cursor else {}), **query)
        assert answer.status == 200, answer
        found += [(each["kind"], each["what"]) for each in answer.body["items"]]
        cursor = answer.body["next"] or ""
        if not cursor:
            return found


async def test_everything_about_a_person_is_in_one_line(client: Client) -> None:
    channel = await client.channel()
    conversation = await client.hear(channel, "Hello", address=PHONE)
    number = await client.run(rows.contact_of, conversation)
    client.clock.tick(minutes=1)
    await client.post(f"/conversations/{conversation}/messages", {"text": "call back", "note": True})
    client.clock.tick(minutes=1)
    due = "2026-11-23T09:00:00Z"
    assert (await client.post("/tasks", {"title": "Send the price", "due_at": due, "contact_id": number})).status == 201
    client.clock.tick(minutes=1)
    await client.patch(f"/contacts/{number}", {"name": "Anna S."})
    client.clock.tick(minutes=1)
    bought = {"kind": "purchase", "title": "Lamp", "data": {"sum": "12.50"}, "link": "https://shop.example/1"}
    told = await client.post(f"/contacts/{number}/events", bought)
    assert told.status == 201 and told.body["link"] == "https://shop.example/1" and told.body["data"] == {"sum": "12.50"}
    client.clock.tick(minutes=1)
    await client.hear(channel, "STOP", address=PHONE)
    expected = [
        ("consent", "consent.stop"), ("message", "in"), ("event", "purchase"), ("change", "change"), ("task", "reminder"),
        ("note", "note"), ("conversation", "open"), ("card", "contact.met"), ("message", "in"),
    ]  # fmt: skip
    for limit in (1, 2, 50):
        assert await whole(client, number, limit) == expected, limit
    assert await whole(client, number, 1, kinds="note,event") == [("event", "purchase"), ("note", "note")]
    assert (await client.get(f"/contacts/{number}/timeline", kinds="nonsense")).errors.keys() == {"kinds"}
    assert (await client.get("/contacts/999/timeline")).status == 404


async def test_what_another_system_tells_twice_happened_once(client: Client) -> None:
    number = await card(client)
    bought = {"kind": "purchase", "title": "Lamp", "at": "2025-01-02T03:04:05Z"}
    first, second = [await client.post(f"/contacts/{number}/events", bought, **{"Idempotency-Key": "order-7"}) for _ in range(2)]
    assert first.body == second.body and first.body["at"] == "2025-01-02T03:04:05Z"
    assert await whole(client, number, 50, kinds="event") == [("event", "purchase")]
    viewer = await client.become("viewer")
    assert (await viewer.post(f"/contacts/{number}/events", bought)).status == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "Lamp"}, "kind"),
        ({"kind": "Big Purchase", "title": "Lamp"}, "kind"),
        ({"kind": "purchase", "title": ""}, "title"),
        ({"kind": "purchase", "title": "Lamp", "link": "javascript:alert(1)"}, "link"),
        ({"kind": "purchase", "title": "Lamp", "at": "yesterday"}, "at"),
    ],
)
async def test_an_event_that_cannot_be(client: Client, body: dict[str, Any], field: str) -> None:
    assert field in (await client.post(f"/contacts/{await card(client)}/events", body)).errors


async def test_what_happened_to_a_merged_card_is_in_the_line(client: Client) -> None:
    one, two = await card(client), await card(client, name="Dora B.")
    await client.post(f"/contacts/{two}/events", {"kind": "purchase", "title": "Lamp"})
    await client.post(f"/contacts/{one}/merge", {"with": two})
    assert ("event", "purchase") in await whole(client, one, 50)


async def test_an_address_is_added_and_taken_away_by_hand(client: Client) -> None:
    number = await card(client)
    path = f"/contacts/{number}/identities"
    added = await client.post(path, {"kind": "phone", "address": "+49 30 901830"})
    assert [(i["address"], i["verified"]) for i in added.body["identities"]] == [(PHONE, False)]
    assert (await client.post(path, {"kind": "phone", "address": PHONE})).status == 409
    assert (await client.post(path, {"kind": "phone", "address": "030"})).errors.keys() == {"address"}
    other = await card(client, name="Eva")
    noted = await client.post(f"/contacts/{other}/identities", {"kind": "phone", "address": PHONE})
    assert noted.status == 201 and noted.body["identities"] == []
    claims = await client.run(lambda c: [tuple(r) for r in c.execute(sa.select(t.identity_claims.c.contact_id))])
    assert claims == [(other,)]
    identity = added.body["identities"][0]["id"]
    assert (await client.delete(f"/contacts/{other}/identities/{identity}")).status == 404
    assert (await client.delete(f"{path}/{identity}")).status == 204
    assert (await client.get(f"/contacts/{number}")).body["identities"] == []


async def test_an_address_somebody_wrote_from_is_not_taken_away(client: Client) -> None:
    conversation = await client.hear(await client.channel(), address=PHONE)
    number = await client.run(rows.contact_of, conversation)
    identity = (await client.get(f"/contacts/{number}")).body["identities"][0]["id"]
    assert (await client.delete(f"/contacts/{number}/identities/{identity}")).status == 409


def _sent(connection: sa.Connection) -> list[tuple[str, str, str]]:
    m = t.messages.c
    found = connection.execute(sa.select(m.address, m.text, m.author_kind).where(m.direction == "out").order_by(m.id))
    return [(row[0], row[1], row[2]) for row in found]


async def test_a_code_sent_over_another_channel_verifies(client: Client) -> None:
    chat = await client.channel("webchat")
    await client.channel("sms")
    number = await client.run(rows.contact_of, await client.hear(chat, kind="webchat", address="v1"))
    await client.patch(f"/contacts/{number}", {"language": "ru"})
    added = await client.post(f"/contacts/{number}/identities", {"kind": "phone", "address": PHONE})
    path = f"/contacts/{number}/identities/{added.body['identities'][-1]['id']}"
    assert (await client.post(f"{path}/confirm", {"code": "1"})).status == 409
    assert (await client.post(f"{path}/verify")).status == 202
    assert (await client.post(f"{path}/verify")).status == 409
    ((address, text, author),) = await client.run(_sent)
    assert (address, author) == (PHONE, "system") and text.startswith("Ваш код")
    code = re.findall(r"\d{6}", text)[0]
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert "tries left: 4" in (await client.post(f"{path}/confirm", {"code": wrong})).errors["code"]
    done = await client.post(f"{path}/confirm", {"code": f" {code} "})
    assert [i["verified"] for i in done.body["identities"] if i["address"] == PHONE] == [True]
    assert (await client.post(f"{path}/verify")).status == 409
    assert await whole(client, number, 50, kinds="card") == [
        *(("card", what) for what in ("identity.verified", "identity.checked", "contact.met"))
    ]


async def test_tries_and_time_are_limited(client: Client) -> None:
    await client.channel("sms")
    number = await card(client, identities=[{"kind": "phone", "address": PHONE}])
    path = f"/contacts/{number}/identities/{(await client.get(f'/contacts/{number}')).body['identities'][0]['id']}"
    assert (await client.post(f"{path}/verify")).status == 202
    code = re.findall(r"\d{6}", (await client.run(_sent))[0][1])[0]
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    assert [(await client.post(f"{path}/confirm", {"code": wrong})).status for _ in range(6)] == [422] * 5 + [409]
    assert (await client.post(f"{path}/confirm", {"code": code})).status == 409
    for _ in range(4):
        client.clock.tick(minutes=2)
        assert (await client.post(f"{path}/verify")).status == 202
    client.clock.tick(minutes=2)
    assert (await client.post(f"{path}/verify")).status == 409
    client.clock.tick(minutes=14)
    last = re.findall(r"\d{6}", (await client.run(_sent))[-1][1])[0]
    assert (await client.post(f"{path}/confirm", {"code": last})).status == 409
    client.clock.tick(days=1)
    assert (await client.post(f"{path}/verify")).status == 202


async def test_no_code_goes_where_no_channel_may_write_first(client: Client) -> None:
    number = await card(client, identities=[{"kind": "email", "address": "dora@example.com"}])
    identity = (await client.get(f"/contacts/{number}")).body["identities"][0]["id"]
    assert (await client.post(f"/contacts/{number}/identities/{identity}/verify")).status == 409
