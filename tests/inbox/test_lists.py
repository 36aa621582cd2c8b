"""Lists that operators keep: what is late, where I was called, views of one's own, labels."""

from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from inbox import mentions
from inbox import schema as t
from inbox.search import find
from inbox.views import lists as views
from tests.inbox.conftest import Client
from tests.inbox.test_api_conversations import ids, three

_c = t.conversations.c


def due(connection: sa.Connection, conversation_id: int, at: datetime) -> None:
    connection.execute(sa.update(t.conversations).where(_c.id == conversation_id).values(answer_due=at))


async def test_each_view_lists_what_it_says_and_its_count_agrees(client: Client) -> None:
    a, b, c = await three(client)
    team = (await client.post("/teams", {"name": "Sales", "members": [client.id]})).body["id"]
    other = (await client.post("/teams", {"name": "Other", "members": []})).body["id"]
    await client.patch(f"/conversations/{a}", {"assignee": client.id, "team": team})
    await client.patch(f"/conversations/{b}", {"team": other, "snoozed_until": "2026-12-01T00:00:00Z"})
    await client.run(due, a, client.clock.time)
    client.clock.tick(minutes=1)
    expected = {"mine": [a], "unassigned": [c], "team": [a], "waiting": [a, c], "late": [a], "mentioned": [], "snoozed": [b]}
    counts = (await client.get("/conversations/counts")).body
    for view, found in expected.items():
        status = {} if view in ("late", "mentioned", "snoozed") else {"status": "current"}
        sort = {"sort": "waiting"} if view == "waiting" else {}
        assert ids(await client.get("/conversations", view=view, **status, **sort)) == found, view
        assert counts[view] == len(found), view
    assert ids(await client.get("/conversations", view="closed")) == []
    await client.patch(f"/conversations/{c}", {"status": "closed"})
    assert ids(await client.get("/conversations", view="closed")) == [c]


async def test_late_begins_with_the_latest_and_snoozed_with_the_next_to_come_back_page_by_page(client: Client) -> None:
    a, b, c = await three(client)
    for number, minutes in ((a, 2), (b, 3), (c, 1)):
        await client.run(due, number, client.clock.time.replace(minute=minutes))
    client.clock.tick(hours=1)
    assert await pages(client, view="late") == [c, a, b]
    for number, day in ((a, 3), (b, 2), (c, 4)):
        await client.patch(f"/conversations/{number}", {"snoozed_until": f"2026-12-0{day}T00:00:00Z"})
    assert await pages(client, view="snoozed") == [b, a, c]
    assert await pages(client, view="late") == []


async def pages(client: Client, **query: Any) -> list[int]:
    """Everything, one by one."""
    found, cursor = [], None
    while True:
        page = (await client.get("/conversations", limit=1, **query, **({"cursor": cursor} if cursor else {}))).body
        found += [item["id"] for item in page["items"]]
        if (cursor := page["next"]) is None:
            return found


async def test_lists_are_narrowed_by_label_and_time_and_waiting(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b, c = await three(client)
    await client.patch(f"/conversations/{a}", {"labels": ["Возврат", "vip"]})
    await client.patch(f"/conversations/{b}", {"labels": ["vip"]})
    await client.patch(f"/conversations/{c}", {"labels": ["vip"], "status": "closed"})
    client.clock.tick(days=3)
    d = await client.hear(await client.channel("whatsapp"), "Later", address="+4930901824", kind="whatsapp")
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({"label": "vip"}, [b, a]),
        ({"label": "vip", "status": "any"}, [c, b, a]),
        ({"label": "vip", "status": "closed"}, [c]),
        ({"label": "vip", "sort": "waiting"}, [a, b]),
        ({"label": "Возврат"}, [a]),
        ({"label": "VIP"}, []),
        ({"within_days": 2}, [d]),
        ({"quiet_days": 2}, [b, a]),
        ({"waiting": "true", "quiet_days": 2, "label": "vip"}, [b, a]),
    ]
    for most in (views.FEW, 0):  # looked up by their ids, and met on the way along the list
        monkeypatch.setattr(views, "FEW", most)
        for query, expected in cases:
            assert await pages(client, **query) == expected, (most, query)


