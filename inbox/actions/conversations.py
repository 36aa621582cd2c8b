"""What operators do with a conversation: give it to somebody, close, reopen, snooze, label, read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.access.rights import Right, rights
from inbox.actions.closing import closing
from inbox.delivery.outgoing import finish_answer_task
from inbox.labels import put
from inbox.receive.forgotten import MARK
from inbox.record import record
from inbox.refusals import Conflict, Invalid, NotFound

_c = t.conversations.c


def change(connection: sa.Connection, now: datetime, by: int, conversation_id: int, wanted: Mapping[str, Any]) -> None:
    """Apply what is named in `wanted`: status, snoozed_until, assignee, team, labels, priority; all or nothing.

    With status closed: close_reason (an id) and close_summary. With assignee or team: `note`, the id of a note that says why.

    Raises NotFound, Invalid, or Conflict where the contact has another conversation that is not closed.
    """
    doing = _Doing(connection, now, by, require(connection, conversation_id))
    if "snoozed_until" in wanted or "status" in wanted:
        _change_status(doing, wanted)
    if "assignee" in wanted:
        _assign(doing, wanted["assignee"], wanted.get("note"))
    if "team" in wanted:
        _give_to_team(doing, wanted["team"], wanted.get("note"))
    if "labels" in wanted:
        _label(doing, wanted["labels"])
    if "priority" in wanted:
        doing.set(priority=wanted["priority"])
        doing.note("conversation.prioritised", priority=wanted["priority"])
    live.tell(connection, "conversation", conversation_id=conversation_id)
    live.tell(connection, "counts")


def read(connection: sa.Connection, conversation_id: int, now: datetime) -> Any:
    """Somebody has seen what came in. Raises NotFound.

    Returns what the customer wrote last (see `newest_heard`), to be told of it; None if nothing was unread.
    """
    if not require(connection, conversation_id).unread:
        return None
    connection.execute(sa.update(t.conversations).where(_c.id == conversation_id).values(unread=0, seen_at=now))
    live.tell(connection, "conversation", conversation_id=conversation_id)
    live.tell(connection, "counts")
    return newest_heard(connection, conversation_id)


def newest_heard(connection: sa.Connection, conversation_id: int) -> Any:
    """The row of what the customer wrote last (channel_id, address, external_id, context of the address), None: nothing."""
    m, r = t.messages.c, t.reaches.c
    told = sa.and_(m.external_id.is_not(None), ~m.external_id.startswith(MARK))  # of what was erased no provider hears
    written = sa.and_(m.conversation_id == conversation_id, m.direction == "in", told)
    newest = (
        sa.select(m.channel_id, m.address, m.external_id, r.context)
        .outerjoin(t.reaches, sa.and_(r.channel_id == m.channel_id, r.address == m.address))
        .where(written)
        .order_by(m.at.desc(), m.id.desc())
        .limit(1)
    )
    return connection.execute(newest).one_or_none()


def require(connection: sa.Connection, conversation_id: int) -> sa.Row[Any]:
    """The row of a conversation, kept from others until the transaction ends. Raises NotFound."""
    query = sa.select(t.conversations).where(_c.id == conversation_id).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no conversation {conversation_id}")
    return row


@dataclass(frozen=True, slots=True)
class _Doing:
    """One person's change of one conversation."""

    connection: sa.Connection
    now: datetime
    by: int
    conversation: sa.Row[Any]

    def set(self, **values: Any) -> None:
        self.connection.execute(sa.update(t.conversations).where(_c.id == self.conversation.id).values(values))

    def set_task(self, **values: Any) -> None:
        """The open task to answer goes with the conversation."""
        k = t.tasks.c
        mine = (k.conversation_id == self.conversation.id, k.kind == "answer", k.done_at.is_(None))
        self.connection.execute(sa.update(t.tasks).where(*mine).values(values))

    def note(self, kind: str, **data: Any) -> None:
        ids = {"contact_id": self.conversation.contact_id, "conversation_id": self.conversation.id}
        record(self.connection, self.now, kind, actor_kind="manager", actor_id=self.by, **ids, **data)


def _change_status(doing: _Doing, wanted: Mapping[str, Any]) -> None:
    until = wanted.get("snoozed_until")
    status = wanted.get("status") or ("snoozed" if until else "open")
    if (status == "snoozed") != (until is not None):
        raise Invalid("snoozed_until", "Say until when, and only when snoozing")
    if until is not None and until <= doing.now:
        raise Invalid("snoozed_until", "This time is over")
    if status == "closed":
        _close(doing, closing(doing.connection, wanted))
        return
    if doing.conversation.status == "closed":
        _reopen(doing, status)
    if until is not None:
        _snooze(doing, until)
    elif status != doing.conversation.status:
        doing.set(status=status, snoozed_until=None)
        doing.note("conversation.status", status=status)


