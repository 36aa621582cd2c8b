"""People who leave: everything about one of them handed out, one of them erased, the figures as true as before."""

import io
import json
import sqlite3
import threading
import zipfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.house import House, open_house
from inbox.leaving import compacting, drain, erasing, matter, stops
from inbox.search import index
from inbox.settings import Settings
from inbox.store.gate import Gate
from inbox.views import reports
from tests.conftest import make_settings
from tests.inbox.conftest import START, Client
from tests.inbox.rows import contact_of

SECRETS = ("Zubrowskaja", "+4930555123", "4930555123", "Preiselbeere", "Mondscheinweg", "Quittung", "geheimnis", "zubr@")
"""Words of the person; none of them may be found anywhere once they are erased."""


@pytest.fixture
async def house(client: Client, settings: Settings) -> Any:
    async with open_house(settings, "worker") as found:
        yield found


async def a_person(client: Client) -> tuple[int, int]:
    """Somebody about whom everything there is is known: (contact, conversation)."""
    channel = await client.channel()
    number = await client.hear(channel, "Wo ist meine Preiselbeere", address="+4930555123", name="Zubrowskaja")
    contact = await client.run(contact_of, number)
    form = aiohttp.FormData()
    form.add_field("file", b"geheimnis in a file", filename="Quittung.txt", content_type="text/plain")
    file = (await client.call("POST", "/uploads", data=form)).body["file"]
    said = {"text": "Zubrowskaja wants the Quittung", "note": True, "attachments": [{"file": file}]}
    assert (await client.post(f"/conversations/{number}/messages", said)).status == 201
    assert (await client.post(f"/conversations/{number}/messages", {"text": "Die Preiselbeere kommt"})).status == 201
    change = {
        "addresses": [{"label": "home", "text": "Mondscheinweg 5"}],
        "set_fields": {"eats": "Preiselbeere"},
        "tags": ["vip"],
    }
    assert (await client.patch(f"/contacts/{contact}", change)).status == 200
    assert (await client.post(f"/contacts/{contact}/identities", {"kind": "email", "address": "zubr@example.com"})).status == 201
    await client.call("PUT", f"/conversations/{number}/draft", json={"text": "Liebe Zubrowskaja"})
    assert (await client.patch(f"/conversations/{number}", {"assignee": client.id, "labels": ["Preise"]})).status == 200
    closed = {"status": "closed", "close_summary": "Zubrowskaja got it"}
    assert (await client.patch(f"/conversations/{number}", closed)).status == 200
    return contact, number


async def erased(client: Client, house: House, contact: int, days: int = 0) -> None:
    card = (await client.get(f"/contacts/{contact}")).body
    answer = await client.post(f"/contacts/{contact}/erase", {"number": card["number"], "days": days})
    assert answer.status == 201, answer
    await drain.drain(house, client.clock)


