"""What the WhatsApp connector gives to Meta, held against Meta's own OpenAPI document, which is kept outside this project.

SWITCHBOARD_CASES names the folder that holds it; without it everything here is skipped.
"""

import os
import re
from collections.abc import AsyncIterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema_rs
import pytest
import yaml
from aiohttp import web

from channels.base import Choice, ContactCard, Location, OutgoingFile, OutgoingMessage, TemplateUse, Transport
from channels.whatsapp import WhatsApp, WhatsAppSettings

CASES = os.environ.get("SWITCHBOARD_CASES", "")
pytestmark = pytest.mark.skipif(not CASES, reason="SWITCHBOARD_CASES does not name a folder of cases")


@cache
def document() -> dict[str, Any]:
    """The document, mended where it forbids its own examples.

    Each kind of message says `additionalProperties: false` beside the properties that it takes from the common part, so that
    nothing can ever fit; indexes of buttons have a pattern without 0; callback data is documented
    elsewhere only. Links, requests for a place and the newer buttons of templates are not in it at all.
    """
    with (Path(CASES) / "specs" / "meta_business_messaging_v23.0.yaml").open() as file:
        found: dict[str, Any] = yaml.load(file, Loader=yaml.CSafeLoader)
    schemas = found["components"]["schemas"]
    common = {**schemas["BaseMessageProperties"]["properties"], "biz_opaque_callback_data": {"type": "string", "maxLength": 512}}
    for name in schemas["Message"]["discriminator"]["mapping"].values():
        kind = schemas[name.rpartition("/")[2]]
        parts = kind.pop("allOf")
        own = next(part for part in parts if "properties" in part)
        required = [*schemas["BaseMessageProperties"]["required"], *own.get("required", [])]
        kind |= {**own, "properties": {**common, **own["properties"]}, "required": required, "additionalProperties": False}
    for holder in (schemas["TemplateComponent"], schemas["ButtonComponent"]["allOf"][1]):
        holder["properties"]["index"]["pattern"] = "^[0-9]$"
    return found


def schema(name: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for({"$ref": f"#/components/schemas/{name}", "components": document()["components"]})


class Meta:
    """Takes everything, and keeps it with its path."""

    def __init__(self) -> None:
        self.got: list[tuple[str, Any]] = []
        self.agents: set[str] = set()
        self.forms: list[Mapping[str, str]] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.agents.add(request.headers["User-Agent"])
        if request.path.endswith("/media"):
            self.forms.append({name: str(value) for name, value in (await request.post()).items() if isinstance(value, str)})
            return web.json_response({"id": "MEDIA"})
        self.got.append((request.path, await request.json()))
        return web.json_response({"messages": [{"id": "wamid.1"}], "success": True})


@pytest.fixture
async def meta() -> AsyncIterator[tuple[Meta, WhatsApp]]:
    server, app = Meta(), web.Application()
    app.router.add_post("/{path:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    values = {"phone_number_id": "106540352242922", "access_token": "a", "app_secret": "s", "verify_token": "v"}
    values["api_base"] = f"http://127.0.0.1:{runner.addresses[0][1]}/v23.0"
    async with aiohttp.ClientSession() as http:
        yield server, WhatsApp(WhatsAppSettings.model_validate(values), Transport(http=http))
    await runner.cleanup()


def file(kind: str, mime: str) -> OutgoingFile:
    return OutgoingFile(kind=kind, name="a.bin", mime=mime, size=4, url="", read=lambda: b"OggS")


def choices(count: int, **more: Any) -> list[Choice]:
    return [Choice(id=f"c{n}", title=f"Choice {n}", **more) for n in range(count)]


MESSAGES: Mapping[str, Mapping[str, Any]] = {
    "text": {"text": "Hi"},
    "a reply": {"text": "Hi", "reply_to": "wamid.Q"},
    "picture with caption": {"text": "c", "attachments": [file("image", "image/jpeg")]},
    "video": {"attachments": [file("video", "video/mp4")]},
    "voice note": {"attachments": [file("voice", "audio/ogg")]},
    "document": {"text": "c", "attachments": [file("file", "application/pdf")]},
    "sticker": {"attachments": [file("sticker", "image/webp")]},
    "place": {"location": Location(latitude=55.75, longitude=37.62, name="Shop", address="Street 1")},
    "contacts": {"contacts": [ContactCard(name="Anna", phones=["+79990000000"], emails=["a@b.example"], organisation="Shop")]},
    "reaction": {"reaction": "👍", "reply_to": "wamid.Q"},
    "buttons": {"text": "Pick", "choices": choices(3)},
    "buttons under a picture": {"text": "Pick", "choices": choices(2), "attachments": [file("image", "image/png")]},
    "list": {"text": "Pick", "choices": choices(10, description="more", section="All")},
    "form": {"text": "Book", "choices": [Choice(id="f", title="Book", kind="form", value="77/DATE?day=5")]},
    "template": {"template": TemplateUse(name="hello_world", language="en_US")},
    "template with all its parts": {
        "template": TemplateUse(
            name="sale",
            language="ru",
            variables={
                "1": "a",
                "2": {"type": "currency", "currency": {"fallback_value": "5 €", "code": "EUR", "amount_1000": 5000}},
            },
            buttons={"0": "p", "1": "end"},
            button_kinds={"0": "reply", "1": "url"},
        ),
        "attachments": [file("image", "image/png")],
    },
}


@pytest.mark.parametrize("name", MESSAGES)
async def test_what_we_send_fits_metas_document(meta: tuple[Meta, WhatsApp], name: str) -> None:
    server, connector = meta
    await connector.send(OutgoingMessage(id="17", address="+16505551234", **MESSAGES[name]))
    assert len(server.got) == 1
    path, body = server.got[0]
    assert path == "/v23.0/106540352242922/messages"
    kind = document()["components"]["schemas"]["Message"]["discriminator"]["mapping"][body["type"]].rpartition("/")[2]
    problems = [f"{error.instance_path}: {error.message}" for error in schema(kind).iter_errors(body)]
    assert not problems, (body, problems)
    wanted = document()["components"]["parameters"]["UserAgent"]["schema"]["pattern"]
    assert all(re.fullmatch(wanted, agent) for agent in server.agents)
    for part in (body.get("template") or {}).get("components", ()):
        component = {"header": "HeaderComponent", "body": "BodyComponent", "button": "ButtonComponent"}[part["type"]]
        assert schema(component).is_valid(part), part


async def test_files_are_uploaded_as_metas_document_says(meta: tuple[Meta, WhatsApp]) -> None:
    server, connector = meta
    await connector.send(OutgoingMessage(id="17", address="+16505551234", attachments=[file("voice", "audio/ogg")]))
    assert server.forms == [{"messaging_product": "whatsapp", "type": "audio/ogg; codecs=opus"}]
    taken = document()["paths"]["/{Version}/{Phone-Number-ID}/media"]["post"]["requestBody"]["content"]
    assert "multipart/form-data" in taken


@pytest.mark.parametrize("name", ["TextMessage", "InteractiveMessage", "TemplateMessage", "LocationMessage"])
def test_the_mended_document_refuses_what_is_wrong(name: str) -> None:
    common = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "1", "type": "text"}
    assert not schema(name).is_valid({**common, "strange": 1})
