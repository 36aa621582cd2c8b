"""The inbox over HTTP: lists and views, what operators do with a conversation, who is told."""

from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.views.conversations import speaking
from tests.inbox.conftest import Client

FIRST, SECOND, THIRD = "+4930901821", "+4930901822", "+4930901823"


def ids(answer: Any) -> list[int]:
    assert answer.status == 200, answer
    return [item["id"] for item in answer.body["items"]]


def without_bot(connection: sa.Connection) -> None:
    """Nobody is served by a bot."""
    connection.execute(sa.update(t.conversations).values(bot=False))


async def three(client: Client) -> tuple[int, int, int]:
    """Three customers, a minute apart, whom no bot serves."""
    channel = await client.channel()
    found = []
    for name, address in (("Anna", FIRST), ("Борис", SECOND), ("Carl", THIRD)):
        found.append(await client.hear(channel, f"I am {name}", address=address, name=name))
        client.clock.tick(minutes=1)
    await client.run(without_bot)
    return found[0], found[1], found[2]


async def test_a_conversation_is_listed_with_all_that_its_row_shows(client: Client) -> None:
    channel = await client.channel(name="Support")
    number = await client.hear(channel, "Where is my parcel?")
    item = (await client.get("/conversations")).body["items"][0]
    assert item["id"] == number
    assert item["contact"]["name"] == "Anna Schmidt"
    assert item["channel"] == {"id": channel, "kind": "sms", "name": "Support"}
    assert item["last_message"] == {
        "text": "Where is my parcel?", "at": "2026-11-22T09:00:00Z", "direction": "in", "author": "contact",
    }  # fmt: skip
    assert (item["status"], item["unread"], item["assignee"], item["bot"]) == ("open", 1, None, True)
    assert item["waiting_since"] == "2026-11-22T09:00:00Z"


@pytest.mark.parametrize(("name", "shown"), [("", FIRST), ("Anna", None)])
async def test_somebody_without_a_name_is_known_by_the_address(client: Client, name: str, shown: str | None) -> None:
    number = await client.hear(await client.channel(), "Hello", address=FIRST, name=name)
    for found in ((await client.get("/conversations")).body["items"][0], (await client.get(f"/conversations/{number}")).body):
        assert (found["contact"]["name"], found["contact"]["address"]) == (name, shown)


@pytest.mark.parametrize(
    ("kind", "address", "shown"),
    [
        ("sms", FIRST, FIRST), ("sms", f"whatsapp:{FIRST}", FIRST), ("sms", "anonymous:1", None),
        ("whatsapp", "79000000155", "+79000000155"), ("whatsapp", "RU.77001", None),
        ("email", "anna@x.example", "anna@x.example"), ("telegram", "720001", None), ("webchat", "v-1", None),
    ],
)  # fmt: skip
def test_only_an_address_that_people_know_stands_for_a_name(kind: str, address: str, shown: str | None) -> None:
    assert speaking(kind, address) == shown


async def test_the_newest_message_is_on_top_and_who_waits_longest_where_that_is_asked(client: Client) -> None:
    a, b, c = await three(client)
    assert ids(await client.get("/conversations")) == [c, b, a]
    assert ids(await client.get("/conversations", sort="waiting")) == [a, b, c]


@pytest.mark.parametrize("sort", ["last", "waiting"])
async def test_pages_meet_without_a_gap_or_a_repetition_also_while_messages_come(client: Client, sort: str) -> None:
    a, b, c = await three(client)
    page = (await client.get("/conversations", sort=sort, limit=1)).body
    seen = [page["items"][0]["id"]]
    while page["next"]:
        page = (await client.get("/conversations", sort=sort, limit=1, cursor=page["next"])).body
        seen += [item["id"] for item in page["items"]]
    assert seen == ([c, b, a] if sort == "last" else [a, b, c])


async def test_views_and_filters(client: Client) -> None:
    a, b, c = await three(client)
    me = client.id
    team = (await client.post("/teams", {"name": "Sales", "members": [me]})).body["id"]
    await client.patch(f"/conversations/{a}", {"assignee": me})
    await client.patch(f"/conversations/{b}", {"team": team})
    await client.patch(f"/conversations/{c}", {"status": "closed"})
    other = await client.channel(name="Other")
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [b, a]),
        ({"view": "mine"}, [a]),
        ({"assignee": "me"}, [a]),
        ({"assignee": me}, [a]),
        ({"view": "unassigned"}, [b]),
        ({"assignee": "none", "status": "any"}, [c, b]),
        ({"view": "team"}, [b]),
        ({"view": "waiting"}, [b, a]),
        ({"team": team}, [b]),
        ({"channel": other}, []),
        ({"status": "closed"}, [c]),
        ({"status": "any"}, [c, b, a]),
        ({"q": "борис"}, [b]),
        ({"q": "Ann"}, [a]),
        ({"q": "030 901823"}, []),
        ({"q": "+49 30 901-823"}, [c]),
    ]
    for query, expected in cases:
        assert ids(await client.get("/conversations", **query)) == expected, query


