"""Build what Meta's /messages takes: one JSON body for each message that the provider will show.

Source: Meta's "Send messages" reference and its limits. Media come in as ids that were uploaded before.
"""

import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from channels.base import Choice, OutgoingFile, OutgoingMessage, Refused, TemplateUse
from channels.events import JSON

Body = dict[str, JSON]

BUTTONS, ROWS = 3, 10
BUTTON_TITLE, ROW_TITLE, ROW_DESCRIPTION, INTERACTIVE_BODY, CAPTION = 20, 24, 72, 1024, 1024

_MEGABYTE = 1_000_000
_NATIVE: Mapping[str, tuple[frozenset[str], int, str]] = {
    "image": (frozenset({"image/jpeg", "image/png"}), 5 * _MEGABYTE, "image"),
    "video": (frozenset({"video/mp4", "video/3gpp"}), 16 * _MEGABYTE, "video"),
    "audio": (frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"}), 16 * _MEGABYTE, "audio"),
    "voice": (frozenset({"audio/ogg"}), 16 * _MEGABYTE, "audio"),
    "sticker": (frozenset({"image/webp"}), 500_000, "sticker"),
}
"""Kind -> (types that WhatsApp shows, largest size, its own word). What does not fit goes as a document."""

_OTHER_NAMES: Mapping[str, str] = {
    "audio/mp3": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/opus": "audio/ogg",
    "image/jpg": "image/jpeg",
}
"""MIME types that programs write and WhatsApp does not know."""

_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
_LINK = re.compile(r"https?://", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """A file that Meta has: its id and the type of message that shows it."""

    media_id: str
    kind: str
    name: str

    def body(self, caption: str = "") -> Body:
        media: Body = {"id": self.media_id}
        if caption and self.takes_caption:
            media["caption"] = caption
        if self.kind == "document" and self.name:
            media["filename"] = self.name
        return {"type": self.kind, self.kind: media}

    @property
    def takes_caption(self) -> bool:
        return self.kind in ("image", "video", "document")


def media_kind(file: OutgoingFile) -> str:
    """The type of message that carries this file."""
    types, limit, kind = _NATIVE.get(file.kind, (frozenset[str](), 0, "document"))
    return kind if _plain_type(file) in types and file.size <= limit else "document"


def media_type(file: OutgoingFile) -> str:
    """The MIME type to upload with. A voice note is Opus in Ogg and must say so, or WhatsApp refuses it (131053)."""
    plain = _plain_type(file) or "application/octet-stream"
    return "audio/ogg; codecs=opus" if plain == "audio/ogg" else plain


def _plain_type(file: OutgoingFile) -> str:
    plain = file.mime.split(";")[0].strip().lower()
    if "/" not in plain:
        plain = mimetypes.guess_type(file.name)[0] or ""
    return _OTHER_NAMES.get(plain, plain)


def message_bodies(message: OutgoingMessage, files: Sequence[Uploaded], list_button: str = "Menu") -> list[Body]:
    """The provider-side messages that `message` becomes, in order, without recipient and callback data."""
    if message.template is not None:
        return [_template(message.template, files)]
    if message.choices:
        return _interactive(message, files, list_button)
    bodies = [file.body() for file in files]
    if not message.text:
        return bodies
    if files and files[-1].takes_caption and len(message.text) <= CAPTION:
        bodies[-1] = files[-1].body(message.text)
        return bodies
    return [*bodies, _text(message.text)]


def envelope(message: OutgoingMessage, body: Body, *, quotes: bool) -> Body:
    """The whole request: recipient by phone or user id, our id for the statuses, the quoted message."""
    request: Body = {"messaging_product": "whatsapp", "recipient_type": "individual", **recipient(message.address), **body}
    if message.id:
        request["biz_opaque_callback_data"] = message.id
    if quotes and message.reply_to and not message.reply_to.startswith("unnamed-"):
        request["context"] = {"message_id": message.reply_to}
    return request


def recipient(address: str) -> Body:
    """`to` for a phone number in any spelling, `recipient` for the user id of someone who hides the phone."""
    if _USER_ID.fullmatch(address):
        return {"recipient": address}
    digits = re.sub(r"\D", "", address)
    if not digits:
        raise Refused("The address is no phone number and no WhatsApp user id")
    return {"to": digits}


def _text(text: str) -> Body:
    return {"type": "text", "text": {"body": text, "preview_url": bool(_LINK.search(text))}}


def _interactive(message: OutgoingMessage, files: Sequence[Uploaded], list_button: str) -> list[Body]:
    """Buttons, or a list above three. A text longer than their body goes ahead of them; one picture goes above the buttons."""
    if len(message.choices) > ROWS:
        raise Refused(f"WhatsApp shows at most {ROWS} choices, this message has {len(message.choices)}")
    ahead, text = _split(message.text or "…", INTERACTIVE_BODY)
    buttons = len(message.choices) <= BUTTONS
    header = files[-1] if files and buttons and files[-1].takes_caption else None
    bodies = [file.body() for file in files if file is not header]
    if ahead:
        bodies.append(_text(ahead))
    interactive: Body = {"type": "button" if buttons else "list", "body": {"text": text}}
    if header is not None:
        interactive["header"] = header.body()
    interactive["action"] = _buttons(message.choices) if buttons else _list(message.choices, list_button)
    return [*bodies, {"type": "interactive", "interactive": interactive}]


def _buttons(choices: Sequence[Choice]) -> Body:
    return {
        "buttons": [
            {"type": "reply", "reply": {"id": choice.id, "title": _cut(choice.title, BUTTON_TITLE)}} for choice in choices
        ]
    }


def _list(choices: Sequence[Choice], button: str) -> Body:
    return {"button": _cut(button, BUTTON_TITLE), "sections": [{"rows": [_row(choice) for choice in choices]}]}


def _row(choice: Choice) -> Body:
    row: Body = {"id": choice.id, "title": _cut(choice.title, ROW_TITLE)}
    if len(choice.title) > ROW_TITLE:
        row["description"] = _cut(choice.title, ROW_DESCRIPTION)
    return row


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _split(text: str, limit: int) -> tuple[str, str]:
    """(what goes ahead, the last piece of at most `limit`), parted between words where there are any."""
    if len(text) <= limit:
        return "", text
    space = text.find(" ", len(text) - limit)
    at = space if space >= 0 else len(text) - limit
    return text[:at].rstrip(), text[at:].lstrip()


def _template(template: TemplateUse, files: Sequence[Uploaded]) -> Body:
    language = {"policy": "deterministic", "code": template.language}
    body: Body = {"name": template.name, "language": language}
    components = [*_header(template, files), *_body(template), *_template_buttons(template)]
    if components:
        body["components"] = components
    return {"type": "template", "template": body}


def _header(template: TemplateUse, files: Sequence[Uploaded]) -> list[Body]:
    """The header: a file that comes with the message, or the variable "header"."""
    parameters = [file.body() for file in files[:1]]
    if not parameters and "header" in template.variables:
        parameters = [{"type": "text", "text": template.variables["header"]}]
    return [{"type": "header", "parameters": parameters}] if parameters else []


def _body(template: TemplateUse) -> list[Body]:
    """Variables of the text: by number where all are numbers, else by name."""
    found = {key: value for key, value in template.variables.items() if key != "header" and not key.startswith("button.")}
    if not found:
        return []
    if all(key.isdigit() for key in found):
        parameters = [{"type": "text", "text": found[key]} for key in sorted(found, key=int)]
    else:
        parameters = [{"type": "text", "parameter_name": key, "text": value} for key, value in found.items()]
    return [{"type": "body", "parameters": parameters}]


def _template_buttons(template: TemplateUse) -> list[Body]:
    """Variables "button.0.url" (the end of a link) and "button.0.payload" (what a quick reply sends back)."""
    buttons = []
    for key in sorted(key for key in template.variables if key.startswith("button.")):
        _, index, part = [*key.split("."), "url"][:3]
        reply = part == "payload"
        value = {"type": "payload" if reply else "text", "payload" if reply else "text": template.variables[key]}
        sub_type = "quick_reply" if reply else "url"
        buttons.append({"type": "button", "sub_type": sub_type, "index": index, "parameters": [value]})
    return buttons