async def test_labels_are_counted_where_they_stand(client: Client) -> None:
    assert (await client.get("/conversations/labels")).body == {"items": []}
    a, b, _ = await three(client)
    await client.patch(f"/conversations/{a}", {"labels": ["vip", "Возврат"]})
    await client.patch(f"/conversations/{b}", {"labels": ["vip"]})
    await client.patch(f"/conversations/{a}", {"labels": ["vip", "new"]})
    found = (await client.get("/conversations/labels")).body["items"]
    assert found == [{"label": "new", "count": 1}, {"label": "vip", "count": 2}]


def call(connection: sa.Connection, now: datetime, by: int, conversation_id: int, called: list[int]) -> None:
    message = connection.scalar(sa.select(sa.func.max(t.messages.c.id)).where(t.messages.c.conversation_id == conversation_id))
    assert message is not None
    mentions.keep(connection, now, by, (message, conversation_id), called)


async def test_who_was_called_finds_the_conversation_until_they_looked(client: Client) -> None:
    a, _, _ = await three(client)
    oleg = await client.become("operator", "Oleg")
    await client.run(call, client.clock.time, client.id, a, [oleg.id, client.id, 999])
    await client.run(call, client.clock.time, client.id, a, [oleg.id])
    await client.patch(f"/conversations/{a}", {"status": "closed"})
    assert ids(await oleg.get("/conversations", view="mentioned")) == [a]
    assert ids(await client.get("/conversations", view="mentioned")) == []
    assert (await oleg.get("/conversations/counts")).body["mentioned"] == 1
    await oleg.post(f"/conversations/{a}/read")
    assert (await oleg.get("/conversations/counts")).body["mentioned"] == 0
    assert ids(await oleg.get("/conversations", view="mentioned")) == [a]
    await client.run(call, client.clock.time, client.id, a, [oleg.id])
    assert (await oleg.get("/conversations/counts")).body["mentioned"] == 1
    assert ids(await oleg.get("/conversations", view="mentioned", label="x")) == []


async def test_a_note_calls_the_colleagues_it_names(client: Client) -> None:
    a, _, _ = await three(client)
    oleg = await client.become("operator", "Oleg")
    note = {"text": "@Oleg, have a look", "note": True, "mentions": [oleg.id]}
    assert (await client.post(f"/conversations/{a}/messages", note)).status == 201
    assert ids(await oleg.get("/conversations", view="mentioned")) == [a]
    assert (await oleg.get("/conversations/counts")).body["mentioned"] == 1


async def test_a_view_is_saved_shared_ordered_deleted_and_brought_back(client: Client) -> None:
    oleg = await client.become("operator", "Oleg")
    team = (await client.post("/teams", {"name": "Sales", "members": [oleg.id]})).body["id"]
    made = await client.post("/views", {"name": " Late VIP ", "filter": {"view": "late", "label": "vip"}})
    first = made.body["id"]
    assert made.body == {
        "id": first, "name": "Late VIP", "filter": {"view": "late", "label": "vip"}, "shared": "private", "team": None,
        "mine": True,
    }  # fmt: skip
    second = (await client.post("/views", {"name": "Ours", "filter": {}, "shared": "team", "team": team})).body["id"]
    third = (await oleg.post("/views", {"name": "All", "filter": {"within_days": 7}, "shared": "all"})).body["id"]
    assert await named(client) == ["Late VIP", "Ours", "All"]
    assert await named(oleg) == ["Ours", "All"]
    await oleg.post("/views/order", {"ids": [third, second]})
    assert await named(oleg) == ["All", "Ours"] and await named(client) == ["Late VIP", "Ours", "All"]
    await client.patch(f"/views/{first}", {"name": "VIP", "filter": {"label": "vip"}})
    await client.patch(f"/views/{second}", {"shared": "private"})
    assert await named(oleg) == ["All"]
    assert (await client.delete(f"/views/{first}")).status == 204
    assert await named(client) == ["Ours", "All"]
    assert (await client.patch(f"/views/{first}", {"name": "x"})).status == 404
    assert (await client.post(f"/views/{first}/restore")).body["filter"] == {"view": "all", "label": "vip"}
    assert await named(client) == ["VIP", "Ours", "All"]


