"""Erase somebody, piece by piece: each piece and its mark in one transaction, so that a crash goes on where it was.

The first piece takes away the card, the addresses and everything that finds the person; after it there is no way back. The
others empty what was said. What becomes of which row stands in `inbox.leaving.matter`.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from inbox import live
from inbox import schema as t
from inbox.leaving import events, matter, raws, stops
from inbox.leaving.matter import FATES
from inbox.receive.forgotten import forgotten
from inbox.record import record
from inbox.search import index
from inbox.store import bulk
from inbox.views.cards import cards_of

BATCH = 500
"""Messages in one transaction: some thirty milliseconds, for which an operator's own writing waits at most."""

_e, _m, _a, _c, _v = t.erasures.c, t.messages.c, t.attachments.c, t.contacts.c, t.conversations.c
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NotYet(Exception):
    """Something of the person is on its way at this moment: look again in a moment. Nothing has changed."""


def due(connection: sa.Connection, now: datetime) -> list[int]:
    """Erasures to begin or to go on with, the one that was due first in front."""
    wanted = sa.select(_e.id).where(_e.state.in_(("asked", "running")), _e.due_at <= now)
    return list(connection.scalars(wanted.order_by(_e.due_at, _e.id).limit(100)))


def row_of(connection: sa.Connection, erasure_id: int) -> Any:
    return connection.execute(sa.select(t.erasures).where(_e.id == erasure_id)).one()


def step(connection: sa.Connection, now: datetime, key: str, erasure_id: int) -> bool:
    """The next piece. False when all is done, or nobody wants it any more. Raises NotYet."""
    row = connection.execute(sa.select(t.erasures).where(_e.id == erasure_id).with_for_update()).one()
    if row.state not in ("asked", "running") or row.due_at > now:
        return False
    with _zeroing(connection):
        if row.state == "asked":
            _take_card(connection, now, key, row)
            return True
        finished, place, traces = STEPS[row.step](connection, now, key, row)
        values: dict[str, Any] = {"place": place, "traces": traces}
        if finished:
            following = _ORDER[_ORDER.index(row.step) + 1 :]
            values |= {"step": following[0], "place": 0} if following else _done(connection, now, row)
        connection.execute(sa.update(t.erasures).where(_e.id == row.id).values(values))
    return "state" not in values


@contextmanager
def _zeroing(connection: sa.Connection) -> Iterator[None]:
    """SQLite writes zeros over what is removed meanwhile."""
    if connection.dialect.name != "sqlite":
        yield
        return
    connection.exec_driver_sql("PRAGMA secure_delete=ON")
    try:
        yield
    finally:
        connection.exec_driver_sql("PRAGMA secure_delete=OFF")


def _take_card(connection: sa.Connection, now: datetime, key: str, row: Any) -> None:
    """Everything that finds the person, and what they look like."""
    cards = cards_of(connection, row.contact_id)
    _call_back(connection, cards)
    traces = raws.traces(connection, cards)
    stops.remember(connection, now, key, cards)
    connection.execute(sa.update(t.erasures).where(_e.id == row.id).values(
        state="running", started_at=now, step=_ORDER[0], place=0, traces=traces | {"cards": cards},
    ))  # fmt: skip
    _skip_broadcasts(connection, now, cards)
    _forget_likeness(connection, cards, traces["addresses"])
    connection.execute(sa.update(t.tasks).where(t.tasks.c.contact_id.in_(cards), t.tasks.c.done_at.is_(None)).values(done_at=now))
    mine = sa.select(_v.id).where(_v.contact_id.in_(cards))
    matter.apply(connection, "conversation_id", mine)
    matter.apply(connection, "contact_id", cards)
    _close(connection, now, cards)
    for contact_id in cards:
        values = {**FATES["contacts"].values, "number": f"erased-{contact_id}", "erased_at": now}
        connection.execute(sa.update(t.contacts).where(_c.id == contact_id).values(values))
        live.tell(connection, "contact", contact_id=contact_id)
    index.forget(connection, "people", cards)
    live.tell(connection, "counts")


def _call_back(connection: sa.Connection, cards: Sequence[int]) -> None:
    """What waits to be sent will not be; what is being sent this very moment is waited for."""
    mine = _m.conversation_id.in_(sa.select(_v.id).where(_v.contact_id.in_(cards)))
    if connection.scalar(sa.select(_m.id).where(mine, _m.state == "sending").limit(1)) is not None:
        raise NotYet
    failed = {"state": "failed", "code": "erased", "try_at": None, "send_at": None}
    connection.execute(sa.update(t.messages).where(mine, _m.state == "queued").values(failed))


def _skip_broadcasts(connection: sa.Connection, now: datetime, cards: Sequence[int]) -> None:
    """Who waits in a ledger is passed over, who was queued did not get it."""
    r = t.recipients.c
    for before, after in (("waiting", "skipped"), ("queued", "failed")):
        mine = (r.contact_id.in_(cards), r.state == before)
        connection.execute(sa.update(t.recipients).where(*mine).values(state=after, changed_at=now))


