"""A channel's care: how it is, what came in last, what is wrong with it, and a message to try it."""

import json
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from channels.base import Hook
from channels.sandbox.base import Phones, serve
from channels.sandbox.whatsapp import WhatsAppStandIn
from inbox import accounts
from inbox import schema as t
from inbox.care import checking
from inbox.web import keys
from tests.inbox.conftest import Client

TOKEN = "730001:sandbox-bot-token"


async def whatsapp(client: Client, stand_in: WhatsAppStandIn) -> int:
    body = {"kind": "whatsapp", "name": "Shop", "settings": stand_in.settings()}
    made = await client.post("/channels", body)
    assert made.status == 201, made
    return int(made.body["id"])


def delivery(*messages: dict[str, Any], digits: str = "79161234567") -> bytes:
    value = {"contacts": [{"profile": {"name": "Anna"}, "wa_id": digits}], "messages": list(messages)}
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}
    ).encode()


def text(number: int, said: str = "Hello") -> dict[str, Any]:
    return {"from": "79161234567", "id": f"wamid.{number}", "timestamp": "1700000000", "type": "text", "text": {"body": said}}


async def deliver(client: Client, channel: int, body: bytes, url: str = "") -> None:
    line = await client.app[keys.ACCOUNTS].line(channel)
    assert line is not None
    headers = {"x-hub-signature-256": "sha256=abcdef", "user-agent": "Meta", "content-type": "application/json"}
    address = url or f"https://inbox.example/hooks/{channel}"
    hook = Hook(method="POST", url=address, headers=headers, body=body, received_at=client.clock())
    await client.app[keys.INTAKE].take(line, hook)


async def rows_of(client: Client) -> dict[str, list[Any]]:
    """Everything that deliveries leave in the tables."""
    tables = (t.messages, t.reactions, t.versions, t.notices, t.contacts, t.identities, t.reaches, t.raw_bodies, t.loose_statuses)

    def read(connection: sa.Connection) -> dict[str, list[Any]]:
        found = {}
        for table in tables:
            kept = [c for c in table.c if c.name not in ("id", "at") or table in (t.messages, t.raw_bodies)]
            found[table.name] = sorted(map(str, connection.execute(sa.select(*kept)).all()))
        return found

    return await client.run(read)


async def test_a_delivery_is_shown_whole_but_for_secrets(client: Client) -> None:
    channel = await client.channel("whatsapp")
    secret = "a secret"  # the access token of this channel
    body = delivery(text(1, f"Hello, my password is {secret}"), {"id": "wamid.2"}, text(3, "Again"))
    await deliver(client, channel, body, f"https://inbox.example/hooks/{channel}?token=abc123&a=1")
    (listed,) = (await client.get(f"/channels/{channel}/raw")).body["items"]
    assert (listed["state"], listed["events"], listed["size"]) == ("partial", 3, len(body))
    assert listed["preview"].startswith('{"object": "whatsapp_business_account"')
    shown = (await client.get(f"/raw/{listed['id']}")).body
    assert [(e["kind"], e["id"]) for e in shown["events"]] == [("message", "wamid.1"), ("notice", ""), ("message", "wamid.3")]
    assert shown["events"][0]["message_id"] and shown["error"] == "1 elements could not be read"
    assert "Hello, my password is" in shown["body"] and shown["url"].endswith("?token=•••&a=1")
    assert shown["headers"] == {"content-type": "application/json", "user-agent": "Meta", "x-hub-signature-256": "•••"}
    assert not any(word in str(shown) + str(listed) for word in (secret, "abc123", "abcdef"))


async def test_a_huge_or_unreadable_delivery_can_be_shown(client: Client) -> None:
    channel = await client.channel("whatsapp")
    with pytest.raises(Exception, match="JSON"):
        await deliver(client, channel, b"\xff\x00not json" + b"x" * 100_000)
    (listed,) = (await client.get(f"/channels/{channel}/raw", state="failed")).body["items"]
    assert (await client.get(f"/channels/{channel}/raw", state="done")).body["items"] == []
    shown = (await client.get(f"/raw/{listed['id']}")).body
    assert len(shown["body"]) <= 64 * 1024 and shown["size"] == 100_010 and shown["error"] and shown["events"] == []


