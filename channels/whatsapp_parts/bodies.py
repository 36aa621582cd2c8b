"""Build what Meta's /messages takes: one JSON body for each message that the provider will show.

Source: Meta's "Send messages" reference and its limits. Media come in as ids that were uploaded before.
"""

import re
from collections.abc import Sequence

from channels.base import ContactCard, Location, OutgoingMessage, Refused
from channels.whatsapp_parts.formats import Body, Uploaded
from channels.whatsapp_parts.interactive import interactive
from channels.whatsapp_parts.templates import template_body

CAPTION = 1024
CARDS = 5
"""Contacts in one message."""

_USER_ID = re.compile(r"[A-Z]{2}\.(ENT\.)?[A-Za-z0-9]{1,128}")
_LINK = re.compile(r"https?://", re.IGNORECASE)


def message_bodies(message: OutgoingMessage, files: Sequence[Uploaded], list_button: str = "Menu") -> list[Body]:
    """The provider-side messages that `message` becomes, in order, without recipient and callback data."""
    if message.template is not None:
        return [template_body(message.template, files, message.location)]
    if message.reaction is not None:
        return [_reaction(message)]
    bodies = _said(message, files, list_button)
    if message.location is not None:
        bodies.append(_place(message.location))
    for start in range(0, len(message.contacts), CARDS):
        cards = message.contacts[start : start + CARDS]
        bodies.append({"type": "contacts", "contacts": [_card(card) for card in cards]})
    return bodies


def envelope(message: OutgoingMessage, body: Body, *, quotes: bool) -> Body:
    """The whole request: recipient by phone or user id, our id for the statuses, the quoted message."""
    request: Body = {"messaging_product": "whatsapp", "recipient_type": "individual", **recipient(message.address), **body}
    if message.id:
        request["biz_opaque_callback_data"] = message.id
    if quotes and message.reply_to and body.get("type") != "reaction" and not message.reply_to.startswith("unnamed-"):
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


def _said(message: OutgoingMessage, files: Sequence[Uploaded], list_button: str) -> list[Body]:
    """Files, text and buttons: the text as a caption of the last file where that takes one."""
    if message.choices:
        ahead, body = interactive(message, files, list_button)
        return [*[_text(each) if isinstance(each, str) else each for each in ahead], body]
    bodies = [file.body() for file in files]
    if not message.text:
        return bodies
    if files and files[-1].takes_caption and len(message.text) <= CAPTION:
        bodies[-1] = files[-1].body(message.text)
        return bodies
    return [*bodies, _text(message.text)]


def _text(text: str) -> Body:
    return {"type": "text", "text": {"body": text, "preview_url": bool(_LINK.search(text))}}


def _reaction(message: OutgoingMessage) -> Body:
    if not message.reply_to or message.reply_to.startswith("unnamed-"):
        raise Refused("WhatsApp does not know the message that this is a reaction to")
    return {"type": "reaction", "reaction": {"message_id": message.reply_to, "emoji": message.reaction}}


def _place(place: Location) -> Body:
    found = {"latitude": str(place.latitude), "longitude": str(place.longitude), "name": place.name, "address": place.address}
    return {"type": "location", "location": {key: value for key, value in found.items() if value}}


def _card(card: ContactCard) -> Body:
    found: Body = {
        "name": {"formatted_name": card.name, "first_name": card.name},
        "phones": [{"phone": phone} for phone in card.phones],
        "emails": [{"email": email} for email in card.emails],
        "org": {"company": card.organisation} if card.organisation else None,
        "urls": [{"url": card.url}] if card.url else None,
    }
    return {key: value for key, value in found.items() if value}
