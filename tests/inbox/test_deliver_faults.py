"""Providers that fail, over real sockets; what a channel's breaker and limits make of it: others go on, nothing goes twice."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
import structlog

from channels.base import Blocked, Capabilities, ChannelError, Misconfigured, Refused, Retry, Throttled, Transport, Unknown
from inbox import accounts, deliver, files
from inbox import schema as t
from inbox.accounts import Accounts, Vault
from inbox.db import Database, Signal
from inbox.deliver import Deliverer
from inbox.delivery import breaker, outbox
from inbox.delivery.limits import Limits
from inbox.delivery.outgoing import BROADCAST, Draft, queue_message
from tests.inbox import rows
from tests.inbox.scripted import Post, ScriptedAccounts

pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
START = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
async def post(db: Database, vault: Vault) -> AsyncIterator[Post]:
    async with aiohttp.ClientSession() as http:
        yield Post(db, vault, ScriptedAccounts(db, vault, http), datetime.now(UTC))


# A provider behind a socket. What it answers is bytes: it can be anything.

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Provider:
    """Takes requests whole and answers each with the next of `answers`, the last one for ever."""

    answers: list[Answer]
    requests: int = 0
    url: str = ""
    writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                await reader.readexactly(int(length[0].split(b":")[1]) if length else 0)
                self.requests += 1
                await self.answers[min(self.requests, len(self.answers)) - 1](writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def provider(*answers: Answer) -> AsyncIterator[Provider]:
    found = Provider(list(answers))
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield found
    finally:
        server.close()
        for writer in found.writers:
            writer.transport.abort()


def says(status: int, body: bytes, **headers: str) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Content-Type: application/json"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return answer


async def hangs(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def closes_at_once(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def closes_mid_answer(writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"messages":[{"id":')
    await writer.drain()
    writer.transport.abort()


TAKEN = {
    "whatsapp": b'{"messaging_product":"whatsapp","messages":[{"id":"wamid.1"}]}',
    "sms": b'{"sid":"SM00000000000000000000000000000001","status":"queued"}',
    "telegram": b'{"ok":true,"result":{"message_id":7,"date":1,"chat":{"id":1,"type":"private"}}}',
}
BUSY = {
    "whatsapp": b'{"error":{"message":"Rate limit hit","code":130429}}',
    "sms": b'{"code":20429,"message":"Too many requests","status":429}',
    "telegram": b'{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}}',
}
SETTINGS: dict[str, dict[str, Any]] = {
    **rows.SETTINGS,
    "telegram": {"token": "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "secret": "a-word", "mode": "webhook"},
}
FAULTS: dict[str, tuple[Callable[[str], Answer], str]] = {
    "takes it": (lambda kind: says(200 if kind != "sms" else 201, TAKEN[kind]), "sent"),
    "asks to wait": (lambda kind: says(429, BUSY[kind], Retry_After="7"), "queued"),
    "asks to wait in its own words only": (lambda kind: says(429, BUSY[kind]), "queued"),
    "fails": (lambda kind: says(500, b"<html>Internal Server Error</html>"), "queued"),
    "is being mended": (lambda kind: says(503, b""), "queued"),
    "hangs": (lambda kind: hangs, "unknown"),
    "closes without a word": (lambda kind: closes_at_once, "unknown"),
    "closes in the middle of its answer": (lambda kind: closes_mid_answer, "unknown"),
    "talks nonsense": (lambda kind: says(200, b"It works!"), "unknown"),
    "answers JSON of another shape": (lambda kind: says(200, b"[1, 2]"), "unknown"),
}


async def office(db: Database, vault: Vault, http: aiohttp.ClientSession, kind: str, url: str) -> tuple[Deliverer, int]:
    """A worker with one real connector, and a message that waits for it."""
    address = "+4930901820" if kind != "telegram" else "1001"

    def prepare(connection: sa.Connection) -> int:
        values = {**SETTINGS[kind], "api_base": url}
        channel = accounts.add(connection, START, vault, kind, kind, values)
        rows.IDENTITY.setdefault("telegram", "telegram")
        conversation = rows.hear(connection, START, channel, "Hello", address=address, kind=kind)
        draft = Draft(conversation_id=conversation, author_kind="manager", text="Good day", channel_id=channel)
        return queue_message(connection, START, draft)

    message = await db.run(prepare)
    loader = outbox.Loader(db.settings, files.Store(db.settings.data / "files"))
    return Deliverer(db, Accounts(db, vault, Transport(http=http)), loader, "worker-1"), message


async def row(db: Database, table: sa.Table, number: int) -> Any:
    return await db.read(lambda c: c.execute(sa.select(table).where(table.c.id == number)).one())


@pytest.mark.parametrize("kind", ["whatsapp", "sms", "telegram"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_what_becomes_of_a_message_when_the_provider(
    db: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch, kind: str, fault: str
) -> None:
    make, expected = FAULTS[fault]
    if fault == "hangs":
        monkeypatch.setattr(deliver, "SEND_SECONDS", 0.2)
    async with provider(make(kind)) as there, aiohttp.ClientSession() as http:
        deliverer, message = await office(db, vault, http, kind, there.url)
        await deliverer.drain()
        found = await row(db, t.messages, message)
        assert (found.state, bool(found.reason)) == (expected, expected != "sent"), found.reason
        assert there.requests == 1, "and it is not sent a second time"
        if fault == "asks to wait" or (kind == "telegram" and fault.startswith("asks")):
            assert timedelta(seconds=5) < found.try_at - datetime.now(UTC) <= timedelta(seconds=8)


@pytest.mark.parametrize("kind", ["whatsapp", "sms", "telegram"])
async def test_nobody_listening_is_no_unknown_and_is_tried_again(db: Database, vault: Vault, kind: str) -> None:
    async with aiohttp.ClientSession() as http:
        deliverer, message = await office(db, vault, http, kind, "http://127.0.0.1:9")
        await deliverer.drain()
        found = await row(db, t.messages, message)
        assert (found.state, found.try_at is not None) == ("queued", True)


# The breaker

BAD: dict[str, Callable[[], ChannelError]] = {
    "nobody answers": lambda: Retry("The provider cannot be reached", code="connect"),
    "time-outs": lambda: Unknown("The provider did not answer in time", code="timeout"),
}


async def fill(post: Post, channel: int, count: int, **more: Any) -> list[int]:
    return [await post.say(channel, f"{n}", to=f"+49309018{n:02}", **more) for n in range(count)]


async def over(post: Post, channel: int) -> None:
    """The pauses of the channel and of its messages are over."""
    past = datetime.now(UTC) - timedelta(seconds=1)

    def end(connection: sa.Connection) -> None:
        connection.execute(sa.update(t.channels).where(t.channels.c.id == channel).values(paused_until=past))
        connection.execute(sa.update(t.messages).values(try_at=None))

    await post.db.run(end)


@pytest.mark.parametrize("how", BAD)
async def test_five_failures_in_a_row_pause_the_channel_and_say_so(post: Post, how: str) -> None:
    signals: list[Signal] = []
    post.db.on_commit = signals.extend
    broken, failing = await post.channel()
    well, _ = await post.channel()
    messages = await fill(post, broken, 40)
    other = await post.say(well, "fine")
    failing.will(*[BAD[how]() for _ in range(40)])
    await post.drain()
    channel = await post.channel_row(broken)
    assert (channel.state, channel.error) == ("failing", BAD[how]().reason)
    assert channel.failed_at and channel.failures == 1 and channel.paused_until > datetime.now(UTC)
    assert len(failing.calls) <= breaker.FIRST, "what waits behind is not thrown after it"
    states = await post.states(*messages)
    assert states.count("queued") >= 40 - breaker.FIRST
    assert await post.states(other) == ["sent"]
    assert ("live", "channel", (("channel_id", broken),)) in signals


async def test_one_message_tries_a_failing_channel_again_and_closes_the_breaker(post: Post) -> None:
    number, failing = await post.channel()
    messages = await fill(post, number, 10)
    failing.will(*[Retry("Down") for _ in range(10)])
    await post.drain()
    before = len(failing.calls)
    assert await post.drain() == 0, "paused"
    failing.acts.clear()
    failing.will(Retry("Still down"))
    await over(post, number)
    await post.drain()
    channel = await post.channel_row(number)
    assert len(failing.calls) == before + 1, "one message finds out, the others wait"
    assert (channel.failures, channel.error) == (2, "Still down")
    wait = channel.paused_until - datetime.now(UTC)
    assert timedelta(seconds=breaker.PAUSES[1] - 2) < wait <= timedelta(seconds=breaker.PAUSES[1])
    await post.later(*messages)
    await post.drain()
    channel = await post.channel_row(number)
    assert (channel.state, channel.error, channel.failed_at, channel.failures) == ("ok", "", None, 0)
    assert await post.states(*messages) == ["sent"] * 10


async def test_a_refusal_or_a_block_says_nothing_against_the_channel(post: Post) -> None:
    number, picky = await post.channel()
    messages = await fill(post, number, 12)
    picky.will(*[Refused("Too long"), Blocked("They left")] * 6)
    await post.drain()
    assert await post.states(*messages) == ["failed"] * 12
    assert (await post.channel_row(number)).state == "ok"


async def test_failures_that_do_not_follow_one_another_open_nothing(post: Post) -> None:
    number, shaky = await post.channel()
    await fill(post, number, 20)
    shaky.will(*[each for _ in range(10) for each in (Retry("Busy"), None)])
    await post.drain()
    assert (await post.channel_row(number)).failed_at is None


async def test_a_wrong_token_pauses_at_once_for_longer_and_nothing_is_thrown_after_it(post: Post) -> None:
    number, wrong = await post.channel()
    messages = await fill(post, number, 30)
    wrong.will(*[Misconfigured("The token has expired") for _ in range(30)])
    await post.drain()
    channel = await post.channel_row(number)
    assert channel.paused_until - datetime.now(UTC) > timedelta(seconds=breaker.PAUSES[breaker.WRONG] - 5)
    assert (channel.failures, len(wrong.calls) <= breaker.FIRST) == (1, True)
    assert await post.states(*messages) == ["queued"] * 30


async def test_new_settings_end_the_pause_and_are_judged_anew(post: Post) -> None:
    number, wrong = await post.channel()
    message = await post.say(number, "Hi")
    deliverer = post.deliverer()
    wrong.will(Misconfigured("The token has expired"), Misconfigured("That one too"))
    await deliverer.drain()
    for error, calls in (("That one too", 2), ("", 3)):
        await post.db.run(accounts.change, datetime.now(UTC), post.vault, number, values={})
        await post.db.run(lambda c: c.execute(sa.update(t.messages).values(try_at=None)).rowcount)
        await deliverer.drain()
        assert (await post.channel_row(number)).error == error and len(wrong.calls) == calls
    assert await post.states(message) == ["sent"]


async def test_a_channel_that_is_switched_off_while_it_fails_stays_off(post: Post) -> None:
    number, failing = await post.channel()
    await post.say(number, "Hi")
    failing.will(Misconfigured("Gone"))
    working = asyncio.create_task(post.drain())
    while not failing.calls:
        await asyncio.sleep(0)
    await post.db.run(lambda c: c.execute(sa.update(t.channels).values(state="disabled")).rowcount)
    await working
    assert (await post.channel_row(number)).state == "disabled"


async def test_in_a_long_outage_a_message_keeps_waiting(post: Post) -> None:
    number, failing = await post.channel()
    message = await post.say(number, "Hi")
    deliverer = post.deliverer()
    for _ in range(len(deliver.PAUSES) + 3):
        failing.will(Retry("Down"))
        await post.later(message)
        await deliverer.drain()
    assert await post.states(message) == ["queued"]
    await post.later(message)
    await deliverer.drain()
    assert await post.states(message) == ["sent"]


async def test_a_provider_that_hangs_gets_few_messages_and_holds_no_other_channel_up(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "SEND_SECONDS", 0.3)
    stuck, hanging = await post.channel()
    well, quick = await post.channel()
    messages = await fill(post, stuck, 60)
    others = await fill(post, well, 60)
    hanging.will(*[30.0] * 60)
    working = asyncio.create_task(post.drain())
    while len(quick.calls) < 60:
        await asyncio.sleep(0.001)
    assert hanging.at_once == breaker.FIRST, "nothing has come back yet"
    await working
    assert await post.states(*others) == ["sent"] * 60
    assert (await post.states(*messages)).count("unknown") == breaker.FIRST
    assert (await post.channel_row(stuck)).error == "The provider did not answer in time"


# Limits


def limited(post: Post, number: int, **limits: Any) -> None:
    scripted = post.accounts.scripted[number]
    scripted.can = Capabilities(text_limit=20, **limits)
    scripted.capabilities = lambda settings: scripted.can  # type: ignore[method-assign]


@dataclass
class Desk:
    """One worker whose limits go by a clock that stands still."""

    post: Post
    now: float = 1_000.0

    def __post_init__(self) -> None:
        limits = Limits(None)
        limits.clock = lambda: self.now
        loader = outbox.Loader(self.post.db.settings, files.Store(self.post.db.settings.data / "files"))
        self.deliverer = Deliverer(self.post.db, self.post.accounts, loader, "worker-1", limits)

    async def drain(self, later: float = 0.0) -> int:
        self.now += later
        if later:
            await self.post.db.run(lambda c: c.execute(sa.update(t.messages).values(try_at=None)).rowcount)
        return await self.deliverer.drain()


async def test_what_is_beyond_the_limit_waits_in_the_queue_and_is_no_try(post: Post) -> None:
    number, provider = await post.channel()
    limited(post, number, rate=8)
    messages = await fill(post, number, 6)
    desk = Desk(post)
    assert await desk.drain() == 2
    assert await desk.drain() == 0
    waiting = await post.row(messages[2])
    assert (waiting.state, waiting.attempts, waiting.claimed_by) == ("queued", 0, None)
    assert await desk.drain(later=0.25) == 2
    assert await desk.drain(later=10) == 2
    assert provider.texts == [f"{n}" for n in range(6)]


async def test_one_person_waits_in_order_while_others_go_on(post: Post) -> None:
    number, provider = await post.channel()
    limited(post, number, rate=1_000, address_rate=1, address_burst=2)
    hers = [await post.say(number, f"hers {n}", to="+1") for n in range(4)]
    await post.say(number, "his", to="+2")
    desk = Desk(post)
    assert await desk.drain() == 3
    late = await post.row(hers[2])
    assert late.state == "queued" and timedelta(0) < late.try_at - datetime.now(UTC) <= timedelta(seconds=1)
    hers.append(await post.say(number, "hers 4", to="+1"))
    assert await desk.drain() == 0, "what is said later does not overtake"
    for _ in range(3):
        await desk.drain(later=1)
    assert [text for text in provider.texts if text.startswith("hers")] == [f"hers {n}" for n in range(5)]


async def test_under_the_limit_an_operator_overtakes_a_broadcast(post: Post) -> None:
    number, provider = await post.channel()
    limited(post, number, rate=40)
    await fill(post, number, 30, priority=BROADCAST)
    desk = Desk(post)
    assert await desk.drain() == 6, "ten tokens, of which a broadcast leaves a third"
    answers = [await post.say(number, f"answer {n}", to=f"+100{n}") for n in range(4)]
    assert await desk.drain() == 4
    assert await post.states(*answers) == ["sent"] * 4
    fifth = await post.say(number, "answer 5", to="+1005")
    assert await desk.drain() == 0
    await desk.drain(later=0.026)
    assert await post.states(fifth) == ["sent"] and len(provider.texts) == 11


async def test_the_parts_of_a_long_message_count(post: Post) -> None:
    number, provider = await post.channel()
    limited(post, number, rate=4)
    await post.say(number, "one two three four. five six seven.", to="+1")
    other = await post.say(number, "short", to="+2")
    desk = Desk(post)
    assert (await desk.drain(), len(provider.calls)) == (1, 2)
    await desk.drain(later=0.3)
    assert await post.states(other) == ["queued"]
    await desk.drain(later=0.3)
    assert await post.states(other) == ["sent"]


async def test_the_worker_wakes_itself_when_the_limit_lets_more_through(post: Post) -> None:
    number, provider = await post.channel()
    limited(post, number, rate=20)
    await fill(post, number, 15)
    deliverer, began = post.deliverer(), time.monotonic()
    await deliverer.drain()
    async with asyncio.timeout(20):
        while len(provider.calls) < 15:
            await deliverer.called.wait()
            await deliverer.drain()
    assert time.monotonic() - began >= 0.49, "five at once, ten at twenty a second"
    await deliverer.close()


async def test_a_worker_that_ends_puts_back_what_it_has_not_begun(post: Post) -> None:
    number, slow = await post.channel()
    messages = [await post.say(number, f"{n}", to="+1") for n in range(5)]
    slow.will(0.1)
    deliverer = post.deliverer()
    working = asyncio.create_task(deliverer.drain())
    while not slow.calls:
        await asyncio.sleep(0.001)
    working.cancel()
    await deliverer.close()
    assert await post.states(*messages) == ["sent", "queued", "queued", "queued", "queued"]
    assert slow.texts == ["0"]


async def test_a_throttled_trial_closes_the_breaker_and_waits_as_told(post: Post) -> None:
    number, failing = await post.channel()
    messages = await fill(post, number, 6)
    failing.will(*[Retry("Down") for _ in range(6)])
    await post.drain()
    failing.acts.clear()
    failing.will(Throttled("Slow down", after=30))
    await over(post, number)
    await post.drain()
    channel = await post.channel_row(number)
    assert (channel.state, channel.failed_at) == ("ok", None)
    assert timedelta(seconds=25) < channel.paused_until - datetime.now(UTC) <= timedelta(seconds=30)
    assert await post.states(*messages) == ["queued"] * 6


# What changed while a message waited


async def test_the_window_is_looked_at_again_when_a_scheduled_message_goes(post: Post) -> None:
    number, _ = await post.channel()
    limited(post, number, rate=0, window=timedelta(hours=24))
    open_still = await post.say(number, "in time", to="+1")
    late = await post.say(number, "too late", to="+2", send_at=post.now + timedelta(days=1))
    template = await post.say(number, "a template", to="+3", template={"name": "hello", "language": "en"})

    def a_day_later(connection: sa.Connection) -> None:
        connection.execute(sa.update(t.messages).values(try_at=None))
        gone = t.reaches.c.address != "+1"
        connection.execute(sa.update(t.reaches).where(gone).values(heard_at=post.now - timedelta(hours=25)))

    await post.db.run(a_day_later)
    await post.drain()
    assert await post.states(open_still, late, template) == ["sent", "failed", "sent"]
    shut = await post.row(late)
    assert (shut.code, "window" in shut.reason) == ("window", True)


async def test_a_scheduled_message_waits_and_holds_nothing_back(post: Post) -> None:
    number, provider = await post.channel()
    later = await post.say(number, "later", send_at=datetime.now(UTC) + timedelta(hours=1))
    await post.say(number, "now")
    await post.drain()
    assert provider.texts == ["now"] and await post.states(later) == ["queued"]


async def test_a_quote_of_another_channel_is_told_in_words(post: Post) -> None:
    first, _ = await post.channel()
    second, provider = await post.channel()
    limited(post, second, rate=0, replies=True)
    said = await post.say(first, "Is it open?", to="+1")
    await post.drain()
    await post.say(second, "Yes", to="+1", reply_to=said)
    own = await post.say(second, "No", to="+1", reply_to=None)
    await post.drain()
    await post.say(second, "Or so", to="+1", reply_to=own)
    await post.drain()
    assert [(call.text, call.reply_to) for call in provider.calls] == [
        ("> Is it open?\nYes"[:20], None),
        ("No", None),
        ("Or so", f"ext-{own}"),
    ]
