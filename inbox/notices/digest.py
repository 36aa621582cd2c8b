"""Digests: to whom one is due, what it says, and that there is one an interval. Written down before anything is sent."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.notices.attention import Waits, attention
from inbox.notices.given import Overdue, assigned, overdue
from inbox.notices.settings import INSERT, Wanted, slot, wanted

AT_DESK = timedelta(minutes=15)
"""Without Redis nobody knows who is here; whose browser asked for something so lately is."""
INTERRUPTED = timedelta(minutes=10)
"""A digest that was begun so long ago was not finished: it may have been sent."""
PAUSES = (timedelta(minutes=2), timedelta(minutes=10), timedelta(minutes=30))
KEPT = timedelta(days=60)
KINDS = ("mention", "late", "assigned", "request", "reply")
"""What a digest tells of, in its order. The unassigned of a team are nobody's to be mailed."""

_d, _n, _m = t.digests.c, t.notice_settings.c, t.managers.c


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A digest to be looked at: whose, for which interval. `tried`: how often the server did not take it."""

    manager_id: int
    slot: datetime
    timezone: str
    tried: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A digest that was written down and is now to be sent, by whoever wrote it down."""

    manager_id: int
    slot: datetime
    email: str
    name: str
    language: str
    timezone: str
    waits: Sequence[Waits]
    tasks: Sequence[Overdue] = ()


def due(connection: sa.Connection, now: datetime, timezone: str) -> list[Due]:
    """Those whose interval began without their digest having been looked at, and those to be tried again."""
    on = (_n.digest != "off", _m.disabled_at.is_(None))
    rows = connection.execute(sa.select(t.notice_settings).join(t.managers, _m.id == _n.manager_id).where(*on)).all()
    begun = [_begun(row.manager_id, wanted(row, timezone), now) for row in rows]
    known = _known(connection, begun)
    found = [(each, known.get((each.manager_id, each.slot))) for each in begun]
    return [
        each if row is None else replace(each, tried=row.tries)
        for each, row in found
        if row is None or (row.state == "waiting" and row.try_at <= now)
    ]


def _begun(manager_id: int, said: Wanted, now: datetime) -> Due:
    return Due(manager_id=manager_id, slot=slot(said.digest, said.digest_at, said.timezone, now), timezone=said.timezone)


def _known(connection: sa.Connection, begun: Sequence[Due]) -> dict[tuple[int, datetime], Any]:
    """What became of these so far, by person and interval."""
    if not begun:
        return {}
    mine = (_d.manager_id.in_([each.manager_id for each in begun]), _d.slot.in_({each.slot for each in begun}))
    rows = connection.execute(sa.select(_d.manager_id, _d.slot, _d.state, _d.tries, _d.try_at).where(*mine))
    return {(row.manager_id, row.slot): row for row in rows}


def begin(connection: sa.Connection, now: datetime, each: Due, here: bool | None) -> Letter | None:
    """Write down that this digest is being dealt with; what is to be sent. None: nothing is, or another has begun it.

    `here`: whether the person is online; None if that is not known.
    """
    at_desk = _asked_lately(connection, each.manager_id, now) if here is None else here
    since = _told_until(connection, each)
    waits = [one for one in attention(connection, each.manager_id, now) if one.kind in KINDS]
    waits += assigned(connection, each.manager_id, since)
    tasks = overdue(connection, each.manager_id, since, now)
    news = bool(tasks) or any(one.at > since for one in waits)
    state = "sending" if news and not at_desk else "here" if at_desk else "nothing"
    if not _claim(connection, now, each, state) or state != "sending":
        return None
    person = connection.execute(sa.select(_m.email, _m.name, _m.language).where(_m.id == each.manager_id)).one()
    return Letter(
        manager_id=each.manager_id, slot=each.slot, email=person.email, name=person.name, language=person.language,
        timezone=each.timezone, waits=_without_doubles(waits), tasks=tasks,
    )  # fmt: skip


def note(connection: sa.Connection, now: datetime, letter: Letter, state: str, error: str = "") -> None:
    """What became of it. `waiting`: the server certainly did not take it, try again; after several times it has failed."""
    values: dict[str, Any] = {"state": state, "at": now, "error": error[:500]}
    mine = _one(letter.manager_id, letter.slot)
    if state == "waiting":
        tries = connection.scalar(sa.select(_d.tries).where(*mine)) or 0
        values |= {"tries": tries + 1, "try_at": now + PAUSES[min(tries, len(PAUSES) - 1)]}
        values["state"] = "failed" if tries >= len(PAUSES) else "waiting"
    connection.execute(sa.update(t.digests).where(*mine).values(values))


def tidy(connection: sa.Connection, now: datetime) -> None:
    """What was interrupted may have been sent: never again. What is old is forgotten."""
    lost = (_d.state == "sending", _d.at < now - INTERRUPTED)
    connection.execute(sa.update(t.digests).where(*lost).values(state="unknown", error="The worker stopped while it was sent"))
    connection.execute(sa.delete(t.digests).where(_d.slot < now - KEPT))


def signature(key: str, manager_id: int) -> str:
    """The secret part of the link that stops somebody's digests."""
    return hmac.new(key.encode(), f"digest {manager_id}".encode(), hashlib.sha256).hexdigest()[:32]


def _claim(connection: sa.Connection, now: datetime, each: Due, state: str) -> bool:
    """Whether the row of this interval is ours."""
    again = sa.update(t.digests).where(*_one(each.manager_id, each.slot), _d.state == "waiting", _d.tries == each.tried)
    if connection.execute(again.values(state=state, at=now)).rowcount:
        return True
    row = {"manager_id": each.manager_id, "slot": each.slot, "state": state, "at": now}
    new = INSERT[connection.dialect.name](t.digests).values(row).on_conflict_do_nothing()
    return connection.scalar(new.returning(_d.slot)) is not None


def _told_until(connection: sa.Connection, each: Due) -> datetime:
    """What is older was in their last digest, or they were here."""
    told = (_d.manager_id == each.manager_id, _d.slot < each.slot, _d.state.in_(("sent", "unknown", "here")))
    last = connection.scalar(sa.select(sa.func.max(_d.at)).where(*told))
    return last or datetime.min.replace(tzinfo=UTC)


def _asked_lately(connection: sa.Connection, manager_id: int, now: datetime) -> bool:
    s = t.sessions.c
    seen = connection.scalar(sa.select(sa.func.max(s.seen_at)).where(s.manager_id == manager_id, s.revoked_at.is_(None)))
    return seen is not None and seen > now - AT_DESK


def _without_doubles(waits: Sequence[Waits]) -> list[Waits]:
    """A conversation once, under the first of its kinds."""
    kept: list[Waits] = []
    seen: set[int] = set()
    for one in sorted(waits, key=lambda each: KINDS.index(each.kind)):
        if one.conversation_id not in seen:
            seen.add(one.conversation_id)
            kept.append(one)
    return kept


def _one(manager_id: int, begun: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (_d.manager_id == manager_id, _d.slot == begun)
