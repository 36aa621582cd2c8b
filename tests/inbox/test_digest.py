"""Digests by mail: to those who are away and have something waiting, once an interval, through a real SMTP server."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

import pytest
import sqlalchemy as sa
from redis.asyncio import Redis

from channels.sandbox.base import Fault
from channels.sandbox.mail_provider.smtp import SmtpServer
from inbox import schema as t
from inbox.notices import digest
from inbox.notices.mailing import Mailing
from inbox.presence.board import Board, Browser
from inbox.web import keys
from tests.inbox.conftest import START, Client

USER, PASSWORD = "switchboard@example.com", "a secret"


class Postbox:
    """A mail server that keeps what it takes."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, list[str], EmailMessage]] = []
        self.faults: list[Fault] = []
        self.server = SmtpServer(USER, PASSWORD, self._take, self._fault, set(), lambda raw, address: False)

    async def _take(self, sender: str, recipients: list[str], raw: bytes, mail: EmailMessage) -> None:
        self.mails.append((sender, recipients, mail))

    def _fault(self) -> Fault | None:
        return self.faults.pop(0) if self.faults else None


@pytest.fixture
async def postbox(client: Client) -> AsyncIterator[Postbox]:
    """The installation's mail, by its settings."""
    box = Postbox()
    await box.server.start("127.0.0.1")
    for name, value in (("host", "127.0.0.1"), ("port", box.server.port), ("user", USER), ("tls", "none")):
        setattr(client.app[keys.SETTINGS], f"smtp_{name}", value)
    client.app[keys.SETTINGS].smtp_password = type(client.app[keys.SETTINGS].smtp_password)(PASSWORD)
    yield box
    await box.server.stop()


@pytest.fixture
def mailing(client: Client) -> Mailing:
    return Mailing(client.app[keys.HOUSE], client.app[keys.BOARD])


async def waits_for(client: Client, who: Client, address: str = "+4930901820", text: str = "Is it ready?") -> int:
    client.clock.tick(seconds=1)
    number = await client.hear(await client.channel(name=address), text, address=address)
    mine = {"manager_id": who.id, "bot": False, "waiting_since": client.clock(), "status": "open", "last_at": client.clock()}
    await client.run(lambda c: c.execute(sa.update(t.conversations).where(t.conversations.c.id == number).values(mine)))
    return number


def state(connection: sa.Connection) -> list[Any]:
    d = t.digests.c
    return list(connection.scalars(sa.select(d.state).where(d.slot > START).order_by(d.slot)))


async def look(client: Client, mailing: Mailing, **later: float) -> int:
    client.clock.tick(**later)
    return await mailing.send_due(client.clock())


async def test_who_is_away_is_told_what_waits_once_an_hour(client: Client, postbox: Postbox, mailing: Mailing) -> None:
    await client.patch("/notifications", {"digest": "hourly"})
    number = await waits_for(client, client)
    assert await look(client, mailing) == 0, "this hour had begun before it was wished for"
    assert await look(client, mailing, hours=1) == 1
    assert [await look(client, mailing, minutes=10) for _ in range(3)] == [0, 0, 0]
    sender, recipients, mail = postbox.mails[0]
    assert (sender, recipients, mail["Subject"]) == (USER, ["olga.owner@example.com"], "1 conversation waits for you")
    assert mail["Auto-Submitted"] == "auto-generated" and mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, html = (part.get_content() for part in mail.iter_parts())
    for body in (text, html):
        assert f"/inbox/{number}?view=all" in body and "Anna Schmidt" in body and "Is it ready?" in body
    assert await look(client, mailing, hours=1) == 0, "nothing new"
    assert await client.run(state) == ["sent", "nothing"]
    await waits_for(client, client, "+4930901821", "And mine?")
    assert await look(client, mailing, hours=1) == 1
    assert postbox.mails[1][2]["Subject"] == "2 conversations wait for you"


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_it_speaks_the_persons_language_and_time(client: Client, postbox: Postbox, mailing: Mailing) -> None:
    await client.patch(f"/managers/{client.id}", {"language": "ru"})
    await client.patch("/notifications", {"digest": "daily", "digest_at": "13:00", "timezone": "Europe/Moscow"})
    for last in range(5):
        await waits_for(client, client, f"+493090182{last}")
    assert await look(client, mailing, minutes=59) == 0
    assert await look(client, mailing, minutes=1) == 1
    mail = postbox.mails[0][2]
    text = next(part.get_content() for part in mail.iter_parts())
    assert mail["Subject"] == "Вас ждут 5 разговоров"
    assert "Новые обращения: 5" in text and "Anna Schmidt, 12:00" in text
    assert not re.search(r"[a-z]{3,}", re.sub(r"http\S+|Anna Schmidt|Olga Owner|Is it ready", "", text), re.IGNORECASE)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_nothing_comes_where_nothing_waits_or_the_person_sits_there(
    client: Client, postbox: Postbox, mailing: Mailing
) -> None:
    await client.patch("/notifications", {"digest": "hourly"})
    assert await look(client, mailing, hours=1) == 0
    await waits_for(client, client)
    client.clock.tick(hours=1)
    here = Browser(manager_id=client.id, number="1")
    board = client.app[keys.BOARD]
    await board.touch("web", [here], client.clock())
    await board.settle(client.id, client.clock())
    assert await mailing.send_due(client.clock()) == 0
    assert await client.run(state) == ["nothing", "here"]
    assert await look(client, mailing, hours=1) == 0, "they have seen it"
    await client.patch("/notifications", {"digest": "off"})
    assert await look(client, mailing, hours=1) == 0
    assert postbox.mails == []


