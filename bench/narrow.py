"""Lists of a full inbox narrowed to few of its people, and counts of segments, each beside the query a person would write."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bench.desk import Desk
from bench.fill import EACH, QUIET, moment
from bench.people import mobile, surname
from inbox import schema as t
from inbox import segments as inside
from inbox.segments import use
from inbox.views import lists, segments

LIMIT = 50
Way = tuple[Callable[[], Any], Callable[[], Any]]
"""Ours, and the bare query."""
_LISTED = "SELECT c.*, k.name FROM conversations c JOIN contacts k ON k.id = c.contact_id WHERE {} ORDER BY {} LIMIT 51"
_LIKE = "(k.name LIKE {part} OR k.id IN (SELECT contact_id FROM identities WHERE address LIKE {part}))"
_LAST, _WAIT = "c.last_at DESC, c.id DESC", "c.waiting_since, c.id"


def _now(desk: Desk) -> datetime:
    return moment(desk.count * EACH, desk.count) + timedelta(hours=1)


def _bare(desk: Desk, statement: str, part: str = "Тула") -> Callable[[], Any]:
    """`statement` with {part} in it for a text with anything on both sides."""
    mark = ":part" if desk.lite else "%(part)s"
    return lambda: desk.bare(statement.replace("{part}", mark), {"part": f"%{part}%"} if "{part}" in statement else {})


def _by(pick: Callable[[Desk], str]) -> Callable[[Desk], Way]:
    """The list of what was typed."""

    def way(desk: Desk) -> Way:
        q = pick(desk)
        wanted, statement = lists.Filter(q=q, statuses=()), _LISTED.format(_LIKE, _LAST)
        return lambda: lists.page(desk.connection, wanted, "last", None, LIMIT), _bare(desk, statement, q)

    return way


def _of_segment(match: dict[str, Any], by_hand: str) -> Callable[[Desk], Way]:
    def way(desk: Desk) -> Way:
        wanted, statement = lists.Filter(segment=(_kept(desk, match), _now(desk))), _LISTED.format(by_hand, _LAST)
        return lambda: lists.page(desk.connection, wanted, "last", None, LIMIT), _bare(desk, statement)

    return way


def _kept(desk: Desk, match: dict[str, Any]) -> int:
    """The segment, as the first round kept it."""
    name, s = f"bench {match['kind']}", t.segments.c
    known = desk.connection.scalar(sa.select(s.id).where(s.name == name))
    return int(known or use.add(desk.connection, _now(desk), None, name=name, found=_filter(match)))


def _filter(match: dict[str, Any]) -> inside.Filter:
    return inside.Filter.model_validate({"version": 1, "match": match})


def _waiting(desk: Desk) -> Way:
    here = f"c.channel_id = {QUIET} AND c.waiting_since IS NOT NULL AND c.status <> 'closed'"
    statement, wanted = _LISTED.format(here, _WAIT), lists.Filter(channel=QUIET, waiting=True)
    return lambda: lists.page(desk.connection, wanted, "waiting", None, LIMIT), _bare(desk, statement)


def _counted(match: dict[str, Any], by_hand: str) -> Callable[[Desk], Way]:
    """Ours is the first answer: an index's, or what a short while was enough to count."""

    def way(desk: Desk) -> Way:
        found, statement = _filter(match), f"SELECT count(*) FROM contacts k WHERE {by_hand}"
        return lambda: segments.count(desk.connection, found, _now(desk), None), _bare(desk, statement)

    return way


_TULA = "CAST(k.fields AS text) LIKE {part}"
_VIP = "k.id IN (SELECT contact_id FROM contact_tags WHERE tag = 'vip')"
NARROWED: tuple[tuple[str, Callable[[Desk], Way]], ...] = (
    ("of a surname", _by(lambda d: surname(2 * d.chance.randint(1, d.count // 2), d.words))),
    ("of a common name", _by(lambda d: d.chance.choice(("Анна", "Иван", "Carol")))),
    ("of a part of a phone", _by(lambda d: mobile(d.chance.randint(1, d.count))[-7:])),
    ("of nobody", _by(lambda d: "Абракадабра")),
    ("of a rare tag", _of_segment({"kind": "tag", "tags": ["vip"]}, _VIP)),
    ("of a rare field", _of_segment({"kind": "field", "name": "city", "op": "is", "value": "Тула"}, _TULA)),
    ("longest waiting in a channel that has few", _waiting),
)
COUNTED: tuple[tuple[str, Callable[[Desk], Way]], ...] = (
    ("tagged", _counted({"kind": "tag", "tags": ["vip"]}, _VIP)),
    ("a field", _counted({"kind": "field", "name": "city", "op": "is", "value": "Тула"}, _TULA)),
    ("reachable", _counted({"kind": "reachable"}, "k.id IN (SELECT contact_id FROM reaches WHERE stopped_at IS NULL)")),
    ("read something", _counted({"kind": "read", "days": 365},
        "EXISTS (SELECT 1 FROM messages m WHERE m.contact_id = k.id AND m.state = 'read')")),
)  # fmt: skip
