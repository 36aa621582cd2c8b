"""What operators see and do before and after sending: the forecast, other ways, calling back, deciding what nobody knows."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from channels.base import Hook
from channels.events import DeliveryStatus
from inbox import receive
from inbox import schema as t
from inbox.receive import Arrival
from tests.inbox.conftest import Client
from tests.inbox.rows import contact_of

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
PHONE = "+4930901820"


async def say(client: Client, number: int, text: str = "Here", **more: Any) -> Any:
    answer = await client.post(f"/conversations/{number}/messages", {"text": text, **more})
    assert answer.status == 201, answer
    return answer.body


async def become(client: Client, message: int, **values: Any) -> None:
    def change(connection: sa.Connection) -> None:
        connection.execute(sa.update(t.messages).where(t.messages.c.id == message).values(values))

    await client.run(change)


async def told(client: Client, channel: int, status: DeliveryStatus) -> None:
    hook = Hook(method="POST", url="", headers={}, body=b"", received_at=client.clock())
    await client.run(receive.store, [Arrival(channel_id=channel, identity="phone", hook=hook, events=[status])])


# The forecast


async def test_the_forecast_shows_what_an_sms_becomes_and_what_it_costs(client: Client) -> None:
    number = await client.hear(await client.channel())
    body = {"text": "Придёте?", "choices": [{"id": "y", "title": "Да"}, {"id": "n", "title": "Нет"}], "subject": "Re"}
    found = (await client.post(f"/conversations/{number}/preview", body)).body
    assert (found["channel"]["kind"], found["problem"], found["window"], found["alternatives"]) == ("sms", None, None, [])
    (part,) = found["parts"]
    assert (part["text"], part["choices"]) == ("Придёте?\n\n1. Да\n2. Нет", [])
    assert [note["code"] for note in found["notes"]] == ["choices_numbered", "subject_dropped"]
    assert found["segments"] == {"encoding": "UCS-2", "characters": 22, "count": 1, "left": 48}
    assert (await client.get(f"/conversations/{number}/messages")).body["items"][-1]["direction"] == "in", "nothing is written"


async def test_the_forecast_of_a_long_text_counts_all_its_parts(client: Client) -> None:
    number = await client.hear(await client.channel())
    found = (await client.post(f"/conversations/{number}/preview", {"text": "word " * 400})).body
    assert len(found["parts"]) == 2 and [note["code"] for note in found["notes"]] == ["text_split"]
    assert (found["segments"]["encoding"], found["segments"]["count"]) == ("GSM-7", 14)


async def test_a_file_that_cannot_travel_is_shown_as_a_link(client: Client) -> None:
    number = await client.hear(await client.channel("webchat"), kind="webchat", address="v1")
    files = [{"url": "https://files.example/a.pdf"}]
    found = (await client.post(f"/conversations/{number}/preview", {"text": "See", "attachments": files})).body
    assert [a["as"] for part in found["parts"] for a in part["attachments"]] == ["media"]
    sms = await client.channel()
    await client.hear(sms, address=PHONE)
    number = await client.hear(sms, address=PHONE)
    found = (await client.post(f"/conversations/{number}/preview", {"text": "See", "attachments": files})).body
    assert found["parts"][0]["attachments"][0]["name"] == "a.pdf"


async def both_ways(client: Client) -> tuple[int, int, int]:
    """(conversation on WhatsApp whose window is shut, its channel, an SMS channel that the same person used before)."""
    sms, whatsapp = await client.channel("sms"), await client.channel("whatsapp")
    await client.hear(sms, address=PHONE)
    client.clock.tick(minutes=1)
    number = await client.hear(whatsapp, kind="whatsapp", address=PHONE)
    client.clock.tick(hours=25)
    return number, whatsapp, sms


async def test_a_shut_window_is_foretold_with_the_ways_that_are_left(client: Client) -> None:
    number, whatsapp, sms = await both_ways(client)
    found = (await client.post(f"/conversations/{number}/preview", {"text": "Still there?"})).body
    assert found["problem"]["code"] == "window" and found["window"]["open"] is False and found["window"]["until"]
    assert [each["channel"]["id"] for each in found["alternatives"]] == [whatsapp, sms]
    assert "template" in found["alternatives"][0]["why"] and found["alternatives"][1]["address"] == PHONE
    by_sms = (await client.post(f"/conversations/{number}/preview", {"text": "Still there?", "channel_id": sms})).body
    assert (by_sms["problem"], by_sms["channel"]["id"]) == (None, sms)


async def test_a_channel_never_used_is_offered_where_the_address_is_known(client: Client) -> None:
    whatsapp = await client.channel("whatsapp")
    number = await client.hear(whatsapp, kind="whatsapp", address=PHONE)
    sms = await client.channel("sms")
    client.clock.tick(hours=25)
    found = (await client.post(f"/conversations/{number}/preview", {"text": "Hi"})).body
    assert [each["channel"]["id"] for each in found["alternatives"]] == [whatsapp, sms]
    assert (await client.post(f"/conversations/{number}/preview", {"text": "Hi", "channel_id": sms})).body["problem"] is None
    assert (await say(client, number, "Hi", channel_id=sms))["channel"]["id"] == sms


async def test_a_failing_channel_is_foretold_too(client: Client) -> None:
    channel = await client.channel()
    number = await client.hear(channel)

    def fail(connection: sa.Connection) -> None:
        connection.execute(sa.update(t.channels).values(state="failing", failed_at=client.clock(), error="The token has expired"))

    await client.run(fail)
    found = (await client.post(f"/conversations/{number}/preview", {"text": "Hi"})).body
    assert found["problem"] is None and [note["code"] for note in found["notes"]] == ["channel_failing"]
    assert "The token has expired" in found["notes"][0]["text"]


@pytest.mark.parametrize(("path", "status"), [("/conversations/999/preview", 404)])
async def test_a_forecast_for_nobody(client: Client, path: str, status: int) -> None:
    assert (await client.post(path, {"text": "Hi"})).status == status


# After a failure


async def test_what_failed_offers_other_ways_and_goes_once_by_the_chosen_one(client: Client) -> None:
    number, _, sms = await both_ways(client)
    client.clock.tick(hours=-24)
    message = (await say(client, number))["id"]
    await become(client, message, state="failed", code="131026", reason="Undeliverable")
    shown = (await client.get(f"/messages/{message}")).body
    assert (shown["code"], shown["reason"]) == ("131026", "Undeliverable")
    assert sms in [each["channel"]["id"] for each in shown["alternatives"]]
    colleague = await client.become("operator")
    answers = await asyncio.gather(
        *(each.post(f"/messages/{message}/retry", {"channel_id": sms}) for each in (client, colleague, client))
    )
    assert {answer.status for answer in answers} == {201}
    (again,) = {answer.body["id"] for answer in answers}
    assert answers[0].body["channel"] == {"id": sms, "kind": "sms"} and answers[0].body["state"] == "queued"
    assert (await client.get(f"/messages/{message}")).body["alternatives"] == []
    assert (await client.get(f"/messages/{again}")).body["data"]["retry_of"] == message


async def test_a_template_without_words_is_not_sent_by_another_channel(client: Client) -> None:
    number, _, sms = await both_ways(client)
    message = (await client.post(f"/conversations/{number}/messages", {"template": {"name": "hello", "language": "en"}})).body[
        "id"
    ]
    await become(client, message, state="failed", text="")
    answer = await client.post(f"/messages/{message}/retry", {"channel_id": sms})
    assert answer.status == 409 and "template" in answer.body["detail"].lower()


# Calling back


async def waiting(client: Client, number: int) -> tuple[Any, ...]:
    found = (await client.get(f"/conversations/{number}")).body
    tasks = (await client.get("/tasks", done="false")).body["items"]
    return found["status"], found["last_message"]["text"], bool(found["waiting_since"]), len(tasks)


async def test_a_scheduled_message_is_shown_and_called_back_and_the_customer_waits_again(client: Client) -> None:
    number = await client.hear(await client.channel(), "Are you open?")
    await client.run(_must_answer, number, client.clock())
    at = client.clock() + timedelta(hours=3)
    message = await say(client, number, "Tomorrow", send_at=at.isoformat())
    assert message["send_at"] and message["state"] == "queued"
    assert (await waiting(client, number))[:3] == ("waiting", "Tomorrow", False)
    assert (await client.delete(f"/messages/{message['id']}")).status == 204
    shown = (await client.get(f"/messages/{message['id']}")).body
    assert (shown["state"], shown["code"], bool(shown["deleted_at"])) == ("failed", "cancelled", True)
    assert await waiting(client, number) == ("open", "Are you open?", True, 1)
    assert (await client.delete(f"/messages/{message['id']}")).status == 204, "twice is once"


def _must_answer(connection: sa.Connection, conversation: int, now: Any) -> None:
    due = now + timedelta(minutes=15)
    connection.execute(
        sa.update(t.conversations)
        .where(t.conversations.c.id == conversation)
        .values(waiting_since=now, answer_due=due, bot=False)
    )
    row = {"id": 900, "kind": "answer", "contact_id": contact_of(connection, conversation), "conversation_id": conversation}
    connection.execute(sa.insert(t.tasks).values(**row, due_at=due, created_at=now))


async def test_calling_back_one_of_two_answers_leaves_the_request_answered(client: Client) -> None:
    number = await client.hear(await client.channel(), "Are you open?")
    await client.run(_must_answer, number, client.clock())
    first = await say(client, number, "Yes")
    client.clock.tick(seconds=5)
    await say(client, number, "Until six")
    assert (await client.delete(f"/messages/{first['id']}")).status == 204
    assert await waiting(client, number) == ("waiting", "Until six", False, 0)


@pytest.mark.parametrize("state", ["sending", "sent", "delivered", "unknown", "failed"])
async def test_what_is_on_its_way_cannot_be_called_back(client: Client, state: str) -> None:
    number = await client.hear(await client.channel())
    message = (await say(client, number))["id"]
    await become(client, message, state=state)
    assert (await client.delete(f"/messages/{message}")).status == 409
    assert (await client.get(f"/messages/{message}")).body["state"] == state


async def test_a_customers_message_is_not_ours_to_call_back(client: Client) -> None:
    number = await client.hear(await client.channel())
    heard = (await client.get(f"/conversations/{number}/messages")).body["items"][0]["id"]
    assert (await client.delete(f"/messages/{heard}")).status == 404
    viewer = await client.become("viewer")
    assert (await viewer.delete(f"/messages/{heard}")).status == 403


# What nobody knows


@pytest.mark.parametrize(("arrived", "state"), [(True, "sent"), (False, "failed")])
async def test_an_operator_decides_what_became_of_a_message(client: Client, arrived: bool, state: str) -> None:
    number = await client.hear(await client.channel())
    message = (await say(client, number))["id"]
    assert (await client.post(f"/messages/{message}/settle", {"arrived": arrived})).status == 409, "it is known"
    await become(client, message, state="unknown", reason="The line broke")
    found = await client.post(f"/messages/{message}/settle", {"arrived": arrived})
    assert (found.status, found.body["state"]) == (200, state)
    assert (found.body["reason"] == "") == arrived


async def test_a_reply_that_could_not_be_delivered_leaves_the_customer_waiting(client: Client) -> None:
    channel = await client.channel()
    number = await client.hear(channel, "Are you open?")
    await client.run(_must_answer, number, client.clock())
    message = (await say(client, number, "Yes"))["id"]
    await become(client, message, state="sent")
    failed = DeliveryStatus(state="failed", at=client.clock(), message_id=str(message), reason="Landline", code="30006")
    await told(client, channel, failed)
    assert await waiting(client, number) == ("open", "Yes", True, 1)


async def test_a_second_attempt_is_called_back_when_the_first_turns_out_to_have_arrived(client: Client) -> None:
    channel = await client.channel()
    number = await client.hear(channel)
    message = (await say(client, number))["id"]
    await become(client, message, state="unknown")
    again = (await client.post(f"/messages/{message}/retry", {"confirm": True})).body["id"]
    await told(client, channel, DeliveryStatus(state="delivered", at=client.clock(), message_id=str(message)))
    assert (await client.get(f"/messages/{message}")).body["state"] == "delivered"
    assert (await client.get(f"/messages/{again}")).body["code"] == "cancelled"


PARTS = [
    ("the part in doubt arrived, the rest is sent", {"parts": 1, "parts_all": 3}, "1", "sent", ("queued", 2)),
    ("it was the last part", {"parts": 2, "parts_all": 3}, "2", "delivered", ("delivered", 2)),
    ("a part that is with the provider anyway", {"parts": 1, "parts_all": 3}, "", "delivered", ("unknown", 1)),
    ("the first part was in doubt", {"parts": 0, "parts_all": 2}, "", "sent", ("queued", 1)),
    ("the part in doubt failed", {"parts": 1, "parts_all": 3}, "1", "failed", ("failed", 1)),
    ("one part only", {"parts": 0, "parts_all": None}, "", "read", ("read", 0)),
]


@pytest.mark.parametrize(("before", "part", "state", "after"), [c[1:] for c in PARTS], ids=[c[0] for c in PARTS])
async def test_the_next_status_settles_what_was_unknown(
    client: Client, before: dict[str, Any], part: str, state: str, after: tuple[str, int]
) -> None:
    channel = await client.channel()
    number = await client.hear(channel)
    message = (await say(client, number))["id"]
    await become(client, message, state="unknown", **before)
    name = f"{message}.{part}" if part else str(message)
    await told(client, channel, DeliveryStatus(state=state, at=client.clock(), message_id=name, external_id="SM1"))
    row = await client.run(lambda c: c.execute(sa.select(t.messages).where(t.messages.c.id == message)).one())
    assert (row.state, row.parts) == after


@pytest.mark.parametrize("states", [("delivered", "failed"), ("failed", "delivered")])
async def test_a_message_of_which_one_part_failed_has_failed(client: Client, states: tuple[str, str]) -> None:
    channel = await client.channel()
    number = await client.hear(channel)
    message = (await say(client, number))["id"]
    await become(client, message, state="sent", parts=2, parts_all=2)
    for n, state in enumerate(states):
        await told(client, channel, DeliveryStatus(state=state, at=client.clock(), message_id=f"{message}.{n}"))
    assert (await client.get(f"/messages/{message}")).body["state"] == "failed"
