"""Search: what finds what, in both languages; and who finds it where, over HTTP."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from channels.events import MessageDeleted, MessageEdited
from inbox import schema as t
from inbox.search import asked, find, index, walk
from inbox.search.asked import ask, months
from inbox.search.find import Found, Wanted
from inbox.search.quote import quote
from inbox.search.words import to_index
from inbox.store import ids
from tests.inbox.conftest import START, Client
from tests.inbox.story import ANNA, BORIS, Story, person

FINDS: list[tuple[str, str, str]] = [
    ("the word itself", "Где мой заказ?", "заказ "),
    ("another case", "Где мои заказы?", "заказов "),
    ("another case still", "Нет доставки", "доставкой "),
    ("a verb", "Вы доставили не туда", "доставил "),
    ("ё as е", "Пришлите счёт", "счет "),
    ("е as ё", "Пришлите счет", "счёт "),
    ("capitals", "СРОЧНО", "срочно"),
    ("an English plural", "Where are my orders", "order "),
    ("an English form", "I was running late", "run "),
    ("the beginning of a word", "Где доставка", "дост"),
    ("the beginning of the last of several", "Где моя доставка", "моя дос"),
    ("words in any order", "красные туфли", "туфли красные "),
    ("an accent", "Le café est fermé", "cafe"),
    ("a word with a number", "Кабинет 12б", "12б"),
    ("a short number", "Заказ 4821", "4821"),
    ("a phone", "мой +7 (912) 345-67-89", "+79123456789"),
    ("a phone as Russians write it", "мой +7 (912) 345-67-89", "8 912 345 67 89"),
    ("a phone without its country", "мой 8 912 345 67 89", "9123456789"),
    ("the end of a phone", "мой +7 (912) 345-67-89", "67-89"),
    ("the middle of a phone", "мой +79123456789", "345678"),
    ("a date", "Приду 12.05.2026", "12.05.2026"),
    ("pieces that are no single number", "10, затем 20, затем 3000", "10 20 3000"),
    ("a mail address", "пишите на ivan.petrov@mail.example", "ivan.petrov@mail.example"),
    ("the beginning of a mail address", "пишите на ivan.petrov@mail.example", "ivan.pet"),
    ("a part of a mail address", "пишите на ivan.petrov@mail.example", "petrov@mail"),
    ("a phrase", "Верните деньги за заказ", '"деньги за заказ"'),
    ("a phrase in other forms", "Верните деньги за заказ", "«деньгами за заказы»"),
    ("a sign that means something to the database", 'он сказал "нет" OR * AND', '"нет" OR * AND ('),
    ("a composed letter", "Иван\u0438\u0306", "иваний"),
    ("half of what is asked is in the subject", "", "договор аренды"),
]
MISSES: list[tuple[str, str, str]] = [
    ("another word", "Где мой заказ?", "возврат"),
    ("a word that only begins so, finished", "Где доставка", "дост "),
    ("one of two words", "Где доставка", "доставка возврат"),
    ("a phrase in another order", "деньги верните за заказ", '"верните деньги"'),
    ("another phone", "мой +7 (912) 345-67-89", "345-67-80"),
    ("nothing but signs", "Где мой заказ?", '"* ( ) -'),
    ("nothing", "Где мой заказ?", "  "),
]


def indexed(connection: sa.Connection) -> None:
    """As the worker does it."""
    while (found := index.read(connection)).more:
        index.write(connection, found)


def search(connection: sa.Connection, q: str, **more: Any) -> Found:
    return find.find(connection, Wanted(q=q, **more), START + timedelta(hours=1))


def texts(connection: sa.Connection, q: str, **more: Any) -> list[str]:
    m = t.messages.c
    numbers = [each.message_id for each in search(connection, q, **more).messages]
    return [str(connection.scalar(sa.select(m.text).where(m.id == number))) for number in numbers]


@pytest.mark.parametrize(("text", "q"), [case[1:] for case in FINDS], ids=[case[0] for case in FINDS])
def test_finds(trial: sa.Connection, text: str, q: str) -> None:
    story = Story(trial, START)
    story.hear(story.channel(), text, subject=None if text else "Договоры об аренде")
    story.hear(1, "что-то совсем иное / something else", BORIS)
    indexed(trial)
    assert texts(trial, q) == [text]


@pytest.mark.parametrize(("text", "q"), [case[1:] for case in MISSES], ids=[case[0] for case in MISSES])
def test_does_not_find(trial: sa.Connection, text: str, q: str) -> None:
    story = Story(trial, START)
    story.hear(story.channel(), text)
    indexed(trial)
    assert texts(trial, q) == []


def test_the_newest_come_first_page_by_page(trial: sa.Connection) -> None:
    story = Story(trial, START)
    channel = story.channel()
    for number in range(7):
        story.hear(channel, f"заказ номер {number}")
    indexed(trial)
    seen, cursor = [], None
    for _ in range(3):
        page = search(trial, "заказы", limit=3, cursor=cursor)
        seen.append([each.message_id for each in page.messages])
        cursor = page.next
    assert seen == [[7, 6, 5], [4, 3, 2], [1]] and cursor is None


def test_an_edit_is_found_by_its_new_words_only_and_what_was_taken_back_not_at_all(trial: sa.Connection) -> None:
    story = Story(trial, START)
    channel = story.channel()
    first, second = story.written(channel, "яблоки"), story.written(channel, "груши")
    story.tell(channel, first, second)
    indexed(trial)
    story.tell(channel, MessageEdited(message=replace(first, text="апельсины"), at=story.wait(minutes=1)))
    story.tell(channel, MessageDeleted(external_id=second.external_id, at=story.now))
    indexed(trial)
    assert [texts(trial, q) for q in ("яблоки", "апельсин", "груши")] == [[], ["апельсины"], []]


@pytest.mark.parametrize("read", [0, 300], ids=["looked up", "read"])
def test_channel_person_and_time_narrow_it(trial: sa.Connection, read: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "READ", read)
    story = Story(trial, START - timedelta(days=400))
    one, other = story.channel(), story.channel("sms")
    story.hear(one, "заказ давний")
    story.wait(days=390)
    story.hear(other, "заказ недавний", BORIS)
    story.wait(days=10)
    story.hear(one, "заказ сегодняшний", BORIS)
    indexed(trial)
    m = t.messages.c
    anna, boris = (int(trial.scalars(sa.select(m.contact_id).where(m.address == a)).first() or 0) for a in (ANNA, BORIS))
    today, long_ago, recent = "заказ сегодняшний", "заказ давний", "заказ недавний"
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, [today, recent, long_ago]),
        ({"channel": one}, [today, long_ago]),
        ({"channel": other}, [recent]),
        ({"channel": 99}, []),
        ({"contact": anna}, [long_ago]),
        ({"contact": boris}, [today, recent]),
        ({"contact": boris, "channel": other}, [recent]),
        ({"contact": 99}, []),
        ({"since": START - timedelta(days=20)}, [today, recent]),
        ({"until": START - timedelta(days=5)}, [recent, long_ago]),
        ({"since": START - timedelta(days=20), "until": START - timedelta(days=5)}, [recent]),
        ({"since": START + timedelta(days=5)}, []),
        ({"until": START - timedelta(days=5), "since": START}, []),
    ]
    for narrow, expected in cases:
        assert texts(trial, "заказ", **narrow) == expected, narrow


def test_people_are_found_by_name_number_phone_and_mail(trial: sa.Connection) -> None:
    story = Story(trial, START)
    channel = story.channel()
    story.hear(channel, "раз", ANNA, sender=person("whatsapp", ANNA, name="Анна Королёва"))
    story.hear(channel, "два", BORIS, sender=person("whatsapp", BORIS, name="Борис"))
    c = t.contacts.c
    anna, number = trial.execute(sa.select(c.id, c.number).where(c.name == "Анна Королёва")).one()
    identity = {"contact_id": anna, "kind": "email", "address": "a.koroleva@shop.example", "verified": True}
    trial.execute(sa.insert(t.identities), {"id": ids.one(trial, "identities"), **identity, "created_at": START})
    indexed(trial)
    for q in (
        "Анна",
        "анны ",
        "королева",
        "Королёвой ",
        "корол",
        number,
        "4930901820",
        "30 901820",
        "901820",
        "olev",
        "koroleva@sh",
    ):
        assert [each.id for each in search(trial, q).people] == [anna], q
    assert search(trial, "Анна", channel=channel).people == []
    [found] = search(trial, "koroleva").people
    assert [(piece.text, piece.hit) for piece in found.address] == [("a.", False), ("koroleva", True), ("@shop.example", False)]


def test_a_person_is_found_by_what_they_are_called_now(trial: sa.Connection) -> None:
    story = Story(trial, START)
    channel = story.channel()
    story.hear(channel, "раз", ANNA, sender=person("whatsapp", ANNA, name="Анна"))
    indexed(trial)
    trial.execute(sa.update(t.contacts).values(name="Мария"))
    story.hear(channel, "два", ANNA)
    indexed(trial)
    assert ([len(search(trial, q).people) for q in ("Анна", "Мария")]) == [0, 1]


def test_files_are_found_by_name(trial: sa.Connection) -> None:
    story = Story(trial, START)
    row = story.hear(story.channel(), "вот")
    for number, name in enumerate(("Договор аренды 2026.pdf", "photo.jpg", ""), start=1):
        given = {
            "message_id": row.id,
            "contact_id": row.contact_id,
            "channel_id": row.channel_id,
            "kind": "file",
            "state": "failed",
        }
        trial.execute(sa.insert(t.attachments), {"id": number, "name": name, **given})
    indexed(trial)
    for q, expected in (("договоры", [1]), ("аренда 2026", [1]), ("pdf", [1]), ("photo", [2]), ("word", [])):
        assert [each.id for each in search(trial, q).files] == expected, q
    assert [each.id for each in search(trial, "pdf", contact=row.contact_id).files] == [1]


def test_a_message_that_was_committed_late_is_found(trial: sa.Connection) -> None:
    """PostgreSQL gives ids out before their rows can be seen. SQLite cannot do that: its rows come in the order of their ids."""
    story = Story(trial, START)
    channel = story.channel()
    late = story.hear(channel, "опоздавшее")
    story.hear(channel, "раннее")
    if trial.dialect.name == "sqlite":
        return
    indexed(trial)
    index.forget(trial, "messages", [late.id])
    assert texts(trial, "опоздавшее") == []
    indexed(trial)
    assert texts(trial, "опоздавшее") == ["опоздавшее"]


def test_forgotten_words_find_nothing(trial: sa.Connection) -> None:
    story = Story(trial, START)
    row = story.hear(story.channel(), "тайное")
    indexed(trial)
    index.forget(trial, "messages", [row.id])
    key = "rowid" if trial.dialect.name == "sqlite" else "id"
    assert trial.execute(sa.text(f"SELECT {key} FROM search_messages")).all() == []


_LATE = "…" + "слово " * 8 + "[цель] " + "слово " * 23 + "слово…"
QUOTES: list[tuple[str, str, str, str]] = [
    ("the hit", "Где мой заказ?", "заказы ", "Где мой [заказ]?"),
    ("several", "Заказ за заказом", "заказ", "[Заказ] за [заказом]"),
    ("a phone", "мой +7 (912) 345-67-89, звоните", "3456789", "мой [+7 (912) 345-67-89], звоните"),
    ("an unfinished word", "Где доставка", "дост", "Где [доставка]"),
    (
        "late in a long text",
        "слово " * 50 + "цель " + "слово " * 50,
        "цель",
        "…" + "слово " * 8 + "[цель] " + "слово " * 23 + "слово…",
    ),
    ("none", "Ничего", "заказ", "Ничего"),
]


@pytest.mark.parametrize(("text", "q", "expected"), [case[1:] for case in QUOTES], ids=[case[0] for case in QUOTES])
def test_a_quote_marks_what_was_found(text: str, q: str, expected: str) -> None:
    assert "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in quote(text, ask(q))) == expected


def test_months() -> None:
    now = datetime.fromisoformat("2026-11-22T09:00:00Z")
    since, until = datetime.fromisoformat("2025-12-31T23:00:00Z"), datetime.fromisoformat("2026-02-01T00:00:00Z")
    assert months(since, until, now) == ["_m202512", "_m202601", "_m202602"]
    assert months(until, None, now)[-2:] == ["_m202611", "_m202612"], "a provider's clock may be ahead"
    assert "_m202512" in months(None, since, now) and "_m202601" not in months(None, since, now)


def test_a_very_long_message_costs_little() -> None:
    assert len(to_index("7" * 100_000, "a" * 100_000)) < 50


async def test_search_over_http(client: Client) -> None:
    channel = await client.channel()
    conversation = await client.hear(channel, "Где мои заказы?")
    await client.run(indexed)
    found = (await client.get("/search", q="заказ", channel=channel)).body
    assert [(each["conversation_id"], each["contact"]["name"]) for each in found["messages"]] == [(conversation, "Anna Schmidt")]
    assert found["messages"][0]["snippet"] == [
        {"text": "Где мои ", "hit": False},
        {"text": "заказы", "hit": True},
        {"text": "?", "hit": False},
    ]
    assert [each["name"] for each in (await client.get("/search", q="schmidt")).body["people"]] == [
        [{"text": "Anna ", "hit": False}, {"text": "Schmidt", "hit": True}]
    ]
    assert (await client.get("/search", q="")).body == {"messages": [], "people": [], "files": [], "next": None}
    assert (await client.get("/search", q="заказ", cursor="nonsense")).status == 422
    assert (await client.get("/search", q="x" * 300)).status == 422


async def test_the_thread_opens_around_a_message(client: Client) -> None:
    channel = await client.channel()
    for number in range(9):
        client.clock.tick(seconds=1)
        await client.hear(channel, f"message {number}", number=str(number))
    url = "/conversations/1/messages"
    page = (await client.get(url, around=5, limit=4)).body
    assert [each["id"] for each in page["items"]] == [3, 4, 5, 6]
    older = (await client.get(url, around=5, limit=4, cursor=page["next"])).body
    assert ([each["id"] for each in older["items"]], older["next"]) == ([1, 2], None)
    newer = (await client.get(url, after=6, limit=2)).body
    assert [each["id"] for each in newer["items"]] == [7, 8]
    last = (await client.get(url, after=6, limit=2, cursor=newer["next"])).body
    assert ([each["id"] for each in last["items"]], last["next"]) == ([9], None)
    assert (await client.get(url, around=99)).errors == {"around": "There is no such message here"}


def test_what_was_written_apart_is_joined_in_steps_and_found_throughout(trial: sa.Connection) -> None:
    story = Story(trial, START)
    channel = story.channel()
    for number in range(20):
        story.hear(channel, f"заказ номер {number}")
        indexed(trial)
    steps = 0
    while index.merge(trial):
        steps += 1
        assert len(texts(trial, "заказы", limit=100)) == 20
    assert len(texts(trial, "заказы", limit=100)) == 20 and not index.merge(trial)
    assert steps > 0 or trial.dialect.name == "postgresql"


def test_a_page_that_runs_out_of_time_says_where_to_go_on(trial: sa.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(trial, START)
    channel = story.channel()
    for number in range(30):
        story.hear(channel, f"{'вернуть деньги' if number == 2 else 'деньги вернуть'} за заказ")
    indexed(trial)
    monkeypatch.setattr(walk, "SECONDS", 0.0)
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = search(trial, '"вернуть деньги"', limit=2, cursor=cursor)
        seen += [each.message_id for each in page.messages]
        cursor, pages = page.next, pages + 1
    assert seen == [3] and 1 < pages < 15


@pytest.mark.parametrize("near", [0, 3, 1_000])
def test_nothing_is_passed_over_however_far_back_it_stands(
    trial: sa.Connection, monkeypatch: pytest.MonkeyPatch, near: int
) -> None:
    for module in (asked, walk):
        monkeypatch.setattr(module, "BLOCK", 4)
    monkeypatch.setattr(walk, "NEAR", near)
    monkeypatch.setattr(walk, "SECONDS", 60.0)
    monkeypatch.setattr(walk, "STRETCHES", (1, 2))
    story = Story(trial, START)
    channel = story.channel()
    for number in range(1, 31):
        story.hear(channel, "заказ" if number % 2 else "возврат" if number == 2 else "ничего")
    indexed(trial)
    odd = [number for number in range(30, 0, -1) if number % 2]
    seen, cursor = [], None
    for _ in range(8):
        page = search(trial, "заказы", limit=2, cursor=cursor)
        seen += [each.message_id for each in page.messages]
        cursor = page.next
    assert seen == odd and cursor is None
    assert [each.message_id for each in search(trial, "возврат", limit=5).messages] == [2]
    assert [each.message_id for each in search(trial, "заказ ", limit=100).messages] == odd


def test_an_old_month_is_found_whatever_came_since(trial: sa.Connection) -> None:
    story = Story(trial, START)
    channel = story.channel()
    story.hear(channel, "первый заказ")
    story.wait(days=70)
    story.hear(channel, "второй заказ")
    indexed(trial)
    since = START - timedelta(days=1)
    found = find.find(trial, Wanted(q="заказ ", since=since, until=START + timedelta(days=2)), START + timedelta(days=90))
    assert [each.message_id for each in found.messages] == [1]
    empty = find.find(trial, Wanted(q="заказ ", since=START + timedelta(days=31), until=START + timedelta(days=40)), START)
    assert empty.messages == [] and empty.next is None