async def test_whom_the_bot_serves_is_not_unassigned(client: Client) -> None:
    await client.hear(await client.channel(), "Hello")
    assert ids(await client.get("/conversations", view="unassigned")) == []
    assert (await client.get("/conversations/counts")).body["unassigned"] == 0


async def test_counts(client: Client) -> None:
    a, b, _ = await three(client)
    await client.patch(f"/conversations/{a}", {"assignee": client.id})
    await client.post(f"/conversations/{b}/read")
    counts = (await client.get("/conversations/counts")).body
    assert counts == {"mine": 1, "unassigned": 2, "all": 3, "unread_mine": 1, "late": 0} | {
        "team": 0, "waiting": 3, "mentioned": 0, "snoozed": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "field"),
    [
        pytest.param({"cursor": "nonsense"}, "cursor", id="a cursor that is none"),
        pytest.param({"cursor": "W10"}, "cursor", id="a cursor of another list"),
        pytest.param({"cursor": "WyJhIiwiYiJd"}, "cursor", id="a cursor with the wrong parts"),
        pytest.param({"limit": "0"}, "limit", id="no items at all"),
        pytest.param({"limit": "201"}, "limit", id="too many items"),
        pytest.param({"view": "nobody's"}, "view", id="a view there is not"),
        pytest.param({"assignee": "x"}, "assignee", id="not a person"),
        pytest.param({"team": "99999999999999999999"}, "team", id="a number no table holds"),
        pytest.param({"q": "a\0b"}, "q", id="a NUL"),
        pytest.param({"colour": "red"}, "colour", id="unknown"),
        pytest.param({"view": "mine", "assignee": "none"}, "assignee", id="a contradiction"),
    ],
)
async def test_a_wrong_parameter_is_named(client: Client, query: dict[str, str], field: str) -> None:
    answer = await client.get("/conversations", **query)
    assert answer.status == 422 and field in answer.errors


async def test_assigning_takes_it_from_the_bot_and_is_recorded(client: Client) -> None:
    a, _, _ = await three(client)
    oleg = await client.become("operator", "Oleg")
    item = (await client.patch(f"/conversations/{a}", {"assignee": oleg.id})).body
    assert item["assignee"] == {"id": oleg.id, "name": "Oleg"} and item["bot"] is False
    events = (await client.get(f"/conversations/{a}/events")).body["items"]
    assert [e["kind"] for e in events] == ["message.received", "conversation.opened", "conversation.assigned"] or [
        e["kind"] for e in events
    ] == ["conversation.opened", "message.received", "conversation.assigned"]
    assert events[-1]["data"]["manager_id"] == oleg.id and events[-1]["actor"]["name"] == "Olga Owner"
    assert (await client.get(f"/contacts/{item['contact']['id']}")).body["manager"]["id"] == oleg.id


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"assignee": 999}, "assignee", id="nobody"),
        pytest.param({"team": 999}, "team", id="no team"),
        pytest.param({"status": "snoozed"}, "snoozed_until", id="snoozed without a time"),
        pytest.param({"status": "open", "snoozed_until": "2026-12-01T00:00:00Z"}, "snoozed_until", id="open with a time"),
        pytest.param({"snoozed_until": "2026-11-01T00:00:00Z"}, "snoozed_until", id="a time that is over"),
        pytest.param({"snoozed_until": "2026-12-01T00:00:00"}, "snoozed_until", id="a time without a zone"),
        pytest.param({"snoozed_until": 1800000000}, "snoozed_until", id="a number for a time"),
        pytest.param({"priority": 7}, "priority", id="no such priority"),
        pytest.param({"labels": [""]}, "labels.0", id="an empty label"),
        pytest.param({"assignee": "me"}, "assignee", id="a word for a number"),
        pytest.param({"status": None}, "status", id="null for a status"),
    ],
)
async def test_a_change_that_cannot_be_changes_nothing(client: Client, change: dict[str, Any], field: str) -> None:
    a, _, _ = await three(client)
    before = (await client.get(f"/conversations/{a}")).body
    answer = await client.patch(f"/conversations/{a}", {"labels": ["vip"]} | change)
    assert answer.status == 422 and field in answer.errors
    assert (await client.get(f"/conversations/{a}")).body == before


