"""Stop 4: every outcome of a call to a provider, the order within a conversation, and channels that delay no other."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa
import structlog

from channels import base
from channels.base import Blocked, Misconfigured, Refused, Retry, Sent, Throttled, Unknown
from channels.events import DeliveryStatus
from inbox import deliver, files, receive
from inbox import schema as t
from inbox.accounts import Vault
from inbox.db import Database, DatabaseDown
from inbox.delivery import breaker, outbox
from inbox.delivery.noting import note
from inbox.delivery.outgoing import BROADCAST, NewFile
from tests.inbox.scripted import Act, Post, ScriptedAccounts

NOON = datetime.now(UTC)
PARTS = "one two three four. five six seven."  # two parts of at most 20 characters


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What fails here fails on purpose: printing every traceback would take most of the time."""
    with structlog.testing.capture_logs():
        yield


@pytest.fixture
async def post(db: Database, vault: Vault) -> AsyncIterator[Post]:
    async with aiohttp.ClientSession() as http:
        yield Post(db, vault, ScriptedAccounts(db, vault, http), datetime.now(UTC))


OUTCOMES: dict[str, tuple[Act, str, str]] = {
    "taken": (None, "sent", ""),
    "taken and delivered": (Sent(external_ids=["1"], state="delivered"), "delivered", ""),
    "taken without an id": (Sent(), "sent", ""),
    "busy": (Retry("Busy", code="503"), "queued", "Busy"),
    "throttled": (Throttled("Slow down", after=60), "queued", "Slow down"),
    "one person throttled": (Throttled("Slow down with her", after=60, one_person=True), "queued", "Slow down with her"),
    "refused": (Refused("Too long", code="21617"), "failed", "Too long"),
    "blocked": (Blocked("They left"), "failed", "They left"),
    "no marketing": (Blocked("No adverts", marketing_only=True), "failed", "No adverts"),
    "misconfigured": (Misconfigured("The token is wrong"), "queued", "The token is wrong"),
    "nobody knows": (Unknown("The line broke"), "unknown", "The line broke"),
    "a bug of ours": (ZeroDivisionError(), "unknown", "The connector failed: ZeroDivisionError"),
}


@pytest.mark.parametrize("name", OUTCOMES)
async def test_what_the_provider_does_decides_what_becomes_of_the_message(post: Post, name: str) -> None:
    act, state, reason = OUTCOMES[name]
    channel, provider = await post.channel()
    message = await post.say(channel, "Hi")
    provider.will(act)
    assert await post.drain() == 1
    row = await post.row(message)
    assert (row.state, row.reason) == (state, reason)
    assert len(provider.calls) == 1  # never a second time within one drain


def test_every_error_of_the_contract_has_an_outcome() -> None:
    def leaves(kind: type[base.ChannelError]) -> set[type[base.ChannelError]]:
        return {kind}.union(*map(leaves, kind.__subclasses__()))

    tested = {type(act) for act, _, _ in OUTCOMES.values() if isinstance(act, base.ChannelError)}
    ours = {kind for kind in leaves(base.ChannelError) if kind.__module__ == "channels.base"}
    assert ours - tested == {base.ChannelError, base.BadSignature, base.BadPayload}  # the last two are of inbound calls


async def test_what_cannot_go_now_is_tried_again_after_growing_pauses_and_fails_in_the_end(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliver, "PAUSES", (10, 100, 1000))
    channel, provider = await post.channel()
    message = await post.say(channel, "Hi")
    pauses = []
    for _ in range(4):
        provider.will(Retry("Busy"))
        await post.drain()
        row = await post.row(message)
        pauses.append(round((row.try_at - datetime.now(UTC)).total_seconds(), -1) if row.state == "queued" else row.state)
        await post.later(message)
    assert pauses == [10, 100, 1000, "failed"]
    assert len(provider.calls) == 4


async def test_a_pause_is_kept(post: Post) -> None:
    channel, provider = await post.channel()
    message = await post.say(channel, "Hi")
    provider.will(Retry("Busy"))
    await post.drain()
    assert await post.drain() == 0
    await post.later(message)
    assert await post.drain() == 1
    assert await post.states(message) == ["sent"]
    assert (await post.row(message)).reason == ""


