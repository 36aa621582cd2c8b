"""What the WhatsApp stand-in demands of buttons, lists, links, forms and requests for a place.

Source: Meta's "Interactive messages" references and their limits.
"""

from collections.abc import Callable, Mapping, Sequence

from channels.sandbox.whatsapp_refusals import FILES, Json, Shown, demand, media_of

BODY, FOOTER = 1024, 60
BUTTONS, BUTTON_TITLE, BUTTON_ID = 3, 20, 256
SECTIONS, ROWS, SECTION_TITLE, ROW_TITLE, ROW_ID, ROW_DESCRIPTION, LIST_BUTTON = 10, 10, 24, 24, 200, 72, 20

Choices = Sequence[tuple[str, str]]


def check_interactive(part: Json, media: Mapping[str, object]) -> Shown:
    """What the message shows. Raises Refusal."""
    text = part["body"]["text"]
    demand(0 < len(text) <= BODY, "interactive['body']['text']", f"must be 1 to {BODY} characters long.")
    footer = part.get("footer", {}).get("text", "")
    demand(len(footer) <= FOOTER, "interactive['footer']", f"must be at most {FOOTER} characters long.")
    header = part.get("header") or {}
    above = media_of(header["type"], header[header["type"]], media) if header.get("type") in FILES else None
    demand(above is None or part["type"] in ("button", "cta_url", "flow"), "interactive['header']", "must be a text")
    demand(part["type"] in _ACTIONS, "interactive['type']", "is not supported by the sandbox", 131051)
    choices = _ACTIONS[part["type"]](part["action"])
    return Shown(kind=above.kind if above else part["type"], text=text, choices=choices, media=above.media if above else "")


def _buttons(action: Json) -> Choices:
    choices = [(button["reply"]["id"], button["reply"]["title"]) for button in action["buttons"]]
    demand(1 <= len(choices) <= BUTTONS, "interactive['action']['buttons']", f"must be 1 to {BUTTONS} buttons.")
    demand(len({choice for choice, _ in choices}) == len(choices), "reply['id']", "must be unique")
    demand(len({title for _, title in choices}) == len(choices), "reply['title']", "must be unique")
    for choice, title in choices:
        demand(0 < len(choice) <= BUTTON_ID, "reply['id']", f"must be 1 to {BUTTON_ID} characters long.")
        demand(0 < len(title) <= BUTTON_TITLE, "reply['title']", f"must be 1 to {BUTTON_TITLE} characters long.")
    return choices


def _rows(action: Json) -> Choices:
    demand(0 < len(action["button"]) <= LIST_BUTTON, "action['button']", f"must be 1 to {LIST_BUTTON} characters long.")
    sections = action["sections"]
    demand(1 <= len(sections) <= SECTIONS, "action['sections']", f"must be 1 to {SECTIONS} sections.")
    for section in sections:
        titled = section.get("title") or len(sections) == 1
        demand(titled and len(section.get("title", "")) <= SECTION_TITLE, "section['title']", "is required and at most 24 long")
    rows = [row for section in sections for row in section["rows"]]
    demand(1 <= len(rows) <= ROWS, "action['sections']", f"Total row count exceed max allowed count: {ROWS}")
    for row in rows:
        demand(0 < len(row["id"]) <= ROW_ID, "row['id']", f"must be 1 to {ROW_ID} characters long.")
        demand(0 < len(row["title"]) <= ROW_TITLE, "row['title']", f"must be 1 to {ROW_TITLE} characters long.")
        demand(len(row.get("description", "")) <= ROW_DESCRIPTION, "row['description']", f"at most {ROW_DESCRIPTION} characters.")
    choices = [(row["id"], row["title"]) for row in rows]
    demand(len({choice for choice, _ in choices}) == len(choices), "row['id']", "must be unique")
    return choices


def _link(action: Json) -> Choices:
    demand(action["name"] == "cta_url", "action['name']", "must be cta_url")
    parameters = action["parameters"]
    demand(0 < len(parameters["display_text"]) <= BUTTON_TITLE, "display_text", f"must be 1 to {BUTTON_TITLE} characters long.")
    demand(parameters["url"].startswith(("http://", "https://")), "url", "is not a valid URL")
    return ()


def _place(action: Json) -> Choices:
    demand(action["name"] == "send_location", "action['name']", "must be send_location")
    return ()


def _form(action: Json) -> Choices:
    parameters = action["parameters"]
    demand(action["name"] == "flow" and parameters["flow_message_version"] == "3", "flow_message_version", "must be 3")
    demand(parameters["flow_id"], "flow_id", "is required")
    demand(0 < len(parameters["flow_cta"]) <= BUTTON_TITLE, "flow_cta", f"must be 1 to {BUTTON_TITLE} characters long.")
    action_name = parameters.get("flow_action", "navigate")
    demand(action_name in ("navigate", "data_exchange"), "flow_action", "must be navigate or data_exchange")
    return ()


_ACTIONS: Mapping[str, Callable[[Json], Choices]] = {
    "button": _buttons,
    "list": _rows,
    "cta_url": _link,
    "location_request_message": _place,
    "flow": _form,
}
