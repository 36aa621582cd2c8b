"""What WhatsApp's connector gives to Meta for a message, and what it makes of Meta's errors."""

import importlib.util
import io
import wave
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from channels.base import (
    Blocked,
    ChannelError,
    Choice,
    ContactCard,
    Location,
    Misconfigured,
    OutgoingFile,
    OutgoingMessage,
    Refused,
    Retry,
    TemplateUse,
    Throttled,
    Unknown,
)
from channels.whatsapp_parts.bodies import envelope, message_bodies
from channels.whatsapp_parts.errors import provider_error
from channels.whatsapp_parts.formats import Uploaded, ready


def message(**fields: Any) -> OutgoingMessage:
    return OutgoingMessage(**{"id": "m-1", "address": "79000000155", **fields})


def file(
    kind: str = "image", mime: str = "image/jpeg", size: int = 10, name: str = "a.bin", content: bytes = b"x" * 10
) -> OutgoingFile:
    return OutgoingFile(kind=kind, name=name, mime=mime, size=size, url="", read=lambda: content)


NOTE = b"OggS\x00\x02" + bytes(22) + b"OpusHead\x01\x01" + bytes(20)
"""The beginning of a voice note: an Ogg page with an Opus header of one channel."""
STEREO = NOTE.replace(b"OpusHead\x01\x01", b"OpusHead\x01\x02")
VORBIS = NOTE.replace(b"OpusHead", b"\x01vorbis\0")


def recording() -> bytes:
    """A tenth of a second of silence as WAV."""
    made = io.BytesIO()
    with wave.open(made, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(1600))
    return made.getvalue()


def choices(count: int) -> list[Choice]:
    return [Choice(id=f"c{n}", title=f"Choice {n}") for n in range(count)]


PICTURE = Uploaded(media_id="M1", kind="image", name="a.jpg")
REPLIES = [{"type": "reply", "reply": {"id": f"c{n}", "title": f"Choice {n}"}} for n in range(3)]
BODIES: Sequence[tuple[str, OutgoingMessage, Sequence[Uploaded], Sequence[Mapping[str, Any]]]] = [
    ("text", message(text="Hi"), [], [{"type": "text", "text": {"body": "Hi", "preview_url": False}}]),
    ("link", message(text="see HTTPS://a.b"), [], [{"type": "text", "text": {"body": "see HTTPS://a.b", "preview_url": True}}]),
    ("picture", message(), [PICTURE], [{"type": "image", "image": {"id": "M1"}}]),
    ("caption", message(text="c"), [PICTURE], [{"type": "image", "image": {"id": "M1", "caption": "c"}}]),
    (
        "audio takes no caption",
        message(text="c"),
        [Uploaded(media_id="A", kind="audio", name="v.ogg")],
        [{"type": "audio", "audio": {"id": "A"}}, {"type": "text", "text": {"body": "c", "preview_url": False}}],
    ),
    (
        "document",
        message(text="c"),
        [Uploaded(media_id="D", kind="document", name="a.pdf")],
        [{"type": "document", "document": {"id": "D", "caption": "c", "filename": "a.pdf"}}],
    ),
    (
        "three choices are buttons",
        message(text="Pick", choices=choices(3)),
        [],
        [{"type": "interactive", "interactive": {"type": "button", "body": {"text": "Pick"}, "action": {"buttons": REPLIES}}}],
    ),
    (
        "a picture goes above the buttons",
        message(text="Pick", choices=choices(1)),
        [PICTURE],
        [
            {
                "type": "interactive",
                "interactive": {
                    "type": "button",
                    "body": {"text": "Pick"},
                    "header": {"type": "image", "image": {"id": "M1"}},
                    "action": {"buttons": REPLIES[:1]},
                },
            }
        ],
    ),
    (
        "four choices are a list",
        message(text="Pick", choices=choices(4)),
        [],
        [
            {
                "type": "interactive",
                "interactive": {
                    "type": "list",
                    "body": {"text": "Pick"},
                    "action": {
                        "button": "Menu",
                        "sections": [{"rows": [{"id": f"c{n}", "title": f"Choice {n}"} for n in range(4)]}],
                    },
                },
            }
        ],
    ),
    (
        "template",
        message(template=TemplateUse(name="sale", language="ru", variables={"2": "b", "10": "c", "1": "a"})),
        [],
        [
            {
                "type": "template",
                "template": {
                    "name": "sale",
                    "language": {"policy": "deterministic", "code": "ru"},
                    "components": [{"type": "body", "parameters": [{"type": "text", "text": t} for t in "abc"]}],
                },
            }
        ],
    ),
    (
        "template without variables",
        message(template=TemplateUse(name="hi", language="en")),
        [],
        [{"type": "template", "template": {"name": "hi", "language": {"policy": "deterministic", "code": "en"}}}],
    ),
    (
        "template with names, header and buttons",
        message(
            template=TemplateUse(
                name="hi", language="en", variables={"who": "Ann", "header": "H", "button.0": "path", "button.1.payload": "p"}
            )
        ),
        [],
        [
            {
                "type": "template",
                "template": {
                    "name": "hi",
                    "language": {"policy": "deterministic", "code": "en"},
                    "components": [
                        {"type": "header", "parameters": [{"type": "text", "text": "H"}]},
                        {"type": "body", "parameters": [{"type": "text", "parameter_name": "who", "text": "Ann"}]},
                        {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "path"}]},
                        {
                            "type": "button",
                            "sub_type": "quick_reply",
                            "index": "1",
                            "parameters": [{"type": "payload", "payload": "p"}],
                        },
                    ],
                },
            }
        ],
    ),
    (
        "template with a picture",
        message(template=TemplateUse(name="hi", language="en")),
        [PICTURE],
        [
            {
                "type": "template",
                "template": {
                    "name": "hi",
                    "language": {"policy": "deterministic", "code": "en"},
                    "components": [{"type": "header", "parameters": [{"type": "image", "image": {"id": "M1"}}]}],
                },
            }
        ],
    ),
]

