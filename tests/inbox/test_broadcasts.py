"""Broadcasts: everybody once, nobody after a stop, and no step that a crash could repeat."""

import importlib
import itertools
from collections.abc import Mapping
from typing import Any

import pytest
import sqlalchemy as sa

from bots.render import RenderError
from inbox import broadcasts
from inbox import schema as t
from inbox.broadcasts.audience import members
from inbox.broadcasts.feed import step
from inbox.broadcasts.use import HELD, STATES
from inbox.delivery import noting, outbox
from inbox.delivery.outgoing import BROADCAST, OPERATOR
from inbox.refusals import Conflict, NotFound
from inbox.segments import Filter, use, walk
from tests.inbox.conftest import START
from tests.inbox.story import ANNA, BORIS, Story

CLARA = "+4930901822"


@pytest.fixture
def story(trial: sa.Connection) -> Story:
    return Story(trial, START)


@pytest.fixture
def channel(story: Story) -> int:
    return story.channel("sms")


def tagged(story: Story, channel: int, *addresses: str, tag: str = "vip") -> list[int]:
    """Contacts with the tag who once wrote from these addresses; their conversations are closed."""
    found = []
    for address in addresses:
        row = story.hear(channel, address=address)
        story.close(row.conversation_id)
        story.connection.execute(sa.insert(t.contact_tags), {"tag": tag, "contact_id": row.contact_id})
        found.append(row.contact_id)
    return found


def create(story: Story, body: str = "Hi {{ name }}", **more: Any) -> int:
    return broadcasts.create(story.connection, story.now, name="b", body=body, tag="vip", **more)


def start(story: Story, number: int) -> None:
    broadcasts.start(story.connection, story.now, number)


def feed_all(story: Story) -> int:
    """Until nothing is left to do; how many steps it took."""
    steps = 0
    while step(story.connection, story.now):
        steps += 1
    return steps


def counts(story: Story, number: int) -> Mapping[str, int]:
    return {state: n for state, n in broadcasts.progress(story.connection, number).items() if n}


def queued(story: Story) -> list[tuple[str, str]]:
    m = t.messages.c
    return [(row.address, row.text) for row in story.rows(t.messages, m.broadcast_id.is_not(None))]


def state(story: Story, number: int) -> str:
    return str(story.rows(t.broadcasts, t.broadcasts.c.id == number)[0].state)


def sent(story: Story, outcome: str = "sent", **more: Any) -> None:
    """Deliver takes and sends all that is queued."""
    m = t.messages.c
    rows = story.rows(t.messages, m.state == "queued", sa.or_(m.try_at.is_(None), m.try_at <= story.now))
    story.connection.execute(sa.update(t.messages).where(m.id.in_([row.id for row in rows])).values(state="sending"))
    results = [
        noting.Result(id=row.id, channel_id=row.channel_id, state=outcome, external_ids=[f"x{row.id}"], **more) for row in rows
    ]
    noting.note(story.connection, results)


def test_everybody_with_the_tag_gets_it_once(story: Story, channel: int) -> None:
    tagged(story, channel, ANNA, BORIS)
    tagged(story, channel, CLARA, tag="other")
    number = create(story, "Hi {{ number }}")
    start(story, number)
    feed_all(story)
    people = {c.id: c.number for c in story.rows(t.contacts)}
    assert queued(story) == [(ANNA, f"Hi {people[1]}"), (BORIS, f"Hi {people[2]}")]
    assert counts(story, number) == {"queued": 2}
    sent(story)
    feed_all(story)
    assert (state(story, number), counts(story, number)) == ("done", {"sent": 2})
    with pytest.raises(broadcasts.NotNow):
        start(story, number)
    assert len(queued(story)) == 2


def test_a_person_with_two_numbers_and_two_channels_gets_it_once(story: Story, channel: int) -> None:
    (contact,) = tagged(story, channel, ANNA)
    other = story.channel("whatsapp")
    for where, address in ((channel, BORIS), (other, ANNA)):
        reach = {"channel_id": where, "address": address, "contact_id": contact, "heard_at": START}
        story.connection.execute(sa.insert(t.reaches), reach)
    start(story, create(story))
    feed_all(story)
    assert len(queued(story)) == 1


