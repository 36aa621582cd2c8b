"""Conversations: lists, counts, one of them, and what operators do with it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from pydantic import Field, StringConstraints

from channels.base import ChannelError, Connector
from inbox import live, mentions
from inbox.access.rights import Right
from inbox.actions import conversations as actions
from inbox.actions import messages
from inbox.refusals import Invalid
from inbox.views import conversations as views
from inbox.views import counts, events, figures, lists, people
from inbox.views.paging import Page
from inbox.web import keys
from inbox.web.api.messages import ChoiceSent, FileSent, TemplateSent
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import NOT_GIVEN, Body, Change, Id, LongText, PageQuery, Tag, When
from inbox.web.recalling import recall_stops
from inbox.web.repeat import once

Status = Literal["open", "waiting", "snoozed", "closed"]
View = Literal["mine", "unassigned", "team", "waiting", "late", "mentioned", "snoozed", "closed", "all"]


class ConversationQuery(PageQuery):
    """Which conversations, and in which order."""

    view: View = "all"
    """mine: assigned to me. team: in the queues of my teams. waiting: the customer waits for an answer. late: longer than
    promised. mentioned: a colleague's note called me. snoozed: put off. closed."""
    status: Literal["open", "waiting", "snoozed", "closed", "current", "active", "any"] | None = None
    """active: not closed. current: neither closed nor snoozed. Without one: what the view says, else active; with `q`, `contact`
    or `figure`, and for mentioned: any."""
    assignee: Annotated[str, StringConstraints(pattern=r"^(me|none|[1-9][0-9]{0,17})$")] | None = None
    """me, none, or a manager's id."""
    team: Id | None = None
    channel: Id | None = None
    segment: Id | None = None
    """Only people of this segment."""
    contact: Id | None = None
    q: Annotated[str, Field(max_length=200)] = ""
    """A part of the customer's name, their number, phone or mail address."""
    figure: Literal["taken", "answered", "first", "closed", "late"] | None = None
    """What a figure of a report counts: with `by`, `from` and `to`."""
    by: Id | None = None
    since: When | None = Field(default=None, alias="from")
    until: When | None = Field(default=None, alias="to")
    label: Annotated[str, Field(max_length=100)] = ""
    waiting: bool = False
    """The customer waits for an answer."""
    within_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """Something was said in these last days."""
    quiet_days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """Nothing was said for so many days."""
    sort: Literal["last", "waiting", "due", "snoozed"] | None = None
    """last: the newest message first. waiting: who waits longest first. due: what should have been answered first. snoozed: what
    comes back first. Without one: last; due and snoozed for these views."""


class ConversationChange(Change):
    """What to change about a conversation."""

    status: Status = NOT_GIVEN
    snoozed_until: When | None = NOT_GIVEN
    """With status snoozed, or instead of it."""
    assignee: Id | None = NOT_GIVEN
    team: Id | None = NOT_GIVEN
    labels: Annotated[list[Tag], Field(max_length=50)] = NOT_GIVEN
    priority: Annotated[int, Field(ge=-1, le=2)] = NOT_GIVEN
    """-1 low, 0 normal, 1 high, 2 urgent."""
    close_reason: Id | None = NOT_GIVEN
    """With status closed: a reason's id. Required where the company wants one, as is the summary."""
    close_summary: Annotated[str, Field(max_length=2000)] = NOT_GIVEN


class NewConversation(Body):
    """The first message to a contact."""

    contact_id: Id
    channel_id: Id
    text: LongText = ""
    subject: Annotated[str, Field(max_length=998)] | None = None
    choices: list[ChoiceSent] = Field(default_factory=list, max_length=30)
    attachments: list[FileSent] = Field(default_factory=list, max_length=20)
    template: TemplateSent | None = None


@endpoint("GET", "/conversations", Right.CONVERSATIONS_READ)
async def list_conversations(call: Call, query: ConversationQuery) -> Page[views.Conversation]:
    """Conversations of a view."""
    return await call.read(_page, call.now, call.me, query)


@endpoint("GET", "/conversations/counts", Right.CONVERSATIONS_READ)
async def count_conversations(call: Call) -> counts.Counts:
    """The numbers beside the views; 1000 means 1000 or more."""
    return await call.read(counts.counts, call.me, call.now)


@endpoint("GET", "/conversations/{conversation_id}", Right.CONVERSATIONS_READ)
async def get_conversation(call: Call, conversation_id: int) -> views.OneConversation:
    """One conversation, with the ways to answer it."""
    return await call.read(views.one, conversation_id, call.now)


@endpoint("PATCH", "/conversations/{conversation_id}", Right.CONVERSATIONS_WRITE)
async def change_conversation(call: Call, conversation_id: int, body: ConversationChange) -> views.Conversation:
    """Assign, close, reopen, snooze, label, prioritise."""
    await call.run(actions.change, call.now, call.me, conversation_id, body.given())
    return await call.read(views.item, conversation_id)


@endpoint("POST", "/conversations", Right.CONVERSATIONS_WRITE, status=201, repeatable=True)
async def start_conversation(call: Call, body: NewConversation) -> views.OneConversation:
    """Write first.

    If the contact has a conversation that is going on, the message goes into that one. 409 says in words why the channel
    does not let us write first.
    """
    said = messages.Reply(
        text=body.text, channel_id=body.channel_id, subject=body.subject,
        choices=[c.model_dump(exclude_defaults=True) for c in body.choices],
        attachments=[f.to_send() for f in body.attachments] + (body.template.files() if body.template else []),
        template=body.template.to_send() if body.template else None,
    )  # fmt: skip
    await recall_stops(call, body.contact_id)
    conversation_id = await once(call, messages.start, call.now, call.me, body.contact_id, said)
    return await call.read(views.one, conversation_id, call.now)


