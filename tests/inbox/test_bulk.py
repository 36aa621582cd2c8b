"""Many rows with one statement are the same rows as one by one."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.store import bulk
from inbox.store.within import within
from tests.inbox.conftest import START


def contact(number: int, **more: Any) -> dict[str, Any]:
    fields = {"text": 'ж "quoted" %s ? :x', "list": [1, None]}
    return {"id": number, "number": f"c{number}", "name": f"N{number}", "fields": fields, "created_at": START, **more}


@pytest.mark.parametrize("count", [0, 1, 2, 3, 63, 64, 65, 200])
def test_every_row_is_written_once_with_its_types_and_defaults(trial: sa.Connection, count: int) -> None:
    bulk.insert(trial, t.contacts, [contact(n, created_at=START + timedelta(microseconds=n)) for n in range(1, count + 1)])
    rows = trial.execute(sa.select(t.contacts).order_by(t.contacts.c.id)).all()
    assert [row.id for row in rows] == list(range(1, count + 1))
    for row in rows:
        assert row.fields == contact(row.id)["fields"] and row.created_at == START + timedelta(microseconds=row.id)
        assert (row.source, row.language) == ("", None)


def test_updates_with_bound_names_and_constants(trial: sa.Connection) -> None:
    bulk.insert(trial, t.contacts, [contact(n) for n in range(1, 4)])
    c = t.contacts.c
    change = sa.update(t.contacts).where(c.id == sa.bindparam("who")).values(name=sa.bindparam("told"), source="bulk")
    bulk.execute(trial, change, [{"who": 1, "told": "A"}, {"who": 3, "told": "C"}])
    rows = trial.execute(sa.select(c.name, c.source).order_by(c.id)).all()
    assert [tuple(row) for row in rows] == [("A", "bulk"), ("N2", ""), ("C", "bulk")]


def test_a_statement_is_used_again_with_other_columns(trial: sa.Connection) -> None:
    bulk.insert(trial, t.contacts, [contact(1)])
    bulk.insert(trial, t.contacts, [contact(2, language="ru")])
    assert trial.execute(sa.select(t.contacts.c.language).order_by(t.contacts.c.id)).scalars().all() == [None, "ru"]


def test_one_bad_row_writes_none(trial: sa.Connection) -> None:
    rows = [contact(n) for n in (1, 2, 3, 4, 5, 6, 7, 1)]
    with pytest.raises(sa.exc.IntegrityError), trial.begin_nested():
        bulk.insert(trial, t.contacts, rows)
    assert trial.scalar(sa.select(sa.func.count()).select_from(t.contacts)) == 0


@pytest.mark.parametrize(("wanted", "found"), [([], []), ([2], [2]), ([1, 3, 9, 3], [1, 3]), (list(range(40_000)), [1, 2, 3])])
def test_within_a_list_of_any_length(trial: sa.Connection, wanted: list[int], found: list[int]) -> None:
    bulk.insert(trial, t.contacts, [contact(n) for n in (1, 2, 3)])
    by_id = sa.select(t.contacts.c.id).where(within(t.contacts.c.id, "ids")).order_by(t.contacts.c.id)
    assert trial.execute(by_id, {"ids": wanted}).scalars().all() == found
    by_text = sa.select(t.contacts.c.id).where(within(t.contacts.c.number, "numbers")).order_by(t.contacts.c.id)
    assert trial.execute(by_text, {"numbers": [f"c{n}" for n in wanted[:99]]}).scalars().all() == found
