"""Say in words what a channel cannot carry as such: a place, contacts, a reaction, a link button, a quote."""

from collections.abc import Sequence
from dataclasses import replace
from html import escape

from channels.base import Capabilities, Choice, ContactCard, Location, OutgoingMessage
from channels.fit_parts.cut import shorten

QUOTED = 80
"""Characters of a quoted message that stand above the answer."""


def say_instead(message: OutgoingMessage, can: Capabilities) -> OutgoingMessage:
    """The message with words for what `can` has no form for; the same object where nothing is missing."""
    lines: list[str] = []
    values: dict[str, object] = {}
    if message.location is not None and "location" not in can.natively:
        lines.append(_place(message.location))
        values["location"] = None
    if message.contacts and "contacts" not in can.natively:
        lines += [_card(card) for card in message.contacts]
        values["contacts"] = ()
    if message.reaction is not None and "reaction" not in can.natively:
        lines += [message.reaction] if not message.text else []
        values["reaction"] = None
    shown = [choice for choice in message.choices if choice.kind in can.choice_kinds]
    if len(shown) < len(message.choices):
        lines += _links([choice for choice in message.choices if choice.kind not in can.choice_kinds])
        values["choices"] = shown
    if message.html and lines:
        values["html"] = "".join([message.html, *("<br><br>" + escape(line).replace("\n", "<br>") for line in lines)])
    if values:
        message = replace(message, **values, text="\n\n".join(part for part in (message.text, *lines) if part))  # type: ignore[arg-type]
    return _quoting(message) if message.quote and not (can.replies and message.reply_to) else message


def _quoting(message: OutgoingMessage) -> OutgoingMessage:
    """The message with the beginning of what it answers above it."""
    quote = shorten(" ".join(message.quote.split()), QUOTED)
    html = f"<blockquote>{escape(quote)}</blockquote>{message.html}" if message.html else message.html
    return replace(message, quote="", text=f"> {quote}\n{message.text}", html=html)


def _place(place: Location) -> str:
    link = (
        f"https://www.openstreetmap.org/?mlat={place.latitude}&mlon={place.longitude}#map=17/{place.latitude}/{place.longitude}"
    )
    return "\n".join(part for part in (place.name, place.address, link) if part)


def _card(card: ContactCard) -> str:
    name = f"{card.name} ({card.organisation})" if card.organisation else card.name
    return "\n".join([name, *card.phones, *card.emails, *([card.url] if card.url else [])])


def _links(choices: Sequence[Choice]) -> list[str]:
    """Links as lines; a request for a place as its words: the customer can answer it in their own."""
    lines = [f"{choice.title}: {choice.value}" if choice.title else choice.value for choice in choices if choice.kind == "link"]
    return lines + [choice.title for choice in choices if choice.kind == "location" and choice.title]
