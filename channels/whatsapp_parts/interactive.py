"""Build messages that can be pressed: reply buttons, lists, a link, a request for a place, a form.

Source: Meta's "Interactive messages". Only one kind of button can stand under a message; the others are said in the text.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qsl

from channels.base import Capabilities, Choice, OutgoingMessage, Refused
from channels.fit_parts.instead import say_instead
from channels.whatsapp_parts.formats import Body, Uploaded

BUTTONS, ROWS = 3, 10
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
BUTTON_TITLE, ROW_TITLE, ROW_DESCRIPTION, SECTION_TITLE, INTERACTIVE_BODY = 20, 24, 72, 24, 1024
_PRESSED = ("form", "reply", "link", "location")
"""Kinds of choices; where a message mixes them, the first of these that it has stays a button: no words can stand for a form."""


def interactive(message: OutgoingMessage, files: Sequence[Uploaded], list_button: str) -> tuple[list[Body | str], Body]:
    """(what goes ahead: files, and a text too long for the body; the message with the buttons)."""
    kind = next((kind for kind in _PRESSED if any(choice.kind == kind for choice in message.choices)), "reply")
    shown = [choice for choice in message.choices if choice.kind == kind]
    kept = shown if kind == "reply" else shown[:1]
    message = _in_words(message, kept)
    if len(kept) > ROWS:
        raise Refused(f"WhatsApp shows at most {ROWS} choices, this message has {len(kept)}")
    action = _action(kind, kept, list_button)
    ahead, text = _split(message.text or "…", INTERACTIVE_BODY)
    header = (
        files[-1] if files and files[-1].takes_caption and action["type"] not in ("list", "location_request_message") else None
    )
    before: list[Body | str] = [file.body() for file in files if file is not header]
    above = {"header": header.body()} if header is not None else {}
    body = {"type": action["type"], "body": {"text": text}, **above, "action": action["action"]}
    return [*before, *([ahead] if ahead else [])], {"type": "interactive", "interactive": body}


def _in_words(message: OutgoingMessage, kept: Sequence[Choice]) -> OutgoingMessage:
    """The text with lines for the choices that cannot be buttons here: replies are numbered, as where there are no buttons."""
    others = [choice for choice in message.choices if choice not in kept]
    if not others:
        return message
    numbered = [f"{n}. {choice.title}" for n, choice in enumerate((c for c in others if c.kind == "reply"), start=1)]
    said = say_instead(replace(message, choices=others), Capabilities(natively=frozenset({"location", "contacts", "reaction"})))
    return replace(said, text="\n\n".join(part for part in (said.text, "\n".join(numbered)) if part))


def _action(kind: str, choices: Sequence[Choice], list_button: str) -> Body:
    if kind == "reply":
        if _fit_buttons(choices):
            return {"type": "button", "action": _buttons(choices)}
        return {"type": "list", "action": _list(choices, list_button)}
    return {"link": _link, "form": _form, "location": _ask_place}[kind](choices[0])


def _fit_buttons(choices: Sequence[Choice]) -> bool:
    """Up to three choices whose titles can be read, and told apart, on a button."""
    titles = {choice.title for choice in choices}
    plain = not any(choice.description or choice.section or len(choice.title) > BUTTON_TITLE for choice in choices)
    return len(choices) <= BUTTONS and plain and len(titles) == len(choices)


def _buttons(choices: Sequence[Choice]) -> Body:
    return {"buttons": [{"type": "reply", "reply": {"id": choice.id, "title": choice.title}} for choice in choices]}


def _list(choices: Sequence[Choice], button: str) -> Body:
    """Rows under the headings that they name; a heading is required as soon as there are two parts."""
    names = list(dict.fromkeys(choice.section for choice in choices))
    sections: list[Body] = []
    for name in names:
        rows = [_row(choice) for choice in choices if choice.section == name]
        title = name or (button if len(names) > 1 else "")
        sections.append({**({"title": _cut(title, SECTION_TITLE)} if title else {}), "rows": rows})
    return {"button": _cut(button, BUTTON_TITLE), "sections": sections}


def _row(choice: Choice) -> Body:
    row: Body = {"id": choice.id, "title": _cut(choice.title, ROW_TITLE)}
    more = choice.description or (choice.title if len(choice.title) > ROW_TITLE else "")
    if more:
        row["description"] = _cut(more, ROW_DESCRIPTION)
    return row


def _link(choice: Choice) -> Body:
    parameters = {"display_text": _cut(choice.title or "Open Link", BUTTON_TITLE), "url": choice.value}
    return {"type": "cta_url", "action": {"name": "cta_url", "parameters": parameters}}


def _ask_place(choice: Choice) -> Body:
    return {"type": "location_request_message", "action": {"name": "send_location"}}


def _form(choice: Choice) -> Body:
    """A flow: `ID`, `dx:ID` where its own server leads on, or `ID/SCREEN?field=value` to open at a screen with data.

    A field `token` comes back with the answer. What cannot be read so opens the form at its beginning.
    """
    address, _, query = choice.value.partition("?")
    flow_id, _, screen = address.removeprefix("dx:").partition("/")
    parameters: Body = {
        "flow_message_version": "3",
        "flow_id": flow_id,
        "flow_cta": _cut(choice.title or "Open Form", BUTTON_TITLE),
    }
    fields = dict(parse_qsl(query, keep_blank_values=True)) if not _BAD_ESCAPE.search(query) else None
    if fields is not None:
        parameters |= _opening(fields, screen, by_server=address.startswith("dx:"))
    return {"type": "flow", "action": {"name": "flow", "parameters": parameters}}


def _opening(fields: dict[str, str], screen: str, *, by_server: bool) -> Body:
    """Where a form opens and with what. A server takes no data from us: with both, it opens at its beginning."""
    token = fields.pop("token", "")
    opening: Body = {"flow_token": token} if token else {}
    if by_server:
        return {**opening, "flow_action": "data_exchange"} if not fields else opening
    if screen:
        payload: Body = {"screen": screen, **({"data": fields} if fields else {})}
        opening |= {"flow_action": "navigate", "flow_action_payload": payload}
    return opening


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _split(text: str, limit: int) -> tuple[str, str]:
    """(what goes ahead, the last piece of at most `limit`), parted between words where there are any."""
    if len(text) <= limit:
        return "", text
    space = text.find(" ", len(text) - limit)
    at = space if space >= 0 else len(text) - limit
    return text[:at].rstrip(), text[at:].lstrip()