async def test_throttled_waits_as_told_and_pauses_only_its_channel(post: Post) -> None:
    slow, slow_provider = await post.channel()
    other, _ = await post.channel()
    first = await post.say(slow, "1", to="+4930901820")
    slow_provider.will(Throttled("Slow down", after=300))
    await post.drain()
    second = await post.say(slow, "2", to="+4930901821")
    third = await post.say(other, "3", to="+4930901820")
    await post.drain()
    assert await post.states(first, second, third) == ["queued", "queued", "sent"]
    wait = (await post.row(first)).try_at - datetime.now(UTC)
    assert timedelta(seconds=290) < wait <= timedelta(seconds=300)
    assert (await post.channel_row(slow)).state == "ok"
    await post.later(first)
    await post.drain()
    assert slow_provider.texts == ["1", "1", "2"]


async def test_one_person_is_left_alone_for_longer_each_time(post: Post) -> None:
    channel, provider = await post.channel()
    message = await post.say(channel, "1", to="+4930901820")
    for pause in (6, 6, 16, 64):
        provider.will(Throttled("Slow down with her", after=6, one_person=True), to="+4930901820")
        before = datetime.now(UTC)
        await post.drain()
        again = (await post.row(message)).try_at - timedelta(seconds=pause)
        assert before <= again <= datetime.now(UTC)
        await post.later(message)


async def test_throttling_of_one_person_delays_only_that_conversation(post: Post) -> None:
    channel, provider = await post.channel()
    first = await post.say(channel, "1", to="+4930901820")
    second = await post.say(channel, "2", to="+4930901820")
    provider.will(Throttled("Slow down with her", after=6, one_person=True), to="+4930901820")
    await post.drain()
    other = await post.say(channel, "3", to="+4930901821")
    third = await post.say(channel, "4", to="+4930901820")
    await post.drain()
    assert await post.states(first, second, other, third) == ["queued", "queued", "sent", "queued"]
    await post.later(first, second)
    await post.drain()
    assert provider.texts == ["1", "3", "1", "2", "4"]


async def test_a_misconfigured_channel_pauses_and_says_so_until_it_sends_again(post: Post) -> None:
    channel, provider = await post.channel()
    message = await post.say(channel, "Hi")
    provider.will(Misconfigured("The token has expired"))
    await post.drain()
    row = await post.channel_row(channel)
    assert (row.state, row.error) == ("failing", "The token has expired") and row.paused_until > datetime.now(UTC)
    await post.later(message)
    await post.drain()
    row = await post.channel_row(channel)
    assert (await post.states(message), row.state, row.error) == (["sent"], "ok", "")


@pytest.mark.parametrize("marketing_only", [False, True])
async def test_blocked_suppresses_the_address_or_only_its_broadcasts(post: Post, marketing_only: bool) -> None:
    channel, provider = await post.channel()
    await post.say(channel, "Hi")
    provider.will(Blocked("They left", marketing_only=marketing_only))
    await post.drain()
    reach = await post.reach(channel)
    assert (reach.blocked_at is None, reach.marketing_stopped_at is None) == (marketing_only, not marketing_only)


async def test_what_was_queued_before_the_address_went_dead_is_not_sent(post: Post) -> None:
    channel, provider = await post.channel()
    first, second = await post.say(channel, "1"), await post.say(channel, "2")
    await post.db.run(lambda c: c.execute(sa.update(t.reaches).values(blocked_at=post.now, blocked_reason="They left")).rowcount)
    await post.drain()
    assert provider.calls == [] and await post.states(first, second) == ["failed", "failed"]
    assert (await post.row(first)).reason == "They left"


async def test_unknown_is_never_sent_again(post: Post) -> None:
    channel, provider = await post.channel()
    message = await post.say(channel, "Hi")
    provider.will(Unknown("The line broke"))
    for _ in range(3):
        await post.drain()
    assert (len(provider.calls), await post.states(message)) == (1, ["unknown"])


@pytest.mark.parametrize(("attached", "state"), [(False, "unknown"), (True, "sent")])
async def test_a_provider_that_never_answers_leaves_unknown_files_get_longer(
    post: Post, monkeypatch: pytest.MonkeyPatch, attached: bool, state: str
) -> None:
    monkeypatch.setattr(deliver, "SEND_SECONDS", 0.05)
    monkeypatch.setattr(deliver, "SEND_FILES_SECONDS", 30.0)
    channel, provider = await post.channel()
    monkeypatch.setattr(type(provider), "can", base.Capabilities(media=frozenset({"file"})))
    given = []
    if attached:
        digest = files.Store(post.db.settings.data / "files").put(b"x")
        await post.db.run(files.note_content, digest, 1, "text/plain", post.now)
        given = [NewFile(kind="file", name="a.txt", mime="text/plain", size=1, sha256=digest)]
    message = await post.say(channel, "Hi", files=given)
    provider.will(0.3)
    await post.drain()
    assert (await post.states(message), bool(provider.calls[0].attachments)) == ([state], attached)