LINK = Choice(id="l", title="Open the shop now", kind="link", value="https://shop.example")
PLACE = Location(latitude=55.75, longitude=37.62, name="Shop")


def pressed(kind: str, action: Mapping[str, Any], text: str = "Pick", **more: Any) -> Mapping[str, Any]:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": text}, **more, "action": action}}


def flow(**parameters: Any) -> Mapping[str, Any]:
    return {"name": "flow", "parameters": {"flow_message_version": "3", "flow_id": "77", "flow_cta": "Book", **parameters}}


def template(*components: Mapping[str, Any]) -> Mapping[str, Any]:
    language = {"policy": "deterministic", "code": "en"}
    return {"type": "template", "template": {"name": "hi", "language": language, "components": list(components)}}


def used(**fields: Any) -> TemplateUse:
    return TemplateUse(**{"name": "hi", "language": "en", **fields})


def button(sub_type: str, index: str, **parameter: Any) -> Mapping[str, Any]:
    return {"type": "button", "sub_type": sub_type, "index": index, "parameters": [parameter]}


RICH: Sequence[tuple[str, OutgoingMessage, Sequence[Uploaded], Sequence[Mapping[str, Any]]]] = [
    (
        "a choice with a description needs a list",
        message(text="Pick", choices=[Choice(id="a", title="A", description="the first")]),
        [],
        [pressed("list", {"button": "Menu", "sections": [{"rows": [{"id": "a", "title": "A", "description": "the first"}]}]})],
    ),
    (
        "a title too long for a button is whole in a list",
        message(text="Pick", choices=[Choice(id="a", title="A title that no button can hold")]),
        [],
        [
            pressed(
                "list",
                {
                    "button": "Menu",
                    "sections": [
                        {
                            "rows": [
                                {"id": "a", "title": "A title that no button …", "description": "A title that no button can hold"}
                            ]
                        }
                    ],
                },
            )
        ],
    ),
    (
        "the same title twice cannot stand on buttons",
        message(text="Pick", choices=[Choice(id="a", title="Yes"), Choice(id="b", title="Yes")]),
        [],
        [pressed("list", {"button": "Menu", "sections": [{"rows": [{"id": "a", "title": "Yes"}, {"id": "b", "title": "Yes"}]}]})],
    ),
    (
        "sections, each with its heading",
        message(text="Pick", choices=[Choice(id="a", title="A", section="North"), Choice(id="b", title="B")]),
        [],
        [
            pressed(
                "list",
                {
                    "button": "Menu",
                    "sections": [
                        {"title": "North", "rows": [{"id": "a", "title": "A"}]},
                        {"title": "Menu", "rows": [{"id": "b", "title": "B"}]},
                    ],
                },
            )
        ],
    ),
    (
        "a link",
        message(text="Pick", choices=[LINK]),
        [],
        [
            pressed(
                "cta_url",
                {"name": "cta_url", "parameters": {"display_text": "Open the shop now", "url": "https://shop.example"}},
            )
        ],
    ),
    (
        "a link beside buttons is said in the text",
        message(text="Pick", choices=[*choices(1), LINK]),
        [],
        [pressed("button", {"buttons": REPLIES[:1]}, "Pick\n\nOpen the shop now: https://shop.example")],
    ),
    (
        "a request for a place",
        message(text="Pick", choices=[Choice(id="w", title="Where are you?", kind="location")]),
        [PICTURE],
        [{"type": "image", "image": {"id": "M1"}}, pressed("location_request_message", {"name": "send_location"})],
    ),
    (
        "a form",
        message(text="Pick", choices=[Choice(id="f", title="Book", kind="form", value="77")]),
        [],
        [pressed("flow", flow())],
    ),
    (
        "a form beside replies, which are numbered",
        message(text="Pick", choices=[*choices(1), Choice(id="f", title="Book", kind="form", value="77")]),
        [],
        [pressed("flow", flow(), "Pick\n\n1. Choice 0")],
    ),
    (
        "a form at a screen, with data and a token",
        message(text="Pick", choices=[Choice(id="f", title="Book", kind="form", value="77/DATE?day=5&token=t%3D1")]),
        [],
        [
            pressed(
                "flow",
                flow(flow_token="t=1", flow_action="navigate", flow_action_payload={"screen": "DATE", "data": {"day": "5"}}),
            )
        ],
    ),
    (
        "a form that a server leads through",
        message(text="Pick", choices=[Choice(id="f", title="Book", kind="form", value="dx:77")]),
        [],
        [pressed("flow", flow(flow_action="data_exchange"))],
    ),
    (
        "a form whose data cannot be read opens at its beginning",
        message(text="Pick", choices=[Choice(id="f", title="Book", kind="form", value="77/DATE?day=50%")]),
        [],
        [pressed("flow", flow())],
    ),
    (
        "a place",
        message(location=PLACE),
        [],
        [{"type": "location", "location": {"latitude": "55.75", "longitude": "37.62", "name": "Shop"}}],
    ),
    (
        "words, then a place",
        message(text="Here", location=Location(latitude=1, longitude=2)),
        [],
        [
            {"type": "text", "text": {"body": "Here", "preview_url": False}},
            {"type": "location", "location": {"latitude": "1", "longitude": "2"}},
        ],
    ),
    (
        "contacts",
        message(contacts=[ContactCard(name="Anna", phones=["+79990000000"], emails=["a@b.example"], organisation="Shop")]),
        [],
        [
            {
                "type": "contacts",
                "contacts": [
                    {
                        "name": {"formatted_name": "Anna", "first_name": "Anna"},
                        "phones": [{"phone": "+79990000000"}],
                        "emails": [{"email": "a@b.example"}],
                        "org": {"company": "Shop"},
                    }
                ],
            }
        ],
    ),
    (
        "a reaction",
        message(text="👍", reaction="👍", reply_to="wamid.Q"),
        [],
        [{"type": "reaction", "reaction": {"message_id": "wamid.Q", "emoji": "👍"}}],
    ),
    (
        "a reaction taken back",
        message(reaction="", reply_to="wamid.Q"),
        [],
        [{"type": "reaction", "reaction": {"message_id": "wamid.Q", "emoji": ""}}],
    ),
    (
        "a template's named header, and a typed value",
        message(
            template=used(
                variables={
                    "header.shop": "Nord",
                    "sum": {"type": "currency", "currency": {"fallback_value": "5 €", "code": "EUR"}},
                }
            )
        ),
        [],
        [
            template(
                {"type": "header", "parameters": [{"type": "text", "parameter_name": "shop", "text": "Nord"}]},
                {
                    "type": "body",
                    "parameters": [
                        {"type": "currency", "currency": {"fallback_value": "5 €", "code": "EUR"}, "parameter_name": "sum"}
                    ],
                },
            )
        ],
    ),
    (
        "a variable of several lines stands in one",
        message(template=used(variables={"1": "Street 1\r\n\tFloor 2      left"})),
        [],
        [template({"type": "body", "parameters": [{"type": "text", "text": "Street 1 Floor 2 left"}]})],
    ),
    (
        "a template's place",
        message(template=used(), location=PLACE),
        [],
        [
            template(
                {
                    "type": "header",
                    "parameters": [
                        {
                            "type": "location",
                            "location": {"latitude": "55.75", "longitude": "37.62", "name": "Shop", "address": ""},
                        }
                    ],
                }
            )
        ],
    ),
    (
        "a template's picture as the document it asks for",
        message(template=used(header="document")),
        [PICTURE],
        [
            template(
                {
                    "type": "header",
                    "parameters": [{"type": "document", "document": {"id": "M1", "filename": "a.jpg"}}],
                }
            )
        ],
    ),
    (
        "every kind of button of a template",
        message(
            template=used(
                buttons={"0": "p", "1": "end", "2": "SAVE5", "3": "t", "4": "sku", "5": "481516", "6": "c"},
                button_kinds={"0": "reply", "1": "url", "2": "copy_code", "3": "flow", "4": "catalog", "5": "otp", "6": "call"},
            )
        ),
        [],
        [
            template(
                button("quick_reply", "0", type="payload", payload="p"),
                button("url", "1", type="text", text="end"),
                button("copy_code", "2", type="coupon_code", coupon_code="SAVE5"),
                button("flow", "3", type="action", action={"flow_token": "t"}),
                button("catalog", "4", type="action", action={"thumbnail_product_retailer_id": "sku"}),
                button("url", "5", type="text", text="481516"),
                button("voice_call", "6", type="payload", payload="c"),
            )
        ],
    ),
    (
        "what we have no words for goes as it is",
        message(template=used(components=[{"type": "limited_time_offer", "parameters": []}])),
        [],
        [template({"type": "limited_time_offer", "parameters": []})],
    ),
]