@pytest.mark.parametrize("when", ["before the start", "after the plan", "after queueing"])
def test_a_stop_counts_whenever_it_is_said(story: Story, channel: int, when: str) -> None:
    tagged(story, channel, ANNA, BORIS)
    number = create(story)

    def stop(moment: str) -> None:
        if moment == when:
            story.hear(channel, "stop")

    stop("before the start")
    start(story, number)
    step(story.connection, story.now)  # writes the ledger
    stop("after the plan")
    feed_all(story)
    stop("after queueing")
    taken = claim(story, channel)
    assert [loaded.outgoing.address for loaded in taken] == [BORIS]
    assert counts(story, number) == {"queued": 1, "skipped": 1}


def claim(story: Story, channel: int) -> list[outbox.Loaded]:
    loader = outbox.Loader(SETTINGS, None)  # type: ignore[arg-type]  # no message here has a file
    return outbox.claim(story.connection, story.now, "worker", {channel: outbox.Room(conversations=50)}, loader)


class SETTINGS:
    """What a loader reads of the settings."""

    base_url, key = "https://inbox.example", "a key"


def test_marketing_stopped_by_the_provider_counts_too_and_leaves_answers_alone(story: Story, channel: int) -> None:
    tagged(story, channel, ANNA)
    story.connection.execute(sa.update(t.reaches).values(marketing_stopped_at=START))
    number = create(story)
    start(story, number)
    feed_all(story)
    assert (queued(story), counts(story, number)) == ([], {"skipped": 1})
    row = story.hear(channel)
    story.say(row.conversation_id, "An answer")
    assert [loaded.outgoing.text for loaded in claim(story, channel)] == ["An answer"]


def test_why_somebody_was_skipped_is_said(story: Story, channel: int) -> None:
    tagged(story, channel, ANNA, BORIS)
    number = create(story)
    start(story, number)
    step(story.connection, story.now)
    blocked = sa.update(t.reaches).where(t.reaches.c.address == ANNA).values(blocked_at=START)
    story.connection.execute(blocked)
    feed_all(story)
    assert [r.reason for r in story.rows(t.recipients, t.recipients.c.state == "skipped")] == ["blocked"]


# ---- pause, go on, cancel


def test_a_pause_holds_what_is_queued_and_going_on_sends_it(story: Story, channel: int) -> None:
    tagged(story, channel, ANNA, BORIS)
    number = create(story)
    start(story, number)
    feed_all(story)
    broadcasts.pause(story.connection, story.now, number)
    assert (claim(story, channel), feed_all(story), state(story, number)) == ([], 0, "paused")
    start(story, number)
    assert len(claim(story, channel)) == 2
    assert len(queued(story)) == 2


def test_a_pause_while_the_ledger_is_written_goes_on_where_it_was(
    story: Story, channel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "__defaults__", (1,))
    people = tagged(story, channel, ANNA, BORIS, CLARA)
    number = create(story)
    start(story, number)
    step(story.connection, story.now)
    broadcasts.pause(story.connection, story.now, number)
    assert feed_all(story) == 0 and story.count(t.recipients) == 1
    start(story, number)
    feed_all(story)
    assert [row.contact_id for row in story.rows(t.recipients)] == people and len(queued(story)) == 3


@pytest.mark.parametrize(("change", "left"), [(broadcasts.pause, "queued"), (broadcasts.cancel, "failed")])
def test_what_was_on_its_way_and_comes_back_heeds_a_pause_or_a_cancellation(
    story: Story, channel: int, change: Any, left: str
) -> None:
    tagged(story, channel, ANNA)
    number = create(story)
    start(story, number)
    feed_all(story)
    (loaded,) = claim(story, channel)
    change(story.connection, story.now, number)
    busy = noting.Result(id=loaded.id, channel_id=channel, state="queued", reason="Busy", try_at=START)
    noting.note(story.connection, [busy])
    row = story.message(loaded.id)
    assert row.state == left
    assert row.try_at == HELD if left == "queued" else row.code == "cancelled"
    assert claim(story, channel) == []