async def named(client: Client) -> list[str]:
    return [each["name"] for each in (await client.get("/views")).body["items"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"name": "", "filter": {}}, "name", id="no name"),
        pytest.param({"name": "a", "filter": {"view": "theirs"}}, "filter.view", id="a view there is not"),
        pytest.param({"name": "a", "filter": {"colour": 1}}, "filter.colour", id="an unknown filter"),
        pytest.param({"name": "a", "filter": {"view": "mine", "assignee": "none"}}, "filter", id="a contradiction"),
        pytest.param({"name": "a", "filter": {}, "shared": "team"}, "team", id="which team"),
        pytest.param({"name": "a", "filter": {}, "shared": "team", "team": 999}, "team", id="no such team"),
        pytest.param({"name": "a", "filter": {}, "team": 1}, "team", id="a private one has no team"),
    ],
)
async def test_a_view_that_cannot_be_names_the_field(client: Client, body: dict[str, Any], field: str) -> None:
    answer = await client.post("/views", body)
    assert answer.status == 422 and field in answer.errors


async def test_only_its_maker_changes_a_view_and_a_private_one_is_nobody_elses(client: Client) -> None:
    oleg = await client.become("operator", "Oleg")
    private = (await client.post("/views", {"name": "a", "filter": {}})).body["id"]
    shared = (await client.post("/views", {"name": "b", "filter": {}, "shared": "all"})).body["id"]
    for number, status in ((private, 404), (shared, 403), (999, 404)):
        assert (await oleg.patch(f"/views/{number}", {"name": "x"})).status == status
        assert (await oleg.delete(f"/views/{number}")).status == status
        assert (await oleg.post(f"/views/{number}/restore")).status == status


async def test_what_was_merged_into_another_stands_in_no_list(client: Client) -> None:
    a, b, _ = await three(client)
    await client.patch(f"/conversations/{a}", {"status": "closed"})
    channel = (await client.get(f"/conversations/{b}")).body["channel"]["id"]
    again = await client.hear(channel, "Again", address="+4930901821", name="Anna")
    assert ids(await client.get("/conversations", view="closed")) == [a]
    step = (await client.post(f"/conversations/{a}/merge", {"other": again})).body["undo"]
    contact = (await client.get(f"/conversations/{a}")).body["contact"]["id"]
    for query in ({"view": "closed"}, {"status": "closed"}, {"status": "any"}, {"contact": contact}):
        assert a not in ids(await client.get("/conversations", **query)), query
    assert a not in ids(await client.get(f"/contacts/{contact}/conversations"))
    await client.post(f"/undo/{step}")
    assert ids(await client.get("/conversations", view="closed")) == [a]


@pytest.mark.parametrize("few", [2_000, 0], ids=["named", "met on the way"])
async def test_who_waits_longest_in_one_channel_or_team(client: Client, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    monkeypatch.setattr(views, "FEW", few)
    a, b, c = await three(client)
    team = (await client.post("/teams", {"name": "Sales", "members": []})).body["id"]
    await client.patch(f"/conversations/{c}", {"team": team})
    client.clock.tick(minutes=1)
    channel = await client.channel("whatsapp")
    d = await client.hear(channel, "Later", address="+4930901824", kind="whatsapp")
    for narrow, expected in (({"channel": channel}, [d]), ({"team": team}, [c]), ({}, [a, b, c, d])):
        assert await pages(client, sort="waiting", status="active", **narrow) == expected, narrow
    given = await client.run(lambda connection: views.Filter(channel=channel).values(connection, "waiting"))
    assert ("among" in given) is (few > 0)


def test_the_messages_of_one_person_are_told_by_an_index(trial: sa.Connection) -> None:
    query = str(find._OF_CONTACT["messages"].compile(trial, compile_kwargs={"literal_binds": False}))
    lite = trial.dialect.name == "sqlite"
    if not lite:
        trial.execute(sa.text("SET LOCAL enable_seqscan = off"))
    told = f"EXPLAIN {'QUERY PLAN ' if lite else ''}{query.replace('?', '1').replace('%(contact)s::BIGINT', '1')}"
    plan = " ".join(str(row) for row in trial.exec_driver_sql(told))
    assert "ix_messages_contact" in plan, plan
