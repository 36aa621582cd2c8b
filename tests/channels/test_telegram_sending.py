"""What the connector sends: formatting, limits, places, contacts, reactions, keyboards, and another manner after a refusal."""

import json
from dataclasses import replace
from typing import Any

import pytest

from channels.base import (
    Blocked,
    ChannelError,
    Choice,
    ContactCard,
    Location,
    Misconfigured,
    OutgoingMessage,
    Refused,
    Retry,
    Throttled,
    Unknown,
)
from channels.fit import fit
from channels.sandbox.base import Draft, Fault
from channels.sandbox.telegram import TelegramStandIn
from channels.sandbox.telegram_parts.rules import ApiError
from channels.telegram import TelegramConnector
from channels.telegram_parts.outward import units
from channels.telegram_parts.refusals import Moved, refusal
from tests.channels import telegram_bot
from tests.channels.telegram_bot import ANNA, OLGA, file, message
from tests.channels.telegram_spec import hold_to_the_specification

held = pytest.fixture(autouse=True)(hold_to_the_specification)
stand_in, connector = telegram_bot.stand_in, telegram_bot.connector
JPEG = file("image", "image/jpeg", "p.jpg")
OGG = file("voice", "audio/ogg", "v.ogg")
LONG = Choice(id="ы" * 33, title="Long")


# --- what a message becomes

OFFICE = Location(latitude=55.75, longitude=37.61, name="Office", address="Arbat 1")
LEV = ContactCard(name="Lev", phones=["+74950000001", "+74950000002"], emails=["lev@example.org"], organisation="Orlov; Sons")


@pytest.mark.parametrize(
    ("outgoing", "methods", "texts"),
    [
        (message(location=OFFICE), ["sendVenue"], ["Office, Arbat 1"]),
        (message(location=replace(OFFICE, address="")), ["sendVenue"], ["Office, Office"]),
        (message(location=Location(latitude=1.5, longitude=2)), ["sendLocation"], ["1.5, 2.0"]),
        (message("Here:", location=OFFICE), ["sendMessage", "sendVenue"], ["Here:", "Office, Arbat 1"]),
        (message(contacts=[LEV]), ["sendContact", "sendContact"], ["Lev +74950000001", "Lev +74950000002"]),
        (message(contacts=[replace(LEV, phones=())]), ["sendMessage"], ["Lev\nOrlov; Sons\nlev@example.org"]),
        (message("👍", reaction="👍", extra={"business_connection_id": "account"}), ["sendMessage"], ["👍"]),
        (message("", html="<b> </b>", attachments=[JPEG]), ["sendPhoto"], [""]),
        (message("x" * 1025, attachments=[JPEG]), ["sendPhoto", "sendMessage"], ["", "x" * 1025]),
        (message("😀" * 513, attachments=[JPEG]), ["sendPhoto", "sendMessage"], ["", "😀" * 513]),
        (message("😀" * 512, attachments=[JPEG]), ["sendPhoto"], ["😀" * 512]),
    ],
)
async def test_a_message_takes_the_calls_it_needs(
    stand_in: TelegramStandIn, connector: TelegramConnector, outgoing: OutgoingMessage, methods: list[str], texts: list[str]
) -> None:
    if outgoing.extra.get("business_connection_id"):
        outgoing = replace(outgoing, extra={"business_connection_id": stand_in.chats.circles.connect(OLGA)})
    sent = await connector.send(outgoing)
    assert [call["method"] for call in stand_in.received] == methods
    assert [bubble.text for bubble in stand_in.sent_to(ANNA)] == texts
    assert len(sent.external_ids) == len(methods)


async def test_a_reaction_stands_on_the_customers_message_and_is_taken_back(
    stand_in: TelegramStandIn, connector: TelegramConnector
) -> None:
    bubble = await stand_in.write(stand_in.phones.customers[ANNA], Draft(text="Thanks"))
    sent = await connector.send(message("👍", reaction="👍", reply_to=bubble.id))
    assert (bubble.reaction, list(sent.external_ids), stand_in.sent_to(ANNA)) == ("👍", [], [])
    await connector.send(message(reaction="", reply_to=bubble.id))
    assert bubble.reaction == ""
    with pytest.raises(Refused, match="no such reaction"):
        await connector.send(message(reaction="🦔", reply_to=bubble.id))


