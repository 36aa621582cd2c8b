"""The templates that the WhatsApp stand-in's account has, and what it demands of a message that uses one.

Source: Meta's references of message_templates and of the error codes 132000 to 132018.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from channels.sandbox.whatsapp_refusals import FILES, Json, Refusal, Shown, demand, media_of

BODY, PAGE = 1024, 2
"""Characters of a filled text; templates on a page of the list (few, so that paging is seen)."""
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_UNSENDABLE = {
    "PAUSED": (132015, "Template is paused due to low quality so it cannot be sent in a template message."),
    "DISABLED": (132016, "Template has been paused too many times due to low quality and is now permanently disabled."),
}
_VALUED = {"URL": "url", "COPY_CODE": "copy_code", "OTP": "url"}
"""Buttons that demand a value -> the sub_type that gives it."""

Key = tuple[str, str]
"""(name, language)."""


@dataclass(kw_only=True, slots=True)
class Template:
    """One language of a template, its parts in Meta's words."""

    id: str
    body: str
    header: Mapping[str, Any] | None = None
    footer: str = ""
    buttons: Sequence[Mapping[str, Any]] = field(default=())
    category: str = "UTILITY"
    status: str = "APPROVED"
    quality: str = "UNKNOWN"

    def listed(self, key: Key) -> Mapping[str, Any]:
        """As the list has it."""
        parts: list[Mapping[str, Any]] = [{"type": "BODY", "text": self.body}]
        parts = [{"type": "HEADER", **self.header}, *parts] if self.header else parts
        parts += [{"type": "FOOTER", "text": self.footer}] if self.footer else []
        parts += [{"type": "BUTTONS", "buttons": list(self.buttons)}] if self.buttons else []
        common = {"id": self.id, "name": key[0], "language": key[1], "status": self.status, "category": self.category}
        return {**common, "quality_score": {"score": self.quality}, "components": parts}


def first_templates() -> dict[Key, Template]:
    """What the account has at first: each kind of header, of variables and of buttons at least once."""
    return {
        ("hello_world", "en_US"): Template(
            id="7001",
            body="Hello World",
            header={"format": "TEXT", "text": "Hello"},
            footer="WhatsApp Business",
            category="MARKETING",
        ),
        ("order_ready", "en"): Template(id="7002", body="Hello {{1}}, your order {{2}} is ready."),
        ("order_ready", "ru"): Template(id="7003", body="Здравствуйте, {{1}}! Ваш заказ {{2}} готов."),
        ("delivery", "ru"): Template(
            id="7004",
            body="{{name}}, курьер приедет {{day}}.",
            header={"format": "TEXT", "text": "Заказ {{1}}"},
            buttons=[
                {"type": "URL", "text": "Где курьер", "url": "https://shop.example/track/{{1}}"},
                {"type": "QUICK_REPLY", "text": "Перенести"},
            ],
        ),
        ("sale", "ru"): Template(
            id="7005",
            body="Скидка {{1}} до воскресенья.",
            header={"format": "IMAGE"},
            buttons=[{"type": "COPY_CODE", "text": "Скопировать код"}],
            category="MARKETING",
        ),
        ("meet_us", "ru"): Template(id="7006", body="Ждём вас в новом магазине.", header={"format": "LOCATION"}),
        ("old_offer", "ru"): Template(
            id="7007", body="Старое предложение.", category="MARKETING", status="PAUSED", quality="RED"
        ),
    }


def page_of(templates: Mapping[Key, Template], after: str, limit: int) -> Mapping[str, Any]:
    """A page of the list behind the cursor `after`."""
    start = int(after or 0)
    keys = sorted(templates)[start : start + limit]
    end = start + len(keys)
    more = end < len(templates)
    paging = {"cursors": {"before": str(start), "after": str(end)}, **({"next": "https://next.example"} if more else {})}
    return {"data": [templates[key].listed(key) for key in keys], "paging": paging if keys else {}}


def check_template(part: Json, templates: Mapping[Key, Template], media: Mapping[str, object]) -> Shown:
    """What a message with this template shows. Raises Refusal in Meta's words."""
    key = (part["name"], part["language"]["code"])
    template = _sendable(key, templates)
    components = part.get("components", [])
    body = _filled("body", template.body, _parameters(components, "body"))
    demand(len(body) <= BODY, "body", f"Translated text too long (max {BODY})", 132005)
    above, words = _header(template.header or {}, _parameters(components, "header"), media)
    _check_buttons(template.buttons, components)
    choices = [(text, text) for text in (b["text"] for b in template.buttons if b["type"] == "QUICK_REPLY")]
    kind = above.kind if above is not None else "template"
    return Shown(kind=kind, text=f"{words}{body}", media=above.media if above is not None else "", choices=choices, template=True)


