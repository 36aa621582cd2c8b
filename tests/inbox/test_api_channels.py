"""Channels, events, webhooks and the unsubscribe page over HTTP."""

import asyncio
from typing import Any

import aiohttp
import msgspec
import pytest
import sqlalchemy as sa
from aiohttp import web

from channels.registry import kinds
from inbox import files, webhooks
from inbox.care import checking
from inbox.delivery.outgoing import Draft, queue_message
from inbox.web import keys, pages
from tests.inbox import rows
from tests.inbox.conftest import START, Client
from tests.inbox.rows import contact_of

SECRETS = ("a secret", "another", "a word")


async def test_a_channel_shows_what_it_can_and_never_a_secret(client: Client) -> None:
    await client.channel("whatsapp", "Shop")
    answer = await client.get("/channels")
    (found,) = answer.body["items"]
    assert (found["name"], found["kind"], found["state"]) == ("Shop", "whatsapp", "ok")
    assert found["settings"]["access_token"] == "set" and found["settings"]["phone_number_id"] == "1"
    assert found["webhook"].endswith(f"/hooks/{found['id']}")
    assert found["capabilities"]["window_hours"] == 24
    assert not any(secret in str(answer.body) for secret in SECRETS)


async def test_every_kind_draws_its_form(client: Client) -> None:
    found = {k["kind"]: {f["name"]: f for f in k["fields"]} for k in (await client.get("/channels/kinds")).body["items"]}
    assert set(found) == set(kinds())
    token = found["whatsapp"]["access_token"]
    assert token["secret"] and token["required"] and token["default"] is None and token["title"]
    assert found["email"]["tls"]["type"] == "choice" and "starttls" in found["email"]["tls"]["choices"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param({"kind": "fax", "name": "Fax", "settings": {}}, "kind", id="no such kind"),
        pytest.param({"kind": "sms", "name": "SMS", "settings": {}}, "settings.account_sid", id="a field is missing"),
        pytest.param({"kind": "webchat", "name": "Chat", "settings": {"colou": "x"}}, "settings.colou", id="unknown setting"),
        pytest.param({"kind": "webchat", "name": "", "settings": {}}, "name", id="no name"),
    ],
)
async def test_a_channel_that_cannot_be_connected_names_the_field(client: Client, body: dict[str, Any], field: str) -> None:
    answer = await client.post("/channels", body)
    assert answer.status == 422 and field in answer.errors
    assert (await client.get("/channels")).body["items"] == []


async def test_connecting_changing_and_disconnecting(client: Client) -> None:
    made = await client.post("/channels", {"kind": "webchat", "name": "Chat", "settings": {"origins": "https://a.example"}})
    assert made.status == 201 and made.body["account"] is not None
    path = f"/channels/{made.body['id']}"
    team = (await client.post("/teams", {"name": "Sales"})).body["id"]
    changed = (await client.patch(path, {"name": "Shop chat", "settings": {"origins": "http://b.example"}, "team": team})).body
    assert (changed["name"], changed["settings"]["origins"], changed["team"]["id"]) == ("Shop chat", "http://b.example", team)
    assert (await client.patch(path, {"state": "disabled"})).body["state"] == "disabled"
    assert (await client.patch(path, {"team": 999})).errors.keys() == {"team"}
    assert (await client.post(f"{path}/check")).body["ok"] is True
    assert (await client.delete(path)).status == 204
    assert (await client.get("/channels")).body["items"] == []
    assert (await client.delete(path)).status == 404


async def test_a_lead_sees_channels_and_changes_none(client: Client) -> None:
    number = await client.channel()
    lead = await client.become("lead")
    assert len((await lead.get("/channels")).body["items"]) == 1
    assert (await lead.patch(f"/channels/{number}", {"name": "Mine"})).status == 403


async def test_events_tell_who_did_what(client: Client) -> None:
    number = await client.hear(await client.channel())
    await client.patch(f"/conversations/{number}", {"status": "closed"})
    newest = (await client.get("/events")).body["items"][0]
    assert (newest["kind"], newest["actor"]["name"]) == ("conversation.closed", "Olga Owner")
    met = (await client.get("/events", kind="contact.met")).body["items"]
    assert [e["kind"] for e in met] == ["contact.met"]
    page = (await client.get("/events", conversation=number, limit=1)).body
    assert page["items"][0]["id"] == newest["id"] and page["next"]


