"""What texts and bots can name of a card, and where what a bot was told comes to stand."""

from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.actions import contacts
from inbox.card import told
from tests.inbox.conftest import START

HOME = {"label": "home", "text": "Tula, Lenina 1"}
WORK = {"label": "work", "text": "Tula, Mira 2"}

DACHA = {"label": "дача", "text": "Zaoksky 3"}
BORIS = 1


@pytest.fixture
def anna(trial: sa.Connection) -> int:
    """A card that only machines have written."""
    row = {"id": BORIS, "email": "b@example.com", "name": "Boris", "role": "operator", "created_at": START}
    trial.execute(sa.insert(t.managers), row)
    number = contacts.add(trial, START, BORIS, {})
    known = {"name": "Anna", "fields": {"size": "m"}, "addresses": [HOME]}
    trial.execute(sa.update(t.contacts).values(**known, edited={}))
    return number


def row_of(connection: sa.Connection, contact: int) -> Any:
    return connection.execute(sa.select(t.contacts).where(t.contacts.c.id == contact)).one()


def test_a_text_can_name_all_that_is_known_and_nothing_else(trial: sa.Connection, anna: int) -> None:
    card = told.of(trial, anna)
    assert set(card) == {"name", "number", "size", "home_address"}
    assert (card["home_address"], card["size"], card["greeting"]) == (HOME["text"], "m", "Anna")


CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("a field", {"city": "Tula"}, {"fields": {"size": "m", "city": "Tula"}}),
    ("a field is taken away", {"size": None}, {"fields": {}}),
    ("nothing new", {"size": "m"}, {}),
    ("a new address", {"work_address": WORK["text"]}, {"addresses": [HOME, WORK]}),
    ("another home", {"home_address": "Orel"}, {"addresses": [{"label": "home", "text": "Orel"}]}),
    ("two addresses", {"work_address": WORK["text"], "дача_address": DACHA["text"]}, {"addresses": [HOME, WORK, DACHA]}),
    ("a birthday", {"birthday": "1990-05-17"}, {"birthday": "1990-05-17"}),
    ("no birthday", {"birthday": "soon"}, {"fields": {"size": "m", "birthday": "soon"}}),
    ("a birthday to come", {"birthday": "2190-05-17"}, {"fields": {"size": "m", "birthday": "2190-05-17"}}),
    ("a time zone", {"timezone": "Asia/Omsk"}, {"timezone": "Asia/Omsk"}),
    ("no time zone", {"timezone": "Omsk"}, {"fields": {"size": "m", "timezone": "Omsk"}}),
    ("a category", {"category": "A"}, {"category": "A"}),
    ("no category", {"category": "best"}, {"fields": {"size": "m", "category": "best"}}),
    ("the name again", {"name": "Anna"}, {}),
    ("the same address again", {"home_address": HOME["text"]}, {}),
    ("an address without a label", {"_address": "Orel"}, {"fields": {"size": "m", "_address": "Orel"}}),
    ("an endless label", {f"{'x' * 41}_address": "Orel"}, {"fields": {"size": "m", f"{'x' * 41}_address": "Orel"}}),
    ("a name", {"name": "Anna Maria"}, {"name": "Anna Maria"}),
    ("an endless name", {"name": "A" * 500}, {"name": "A" * 200}),
]  # fmt: skip


@pytest.mark.parametrize(("label", "heard", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_was_told_goes_where_it_belongs(
    trial: sa.Connection, anna: int, label: str, heard: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert told.placed(trial, START, row_of(trial, anna), heard) == expected


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ({"name": "Anna K."}, {"name": "A"}),
        ({"addresses": [HOME | {"text": "Orel"}]}, {"home_address": "Tula"}),
        ({"fields": {"size": "l"}}, {"size": "s"}),
        ({"birthday": "1990-05-17"}, {"birthday": "1991-05-17"}),
    ],
)
def test_what_a_person_wrote_stays(trial: sa.Connection, anna: int, written: dict[str, Any], heard: dict[str, Any]) -> None:
    contacts.change(trial, START, BORIS, anna, written)
    changed = told.placed(trial, START, row_of(trial, anna), heard)
    assert changed.get("addresses", row_of(trial, anna).addresses) == row_of(trial, anna).addresses
    assert set(changed) <= {"addresses"}


def test_a_label_that_nobody_wrote_stands_beside_those_of_a_person(trial: sa.Connection, anna: int) -> None:
    contacts.change(trial, START, BORIS, anna, {"addresses": [HOME | {"text": "Orel"}]})
    heard = told.placed(trial, START, row_of(trial, anna), {"work_address": WORK["text"]})
    assert heard["addresses"] == [HOME | {"text": "Orel"}, WORK]
