"""No secret, address or word of anybody gets into a log, at any level, of any library, nor with an error."""

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from pydantic import SecretStr

from channels.registry import connector_type
from channels.sandbox.base import Customer, Draft, Fault, PhoneFile, Phones, StandIn, serve
from channels.sandbox.email import MailStandIn
from channels.sandbox.sms import TwilioStandIn
from channels.sandbox.telegram import TelegramStandIn
from channels.sandbox.webchat import WebchatStandIn
from channels.sandbox.whatsapp import WhatsAppStandIn
from inbox import logs
from inbox.house import House, open_house
from inbox.settings import Settings
from inbox.web import keys
from inbox.work import Worker
from tests.inbox import media
from tests.inbox.conftest import Client, Clock, running
from tests.journeys.system import wait_until

SAID, ANSWERED, NAME, FILE = "Бегемот купил 77 арбузов", "Жираф отвечает про 88 дынь", "Пётр Секретный", "zebra-passport.jpg"
PHONE, CHAT, MAIL = "79031112233", "7654321098", "pjotr.sekret@zebra.example"
KINDS: tuple[type[StandIn], ...] = (TelegramStandIn, WhatsAppStandIn, TwilioStandIn, MailStandIn, WebchatStandIn)


class Now(Clock):
    """The real time: a whole installation runs here."""

    def __call__(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
def written(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """All that is logged, by a program that was told to log everything, down to its libraries."""
    out, root = io.StringIO(), logging.getLogger()
    before = (root.handlers[:], root.level, {n: logging.getLogger(n).level for n in logging.root.manager.loggerDict})
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "stderr", out)
    settings.log_level = "debug"
    logs.configure(settings)
    structlog.configure(cache_logger_on_first_use=False)
    root.setLevel(logging.DEBUG)
    for name in logging.root.manager.loggerDict:
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield out
    root.handlers[:], level, levels = before
    root.setLevel(level)
    for name, kept in levels.items():
        logging.getLogger(name).setLevel(kept)
    structlog.reset_defaults()


def customer() -> Customer:
    addresses = {"telegram": CHAT, "whatsapp": PHONE, "sms": f"+{PHONE}", "email": MAIL, "webchat": "zebra"}
    return Customer(id="pjotr", name=NAME, language="ru", addresses=addresses)


def assert_silent(written: str, *more: str) -> None:
    """Nobody is quoted, as it stands or in any spelling that a log may use."""
    for word in (SAID, ANSWERED, NAME, FILE, PHONE, CHAT, MAIL, "zebra", "Бегемот", "Жираф", *more):
        for spelled in (word, json.dumps(word)[1:-1], repr(word.encode())[2:-1]):
            assert spelled not in written, _around(written, spelled)


def _around(text: str, word: str) -> str:
    at = text.index(word)
    return text[max(0, at - 300) : at + 200]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_journey_through_every_channel_leaves_no_word_in_any_log(
    settings: Settings, valkey: str, written: io.StringIO
) -> None:
    phones = Phones([customer()])
    async with AsyncExitStack() as stack:
        stand_ins = [await stack.enter_async_context(serve(kind(phones))) for kind in KINDS]
        client = await stack.enter_async_context(running(settings, Now(), valkey))
        settings.public_url = client.url
        channels = {each.kind: await _connect(client, each) for each in stand_ins}
        house = await stack.enter_async_context(open_house(settings, "worker"))
        worker = Worker(house)
        worker.start()
        stack.push_async_callback(worker.close)
        for each in stand_ins:
            await _talk(client, each, channels[each.kind], phones.customers["pjotr"])
        await _misbehave(client, house, stand_ins, channels, written)
    lines = written.getvalue()
    secrets = {
        v for s in stand_ins for n, v in s.settings().items() if n in _secret_names(s.kind) and len(v) >= logs.SHORTEST_SECRET
    }
    assert len(secrets) >= 4, "there is something to find"
    assert_silent(lines, *secrets, client.token)


def _secret_names(kind: str) -> set[str]:
    fields = connector_type(kind).settings_type.model_fields
    return {info.alias or name for name, info in fields.items() if info.annotation is SecretStr}


async def _connect(client: Client, stand_in: StandIn) -> int:
    body = {"kind": stand_in.kind, "name": stand_in.kind.title(), "settings": stand_in.settings()}
    made = await client.post("/channels", body)
    assert made.status == 201, made
    stand_in.webhook = made.body["webhook"]
    assert (await client.post(f"/channels/{made.body['id']}/check")).status == 200
    return int(made.body["id"])


async def _talk(client: Client, stand_in: StandIn, channel: int, who: Customer) -> None:
    """The customer sends words and a picture, a colleague answers, and the answer arrives."""
    picture = PhoneFile(kind="image", name=FILE, mime="image/jpeg", content=media.photo(6))
    await stand_in.write(who, Draft(text=SAID, files=[picture], subject=SAID if stand_in.kind == "email" else None))

    async def heard() -> Any:
        items = (await client.get("/conversations", channel=channel, status="any")).body["items"]
        return items[0]["id"] if items else None

    conversation = await wait_until(heard, 60, f"a message by {stand_in.kind}")
    path = f"/conversations/{conversation}/messages"
    answer = await client.post(path, {"text": ANSWERED, "channel_id": channel})
    assert answer.status == 201, answer

    async def sent() -> bool:
        items = (await client.get(path)).body["items"]
        states = [m["state"] for m in items if m["direction"] == "out" and m["channel"]["id"] == channel]
        return bool(states) and states[-1] not in ("queued", "sending")

    await wait_until(sent, 60, f"an answer by {stand_in.kind}")


async def _misbehave(
    client: Client, worker: House, stand_ins: list[StandIn], channels: dict[str, int], written: io.StringIO
) -> None:
    """What goes wrong is logged, and says nothing either."""
    for each in stand_ins:
        each.faults.append(Fault(kind="status", status=500))
    conversation = (await client.get("/conversations", status="any")).body["items"][0]["id"]
    for kind in ("telegram", "whatsapp", "sms"):
        await client.post(f"/conversations/{conversation}/messages", {"text": ANSWERED, "channel_id": channels[kind]})
        body = json.dumps({"text": SAID, "from": PHONE}).encode()
        async with client.http.post(f"{client.url}/hooks/{channels[kind]}?token=zebra", data=body) as answer:
            assert answer.status in (401, 403)
    await client.call("POST", "/session", data=f'{{"email": "{MAIL}", "password": "zebra"'.encode())
    await _break_downloads(worker, channels["whatsapp"])
    whatsapp = next(each for each in stand_ins if each.kind == "whatsapp")
    picture = PhoneFile(kind="image", name=FILE, mime="image/jpeg", content=media.photo(3))
    await whatsapp.write(customer(), Draft(text=SAID, files=[picture]))
    await wait_until(lambda: "a download failed" in written.getvalue(), 60, "a download that fails")
    web = await client.app[keys.ACCOUNTS].line(channels["whatsapp"])
    assert web is not None
    web.connector.parse = fail_on  # type: ignore[method-assign]
    await whatsapp.write(customer(), Draft(text=SAID))
    await wait_until(lambda: "a connector failed on a body" in written.getvalue(), 60, "a body that cannot be read")


async def _break_downloads(worker: House, channel: int) -> None:
    line = await worker.accounts.line(channel)
    assert line is not None

    async def download(remote: Any) -> Any:
        fail(KeyError)

    line.connector.download = download  # type: ignore[method-assign]


def fail_on(hook: Any) -> Any:
    fail(ValueError)


def fail(kind: type[Exception]) -> None:
    raise kind(f"{SAID}: {MAIL}, +{PHONE}")


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize("kind", [ValueError, KeyError, RuntimeError, LookupError])
def test_an_error_is_told_without_its_words(written: io.StringIO, kind: type[Exception]) -> None:
    log = structlog.get_logger("inbox.somewhere")
    try:
        fail(kind)
    except kind:
        log.exception("it failed", message=3)
        logging.getLogger("aiohttp.server").exception("Error handling request from %s", MAIL)
    try:
        try:
            fail(kind)
        except kind as error:
            raise OSError("outer") from error
    except OSError:
        log.exception("it failed again")
    lines = written.getvalue()
    assert kind.__name__ in lines and "test_logs.py" in lines and "it failed again" in lines
    assert_silent(lines)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_what_nobody_catches_is_told_without_its_words(written: io.StringIO) -> None:
    thread = threading.Thread(target=fail, args=(ValueError,))
    thread.start()
    thread.join()
    try:
        fail(ValueError)
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    assert written.getvalue().count("an error was not caught") == 2 and "fail" in written.getvalue()
    assert_silent(written.getvalue())


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_task_that_nobody_waits_for_is_told_without_its_words(written: io.StringIO) -> None:
    async def failing() -> None:
        fail(ValueError)

    task = asyncio.get_running_loop().create_task(failing(), name=SAID)
    await asyncio.wait([task])
    del task
    assert "never retrieved" in written.getvalue()
    assert_silent(written.getvalue())


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_libraries_say_nothing_below_a_warning_and_fill_nothing_in(written: io.StringIO) -> None:
    library = logging.getLogger("some.library")
    library.setLevel(logging.DEBUG)
    library.debug("sent %s", SAID)
    library.info("to %s", PHONE)
    assert written.getvalue() == ""
    library.warning("refused by %s: %s", MAIL, SAID)
    library.warning(f"refused +{PHONE}, {MAIL}")
    library.error("two lines\n%s", SAID)
    assert written.getvalue().count("refused") == 2 and "two lines" in written.getvalue()
    assert_silent(written.getvalue())


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("text", SAID), ("name", NAME), ("address", MAIL), ("access_token", "zebra"), ("note", f"mail to {MAIL}"),
        ("note", f"call +{PHONE}"), ("url", "https://user:zebra@host/"), ("url", "https://host/?access_token=zebra"),
        ("note", "Bearer zebra-zebra-zebra"), ("note", {"text": SAID}), ("note", [f"+{PHONE}"]),
        ("url", "https://api.telegram.org/bot730001:AAzebraAAAAAAAAAAAAAAAAAAAAA/getMe"),
    ],
)  # fmt: skip
def test_the_last_guard_hides_what_should_not_have_been_logged(written: io.StringIO, field: str, value: object) -> None:
    structlog.get_logger("inbox").warning("noted", **{field: value})
    assert "noted" in written.getvalue() and "•••" in written.getvalue()
    assert_silent(written.getvalue())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"access_token": "abc\\"def", "text": "hi"}', '{"access_token": "•••", "text": "hi"}'),
        ("token=abc&a=1", "token=•••&a=1"),
        ("call +49 30 901820, a@b.example", "call +49 30 901820, a@b.example"),
        ("my s3cret/word", "my •••"),
        ("my s3cret%2Fword", "my •••"),
        ("a b c", "a b c"),
    ],
)
def test_a_delivery_is_shown_without_secrets_and_with_all_else(text: str, expected: str) -> None:
    assert logs.without_secrets(text, ["s3cret/word", "b"]) == expected
