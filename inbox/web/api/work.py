"""Work on conversations: several actions at once, the way back, merge, split, links, natural times."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import Field, model_validator

from inbox.access.rights import Right
from inbox.actions import regrouping, undoing
from inbox.actions import work as actions
from inbox.refusals import Invalid
from inbox.views import work as views
from inbox.views.conversations import Conversation, item
from inbox.web.endpoint import Call, endpoint
from inbox.web.fields import Body, Id, LongText, Query, Tag, When
from routing.moments import NotATime, moment

Zone = Annotated[str, Field(max_length=60, pattern=r"^[A-Za-z][A-Za-z0-9_+/-]*$")]
NEEDS = {"label": "labels", "unlabel": "labels", "note": "text", "reply": "text"}


class ActionSent(Body):
    """One thing to do. What each needs: see the fields."""

    do: Literal[
        "assign", "transfer", "team", "label", "unlabel", "priority", "snooze", "close", "reopen", "read", "unread", "note",
        "reply",
    ]  # fmt: skip
    manager: Id | Literal["me"] | None = None
    """assign, transfer: who; null: nobody."""
    team: Id | None = None
    """team, transfer: whose queue."""
    labels: Annotated[list[Tag], Field(max_length=50)] = Field(default_factory=list)
    priority: Annotated[int, Field(ge=-1, le=2)] = 0
    until: When | None = None
    """snooze: this, or `when`."""
    when: Annotated[str, Field(max_length=100)] = ""
    """snooze: a time as people say it, "tomorrow 9:00"; in a macro it is read when the macro runs."""
    reason: Id | None = None
    summary: Annotated[str, Field(max_length=2000)] = ""
    text: LongText = ""
    """note, transfer: what colleagues should know. reply: to the customer, with the variables of a template."""

    @model_validator(mode="after")
    def _complete(self) -> "ActionSent":
        needed = NEEDS.get(self.do)
        if needed and not getattr(self, needed):
            raise ValueError(f"{self.do} needs {needed}")
        return self

    def to_do(self) -> actions.Action:
        return actions.Action(**{name: getattr(self, name) for name in type(self).model_fields})


class Doing(Body):
    """What to do with which conversations."""

    conversations: Annotated[list[Id], Field(min_length=1, max_length=200)]
    actions: Annotated[list[ActionSent], Field(min_length=1, max_length=20)]
    timezone: Zone = "UTC"
    """Where `when` is meant."""


class OtherConversation(Body):
    """The other one of two conversations."""

    other: Id


class SplitAt(Body):
    """Where the new conversation begins."""

    message_id: Id


class Said(Query):
    """A time as people say it."""

    said: Annotated[str, Field(max_length=100)]
    timezone: Zone = "UTC"


@dataclass(frozen=True, kw_only=True, slots=True)
class RefusedShown:
    """A conversation that stayed as it was, and why."""

    id: int
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DoneShown:
    """What was done: the conversations as they are now; `undo` is the step to take back, null if nothing was done."""

    undo: int | None
    items: list[Conversation]
    refused: list[RefusedShown]


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """The time that was meant."""

    at: datetime


@endpoint("POST", "/conversations/actions", Right.CONVERSATIONS_WRITE)
async def do_with_conversations(call: Call, body: Doing) -> DoneShown:
    """Do several things with one or many conversations, in one go.

    Each conversation gets all of them or none; of many, those that refuse are named and the others go on.
    """
    to_do = [each.to_do() for each in body.actions]
    return await done(call, await call.run(actions.perform, call.now, call.me, body.conversations, to_do, zone=body.timezone))


@endpoint("POST", "/undo/{step_id}", Right.CONVERSATIONS_WRITE)
async def undo_step(call: Call, step_id: int) -> DoneShown:
    """Take back what I did: whole, or not at all where somebody has changed it since."""
    touched = await call.run(undoing.undo, call.now, call.me, step_id)
    return DoneShown(undo=None, items=await call.read(_items, touched), refused=[])


@endpoint("POST", "/conversations/{conversation_id}/merge", Right.CONVERSATIONS_WRITE)
async def merge_conversations(call: Call, conversation_id: int, body: OtherConversation) -> DoneShown:
    """Make one of two conversations of the same customer; the one that goes on stays, else the later."""
    kept, step = await call.run(regrouping.merge, call.now, call.me, conversation_id, body.other)
    return DoneShown(undo=step, items=await call.read(_items, [kept]), refused=[])


@endpoint("POST", "/conversations/{conversation_id}/split", Right.CONVERSATIONS_WRITE)
async def split_conversation(call: Call, conversation_id: int, body: SplitAt) -> DoneShown:
    """From this message on it is another conversation, which goes on; the old one is closed."""
    new, step = await call.run(regrouping.split, call.now, call.me, conversation_id, body.message_id)
    return DoneShown(undo=step, items=await call.read(_items, [new, conversation_id]), refused=[])


@endpoint("GET", "/conversations/{conversation_id}/work", Right.CONVERSATIONS_READ)
async def get_conversation_work(call: Call, conversation_id: int) -> views.Work:
    """How it was closed, where it was merged into, and what it is linked to."""
    return await call.read(views.work, conversation_id)


@endpoint("POST", "/conversations/{conversation_id}/links", Right.CONVERSATIONS_WRITE)
async def link_conversation(call: Call, conversation_id: int, body: OtherConversation) -> views.Work:
    """Name it together with another one, of whichever customer."""
    await call.run(regrouping.link, call.now, call.me, conversation_id, body.other)
    return await call.read(views.work, conversation_id)


@endpoint("DELETE", "/conversations/{conversation_id}/links/{other_id}", Right.CONVERSATIONS_WRITE)
async def unlink_conversation(call: Call, conversation_id: int, other_id: int) -> None:
    """Take the link away."""
    await call.run(regrouping.unlink, call.now, call.me, conversation_id, other_id)


@endpoint("GET", "/moments", Right.CONVERSATIONS_READ)
async def read_moment(call: Call, query: Said) -> Moment:
    """The time that is meant by "tomorrow 9:00", "in 2 h", «через 2 часа», «в понедельник»; 422 where it is none."""
    try:
        return Moment(at=moment(query.said, call.now, ZoneInfo(query.timezone)))
    except NotATime as problem:
        raise Invalid("said", str(problem)) from problem
    except (LookupError, ValueError, OSError) as error:
        raise Invalid("timezone", f"There is no time zone {query.timezone}") from error


async def done(call: Call, done: actions.Done) -> DoneShown:
    """What was done, as the answer says it."""
    refused = [RefusedShown(id=each.id, detail=each.detail) for each in done.refused]
    return DoneShown(undo=done.undo, items=await call.read(_items, done.changed), refused=refused)


def _items(connection: sa.Connection, numbers: Sequence[int]) -> list[Conversation]:
    return [item(connection, number) for number in numbers]