@pytest.mark.parametrize(("outgoing", "files", "wanted"), [c[1:] for c in (*BODIES, *RICH)], ids=[c[0] for c in (*BODIES, *RICH)])
def test_a_message_becomes_what_meta_takes(
    outgoing: OutgoingMessage, files: Sequence[Uploaded], wanted: Sequence[Mapping[str, Any]]
) -> None:
    assert message_bodies(outgoing, files) == wanted


def test_a_long_text_goes_ahead_of_its_buttons_and_nothing_of_it_is_lost() -> None:
    words = " ".join(f"word{n}" for n in range(300))
    ahead, asked = message_bodies(message(text=words, choices=choices(2)), [])
    body = asked["interactive"]["body"]["text"]
    assert len(body) <= 1024 and f"{ahead['text']['body']} {body}" == words


def test_more_than_ten_choices_are_refused() -> None:
    with pytest.raises(Refused, match="at most 10"):
        message_bodies(message(text="Pick", choices=choices(11)), [])


ENVELOPES: Sequence[tuple[str, OutgoingMessage, Mapping[str, Any]]] = [
    ("digits", message(), {"to": "79000000155"}),
    ("E.164", message(address="+7 900 000-01-55"), {"to": "79000000155"}),
    ("user id", message(address="RU.77001"), {"recipient": "RU.77001"}),
    ("parent user id", message(address="RU.ENT.77001"), {"recipient": "RU.ENT.77001"}),
    ("quote", message(reply_to="wamid.Q"), {"to": "79000000155", "context": {"message_id": "wamid.Q"}}),
    ("an id of our own is no quote", message(reply_to="unnamed-1"), {"to": "79000000155"}),
]


