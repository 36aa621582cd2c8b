"""Bots that ask for segments: one statement a pass where a flow names them, none otherwise; unknown names are refused."""

from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.minds import load_minds
from inbox.respond import Minds, membership, respond
from inbox.segments import Filter, use
from inbox.settings import Settings
from tests.bots.test_segments import FLOW
from tests.inbox.conftest import START, Client
from tests.inbox.story import ANNA, BORIS, Story

PLAIN = "version: 1\nname: plain\nlanguages: [en]\ntrigger: {fallback: true}\nsteps:\n  - say: Hello.\n"
ASKING = FLOW.replace("languages: [en]", "languages: [en]\ntrigger: {fallback: true}")
VIP = Filter.model_validate({"version": 1, "match": {"kind": "tag", "tags": ["vip"]}})


@pytest.fixture
def story(trial: sa.Connection) -> Story:
    return Story(trial, START)


def added(story: Story, source: str) -> None:
    row = {"id": 1, "name": "door", "language": "en", "source": source, "created_at": START, "changed_at": START}
    story.connection.execute(sa.insert(t.flows), row)


def said(story: Story, contact: int) -> list[str]:
    m = t.messages.c
    return [row.text for row in story.rows(t.messages, m.contact_id == contact, m.direction == "out")]


def statements(connection: sa.Connection, do: Any) -> int:
    counted = []
    listener = lambda *given: counted.append(given[2])  # noqa: E731
    sa.event.listen(connection.engine, "before_cursor_execute", listener)
    try:
        do()
    finally:
        sa.event.remove(connection.engine, "before_cursor_execute", listener)
    return len([each for each in counted if "segment_" in each])


def test_a_bot_knows_who_is_in_the_segments_that_it_names(story: Story, settings: Settings) -> None:
    channel = story.channel("sms")
    for name in ("VIP", "Debtors", "Late payers"):
        use.add(
            story.connection, START, None, name=name, found=VIP if name == "VIP" else None, contacts=None if name == "VIP" else []
        )
    added(story, ASKING)
    story.hear(channel, "Hello", address=ANNA)
    story.hear(channel, "Hello", address=BORIS)
    anna, boris = (row.id for row in story.rows(t.contacts))
    story.connection.execute(sa.insert(t.contact_tags).values(contact_id=anna, tag="vip"))
    minds = load_minds(story.connection, settings, Minds())
    assert set(minds.segments) == {"VIP", "Debtors", "Late payers"}
    assert statements(story.connection, lambda: respond(story.connection, story.now, minds)) == 1
    assert said(story, anna) == ["This way, please."] and said(story, boris) == ["Welcome."]


def test_segments_that_cannot_be_asked_leave_nobody_unanswered(
    story: Story, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel = story.channel("sms")
    use.add(story.connection, START, None, name="VIP", found=VIP)
    for name in ("Debtors", "Late payers"):
        use.add(story.connection, START, None, name=name, contacts=[])
    added(story, ASKING)
    story.hear(channel, "Hello", address=ANNA)
    monkeypatch.setattr(membership, "compiled", lambda *given: sa.literal_column("no_such_column"))
    assert respond(story.connection, story.now, load_minds(story.connection, settings, Minds())) == 1
    assert said(story, story.rows(t.contacts)[0].id) == ["Welcome."]


def test_flows_that_name_none_cost_no_statement(story: Story, settings: Settings) -> None:
    channel = story.channel("sms")
    added(story, PLAIN)
    story.hear(channel, "Hello", address=ANNA)
    minds = load_minds(story.connection, settings, Minds())
    assert minds.segments == {}
    assert statements(story.connection, lambda: respond(story.connection, story.now, minds)) == 0


async def test_a_flow_with_an_unknown_segment_is_not_kept(client: Client) -> None:
    await client.post("/segments", {"name": "VIPs", "filter": VIP.stored()})
    body = {"name": "door", "language": "en", "source": FLOW}
    refused = await client.post("/flows", body)
    assert refused.status == 422
    told = (await client.post("/flows/check", {"source": FLOW})).body["problems"]
    assert "there is no segment called 'VIP'" in told[0]["message"] and "VIPs" in told[0]["message"]
    for name in ("VIP", "Debtors", "Late payers"):
        assert (await client.post("/segments", {"name": name, "tag": "x"})).status == 201
    assert (await client.post("/flows", body)).status == 201
    assert (await client.post("/flows/check", {"source": FLOW})).body["problems"] == []