async def test_a_replay_doubles_nothing(client: Client) -> None:
    channel = await client.channel("whatsapp")
    status = {"id": "wamid.9", "status": "read", "timestamp": "1700000000", "recipient_id": "79161234567"}
    reaction = text(4) | {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "👍"}}
    body = json.loads(delivery(text(1), {"id": "broken"}, text(3), reaction))
    body["entry"][0]["changes"][0]["value"]["statuses"] = [status]
    await deliver(client, channel, json.dumps(body).encode())
    (listed,) = (await client.get(f"/channels/{channel}/raw")).body["items"]
    before = await rows_of(client)
    for _ in range(2):
        answer = await client.post(f"/raw/{listed['id']}/replay")
        assert (answer.status, answer.body) == (200, {"stored": 0, "known": 2, "error": ""})
    assert {name: len(rows) for name, rows in (await rows_of(client)).items() if name != "loose_statuses"} == {
        name: len(rows) for name, rows in before.items() if name != "loose_statuses"
    }


async def test_a_replay_brings_what_an_older_version_could_not_read(client: Client) -> None:
    channel = await client.channel("whatsapp")
    await deliver(client, channel, delivery(text(1), text(2)))
    (listed,) = (await client.get(f"/channels/{channel}/raw")).body["items"]

    def forget(connection: sa.Connection) -> None:
        m = t.messages.c
        connection.execute(sa.update(t.messages).where(m.external_id == "wamid.2").values(external_id="wamid.lost"))

    await client.run(forget)
    assert (await client.post(f"/raw/{listed['id']}/replay")).body == {"stored": 1, "known": 1, "error": ""}


async def test_a_replay_that_cannot_be_read_says_why(client: Client) -> None:
    channel = await client.channel("whatsapp")
    with pytest.raises(Exception, match="JSON"):
        await deliver(client, channel, b"not json")
    (listed,) = (await client.get(f"/channels/{channel}/raw")).body["items"]
    answer = await client.post(f"/raw/{listed['id']}/replay")
    assert answer.status == 200 and answer.body["error"] and answer.body["stored"] == 0


@pytest.mark.parametrize("role", ["operator", "marketer", "viewer"])
async def test_who_may_not_see_deliveries_sees_none(client: Client, role: str) -> None:
    channel = await client.channel("whatsapp")
    await deliver(client, channel, delivery(text(1)))
    other = await client.become(role)
    for path in (f"/channels/{channel}/raw", "/raw/1"):
        assert (await other.get(path)).status == 403
    for path in ("/raw/1/replay", f"/channels/{channel}/check", f"/channels/{channel}/test"):
        assert (await other.post(path, {"address": "+4930901820"} if path.endswith("test") else None)).status == 403


async def test_a_channel_says_how_it_is(client: Client) -> None:
    channel = await client.channel("sms")
    fresh = (await client.get("/channels")).body["items"][0]["health"]
    nothing = {"error": "", "since": None, "paused_until": None, "waiting": 0, "last_in_at": None, "last_out_at": None}
    assert fresh == {"state": "ok", **nothing}
    conversation = await client.hear(channel)
    await client.post(f"/conversations/{conversation}/messages", {"text": "Hi"})
    until = client.clock() + timedelta(minutes=5)

    def pause(connection: sa.Connection) -> None:
        connection.execute(sa.update(t.channels).values(paused_until=until))

    await client.run(pause)
    health = (await client.get("/channels")).body["items"][0]["health"]
    assert (health["state"], health["waiting"], health["last_in_at"] is not None) == ("paused", 1, True)
    await client.run(lambda c: c.execute(sa.update(t.messages).where(t.messages.c.direction == "out").values(state="sent")))
    client.clock.tick(minutes=6)
    health = (await client.get("/channels")).body["items"][0]["health"]
    assert (health["state"], health["waiting"], health["last_out_at"] is not None) == ("ok", 0, True)


async def test_a_check_names_each_thing_and_puts_right_what_it_can(client: Client) -> None:
    async with serve(WhatsAppStandIn(Phones())) as stand_in:
        assert isinstance(stand_in, WhatsAppStandIn)
        client.app[keys.SETTINGS].public_url = client.url
        channel = await whatsapp(client, stand_in)
        ours = f"{client.url}/hooks/{channel}"
        assert stand_in.webhook == ours
        found = await checks(client, channel)
        assert found.pop("received") == "warning" and set(found.values()) == {"ok"}, found
        assert {"token", "number", "webhook", "address", "reachable", "clock", "sending"} <= found.keys()

        stand_in.webhook = "https://other.example/hook"
        assert (await checks(client, channel))["webhook"] == "warning", "it was another's, and was put right"
        assert stand_in.webhook == ours and (await checks(client, channel))["webhook"] == "ok"

        stand_in.access_token = "another"
        answer = await client.post(f"/channels/{channel}/check")
        assert answer.body["ok"] is False and "expired" in answer.body["problem"]
        (shown,) = (await client.get("/channels")).body["items"]
        assert (shown["state"], shown["health"]["state"]) == ("failing", "failing")


