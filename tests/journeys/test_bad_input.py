"""What is forged, broken or unheard of: refused in words, kept where it is authentic, and never at its neighbours' cost."""

import base64
import hmac
import json
from collections.abc import AsyncIterator, Mapping
from io import BytesIO
from urllib.parse import parse_qsl, urlencode

import pytest
import pytest_asyncio

from tests.journeys import stream
from tests.journeys.system import Json, System, wait_until
from tests.journeys.town import WAYS, Town, town

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]
SIGNED = ("telegram", "whatsapp", "sms")
PHONE = "79051234567"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def city(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> AsyncIterator[Town]:
    ways = tuple(way for way in WAYS if way.kind in SIGNED and not way.second)
    async with town(tmp_path_factory.mktemp("town"), database_url, ways) as found:
        yield found
        assert found.system.errors() == []


def hook(city: Town, kind: str) -> str:
    way = next(way for way in WAYS if way.kind == kind and not way.second)
    return f"{city.system.url}/hooks/{city.channels[way.label]}"


def body_of(kind: str, text: str, number: int) -> bytes:
    """A message as the provider of this kind writes it."""
    if kind == "telegram":
        person = {"id": 7300000 + number, "first_name": "Igor", "is_bot": False}
        chat = {"id": 7300000 + number, "type": "private", "first_name": "Igor"}
        heard = {"message_id": number, "from": person, "chat": chat, "date": 1795000000, "text": text}
        return json.dumps({"update_id": number, "message": heard}).encode()
    if kind == "whatsapp":
        return json.dumps(stream.envelope(stream.message("Igor", PHONE, text, str(number)), "100200300400500")).encode()
    form = {"MessageSid": f"SM{number:032x}", "From": f"+{PHONE}", "To": "+15005550006", "Body": text, "NumMedia": "0"}
    return urlencode(form | {"AccountSid": "AC" + "5" * 32}).encode()


def proof(city: Town, kind: str, body: bytes) -> dict[str, str]:
    """The headers that prove where the body comes from."""
    settings = city.first.settings()[kind]
    if kind == "telegram":
        secret = hmac.new(settings["token"].encode(), b"telegram webhook secret", "sha256").hexdigest()
        return {"X-Telegram-Bot-Api-Secret-Token": secret}
    if kind == "whatsapp":
        return {"X-Hub-Signature-256": "sha256=" + hmac.new(settings["app_secret"].encode(), body, "sha256").hexdigest()}
    pairs = sorted(parse_qsl(body.decode(), keep_blank_values=True))
    text = hook(city, kind) + "".join(name + value for name, value in pairs)
    signature = base64.b64encode(hmac.digest(settings["auth_token"].encode(), text.encode(), "sha1")).decode()
    return {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}


async def post(city: Town, kind: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Json]:
    async with city.system.http.post(hook(city, kind), data=body, headers=headers) as answer:
        text = await answer.text()
        return answer.status, json.loads(text) if text.startswith("{") else {}


async def everything(system: System) -> list[Json]:
    """All messages of all conversations."""
    conversations = await system.api.every("/conversations?status=any")
    return [m for each in conversations for m in await system.api.messages(each["id"])]


async def raw(city: Town, kind: str) -> list[Json]:
    """The raw bodies that were kept of a channel, newest first."""
    return await city.system.api.every(f"/channels/{hook(city, kind).rpartition('/')[2]}/raw")


@pytest.mark.parametrize("kind", SIGNED)
@pytest.mark.parametrize(("forged", "status"), [({}, 401), ("wrong", 403)])
async def test_what_is_not_authentic_is_refused_and_leaves_nothing(city: Town, kind: str, forged: object, status: int) -> None:
    body = body_of(kind, "Forged", 1)
    right = proof(city, kind, body)
    name = next(iter(right))
    given = {key: value for key, value in right.items() if key != name}
    if forged:
        given[name] = right[name][:-6] + "AAAAA=" if kind == "sms" else right[name][:-6] + "000000"
    before, kept = await everything(city.system), await raw(city, kind)
    answered, problem = await post(city, kind, body, given)
    assert answered == status and problem["detail"]
    assert await everything(city.system) == before and await raw(city, kind) == kept


@pytest.mark.parametrize("kind", ["telegram", "whatsapp"])
@pytest.mark.parametrize("body", [b"this is not JSON", b"", b"[1, 2", b'"text"', b"\xff\xfe{}"])
async def test_what_is_no_json_is_answered_400_and_kept(city: Town, kind: str, body: bytes) -> None:
    before = await raw(city, kind)
    status, problem = await post(city, kind, body, proof(city, kind, body))
    assert status == 400 and problem["detail"]
    kept = await raw(city, kind)
    assert len(kept) == len(before) + 1
    newest = max(kept, key=lambda each: each["id"])
    assert (newest["state"], newest["size"]) == ("failed", len(body)) and newest["error"]


@pytest.mark.parametrize("kind", SIGNED)
async def test_a_repeated_payload_is_stored_once(city: Town, kind: str) -> None:
    text, body = f"Once by {kind}", body_of(kind, f"Once by {kind}", 4711)
    for _ in range(3):
        status, _ = await post(city, kind, body, proof(city, kind, body))
        assert status == 200
    assert [m["text"] for m in await everything(city.system)].count(text) == 1


async def test_a_broken_element_leaves_its_neighbours(city: Town) -> None:
    good = [stream.message("Igor", PHONE, f"Neighbour {n}", f"batch{n}")["messages"][0] for n in range(2)]
    broken = {"from": PHONE, "id": "wamid.broken", "type": "text", "timestamp": "soon", "text": ["not", "an", "object"]}
    status_of_nothing = {"statuses": [{"id": 5, "status": ["read"]}, "neither"]}
    value = {"contacts": ["nobody", {"profile": {"name": "Igor"}, "wa_id": PHONE}], "messages": [good[0], broken, 17, good[1]]}
    body = json.dumps(stream.envelope(value | status_of_nothing, "100200300400500")).encode()
    status, _ = await post(city, "whatsapp", body, proof(city, "whatsapp", body))
    assert status == 200
    texts = [m["text"] for m in await everything(city.system)]
    assert texts.count("Neighbour 0") == texts.count("Neighbour 1") == 1
    newest = max(await raw(city, "whatsapp"), key=lambda each: each["id"])
    assert newest["state"] == "partial" and newest["error"]


async def test_a_kind_nobody_has_heard_of_is_shown_as_such(city: Town) -> None:
    heard = {"from": PHONE, "id": "wamid.hologram", "timestamp": "1795000000", "type": "hologram", "hologram": {"id": "1"}}
    body = json.dumps(stream.envelope({"messages": [heard]}, "100200300400500")).encode()
    status, _ = await post(city, "whatsapp", body, proof(city, "whatsapp", body))
    assert status == 200
    shown = next(m for m in await everything(city.system) if m["external_id"] == "wamid.hologram")
    assert shown["kind"] == "unsupported" and shown["direction"] == "in"


async def test_text_that_no_database_takes_is_stored_without_what_it_minds(city: Town) -> None:
    body = body_of("telegram", "Nul \0 and half \ud83d an emoji", 90210)
    status, _ = await post(city, "telegram", body, proof(city, "telegram", body))
    assert status == 200
    assert any(m["text"].startswith("Nul") and "an emoji" in m["text"] for m in await everything(city.system))


@pytest.mark.parametrize("path", ["hooks/999999", "hooks/nothing", "hooks/0", "hooks/99999999999999999999999"])
async def test_an_unknown_channel_is_not_found(city: Town, path: str) -> None:
    for method in ("POST", "GET"):
        async with city.system.http.request(method, f"{city.system.url}/{path}", data=b"{}") as answer:
            assert answer.status == 404, await answer.text()


async def test_a_body_beyond_all_measure_is_refused(city: Town) -> None:
    headers = proof(city, "telegram", b"")
    async with city.system.http.post(hook(city, "telegram"), data=BytesIO(b"x" * 27_000_000), headers=headers) as answer:
        assert answer.status == 413


BAD_CALLS: tuple[tuple[str, str, object, int, str], ...] = (
    ("POST", "/conversations/{id}/messages", {"text": 5}, 422, "text"),
    ("POST", "/conversations/{id}/messages", {}, 422, "text"),
    ("POST", "/conversations/{id}/messages", {"text": "a", "colour": "red"}, 422, "colour"),
    ("POST", "/conversations/{id}/messages", {"text": "a", "choices": [{"id": "x"}]}, 422, "choices.0.title"),
    ("POST", "/conversations/{id}/messages", {"text": "a", "attachments": [{}]}, 422, "attachments.0"),
    ("POST", "/conversations/{id}/messages", {"text": "a", "reply_to": 10**9}, 422, "reply_to"),
    ("POST", "/conversations/{id}/messages", b"not JSON", 422, "body"),
    ("PATCH", "/conversations/{id}", {"status": "sleeping"}, 422, "status"),
    ("PATCH", "/conversations/{id}", {"assignee": 10**9}, 422, "assignee"),
    ("GET", "/conversations?status=asleep", None, 422, "status"),
    ("GET", "/conversations?limit=0", None, 422, "limit"),
    ("GET", "/conversations?cursor=nonsense", None, 422, "cursor"),
    ("GET", "/conversations/999999", None, 404, ""),
    ("GET", "/nothing", None, 404, ""),
    ("POST", "/contacts", {"identities": [{"kind": "phone", "address": "by the bridge"}]}, 422, "identities.0.address"),
    ("POST", "/channels", {"kind": "telegram", "name": "x", "settings": {}}, 422, "settings.token"),
    ("POST", "/channels", {"kind": "pigeon", "name": "x", "settings": {}}, 422, "kind"),
)


@pytest.mark.parametrize(("method", "path", "body", "status", "field"), BAD_CALLS)
async def test_the_api_names_the_field_that_is_wrong(
    city: Town, method: str, path: str, body: object, status: int, field: str
) -> None:
    conversation = await _some_conversation(city)
    answered, problem = await city.system.api.call(method, path.format(id=conversation), body)
    assert answered == status, problem
    assert problem["status"] == status and problem["detail"]
    if field:
        assert [error["field"] for error in problem["errors"]] == [field], problem


async def _some_conversation(city: Town) -> int:
    body = body_of("sms", "Anybody there?", 77)
    await post(city, "sms", body, proof(city, "sms", body))

    async def found() -> int:
        items = await city.system.api.every("/conversations?status=any")
        return next((each["id"] for each in items if each["channel"]["kind"] == "sms"), 0)

    return await wait_until(found)


async def test_the_api_knows_nobody_without_a_token(city: Town) -> None:
    for headers in ({}, {"Authorization": "Bearer sb_wrong"}, {"Authorization": "Basic abc"}):
        async with city.system.http.get(f"{city.system.url}/api/v1/conversations", headers=headers) as answer:
            assert answer.status == 401
            assert answer.content_type == "application/problem+json"
