"""Our calls to Twilio against its own OpenAPI documents: run where SWITCHBOARD_CASES names the folder that holds them."""

import json
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import aiohttp
import jsonschema_rs
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from channels.base import Location, OutgoingFile, OutgoingMessage, TemplateUse, Transport
from channels.sms import SmsConnector, SmsSettings

CASES = os.environ.get("SWITCHBOARD_CASES")
SPECS = ("twilio_api_v2010_messages.json", "twilio_content_v1.json")
ACCOUNT, SERVICE, CONTENT = "AC" + "0" * 32, "MG" + "0" * 32, "HX" + "0" * 32
pytestmark = pytest.mark.skipif(not CASES, reason="SWITCHBOARD_CASES names no folder of collected cases")


@dataclass(frozen=True, slots=True)
class Asked:
    """One call as it was made, without the address of the server."""

    method: str
    path: str
    query: Mapping[str, str]
    form: list[tuple[str, str]]


@cache
def specs() -> list[dict[str, Any]]:
    return [json.loads((Path(CASES or ".") / "specs" / name).read_text()) for name in SPECS]


def operation(asked: Asked) -> tuple[dict[str, Any], dict[str, Any], dict[str, str]]:
    """(document, operation, values of the path's parameters) that a call means."""
    for spec in specs():
        for template, item in spec["paths"].items():
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(template))
            found = re.fullmatch(pattern, asked.path)
            if found and asked.method.lower() in item:
                return spec, item[asked.method.lower()], found.groupdict()
    raise AssertionError(f"Twilio has no {asked.method} {asked.path}")


def problems(asked: Asked) -> list[str]:
    """What Twilio's document says against a call."""
    spec, described, in_path = operation(asked)
    found = []
    known = {each["name"]: each for each in described.get("parameters", ())}
    for name, value in (*asked.query.items(), *in_path.items()):
        found += _check(spec, known.get(name, {}).get("schema"), name, value)
    body = described.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded", {}).get("schema", {})
    for name in dict(asked.form):
        schema = body.get("properties", {}).get(name)
        values = [value for key, value in asked.form if key == name]
        if schema and schema.get("type") == "array":
            found += [problem for value in values for problem in _check(spec, schema["items"], name, value)]
        else:
            found += ["repeated: " + name] * (len(values) - 1) + _check(spec, schema, name, values[0])
    return found + [f"missing: {name}" for name in body.get("required", ()) if name not in dict(asked.form)]


def _check(spec: dict[str, Any], schema: dict[str, Any] | None, name: str, value: str) -> list[str]:
    if schema is None:
        return [f"unknown: {name}"]
    typed: Any = value
    if schema.get("type") == "boolean":
        typed = {"true": True, "false": False}.get(value, value)
    elif schema.get("type") in ("integer", "number"):
        typed = json.loads(value)
    whole = {**schema, "components": spec.get("components", {})}
    return [f"{name}: {error.message}" for error in jsonschema_rs.validator_for(whole).iter_errors(typed)]


Run = Callable[[SmsConnector], Awaitable[object]]
FILE = OutgoingFile(kind="image", name="a.png", mime="image/png", size=3, url="https://files.example/a.png", read=lambda: b"abc")
STATUS = "https://switchboard.example/hooks/1?message=1"


def sending(**fields: Any) -> Run:
    message = OutgoingMessage(**{"id": "1", "address": "+15005550001", "text": "Hi", "status_url": STATUS, **fields})
    return lambda connector: connector.send(message)


NUMBER, WHATSAPP = {"from": "+15005550006"}, {"from": "whatsapp:+15005550006"}
CALLS: list[tuple[str, dict[str, Any], Run, int]] = [
    ("text", NUMBER, sending(), 1),
    ("text through a service", {"from": SERVICE}, sending(), 1),
    ("text of a number through its service", NUMBER | {"messaging_service": SERVICE}, sending(), 1),
    ("text made plain", NUMBER, sending(text="“" + "a" * 90), 1),
    ("pictures", NUMBER, sending(attachments=[FILE, FILE]), 1),
    ("WhatsApp", WHATSAPP, sending(), 1),
    ("a place", WHATSAPP, sending(location=Location(latitude=55.75, longitude=37.62, name="Office")), 1),
    ("a template", WHATSAPP, sending(template=TemplateUse(name=CONTENT, language="en", variables={"1": "Ann"})), 1),
    ("templates", WHATSAPP, lambda connector: connector.templates(), 1),
    ("connecting", NUMBER, lambda connector: connector.connect("https://switchboard.example/hooks/1"), 2),
]


@pytest.mark.parametrize(("settings", "run", "count"), [c[1:] for c in CALLS], ids=[c[0] for c in CALLS])
async def test_a_call_is_as_twilio_describes_it(settings: dict[str, Any], run: Run, count: int) -> None:
    asked: list[Asked] = []

    async def take(request: web.Request) -> web.Response:
        form = parse_qsl((await request.read()).decode(), keep_blank_values=True)
        asked.append(Asked(request.method, request.path, dict(request.query), form))
        return web.json_response({"sid": "SM1", "status": "active", "friendly_name": "Shop", "contents": []})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    async with TestServer(app) as server, aiohttp.ClientSession() as http:
        told = {"account_sid": ACCOUNT, "auth_token": "x", "api_base": str(server.make_url("/")), **settings}
        await run(SmsConnector(SmsSettings.model_validate(told), Transport(http=http)))
    assert len(asked) == count
    assert [problem for each in asked for problem in problems(each)] == []


def test_a_wrong_call_is_noticed() -> None:
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert problems(Asked("POST", path, {}, [("To", "+15005550001"), ("Text", "Hi")])) == ["unknown: Text"]
    assert problems(Asked("POST", path, {}, [("To", "+15005550001"), ("ContentSid", "HX1")]))
    with pytest.raises(AssertionError, match="no POST"):
        problems(Asked("POST", "/2010-04-01/Message.json", {}, []))