def test_cancelling_skips_who_has_not_got_it(story: Story, channel: int) -> None:
    tagged(story, channel, ANNA, BORIS)
    number = create(story)
    start(story, number)
    feed_all(story)
    (first, _) = claim(story, channel)
    noting.note(story.connection, [noting.Result(id=first.id, channel_id=channel, state="sent", external_ids=["x"])])
    story.connection.execute(sa.update(t.messages).where(t.messages.c.state == "sending").values(state="queued"))
    broadcasts.cancel(story.connection, story.now, number)
    assert (state(story, number), counts(story, number)) == ("cancelled", {"sent": 1, "skipped": 1})
    assert claim(story, channel) == [] and feed_all(story) == 0


# ---- crashes


def test_a_crash_in_any_step_repeats_nothing(story: Story, channel: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "__defaults__", (1,))
    monkeypatch.setattr(importlib.import_module("inbox.broadcasts.feed"), "CHUNK", 1)
    tagged(story, channel, ANNA, BORIS, CLARA)
    number = create(story)
    start(story, number)
    more = True
    while more:
        crashing = story.connection.begin_nested()
        step(story.connection, story.now)
        crashing.rollback()  # the worker died before the commit
        more = step(story.connection, story.now)
    assert [address for address, _ in queued(story)] == [ANNA, BORIS, CLARA]
    (row,) = story.rows(t.broadcasts)
    assert (row.planned, counts(story, number)) == (3, {"queued": 3})


def test_a_ledger_written_twice_is_the_same_ledger(story: Story, channel: int) -> None:
    tagged(story, channel, ANNA, BORIS)
    number = create(story)
    start(story, number)
    feed_all(story)
    sent(story)
    again = {"state": "planning", "planned_up_to": 0, "planned_done": False}
    story.connection.execute(sa.update(t.broadcasts).values(again))
    feed_all(story)
    assert (len(queued(story)), counts(story, number)) == (2, {"sent": 2})


# ---- counts, preview, templates


@pytest.mark.parametrize("outcome", ["sent", "delivered", "failed", "unknown"])
def test_progress_counts_people_by_what_became_of_their_message(story: Story, channel: int, outcome: str) -> None:
    tagged(story, channel, ANNA)
    number = create(story)
    start(story, number)
    feed_all(story)
    sent(story, outcome)
    assert counts(story, number) == {outcome: 1}
    assert set(broadcasts.progress(story.connection, number)) == set(STATES)


def test_a_broadcast_message_is_filed_where_the_contact_is(story: Story, channel: int) -> None:
    tagged(story, channel, ANNA, BORIS)
    current = story.hear(channel).conversation_id
    start(story, create(story))
    feed_all(story)
    rows = story.rows(t.messages, t.messages.c.broadcast_id.is_not(None))
    assert rows[0].conversation_id == current
    assert story.conversation(rows[1].conversation_id).status == "closed"
    assert {row.priority for row in rows} == {BROADCAST} and BROADCAST > OPERATOR


def test_a_preview_of_very_many_stops_in_time_and_says_that_it_estimates(story: Story, channel: int) -> None:
    tagged(story, channel, *(f"+4930901{n:04d}" for n in range(250)))
    times = itertools.count()
    told = broadcasts.preview(
        story.connection, START, body="Hi", audience="vip", channel_id=None, clock=lambda: float(next(times))
    )
    assert not told.exact and told.people == 250 and len(told.sample) == 5
    whole = broadcasts.preview(story.connection, START, body="Hi", audience="vip", channel_id=None)
    assert whole.exact and whole.people == 250