@pytest.mark.parametrize(("outgoing", "wanted"), [c[1:] for c in ENVELOPES], ids=[c[0] for c in ENVELOPES])
def test_the_envelope_says_to_whom_and_gives_our_id_for_the_statuses(
    outgoing: OutgoingMessage, wanted: Mapping[str, Any]
) -> None:
    common = {"messaging_product": "whatsapp", "recipient_type": "individual", "biz_opaque_callback_data": "m-1"}
    assert envelope(outgoing, {}, quotes=True) == {**common, **wanted}


@pytest.mark.parametrize(
    ("outgoing", "why"),
    [
        (message(reaction="👍"), "does not know the message"),
        (message(reaction="👍", reply_to="unnamed-1"), "does not know the message"),
        (message(template=used(buttons={"0": "x"}, button_kinds={"0": "phone"})), "takes no value"),
    ],
    ids=["a reaction to nothing", "a reaction to a message without an id", "a value for a button that has none"],
)
def test_what_has_no_place_in_a_request_is_refused_with_words(outgoing: OutgoingMessage, why: str) -> None:
    with pytest.raises(Refused, match=why):
        message_bodies(outgoing, [])


def test_more_than_five_contacts_go_in_several_messages() -> None:
    bodies = message_bodies(message(contacts=[ContactCard(name=f"N{n}") for n in range(7)]), [])
    assert [len(body["contacts"]) for body in bodies] == [5, 2]


