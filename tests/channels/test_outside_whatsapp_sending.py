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
from urllib.parse import urlencode

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


KINDS = {"text": "reply", "url": "link", "form": "form", "location": "location"}


def choice_of(number: str, reply: Mapping[str, Any]) -> Choice:
    kind, title, extra = KINDS[reply["Type"]], reply.get("Text") or "", reply.get("Extra") or ""
    described = {"description": extra} if kind == "reply" else {"value": extra}
    return Choice(id=number, title=title, kind=kind, **described)


def message_of(case: Mapping[str, Any]) -> OutgoingMessage:
    message = case["body"]["message"]
    address = message["MsgURN"].split(":", 1)[1]
    if "MsgTemplating" in message:
        template, files = template_of(case, message)
        return OutgoingMessage(id="m", address=address, template=template, attachments=files)
    choices = [choice_of(str(n), reply) for n, reply in enumerate(message.get("MsgQuickReplies") or [])]
    files = [file_of(attachment) for attachment in message.get("MsgAttachments") or []]
    return OutgoingMessage(id="m", address=address, text=message["MsgText"], choices=choices, attachments=files)


def beyond_us(case: Mapping[str, Any]) -> str:
    """Why a case asks for what we refuse or do otherwise on purpose."""
    message = case["body"].get("message")
    if message is None:
        return beyond_examples(case["body"])
    replies = message.get("MsgQuickReplies") or []
    if any(reply["Type"] in ("url", "form") and not reply.get("Extra") for reply in replies):
        return "a button that opens nothing: our API refuses it"
    return "more than ten choices: ours are numbered in the text, none is left out" if len(replies) > 10 else ""


def beyond_examples(body: Mapping[str, Any]) -> str:
    """The same of Meta's own examples."""
    if "category" in body:
        return "creates a template"
    interactive = body.get("interactive") or {}
    if interactive.get("type") not in (None, "button", "list", "flow"):
        return "catalogues and payments"
    if "flow_action_data" in str(body) or "'mode': 'draft'" in str(body):
        return "a form's data in a template, a form's draft"
    return "a contact's addresses and birthday" if body.get("type") == "contacts" else ""


def example_message(body: Mapping[str, Any]) -> OutgoingMessage:
    """What we would be asked to send for one of Meta's examples."""
    kind = body.get("type") or ("interactive" if "interactive" in body else "text")
    common: dict[str, Any] = {"id": "m", "address": "16505551234", "reply_to": (body.get("context") or {}).get("message_id")}
    if kind == "template":
        template, files = example_template(body["template"])
        return OutgoingMessage(**common, template=template, attachments=files)
    if kind == "interactive":
        part = body["interactive"]
        return OutgoingMessage(**common, text=part["body"]["text"], choices=example_choices(part["action"]))
    if kind == "text":
        return OutgoingMessage(**common, text=body["text"]["body"])
    return OutgoingMessage(**common, text=body[kind].get("caption", ""), attachments=[example_file(kind, body[kind])])


def example_file(kind: str, part: Mapping[str, Any]) -> OutgoingFile:
    mime = {"audio": "audio/mpeg", "video": "video/mp4", "image": "image/png", "sticker": "image/webp"}.get(
        kind, "application/pdf"
    )
    name = part.get("filename", "")
    known = kind if kind != "document" else "file"
    return OutgoingFile(kind=known, name=name, mime=mime, size=4, url="", read=lambda: b"data")


def example_choices(action: Mapping[str, Any]) -> list[Choice]:
    if "sections" in action:
        return [
            Choice(id=row["id"], title=row["title"], description=row["description"], section=section["title"])
            for section in action["sections"]
            for row in section["rows"]
        ]
    flow = action["parameters"]
    payload = flow["flow_action_payload"]
    value = f"{flow['flow_id']}/{payload['screen']}?{urlencode({**payload['data'], 'token': flow['flow_token']})}"
    return [Choice(id="f", title=flow["flow_cta"], kind="form", value=value)]


def example_template(part: Mapping[str, Any]) -> tuple[TemplateUse, list[OutgoingFile]]:
    variables: dict[str, Any] = {}
    buttons, kinds, files = {}, {}, []
    for component in part.get("components") or []:
        kind = component["type"]
        for number, parameter in enumerate(component["parameters"], start=1):
            if kind == "header":
                files.append(example_file(parameter["type"], parameter[parameter["type"]]))
            elif kind == "body":
                variables[str(number)] = parameter["text"] if parameter["type"] == "text" else parameter
            else:
                index = str(component["index"])
                kinds[index] = {"quick_reply": "reply"}.get(component["sub_type"].lower(), component["sub_type"].lower())
                value = parameter[parameter["type"]]
                buttons[index] = next(iter(value.values())) if isinstance(value, dict) else value
    language = part["language"]["code"]
    return TemplateUse(name=part["name"], language=language, variables=variables, buttons=buttons, button_kinds=kinds), files


def without_edges(body: Any) -> Any:
    """Meta's example as we compare it: no heading or footer of words (we send none), indexes as texts, names in small letters."""
    if isinstance(body, list):
        return [without_edges(each) for each in body]
    if not isinstance(body, dict):
        return body
    kept = {k: without_edges(v) for k, v in body.items() if not (k == "footer" or (k == "header" and v.get("type") == "text"))}
    found = {k: str(v) if k == "index" else v.lower() if k == "sub_type" else v for k, v in kept.items()}
    if "sections" in found:
        found["button"] = "Menu"  # a setting of the channel
    if "to" in found:
        found["to"] = "16505551234"
    if "code" in found and "policy" not in found and len(found) == 1:
        found["policy"] = "deterministic"
    kind = "interactive" if "interactive" in found else "text"
    return found if "messaging_product" not in found else {"type": kind, **found}


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


async def wrong_with_example(case: Mapping[str, Any]) -> str:
    body = case["body"]
    answers = [{"status": 200, "body": '{"messages": [{"id": "1"}], "success": true}'}]
    async with provider({"body": {"mock_responses": {"/messages": answers}}}) as (server, connector):
        if "status" in body:
            await connector.typing("16505551234", body["message_id"])
        else:
            await connector.send(example_message(body))
        return "" if agrees(server.got, [without_edges(body) if "status" not in body else body]) else "what the provider got"


async def wrong_with(case: Mapping[str, Any]) -> str:
    """What is wrong with our handling of a case; empty where nothing is."""
    if "message" not in case["body"]:
        return await wrong_with_example(case)
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
    assert right and len(failures) <= (right + len(failures)) * 0.05
