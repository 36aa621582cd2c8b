"""Several actions on one or many conversations in one go: what a key, a menu, a macro and a selection of many do alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bots.render import RenderError, render
from inbox import live, mentions
from inbox import schema as t
from inbox.actions import conversations, undoing
from inbox.actions.conversations import require
from inbox.card import told
from inbox.delivery.outgoing import CannotSend, Draft, queue_message
from inbox.refusals import Conflict, Invalid, Refusal
from inbox.store import bulk
from routing.moments import NotATime, moment

HOLD = timedelta(seconds=8)
"""What a macro says waits so long before it is sent, so that "Undo" can still hold it back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Action:
    """One thing to do: assign, transfer, team, label, unlabel, priority, snooze, close, reopen, read, unread, note or reply."""

    do: str
    manager: int | str | None = None
    """A manager's id, "me", or None for nobody."""
    team: int | None = None
    labels: Sequence[str] = ()
    priority: int = 0
    until: datetime | None = None
    when: str = ""
    """A time as people say it, instead of `until`."""
    reason: int | None = None
    summary: str = ""
    text: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A conversation that stayed as it was, and why, in words."""

    id: int
    detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """What was done. `undo`: the step to take back; None if nothing was done."""

    undo: int | None
    changed: Sequence[int]
    refused: Sequence[Refused]


@dataclass(slots=True)
class _Doing:
    connection: sa.Connection
    now: datetime
    by: int
    zone: ZoneInfo
    messages: list[int] = field(default_factory=list)
    notes: list[int] = field(default_factory=list)


def perform(
    connection: sa.Connection, now: datetime, by: int, conversation_ids: Sequence[int], actions: Sequence[Action],
    *, zone: str = "UTC", kind: str = "",
) -> Done:  # fmt: skip
    """Do all `actions` to each conversation: for one of them all or nothing, and with one `undo` for everything.

    Raises a Refusal if there is but one conversation; of many, those that refuse stay as they are and are named.
    """
    chosen = sorted(set(conversation_ids))
    doing = _Doing(connection, now, by, _zone(zone))
    before = undoing.snapshot(connection, chosen)
    if len(chosen) == 1:
        _do_all(doing, chosen[0], actions)
        refused: list[Refused] = []
    else:
        refused = [each for each in (_try_all(doing, number, actions) for number in chosen) if each is not None]
    changed = [number for number in chosen if number not in {each.id for each in refused}]
    said = {"messages": doing.messages, "notes": doing.notes}
    step = undoing.keep(connection, now, by, kind or actions[0].do, before, changed, **said) if changed else None
    return Done(undo=step, changed=changed, refused=refused)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as error:
        raise Invalid("timezone", f"There is no time zone {name}") from error


def _try_all(doing: _Doing, conversation_id: int, actions: Sequence[Action]) -> Refused | None:
    mine = _Doing(doing.connection, doing.now, doing.by, doing.zone)
    try:
        with bulk.savepoint(doing.connection):
            _do_all(mine, conversation_id, actions)
    except Refusal as refusal:
        return Refused(id=conversation_id, detail=refusal.detail)
    except CannotSend as problem:
        return Refused(id=conversation_id, detail=problem.reason)
    doing.messages += mine.messages
    doing.notes += mine.notes
    return None


def _do_all(doing: _Doing, conversation_id: int, actions: Sequence[Action]) -> None:
    for index, action in enumerate(actions):
        try:
            _DO[action.do](doing, require(doing.connection, conversation_id), action)
        except Invalid as refusal:
            raise Invalid(f"actions.{index}.{refusal.field}", refusal.message) from refusal


def _change(doing: _Doing, row: sa.Row[Any], wanted: Mapping[str, Any]) -> None:
    conversations.change(doing.connection, doing.now, doing.by, row.id, wanted)


def _who(doing: _Doing, action: Action) -> int | None:
    return doing.by if action.manager == "me" else None if action.manager is None else int(action.manager)


def _assign(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    _change(doing, row, {"assignee": _who(doing, action)})


def _team(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    _change(doing, row, {"team": action.team, "assignee": None})


def _transfer(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    """To a colleague or a queue, with a note for them; it is unread for who gets it."""
    if (action.manager is None) == (action.team is None):
        raise Invalid("manager", "Say who gets it: a manager or a team")
    if row.status == "closed":
        raise Conflict("This conversation is closed: reopen it first")
    to: dict[str, Any] = {"assignee": _who(doing, action)}
    if action.team is not None:
        to = {"team": action.team, "assignee": None}
    if action.text.strip():
        to["note"] = _write(doing, row, action, note=True)
    _change(doing, row, to)
    c = t.conversations.c
    if to["assignee"] != doing.by:
        doing.connection.execute(sa.update(t.conversations).where(c.id == row.id, c.unread == 0).values(unread=1))


def _label(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    _change(doing, row, {"labels": [*row.labels, *action.labels]})


def _unlabel(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    _change(doing, row, {"labels": [each for each in row.labels if each not in set(action.labels)]})


def _prioritise(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    if row.priority != action.priority:
        _change(doing, row, {"priority": action.priority})


def _snooze(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    if (action.until is None) == (not action.when.strip()):
        raise Invalid("until", "Say until when, once")
    try:
        until = action.until or moment(action.when, doing.now, doing.zone)
    except NotATime as problem:
        raise Invalid("when", str(problem)) from problem
    _change(doing, row, {"status": "snoozed", "snoozed_until": until})


def _close(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    _change(doing, row, {"status": "closed", "close_reason": action.reason, "close_summary": action.summary})


def _reopen(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    _change(doing, row, {"status": "open"})


def _read(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    mentions.see(doing.connection, doing.now, doing.by, row.id)
    conversations.read(doing.connection, row.id, doing.now)


def _unread(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    """Somebody has to look at it again."""
    if not row.unread:
        doing.connection.execute(sa.update(t.conversations).where(t.conversations.c.id == row.id).values(unread=1))
        live.tell(doing.connection, "conversation", conversation_id=row.id)
        live.tell(doing.connection, "counts")


def _note(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    _write(doing, row, action, note=True)


def _reply(doing: _Doing, row: sa.Row[Any], action: Action) -> None:
    _write(doing, row, action, note=False)


def _write(doing: _Doing, row: sa.Row[Any], action: Action, *, note: bool) -> int:
    if not action.text.strip():
        raise Invalid("text", "Write something")
    if row.merged_into is not None:
        raise Conflict(f"This conversation was merged into another ({row.merged_into}): go on there")
    text = action.text if note else _rendered(doing, row, action.text)
    draft = Draft(
        conversation_id=row.id, author_kind="manager", author_id=doing.by, text=text, note=note,
        send_at=None if note else doing.now + HOLD,
    )  # fmt: skip
    message_id = queue_message(doing.connection, doing.now, draft)
    (doing.notes if note else doing.messages).append(message_id)
    return message_id


def _rendered(doing: _Doing, row: sa.Row[Any], text: str) -> str:
    """With the same variables as a template's: {{ contact.name }}, and {{ manager.name }}."""
    card, m = told.of(doing.connection, row.contact_id, many=True), t.managers.c
    manager = {"name": doing.connection.scalar(sa.select(m.name).where(m.id == doing.by)) or ""}
    try:
        return render(text, {**card, "contact": card, "manager": manager})
    except RenderError as error:
        raise Invalid("text", str(error)) from error


_DO = {
    "assign": _assign, "team": _team, "transfer": _transfer, "label": _label, "unlabel": _unlabel, "priority": _prioritise,
    "snooze": _snooze, "close": _close, "reopen": _reopen, "read": _read, "unread": _unread, "note": _note, "reply": _reply,
}  # fmt: skip
DOABLE = tuple(_DO)