async def test_order_within_a_conversation_is_kept_when_the_first_must_wait(post: Post) -> None:
    channel, provider = await post.channel()
    sent = [await post.say(channel, text) for text in ("1", "2", "3")]
    provider.will(Retry("Busy"))
    await post.drain()
    sent.append(await post.say(channel, "4"))
    assert await post.drain() == 0
    assert await post.states(*sent) == ["queued"] * 4
    await post.later(*sent)
    await post.drain()
    assert provider.texts == ["1", "1", "2", "3", "4"]


async def test_what_follows_a_failed_message_is_sent_nevertheless(post: Post) -> None:
    channel, provider = await post.channel()
    sent = [await post.say(channel, text) for text in ("1", "2")]
    provider.will(Refused("No"))
    await post.drain()
    assert await post.states(*sent) == ["failed", "sent"]


async def test_an_operator_overtakes_a_thousand_queued_broadcast_messages(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaker, "MOST", 4)
    channel, provider = await post.channel()
    first = await post.say(channel, "advert", to="+4930901000", priority=BROADCAST)
    template = (await post.row(first))._asdict()

    def crowd(connection: sa.Connection) -> None:
        made = []
        for n in range(1_000):
            contact = {"id": 1000 + n, "number": f"c{n}", "created_at": post.now}
            connection.execute(sa.insert(t.contacts), contact)
            conversation = {
                "id": 1000 + n, "contact_id": 1000 + n, "status": "closed", "channel_id": channel, "address": f"+{n}",
                "token": f"t{n}",
                "last_at": post.now, "opened_at": post.now,
            }  # fmt: skip
            connection.execute(sa.insert(t.conversations), conversation)
            made.append({**template, "id": 1000 + n, "contact_id": 1000 + n, "conversation_id": 1000 + n, "address": f"+{n}"})
        connection.execute(sa.insert(t.messages), made)

    await post.db.run(crowd)
    working = asyncio.create_task(post.drain())
    while len(provider.calls) < 50:
        await asyncio.sleep(0)
    before = len(provider.calls)
    await post.say(channel, "answer", to="+4930901820")
    await working
    assert provider.texts.count("advert") == 1_001
    assert provider.texts.index("answer") - before < 100


async def test_a_slow_channel_delays_no_other(post: Post) -> None:
    slow, slow_provider = await post.channel()
    quick, _ = await post.channel()
    await post.say(slow, "1", to="+4930901820")
    slow_provider.will(1.0)
    deliverer = post.deliverer()
    working = asyncio.create_task(deliverer.drain())
    while not slow_provider.calls:
        await asyncio.sleep(0.001)
    began = time.monotonic()
    message = await post.say(quick, "2", to="+4930901821")
    deliverer.called.set()
    while (await post.states(message)) != ["sent"]:
        await asyncio.sleep(0.001)
    assert time.monotonic() - began < 0.8 and slow_provider.at_once == 1
    await working


async def test_a_long_message_goes_on_with_the_right_part_after_a_pause(post: Post) -> None:
    channel, provider = await post.channel()
    message = await post.say(channel, PARTS)
    provider.will(None, Retry("Busy"))
    await post.drain()
    assert ((await post.row(message)).parts, await post.states(message)) == (1, ["queued"])
    await post.later(message)
    await post.drain()
    first, second, again = provider.texts
    assert first != second == again and f"{first} {second}" == PARTS
    row = await post.row(message)
    assert (row.state, row.parts, row.external_id) == ("sent", 2, f"ext-{message}")
    parts = await post.db.read(lambda c: c.execute(sa.select(t.message_parts.c.external_id)).scalars().all())
    assert parts == [f"ext-{provider.calls[2].id}"]