def _close(doing: _Doing, said: Mapping[str, Any]) -> None:
    if doing.conversation.status == "closed":
        return
    gone = {"snoozed_until": None, "waiting_since": None, "answer_due": None, "heard_at": None, "unread": 0}
    values = {"close_reason_id": said.get("reason_id"), "close_summary": said.get("summary")}
    doing.set(status="closed", closed_at=doing.now, **gone, **values)
    finish_answer_task(doing.connection, doing.conversation.id, doing.by, doing.now)
    _end_bot(doing)
    doing.note("conversation.closed", **said)


def _reopen(doing: _Doing, status: str) -> None:
    if doing.conversation.merged_into is not None:
        raise Conflict(f"This conversation was merged into another ({doing.conversation.merged_into}): go on there")
    others = (_c.contact_id == doing.conversation.contact_id, _c.status != "closed")
    other = doing.connection.scalar(sa.select(_c.id).where(*others))
    if other is not None:
        raise Conflict(f"This customer has a newer conversation that is still going on ({other}): go on there")
    doing.set(
        status="open" if status == "snoozed" else status, closed_at=None, bot=False, close_reason_id=None, close_summary=None
    )
    doing.note("conversation.reopened")


def _snooze(doing: _Doing, until: datetime) -> None:
    values: dict[str, Any] = {"status": "snoozed", "snoozed_until": until}
    if doing.conversation.waiting_since is not None:
        values["answer_due"] = until
        doing.set_task(due_at=until)
    doing.set(**values)
    doing.note("conversation.snoozed", until=until.isoformat())


def _assign(doing: _Doing, manager_id: int | None, note: int | None) -> None:
    before = doing.conversation.manager_id
    if manager_id == before:
        return
    if manager_id is not None:
        require_colleague(doing.connection, manager_id, "assignee")
        doing.connection.execute(sa.update(t.managers).where(t.managers.c.id == manager_id).values(assigned_at=doing.now))
        _become_responsible(doing, manager_id)
        _end_bot(doing)
    doing.set(manager_id=manager_id)
    doing.set_task(manager_id=manager_id)
    doing.note("conversation.assigned", manager_id=manager_id, before=before, **_why(note))


def _become_responsible(doing: _Doing, manager_id: int) -> None:
    """A contact whom nobody had is this manager's from now on."""
    nobodys = (t.contacts.c.id == doing.conversation.contact_id, t.contacts.c.manager_id.is_(None))
    doing.connection.execute(sa.update(t.contacts).where(*nobodys).values(manager_id=manager_id))


def _give_to_team(doing: _Doing, team_id: int | None, note: int | None) -> None:
    if team_id == doing.conversation.team_id:
        return
    if team_id is not None and doing.connection.scalar(sa.select(t.teams.c.id).where(t.teams.c.id == team_id)) is None:
        raise Invalid("team", f"There is no team {team_id}")
    doing.set(team_id=team_id)
    doing.set_task(team_id=team_id)
    doing.note("conversation.queued", team_id=team_id, before=doing.conversation.team_id, **_why(note))


def _why(note: int | None) -> dict[str, int]:
    return {} if note is None else {"note_id": note}


def _label(doing: _Doing, labels: Sequence[str]) -> None:
    found = list(dict.fromkeys(labels))
    if found != doing.conversation.labels:
        put(doing.connection, doing.conversation.id, found)
        doing.note("conversation.labelled", labels=found)


def _end_bot(doing: _Doing) -> None:
    """A person has it: the bot is silent from now on."""
    doing.set(bot=False)
    doing.connection.execute(sa.delete(t.flow_sessions).where(t.flow_sessions.c.conversation_id == doing.conversation.id))


def require_colleague(connection: sa.Connection, manager_id: int, field: str) -> None:
    """Raises Invalid unless this is somebody who can be given work: here, and allowed to answer."""
    m = t.managers.c
    role = connection.scalar(sa.select(m.role).where(m.id == manager_id, m.disabled_at.is_(None)))
    if role is None:
        raise Invalid(field, f"There is no manager {manager_id}")
    if Right.CONVERSATIONS_WRITE not in rights(role):
        raise Invalid(field, f"Somebody with the role {role} does not answer customers")