async def checks(client: Client, channel: int) -> dict[str, str]:
    answer = await client.post(f"/channels/{channel}/check")
    assert all(c["mend"] for c in answer.body["checks"] if c["state"] != "ok"), answer.body
    return {c["name"]: c["state"] for c in answer.body["checks"]}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("public_url", "api_base", "state", "words"),
    [
        pytest.param("https://inbox.example.com", "https://api.example.com", "ok", "inbox.example.com", id="as it should be"),
        pytest.param("http://inbox.example.com", "https://api.example.com", "error", "not https", id="no https"),
        pytest.param("", "https://api.example.com", "error", "PUBLIC_URL is not set", id="no address"),
        pytest.param("https://10.0.0.5", "https://api.example.com", "error", "internet", id="inside"),
        pytest.param("https://box.local", "https://api.example.com", "error", "internet", id="inside, by name"),
        pytest.param("", "http://127.0.0.1:9", "ok", "this machine", id="a stand-in on this machine"),
    ],
)
async def test_a_check_knows_whether_a_provider_can_reach_us(
    client: Client, public_url: str, api_base: str, state: str, words: str
) -> None:
    channel = await client.channel("sms")
    house = client.app[keys.HOUSE]
    house.settings.public_url = public_url
    await client.run(accounts.change, client.clock(), house.vault, channel, values={"api_base": api_base})
    await house.accounts.refresh(only_stale=False)
    line = await house.accounts.line(channel)
    assert line is not None
    (found,) = checking._address(house, line, f"{house.settings.base_url}/hooks/{channel}")
    assert (found.state, words in found.text) == (state, True), found


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [(3, "ok", "Right"), (-3, "ok", "Right"), (90, "warning", "90 s ahead"), (-4000, "error", "4000 s behind")],
)
def test_a_wrong_clock_is_told(seconds: float, state: str, words: str) -> None:
    check = checking.skew(seconds)
    assert (check.state, words in check.text, bool(check.mend)) == (state, True, state != "ok")


async def test_a_test_message_is_a_real_one(client: Client) -> None:
    channel = await client.channel("sms")
    sent = await client.post(f"/channels/{channel}/test", {"address": "+49 30 901820"})
    assert sent.status == 201
    thread = (await client.get(f"/conversations/{sent.body['conversation_id']}/messages")).body["items"]
    assert [(m["id"], m["state"], "test message" in m["text"]) for m in thread] == [(sent.body["message_id"], "queued", True)]
    address = await client.run(lambda c: c.scalar(sa.select(t.messages.c.address)))
    assert address == "+4930901820"
    again = await client.post(f"/channels/{channel}/test", {"address": "+4930901820", "text": "Once more"})
    assert again.body["conversation_id"] == sent.body["conversation_id"], "the same person"


async def test_a_test_message_goes_to_the_person_who_is_known(client: Client) -> None:
    channel = await client.channel("sms")
    conversation = await client.hear(channel)
    sent = await client.post(f"/channels/{channel}/test", {"address": "+4930901820"})
    assert sent.body["conversation_id"] == conversation
    assert (await client.get("/contacts")).body["items"][0]["name"] == "Anna Schmidt"
    assert len((await client.get("/contacts")).body["items"]) == 1


@pytest.mark.parametrize(
    ("kind", "address", "status", "words"),
    [
        pytest.param("sms", "hello", 422, "phone number", id="no phone"),
        pytest.param("whatsapp", "+4930901820", 409, "window", id="window shut"),
        pytest.param("webchat", "visitor", 422, "cannot write first", id="must write first"),
    ],
)
async def test_a_test_message_that_cannot_go_says_why(client: Client, kind: str, address: str, status: int, words: str) -> None:
    channel = await client.channel(kind)
    answer = await client.post(f"/channels/{channel}/test", {"address": address})
    assert answer.status == status and words in str(answer.body)
    assert (await client.post("/channels/999/test", {"address": address})).status == 404
    assert (await client.get("/contacts")).body["items"] == [], "nothing is left of it"
