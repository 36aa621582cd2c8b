"""How updates come in: polling that loses none and takes none twice, buttons answered at once; what a channel's check tells."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import ValidationError

from channels.base import Check, Hook, Misconfigured, Retry, Transport
from channels.events import InboundMessage
from channels.sandbox.base import Draft
from channels.sandbox.telegram import TelegramStandIn
from channels.telegram import TelegramConnector, TelegramSettings
from channels.telegram_parts import polling
from channels.telegram_parts.updates import ALLOWED
from tests.channels import telegram_bot
from tests.channels.telegram_bot import ANNA, Inbox, connected, message
from tests.channels.telegram_spec import hold_to_the_specification

held = pytest.fixture(autouse=True)(hold_to_the_specification)
stand_in, connector = telegram_bot.stand_in, telegram_bot.connector


def texts(inbox: Inbox) -> list[str]:
    return [event.text for event in inbox.events if isinstance(event, InboundMessage)]


# --- polling: a scripted Telegram that keeps the calls


class Script:
    """Answers getUpdates from a list, then ends the polling."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self.answers = list(answers)
        self.asked: list[Any] = []
        self.called: list[str] = []

    async def handle(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        self.called.append(method)
        if method != "getUpdates":
            return web.json_response({"ok": True, "result": True})
        self.asked.append(await request.json())
        status, answer = (
            self.answers.pop(0) if self.answers else (401, {"ok": False, "error_code": 401, "description": "Unauthorized"})
        )
        return web.json_response(answer, status=status)

    async def pull(self, cursor: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The cursors that were stored until the polling ended."""
        cursors: list[Mapping[str, Any]] = []

        async def accept(hook: Hook, cursor: Mapping[str, Any]) -> None:
            cursors.append(cursor)

        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self.handle)
        async with TestServer(app) as server, aiohttp.ClientSession() as http:
            settings = TelegramSettings(token="1:a", api_base=str(server.make_url("")).rstrip("/"))
            with pytest.raises(Misconfigured):
                await TelegramConnector(settings, Transport(http=http)).pull(cursor, accept)
        return cursors


def news(*numbers: int) -> tuple[int, object]:
    return 200, {"ok": True, "result": [{"update_id": number} for number in numbers]}


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("cursor", "answers", "offsets"),
    [
        ({}, [news(7, 8), news(9)], [None, 9, 10]),
        ({"offset": 5}, [news(7)], [5, 8]),
        # Told that nothing is left, Telegram has confirmed all: with no offset even numbers that begin anew are seen.
        ({"offset": 5}, [news(), news(2), news()], [5, None, 3, None]),
        ({"offset": 5, "at": (NOW - timedelta(days=2)).isoformat()}, [news(5)], [5, 6]),
        ({"offset": 5, "at": (NOW - timedelta(days=8)).isoformat()}, [news(2)], [None, 3]),
        ({"offset": 5, "at": "long ago"}, [news(5)], [5, 6]),
    ],
    ids=["first", "goes on", "numbered anew", "short outage", "long outage", "odd cursor"],
)
async def test_the_offset_confirms_what_is_stored_and_nothing_else(
    cursor: Mapping[str, Any], answers: list[tuple[int, object]], offsets: list[int | None]
) -> None:
    script = Script(*answers)
    stored = await script.pull(cursor)
    assert [asked.get("offset") for asked in script.asked] == offsets
    assert all(asked["allowed_updates"] == list(ALLOWED) for asked in script.asked)
    numbers = [found["result"] for _, found in answers if isinstance(found, dict) and found["result"]]
    assert [cursor["offset"] for cursor in stored] == [max(each["update_id"] for each in batch) + 1 for batch in numbers]


async def test_a_webhook_that_stands_in_the_way_is_removed_and_the_offset_kept() -> None:
    conflict = {
        "ok": False,
        "error_code": 409,
        "description": "Conflict: can't use getUpdates method while webhook is active; use",
    }
    script = Script((409, conflict), news(5))
    await script.pull({"offset": 5})
    assert script.called[:3] == ["getUpdates", "deleteWebhook", "getUpdates"]
    assert [asked.get("offset") for asked in script.asked] == [5, 5, 6]


@pytest.mark.parametrize("answer", [{"ok": True, "result": [{}]}, {"ok": True, "result": "?"}, {"ok": True}, ["?"]], ids=str)
async def test_an_answer_that_is_no_list_of_updates_is_asked_for_again(answer: object, connector: TelegramConnector) -> None:
    with pytest.raises(Retry):
        polling._numbers(json.dumps(answer).encode())


# --- polling: the stand-in


async def test_what_was_written_during_an_outage_comes_after_it(stand_in: TelegramStandIn) -> None:
    anna = stand_in.phones.customers[ANNA]
    async with connected(stand_in) as connector:
        inbox = Inbox(connector)
        await stand_in.write(anna, Draft(text="before"))
        await inbox.pull_until(1)
    async with connected(stand_in, api_base="http://127.0.0.1:9") as cut_off:
        with pytest.raises(Retry):
            await cut_off.pull(inbox.cursors[-1], inbox.accept)
    for text in ("one", "two"):
        await stand_in.write(anna, Draft(text=text))
    async with connected(stand_in) as connector:
        inbox.connector = connector
        await inbox.pull_until(3)
    assert texts(inbox) == ["before", "one", "two"]


async def test_a_delivery_that_could_not_be_stored_comes_again(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    await stand_in.write(stand_in.phones.customers[ANNA], Draft(text="hello"))

    async def full(hook: Hook, cursor: Mapping[str, Any]) -> None:
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        await connector.pull({}, full)
    inbox = Inbox(connector)
    await inbox.pull_until(1)
    assert texts(inbox) == ["hello"]


async def test_two_who_poll_one_bot_are_told_of_each_other(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    async with connected(stand_in) as other:
        first = asyncio.create_task(connector.pull({}, Inbox(connector).accept))
        async with asyncio.timeout(10):
            while not stand_in.updates.polled:
                await asyncio.sleep(0.01)
            second = asyncio.create_task(other.pull({}, Inbox(other).accept))
            with pytest.raises(Retry, match="Another program polls this bot with the same token"):
                await first
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)


async def test_a_slow_answer_to_a_button_does_not_hold_the_next_updates_back(
    stand_in: TelegramStandIn, connector: TelegramConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    never = asyncio.Event()

    async def slow(api: object, query: str) -> None:
        await never.wait()

    monkeypatch.setattr(polling, "stop_spinning", slow)
    anna, inbox = stand_in.phones.customers[ANNA], Inbox(connector)
    await stand_in.write(anna, Draft(choice="y", text="Yes"))
    await inbox.pull_until(1)
    await stand_in.write(anna, Draft(text="and now?"))
    await inbox.pull_until(2)
    assert texts(inbox)[1] == "and now?"


# --- connecting and checking


async def test_a_menu_of_commands_is_set_and_an_empty_setting_leaves_it(stand_in: TelegramStandIn) -> None:
    menu = "/start - Begin anew; help - What I can do\nprices - Prices - all of them\n"
    async with connected(stand_in, commands=menu) as connector:
        await connector.connect("")
    async with connected(stand_in) as connector:
        await connector.connect("")
    assert [(c["command"], c["description"]) for c in stand_in.commands] == [
        ("start", "Begin anew"),
        ("help", "What I can do"),
        ("prices", "Prices - all of them"),
    ]


@pytest.mark.parametrize(
    "commands",
    ["Help - upper case", "help", "help -", "he lp - x", "help - " + "x" * 257, ";".join(f"c{n} - x" for n in range(101))],
)
def test_a_menu_that_telegram_would_not_take_is_told_in_the_form(commands: str) -> None:
    with pytest.raises(ValidationError, match="commands"):
        TelegramSettings(token="1:a", commands=commands)


async def test_polling_tells_of_the_webhook_that_it_removes_without_its_secrets(stand_in: TelegramStandIn) -> None:
    await stand_in.perform("setWebhook", {"url": "https://user:pass@old.example/hook/secret"})
    async with connected(stand_in) as connector:
        account = await connector.connect("")
    assert stand_in.webhook == ""
    assert [note for note in account.notes if "old.example" in note and "secret" not in note and "pass" not in note]


def states(checks: list[Check]) -> dict[str, str]:
    return {check.name: check.state for check in checks}


HERE = "https://inbox.example/hooks/1"
DEAF = {"token": "ok", "webhook": "warning", "groups": "ok"}
"""What is found where Telegram was not asked for all that we read."""


@pytest.mark.parametrize(
    ("settings", "webhook", "found"),
    [
        ({}, None, {"token": "ok", "polling": "ok", "groups": "ok"}),
        ({"groups": "ignore"}, None, {"token": "ok", "polling": "ok"}),
        ({}, {"url": HERE}, {"token": "ok", "polling": "error", "groups": "ok"}),
        ({"mode": "webhook"}, None, {"token": "ok", "webhook": "error", "groups": "ok"}),
        ({"mode": "webhook"}, {"url": HERE}, {"token": "ok", "webhook": "ok", "groups": "ok"}),
        ({"mode": "webhook"}, {"url": "https://other.example/"}, {"token": "ok", "webhook": "error", "groups": "ok"}),
        (
            {"mode": "webhook"},
            {"url": HERE, "allowed_updates": ["message"]},
            {"token": "ok", "webhook": "warning", "groups": "ok"},
        ),
        ({"token": "1:wrong"}, None, {"token": "error"}),
        ({"api_base": "http://127.0.0.1:9"}, None, {"token": "warning"}),
    ],
)
async def test_a_check_tells_what_is_wrong_and_changes_nothing(
    stand_in: TelegramStandIn, settings: dict[str, str], webhook: dict[str, Any] | None, found: dict[str, str]
) -> None:
    if webhook:
        await stand_in.perform("setWebhook", webhook)
    async with connected(stand_in, **settings) as connector:
        checks = list(await connector.checks(HERE))
    assert states(checks) == found
    assert all(check.mend for check in checks if check.state != "ok")
    assert stand_in.webhook == (webhook or {}).get("url", "")


async def test_a_check_tells_of_failed_deliveries_and_of_what_waits(stand_in: TelegramStandIn) -> None:
    stand_in.updates.pause = 60.0
    await stand_in.perform("setWebhook", {"url": "http://127.0.0.1:9/hooks/1"})
    for _ in range(100):
        await stand_in.write(stand_in.phones.customers[ANNA], Draft(text="hello"))
    async with connected(stand_in, mode="webhook") as connector, asyncio.timeout(10):
        while not stand_in.updates.last_error:
            await asyncio.sleep(0.01)
        checks = list(await connector.checks("http://127.0.0.1:9/hooks/1"))
    assert states(checks) == {"token": "ok", "webhook": "ok", "deliveries": "warning", "waiting": "warning", "groups": "ok"}


async def test_a_webhook_of_polled_buttons_and_messages_needs_no_worker(
    stand_in: TelegramStandIn, connector: TelegramConnector
) -> None:
    """Nothing waits for the press, nothing else runs: it is answered all the same."""
    await connector.send(message("Sure?", choices=[]))
    await stand_in.write(stand_in.phones.customers[ANNA], Draft(choice="old", text="Old button"))
    inbox = Inbox(connector)
    pulling = asyncio.create_task(inbox.pull_until(2))
    async with asyncio.timeout(10):
        await stand_in.query_answered.wait()
        await stand_in.write(stand_in.phones.customers[ANNA], Draft(text="next"))
        await pulling
    assert len(stand_in.answered) == 1
