"""Work on conversations over HTTP: several actions at once, undo, transfer, close with a reason, merge, split, links, macros."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.store import ids
from tests.inbox.conftest import Client

FIRST, SECOND = "+4930901821", "+4930901822"


async def two(client: Client) -> tuple[int, int]:
    """Two customers who wait."""
    channel = await client.channel()
    a = await client.hear(channel, "I am Anna", address=FIRST, name="Anna")
    b = await client.hear(channel, "I am Boris", address=SECOND, name="Boris")
    return a, b


async def act(client: Client, those: list[int], *actions: dict[str, Any], zone: str = "UTC") -> Any:
    return await client.post("/conversations/actions", {"conversations": those, "actions": list(actions), "timezone": zone})


async def look(client: Client, number: int) -> Any:
    found = (await client.get(f"/conversations/{number}")).body
    return {name: value for name, value in found.items() if name != "reaches"}


def open_tasks(connection: sa.Connection, number: int) -> int:
    k = t.tasks.c
    mine = (k.conversation_id == number, k.kind == "answer", k.done_at.is_(None))
    return int(connection.scalar(sa.select(sa.func.count()).where(*mine)) or 0)


def give_task(connection: sa.Connection, number: int) -> None:
    """What respond does when a customer waits."""
    row = connection.execute(sa.select(t.conversations).where(t.conversations.c.id == number)).one()
    task = {"id": ids.one(connection, "tasks"), "kind": "answer", "contact_id": row.contact_id, "conversation_id": number}
    task |= {"due_at": row.last_at + timedelta(minutes=15), "created_at": row.last_at}
    connection.execute(sa.insert(t.tasks).values(task))


UNDOABLE: list[tuple[str, list[dict[str, Any]], dict[str, Any]]] = [
    ("assigned", [{"do": "assign", "manager": "me"}], {"status": "open"}),
    ("labelled", [{"do": "label", "labels": ["vip", "refund"]}], {"labels": ["vip", "refund"]}),
    ("urgent", [{"do": "priority", "priority": 2}], {"priority": 2}),
    ("snoozed", [{"do": "snooze", "when": "tomorrow 9:00"}], {"status": "snoozed", "snoozed_until": "2026-11-23T09:00:00Z"}),
    ("по-русски", [{"do": "snooze", "when": "через 2 часа"}], {"status": "snoozed", "snoozed_until": "2026-11-22T11:00:00Z"}),
    ("closed", [{"do": "close", "summary": "Paid back"}], {"status": "closed", "unread": 0}),
    ("read", [{"do": "read"}], {"unread": 0}),
    ("several", [{"do": "label", "labels": ["x"]}, {"do": "assign", "manager": "me"}, {"do": "close"}], {"status": "closed"}),
    ("answered", [{"do": "reply", "text": "Hello {{ contact.name }}"}, {"do": "close"}], {"status": "closed"}),
]


@pytest.mark.parametrize(("actions", "expected"), [pytest.param(a, e, id=i) for i, a, e in UNDOABLE])
async def test_what_was_done_is_undone_to_what_it_was(client: Client, actions: Any, expected: dict[str, Any]) -> None:
    number, _ = await two(client)
    await client.run(give_task, number)
    before = await look(client, number)
    tasks = await client.run(open_tasks, number)
    done = (await act(client, [number], *actions)).body
    assert expected.items() <= done["items"][0].items() and done["items"][0] != before
    undone = await client.post(f"/undo/{done['undo']}")
    assert undone.status == 200, undone
    assert await look(client, number) == before
    assert await client.run(open_tasks, number) == tasks
    kinds = [e["kind"] for e in (await client.get(f"/conversations/{number}/events", limit=100)).body["items"]]
    assert kinds[-1] == "conversation.undone"
    assert (await client.post(f"/undo/{done['undo']}")).status == 409


async def test_what_somebody_changed_since_is_not_undone(client: Client) -> None:
    number, _ = await two(client)
    step = (await act(client, [number], {"do": "assign", "manager": "me"})).body["undo"]
    other = await client.become("operator")
    assert (await other.post(f"/undo/{step}")).status == 403
    await other.patch(f"/conversations/{number}", {"assignee": other.id})
    assert (await client.post(f"/undo/{step}")).status == 409
    assert (await look(client, number))["assignee"]["id"] == other.id


async def test_a_message_that_has_gone_stays_while_the_rest_is_undone(client: Client) -> None:
    number, _ = await two(client)
    step = (await act(client, [number], {"do": "reply", "text": "Hi"}, {"do": "label", "labels": ["x"]})).body["undo"]
    await client.run(
        lambda c: c.execute(sa.update(t.messages).where(t.messages.c.direction == "out").values(state="sent")).rowcount
    )
    assert (await client.post(f"/undo/{step}")).status == 200
    now = await look(client, number)
    assert (now["labels"], now["status"], now["last_message"]["text"]) == ([], "waiting", "Hi")


async def test_many_at_once_name_those_that_refuse(client: Client) -> None:
    a, b = await two(client)
    await act(client, [b], {"do": "close"})
    answer = await act(client, [b, a, 999_999], {"do": "transfer", "manager": "me"}, {"do": "label", "labels": ["x"]})
    assert [each["id"] for each in answer.body["items"]] == [a]
    assert [each["id"] for each in answer.body["refused"]] == [b, 999_999]
    assert (await look(client, b))["labels"] == []
    assert (await client.post(f"/undo/{answer.body['undo']}")).status == 200
    assert (await look(client, a))["assignee"] is None


async def test_a_transfer_brings_its_note_and_is_unread_for_who_gets_it(client: Client) -> None:
    number, _ = await two(client)
    other = await client.become("operator", "Petra")
    await client.post(f"/conversations/{number}/read")
    answer = await act(client, [number], {"do": "transfer", "manager": other.id, "text": "Wants a refund"})
    assert (answer.body["items"][0]["assignee"]["id"], answer.body["items"][0]["unread"]) == (other.id, 1)
    seen = (await other.get("/conversations", view="mine")).body["items"]
    assert [each["id"] for each in seen] == [number]
    notes = [m for m in (await other.get(f"/conversations/{number}/messages")).body["items"] if m["direction"] == "note"]
    assert [note["text"] for note in notes] == ["Wants a refund"]
    handed = [
        e for e in (await client.get(f"/conversations/{number}/events")).body["items"] if e["kind"] == "conversation.assigned"
    ]
    assert handed[-1]["data"]["note_id"] == notes[0]["id"]
    assert (await client.post(f"/undo/{answer.body['undo']}")).status == 200
    taken = [m for m in (await other.get(f"/conversations/{number}/messages")).body["items"] if m["direction"] == "note"]
    assert taken[0]["deleted_at"] is not None


async def test_to_a_team(client: Client) -> None:
    number, _ = await two(client)
    team = (await client.post("/teams", {"name": "Sales", "members": []})).body["id"]
    item = (await act(client, [number], {"do": "transfer", "team": team})).body["items"][0]
    assert (item["team"]["id"], item["assignee"]) == (team, None)


@pytest.mark.parametrize(
    ("action", "field"),
    [
        ({"do": "transfer"}, "actions.0.manager"),
        ({"do": "transfer", "manager": 999_999}, "actions.0.assignee"),
        ({"do": "snooze"}, "actions.0.until"),
        ({"do": "snooze", "when": "whenever"}, "actions.0.when"),
        ({"do": "snooze", "until": "2020-01-01T00:00:00Z"}, "actions.0.snoozed_until"),
        ({"do": "close", "reason": 999_999}, "actions.0.close_reason"),
        ({"do": "reply", "text": "Hi {{ nobody }}"}, "actions.0.text"),
    ],
)
async def test_what_cannot_be_done_names_its_field_and_changes_nothing(client: Client, action: Any, field: str) -> None:
    number, _ = await two(client)
    before = await look(client, number)
    answer = await act(client, [number], {"do": "label", "labels": ["x"]}, action)
    assert answer.status == 422 and field.replace("0", "1") in answer.errors, answer
    assert await look(client, number) == before


async def test_snoozing_is_meant_in_the_persons_zone(client: Client) -> None:
    number, _ = await two(client)
    item = (await act(client, [number], {"do": "snooze", "when": "завтра в 9"}, zone="Europe/Moscow")).body["items"][0]
    assert item["snoozed_until"] == "2026-11-23T06:00:00Z"
    assert (await client.get("/moments", said="in 2 h", timezone="Asia/Tokyo")).body == {"at": "2026-11-22T11:00:00Z"}
    assert "said" in (await client.get("/moments", said="soon")).errors
    assert "timezone" in (await client.get("/moments", said="tomorrow", timezone="Mars/Base")).errors
    assert "timezone" in (await act(client, [number], {"do": "reopen"}, zone="Mars/Base")).errors


async def test_a_reason_can_be_required_and_is_told_afterwards(client: Client) -> None:
    number, other = await two(client)
    reason = (await client.post("/close-reasons", {"name": "solved", "title_ru": "Решено"})).body
    assert (await client.patch("/close-reasons", {"reason_required": True, "summary_required": True})).body["reason_required"]
    assert "close_reason" in (await client.patch(f"/conversations/{number}", {"status": "closed"})).errors
    missing = await act(client, [number], {"do": "close", "reason": reason["id"], "summary": " "})
    assert "actions.0.close_summary" in missing.errors
    said = {"status": "closed", "close_reason": reason["id"], "close_summary": "All good"}
    assert (await client.patch(f"/conversations/{number}", said)).status == 200
    assert (await act(client, [other], {"do": "close", "reason": reason["id"], "summary": "Fine"})).status == 200
    work = (await client.get(f"/conversations/{number}/work")).body
    assert (work["reason"], work["summary"]) == (reason, "All good")
    event = [e for e in (await client.get(f"/conversations/{number}/events")).body["items"] if e["kind"] == "conversation.closed"]
    assert event[0]["data"] == {"reason_id": reason["id"], "reason": "solved", "summary": "All good"}
    await act(client, [number], {"do": "reopen"})
    assert (await client.get(f"/conversations/{number}/work")).body["reason"] is None
    assert (await client.delete(f"/close-reasons/{reason['id']}")).status == 204
    assert (await client.get("/close-reasons")).body["items"] == []


async def test_labels_are_kept_with_colour_and_titles(client: Client) -> None:
    label = (await client.post("/labels", {"name": "vip", "colour": "red", "title_ru": "Важный"})).body
    assert (await client.post("/labels", {"name": "vip"})).status == 409
    assert (await client.patch(f"/labels/{label['id']}", {"colour": "blue"})).body == {**label, "colour": "blue"}
    assert "colour" in (await client.post("/labels", {"name": "x", "colour": "#123"})).errors
    assert (await client.delete(f"/labels/{label['id']}")).status == 204
    assert (await client.get("/labels")).body == {"items": []}
    again = (await client.post("/labels", {"name": "vip", "colour": "green"})).body
    assert again["id"] == label["id"]


async def part(client: Client) -> tuple[int, int, list[int]]:
    """One conversation of three messages, split at the second; (old, new, messages)."""
    channel = await client.channel()
    number = 0
    for text in ("First matter", "Second matter", "More of it"):
        number = await client.hear(channel, text)
        client.clock.tick(minutes=1)
    await client.run(give_task, number)
    messages = [m["id"] for m in (await client.get(f"/conversations/{number}/messages")).body["items"]]
    done = (await client.post(f"/conversations/{number}/split", {"message_id": messages[1]})).body
    return number, done["items"][0]["id"], messages


async def said_in(client: Client, number: int) -> list[int]:
    return [m["id"] for m in (await client.get(f"/conversations/{number}/messages")).body["items"]]


async def test_from_a_message_on_it_is_another_conversation(client: Client) -> None:
    old, new, messages = await part(client)
    assert (await said_in(client, old), await said_in(client, new)) == (messages[:1], messages[1:])
    gone, goes_on = await look(client, old), await look(client, new)
    assert (gone["status"], gone["last_message"]["text"]) == ("closed", "First matter")
    assert (goes_on["status"], goes_on["last_message"]["text"]) == ("open", "More of it")
    assert (await client.run(open_tasks, old), await client.run(open_tasks, new)) == (0, 1)
    assert (await client.post(f"/conversations/{old}/split", {"message_id": messages[0]})).status == 409
    assert "message_id" in (await client.post(f"/conversations/{old}/split", {"message_id": messages[2]})).errors


async def test_splitting_is_undone_also_after_more_was_said(client: Client) -> None:
    channel = await client.channel()
    number = await client.hear(channel, "First matter")
    client.clock.tick(minutes=1)
    await client.hear(channel, "Second matter")
    await client.run(give_task, number)
    before, messages = await look(client, number), await said_in(client, number)
    done = (await client.post(f"/conversations/{number}/split", {"message_id": messages[1]})).body
    client.clock.tick(minutes=1)
    assert await client.hear(channel, "More") == done["items"][0]["id"]
    assert (await client.post(f"/undo/{done['undo']}")).status == 200
    assert len(await said_in(client, number)) == 3
    now = await look(client, number)
    assert (now["status"], now["last_message"]["text"], now["waiting_since"]) == ("open", "More", before["waiting_since"])
    assert await client.run(open_tasks, number) == 1
    assert (await client.get(f"/conversations/{done['items'][0]['id']}/work")).body["merged_into"] == number


async def test_two_become_one_and_two_again(client: Client) -> None:
    old, new, messages = await part(client)
    await act(client, [old], {"do": "label", "labels": ["refund"]})
    done = (await client.post(f"/conversations/{old}/merge", {"other": new})).body
    assert [each["id"] for each in done["items"]] == [new], "the one that goes on stays"
    assert await said_in(client, new) == messages and await said_in(client, old) == []
    assert (await look(client, new))["labels"] == ["refund"]
    assert (await client.patch(f"/conversations/{old}", {"status": "open"})).status == 409
    assert (await act(client, [old], {"do": "reply", "text": "Hi"})).status == 409
    note = await client.post(f"/conversations/{old}/messages", {"text": "Where is it?", "note": True})
    assert note.body["conversation_id"] == new, "what is written goes where its messages are"
    client.clock.time += timedelta(days=30)
    assert (await client.post(f"/undo/{done['undo']}")).status == 200
    written = [*messages[1:], note.body["id"]]
    assert (await said_in(client, old), await said_in(client, new)) == (messages[:1], written)
    assert (await look(client, new))["labels"] == []
    kinds = {e["kind"] for e in (await client.get(f"/conversations/{old}/events", limit=100)).body["items"]}
    assert {"conversation.split", "conversation.merged_away", "conversation.undone"} <= kinds


async def test_what_cannot_be_merged(client: Client) -> None:
    a, b = await two(client)
    assert (await client.post(f"/conversations/{a}/merge", {"other": b})).status == 409
    assert (await client.post(f"/conversations/{a}/merge", {"other": a})).status == 422
    assert (await client.post(f"/conversations/{a}/merge", {"other": 999_999})).status == 404


async def test_links_stand_on_both_sides(client: Client) -> None:
    a, b = await two(client)
    assert [each["id"] for each in (await client.post(f"/conversations/{a}/links", {"other": b})).body["links"]] == [b]
    await client.post(f"/conversations/{b}/links", {"other": a})
    assert [each["id"] for each in (await client.get(f"/conversations/{b}/work")).body["links"]] == [a]
    assert (await client.delete(f"/conversations/{b}/links/{a}")).status == 204
    assert (await client.get(f"/conversations/{a}/work")).body["links"] == []
    assert (await client.post(f"/conversations/{a}/links", {"other": a})).status == 422


async def test_a_macro_does_all_of_it_with_one_undo(client: Client) -> None:
    number, _ = await two(client)
    before = await look(client, number)
    steps = [
        {"do": "assign", "manager": "me"}, {"do": "label", "labels": ["delivery"]},
        {"do": "reply", "text": "Hello {{ contact.name }}, we are on it"}, {"do": "snooze", "when": "tomorrow 10:00"},
    ]  # fmt: skip
    macro = (await client.post("/macros", {"name": "On it", "shared": True, "shortcut": "1", "actions": steps})).body
    assert (macro["actions"], macro["shared"]) == (steps, True)
    done = (await client.post(f"/macros/{macro['id']}/run", {"conversations": [number], "timezone": "Europe/Berlin"})).body
    item = done["items"][0]
    assert (item["assignee"]["id"], item["labels"], item["status"]) == (client.id, ["delivery"], "snoozed")
    assert (item["snoozed_until"], item["last_message"]["text"]) == ("2026-11-23T09:00:00Z", "Hello Anna, we are on it")
    assert (await client.post(f"/undo/{done['undo']}")).status == 200
    assert await look(client, number) == before


async def test_whose_a_macro_is(client: Client) -> None:
    operator = await client.become("operator")
    one = {"name": "Mine", "shortcut": "2", "actions": [{"do": "close"}]}
    mine = (await operator.post("/macros", one)).body
    assert (await operator.post("/macros", one)).status == 409, "the key is taken"
    assert (await operator.post("/macros", {**one, "shortcut": "3", "shared": True})).status == 403
    assert (await client.get("/macros")).body["items"] == []
    assert (await client.patch(f"/macros/{mine['id']}", {"name": "Yours"})).status == 404
    shared = (await client.post("/macros", {**one, "name": "All", "shared": True})).body
    assert [each["name"] for each in (await operator.get("/macros")).body["items"]] == ["Mine", "All"]
    assert (await operator.patch(f"/macros/{shared['id']}", {"name": "X"})).status == 403
    assert (await operator.delete(f"/macros/{shared['id']}")).status == 403
    assert (await operator.patch(f"/macros/{mine['id']}", {"shared": True})).status == 403
    assert (await operator.patch(f"/macros/{mine['id']}", {"name": "New", "shortcut": None})).body["shortcut"] is None
    assert (await operator.delete(f"/macros/{mine['id']}")).status == 204
    assert "actions.0" in (await client.post("/macros", {"name": "x", "actions": [{"do": "label"}]})).errors


ORDERED = [
    ("/labels", {}),
    ("/close-reasons", {}),
    ("/macros", {"actions": [{"do": "close"}]}),
]


@pytest.mark.parametrize(("path", "more"), ORDERED, ids=[path for path, _ in ORDERED])
async def test_what_is_offered_stands_in_the_order_it_was_put(client: Client, path: str, more: dict[str, Any]) -> None:
    numbers = [(await client.post(path, {"name": name, **more})).body["id"] for name in ("c", "a", "b")]
    assert await offered(client, path) == ["c", "a", "b"], "as they were added"
    answer = await client.post(f"{path}/order", {"ids": [numbers[2], numbers[0]]})
    assert [each["name"] for each in answer.body["items"]] == ["b", "c", "a"]
    await client.delete(f"{path}/{numbers[0]}")
    assert await offered(client, path) == ["b", "a"]
    assert (await client.post(f"{path}/order", {"ids": [numbers[0]]})).status == 404
    assert "ids" in (await client.post(f"{path}/order", {"ids": []})).errors


async def offered(client: Client, path: str) -> list[str]:
    return [each["name"] for each in (await client.get(path)).body["items"]]


async def test_only_who_keeps_what_is_everybodys_puts_it_in_order(client: Client) -> None:
    operator = await client.become("operator", "Oleg")
    one = {"actions": [{"do": "close"}]}
    shared = (await client.post("/macros", {"name": "All", "shared": True, **one})).body["id"]
    mine = [(await operator.post("/macros", {"name": name, **one})).body["id"] for name in ("A", "B")]
    assert (await operator.post("/macros/order", {"ids": [mine[1], shared]})).status == 403
    assert (await operator.post("/macros/order", {"ids": mine[::-1]})).status == 200
    assert [n for n in await offered(operator, "/macros") if n != "All"] == ["B", "A"]
    assert (await client.post("/macros/order", {"ids": mine})).status == 404


async def test_many_are_marked_unread_and_read_again(client: Client) -> None:
    a, b = await two(client)
    await act(client, [a, b], {"do": "read"})
    step = (await act(client, [a, b], {"do": "unread"})).body["undo"]
    assert [(await look(client, each))["unread"] for each in (a, b)] == [1, 1]
    await client.post(f"/undo/{step}")
    assert [(await look(client, each))["unread"] for each in (a, b)] == [0, 0]