async def test_only_those_who_answer_are_given_conversations(client: Client) -> None:
    a, _, _ = await three(client)
    viewer = await client.become("viewer")
    assert (await client.patch(f"/conversations/{a}", {"assignee": viewer.id})).errors.keys() == {"assignee"}


async def test_closing_and_reopening(client: Client) -> None:
    a, _, _ = await three(client)
    closed = (await client.patch(f"/conversations/{a}", {"status": "closed"})).body
    assert (closed["status"], closed["waiting_since"], closed["unread"]) == ("closed", None, 0) and closed["closed_at"]
    opened = (await client.patch(f"/conversations/{a}", {"status": "open"})).body
    assert (opened["status"], opened["closed_at"]) == ("open", None)


async def test_an_old_conversation_is_not_reopened_beside_the_new_one(client: Client) -> None:
    channel = await client.channel()
    old = await client.hear(channel, "First")
    await client.patch(f"/conversations/{old}", {"status": "closed"})
    new = await client.hear(channel, "Second")
    assert new != old
    answer = await client.patch(f"/conversations/{old}", {"status": "open"})
    assert answer.status == 409 and str(new) in answer.body["detail"]


async def test_snoozing(client: Client) -> None:
    a, _, _ = await three(client)
    until = "2026-11-23T08:00:00Z"
    item = (await client.patch(f"/conversations/{a}", {"snoozed_until": until})).body
    assert (item["status"], item["snoozed_until"], item["answer_due"]) == ("snoozed", until, until)
    assert ids(await client.get("/conversations", status="snoozed")) == [a]
    back = (await client.patch(f"/conversations/{a}", {"status": "open"})).body
    assert (back["status"], back["snoozed_until"]) == ("open", None)


async def test_labels_and_priority(client: Client) -> None:
    a, _, _ = await three(client)
    item = (await client.patch(f"/conversations/{a}", {"labels": [" vip ", "vip", "late"], "priority": 2})).body
    assert (item["labels"], item["priority"]) == (["vip", "late"], 2)


async def test_what_is_not_there_is_404(client: Client) -> None:
    for path in (
        "/conversations/99",
        "/conversations/99/messages",
        "/conversations/99/events",
        "/conversations/99999999999999999999",
    ):
        assert (await client.get(path)).status == 404, path
    assert (await client.patch("/conversations/99", {"status": "closed"})).status == 404
    assert (await client.post("/conversations/99/read")).status == 404


async def test_the_reaches_tell_what_can_be_sent_where(client: Client) -> None:
    whatsapp = await client.channel("whatsapp")
    number = await client.hear(whatsapp, kind="whatsapp")
    reach = (await client.get(f"/conversations/{number}")).body["reaches"][0]
    assert reach["can_send"] and reach["window_until"] == "2026-11-23T09:00:00Z" and reach["reason"] is None
    client.clock.tick(hours=25)
    reach = (await client.get(f"/conversations/{number}")).body["reaches"][0]
    assert not reach["can_send"] and "template" in reach["reason"]


async def test_writing_first(client: Client) -> None:
    channel = await client.channel()
    contact = (
        await client.post("/contacts", {"name": "Dora", "identities": [{"kind": "phone", "address": "+49 30 901 824"}]})
    ).body
    body = {"contact_id": contact["id"], "channel_id": channel, "text": "Your parcel is here"}
    started = await client.post("/conversations", body, **{"Idempotency-Key": "once"})
    assert started.status == 201 and started.body["assignee"]["id"] == client.id
    assert (await client.post("/conversations", body, **{"Idempotency-Key": "once"})).body["id"] == started.body["id"]
    messages = (await client.get(f"/conversations/{started.body['id']}/messages")).body["items"]
    assert [(m["text"], m["state"]) for m in messages] == [("Your parcel is here", "queued")]
    again = await client.post("/conversations", body | {"text": "One more thing"})
    assert again.body["id"] == started.body["id"], "one person, one thread"


async def test_writing_first_where_that_cannot_be(client: Client) -> None:
    sms, chat = await client.channel(), await client.channel("webchat")
    contact = (await client.post("/contacts", {"name": "Dora"})).body["id"]
    cases = [
        ({"contact_id": contact, "channel_id": sms, "text": "Hi"}, 409),
        ({"contact_id": contact, "channel_id": chat, "text": "Hi"}, 409),
        ({"contact_id": 999, "channel_id": sms, "text": "Hi"}, 422),
        ({"contact_id": contact, "channel_id": 999, "text": "Hi"}, 422),
    ]
    for body, status in cases:
        assert (await client.post("/conversations", body)).status == status, body
    assert ids(await client.get("/conversations", status="any")) == []