def _forget_likeness(connection: sa.Connection, cards: Sequence[int], addresses: Sequence[str]) -> None:
    """What compared the card with others, what merges moved, codes that were sent, and rows of files that were wrong."""
    d, g, w, i = t.duplicates.c, t.merges.c, t.merge_rows.c, t.import_rows.c
    connection.execute(sa.delete(t.duplicates).where(sa.or_(d.low_id.in_(cards), d.high_id.in_(cards))))
    merges = sa.or_(g.contact_id.in_(cards), g.merged_id.in_(cards))
    connection.execute(sa.delete(t.merge_rows).where(w.merge_id.in_(sa.select(g.id).where(merges))))
    connection.execute(sa.update(t.merges).where(merges).values(dict(FATES["merges"].values)))
    theirs = sa.select(t.identities.c.id).where(t.identities.c.contact_id.in_(cards))
    connection.execute(sa.delete(t.identity_checks).where(t.identity_checks.c.identity_id.in_(theirs)))
    connection.execute(sa.delete(t.identity_claims).where(t.identity_claims.c.address.in_(addresses)))
    cells = sa.cast(i.cells, sa.Text)
    for address in addresses:
        if len(address) >= raws.SHORTEST:
            wrong = (i.outcome == "wrong", cells.contains(address, autoescape=True))
            connection.execute(sa.delete(t.import_rows).where(*wrong))


def _close(connection: sa.Connection, now: datetime, cards: Sequence[int]) -> None:
    """Their conversations are over, and say nothing any more; who had them and when stays."""
    mine = _v.contact_id.in_(cards)
    over = {"status": "closed", "heard_at": None, "waiting_since": None, "answer_due": None, "snoozed_until": None, "unread": 0}
    connection.execute(sa.update(t.conversations).where(mine, _v.status != "closed").values(closed_at=now))
    token = sa.literal("erased-") + sa.cast(_v.id, sa.Text)
    connection.execute(sa.update(t.conversations).where(mine).values(**over, **FATES["conversations"].values, token=token))


_KEEP_ID = sa.update(t.messages).where(_m.id == sa.bindparam("message")).values(external_id=sa.bindparam("hash"))

Progress = tuple[bool, int, Any]
"""(whether this step is finished, the mark, the traces)"""


def _messages(connection: sa.Connection, now: datetime, key: str, row: Any) -> Progress:
    """The next messages by their time. Those of the same moment go together."""
    cards, since = row.traces["cards"], _EPOCH + timedelta(microseconds=row.place)
    bound: datetime | None = None
    for card in cards:
        mine = sa.select(_m.at).where(_m.contact_id == card, _m.at >= since).order_by(_m.at, _m.id)
        last = connection.scalar(mine.offset(BATCH - 1).limit(1))
        bound = last if bound is None or (last is not None and last < bound) else bound
    until = [_m.at <= bound] if bound is not None else []
    ids = list(connection.scalars(sa.select(_m.id).where(_m.contact_id.in_(cards), _m.at >= since, *until)))
    for start in range(0, len(ids), BATCH):
        _empty(connection, key, row.id, ids[start : start + BATCH])
    connection.execute(sa.update(t.erasures).where(_e.id == row.id).values(messages=_e.messages + len(ids)))
    place = row.place if bound is None else round((bound - _EPOCH) / timedelta(microseconds=1)) + 1
    return bound is None, place, row.traces


def _empty(connection: sa.Connection, key: str, erasure_id: int, ids: Sequence[int]) -> None:
    """What these messages said, wherever it stands."""
    rows = connection.execute(sa.select(_m.channel_id, _m.external_id, _m.raw_id).where(_m.id.in_(ids))).all()
    kept = _hashed(connection, key, ids)
    for channel_id in {row.channel_id for row in rows}:
        loose = t.loose_statuses.c
        names = [row.external_id for row in rows if row.channel_id == channel_id and row.external_id]
        connection.execute(sa.delete(t.loose_statuses).where(loose.channel_id == channel_id, loose.external_id.in_(names)))
    raws.empty(connection, sorted({row.raw_id for row in rows if row.raw_id is not None}))
    files = connection.execute(sa.select(_a.id, _a.sha256).where(_a.message_id.in_(ids))).all()
    _note_files(connection, erasure_id, {row.sha256 for row in files if row.sha256})
    matter.apply(connection, "message_id", ids)
    events.empty_of_messages(connection, ids)
    connection.execute(sa.update(t.messages).where(_m.id.in_(ids)).values(dict(FATES["messages"].values)))
    bulk.execute(connection, _KEEP_ID, [{"message": row["message_id"], "hash": row["external_id"]} for row in kept[0]])
    bulk.insert(connection, t.message_parts, kept[1])
    index.forget(connection, "messages", ids)
    index.forget(connection, "files", [row.id for row in files])


