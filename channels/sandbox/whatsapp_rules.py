"""What the WhatsApp stand-in demands of a message before it takes it."""

import re
from collections.abc import Mapping

from channels.sandbox.whatsapp_interactive import check_interactive
from channels.sandbox.whatsapp_refusals import FILES, Json, Refusal, Shown, demand, media_of
from channels.sandbox.whatsapp_templates import Key, Template, check_template

TEXT, CALLBACK, CARDS = 4096, 512, 257


def check_body(body: Json, templates: Mapping[Key, Template], media: Mapping[str, object]) -> Shown:
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
    if kind in FILES:
        return media_of(kind, body[kind], media)
    if kind == "interactive":
        return check_interactive(body["interactive"], media)
    if kind == "template":
        return check_template(body["template"], templates, media)
    return _other(kind, body)


def _other(kind: str, body: Json) -> Shown:
    """A place, contacts, a reaction."""
    if kind == "location":
        return _place(body["location"])
    if kind == "contacts":
        cards = body["contacts"]
        demand(1 <= len(cards) <= CARDS, "contacts", f"must be 1 to {CARDS} contacts.")
        names = [card["name"]["formatted_name"] for card in cards]
        demand(all(names), "contacts['name']['formatted_name']", "is required")
        return Shown(kind="contacts", text="\n".join(names))
    if kind == "reaction":
        reaction = body["reaction"]
        demand(isinstance(reaction["emoji"], str) and reaction["message_id"], "reaction", "message_id and emoji are required")
        return Shown(kind="reaction", text=reaction["emoji"], reacts_to=reaction["message_id"])
    raise Refusal(code=131051, message="(#131051) Unsupported message type")


def _place(place: Json) -> Shown:
    latitude, longitude = float(place["latitude"]), float(place["longitude"])
    demand(abs(latitude) <= 90 and abs(longitude) <= 180, "location", "is not on the earth")
    shown = (place.get("name"), place.get("address"), f"{latitude},{longitude}")
    return Shown(kind="location", text="\n".join(part for part in shown if part))
