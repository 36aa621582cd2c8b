"""What the composer needs over HTTP: canned replies, drafts over devices, taking back, mentions, no double answers."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from inbox import schema as t
from tests.inbox.conftest import Client
from tests.inbox.test_stream import Listener, listening

HI = {"shortcut": "hi", "language": "en", "text": "Hello {{ contact.name }}, this is {{ me.name }}."}


async def say(client: Client, number: int, **body: Any) -> Any:
    return await client.post(f"/conversations/{number}/messages", {"text": "Yes", **body})


async def test_a_canned_reply_is_filled_in_for_the_conversation(client: Client) -> None:
    number = await client.hear(await client.channel())
    made = (await client.post("/canned", HI | {"shared": True})).body
    filled = (await client.get(f"/canned/{made['id']}/text", conversation=number)).body
    assert filled == {"text": "Hello Anna Schmidt, this is Olga Owner.", "problem": None}
    await client.patch(f"/canned/{made['id']}", {"text": "Your {{ contact.car }} is ready"})
    filled = (await client.get(f"/canned/{made['id']}/text", conversation=number)).body
    assert filled["text"] == "Your {{ contact.car }} is ready" and "car" in filled["problem"]
    assert (await client.delete(f"/canned/{made['id']}")).status == 204
    assert (await client.get(f"/canned/{made['id']}/text", conversation=number)).status == 404


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (HI, 201, None),
        (HI | {"shared": True}, 403, None),
        (HI | {"text": "{{ oops"}, 422, "text"),
        (HI | {"text": "  "}, 422, "text"),
        (HI | {"shortcut": "two words"}, 422, "shortcut"),
        (HI | {"shortcut": "цены"}, 201, None),
        (HI | {"language": "?"}, 422, "language"),
    ],
)
async def test_what_an_operator_may_keep(client: Client, body: Any, status: int, field: str | None) -> None:
    operator = await client.become("operator")
    answer = await operator.post("/canned", body)
    assert answer.status == status
    assert field is None or field in answer.errors


async def test_ones_own_replies_are_nobody_elses(client: Client) -> None:
    one, two = await client.become("operator", "One"), await client.become("operator", "Two")
    mine = (await one.post("/canned", HI)).body["id"]
    assert (await two.post("/canned", HI)).status == 201, "the shortcut is free for others"
    assert (await one.post("/canned", HI)).status == 409
    ours = (await client.post("/canned", HI | {"shared": True})).body["id"]
    assert (await client.post("/canned", HI | {"shared": True})).status == 409
    seen = [item["id"] for item in (await one.get("/canned")).body["items"]]
    assert seen == [mine, ours]
    page = (await one.get("/canned", limit=1)).body
    assert [i["id"] for i in (await one.get("/canned", limit=1, cursor=page["next"])).body["items"]] == [ours]
    assert (await two.patch(f"/canned/{mine}", {"text": "Mine now"})).status == 404
    assert (await two.delete(f"/canned/{ours}")).status == 403
    assert (await one.patch(f"/canned/{mine}", {"shared": True})).status == 403
    assert (await client.patch(f"/canned/{ours}", {"shared": False, "shortcut": "hello"})).body["shared"] is False
    assert [item["id"] for item in (await one.get("/canned")).body["items"]] == [mine]


async def test_a_draft_follows_its_writer_and_the_last_writer_wins(client: Client) -> None:
    number = await client.hear(await client.channel())
    path = f"/conversations/{number}/draft"
    assert (await client.get(path)).body["changed_at"] is None
    assert (await client.call("PUT", path, json={"text": "From the phone", "device": "a"})).status == 204
    async with listening(client) as told:
        await client.call("PUT", path, json={"text": "From the desk", "note": True, "seen": 1, "device": "b"})
        name, data = (await told.event())[1:]
    assert (name, data) == ("draft", {"conversation_id": number, "manager_id": client.id, "device": "b"})
    kept = (await client.get(path)).body
    assert (kept["text"], kept["note"], kept["seen"]) == ("From the desk", True, 1)
    assert [d["text"] for d in (await client.get("/drafts")).body["items"]] == ["From the desk"]
    colleague = await client.become("operator")
    assert (await colleague.get(path)).body["text"] == "", "a draft is its writer's alone"
    assert (await client.call("PUT", path, json={"seen": 1})).status == 204
    assert (await client.get("/drafts")).body["items"] == []
    assert (await client.call("PUT", "/conversations/999/draft", json={"text": "x"})).status == 404


async def test_only_the_person_meant_hears_of_a_draft_or_a_mention(client: Client) -> None:
    number = await client.hear(await client.channel())
    called, other = await client.become("operator", "Called"), await client.become("operator", "Other")
    async with listening(called) as theirs, listening(other) as others:
        await client.call("PUT", f"/conversations/{number}/draft", json={"text": "Hm"})
        note = await say(client, number, text="@Called look", note=True, mentions=[called.id, called.id])
        await client.patch(f"/managers/{client.id}", {"available": False})
        mine, yours = [e async for e in until_manager(theirs)], [e async for e in until_manager(others)]
    assert note.body["data"]["mentions"] == [called.id]
    mention = ("mention", {"manager_id": called.id, "conversation_id": number, "message_id": note.body["id"]})
    assert mention in mine and "draft" not in dict(mine)
    assert "message" in dict(yours) and not {"mention", "draft"} & dict(yours).keys()


async def until_manager(told: Listener) -> AsyncIterator[tuple[str, Any]]:
    """(name, data) of what is told, up to the news of a manager, which everybody hears."""
    while (event := (await told.event())[1:])[0] != "manager":
        yield event


@pytest.mark.parametrize(("body", "field"), [({"note": True, "mentions": [999]}, "mentions"), ({"mentions": [1]}, "mentions")])
async def test_mentions_that_make_no_sense(client: Client, body: Any, field: str) -> None:
    number = await client.hear(await client.channel())
    assert field in (await say(client, number, **body)).errors


async def test_a_second_answer_has_to_know_of_the_first(client: Client) -> None:
    number = await client.hear(await client.channel())
    heard = (await client.get(f"/conversations/{number}/messages")).body["items"][-1]["id"]
    colleague = await client.become("operator", "Petra")
    first = await say(colleague, number, seen_up_to=heard)
    assert first.status == 201
    assert (await say(colleague, number, text="And", seen_up_to=heard)).status == 201, "one's own answer is no news"
    late = await say(client, number, seen_up_to=heard)
    assert late.status == 409 and late.errors == {"seen_up_to": "Petra has just answered. Read it first."}
    assert (await say(client, number, seen_up_to=heard, note=True)).status == 201, "a note answers nobody"
    assert (await say(client, number, seen_up_to=heard, confirm=True)).status == 201
    assert (await say(client, number)).status == 201, "who does not ask is not told"


async def test_what_was_sent_can_be_taken_back_whole_while_it_waits(client: Client) -> None:
    number = await client.hear(await client.channel())
    sent = (await say(client, number, text="Oops", hold=5)).body
    assert (sent["state"], sent["send_at"]) == ("queued", "2026-11-22T09:00:05Z")
    back = (await client.post(f"/messages/{sent['id']}/recall")).body
    assert (back["text"], back["conversation_id"], back["channel_id"]) == ("Oops", number, sent["channel"]["id"])
    assert (await client.get(f"/messages/{sent['id']}")).body["code"] == "cancelled"
    gone = (await say(client, number)).body["id"]
    await client.run(lambda c: c.execute(sa.update(t.messages).where(t.messages.c.id == gone).values(state="sending")))
    assert (await client.post(f"/messages/{gone}/recall")).status == 409
    assert (await say(client, number, hold=31)).status == 422
    assert (await say(client, number, note=True, hold=5)).body["send_at"] is None


async def test_files_come_back_with_what_was_taken_back_and_a_voice_stays_one(client: Client) -> None:
    number = await client.hear(await client.channel())
    form = aiohttp.FormData()
    form.add_field("file", b"OggS" + b"\0" * 40, filename="voice.ogg", content_type="audio/ogg")
    upload = (await client.call("POST", "/uploads", data=form)).body
    files = [{"file": upload["file"], "name": "voice.ogg", "voice": True}]
    sent = (await say(client, number, text="", attachments=files, hold=5)).body
    assert [f["kind"] for f in sent["attachments"]] == ["voice"]
    back = (await client.post(f"/messages/{sent['id']}/recall")).body
    assert [(f["file"], f["kind"], f["url"]) for f in back["attachments"]] == [(upload["file"], "voice", upload["url"])]
    assert (await client.call("PUT", f"/conversations/{number}/draft", json={"attachments": back["attachments"]})).status == 204


async def test_a_signature_stands_under_mails_and_nowhere_else(client: Client) -> None:
    assert (await client.get("/writing")).body == {"signature": "", "undo_seconds": 5}
    assert (await client.patch("/writing", {"signature": "Olga\nShop", "undo_seconds": 10})).body["undo_seconds"] == 10
    assert (await client.patch("/writing", {"undo_seconds": 7})).status == 422
    sms = await client.hear(await client.channel())
    assert (await say(client, sms, sign=True)).body["text"] == "Yes"
    mail = await client.channel("email")
    contact = (await client.get(f"/conversations/{sms}")).body["contact"]["id"]
    await client.run(
        lambda c: c.execute(sa.insert(t.reaches).values(channel_id=mail, address="anna@x.example", contact_id=contact))
    )
    signed = (await say(client, sms, sign=True, channel_id=mail, hold=5)).body
    assert signed["text"] == "Yes\n\n-- \nOlga\nShop"
    assert (await client.post(f"/messages/{signed['id']}/recall")).body["text"] == "Yes", "the signature is put under it anew"
    assert (await say(client, sms, channel_id=mail)).body["text"] == "Yes"
