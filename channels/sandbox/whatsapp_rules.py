"""What the WhatsApp stand-in demands of a message before it takes it, and the words in which it refuses."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TEXT, BODY, FOOTER, CAPTION = 4096, 1024, 60, 1024
BUTTONS, BUTTON_TITLE, BUTTON_ID = 3, 20, 256
SECTIONS, ROWS, ROW_TITLE, ROW_ID, ROW_DESCRIPTION, LIST_BUTTON = 10, 10, 24, 200, 72, 20
CALLBACK = 512
MEDIA = ("image", "video", "audio", "document", "sticker")

Json = Mapping[str, Any]
"""A part of a request. `Any`: it is JSON that has not been checked yet."""


class Refusal(Exception):
    """An answer with Meta's error body."""

    def __init__(
        self, *, code: int, message: str, status: int = 400, details: str = "", subcode: int = 0, sort: str = "OAuthException"
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": sort, "code": code, "fbtrace_id": "Sandbox"}
        if details:
            self.error["error_data"] = {"messaging_product": "whatsapp", "details": details}
        if subcode:
            self.error["error_subcode"] = subcode


def graph_error(refusal: Refusal, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response({"error": refusal.error}, status=refusal.status, headers=dict(headers or {}))


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """What the customer sees of a message. `media`: id of an uploaded file."""

    kind: str
    text: str = ""
    media: str = ""
    name: str = ""
    choices: Sequence[tuple[str, str]] = field(default=())
    template: bool = False


def demand(good: object, parameter: str, why: str, code: int = 131009) -> None:
    """Refuse unless `good`, in the words of the Cloud API."""
    if not good:
        raise Refusal(code=code, message=f"(#{code}) Parameter value is not valid", details=f"{parameter}: {why}")


def check_body(body: Json, templates: Mapping[tuple[str, str], str], media: Mapping[str, object]) -> Shown:
    """What the message shows, or a Refusal. KeyError, TypeError and the like mean that a parameter is missing or misshapen."""
    if body.get("messaging_product") != "whatsapp":
        raise Refusal(code=100, message="(#100) The parameter messaging_product is required.")
    if not (re.fullmatch(r"\+?\d{4,15}", str(body.get("to") or "")) or body.get("recipient")):
        raise Refusal(code=131009, message="(#131009) Parameter value is not valid", details="to: not a phone number")
    demand(len(body.get("biz_opaque_callback_data") or "") <= CALLBACK, "biz_opaque_callback_data", "too long")
    kind = body.get("type", "text")
    if kind == "text":
        text = body["text"]["body"]
        demand(isinstance(text, str) and 0 < len(text) <= TEXT, "text['body']", f"must be 1 to {TEXT} characters long.")
        return Shown(kind="text", text=text)
    if kind in MEDIA:
        return _media(kind, body[kind], media)
    if kind == "interactive":
        return _interactive(body["interactive"], media)
    if kind == "template":
        return _template(body["template"], templates, media)
    raise Refusal(code=131051, message="(#131051) Unsupported message type")


def _media(kind: str, part: Json, media: Mapping[str, object]) -> Shown:
    media_id = part.get("id", "")
    demand(media_id in media or part.get("link"), f"{kind}['id']", "is not a valid media id")
    caption = part.get("caption", "")
    demand(not caption or kind in ("image", "video", "document"), f"{kind}['caption']", "is not allowed")
    demand(len(caption) <= CAPTION, f"{kind}['caption']", f"must be at most {CAPTION} characters long.")
    return Shown(kind="file" if kind == "document" else kind, text=caption, media=media_id, name=part.get("filename", ""))


def _interactive(part: Json, media: Mapping[str, object]) -> Shown:
    text = part["body"]["text"]
    demand(0 < len(text) <= BODY, "interactive['body']['text']", f"must be 1 to {BODY} characters long.")
    demand(
        len(part.get("footer", {}).get("text", "")) <= FOOTER,
        "interactive['footer']",
        f"must be at most {FOOTER} characters long.",
    )
    header = part.get("header") or {}
    above = _media(header["type"], header[header["type"]], media) if header.get("type") in MEDIA else None
    if part["type"] == "list":
        return Shown(kind="list", text=text, choices=_rows(part["action"]))
    demand(part["type"] == "button", "interactive['type']", "is not supported by the sandbox", 131051)
    choices = _buttons(part["action"]["buttons"])
    return Shown(kind=above.kind if above else "button", text=text, choices=choices, media=above.media if above else "")


def _buttons(buttons: Sequence[Json]) -> Sequence[tuple[str, str]]:
    choices = [(button["reply"]["id"], button["reply"]["title"]) for button in buttons]
    demand(1 <= len(choices) <= BUTTONS, "interactive['action']['buttons']", f"must be 1 to {BUTTONS} buttons.")
    _unique(choices)
    for choice, title in choices:
        demand(0 < len(choice) <= BUTTON_ID, "reply['id']", f"must be 1 to {BUTTON_ID} characters long.")
        demand(0 < len(title) <= BUTTON_TITLE, "reply['title']", f"must be 1 to {BUTTON_TITLE} characters long.")
    return choices


def _rows(action: Json) -> Sequence[tuple[str, str]]:
    demand(0 < len(action["button"]) <= LIST_BUTTON, "action['button']", f"must be 1 to {LIST_BUTTON} characters long.")
    sections = action["sections"]
    demand(1 <= len(sections) <= SECTIONS, "action['sections']", f"must be 1 to {SECTIONS} sections.")
    rows = [row for section in sections for row in section["rows"]]
    demand(1 <= len(rows) <= ROWS, "action['sections']", f"Total row count exceed max allowed count: {ROWS}")
    for row in rows:
        demand(0 < len(row["id"]) <= ROW_ID, "row['id']", f"must be 1 to {ROW_ID} characters long.")
        demand(0 < len(row["title"]) <= ROW_TITLE, "row['title']", f"must be 1 to {ROW_TITLE} characters long.")
        demand(len(row.get("description", "")) <= ROW_DESCRIPTION, "row['description']", f"at most {ROW_DESCRIPTION} characters.")
    choices = [(row["id"], row["title"]) for row in rows]
    demand(len({choice for choice, _ in choices}) == len(choices), "row['id']", "must be unique")
    return choices


def _unique(choices: Sequence[tuple[str, str]]) -> None:
    demand(len({choice for choice, _ in choices}) == len(choices), "reply['id']", "must be unique")
    demand(len({title for _, title in choices}) == len(choices), "reply['title']", "must be unique")


def _template(part: Json, templates: Mapping[tuple[str, str], str], media: Mapping[str, object]) -> Shown:
    name, language = part["name"], part["language"]["code"]
    text = templates.get((name, language))
    if text is None:
        why = f"template name ({name}) does not exist in {language}"
        raise Refusal(status=404, code=132001, message="(#132001) Template name does not exist in the translation", details=why)
    components = part.get("components", [])
    given = [p for component in components if component["type"] == "body" for p in component["parameters"]]
    wanted = re.findall(r"\{\{(\w+)\}\}", text)
    if len(given) != len(set(wanted)):
        why = (
            f"body: number of localizable_params ({len(given)}) does not match the expected number of params ({len(set(wanted))})"
        )
        raise Refusal(
            code=132000, message="(#132000) Number of parameters does not match the expected number of params", details=why
        )
    for index, parameter in enumerate(given, start=1):
        text = text.replace("{{" + str(parameter.get("parameter_name", index)) + "}}", parameter["text"])
    headers = [p for component in components if component["type"] == "header" for p in component["parameters"]]
    above = next((_media(p["type"], p[p["type"]], media) for p in headers if p["type"] in MEDIA), None)
    return Shown(kind=above.kind if above else "template", text=text, media=above.media if above else "", template=True)