FAULTS: list[tuple[str, list[Fault], list[tuple[float, int]], list[str]]] = [
    ("a busy server takes it later", [Fault(kind="status", status=450)], [(1, 0), (2, 1)], ["sent"]),
    ("a refused mail is not tried again", [Fault(kind="status", status=554)], [(1, 0), (20, 0)], ["failed"]),
]


@pytest.mark.parametrize(("label", "faults", "looks", "states"), FAULTS, ids=[each[0] for each in FAULTS])
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_what_the_server_did_not_take(
    label: str, faults: list[Fault], looks: list[tuple[float, int]], states: list[str], client: Client, postbox: Postbox,
    mailing: Mailing,
) -> None:  # fmt: skip
    await client.patch("/notifications", {"digest": "hourly"})
    await waits_for(client, client)
    postbox.faults = list(faults)
    assert await look(client, mailing, hours=1) == 0
    assert [await look(client, mailing, minutes=minutes) for minutes, _ in looks] == [sent for _, sent in looks]
    assert await client.run(state) == states


async def test_two_workers_send_one_and_an_interrupted_one_is_never_sent_again(
    client: Client, postbox: Postbox, mailing: Mailing
) -> None:
    await client.patch("/notifications", {"digest": "hourly"})
    await waits_for(client, client)
    now = client.clock.tick(hours=1)
    other = Mailing(client.app[keys.HOUSE], client.app[keys.BOARD])
    assert sorted(await asyncio.gather(mailing.send_due(now), other.send_due(now))) == [0, 1]
    assert len(postbox.mails) == 1
    client.clock.tick(hours=1)
    await waits_for(client, client, "+4930901821")
    each = (await client.run(digest.due, client.clock(), "UTC"))[0]
    assert await client.run(digest.begin, client.clock(), each, False) is not None, "a worker begins, and dies"
    assert await look(client, mailing, minutes=11) == 0
    await client.run(digest.tidy, client.clock())
    assert await client.run(state) == ["sent", "unknown"]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_channels_own_address_gets_none(client: Client, postbox: Postbox, mailing: Mailing) -> None:
    await client.channel("email")
    change = sa.update(t.managers).where(t.managers.c.id == client.id).values(email="support@shop.example")
    await client.run(lambda c: c.execute(change))
    await client.patch("/notifications", {"digest": "hourly"})
    await waits_for(client, client)
    assert await look(client, mailing, hours=1) == 0
    assert (await client.run(state), postbox.mails) == (["failed"], [])


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_without_redis_whose_browser_asked_lately_is_here(
    client: Client, postbox: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind = Mailing(client.app[keys.HOUSE], Board(Redis.from_url("unix:///nowhere/valkey.sock")))
    await client.patch("/notifications", {"digest": "hourly"})
    await waits_for(client, client)
    session = {"secret_hash": "x", "manager_id": client.id, "created_at": START, "expires_at": START + timedelta(days=9)}
    row = session | {"id": 900, "seen_at": START + timedelta(minutes=50)}
    await client.run(lambda c: c.execute(sa.insert(t.sessions).values(row)))
    assert await look(client, blind, hours=1) == 0
    await waits_for(client, client, "+4930901821")
    assert await look(client, blind, hours=1) == 1


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_the_link_under_a_digest_ends_them(client: Client) -> None:
    await client.patch("/notifications", {"digest": "daily"})
    key = digest.signature(client.app[keys.SETTINGS].key, client.id)
    link = f"{client.url}/digest/stop/{client.id}/{key}"

    async def page(method: str, address: str) -> tuple[int, str]:
        async with client.http.request(method, address) as response:
            return response.status, await response.text()

    assert (await page("GET", link))[0] == 200
    assert (await client.get("/notifications")).body["digest"] == "daily", "opening it is not enough"
    assert (await page("POST", link))[0] == 200
    assert (await client.get("/notifications")).body["digest"] == "off"
    wrong = await page("POST", link[:-1] + ("0" if link[-1] != "0" else "1"))
    assert wrong[0] == 404 and "does not work" in wrong[1]


def text_of(mail: EmailMessage) -> tuple[str, str]:
    text, html = (str(part.get_content()) for part in mail.iter_parts())
    return text, html


async def test_what_was_given_to_them_while_they_were_away(client: Client, postbox: Postbox, mailing: Mailing) -> None:
    await client.patch("/notifications", {"digest": "hourly"})
    lead = await client.become("lead")
    channel = await client.channel()
    given, kept, answered, taken = [await client.hear(channel, address=f"+493090184{n}") for n in range(4)]
    client.clock.tick(minutes=5)
    for number in (given, answered):
        assert (await lead.patch(f"/conversations/{number}", {"assignee": client.id})).status == 200
    assert (await client.patch(f"/conversations/{taken}", {"assignee": client.id})).status == 200, "by themselves"
    client.clock.tick(minutes=5)
    assert (await client.post(f"/conversations/{answered}/messages", {"text": "A note", "note": True})).status == 201
    assert await look(client, mailing, hours=1) == 1
    for body in text_of(postbox.mails[0][2]):
        told, rest = body.split("Given to you: 1")[1].split("New requests: 2")
        assert re.findall(r"/inbox/(\d+)\?", told) == [str(given)]
        assert set(re.findall(r"/inbox/(\d+)\?", rest)) == {str(answered), str(taken)} and f"/inbox/{kept}?" not in body
    assert await look(client, mailing, hours=1) == 0, "told once"
    await lead.patch(f"/conversations/{given}", {"assignee": lead.id})
    await lead.patch(f"/conversations/{kept}", {"assignee": client.id})
    await lead.patch(f"/conversations/{kept}", {"status": "closed"})
    assert await look(client, mailing, hours=1) == 0, "what is another's by now, or closed, is no news"


async def test_tasks_that_became_late_while_they_were_away(client: Client, postbox: Postbox, mailing: Mailing) -> None:
    await client.patch("/notifications", {"digest": "hourly"})
    anna = (await client.post("/contacts", {"name": "Anna <b>"})).body["id"]
    soon, done, far = ((client.clock() + timedelta(minutes=n)).isoformat() for n in (20, 30, 600))
    for title, due in (("Send the price", soon), ("Done in time", done), ("Later", far)):
        made = (await client.post("/tasks", {"title": title, "due_at": due, "contact_id": anna})).body
        if title == "Done in time":
            await client.patch(f"/tasks/{made['id']}", {"done": True})
    assert await look(client, mailing, hours=1) == 1
    mail = postbox.mails[0][2]
    assert mail["Subject"] == "Tasks that are late: 1"
    text, html = text_of(mail)
    assert f"/people/{anna}?tab=tasks" in text and "Send the price" in text and "Anna <b>" in text
    assert "Send the price" in html and "Anna &lt;b&gt;" in html
    assert not any(title in text + html for title in ("Done in time", "Later"))
    assert await look(client, mailing, hours=1) == 0, "told once"
