"""Segments: what the language says is what the databases find, for every condition and for any mixture of them."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from inbox import schema as t
from inbox.refusals import Conflict, Invalid, NotFound
from inbox.segments import condition, use, walk
from inbox.segments.language import Filter

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
SENT = ("sent", "delivered", "read")


@dataclass(frozen=True, kw_only=True)
class Somebody:
    """A person as the rows below make them."""

    id: int
    tags: tuple[str, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)
    language: str | None = None
    manager: int | None = None
    category: str | None = None
    source: str = ""
    created: datetime = NOW - timedelta(days=400)
    reaches: tuple[dict[str, Any], ...] = ()
    got: tuple[tuple[int, str, datetime, str], ...] = ()
    """(channel, direction, at, state)"""
    broadcasts: tuple[tuple[int, str], ...] = ()
    lists: tuple[int, ...] = ()
    works: tuple[tuple[int, bool], ...] = ()
    """(organisation, no more)"""


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


PEOPLE = [
    Somebody(id=1, tags=("vip", "новый"), fields={"city": "Тула", "age": 40, "news": True}, language="ru", manager=1),
    Somebody(id=2, tags=("vip",), fields={"city": "tula", "age": 17.5, "cars": ["Lada", "ВАЗ"]}, language="en-GB", source="ad_1"),
    Somebody(id=3, works=((1, True),),
        fields={"city": "", "born": "1990-05-01", "cars": []}, language="en", created=ago(3), lists=(8,)),
    Somebody(id=4, fields={"age": "40", "news": False, "deep": {"city": "Тула"}}, manager=2, created=ago(29.9)),
    Somebody(id=5, fields={"odd.name $[0]": "x", "city": None, "age": 0}, language="pt-BR", source="u=ad_1&x", created=ago(30.1)),
    Somebody(id=6, reaches=({"channel": 1, "heard": ago(1)},), tags=("cold",), works=((1, False), (2, True))),
    Somebody(id=7, reaches=({"channel": 1, "heard": ago(40)}, {"channel": 2, "heard": None, "stopped": ago(2)})),
    Somebody(id=8, reaches=({"channel": 2, "heard": ago(5), "blocked": ago(4)},), got=((2, "out", ago(4), "failed"),)),
    Somebody(id=9, reaches=({"channel": 3, "heard": ago(5)},), got=((1, "out", ago(2), "read"), (2, "in", ago(1), ""))),
    Somebody(id=10, reaches=({"channel": 4, "heard": ago(5)},), got=((2, "out", ago(50), "delivered"),)),
    Somebody(id=11, reaches=({"channel": 1, "heard": ago(9), "marketing": ago(1)},), broadcasts=((5, "read"),), lists=(8, 9)),
    Somebody(id=12, broadcasts=((5, "sent"), (6, "skipped")), got=((1, "out", ago(1), "queued"),), language="ru", category="Б"),
    Somebody(id=13, category="A", works=((2, False),)),
]  # fmt: skip
CHANNELS = {1: ("sms", False), 2: ("email", False), 3: ("telegram", True), 4: ("sms", False)}
"""id -> (kind, switched off)"""


@pytest.fixture
def people(trial: sa.Connection) -> sa.Connection:
    """PEOPLE as rows, and one more who was merged into the first."""
    one = {"created_at": NOW}
    for number in (1, 2):
        row: dict[str, Any] = {"id": number, "email": f"{number}@example.com", "name": "M", "role": "operator"}
        trial.execute(sa.insert(t.managers).values(row | one))
    for number, (kind, off) in CHANNELS.items():
        row = {"id": number, "kind": kind, "name": kind, "settings": {}, "state": "disabled" if off else "ok"}
        trial.execute(sa.insert(t.channels).values(row | one))
    trial.execute(sa.update(t.channels).where(t.channels.c.id == 4).values(removed_at=NOW))
    for number in (8, 9):
        kept = {"version": 1, "match": {"kind": "list", "list": number}}
        trial.execute(sa.insert(t.segments).values(id=number, name=str(number), kind="list", filter=kept, **one))
    for number in (1, 2):
        row = {"id": number, "name": "o", "sort": "o", "fold": "o", "changed_at": NOW}
        trial.execute(sa.insert(t.organisations).values(row | one))
    for number in (5, 6):
        row = {"id": number, "name": "b", "body": "b", "tag": "vip", "state": "done"}
        trial.execute(sa.insert(t.broadcasts).values(row | one))
    for each in PEOPLE:
        _insert(trial, each)
    trial.execute(sa.insert(t.contacts).values(id=90, number="90", merged_into=1, created_at=NOW))
    trial.execute(sa.insert(t.contact_tags).values(contact_id=90, tag="vip"))
    return trial


def _insert(connection: sa.Connection, each: Somebody) -> None:
    row: dict[str, Any] = {
        "id": each.id,
        "number": str(each.id),
        "fields": each.fields,
        "language": each.language,
        "source": each.source,
    }
    row["category"] = each.category
    connection.execute(sa.insert(t.contacts).values(row | {"manager_id": each.manager, "created_at": each.created}))
    for tag in each.tags:
        connection.execute(sa.insert(t.contact_tags).values(contact_id=each.id, tag=tag))
    for way in each.reaches:
        row = {
            "channel_id": way["channel"],
            "address": str(each.id),
            "contact_id": each.id,
            "heard_at": way["heard"],
        }
        row |= {"stopped_at": way.get("stopped"), "blocked_at": way.get("blocked"), "marketing_stopped_at": way.get("marketing")}
        connection.execute(sa.insert(t.reaches).values(row))
    if each.got:
        row = {"id": each.id, "contact_id": each.id, "status": "closed", "channel_id": 1, "address": "", "token": str(each.id)}
        connection.execute(sa.insert(t.conversations).values(row | {"last_at": NOW, "opened_at": NOW}))
    for n, (channel, direction, at, state) in enumerate(each.got):
        row = {"id": each.id * 10 + n, "conversation_id": each.id, "contact_id": each.id, "channel_id": channel}
        row |= {"direction": direction, "author_kind": "bot", "state": state or None, "at": at, "created_at": at}
        connection.execute(sa.insert(t.messages).values(row))
    for broadcast, state in each.broadcasts:
        row = {"broadcast_id": broadcast, "contact_id": each.id, "state": state, "changed_at": NOW}
        connection.execute(sa.insert(t.recipients).values(row))
    for number in each.lists:
        connection.execute(sa.insert(t.segment_members).values(segment_id=number, contact_id=each.id, added_at=NOW))
    for n, (organisation, ended) in enumerate(each.works):
        row = {"id": each.id * 10 + n, "contact_id": each.id, "organisation_id": organisation, "ended": ended}
        connection.execute(sa.insert(t.employments).values(row | {"created_at": NOW, "changed_at": NOW}))


def made(match: dict[str, Any]) -> Filter:
    return Filter.model_validate({"version": 1, "match": match})


def found(connection: sa.Connection, match: dict[str, Any]) -> list[int]:
    return list(walk.members(connection, made(match), NOW, 0, 100).ids)


CASES: list[tuple[dict[str, Any], list[int]]] = [
    ({"kind": "tag", "tags": ["vip"]}, [1, 2]),
    ({"kind": "tag", "tags": ["новый", "cold"]}, [1, 6]),
    ({"kind": "tag", "tags": ["vip", "cold"], "not": True}, [3, 4, 5, 7, 8, 9, 10, 11, 12, 13]),
    ({"kind": "field", "name": "city", "op": "is", "value": "Тула"}, [1]),
    ({"kind": "field", "name": "city", "op": "contains", "value": "ул"}, [1]),
    ({"kind": "field", "name": "city", "op": "set"}, [1, 2]),
    ({"kind": "field", "name": "cars", "op": "set"}, [2]),
    ({"kind": "field", "name": "cars", "op": "is", "value": "ВАЗ"}, [2]),
    ({"kind": "field", "name": "cars", "op": "is", "value": "ВА"}, []),
    ({"kind": "field", "name": "news", "op": "is", "value": True}, [1]),
    ({"kind": "field", "name": "news", "op": "set"}, [1, 4]),
    ({"kind": "field", "name": "age", "op": "is", "value": 40}, [1]),
    ({"kind": "field", "name": "age", "op": "is", "value": "40"}, [1, 4]),
    ({"kind": "field", "name": "age", "op": "above", "value": 17.4}, [1, 2]),
    ({"kind": "field", "name": "age", "op": "below", "value": 18}, [2, 5]),
    ({"kind": "field", "name": "born", "op": "below", "value": "1990-05-02"}, [3]),
    ({"kind": "field", "name": "born", "op": "above", "value": "1990-05-01"}, []),
    ({"kind": "field", "name": "odd.name $[0]", "op": "is", "value": "x"}, [5]),
    ({"kind": "language", "languages": ["ru"]}, [1, 12]),
    ({"kind": "language", "languages": ["en", "pt"]}, [2, 3, 5]),
    ({"kind": "language", "languages": [None]}, [4, 6, 7, 8, 9, 10, 11, 13]),
    ({"kind": "manager", "managers": [1]}, [1]),
    ({"kind": "manager", "managers": [2, None], "not": True}, [1]),
    ({"kind": "category", "categories": ["A", "Б"]}, [12, 13]),
    ({"kind": "category", "categories": [None, "A"], "not": True}, [12]),
    ({"kind": "source", "op": "is", "value": "ad_1"}, [2]),
    ({"kind": "source", "op": "contains", "value": "ad_1"}, [2, 5]),
    ({"kind": "created", "days": 30}, [3, 4]),
    ({"kind": "created", "since": "2026-11-19"}, [3]),
    ({"kind": "wrote", "days": 30}, [6, 8, 9, 10, 11]),
    ({"kind": "wrote", "days": 30, "channel": 1}, [6, 11]),
    ({"kind": "sent", "days": 30}, [9]),
    ({"kind": "sent", "since": "2026-01-01"}, [9, 10]),
    ({"kind": "sent", "days": 300, "channel": 2}, [10]),
    ({"kind": "sent", "broadcast": 5}, [11, 12]),
    ({"kind": "read", "days": 30}, [9]),
    ({"kind": "read", "broadcast": 5}, [11]),
    ({"kind": "reachable"}, [6, 7]),
    ({"kind": "reachable", "channel": 2}, []),
    ({"kind": "reachable", "channel_kind": "sms"}, [6, 7]),
    ({"kind": "list", "list": 8}, [3, 11]),
    ({"kind": "organisation", "organisations": [1]}, [6]),
    ({"kind": "organisation", "organisations": [1, 2]}, [6, 13]),
    ({"kind": "organisation", "organisations": [1, 2], "past": True}, [3, 6]),
    ({"kind": "organisation", "organisations": [None], "not": True}, [6, 13]),
    ({"kind": "any", "of": [{"kind": "list", "list": 9}, {"kind": "tag", "tags": ["vip"]}]}, [1, 2, 11]),
    ({"kind": "all", "of": [{"kind": "sent", "broadcast": 5}, {"kind": "read", "broadcast": 5, "not": True}]}, [12]),
    ({"kind": "all", "not": True, "of": [{"kind": "created", "days": 500}]}, []),
]  # fmt: skip


@pytest.mark.parametrize(("match", "expected"), CASES, ids=[str(match) for match, _ in CASES])
def test_a_condition_finds_exactly_these(people: sa.Connection, match: dict[str, Any], expected: list[int]) -> None:
    assert found(people, match) == expected
    assert [each.id for each in PEOPLE if holds(made(match).match, each)] == expected, "the plain evaluation"


# --- any mixture, against a plain evaluation
def holds(c: Any, who: Somebody) -> bool:
    return _true(c, who) is not c.negated


def _true(c: Any, who: Somebody) -> bool:
    match c.kind:
        case "all":
            return all(holds(each, who) for each in c.of)
        case "any":
            return any(holds(each, who) for each in c.of)
        case "tag":
            return bool(set(c.tags) & set(who.tags))
        case "field":
            return _field(c, who.fields.get(c.name))
        case "language":
            return any(who.language is None if w is None else _speaks(who, w) for w in c.languages)
        case "manager":
            return who.manager in c.managers
        case "category":
            return who.category in c.categories
        case "source":
            return who.source == c.value if c.op == "is" else c.value in who.source
        case "list":
            return c.list in who.lists
        case "organisation":
            there = [number for number, ended in who.works if ended is c.past]
            return bool(set(there) & set(c.organisations)) or (None in c.organisations and not there)
        case _:
            return _behaves(c, who)


def _speaks(who: Somebody, wanted: str) -> bool:
    return who.language == wanted or (who.language or "").startswith(f"{wanted}-")


def _behaves(c: Any, who: Somebody) -> bool:
    match c.kind:
        case "created":
            return who.created >= _since(c)
        case "wrote":
            ways = [way for way in who.reaches if c.channel in (None, way["channel"])]
            return any(way["heard"] is not None and way["heard"] >= _since(c) for way in ways)
        case "reachable":
            return any(_open(c, way) for way in who.reaches)
        case _:
            states = ("read",) if c.kind == "read" else SENT
            if c.broadcast is not None:
                return any(b == c.broadcast and state in states for b, state in who.broadcasts)
            wanted = [g for g in who.got if c.channel in (None, g[0]) and g[1] == "out" and g[2] >= _since(c)]
            return any(state in states for *_, state in wanted)


def _since(c: Any) -> datetime:
    return NOW - timedelta(days=c.days) if c.days else datetime.combine(date.fromisoformat(c.since), time(), UTC)


def _open(c: Any, way: dict[str, Any]) -> bool:
    number = way["channel"]
    kind, off = CHANNELS[number]
    asked = c.channel in (None, number) and c.channel_kind in (None, kind)
    return asked and not off and number != 4 and not any(way.get(n) for n in ("stopped", "blocked", "marketing"))


def _field(c: Any, value: Any) -> bool:
    text = {True: "true", False: "false"}[value] if isinstance(value, bool) else value
    if c.op == "set":
        return value not in (None, "", [], {})
    if isinstance(value, list | dict | None):
        return c.op == "is" and isinstance(value, list) and c.value in value
    if c.op == "contains":
        return c.value in str(text)
    if isinstance(c.value, bool):
        return str(text) == str(c.value).lower()
    if isinstance(c.value, str):
        return {"is": str(text) == c.value, "above": str(text) > c.value, "below": str(text) < c.value}[c.op]
    if isinstance(value, bool | str):
        return False
    return bool({"is": value == c.value, "above": value > c.value, "below": value < c.value}[c.op])


def _leaf(kind: str, **parts: Any) -> Any:
    optional = {"not": st.just(True)}
    return st.fixed_dictionaries({"kind": st.just(kind)} | parts, optional=optional)


def _some(values: list[Any]) -> Any:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3)


_days, _names = st.sampled_from([1, 3, 5, 30, 60, 500]), st.sampled_from(["city", "age", "news", "cars", "born", "nothing"])
_channel = st.sampled_from([1, 2, 3, 4])
LEAVES = st.one_of(
    _leaf("tag", tags=_some(["vip", "новый", "cold", "none"])),
    _leaf("field", name=_names, op=st.just("is"), value=st.sampled_from(["Тула", "40", "ВАЗ", "true", 40, 17.5, 0, True, False])),
    _leaf("field", name=_names, op=st.just("contains"), value=st.sampled_from(["у", "4", "%", "a"])),
    _leaf("field", name=_names, op=st.sampled_from(["above", "below"]), value=st.sampled_from([17, 40, 0.5, "1990-05-01"])),
    _leaf("field", name=_names, op=st.just("set")),
    _leaf("language", languages=_some(["ru", "en", "pt", None])),
    _leaf("manager", managers=_some([1, 2, 3, None])),
    _leaf("category", categories=_some(["A", "Б", "C", None])),
    _leaf("source", op=st.sampled_from(["is", "contains"]), value=st.sampled_from(["ad_1", "adX1", "_"])),
    _leaf("created", days=_days),
    _leaf("wrote", days=_days),
    _leaf("wrote", days=_days, channel=_channel),
    _leaf("sent", days=_days),
    _leaf("read", days=_days, channel=_channel),
    _leaf("sent", broadcast=st.sampled_from([5, 6])),
    _leaf("reachable"),
    _leaf("reachable", channel=_channel),
    _leaf("reachable", channel_kind=st.sampled_from(["sms", "email", "telegram"])),
    _leaf("list", list=st.sampled_from([8, 9])),
    _leaf("organisation", organisations=_some([1, 2, None]), past=st.booleans()),
)


def _groups(inner: Any) -> Any:
    some = st.lists(inner, min_size=1, max_size=3)
    return _leaf("all", of=some) | _leaf("any", of=some)


GROUPS = st.recursive(LEAVES, _groups, max_leaves=6)


@given(match=GROUPS)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mixture_finds_whom_a_plain_evaluation_finds(people: sa.Connection, match: dict[str, Any]) -> None:
    wanted = made(match)
    assert Filter.model_validate(wanted.stored()) == wanted
    assert found(people, match) == [each.id for each in PEOPLE if holds(wanted.match, each)]


WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"kind": "tag", "tags": []}, "match.tag.tags", "at least 1"),
    ({"kind": "tag", "tags": ["a"], "extra": 1}, "match.tag.extra", "not permitted"),
    ({"kind": "wrote"}, "match.wrote", "either days or since"),
    ({"kind": "wrote", "days": 1, "since": "2026-01-01"}, "match.wrote", "either days or since"),
    ({"kind": "wrote", "days": 0}, "match.wrote.days", "greater than or equal to 1"),
    ({"kind": "wrote", "days": "3"}, "match.wrote.days", "valid integer"),
    ({"kind": "created", "since": "2026-02-30"}, "match.created.since", "day"),
    ({"kind": "sent", "broadcast": 1, "days": 1}, "match.sent", "one of days, since, broadcast"),
    ({"kind": "field", "name": "age", "op": "contains", "value": 4}, "match.field", "does not take"),
    ({"kind": "field", "name": "age", "op": "above"}, "match.field", "does not take"),
    ({"kind": "field", "name": "age", "op": "above", "value": "many"}, "match.field", "isoformat"),
    ({"kind": "field", "name": "age", "op": "set", "value": "x"}, "match.field", "does not take"),
    ({"kind": "field", "name": 'a"b', "op": "set"}, "match.field.name", "pattern"),
    ({"kind": "who"}, "match", "does not match any"),
    ({"kind": "all", "of": [{"kind": "tag", "tags": ["a"]}, {"kind": "language", "languages": ["?"]}]},
     "match.all.of.1.language.languages.0", "pattern"),
]  # fmt: skip


@pytest.mark.parametrize(("match", "place", "message"), WRONG, ids=[place for _, place, _ in WRONG])
def test_what_is_wrong_is_told_with_its_place(match: dict[str, Any], place: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        made(match)
    errors = {".".join(map(str, e["loc"])): e["msg"] for e in caught.value.errors()}
    assert list(errors) == [place]
    assert message in errors[place]


def test_filters_are_bounded() -> None:
    leaf = {"kind": "tag", "tags": ["a"]}
    deep: dict[str, Any] = leaf
    for _ in range(5):
        deep = {"kind": "all", "of": [deep]}
    many = {"kind": "all", "of": [{"kind": "any", "of": [leaf] * 30}] * 2}
    for wanted in (deep, many):
        with pytest.raises(ValidationError, match=r"at most|At most"):
            made(wanted)
    with pytest.raises(ValidationError):
        Filter.model_validate({"version": 2, "match": leaf})


def test_a_walk_goes_by_ranges_and_counts_on_from_where_time_ran_out(people: sa.Connection) -> None:
    wanted = made({"kind": "tag", "tags": ["vip", "cold"]})
    first = walk.members(people, wanted, NOW, 0, 100, span=4)
    second = walk.members(people, wanted, NOW, first.up_to, 100, span=4)
    assert (first.ids, first.up_to, first.done) == ((1, 2), 4, False)
    assert (second.ids, second.up_to, second.done) == ((6,), 8, False)
    assert walk.members(people, wanted, NOW, 0, 1, span=4) == walk.Slice(ids=(1,), up_to=1)
    assert walk.gathered(people, wanted, NOW, 0, 100) == walk.Slice(ids=(1, 2, 6), up_to=walk.SPAN, done=True)


def test_a_count_stops_when_its_time_is_over_and_goes_on(people: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "SPAN", 2)
    monkeypatch.setattr(walk, "FIRST", 2)
    monkeypatch.setattr(walk, "WIDEST", 2)
    ticks = iter(range(1000))
    wanted, total, after, asked = made({"kind": "tag", "tags": ["vip", "cold"]}), 0, 0, 0
    sample: tuple[int, ...] = ()
    while True:
        part = walk.count(people, wanted, NOW, after, clock=lambda: float(next(ticks)))
        total, after, asked, sample = total + part.count, part.up_to, asked + 1, sample + part.sample
        if part.done:
            break
    assert (total, sample) == (3, (1, 2, 6))
    assert asked == 45, "one range of two each time, up to the person with the number 90"


def test_a_segment_is_kept_changed_and_removed(people: sa.Connection) -> None:
    number = use.add(people, NOW, 1, name="VIP", tag="vip")
    assert use.load(people, number) == made({"kind": "tag", "tags": ["vip"]})
    use.change(people, NOW, 1, number, {"name": "Cold", "filter": made({"kind": "tag", "tags": ["cold"]})})
    assert walk.members(people, use.load(people, number), NOW, 0, 9).ids == (6,)
    with pytest.raises(Conflict):
        use.add(people, NOW, 1, name="Cold", tag="vip")
    with pytest.raises(Conflict):
        use.put(people, NOW, 1, number, [1])
    use.remove(people, NOW, 1, number)
    with pytest.raises(NotFound):
        use.load(people, number)
    assert use.add(people, NOW, 1, name="Cold", tag="vip") != number


def test_a_list_is_filled_and_emptied_by_hand(people: sa.Connection) -> None:
    number = use.add(people, NOW, 1, name="Guests", contacts=[3, 1, 3])
    use.put(people, NOW, 1, number, [5, 1])
    use.take_off(people, NOW, 1, number, [3, 77])
    assert walk.members(people, use.load(people, number), NOW, 0, 9).ids == (1, 5)
    for wrong in (90, 12345):
        with pytest.raises(Invalid, match="contacts"):
            use.put(people, NOW, 1, number, [wrong])
    with pytest.raises(Conflict):
        use.change(people, NOW, 1, number, {"filter": made({"kind": "tag", "tags": ["vip"]})})
    with pytest.raises(Invalid, match="There is no list"):
        use.add(people, NOW, 1, name="Of a filter", found=made({"kind": "list", "list": 999}))


def test_another_table_is_narrowed_down_by_a_segment(people: sa.Connection) -> None:
    number = use.add(people, NOW, 1, name="Read it", found=made({"kind": "read", "days": 30}))
    c = t.conversations.c
    query = sa.select(c.contact_id).where(condition(people, number, NOW, c.contact_id)).order_by(c.contact_id)
    assert list(people.scalars(query)) == [9]
    joined = sa.select(t.contacts.c.id).join(t.conversations, c.contact_id == t.contacts.c.id)
    assert list(people.scalars(joined.where(condition(people, number, NOW)))) == [9]