def test_a_reaction_quotes_nothing() -> None:
    outgoing = message(reaction="👍", reply_to="wamid.Q")
    assert "context" not in envelope(outgoing, message_bodies(outgoing, [])[0], quotes=True)


def test_an_address_without_digits_is_refused() -> None:
    with pytest.raises(Refused, match="no phone number"):
        envelope(message(address="lena"), {}, quotes=True)


@pytest.mark.parametrize(
    ("outgoing", "kind", "mime"),
    [
        (file(), "image", "image/jpeg"),
        (file(size=5_000_001), "document", "image/jpeg"),
        (file(mime="image/tiff"), "document", "image/tiff"),
        (file("voice", "audio/ogg", content=NOTE), "audio", "audio/ogg; codecs=opus"),
        (file("voice", "audio/ogg;codecs=opus", content=NOTE), "audio", "audio/ogg; codecs=opus"),
        (file("audio", "application/ogg", content=NOTE), "audio", "audio/ogg; codecs=opus"),
        (file("voice", "audio/mpeg"), "audio", "audio/mpeg"),
        (file("audio", "audio/wav"), "document", "audio/wav"),
        (file("audio", "audio/ogg"), "document", "audio/ogg"),
        (file("audio", "audio/ogg", content=VORBIS), "document", "audio/ogg"),
        (file("voice", "audio/ogg", content=STEREO), "audio", "audio/ogg; codecs=opus"),
        (file("audio", "audio/mpeg"), "audio", "audio/mpeg"),
        (file("audio", "audio/mp3"), "audio", "audio/mpeg"),
        (file("image", "Image/JPG"), "image", "image/jpeg"),
        (file("video", "video/mp4", 17_000_000), "document", "video/mp4"),
        (file("sticker", "image/webp"), "sticker", "image/webp"),
        (file("file", "image/png"), "document", "image/png"),
        (file("file", ""), "document", "application/octet-stream"),
        (file("image", "", name="a.PNG"), "image", "image/png"),
    ],
)
def test_a_file_that_whatsapp_would_not_show_goes_as_a_document(outgoing: OutgoingFile, kind: str, mime: str) -> None:
    made = ready(outgoing)
    assert (made.kind, made.mime) == (kind, mime)


@pytest.mark.parametrize(("kind", "voice"), [("voice", True), ("audio", False)])
def test_opus_in_ogg_is_a_voice_note_only_if_it_was_meant_as_one(kind: str, voice: bool) -> None:
    made = ready(file(kind, "audio/ogg", content=NOTE))
    assert (made.voice, made.content) == (voice, NOTE)
    body = Uploaded(media_id="V", kind=made.kind, name=made.name, voice=made.voice).body()
    assert body == {"type": "audio", "audio": {"id": "V", "voice": True} if voice else {"id": "V"}}


def test_a_recording_becomes_a_voice_note_where_the_library_is_there_and_else_says_what_to_do() -> None:
    outgoing = file("voice", "audio/wav", name="memo.wav", content=recording())
    if importlib.util.find_spec("av"):
        made = ready(outgoing)
        assert (made.kind, made.mime, made.name, made.voice) == ("audio", "audio/ogg; codecs=opus", "memo.ogg", True)
        assert made.content.startswith(b"OggS") and b"OpusHead\x01\x01" in made.content
    else:
        with pytest.raises(Refused, match="pip install av"):
            ready(outgoing)


@pytest.mark.parametrize("content", [b"", b"noise" * 50, VORBIS], ids=["nothing", "noise", "another codec"])
def test_a_voice_note_that_cannot_be_read_is_refused_and_not_sent_as_silence(content: bytes) -> None:
    with pytest.raises(Refused, match="Opus in Ogg"):
        ready(file("voice", "audio/ogg", content=content))


