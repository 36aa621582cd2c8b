"""People over HTTP: cards, search, tags; two cards that are one person, one card that is two."""

from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from tests.inbox.conftest import Client

ANNA, OTHER = "+4930901821", "+4930901822"


async def card(client: Client, **more: Any) -> int:
    answer = await client.post("/contacts", {"name": "Dora"} | more)
    assert answer.status == 201, answer
    return int(answer.body["id"])


def ids(answer: Any) -> list[int]:
    return [item["id"] for item in answer.body["items"]]


async def test_a_card_says_all_we_know(client: Client) -> None:
    channel = await client.channel()
    await client.hear(channel, address=ANNA)
    (found,) = (await client.get("/contacts")).body["items"]
    assert (found["name"], found["conversations"], found["tags"]) == ("Anna Schmidt", 1, [])
    assert [(i["kind"], i["address"], i["verified"]) for i in found["identities"]] == [("phone", ANNA, True)]
    assert found["consent"][0]["address"] == ANNA and found["consent"][0]["stopped_at"] is None
    assert (await client.get(f"/contacts/{found['id']}")).body == found


async def test_a_typed_address_is_normalised_and_only_claimed(client: Client) -> None:
    number = await card(
        client,
        identities=[{"kind": "phone", "address": "+49 (30) 901-821"}, {"kind": "email", "address": " Dora@Example.COM "}],
        tags=["vip", "vip"],
        fields={"city": "Berlin"},
        timezone="Europe/Berlin",
    )
    found = (await client.get(f"/contacts/{number}")).body
    assert [(i["address"], i["verified"]) for i in found["identities"]] == [(ANNA, False), ("dora@example.com", False)]
    assert (found["tags"], found["fields"], found["timezone"]) == (["vip"], {"city": "Berlin"}, "Europe/Berlin")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        pytest.param({"identities": [{"kind": "phone", "address": "030 1"}]}, 422, "identities.0.address", id="no country"),
        pytest.param({"identities": [{"kind": "phone", "address": "+490"}]}, 422, "identities.0.address", id="no number"),
        pytest.param({"identities": [{"kind": "email", "address": "dora"}]}, 422, "identities.0.address", id="no address"),
        pytest.param({"identities": [{"kind": "telegram", "address": "1"}]}, 422, "identities.0.kind", id="not to be typed"),
        pytest.param({"identities": [{"kind": "phone", "address": ANNA}]}, 409, "", id="somebody else's"),
        pytest.param({"timezone": "Berlin"}, 422, "timezone", id="no time zone"),
        pytest.param({"manager": 999}, 422, "manager", id="nobody"),
        pytest.param({"language": "german!"}, 422, "language", id="no language"),
        pytest.param({"tags": [""]}, 422, "tags.0", id="an empty tag"),
    ],
)
async def test_a_card_that_cannot_be(client: Client, body: dict[str, Any], status: int, field: str) -> None:
    await card(client, identities=[{"kind": "phone", "address": ANNA}])
    answer = await client.post("/contacts", {"name": "Eva"} | body)
    assert answer.status == status and (not field or field in answer.errors)
    assert len(ids(await client.get("/contacts"))) == 1


async def test_changing_names_only_what_changes(client: Client) -> None:
    number = await card(client, tags=["a"], language="de")
    assert (await client.patch(f"/contacts/{number}", {"name": "Dora M."})).body["tags"] == ["a"]
    changed = (await client.patch(f"/contacts/{number}", {"language": None, "tags": ["b"], "manager": client.id})).body
    assert (changed["name"], changed["language"], changed["tags"]) == ("Dora M.", None, ["b"])
    assert changed["manager"]["id"] == client.id


async def test_finding_people(client: Client) -> None:
    anna = await card(client, name="Анна Каренина", identities=[{"kind": "phone", "address": "+79161234567"}], tags=["vip"])
    carl = await card(client, name="Carl 100%_real", identities=[{"kind": "email", "address": "carl@example.com"}])
    number = (await client.get(f"/contacts/{anna}")).body["number"]
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [carl, anna]),
        ({"q": "каренина"}, [anna]),
        ({"q": "КАР"}, [anna]),
        ({"q": number}, [anna]),
        ({"q": "8 916 123-45-67"}, [anna]),
        ({"q": "+7916"}, [anna]),
        ({"q": "carl@"}, [carl]),
        ({"q": "100%_"}, [carl]),
        ({"q": "%"}, [carl]),
        ({"q": "nobody"}, []),
        ({"tag": "vip"}, [anna]),
        ({"limit": 1}, [carl]),
    ]
    for query, expected in cases:
        assert ids(await client.get("/contacts", **query)) == expected, query
    assert (await client.get("/tags")).body["items"] == [{"tag": "vip", "count": 1}]


