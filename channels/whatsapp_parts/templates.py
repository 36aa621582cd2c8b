"""Build the body that sends an approved template: its header, the variables of its text, its buttons.

Source: Meta's "Template messages" and the references of its components.
"""

import re
from collections.abc import Mapping, Sequence

from channels.base import Location, Refused, TemplateUse, TemplateValue
from channels.whatsapp_parts.formats import Body, Uploaded

_GAPS = re.compile(r"\s*[\r\n\t\v\f\u2028\u2029]\s*| {5,}")
_FILES = ("image", "video", "document", "gif")
_BUTTONS: Mapping[str, tuple[str, str]] = {
    "reply": ("quick_reply", "payload"),
    "url": ("url", "text"),
    "otp": ("url", "text"),
    "copy_code": ("copy_code", "coupon_code"),
    "call": ("voice_call", "payload"),
}
"""Kind of a button -> (its name in a request, the type of its only parameter)."""
_ACTIONS = {"flow": "flow_token", "catalog": "thumbnail_product_retailer_id"}
"""Kind of a button -> the field of its action that its value is."""


def template_body(template: TemplateUse, files: Sequence[Uploaded], place: Location | None) -> Body:
    """The message. Raises Refused for a variable that has no place in a request."""
    body: Body = {"name": template.name, "language": {"policy": "deterministic", "code": template.language}}
    components = [*_header(template, files, place), *_text(template), *_buttons(template), *template.components]
    if components:
        body["components"] = components
    return {"type": "template", "template": body}


def _header(template: TemplateUse, files: Sequence[Uploaded], place: Location | None) -> list[Body]:
    """The header: a file or a place that comes with the message, or its own variables."""
    parameters: list[Body]
    if files:
        parameters = [_file(template, files[0])]
    elif place is not None:
        where = {"latitude": str(place.latitude), "longitude": str(place.longitude), "name": place.name, "address": place.address}
        parameters = [{"type": "location", "location": where}]
    else:
        parameters = [
            _parameter(value, key.partition(".")[2])
            for key, value in template.variables.items()
            if key == "header" or key.startswith("header.")
        ]
    return [{"type": "header", "parameters": parameters}] if parameters else []


def _file(template: TemplateUse, file: Uploaded) -> Body:
    """The file as the header wants it: a GIF is a short video, and a picture may be asked for as a document."""
    kind = template.header if template.header in _FILES else file.kind
    media: Body = {"id": file.media_id}
    if kind == "document" and file.name:
        media["filename"] = file.name
    return {"type": kind, kind: media}


def _text(template: TemplateUse) -> list[Body]:
    """Variables of the text: by number where all are numbers, else by name."""
    found = {key: value for key, value in template.variables.items() if key.partition(".")[0] not in ("header", "button")}
    if not found:
        return []
    if all(key.isdigit() for key in found):
        parameters = [_parameter(found[key]) for key in sorted(found, key=int)]
    else:
        parameters = [_parameter(value, key) for key, value in found.items()]
    return [{"type": "body", "parameters": parameters}]


def _parameter(value: TemplateValue, name: str = "") -> Body:
    """A text, or what is typed already (currency, date_time). Meta refuses line breaks, tabs and long gaps in a text (132018)."""
    named = {"parameter_name": name} if name else {}
    if not isinstance(value, str):
        return {**value, **named}
    return {"type": "text", **named, "text": _GAPS.sub(" ", value).strip()}


def _buttons(template: TemplateUse) -> list[Body]:
    """Buttons by their index; the variables "button.0.url" and "button.0.payload" say the same."""
    given = {index: (template.button_kinds.get(index, "url"), value) for index, value in template.buttons.items()}
    for key, value in template.variables.items():
        if key.startswith("button."):
            _, index, part = [*key.split("."), "url"][:3]
            given[index] = ("reply" if part == "payload" else part, str(value))
    return [_button(index, *given[index]) for index in sorted(given)]


def _button(index: str, kind: str, value: str) -> Body:
    if kind in _ACTIONS:
        name, parameter = kind, {"type": "action", "action": {_ACTIONS[kind]: value}}
    elif kind in _BUTTONS:
        name, part = _BUTTONS[kind]
        parameter = {"type": part, part: value}
    else:
        raise Refused(f"A {kind} button of a WhatsApp template takes no value", code="132018")
    return {"type": "button", "sub_type": name, "index": index, "parameters": [parameter]}
