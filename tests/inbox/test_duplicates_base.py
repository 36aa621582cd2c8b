"""A look through everybody: what is found among tricky names is written down here, and a crowd of namesakes costs no more."""

from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.card.rounds import Run
from inbox.duplicates import blocks, finding, through
from inbox.duplicates.likeness import CROWD, Card, Likeness, compare
from inbox.store import bulk
from tests.inbox.conftest import START

PEOPLE: dict[str, tuple[str, ...]] = {
    "anna": ("Анна Кузнецова", "+79161234567"),
    "anna latin": ("Anna Kuznetsova", "anna.kuznetsova@gmail.com"),
    "anna dots": ("Kuznetsova Anna", "annakuznetsova@gmail.com"),
    "anna elsewhere": ("Анна Кузнецова", "+79859990011", "Казань"),
    "anna eight": ("Кузнецова А.", "89161234567"),
    "anya": ("Аня Кузнецова", "+79161234576"),
    "alena": ("Алёна Фёдорова", "+79031112233"),
    "alena e": ("Алена Федорова", "fedorova@example.com"),
    "alena slip": ("Алена Федарова", "+79031112234"),
    "julia": ("Юлия Щукина", "julia.s@yandex.ru"),
    "julia latin": ("Julia Shchukina", "julia-s@ya.ru"),
    "julia mixed": ("Iuliia Schukina", ""),
    "father": ("Пётр Орлов", "+79990001122"),
    "son": ("Иван Орлов", "+79990001122"),
    "petr": ("Петр Орлов", "petr.orlov@mail.ru"),
    "petr slip": ("Петр Орлов", "petr.orlov@mial.ru"),
    "born": ("Егор Белов", "", "", "1990-05-17"),
    "born same": ("Белов Егор", "", "", "1990-05-17"),
    "born other": ("Егор Белов", "", "", "1971-02-03"),
    "john": ("John Smith", "john.smith@example.com"),
    "jon": ("Jon Smith", "jon.smith@example.com"),
    "smith": ("Smith, John", "+442071838750"),
    "office": ("Mary Poppins", "info@example.com"),
    "office too": ("George Banks", "info@example.org"),
    "nameless": ("", "+79507776655"),
    "nameless too": ("", "89507776655"),
    "ivan": ("Иван", "+79220001111"),
    "ivan too": ("Иван", "ivan@example.com"),
    "short": ("Li Wu", "+8613800138000"),
    "short too": ("Wu Li", "+8613800138001"),
    "claimant": ("Кто-то", "", "", "", "+79161234567"),
    "claimant too": ("Кто то", "", "", "", "+79161234567"),
    "emoji": ("✨Вера✨ Ким", "vera.kim@example.com"),
    "emoji plain": ("Вера Ким", "vera.kin@example.com"),
    "sasha": ("Саша Попов", "+79630000001"),
    "alexander": ("Александр Попов", "sasha.popov@example.com"),
    "both halves": ("Олег Жуков", "+79123456789"),
    "both halves too": ("Олег Жуков", "+79123465789"),
    "zhukov": ("Oleg Zhukov", "+79123456798"),
    "dots": ("Нина", "n.i.na@gmail.com"),
    "dots slip": ("Нина", "n.i.na@gmial.com"),
    "dots elsewhere": ("Нина", "nina@example.com"),
}
"""Name, address, city, birthday, and an address that is another's, said to be theirs."""
PAIRS = {
    ("alena", "alena e"): 55,
    ("alena", "alena slip"): 55,
    ("anna dots", "anna elsewhere"): 55,
    ("anna latin", "anna dots"): 100,
    ("anna latin", "anna elsewhere"): 55,
    ("anna", "anna dots"): 55,
    ("anna", "anna eight"): 70,
    ("anna", "anna latin"): 55,
    ("anna", "anya"): 60,
    ("born", "born same"): 75,
    ("both halves", "both halves too"): 70,
    ("both halves", "zhukov"): 70,
    ("claimant", "claimant too"): 55,
    ("dots", "dots slip"): 55,
    ("emoji", "emoji plain"): 65,
    ("father", "petr slip"): 55,
    ("father", "petr"): 55,
    ("john", "smith"): 55,
    ("julia latin", "julia mixed"): 55,
    ("julia", "julia latin"): 100,
    ("julia", "julia mixed"): 55,
    ("nameless", "nameless too"): 60,
    ("petr", "petr slip"): 85,
    ("short", "short too"): 70,
}
"""Who are shown as likely duplicates, and how likely."""