def test_a_preview_writes_nothing_and_says_who_and_why_not(story: Story, channel: int) -> None:
    tagged(story, channel, ANNA, BORIS)
    story.hear(channel, "stop")
    before = story.count(t.events)
    told = broadcasts.preview(story.connection, START, body="Hi {{ number }}", audience="vip", channel_id=None)
    boris = story.rows(t.contacts)[1]
    assert (told.people, told.skipped) == (1, {"stopped": 1})
    assert [dict(each) for each in told.sample] == [
        {"contact_id": boris.id, "name": "", "text": f"Hi {boris.number}", "channel_id": channel}
    ]
    assert (story.count(t.events), story.count(t.recipients)) == (before, 0)


def segment(story: Story, match: dict[str, Any]) -> int:
    return use.add(
        story.connection, story.now, None, name=str(match), found=Filter.model_validate({"version": 1, "match": match})
    )


def test_a_segment_gets_it_once_and_is_what_it_was_at_the_start(
    story: Story, channel: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, boris, clara = tagged(story, channel, ANNA, BORIS, CLARA)
    monkeypatch.setattr(walk, "SPAN", 1)  # so that a step sees one person, or nobody
    number = segment(story, {"kind": "all", "of": [{"kind": "wrote", "days": 1}, {"kind": "sent", "days": 1, "not": True}]})
    story.connection.execute(sa.update(t.reaches).where(t.reaches.c.contact_id == boris).values(heard_at=None))
    made = broadcasts.create(story.connection, story.now, name="b", body="Hi", segment_id=number)
    start(story, made)
    step(story.connection, story.now)
    use.change(story.connection, story.now, None, number, {"filter": Filter.model_validate(NOBODY)})
    feed_all(story)
    assert [row.contact_id for row in story.rows(t.recipients)] == [anna, clara]
    assert counts(story, made)["queued"] == 2
    broadcasts.pause(story.connection, story.now, made)
    start(story, made)
    feed_all(story)
    assert story.count(t.recipients) == 2


NOBODY = {"version": 1, "match": {"kind": "tag", "tags": ["nobody has it"]}}


def test_a_segment_is_looked_at_before_anything_is_sent(story: Story, channel: int) -> None:
    anna, _ = tagged(story, channel, ANNA, BORIS)
    wanted = use.load(story.connection, use.add(story.connection, story.now, None, name="one", contacts=[anna]))
    told = broadcasts.preview(story.connection, START, body="Hi", audience=wanted, channel_id=None)
    assert (told.people, [each["contact_id"] for each in told.sample]) == (1, [anna])
    none = broadcasts.preview(story.connection, START, body="Hi", audience=Filter.model_validate(NOBODY), channel_id=None)
    assert (none.people, none.skipped, none.sample) == (0, {}, [])


def test_a_segment_that_a_draft_is_meant_for_stays(story: Story, channel: int) -> None:
    number = segment(story, {"kind": "wrote", "days": 1})
    made = broadcasts.create(story.connection, story.now, name="Sale", body="Hi", segment_id=number)
    with pytest.raises(Conflict, match="Sale"):
        use.remove(story.connection, story.now, None, number)
    start(story, made)
    use.remove(story.connection, story.now, None, number)
    feed_all(story)
    with pytest.raises(NotFound):
        broadcasts.create(story.connection, story.now, name="b", body="Hi", segment_id=number)


def test_a_template_error_names_the_variable(story: Story, channel: int) -> None:
    tagged(story, channel, ANNA)
    number = create(story, "You have {{ points }} points")
    start(story, number)
    feed_all(story)
    (row,) = story.rows(t.recipients)
    assert row.state == "skipped" and "points" in row.reason
    with pytest.raises(RenderError, match="points"):
        broadcasts.preview(story.connection, START, body="{{ points }}", audience="vip", channel_id=None)
    with pytest.raises(RenderError):
        create(story, "{{ oops")


def test_starting_wakes_the_workers(story: Story) -> None:
    start(story, create(story))
    signals = story.connection.info["signals"]
    assert {("wake", "broadcasts"), ("wake", "deliver")} <= set(signals)
