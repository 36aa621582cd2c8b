"""kill -9 anywhere: everything that was accepted is dealt with, and nothing reaches a customer twice."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from channels.sandbox.base import Phones, serve
from channels.sandbox.whatsapp import WhatsAppStandIn
from inbox import valkey
from tests.journeys.stream import Stream, status
from tests.journeys.system import Json, System, installation, texts, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.asyncio(loop_scope="module")]

PEOPLE = 200
READERS = 300
DEAD = 45.0
"""Seconds within which a dead worker is noticed and what it held is settled."""


class HoldingWhatsApp(WhatsAppStandIn):
    """Takes messages, and answers only when it is let: a worker can die in between."""

    def __init__(self, phones: Phones) -> None:
        super().__init__(phones)
        self.window = None
        self.answering = asyncio.Event()
        self.answering.set()

    def routes(self) -> web.Application:
        app = super().routes()

        @web.middleware
        async def hold(
            request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
        ) -> web.StreamResponse:
            answer = await handler(request)
            await self.answering.wait()
            return answer

        app.middlewares.append(hold)
        return app


@dataclass
class Post:
    """An installation with one WhatsApp number."""

    system: System
    stand_in: HoldingWhatsApp
    channel: int
    webhook: str

    def stream(self) -> Stream:
        return Stream(self.system.http, self.webhook, self.stand_in)

    def calls(self) -> Counter[str]:
        """How often each message of ours, by its id, was given to the provider."""
        return Counter(str(body["biz_opaque_callback_data"]).partition(".")[0] for body in self._sent())

    def words(self) -> Counter[tuple[str, str]]:
        return Counter((str(body["to"]), str(body.get("text") or body.get("interactive"))) for body in self._sent())

    def _sent(self) -> list[Any]:
        return [body for body in self.stand_in.received if "biz_opaque_callback_data" in body]

    async def people(self, prefix: str) -> list[Json]:
        """Conversations with customers of this name."""
        found = await self.system.api.every(f"/conversations?status=any&channel={self.channel}")
        return [each for each in found if each["contact"]["name"].startswith(prefix)]

    async def restart(self, victim: str) -> None:
        self.system.kill(victim)
        await asyncio.sleep(0)
        self.system.start(victim)


@asynccontextmanager
async def post_office(folder: Path, database_url: str) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        stand_in = await stack.enter_async_context(serve(HoldingWhatsApp(Phones())))
        assert isinstance(stand_in, HoldingWhatsApp)
        system = await stack.enter_async_context(installation(folder, database_url))
        system.start()
        await system.ready()
        channel, webhook = await system.add_channel("whatsapp", "WhatsApp", stand_in.settings())
        yield Post(system, stand_in, channel, webhook)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory, database_url: str) -> AsyncIterator[Post]:
    async with post_office(tmp_path_factory.mktemp("office"), database_url) as found:
        yield found


def crowd(prefix: str, first: str, count: int) -> list[tuple[str, str, str]]:
    """Half greet and are served by the bot, half ask for a person."""
    lines = ("Hello there!", "Can I talk to a person, please?")
    return [(f"{prefix} {n}", f"{first}{n:05d}", lines[n % 2]) for n in range(count)]


@pytest.mark.parametrize(("victim", "digits"), [("web", "79011"), ("worker", "79012"), ("valkey", "79013")])
async def test_what_was_accepted_is_dealt_with_once_whoever_dies(office: Post, victim: str, digits: str) -> None:
    prefix, people, stream = f"Of the {victim}", crowd(f"Of the {victim}", digits, PEOPLE), office.stream()
    before = len(office.stand_in.received)

    async def kill_in_the_middle() -> None:
        await wait_until(lambda: len(stream.accepted) > PEOPLE // 4)
        await office.restart(victim)
        await wait_until(lambda: len(office.stand_in.received) - before > PEOPLE // 3, DEAD)
        await office.restart(victim)

    await asyncio.gather(stream.write(people), kill_in_the_middle())
    assert len(stream.accepted) == PEOPLE
    conversations = await _settled(office, prefix, PEOPLE)
    calls = office.calls()
    tasks = {task["conversation_id"] for task in await office.system.api.every("/tasks")}
    wrong = [trouble for each in conversations if (trouble := await _trouble(office, each, calls, each["id"] in tasks))]
    assert wrong == []
    assert [what for what, count in office.words().items() if count > 1] == []


async def _settled(office: Post, prefix: str, count: int) -> list[Json]:
    """The conversations, once nothing in them waits for a worker."""

    async def all_told() -> list[Json] | None:
        found = await office.people(prefix)
        waiting = [each for each in found if each["last_message"]["direction"] == "in" and each["bot"]]
        return found if len(found) == count and not waiting else None

    await wait_until(all_told, DEAD, "everybody is answered")

    async def all_sent() -> bool:
        for each in await office.people(prefix):
            if any(m["state"] in ("queued", "sending") for m in await office.system.api.messages(each["id"])):
                return False
        return True

    await wait_until(all_sent, DEAD, "everything is sent or known to be doubtful")
    return await office.people(prefix)


async def _trouble(office: Post, conversation: Json, calls: Counter[str], has_task: bool) -> str:
    """What is wrong with a conversation, if anything."""
    messages = await office.system.api.messages(conversation["id"])
    if sum(m["direction"] == "in" for m in messages) != 1:
        return f"heard {texts(messages)}"
    ours = [m for m in messages if m["direction"] == "out"]
    if not ours or (not conversation["bot"] and not has_task):
        return f"neither answered nor in a task: {conversation}"
    for each in ours:
        allowed = (0, 1) if each["state"] == "unknown" else (1,)
        if each["state"] not in ("sent", "delivered", "read", "unknown") or calls[str(each["id"])] not in allowed:
            return f"{each['state']}, given to the provider {calls[str(each['id'])]} times: {each['reason']}"
    return ""


async def test_a_message_given_to_the_provider_by_a_worker_that_died_is_unknown_until_a_status_settles_it(office: Post) -> None:
    digits, stream, api = "79020000001", office.stream(), office.system.api
    await stream.write([("Held", digits, "Can I talk to a person, please?")])
    conversation = (await _settled(office, "Held", 1))[0]["id"]
    office.stand_in.statuses = False
    office.stand_in.answering.clear()
    made = await api.post(f"/conversations/{conversation}/messages", {"text": "It costs 10"})
    await wait_until(lambda: office.calls()[str(made["id"])] == 1)
    office.system.kill("worker")
    office.stand_in.answering.set()
    office.system.start("worker")

    async def doubtful() -> bool:
        return bool((await api.get(f"/messages/{made['id']}"))["state"] == "unknown")

    await wait_until(doubtful, DEAD, "the message is unknown")
    status_code, problem = await api.call("POST", f"/messages/{made['id']}/retry", {})
    assert status_code == 409 and "confirm" in problem["detail"]
    # What is written afterwards goes out; the doubtful one does not go with it.
    later = await api.post(f"/conversations/{conversation}/messages", {"text": "Shall I keep one for you?"})
    await wait_until(lambda: office.calls()[str(later["id"])] == 1, what="the next message is sent")
    assert office.calls()[str(made["id"])] == 1
    office.stand_in.statuses = True
    await stream.bring(status(made["id"], digits, "delivered"))
    shown = await api.get(f"/messages/{made['id']}")
    assert (shown["state"], shown["reason"]) == ("delivered", "")


async def test_a_broadcast_reaches_everybody_once_although_the_worker_dies_in_the_middle(office: Post) -> None:
    api, stand_in, stream = office.system.api, office.stand_in, office.stream()
    await stream.write(crowd("Reader", "79030", READERS))
    readers = await _settled(office, "Reader", READERS)
    for each in readers:
        status_code, _ = await api.call("PATCH", f"/contacts/{each['contact']['id']}", {"tags": ["autumn"]})
        assert status_code == 200
    stand_in.statuses = False  # nobody but the worker knows what was sent
    sent_before = len(stand_in.received)
    await office.system.cli("broadcast", "send", "--tag", "autumn", "--text", "{{ name }}, the sale has begun", "--yes")
    await wait_until(lambda: len(stand_in.received) - sent_before > READERS // 4, what="the broadcast goes out")
    await office.restart("worker")
    number = max(each["id"] for each in await api.every("/broadcasts"))

    async def done() -> Json | None:
        shown: Json = await api.get(f"/broadcasts/{number}")
        return shown if shown["state"] == "done" else None

    counts = (await wait_until(done, DEAD, "the broadcast is done"))["counts"]
    stand_in.statuses = True
    got = Counter(str(body["to"]) for body in list(stand_in.received)[sent_before:])
    assert [to for to, count in got.items() if count > 1] == []
    assert counts["sent"] + counts["unknown"] == READERS and counts["failed"] == counts["waiting"] == 0
    recipients = await api.every(f"/broadcasts/{number}/recipients")
    doubtful = {each["contact"]["name"] for each in recipients if each["state"] == "unknown"}
    without = {name for name, digits, _ in crowd("Reader", "79030", READERS) if digits not in got}
    assert without <= doubtful, "who got nothing is said to be doubtful"
    assert len(doubtful) == counts["unknown"]


async def test_work_goes_on_without_valkey_and_workers_obey(office: Post) -> None:
    system, stream = office.system, office.stream()
    system.kill("valkey")
    await stream.write(crowd("Without", "79040", 6))
    await _settled(office, "Without", 6)
    await system.stop("worker")
    system.start("worker")
    await stream.write(crowd("Begun without", "79041", 2))
    await _settled(office, "Begun without", 2)
    system.start("valkey")
    await wait_until(lambda: valkey.answers(system.settings.redis_address))
    await stream.write(crowd("With again", "79042", 2))
    await _settled(office, "With again", 2)
    assert all(process.poll() is None for process in system.running.values())
