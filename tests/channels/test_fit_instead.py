"""What a channel cannot carry as such is said in words; what it can, goes once."""

import pytest

from channels.base import Capabilities, Choice, ContactCard, Location, OutgoingFile, OutgoingMessage
from channels.fit import fit

PLAIN = Capabilities(text_limit=100, choices=3)
RICH = Capabilities(
    text_limit=20,
    choices=3,
    natively=frozenset({"location", "contacts", "reaction"}),
    choice_kinds=frozenset({"reply", "link"}),
    media=frozenset({"image"}),
)
PLACE = Location(latitude=55.75, longitude=37.62, name="Office")
CARD = ContactCard(name="Anna", phones=["+79990000000"], emails=["anna@shop.example"], organisation="Shop")
MAP = "https://www.openstreetmap.org/?mlat=55.75&mlon=37.62#map=17/55.75/37.62"


def message(**values: object) -> OutgoingMessage:
    return OutgoingMessage(id="7", address="a", **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        pytest.param(message(location=PLACE), f"Office\n{MAP}", id="a place"),
        pytest.param(message(text="Here", location=PLACE), f"Here\n\nOffice\n{MAP}", id="text and a place"),
        pytest.param(message(contacts=[CARD]), "Anna (Shop)\n+79990000000\nanna@shop.example", id="a contact"),
        pytest.param(message(text="👍", reaction="👍", reply_to="3"), "👍", id="a reaction that has its words"),
        pytest.param(message(reaction="👍", reply_to="3"), "👍", id="a reaction without words"),
        pytest.param(
            message(text="See", choices=[Choice(id="1", title="Shop", kind="link", value="https://shop.example")]),
            "See\n\nShop: https://shop.example",
            id="a link button",
        ),
        pytest.param(
            message(text="Where?", choices=[Choice(id="1", title="Tell us your address", kind="location")]),
            "Where?\n\nTell us your address",
            id="a request for a place",
        ),
    ],
)
def test_a_channel_that_carries_only_text_says_it_in_words(said: OutgoingMessage, text: str) -> None:
    (part,) = fit(said, PLAIN)
    assert part.text == text
    assert (part.location, part.contacts, part.reaction, list(part.choices)) == (None, (), None, [])


def test_the_words_stand_in_the_html_too() -> None:
    (part,) = fit(message(text="Here", html="<p>Here</p>", location=PLACE), Capabilities(text_limit=500, html=True))
    assert part.html is not None and MAP.replace("&", "&amp;") in part.html


def test_a_place_goes_once_however_many_parts_the_message_has() -> None:
    pictures = [
        OutgoingFile(kind="image", name=f"{n}.png", mime="image/png", size=1, url="https://x", read=lambda: b"") for n in range(2)
    ]
    parts = fit(message(text="one two three four five six seven", attachments=pictures, location=PLACE, contacts=[CARD]), RICH)
    assert len(parts) > 3
    assert [part.location for part in parts if part.location] == [PLACE]
    assert [part.contacts for part in parts if part.contacts] == [[CARD]]


def test_what_the_channel_knows_stays_as_it_is() -> None:
    link = Choice(id="1", title="Shop", kind="link", value="https://shop.example")
    (part,) = fit(message(text="👍", reaction="👍", reply_to="3", location=PLACE, choices=[link]), RICH)
    assert (part.text, part.reaction, part.location, list(part.choices)) == ("👍", "👍", PLACE, [link])