async def test_two_cards_of_one_person_become_one_thread(client: Client) -> None:
    sms, chat = await client.channel(), await client.channel("webchat")
    one = await client.hear(sms, "by phone", address=ANNA)
    client.clock.tick(minutes=1)
    two = await client.hear(chat, "by chat", kind="webchat", address="visitor-1", name="A. Schmidt")
    first, second = [(await client.get(f"/conversations/{n}")).body["contact"]["id"] for n in (one, two)]
    await client.patch(f"/contacts/{second}", {"tags": ["vip"], "fields": {"city": "Berlin"}})
    merged = await client.post(f"/contacts/{first}/merge", {"with": second})
    assert merged.status == 200
    assert {i["kind"] for i in merged.body["identities"]} == {"phone", "webchat"}
    assert (merged.body["tags"], merged.body["fields"], merged.body["name"]) == (["vip"], {"city": "Berlin"}, "Anna Schmidt")
    thread = (await client.get(f"/conversations/{one}/messages")).body["items"]
    assert [m["text"] for m in thread] == ["by phone", "by chat"]
    kept, gone = [(await client.get(f"/conversations/{n}")).body for n in (one, two)]
    assert (kept["unread"], kept["channel"]["id"], gone["status"]) == (2, chat, "closed")
    assert ids(await client.get("/contacts")) == [first]
    assert (await client.get(f"/contacts/{second}")).body["merged_into"] == first


async def test_what_comes_after_a_merge_goes_into_the_one_thread(client: Client) -> None:
    sms, chat = await client.channel(), await client.channel("webchat")
    one = await client.hear(sms, "by phone", address=ANNA)
    two = await client.hear(chat, "by chat", kind="webchat", address="visitor-1")
    first, second = [(await client.get(f"/conversations/{n}")).body["contact"]["id"] for n in (one, two)]
    await client.post(f"/contacts/{first}/merge", {"with": second})
    client.clock.tick(minutes=1)
    assert await client.hear(chat, "again", kind="webchat", address="visitor-1") == one


async def test_merges_that_cannot_be(client: Client) -> None:
    one, two = await card(client), await card(client)
    assert (await client.post(f"/contacts/{one}/merge", {"with": one})).errors.keys() == {"with"}
    assert (await client.post(f"/contacts/{one}/merge", {"with": 999})).status == 404
    assert (await client.post(f"/contacts/{one}/merge", {"with": two})).status == 200
    assert (await client.post(f"/contacts/{one}/merge", {"with": two})).status == 409
    assert (await client.patch(f"/contacts/{two}", {"name": "Gone"})).status == 409


async def test_a_split_undoes_a_merge(client: Client) -> None:
    sms, chat = await client.channel(), await client.channel("webchat")
    one = await client.hear(sms, "by phone", address=ANNA)
    client.clock.tick(minutes=1)
    two = await client.hear(chat, "by chat", kind="webchat", address="visitor-1")
    first, second = [(await client.get(f"/conversations/{n}")).body["contact"]["id"] for n in (one, two)]
    merged = (await client.post(f"/contacts/{first}/merge", {"with": second})).body
    chat_identity = next(i["id"] for i in merged["identities"] if i["kind"] == "webchat")
    new = (await client.post(f"/contacts/{first}/split", {"identity_ids": [chat_identity]})).body
    assert [i["kind"] for i in new["identities"]] == ["webchat"] and new["conversations"] >= 1
    theirs = ids(await client.get(f"/contacts/{new['id']}/conversations"))
    thread = (await client.get(f"/conversations/{theirs[0]}/messages", timeline="contact")).body["items"]
    assert [m["text"] for m in thread] == ["by chat"]
    left = (await client.get(f"/conversations/{one}/messages", timeline="contact")).body["items"]
    assert [m["text"] for m in left] == ["by phone"]
    assert (await client.get(f"/conversations/{one}")).body["channel"]["id"] == sms
    client.clock.tick(minutes=1)
    again = await client.hear(chat, "still me", kind="webchat", address="visitor-1")
    assert (await client.get(f"/conversations/{again}")).body["contact"]["id"] == new["id"]


async def test_splits_that_cannot_be(client: Client) -> None:
    number = await card(client, identities=[{"kind": "phone", "address": ANNA}, {"kind": "phone", "address": OTHER}])
    both = [i["id"] for i in (await client.get(f"/contacts/{number}")).body["identities"]]
    assert (await client.post(f"/contacts/{number}/split", {"identity_ids": both})).status == 409
    assert (await client.post(f"/contacts/{number}/split", {"identity_ids": [999]})).errors.keys() == {"identity_ids"}
    assert (await client.post(f"/contacts/{number}/split", {"identity_ids": []})).errors.keys() == {"identity_ids"}


async def test_nothing_is_lost_by_merging_and_splitting(client: Client) -> None:
    """Every message is still there, and in a conversation of its own contact."""
    sms, chat = await client.channel(), await client.channel("webchat")
    one = await client.hear(sms, "a", address=ANNA)
    two = await client.hear(chat, "b", kind="webchat", address="visitor-1")
    await client.post(f"/conversations/{two}/messages", {"text": "c"})
    first, second = [(await client.get(f"/conversations/{n}")).body["contact"]["id"] for n in (one, two)]
    merged = (await client.post(f"/contacts/{first}/merge", {"with": second})).body
    await client.post(f"/contacts/{first}/split", {"identity_ids": [merged["identities"][1]["id"]]})

    def strays(connection: sa.Connection) -> tuple[int, int]:
        m, c = t.messages.c, t.conversations.c
        joined = sa.select(m.id).join(t.conversations, c.id == m.conversation_id)
        whole = connection.execute(joined).all()
        return len(whole), len(connection.execute(joined.where(m.contact_id != c.contact_id)).all())

    assert await client.run(strays) == (3, 0)