ANSWERS: Sequence[tuple[str, int, Mapping[str, Any] | None, type[ChannelError], str]] = [
    ("token expired", 401, {"code": 190}, Misconfigured, "190"),
    ("no permission", 403, {"code": 10}, Misconfigured, "10"),
    ("permission range", 403, {"code": 200, "message": "no"}, Misconfigured, "200"),
    ("number deleted", 400, {"code": 100, "error_subcode": 33}, Misconfigured, "100"),
    ("account locked", 403, {"code": 131031}, Misconfigured, "131031"),
    ("payment", 400, {"code": 131042}, Misconfigured, "131042"),
    ("not registered", 400, {"code": 133010}, Misconfigured, "133010"),
    ("app calls", 400, {"code": 4}, Throttled, "4"),
    ("account calls", 400, {"code": 80007}, Throttled, "80007"),
    ("throughput", 429, {"code": 130429}, Throttled, "130429"),
    ("spam", 400, {"code": 131048}, Throttled, "131048"),
    ("pair", 403, {"code": 131056}, Throttled, "131056"),
    ("registration", 400, {"code": 133016}, Throttled, "133016"),
    ("429 of another code", 429, {"code": 613}, Throttled, "613"),
    ("429 without words", 429, None, Throttled, "429"),
    ("internal", 500, {"code": 131000}, Retry, "131000"),
    ("unavailable", 503, {"code": 2}, Retry, "2"),
    ("media", 400, {"code": 131053}, Retry, "131053"),
    ("bad gateway", 502, None, Retry, "502"),
    ("new code with 500", 500, {"code": 999999, "message": "?"}, Retry, "999999"),
    ("request timed out", 408, None, Retry, "408"),
    ("gateway lost it", 504, None, Unknown, "504"),
    ("accepted unreadably", 200, None, Unknown, "200"),
    ("parameter", 400, {"code": 100, "message": "(#100) Invalid"}, Refused, "100"),
    ("undeliverable", 400, {"code": 131026}, Refused, "131026"),
    ("window", 400, {"code": 131047}, Refused, "131047"),
    ("marketing cap", 400, {"code": 131049}, Refused, "131049"),
    ("experiment", 400, {"code": 130472}, Refused, "130472"),
    ("type", 400, {"code": 131051}, Refused, "131051"),
    ("parameter count", 400, {"code": 132000}, Refused, "132000"),
    ("no template", 404, {"code": 132001}, Refused, "132001"),
    ("marketing stopped", 400, {"code": 131050}, Blocked, "131050"),
    ("no words", 403, None, Refused, "403"),
    ("wrong address", 404, None, Misconfigured, "404"),
    ("error is no object", 400, "oops", Refused, "400"),  # type: ignore[list-item]
]


@pytest.mark.parametrize(("status", "error", "kind", "code"), [a[1:] for a in ANSWERS], ids=[a[0] for a in ANSWERS])
def test_metas_errors_become_ours(status: int, error: Mapping[str, Any] | None, kind: type[ChannelError], code: str) -> None:
    found = provider_error(status, {}, None if error is None else {"error": error})
    exact = found.__class__.__mro__
    assert isinstance(found, kind) and found.code == code and found.reason
    assert kind is not Refused or Blocked not in exact
    assert kind is not Retry or Throttled not in exact


@pytest.mark.parametrize(
    ("headers", "after"), [({}, 6.0), ({"Retry-After": "42"}, 42.0), ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 6.0)]
)
def test_the_pause_is_metas_own_where_it_names_one(headers: Mapping[str, str], after: float) -> None:
    error = provider_error(403, headers, {"error": {"code": 131056}})
    assert isinstance(error, Throttled) and error.after == after


def test_a_gateways_list_of_errors_is_read_too() -> None:
    error = provider_error(400, {}, {"errors": [{"code": -1, "title": "Bad Request", "details": "invalid key"}]})
    assert isinstance(error, Refused) and (error.code, error.reason) == ("-1", "invalid key")


def test_the_operator_reads_what_to_do_and_metas_details() -> None:
    error = {"code": 131047, "message": "Re-engagement message", "error_data": {"details": "More than 24 hours have passed"}}
    reason = provider_error(400, {}, {"error": error}).reason
    assert "24-hour window is shut" in reason and "More than 24 hours have passed" in reason


@pytest.mark.parametrize(("code", "one_person"), [(131056, True), (130429, False), (80007, False)])
def test_only_the_pair_limit_is_of_one_person(code: int, one_person: bool) -> None:
    error = provider_error(400, {}, {"error": {"code": code}})
    assert isinstance(error, Throttled) and error.one_person == one_person


def test_a_stop_of_marketing_leaves_answers_alone() -> None:
    error = provider_error(400, {}, {"error": {"code": 131050}})
    assert isinstance(error, Blocked) and error.marketing_only