@pytest.mark.parametrize(
    ("choices", "markup"),
    [
        ([Choice(id="y", title="Yes")], {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}),
        (
            [Choice(id="l", title="Site", kind="link", value="https://e.org"), Choice(id="y", title="Yes")],
            {"inline_keyboard": [[{"text": "Site", "url": "https://e.org"}, {"text": "Yes", "callback_data": "y"}]]},
        ),
        (
            [Choice(id="f", title="Form", kind="form", value="https://e.org/form")],
            {"inline_keyboard": [[{"text": "Form", "web_app": {"url": "https://e.org/form"}}]]},
        ),
        (
            [Choice(id="w", title="Where are you?", kind="location"), Choice(id="n", title="No")],
            {"keyboard": [[{"text": "Where are you?", "request_location": True}, {"text": "No"}]]},
        ),
        ([LONG, Choice(id="n", title="No")], {"keyboard": [[{"text": "Long"}, {"text": "No"}]]}),
    ],
    ids=["reply", "link", "form", "place", "long id"],
)
async def test_choices_become_the_keyboard_that_can_carry_them(
    stand_in: TelegramStandIn, connector: TelegramConnector, choices: list[Choice], markup: dict[str, Any]
) -> None:
    await connector.send(message("Choose", choices=choices))
    sent: Any = stand_in.received[-1]["reply_markup"]
    assert sent == markup | ({"resize_keyboard": True, "one_time_keyboard": True} if "keyboard" in markup else {})


async def test_many_buttons_stand_eight_in_a_row_at_most(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    await connector.send(message("Choose", choices=[Choice(id=str(n), title=str(n)) for n in range(20)]))
    sent: Any = stand_in.received[-1]["reply_markup"]
    assert sum(map(len, sent["inline_keyboard"])) == 20
    assert max(map(len, sent["inline_keyboard"])) <= 8


# --- long texts


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("слово " * 1000, None),
        ("😀" * 5000, None),
        ("😀 " * 3000, "<b>" + "😀 " * 3000 + "</b>"),
        ("", "<p>" + "Read <i>this <a href='https://e.org/?a=1&amp;b=2'>page &amp; that</a></i>, please. " * 400 + "</p>"),
        ("", "<ul>" + "<li>milk, <b>bread</b></li>" * 600 + "</ul>"),
    ],
    ids=["words", "emoji", "formatted emoji", "nested", "list"],
)
async def test_a_long_text_arrives_whole_in_parts_that_telegram_takes(
    stand_in: TelegramStandIn, connector: TelegramConnector, text: str, html: str | None
) -> None:
    """The stand-in refuses more than 4096 UTF-16 units, and every tag that is not closed."""
    for part in fit(message(text, html=html), connector.can):
        await connector.send(part)
    bubbles = stand_in.sent_to(ANNA)
    assert len(bubbles) > 1
    assert all(0 < units(bubble.text) <= 4096 and (bubble.html is not None) == (html is not None) for bubble in bubbles)
    if text:
        assert "".join("".join(bubble.text for bubble in bubbles).split()) == "".join(text.split())
    else:
        words = "page&that" if "page" in str(html) else "•milk,bread"
        assert "".join("".join(bubble.text for bubble in bubbles).split()).count(words) in {400, 600}


# --- refusals


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((403, "Forbidden: bot was blocked by the user"), Blocked, "has blocked the bot"),
        ((403, "Forbidden: user is deactivated"), Blocked, "no longer exists"),
        ((400, "Bad Request: USER_DEACTIVATED_BAN"), Blocked, "no longer exists"),
        ((400, "Bad Request: chat not found"), Blocked, "never written"),
        ((400, "Bad Request: PEER_ID_INVALID"), Blocked, "never written"),
        ((403, "Forbidden: bot can't initiate conversation with a user"), Blocked, "written to it first"),
        ((403, "Forbidden: bot can't send messages to bots"), Blocked, "is a bot"),
        ((403, "Forbidden: bot was kicked from the supergroup chat"), Blocked, "no longer in this group"),
        ((403, "Forbidden: bot is not a member of the channel chat"), Blocked, "no longer in this group"),
        ((400, "Bad Request: CHAT_WRITE_FORBIDDEN"), Blocked, "may not write"),
        ((400, "Bad Request: not enough rights to send text messages to the chat"), Blocked, "may not write"),
        ((400, "Bad Request: not enough rights to send photos to the chat"), Refused, "files of this kind"),
        ((400, "Bad Request: business connection not found"), Blocked, "no longer connected"),
        ((400, "Bad Request: BUSINESS_PEER_USAGE_MISSING"), Refused, "24 hours"),
        ((400, "Bad Request: BUTTON_DATA_INVALID"), Refused, "64 bytes"),
        ((400, "Bad Request: something new"), Refused, "something new"),
        ((400, "Bad Request: Bot domain invalid"), Refused, "Bot domain invalid"),
        ((400, "Bad Request: wrong file_id or the file is temporarily unavailable"), Retry, "just now"),
        ((413, "Request Entity Too Large"), Refused, "too big"),
        ((401, "Unauthorized"), Misconfigured, "BotFather"),
        ((404, "Not Found"), Misconfigured, "Not Found"),
        ((400, "Bad Request: Logged out"), Misconfigured, "logged out"),
        ((409, "Conflict: terminated by other getUpdates request; make sure that only one"), Retry, "Another program polls"),
        ((429, "Too Many Requests: retry after 7"), Throttled, "retry after 7"),
        ((502, "Bad Gateway"), Retry, "Bad Gateway"),
        ((504, "Gateway Timeout"), Unknown, "Gateway Timeout"),
    ],
)  # fmt: skip
def test_a_refusal_means_what_telegram_means_by_it(answer: tuple[int, str], error: type[ChannelError], words: str) -> None:
    found = refusal(answer[0], json.dumps({"ok": False, "error_code": answer[0], "description": answer[1]}).encode())
    assert (type(found), found.code) == (error, str(answer[0]))
    assert words in found.reason