def unzipped(body: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as book:
        assert book.testzip() is None
        return {name: book.read(name) for name in book.namelist()}


async def test_everything_about_a_person_is_handed_out(client: Client) -> None:
    contact, _ = await a_person(client)
    answer = await client.get(f"/contacts/{contact}/export")
    assert answer.status == 200
    found = unzipped(answer.body)
    told = json.loads(found["data.json"])
    assert [each["text"] for each in told["messages"]] == [
        "Wo ist meine Preiselbeere", "Zubrowskaja wants the Quittung", "Die Preiselbeere kommt",
    ]  # fmt: skip
    assert {each["address"] for each in told["identities"]} == {"+4930555123", "zubr@example.com"}
    assert told["card"][0]["addresses"] == [{"label": "home", "text": "Mondscheinweg 5"}]
    assert told["tags"] == [{"tag": "vip"}]
    assert told["changes"]
    file = told["messages"][1]["attachments"][0]["file"]
    assert found[file] == b"geheimnis in a file"
    page = found["index.html"].decode()
    for word in ("Preiselbeere", "Mondscheinweg", "+4930555123", f'href="{file}"'):
        assert word in page


async def test_the_page_is_in_the_language_of_the_person_and_runs_nothing(client: Client) -> None:
    number = await client.hear(await client.channel(), "<script>alert(1)</script> & ё", name="<b>Anna")
    contact = await client.run(contact_of, number)
    await client.patch(f"/contacts/{contact}", {"language": "ru"})
    page = unzipped((await client.get(f"/contacts/{contact}/export")).body)["index.html"].decode()
    assert '<html lang="ru">' in page and "Всё, что мы о вас знаем" in page
    assert "<script>" not in page and "&lt;script&gt;" in page and "<b>Anna" not in page


async def test_only_those_with_the_right_take_it_out_and_erase(client: Client) -> None:
    contact, _ = await a_person(client)
    for role, allowed in (("owner", True), ("lead", True), ("operator", False), ("marketer", False), ("viewer", False)):
        who = await client.become(role, f"{role} three")
        assert (await who.get(f"/contacts/{contact}/export")).status == (200 if allowed else 403), role
        answer = await who.post(f"/contacts/{contact}/erase", {"number": "wrong"})
        assert answer.status == (422 if allowed else 403), role


async def test_an_erasure_is_taken_back_while_its_pause_lasts(client: Client, house: House) -> None:
    contact, _ = await a_person(client)
    await erased(client, house, contact, days=2)
    card = (await client.get(f"/contacts/{contact}")).body
    assert card["name"] == "Zubrowskaja" and card["erase_at"] == "2026-11-24T09:00:00Z"
    assert (await client.post(f"/contacts/{contact}/erase", {"number": card["number"]})).status == 409
    assert (await client.delete(f"/contacts/{contact}/erase")).status == 204
    assert (await client.delete(f"/contacts/{contact}/erase")).status == 409
    client.clock.tick(days=3)
    await drain.drain(house, client.clock)
    card = (await client.get(f"/contacts/{contact}")).body
    assert card["name"] == "Zubrowskaja" and card["erase_at"] is None


async def test_the_figures_of_reports_are_what_they_were(client: Client, house: House) -> None:
    contact, _ = await a_person(client)
    span = (START - timedelta(days=1), START + timedelta(days=30))
    before = await client.run(reports.managers, *span)
    assert any(each.messages.value for each in before.items) and any(each.closed.value for each in before.items)
    await erased(client, house, contact)
    assert await client.run(reports.managers, *span) == before


async def test_nothing_is_left_of_an_erased_person(client: Client, house: House, settings: Settings) -> None:
    contact, number = await a_person(client)
    await client.run(_index_all)
    await erased(client, house, contact)
    found = [word for word in SECRETS for row in await client.run(_everything) if word.lower() in row.lower()]
    assert found == []
    card = (await client.get(f"/contacts/{contact}")).body
    assert (card["name"], card["number"], card["identities"], card["tags"]) == ("", f"erased-{contact}", [], [])
    assert card["erased_at"] is not None
    assert contact not in [each["id"] for each in (await client.get("/contacts")).body["items"]]
    assert (await client.get("/contacts", q="Zubrowskaja")).body["items"] == []
    assert (await client.get("/search", q="Preiselbeere")).body["messages"] == []
    assert (await client.get(f"/contacts/{contact}/export")).status == 409
    rows = (await client.get(f"/conversations/{number}/messages")).body["items"]
    assert [each["text"] for each in rows] == ["", "", ""]
    left = [path for path in Path(settings.data / "files").rglob("*") if path.is_file()]
    assert left == []


async def test_words_that_were_read_for_search_before_an_erasure_are_not_written_after_it(client: Client, house: House) -> None:
    contact, _ = await a_person(client)
    read = await client.run(index.read)
    assert read.messages and read.people and read.files
    await erased(client, house, contact)
    await client.run(index.write, read)
    assert [word for word in SECRETS for row in await client.run(_everything) if word.lower() in row.lower()] == []


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)  # on PostgreSQL its own vacuum does that
async def test_no_old_bytes_are_left_on_the_disk(client: Client, house: House, settings: Settings) -> None:
    contact, _ = await a_person(client)
    await client.run(_index_all)
    await erased(client, house, contact)
    done = await client.run(erasing.row_of, await client.run(_newest))
    assert done.compacted_at is not None
    for path in Path(settings.data).rglob("*"):
        if path.is_file():
            content = path.read_bytes().lower()
            assert [word for word in SECRETS if word.lower().encode() in content] == [], path