def _sendable(key: Key, templates: Mapping[Key, Template]) -> Template:
    template = templates.get(key)
    if template is not None and template.status in _UNSENDABLE:
        code, why = _UNSENDABLE[template.status]
        raise Refusal(code=code, message=f"(#{code}) {why}")
    if template is None or template.status != "APPROVED":
        why = f"template name ({key[0]}) does not exist in {key[1]}"
        raise Refusal(status=404, code=132001, message="(#132001) Template name does not exist in the translation", details=why)
    return template


def _parameters(components: Sequence[Json], kind: str) -> Sequence[Json]:
    return [p for component in components if component["type"].lower() == kind for p in component["parameters"]]


def _filled(where: str, text: str, given: Sequence[Json]) -> str:
    """The text with its variables. Refuses another count, a name that is missing, a value that is empty or breaks the line."""
    wanted = list(dict.fromkeys(_VARIABLE.findall(text)))
    _count(where, len(given), len(wanted))
    for index, parameter in enumerate(given):
        name = wanted[index] if wanted[index].isdigit() else str(parameter.get("parameter_name"))
        if name not in wanted:
            raise Refusal(code=100, message="(#100) Invalid parameter", details=f"{where}: Parameter name is missing or unknown")
        literally = _value(where, parameter).replace("\\", "\\\\")
        text = re.sub(r"\{\{\s*" + re.escape(name) + r"\s*\}\}", literally, text)
    return text


def _value(where: str, parameter: Json) -> str:
    kind = parameter["type"]
    if kind != "text":
        demand(kind in ("currency", "date_time"), where, f"expected a text, got {kind}", 132012)
        return str(parameter[kind]["fallback_value"])
    value = parameter["text"]
    demand(isinstance(value, str) and value, where, "Required parameter is missing: text missing text value", 131008)
    broken = "\n" in value or "\t" in value or " " * 5 in value
    demand(not broken, where, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces", 132018)
    return str(value)


def _header(wanted: Json, given: Sequence[Json], media: Mapping[str, object]) -> tuple[Shown | None, str]:
    """(the file that stands above, the words that do)."""
    kind = str(wanted.get("format", "")).lower()
    if kind in ("", "text"):
        words = _filled("header", wanted.get("text", ""), given)
        return None, f"{words}\n" if words else ""
    _count("header", len(given), 1)
    demand(given[0]["type"] == kind, "header", f"Format mismatch, expected {kind.upper()}, received {given[0]['type']}", 132012)
    if kind == "location":
        place = given[0]["location"]
        demand(place["latitude"] and place["longitude"], "header", "location needs latitude and longitude", 132012)
        return None, f"{place.get('name', '')}\n"
    demand(kind in FILES or kind == "gif", "header", "unknown format", 132012)
    shown = media_of("video" if kind == "gif" else kind, given[0][kind], media)
    return shown, ""


def _check_buttons(wanted: Sequence[Json], components: Sequence[Json]) -> None:
    given = {str(c["index"]): c for c in components if c["type"].lower() == "button"}
    for index, button in enumerate(wanted):
        needs = _VALUED.get(button["type"])
        if needs is None or (button["type"] == "URL" and not _VARIABLE.search(button["url"])):
            continue
        component = given.get(str(index))
        _count(f"buttons: button at index {index} of type {button['type']}", 0 if component is None else 1, 1)
        assert component is not None
        demand(component["sub_type"] == needs, f"button at index {index}", f"must be of sub_type {needs}", 132012)
        parameter = component["parameters"][0]
        demand(parameter[parameter["type"]], f"button at index {index}", "has no value", 131008)
    for strange in _strange(given, len(wanted)):
        demand(False, f"button at index {strange}", "there is no such button", 132018)


def _strange(given: Mapping[str, Json], count: int) -> Iterator[str]:
    yield from (index for index in given if not index.isdigit() or int(index) >= count)


def _count(where: str, given: int, wanted: int) -> None:
    if given != wanted:
        why = f"{where}: number of localizable_params ({given}) does not match the expected number of params ({wanted})"
        raise Refusal(
            code=132000, message="(#132000) Number of parameters does not match the expected number of params", details=why
        )