@endpoint("POST", "/conversations/{conversation_id}/read", Right.CONVERSATIONS_WRITE)
async def read_conversation(call: Call, conversation_id: int) -> None:
    """I have seen what came in: the customer's own app may show it."""
    seen = await call.run(_read, call.me, conversation_id, call.now)
    if seen is not None:
        await _show_customer(call, seen.channel_id, lambda to: to.read(seen.address, seen.external_id, seen.context))


@endpoint("POST", "/conversations/{conversation_id}/typing", Right.CONVERSATIONS_WRITE)
async def type_in_conversation(call: Call, conversation_id: int) -> None:
    """I am writing: tell colleagues, and the customer where the channel shows it."""
    where = await call.run(_tell_typing, conversation_id, call.me)
    await _show_customer(call, where.channel_id, lambda to: to.typing(where.address, where.external_id, where.context))


@endpoint("GET", "/conversations/{conversation_id}/events", Right.CONVERSATIONS_READ)
async def list_conversation_events(call: Call, conversation_id: int, query: PageQuery) -> Page[events.EventShown]:
    """What happened in a conversation, oldest first."""
    return await call.read(events.of_conversation, conversation_id, query.cursor, query.limit)


def _page(connection: sa.Connection, now: datetime, me: int, query: ConversationQuery) -> Page[views.Conversation]:
    wanted = _filter(connection, now, me, query)
    sort = query.sort or {"late": "due", "snoozed": "snoozed"}.get(query.view, "last")
    return lists.page(connection, wanted, sort, query.cursor, query.limit)


def _statuses(query: ConversationQuery) -> tuple[str, ...]:
    """A view of one status has no others: a further status leaves nothing of it."""
    if query.view in ("snoozed", "closed"):
        return (query.view,)
    anywhere = query.q or query.contact or query.figure or query.view == "mentioned"
    status = query.status or ("any" if anywhere else "active")
    return {"active": views.ACTIVE, "current": views.CURRENT, "any": ()}.get(status, (status,))


def _ago(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now - timedelta(days=days)


def _filter(connection: sa.Connection, now: datetime, me: int, query: ConversationQuery) -> lists.Filter:
    teams = people.team_ids(connection, me) if query.view == "team" else None
    if query.team is not None:
        teams = [query.team] if teams is None or query.team in teams else []
    return lists.Filter(
        statuses=_statuses(query), assignee=_assignee(me, query), teams=teams, channel=query.channel, contact=query.contact,
        waiting=query.waiting or query.view == "waiting", q=query.q.strip(), counted=_counted(query),
        late_at=now if query.view == "late" else None, mentioned=me if query.view == "mentioned" else None,
        label=query.label.strip(), segment=(query.segment, now) if query.segment is not None else None,
        after=_ago(now, query.within_days), before=_ago(now, query.quiet_days),
    )  # fmt: skip


def _counted(query: ConversationQuery) -> sa.Select[Any] | None:
    if query.figure is None:
        return None
    if query.by is None or query.since is None or query.until is None:
        raise Invalid("figure", "A figure needs by, from and to")
    return figures.conversations(query.figure, query.by, query.since, query.until)


def _assignee(me: int, query: ConversationQuery) -> int | None:
    named = {"me": me, "none": lists.NOBODY}
    asked = None if query.assignee is None else named.get(query.assignee) or int(query.assignee)
    meant = {"mine": me, "unassigned": lists.NOBODY}.get(query.view)
    if asked is not None and meant is not None and asked != meant:
        raise Invalid("assignee", f"The view {query.view} has another assignee")
    return asked if asked is not None else meant


@dataclass(frozen=True, slots=True)
class _Where:
    """Where the customer is written to, and what they wrote there last: some channels show dots only beside that."""

    channel_id: int
    address: str
    external_id: str | None = None
    context: Mapping[str, Any] | None = None


def _read(connection: sa.Connection, me: int, conversation_id: int, now: datetime) -> Any:
    mentions.see(connection, now, me, conversation_id)
    return actions.read(connection, conversation_id, now)


def _tell_typing(connection: sa.Connection, conversation_id: int, me: int) -> _Where:
    conversation = actions.require(connection, conversation_id)
    live.tell(connection, "typing", conversation_id=conversation_id, manager_id=me)
    newest = actions.newest_heard(connection, conversation_id)
    if newest is not None and (newest.channel_id, newest.address) == (conversation.channel_id, conversation.address):
        return _Where(newest.channel_id, newest.address, newest.external_id, newest.context)
    return _Where(conversation.channel_id, conversation.address)


async def _show_customer(call: Call, channel_id: int, show: Callable[[Connector], Awaitable[None]]) -> None:
    """Best effort: a channel that does not answer at once is none of the operator's business."""
    line = await call.app[keys.ACCOUNTS].line(channel_id)
    if line is not None:
        with contextlib.suppress(ChannelError, TimeoutError):
            async with asyncio.timeout(2):
                await show(line.connector)
