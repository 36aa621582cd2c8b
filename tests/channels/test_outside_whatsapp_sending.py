"""Send what other projects send by WhatsApp, and compare what the provider receives and how its answers are understood.

SWITCHBOARD_CASES names the folder of cases, kept outside this project; without it everything here is skipped.
"""

import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from channels.base import ChannelError, Choice, OutgoingFile, OutgoingMessage, Refused, Retry, TemplateUse, Throttled, Transport
from channels.whatsapp import WhatsApp, WhatsAppSettings

CASES = os.environ.get("SWITCHBOARD_CASES", "")
pytestmark = pytest.mark.skipif(not CASES, reason="SWITCHBOARD_CASES does not name a folder of cases")

ERRORS: Mapping[str, type[ChannelError]] = {
    "channels.ErrConnectionThrottled": Throttled,
    "channels.ErrConnectionFailed": Retry,
    "channels.ErrResponseUnparseable": Refused,
    "ErrFailedWithReason": Refused,
}
MEDIA = ("image", "video", "audio", "document", "sticker")


@dataclass
class Provider:
    """Answers /messages as the case says, in its order, and keeps what it got."""

    answers: list[Mapping[str, Any]]
    got: list[Any] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        if request.path.endswith("/media"):
            await request.read()
            return web.json_response({"id": "FILE"})
        self.got.append(await request.json())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        headers = {k: v for k, v in (answer.get("headers") or {}).items() if k == "Retry-After"}
        return web.Response(status=answer["status"], text=answer["body"], headers=headers)


@asynccontextmanager
async def provider(case: Mapping[str, Any]) -> AsyncIterator[tuple[Provider, WhatsApp]]:
    answers = [a for url, found in case["body"]["mock_responses"].items() if url.endswith("/messages") for a in found]
    server = Provider(answers)
    app = web.Application()
    app.router.add_post("/{path:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    values = {"phone_number_id": "12345_ID", "access_token": "a", "app_secret": "s", "verify_token": "v"}
    values["api_base"] = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession() as http:
        yield server, WhatsApp(WhatsAppSettings.model_validate(values), Transport(http=http))
    await runner.cleanup()


def file_of(attachment: str) -> OutgoingFile:
    mime, url = attachment.split(":", 1)
    kind = mime.split("/")[0]
    name = url.rsplit("/", 1)[-1]
    return OutgoingFile(
        kind=kind if kind in MEDIA and kind != "document" else "file", name=name, mime=mime, size=4, url=url, read=lambda: b"data"
    )


def template_of(case: Mapping[str, Any], message: Mapping[str, Any]) -> tuple[TemplateUse, list[OutgoingFile]]:
    used = json.loads(message["MsgTemplating"])
    variables, files = {}, []
    for component in used.get("components") or []:
        for name, index in component["variables"].items():
            variable = used["variables"][index]
            if component["name"] == "body":
                variables[name] = variable["value"]
            elif component["name"].startswith("button."):
                variables[component["name"] + (".payload" if "quick_reply" in component["type"] else ".url")] = variable["value"]
            elif variable["type"] == "text":
                variables["header"] = variable["value"]
            else:
                files.append(file_of(variable["value"]))
    language = case["expected"]["requests"][0]["body_json"]["template"]["language"]["code"]
    return TemplateUse(name=used["template"]["name"], language=language, variables=variables), files


def message_of(case: Mapping[str, Any]) -> OutgoingMessage:
    message = case["body"]["message"]
    address = message["MsgURN"].split(":", 1)[1]
    if "MsgTemplating" in message:
        template, files = template_of(case, message)
        return OutgoingMessage(id="m", address=address, template=template, attachments=files)
    choices = [Choice(id=str(n), title=reply["Text"]) for n, reply in enumerate(message.get("MsgQuickReplies") or [])]
    files = [file_of(attachment) for attachment in message.get("MsgAttachments") or []]
    return OutgoingMessage(id="m", address=address, text=message["MsgText"], choices=choices, attachments=files)


def beyond_us(case: Mapping[str, Any]) -> str:
    """Why a case asks for what our contract has no words for."""
    message = case["body"].get("message")
    if message is None:
        return "is an example of the API, not of a message"
    replies = message.get("MsgQuickReplies") or []
    if any(reply["Type"] != "text" for reply in replies):
        return "forms, links and location requests as buttons"
    if any(reply.get("Extra") for reply in replies):
        return "descriptions of choices"
    return "more than ten choices" if len(replies) > 10 else ""


_OURS = {"messaging_product", "recipient_type", "biz_opaque_callback_data", "preview_url"}
"""What we always say and some gateways leave out."""


def agrees(ours: Any, wanted: Any) -> bool:
    """Whether we sent what was wanted; a file may go by id where others send a link."""
    if isinstance(ours, dict) and isinstance(wanted, dict):
        if wanted.keys() & {"id", "link"} and "title" not in wanted:
            return ours.get("caption") == wanted.get("caption")
        asked = {key: value for key, value in wanted.items() if key != "namespace"}
        return ours.keys() - asked.keys() <= _OURS and all(key in ours and agrees(ours[key], asked[key]) for key in asked)
    if isinstance(ours, list) and isinstance(wanted, list):
        return len(ours) == len(wanted) and all(agrees(one, other) for one, other in zip(ours, wanted, strict=True))
    return bool(ours == wanted)


def differs(got: Sequence[Any], case: Mapping[str, Any]) -> bool:
    wanted = [request["body_json"] for request in case["expected"].get("requests") or [] if "body_json" in request]
    return bool(wanted) and not agrees(list(got), wanted)


async def wrong_with(case: Mapping[str, Any]) -> str:
    """What is wrong with our handling of a case; empty where nothing is."""
    expected = case["expected"]
    wanted = expected.get("ExpectedError")
    name = wanted["error"] if isinstance(wanted, dict) else wanted
    async with provider(case) as (server, connector):
        try:
            sent = await connector.send(message_of(case))
        except ChannelError as error:
            return "" if name and isinstance(error, ERRORS[name]) else f"{type(error).__name__}: {error.reason}"
        if name:
            return f"no {name}"
        if list(sent.external_ids) != expected.get("ExpectedExtIDs", list(sent.external_ids)):
            return "external ids"
        return "what the provider got" if differs(server.got, case) else ""


async def test_the_provider_receives_what_other_projects_send_it() -> None:
    right, failures, skipped = 0, {}, Counter[str]()
    for path in sorted((Path(CASES) / "outbound" / "whatsapp").glob("*.json")):
        case = json.loads(path.read_text())
        reason = beyond_us(case)
        if reason:
            skipped[reason] += 1
            continue
        wrong = await wrong_with(case)
        if wrong:
            failures[path.name] = wrong
        else:
            right += 1
    print(f"\nwhatsapp sending: {right} right, {len(failures)} wrong of {right + len(failures)}; not ours: {dict(skipped)}")
    for name, wrong in failures.items():
        print("  wrong:", name, wrong)
    assert right and len(failures) <= (right + len(failures)) * 0.02