def _hashed(connection: sa.Connection, key: str, ids: Sequence[int]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What stays of the provider's ids of these messages, and of their further parts: what comes once more is nobody's."""
    p = t.message_parts.c
    own = sa.select(_m.id.label("message_id"), _m.channel_id, _m.external_id, _m.thread)
    parts = sa.select(p.message_id, p.channel_id, p.external_id, p.thread).where(p.message_id.in_(ids))
    own = own.where(_m.id.in_(ids), _m.external_id.is_not(None))
    return _forgotten(key, connection.execute(own).all()), _forgotten(key, connection.execute(parts).all())


def _forgotten(key: str, rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {"message_id": row.message_id, "channel_id": row.channel_id, "thread": ""}
        | {"external_id": forgotten(key, row.channel_id, row.external_id, row.thread)}
        for row in rows
    ]


def _note_files(connection: sa.Connection, erasure_id: int, hashes: set[str]) -> None:
    f = t.files.c
    hashes |= set(connection.scalars(sa.select(f.thumbnail).where(f.sha256.in_(hashes), f.thumbnail.is_not(None))))
    x = t.erased_files.c
    known = set(connection.scalars(sa.select(x.sha256).where(x.erasure_id == erasure_id, x.sha256.in_(hashes))))
    if rows := [{"erasure_id": erasure_id, "sha256": each} for each in sorted(hashes - known)]:
        connection.execute(sa.insert(t.erased_files), rows)


def _events(connection: sa.Connection, now: datetime, key: str, row: Any) -> Progress:
    return events.empty(connection, row.place, row.traces)


def _raws(connection: sa.Connection, now: datetime, key: str, row: Any) -> Progress:
    return raws.search(connection, row.place, row.traces)


def _undo_steps(connection: sa.Connection, now: datetime, key: str, row: Any) -> Progress:
    """Nobody goes back to what stood in an erased conversation."""
    s = t.undo_steps.c
    mine = set(connection.scalars(sa.select(_v.id).where(_v.contact_id.in_(row.traces["cards"]))))
    rows = connection.execute(sa.select(s.id, s.data).where(s.id > row.place).order_by(s.id).limit(BATCH)).all()
    found = [each.id for each in rows if mine & set(_numbers(each.data))]
    connection.execute(sa.delete(t.undo_steps).where(s.id.in_(found)))
    return len(rows) < BATCH, rows[-1].id if rows else row.place, row.traces


def _numbers(data: Any) -> Iterator[int]:
    """The conversations that a step was about."""
    yield from (number for number in data.get("conversations", ()) if isinstance(number, int))
    yield from (row["key"] for row in data.get("rows", ()) if row.get("table") == "conversations")
    yield from (data[name] for name in ("old", "new", "kept", "gone", "into") if isinstance(data.get(name), int))


def _files(connection: sa.Connection, now: datetime, key: str, row: Any) -> Progress:
    """The worker removes them between two steps (see `inbox.leaving.drain`)."""
    left = connection.scalar(sa.select(t.erased_files.c.sha256).where(t.erased_files.c.erasure_id == row.id).limit(1))
    return left is None, 0, row.traces


def _live(connection: sa.Connection, now: datetime, key: str, row: Any) -> Progress:
    """The worker has made Valkey forget what web chats were told."""
    return True, 0, row.traces


def _words(connection: sa.Connection, now: datetime, key: str, row: Any) -> Progress:
    """FTS5 keeps the words of a removed row until its parts are merged: all into one, some pages at a time."""
    if connection.dialect.name != "sqlite":
        return True, 0, row.traces
    table = ("search_messages", "search_people", "search_files")[row.place // 1_000_000]
    first = row.place % 1_000_000 == 0
    before = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    pages = -500 if first else 500
    connection.exec_driver_sql(f"INSERT INTO {table}({table}, rank) VALUES ('merge', {pages})")  # noqa: S608 a table of ours
    changed = connection.exec_driver_sql("SELECT total_changes()").scalar_one() - before
    if changed >= 2:
        return False, row.place + 1, row.traces
    place = (row.place // 1_000_000 + 1) * 1_000_000
    return place >= 3_000_000, place, row.traces


def _done(connection: sa.Connection, now: datetime, row: Any) -> dict[str, Any]:
    count = connection.scalar(sa.select(_e.messages).where(_e.id == row.id))
    actor: dict[str, Any] = {"actor_kind": "manager", "actor_id": row.asked_by} if row.asked_by else {}
    record(connection, now, "contact.erased", contact_id=row.contact_id, erasure=row.id, messages=count, **actor)
    live.tell(connection, "contact", contact_id=row.contact_id)
    compacted = {} if connection.dialect.name == "sqlite" else {"compacted_at": now}
    return {"state": "done", "done_at": now, "step": "", "place": 0, "traces": None, **compacted}


STEPS: dict[str, Callable[[sa.Connection, datetime, str, Any], Progress]] = {
    "messages": _messages,
    "events": _events,
    "raws": _raws,
    "undo": _undo_steps,
    "files": _files,
    "live": _live,
    "words": _words,
}
_ORDER = tuple(STEPS)