def test_a_moved_group_and_the_time_to_wait_are_told() -> None:
    body = {"ok": False, "error_code": 400, "description": "x", "parameters": {"migrate_to_chat_id": -1001}}
    moved = refusal(400, json.dumps(body).encode())
    assert isinstance(moved, Moved) and moved.chat == "-1001"
    throttled = refusal(429, json.dumps({"error_code": 429, "parameters": {"retry_after": 31}}).encode())
    assert isinstance(throttled, Throttled) and throttled.after == 31


@pytest.mark.parametrize(
    ("refused", "outgoing", "methods"),
    [
        ({"sendPhoto": "PHOTO_INVALID_DIMENSIONS"}, message("hi", attachments=[JPEG]), ["sendDocument"]),
        ({"sendMediaGroup": "IMAGE_PROCESS_FAILED"}, message("hi", attachments=[JPEG, JPEG]), ["sendMediaGroup"]),
        ({"sendVoice": "VOICE_MESSAGES_FORBIDDEN"}, message(attachments=[OGG]), ["sendDocument"]),
        ({"sendMessage": "can't parse entities: Unsupported start tag"}, message("Hi", html="<b>Hi</b>"), ["sendMessage"]),
        ({"sendPhoto": "can't parse entities"}, message("", html="<b>Hi</b>", attachments=[JPEG]), ["sendPhoto"]),
        ({"sendMessage": "message thread not found"}, message("Hi", extra={"message_thread_id": 9}), ["sendMessage"]),
    ],
    ids=["photo", "album", "voice", "formatting", "caption", "topic"],
)
async def test_what_can_be_sent_in_another_manner_is(
    stand_in: TelegramStandIn,
    connector: TelegramConnector,
    monkeypatch: pytest.MonkeyPatch,
    refused: dict[str, str],
    outgoing: OutgoingMessage,
    methods: list[str],
) -> None:
    perform, left = stand_in.perform, dict(refused)

    async def picky(method: str, parameters: dict[str, Any]) -> object:
        if method in left:
            raise ApiError(400, f"Bad Request: {left.pop(method)}")
        return await perform(method, parameters)

    monkeypatch.setattr(stand_in, "perform", picky)
    await connector.send(outgoing)
    assert ([call["method"] for call in stand_in.received], left) == (methods, {})
    assert stand_in.sent_to(ANNA)[0].text == outgoing.text or (outgoing.html and stand_in.sent_to(ANNA)[0].text == "Hi")
    assert sum(len(bubble.files) for bubble in stand_in.sent_to(ANNA)) == len(outgoing.attachments)


async def test_a_refusal_that_comes_again_in_another_manner_is_told(
    stand_in: TelegramStandIn, connector: TelegramConnector
) -> None:
    wrong = {"business_connection_id": stand_in.chats.circles.connect(OLGA, may_reply=False)}
    with pytest.raises(Refused, match="right to reply"):
        await connector.send(message("x", extra=wrong))


# --- pace


async def test_what_telegram_holds_back_in_the_middle_of_a_message_follows(
    stand_in: TelegramStandIn, connector: TelegramConnector
) -> None:
    """The first part is there: trying the whole again would bring it twice, so the second waits here."""
    stand_in.phones.listen(
        lambda customer: None if len(stand_in.sent_to(ANNA)) != 1 or stand_in.faults else stand_in.faults.append(wait)
    )
    wait = Fault(kind="status", status=429, retry_after=0)
    sent = await connector.send(message("x" * 1025, attachments=[JPEG]))
    assert [bubble.id for bubble in stand_in.sent_to(ANNA)] == sent.external_ids
    assert len(sent.external_ids) == 2


async def test_telegrams_pace_is_what_the_capabilities_say(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    now = [0.0]
    stand_in.pace.on, stand_in.pace.now = True, lambda: now[0]
    stand_in.chats.any_chat = True
    for number in range(60):  # as fast as is said: 30 a second, one a second in a chat
        now[0] = number // connector.can.rate
        await connector.send(message(str(number), address=str(7000 + number % 30)))
    with pytest.raises(Throttled) as raised:
        await connector.send(message("one more", address="9000"))
    assert (raised.value.after, raised.value.one_person) == (1, False)
    now[0] = 10.0
    await connector.send(message("1"))
    with pytest.raises(Throttled):
        await connector.send(message("2"))
    now[0] += 1 / (connector.can.address_rate or 0)
    await connector.send(message("2"))