def add(connection: sa.Connection, people: Sequence[tuple[str, ...]]) -> None:
    contacts: list[dict[str, Any]] = []
    identities: list[dict[str, Any]] = []
    claims: list[dict[str, Any]] = []
    for n, (name, address, city, birthday, claim) in enumerate(((*each, "", "", "", "", "")[:5] for each in people), 1):
        contacts.append({"id": n, "number": f"C-{n}", "name": name, "source": "test", "created_at": START, "birthday": birthday})
        contacts[-1] |= {"fields": {"city": city}}
        kind = "email" if "@" in address else "phone"
        if address and (kind, address) not in {(each["kind"], each["address"]) for each in identities}:
            row = {"contact_id": n, "kind": kind, "address": address, "created_at": START}
            identities.append(row | {"id": n, "verified": True})
        elif address:
            claims.append({"contact_id": n, "kind": kind, "address": address, "created_at": START})
        if claim:
            claims.append({"contact_id": n, "kind": "phone", "address": claim, "created_at": START})
    for table, rows in ((t.contacts, contacts), (t.identities, identities), (t.identity_claims, claims)):
        if rows:
            connection.execute(sa.insert(table), rows)


def look(connection: sa.Connection) -> Run:
    number = through.begin(connection, START, None)
    while (run := through.step(connection, START, number)).finished_at is None:
        continue
    return run


def found(connection: sa.Connection) -> dict[tuple[str, str], int]:
    d, names = t.duplicates.c, list(PEOPLE)
    rows: Any = connection.execute(sa.select(d.low_id, d.high_id, d.score).where(d.state == "open"))
    return {(names[low - 1], names[high - 1]): score for low, high, score in rows}


@pytest.mark.parametrize("page", [1, 7, 1000])
def test_the_same_pairs_are_found_whatever_the_page(
    connection: sa.Connection, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(through, "PAGE", page)
    add(connection, [*PEOPLE.values()])
    run = look(connection)
    assert found(connection) == PAIRS
    assert (run.looked, run.found) == (len(PEOPLE), len(PAIRS))
    assert look(connection).found == 0 and found(connection) == PAIRS, "a second look finds the same"


@pytest.mark.parametrize(
    "crowd",
    [
        pytest.param(("Иван",), id="a first name"),
        pytest.param(("Иван Иванов",), id="a full name"),
        pytest.param(("", "", "", "", "+74950000000"), id="one address that all are said to have"),
    ],
)
def test_a_crowd_is_not_compared_with_itself(
    connection: sa.Connection, monkeypatch: pytest.MonkeyPatch, crowd: tuple[str, ...]
) -> None:
    compared = []

    def counted(one: Card, other: Card) -> Likeness:
        compared.append((one.id, other.id))
        return compare(one, other)

    monkeypatch.setattr(finding, "compare", counted)
    monkeypatch.setattr(through, "PAGE", 20)
    add(connection, [("Пётр Орлов", "+74950000000"), ("Petr Orlov", "+74950000009"), *[crowd] * 200])
    run = look(connection)
    assert run.found >= 1 and run.looked == 202
    assert len(compared) <= 1 + CROWD * CROWD, "two hundred namesakes make twenty thousand pairs"


def test_an_address_that_everybody_is_said_to_have_is_not_gathered(
    connection: sa.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = [0]

    def counted(*given: Any) -> Any:
        rows = fetch(*given)
        read[0] += len(rows)
        return rows

    fetch = bulk.fetch
    add(connection, [("", "", "", "", "+74950000000")] * 200)
    monkeypatch.setattr(bulk, "fetch", counted)
    assert blocks.pairs(connection, range(1, 21)) == set()
    assert read[0] <= CROWD, "twenty who each meet two hundred others are four thousand rows"


def test_what_is_kept_follows_the_card(connection: sa.Connection) -> None:
    add(connection, [("Анна Кузнецова", "+79161234567"), ("Анна Смирнова", "+79161234567x")])
    look(connection)
    kept = sa.select(t.duplicate_keys.c.key).where(t.duplicate_keys.c.contact_id == 1)
    before = set(connection.scalars(kept))
    connection.execute(sa.update(t.contacts).where(t.contacts.c.id == 1).values(name="Анна Белова"))
    look(connection)
    after = set(connection.scalars(kept))
    assert len(before) == len(after) == 4 and len(before & after) == 1, "all but the number's own end hold the name"
    connection.execute(sa.update(t.contacts).where(t.contacts.c.id == 1).values(merged_into=2))
    finding.look(connection, START, [1])
    assert not list(connection.scalars(kept)), "a merged card is forgotten"
