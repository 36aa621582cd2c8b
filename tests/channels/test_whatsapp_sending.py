"""What WhatsApp's connector gives to Meta for a message, and what it makes of Meta's errors."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from channels.base import (
    Blocked,
    ChannelError,
    Choice,
    Misconfigured,
    OutgoingFile,
    OutgoingMessage,
    Refused,
    Retry,
    TemplateUse,
    Throttled,
    Unknown,
)
from channels.whatsapp_parts.bodies import Uploaded, envelope, media_kind, media_type, message_bodies
from channels.whatsapp_parts.errors import provider_error


def message(**fields: Any) -> OutgoingMessage:
    return OutgoingMessage(**{"id": "m-1", "address": "79000000155", **fields})


def file(kind: str = "image", mime: str = "image/jpeg", size: int = 10, name: str = "a.bin") -> OutgoingFile:
    return OutgoingFile(kind=kind, name=name, mime=mime, size=size, url="", read=lambda: b"x" * 10)


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


@pytest.mark.parametrize(("outgoing", "files", "wanted"), [c[1:] for c in BODIES], ids=[c[0] for c in BODIES])
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


def test_an_address_without_digits_is_refused() -> None:
    with pytest.raises(Refused, match="no phone number"):
        envelope(message(address="lena"), {}, quotes=True)


@pytest.mark.parametrize(
    ("outgoing", "kind", "mime"),
    [
        (file(), "image", "image/jpeg"),
        (file(size=5_000_001), "document", "image/jpeg"),
        (file(mime="image/tiff"), "document", "image/tiff"),
        (file("voice", "audio/ogg"), "audio", "audio/ogg; codecs=opus"),
        (file("voice", "audio/ogg;codecs=opus"), "audio", "audio/ogg; codecs=opus"),
        (file("voice", "audio/webm"), "document", "audio/webm"),
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
    assert (media_kind(outgoing), media_type(outgoing)) == (kind, mime)


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