class Ear:
    """A program that wants to hear of events; `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.heard: list[tuple[str, bytes]] = []

    async def take(self, request: web.Request) -> web.Response:
        self.heard.append((request.headers["Switchboard-Signature"], await request.read()))
        return web.Response(status=self.status)

    @property
    def kinds(self) -> list[str]:
        return [event["kind"] for _, body in self.heard for event in msgspec.json.decode(body)["events"]]


async def test_a_webhook_hears_every_event_of_its_kinds_once_in_order_and_signed(client: Client) -> None:
    ear = Ear()
    app = web.Application()
    app.router.add_post("/ear", ear.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/ear"
    made = (await client.post("/webhooks", {"url": url, "kinds": ["team.added", "team.changed"]})).body

    async def tell() -> int:
        return await webhooks.tell(client.app[keys.DB], client.app[keys.VAULT], client.http, client.clock())

    team = (await client.post("/teams", {"name": "Sales"})).body["id"]
    assert await tell() == 0, "an event settles first"
    client.clock.tick(seconds=3)
    assert await tell() == 1 and await tell() == 0
    signature, body = ear.heard[0]
    assert signature == webhooks.signature(made["secret"], client.clock(), body)
    ear.status = 500
    await client.patch(f"/teams/{team}", {"name": "Support"})
    client.clock.tick(seconds=3)
    assert await tell() == 0 and await tell() == 0, "a failure pauses it"
    assert (await client.get("/webhooks")).body["items"][0]["error"] == "It answered 500"
    ear.status = 200
    client.clock.tick(seconds=5)
    assert await tell() == 1
    assert ear.kinds == ["team.added", "team.changed", "team.changed"], "at least once"
    assert made["secret"] not in str((await client.get("/webhooks")).body)
    assert (await client.delete(f"/webhooks/{made['id']}")).status == 204
    await runner.cleanup()


@pytest.mark.parametrize("url", ["ftp://example.com", "not an address", ""])
async def test_a_webhook_is_on_the_web(client: Client, url: str) -> None:
    assert (await client.post("/webhooks", {"url": url})).errors.keys() == {"url"}


def _broadcast_message(connection: sa.Connection, conversation_id: int) -> int:
    draft = Draft(conversation_id=conversation_id, author_kind="manager", author_id=1, text="News")
    return queue_message(connection, START, draft)


async def page(client: Client, method: str, path: str) -> tuple[int, str]:
    async with client.http.request(method, client.url + path, headers={"Accept-Language": "en"}) as response:
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
        return response.status, await response.text()


async def test_one_click_stops_broadcasts_and_only_the_click(client: Client) -> None:
    conversation = await client.hear(await client.channel())
    message = await client.run(_broadcast_message, conversation)
    path = f"/unsubscribe/{message}/{files.sign(client.app[keys.SETTINGS].key, -message)}"
    contact = await client.run(contact_of, conversation)

    async def stopped() -> Any:
        return (await client.get(f"/contacts/{contact}")).body["consent"][0]["marketing_stopped_at"]

    assert (await page(client, "GET", path))[0] == 200
    assert await stopped() is None, "mail scanners open every link"
    client.clock.tick(minutes=1)
    assert "unsubscribed" in (await page(client, "POST", path))[1]
    first = await stopped()
    client.clock.tick(minutes=1)
    assert (await page(client, "POST", path))[0] == 200 and await stopped() == first
    assert "unsubscribed" in (await page(client, "GET", path))[1]
    assert (await page(client, "POST", path[:-1] + "x"))[0] == 404
    kinds_seen = [e["kind"] for e in (await client.get("/events", kind="consent.stop")).body["items"]]
    assert kinds_seen == ["consent.stop"]


async def test_a_signed_address_gives_a_provider_the_file_and_nobody_another(client: Client) -> None:
    conversation = await client.hear(await client.channel())
    form = aiohttp.FormData()
    form.add_field("file", b"hello", filename="note.txt")
    up = (await client.call("POST", "/uploads", data=form)).body
    body = {"attachments": [{"file": up["file"], "name": "note.txt"}]}
    sent = (await client.post(f"/conversations/{conversation}/messages", body)).body
    number, key = sent["attachments"][0]["id"], client.app[keys.SETTINGS].key
    async with client.http.get(files.public_url(client.url, key, number, "note.txt")) as response:
        assert (response.status, await response.read()) == (200, b"hello")
    async with client.http.get(files.public_url(client.url, "another key", number, "note.txt")) as response:
        assert response.status == 404


@pytest.mark.parametrize("path", ["../secret", "assets/../../secret", "%2e%2e/secret", "a\0b", ""])
def test_no_path_leads_out_of_the_built_app(tmp_path: Any, path: str) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    assert pages.built(tmp_path / "dist", path) is None


async def test_the_app_is_served_at_every_view_and_its_files_are_kept_for_a_year(
    client: Client, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<main>app</main>")
    (dist / "assets" / "a-1.js").write_text("1")
    monkeypatch.setattr(pages, "DIST", dist)
    for path, status, kept in (
        ("/", 200, "no-cache"),
        ("/inbox/5", 200, "no-cache"),
        ("/assets/a-1.js", 200, "immutable"),
        ("/assets/gone.js", 404, ""),
        ("/api/v2/nothing", 404, ""),
        ("/hooks", 404, ""),
    ):
        async with client.http.get(client.url + path) as response:
            assert response.status == status, path
            assert kept in response.headers.get("Cache-Control", "")
            assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_provider_that_does_not_answer_keeps_nobody_waiting(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "PATIENCE", 0.1)
    server = await asyncio.start_server(_silence, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    body = {"kind": "sms", "name": "SMS", "settings": rows.SETTINGS["sms"] | {"api_base": address}}
    made = await client.post("/channels", body)
    assert made.status == 201 and made.body["account"] is None
    checked = (await client.post(f"/channels/{made.body['id']}/check")).body
    assert (checked["ok"], checked["account"], checked["problem"]) == (False, None, "The provider does not answer.")
    assert checked["checks"][0]["mend"]
    server.close()


async def _silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(1000):
        pass
    writer.close()