async def test_the_status_of_a_part_does_not_end_a_message_whose_other_part_waits(post: Post) -> None:
    channel, provider = await post.channel()
    message = await post.say(channel, PARTS)
    provider.will(None, Retry("Busy"))
    await post.drain()
    delivered = DeliveryStatus(state="delivered", at=post.now, external_id=f"ext-{message}")
    hook = base.Hook(method="POST", url="", headers={}, body=b"", received_at=post.now)
    arrival = receive.Arrival(channel_id=channel, identity="phone", hook=hook, events=[delivered])
    await post.db.run(receive.store, [arrival])
    assert await post.states(message) == ["queued"]
    await post.later(message)
    await post.drain()
    assert (await post.states(message), len(provider.calls)) == (["sent"], 3)


async def test_a_status_that_was_faster_than_we_is_not_overwritten(post: Post) -> None:
    channel, _ = await post.channel()
    message = await post.say(channel, "Hi")
    hook = base.Hook(method="POST", url="", headers={}, body=b"", received_at=post.now)
    read = DeliveryStatus(state="read", at=post.now, external_id=f"ext-{message}")
    await post.db.run(receive.store, [receive.Arrival(channel_id=channel, identity="phone", hook=hook, events=[read])])
    await post.drain()
    assert await post.states(message) == ["read"]


async def test_a_result_is_noted_when_the_database_is_back(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    channel, provider = await post.channel()
    message = await post.say(channel, "Hi")
    monkeypatch.setattr(deliver, "NOTE_AGAIN", 0.001)
    failures = iter([DatabaseDown("away")] * 3)
    noted = post.db.batch

    async def away_at_first(function: object, *arguments: object) -> object:
        for failure in failures if function is note else ():
            raise failure
        return await noted(function, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(post.db, "batch", away_at_first)
    await post.drain()
    assert (await post.states(message), len(provider.calls)) == (["sent"], 1)


async def test_a_result_that_cannot_be_noted_leaves_unknown_and_the_conversation_goes_on(post: Post) -> None:
    channel, provider = await post.channel()
    first = await post.say(channel, "1", to="+4930901820")
    provider.will(Sent(external_ids=["same"]))
    await post.drain()
    second, third = await post.say(channel, "2", to="+4930901821"), await post.say(channel, "3", to="+4930901821")
    provider.will(Sent(external_ids=["same"]))  # a provider that gives an id twice: the database refuses it
    await post.drain()
    assert await post.states(first, second, third) == ["sent", "unknown", "sent"]


async def test_only_one_worker_tries_a_channel_that_failed(post: Post) -> None:
    number, failing = await post.channel()
    messages = [await post.say(number, "Hi", to=f"+493090182{n}") for n in range(8)]
    failing.will(*[Retry("Down") for _ in range(8)])
    await post.drain()
    before = len(failing.calls)
    failing.acts.clear()
    failing.will(0.2, 0.2, 0.2)
    await post.later(*messages)
    trying = [asyncio.create_task(post.deliverer(f"worker-{n}").drain()) for n in range(3)]
    while len(failing.calls) == before:
        await asyncio.sleep(0.001)
    assert failing.at_once == 1 and len(failing.calls) == before + 1
    await asyncio.gather(*trying)
    assert (await post.channel_row(number)).state == "ok"


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_two_workers_never_send_the_same_message_nor_one_conversation_out_of_order(post: Post, tmp_path: Path) -> None:
    channel, provider = await post.channel()
    people = [f"+49309018{n:02}" for n in range(30)]
    for text in ("1", "2", "3", "4"):
        for each in people:
            await post.say(channel, text, to=each)
    others = [Database(post.db.settings) for _ in range(2)]
    loader = outbox.Loader(post.db.settings, files.Store(tmp_path))
    workers = [deliver.Deliverer(db, post.accounts, loader, f"worker-{n}") for n, db in enumerate([post.db, *others])]
    while (await asyncio.gather(*(worker.drain() for worker in workers))) != [0, 0, 0]:
        pass
    for other in others:
        other.close()
    for each in people:
        assert [call.text for call in provider.calls if call.address == each] == ["1", "2", "3", "4"]


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
async def test_a_conversation_that_another_worker_is_just_claiming_is_passed_over(post: Post) -> None:
    channel, _ = await post.channel()
    await post.say(channel, "1")
    loader = outbox.Loader(post.db.settings, files.Store(post.db.settings.data / "files"))
    with post.db.begin() as theirs:
        assert len(outbox.claim(theirs, datetime.now(UTC), "worker-1", {channel: outbox.Room(conversations=5)}, loader)) == 1
        await post.say(channel, "2")
        with post.db.begin() as ours:
            assert outbox.claim(ours, datetime.now(UTC), "worker-2", {channel: outbox.Room(conversations=5)}, loader) == []