def test_writers_have_their_turn_while_a_reader_holds_the_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings, tried, errors = make_settings(tmp_path), threading.Event(), []
    path, real = compacting.database(settings), compacting._emptied
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as reader, closing(sqlite3.connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("CREATE TABLE said (text)")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM said").fetchone()

        def emptied(gate: Gate, connection: sqlite3.Connection) -> bool:
            done = real(gate, connection)
            tried.set()
            return done

        def rewrite() -> None:
            try:
                compacting.rewrite(settings)
            except sqlite3.Error as error:
                errors.append(error)

        monkeypatch.setattr(compacting, "_emptied", emptied)
        monkeypatch.setattr(compacting, "PATIENCE", 60.0)
        thread = threading.Thread(target=rewrite)
        thread.start()
        assert tried.wait(30)
        with Gate(settings.data / "write.lock"), writer:
            writer.execute("INSERT INTO said VALUES ('in between')")
        assert thread.is_alive(), "the reader is still there"
        reader.execute("COMMIT")
        thread.join(30)
        assert errors == [] and not thread.is_alive()
        assert path.with_name(f"{path.name}-wal").stat().st_size == 0
        assert writer.execute("SELECT text FROM said").fetchall() == [("in between",)]


async def test_an_erased_card_stays_as_it_is(client: Client, house: House) -> None:
    contact, _ = await a_person(client)
    other = (await client.post("/contacts", {"name": "Anna"})).body["id"]
    await erased(client, house, contact)
    for method, path, body in (
        ("PATCH", f"/contacts/{contact}", {"name": "Anna"}),
        ("POST", f"/contacts/{contact}/merge", {"with": other}),
        ("POST", f"/contacts/{other}/merge", {"with": contact}),
        ("POST", f"/contacts/{contact}/erase", {"number": f"erased-{contact}"}),
    ):
        assert (await client.call(method, path, json=body)).status == 409, path


async def test_who_writes_again_is_somebody_new(client: Client, house: House) -> None:
    contact, number = await a_person(client)
    await erased(client, house, contact)
    channel = (await client.get("/channels")).body["items"][0]["id"]
    client.clock.tick(minutes=1)
    again = await client.hear(channel, "Hello again", address="+4930555123")
    assert again != number and await client.run(contact_of, again) != contact


async def test_a_stop_outlives_the_person(client: Client, house: House) -> None:
    channel = await client.channel()
    contact = await client.run(contact_of, await client.hear(channel, "STOP", address="+4930555123"))
    await erased(client, house, contact)
    kept = await client.run(lambda c: c.execute(sa.select(t.suppressions)).all())
    assert len(kept) == 1 and "4930555123" not in repr(kept)
    client.clock.tick(minutes=1)
    identities = [{"kind": "phone", "address": "+4930555123"}]
    fresh = (await client.post("/contacts", {"name": "Anna", "identities": identities})).body["id"]
    client.clock.tick(minutes=1)
    await drain.drain(house, client.clock)
    consent = (await client.get(f"/contacts/{fresh}")).body["consent"]
    assert [(each["address"], each["stopped_at"] is not None) for each in consent] == [("+4930555123", True)]
    answer = await client.post("/conversations", {"contact_id": fresh, "channel_id": channel, "text": "Buy"})
    assert answer.status == 409
    assert await client.run(lambda c: c.execute(sa.select(t.suppressions)).all()) == []


async def test_a_stop_is_remembered_before_the_first_word_even_if_no_worker_looked(client: Client, house: House) -> None:
    channel = await client.channel()
    contact = await client.run(contact_of, await client.hear(channel, "STOP", address="+4930555123"))
    await erased(client, house, contact)
    identities = [{"kind": "phone", "address": "+4930555123"}]
    fresh = (await client.post("/contacts", {"name": "Anna", "identities": identities})).body["id"]
    answer = await client.post("/conversations", {"contact_id": fresh, "channel_id": channel, "text": "Buy"})
    assert answer.status == 409


async def test_a_crash_in_the_middle_goes_on(client: Client, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasing, "BATCH", 2)
    contact, number = await a_person(client)
    for n in range(7):
        client.clock.tick(seconds=1)
        await client.post(f"/conversations/{number}/messages", {"text": f"Zubrowskaja {n}", "note": True})
    card = (await client.get(f"/contacts/{contact}")).body
    await client.post(f"/contacts/{contact}/erase", {"number": card["number"], "days": 0})
    erasure = await client.run(_newest)
    for _ in range(3):  # and then the power goes
        await client.run(erasing.step, client.clock(), "key", erasure)
    texts = sa.select(sa.func.count()).where(t.messages.c.text != "")
    assert 0 < (await client.run(lambda c: c.scalar(texts))) < 10
    assert (await client.delete(f"/contacts/{contact}/erase")).status == 409
    await drain.drain(house, client.clock)
    assert await client.run(lambda c: c.scalar(texts)) == 0
    done = await client.run(erasing.row_of, erasure)
    assert (done.state, done.messages, done.traces) == ("done", 10, None)


async def test_a_file_that_somebody_else_has_too_stays(client: Client, house: House) -> None:
    contact, _ = await a_person(client)
    other = await client.hear(await client.channel(name="Two"), "Hello", address="+4930555999", name="Anna")
    form = aiohttp.FormData()
    form.add_field("file", b"geheimnis in a file", filename="same.txt", content_type="text/plain")
    file = (await client.call("POST", "/uploads", data=form)).body["file"]
    note = await client.post(f"/conversations/{other}/messages", {"text": "", "note": True, "attachments": [{"file": file}]})
    await erased(client, house, contact)
    url = note.body["attachments"][0]["id"]
    assert (await client.get(f"/files/{url}")).body == b"geheimnis in a file"


async def test_what_a_web_chat_was_told_is_forgotten(client: Client, house: House, settings: Settings) -> None:
    channel = await client.channel("webchat")
    number = await client.hear(channel, "Hello", address="visitor-one-1234", kind="webchat")
    await house.live.publish("chat:visitor-one-1234", {"text": "Zubrowskaja"})
    await house.live.publish("chat:visitor-two-1234", {"text": "Anna"})
    await erased(client, house, await client.run(contact_of, number))
    redis: Any = house.redis
    assert [told[b"topic"] for _, told in await redis.xrange("switchboard:live") if told[b"topic"] != b"inbox"] == [
        b"chat:visitor-two-1234"
    ]


async def test_a_delivery_that_names_only_the_address_is_emptied(client: Client, house: House) -> None:
    contact, _ = await a_person(client)
    channel = (await client.get("/channels")).body["items"][0]["id"]
    await client.run(_add_raw, channel, 901, b"MessageStatus=delivered&To=%2B4930555123")
    await client.run(_add_raw, channel, 902, b"MessageStatus=delivered&To=%2B49305551234")
    await erased(client, house, contact)
    bodies = await client.run(lambda c: dict(c.execute(sa.select(t.raw_bodies.c.id, t.raw_bodies.c.body)).all()))
    assert bytes(bodies[901]) == b"" and bytes(bodies[902]).endswith(b"1234")


def test_the_list_of_what_is_erased_names_every_table_that_knows_a_person() -> None:
    missing = matter.concerned() - matter.FATES.keys()
    assert missing == set(), "say in inbox/leaving/matter.py what becomes of these rows when a person is erased"


@pytest.mark.parametrize("name", sorted(matter.FATES))
def test_each_fate_says_why_and_names_columns_that_are_there(name: str) -> None:
    fate, table = matter.FATES[name], t.metadata.tables[name]
    assert fate.why
    assert set(fate.values) <= set(table.columns.keys())
    assert not fate.by or fate.by in table.columns


KEPT = {
    "contacts": {"id", "number", "manager_id", "merged_into", "created_at", "erased_at"},
    "conversations": {
        *(
            "id",
            "contact_id",
            "status",
            "channel_id",
            "manager_id",
            "team_id",
            "unread",
            "priority",
            "labels",
            "token",
            "heard_at",
        ),
        *("seen_at", "waiting_since", "answer_due", "snoozed_until", "last_at", "last_direction", "last_author", "opened_at"),
        *("closed_at", "close_reason_id", "merged_into"),
    },
    "messages": {
        *("id", "conversation_id", "contact_id", "channel_id", "raw_id", "direction", "author_kind", "author_id", "kind"),
        *("reply_to", "heard", "auto_reply", "state", "code", "priority", "attempts", "try_at", "claimed_by", "claimed_at"),
        *("parts", "broadcast_id", "at", "created_at", "edited_at", "deleted_at", "send_at", "parts_all"),
    },
}


@pytest.mark.parametrize("name", sorted(KEPT))
def test_a_new_column_is_either_emptied_or_known_to_hold_nothing_of_the_person(name: str) -> None:
    columns = set(t.metadata.tables[name].columns.keys())
    assert columns - KEPT[name] - set(matter.FATES[name].values) == set(), "name it in inbox/leaving/matter.py, or in KEPT here"


def test_nobody_gets_an_address_back_from_what_is_kept_of_it() -> None:
    one, two = stops.digest("key", 1, "+4930555123"), stops.digest("other key", 1, "+4930555123")
    assert len({one, two, stops.digest("key", 2, "+4930555123")}) == 3


def _newest(connection: sa.Connection) -> int:
    return int(connection.scalar(sa.select(sa.func.max(t.erasures.c.id))) or 0)


def _add_raw(connection: sa.Connection, channel: int, number: int, body: bytes) -> None:
    row = {"id": number, "channel_id": channel, "received_at": START, "method": "POST", "url": "/", "headers": {}, "body": body}
    connection.execute(sa.insert(t.raw_bodies).values(**row, state="done"))


def _index_all(connection: sa.Connection) -> None:
    while (found := index.read(connection)).more:
        index.write(connection, found)


def _everything(connection: sa.Connection) -> list[str]:
    """Every row of every table, as text."""
    names = sa.inspect(connection).get_table_names()
    return [
        repr([bytes(value) if isinstance(value, memoryview) else value for value in row])
        for name in names
        for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')
    ]
