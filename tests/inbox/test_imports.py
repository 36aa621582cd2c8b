"""Files of people: guessed, tried, taken in by a worker, interrupted, undone; rows that are wrong come back as CSV."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import openpyxl
import pytest
import sqlalchemy as sa

from inbox import schema as t
from inbox.imports import columns, drain, encoding, reading
from inbox.refusals import Invalid
from inbox.web import keys
from tests.inbox.conftest import Client

RUSSIAN = (
    "ФИО;Телефон;Эл. почта;Город;Теги\n"
    "Анна Петрова;8 916 123-45-67;anna@example.com;Москва;vip, 2026\nБорис Ёлкин;;boris@example.com;Тверь;\n"
)


async def bring(client: Client, content: bytes, name: str = "people.csv") -> dict[str, Any]:
    form = aiohttp.FormData()
    form.add_field("file", content, filename=name)
    answer = await client.call("POST", "/imports", data=form)
    assert answer.status == 201, answer
    return dict(answer.body)


async def work(client: Client) -> None:
    await drain.drain(client.app[keys.HOUSE], client.clock)


async def taken(client: Client, content: bytes, name: str = "people.csv", **options: Any) -> dict[str, Any]:
    number = (await bring(client, content, name))["id"]
    assert (await client.patch(f"/imports/{number}", {"country": "RU"} | options)).status == 200
    assert (await client.post(f"/imports/{number}/start")).status == 200
    await work(client)
    return dict((await client.get(f"/imports/{number}")).body)


def some(counts: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


async def people(client: Client) -> dict[str, Any]:
    return {each["name"]: each for each in (await client.get("/contacts", limit=200)).body["items"]}


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "cp1251", "koi8-r", "cp866"])
def test_the_encoding_is_guessed(tmp_path: Path, name: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(RUSSIAN.encode(name))
    seen = reading.inspect(path, "people.csv")
    assert (seen.headings[0], seen.sample[0][0], seen.layout.delimiter, seen.total) == ("ФИО", "Анна Петрова", ";", 2)


@pytest.mark.parametrize(
    ("text", "name"),
    [("Name\nJürgen Müller\nRenée\nSøren Bjørn\n", "cp1252"), ("Имя\nЛЕНА\nАнна-Мария\n", "cp1251"), ("Имя\nлена\n", "koi8-r")],
)
def test_old_encodings_are_told_apart(tmp_path: Path, text: str, name: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(text.encode(name))
    assert path.read_bytes().decode(encoding.encoding_of(path)) == text


@pytest.mark.parametrize("sign", encoding.DELIMITERS)
def test_the_delimiter_is_guessed(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "file"
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=sign).writerows([["Name", "Note"], ["Anna", 'a "b", c; d|e\tf'], ["Bob", "x, y; z"]])
    seen = reading.inspect(path, "x.csv")
    assert seen.sample == [["Anna", 'a "b", c; d|e\tf'], ["Bob", "x, y; z"]]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (["ФИО", "Телефон", "Город"], ["name", "phone", "field:city"]),
        (["Фамилия", "Имя", "Отчество"], ["last_name", "first_name", "middle_name"]),
        (["Имя", "Моб. телефон"], ["name", "phone"]),
        (["First Name", "Last Name", "E-mail", "Phone 2", "Phone"], ["first_name", "last_name", "email", "phone", "phone"]),
        (["Название", "Компания", "Должность"], ["field:название", "company", "position"]),
        (["Ответственный", "Теги", "Личный номер"], ["manager", "tags", "number"]),
        (["x", ""], ["email", ""]),
    ],
)
def test_columns_are_guessed(headings: list[str], expected: list[str]) -> None:
    assert (
        list(columns.guess(headings, [["a@example.com"] + [""] * (len(headings) - 1)] if headings[0] == "x" else []).values())
        == expected
    )


@pytest.mark.parametrize("content", [b"Name\n", b"", b"\xd0\xcf\x11\xe0old excel", b"PK\x03\x04broken"])
def test_files_without_a_table_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(Invalid):
        reading.inspect(path, "x")


async def test_a_file_is_shown_tried_taken_in_and_undone(client: Client) -> None:
    found = await bring(client, RUSSIAN.encode("cp1251"))
    assert [c["target"] for c in found["columns"]] == ["name", "phone", "email", "field:city", "tags"]
    assert (found["encoding"], found["delimiter"], found["total"], found["state"]) == ("cp1251", ";", 2, "new")
    number = found["id"]
    first = (await client.get(f"/imports/{number}/preview")).body["items"][0]
    assert "country code" in first["problems"][0]["message"] and first["problems"][0]["column"] == 1
    await client.patch(f"/imports/{number}", {"country": "RU", "tags": ["осень"]})
    first = (await client.get(f"/imports/{number}/preview")).body["items"][0]
    assert (first["phones"], first["fields"], first["problems"]) == (["+79161234567"], {"city": "Москва"}, [])
    await client.post(f"/imports/{number}/check")
    await work(client)
    tried = (await client.get(f"/imports/{number}")).body
    assert (tried["state"], some(tried["checked"])) == ("checked", {"new": 2, "warned": 2}) and await people(client) == {}
    await client.post(f"/imports/{number}/start")
    await work(client)
    done = (await client.get(f"/imports/{number}")).body
    assert (done["state"], some(done["counts"]), done["place"]) == ("done", {"new": 2}, 2)
    anna = (await people(client))["Анна Петрова"]
    assert [(i["kind"], i["address"], i["verified"]) for i in anna["identities"]] == [
        ("phone", "+79161234567", False), ("email", "anna@example.com", False),
    ]  # fmt: skip
    assert (anna["tags"], anna["fields"], anna["source"]) == (["2026", "vip", "осень"], {"city": "Москва"}, "import")
    assert not list((client.app[keys.SETTINGS].data / "imports").iterdir())
    await client.post(f"/imports/{number}/undo")
    await work(client)
    undone = (await client.get(f"/imports/{number}")).body
    assert (undone["state"], some(undone["counts"])) == ("undone", {"removed": 2}) and await people(client) == {}


async def test_the_same_file_again_changes_nothing(client: Client) -> None:
    assert some((await taken(client, RUSSIAN.encode()))["counts"]) == {"new": 2}
    assert some((await taken(client, RUSSIAN.encode()))["counts"]) == {"unchanged": 2}


async def test_a_verified_address_joins_and_an_edit_by_a_person_survives_the_undo(client: Client) -> None:
    channel = await client.channel()
    await client.hear(channel, address="+79161234567")
    done = await taken(client, RUSSIAN.encode())
    assert some(done["counts"]) == {"new": 1, "matched": 1}
    anna = (await people(client))["Anna Schmidt"]
    assert (anna["fields"], anna["tags"], len(anna["identities"])) == ({"city": "Москва"}, ["2026", "vip"], 2)
    await client.patch(f"/contacts/{anna['id']}", {"fields": {"city": "Minsk"}})
    await client.post(f"/imports/{done['id']}/undo")
    await work(client)
    anna = (await people(client))["Anna Schmidt"]
    assert (anna["fields"], anna["tags"], len(anna["identities"])) == ({"city": "Minsk"}, [], 1)
    assert some((await client.get(f"/imports/{done['id']}")).body["counts"]) == {"removed": 1, "restored": 1}


@pytest.mark.parametrize(
    ("existing", "name", "city", "counts"),
    [
        ("fill", "Anna Schmidt", "Berlin", {"new": 1, "matched": 1}),
        ("replace", "Анна Петрова", "Москва", {"new": 1, "matched": 1}),
        ("skip", "Anna Schmidt", "Berlin", {"new": 1, "unchanged": 1}),
    ],
)
async def test_what_happens_to_people_who_are_here(
    client: Client, existing: str, name: str, city: str, counts: dict[str, int]
) -> None:
    channel = await client.channel()
    await client.hear(channel, address="+79161234567")
    (anna,) = (await people(client)).values()
    await client.patch(f"/contacts/{anna['id']}", {"fields": {"city": "Berlin"}})
    assert some((await taken(client, RUSSIAN.encode(), existing=existing))["counts"]) == counts
    found = (await client.get(f"/contacts/{anna['id']}")).body
    assert (found["name"], found["fields"]["city"]) == (name, city)


async def test_wrong_rows_come_back_with_their_reasons(client: Client) -> None:
    await client.post("/contacts", {"name": "Somebody Else", "identities": [{"kind": "email", "address": "taken@example.com"}]})
    text = (
        "Name,Phone,E-mail,Manager\nAnna,12,anna@example.com,\n,,,\n,,,Olga Owner\n"
        "Eva,,eva@,\nIda,,taken@example.com,\nJan,,,Nobody\nKim,,kim@example.com,olga owner\n"
    )
    done = await taken(client, text.encode())
    assert some(done["counts"]) == {"new": 1, "wrong": 5}
    rows = list(csv.reader(io.StringIO((await client.get(f"/imports/{done['id']}/errors")).body.decode("utf-8-sig"))))
    assert rows[0] == ["row", "problem", "Name", "Phone", "E-mail", "Manager"]
    first = (await client.get(f"/imports/{done['id']}/wrong")).body["items"]
    assert [(str(row["row"]), row["cells"]) for row in first] == [(row[0], row[2:]) for row in rows[1:]]
    assert first[0]["problems"] == [{"column": 1, "message": rows[1][1].removeprefix("Phone: ")}]
    assert (await client.get("/imports/987654/wrong")).status == 404
    assert [(row[0], row[2]) for row in rows[1:]] == [("1", "Anna"), ("2", ""), ("3", "Eva"), ("4", "Ida"), ("5", "Jan")]
    words = [row[1] for row in rows[1:]]
    assert "Phone: There is no such number" in words[0] and "neither a name" in words[1] and "E-mail: This is not" in words[2]
    assert "another name" in words[3] and "Nobody here is called Nobody" in words[4]
    assert (await people(client))["Kim"]["manager"]["name"] == "Olga Owner"


async def test_two_rows_of_one_person_are_one_card_and_the_dry_run_says_so(client: Client) -> None:
    text = "Name,Phone,City\n" + "".join(f"Anna,+7916123456{n % 2},C{n}\n" for n in range(4))
    number = (await bring(client, text.encode()))["id"]
    await client.post(f"/imports/{number}/check")
    await work(client)
    checked = (await client.get(f"/imports/{number}")).body["checked"]
    await client.post(f"/imports/{number}/start")
    await work(client)
    counts = (await client.get(f"/imports/{number}")).body["counts"]
    assert some(counts) == some(checked) == {"new": 2, "unchanged": 2}
    assert len((await client.get("/contacts")).body["items"]) == 2


async def test_spreadsheets_and_vcards(client: Client) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ["Имя", "Телефон", "Почта"],
        ["Анна", 79161234567, "anna@example.com"],
        [None, None, None],
        ["Ян", None, "jan@example.com"],
    ):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    assert some((await taken(client, out.getvalue(), "people.xlsx"))["counts"]) == {"new": 2}
    cards = (
        "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Lee;Kim;;;\r\nTEL;TYPE=CELL:+7 916 123-45-68\r\nORG:Acme\\, Ltd;Sales\r\nEND:VCARD\r\n"
        "BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=D0=9E=D0=BB=D1=\r\n=8F\r\n"
        "item1.EMAIL:olya@exam\r\n ple.com\r\nEND:VCARD\r\n"
    )
    assert some((await taken(client, cards.encode(), "people.vcf"))["counts"]) == {"new": 2}
    found = await people(client)
    assert found["Анна"]["identities"][0]["address"] == "+79161234567"
    assert found["Kim Lee"]["fields"] == {} and found["Kim Lee"]["employers"][0]["name"] == "Acme, Ltd"
    assert found["Оля"]["identities"][0]["address"] == "olya@example.com"


async def test_a_worker_that_dies_is_followed_by_one_that_doubles_nothing(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drain, "BATCH", 3)
    text = "Name,Phone\n" + "".join(f"P{n},+791612345{n:02}\n" for n in range(10))
    number = (await bring(client, text.encode()))["id"]
    await client.post(f"/imports/{number}/start")
    house = client.app[keys.HOUSE]
    real, calls = drain._take_in, []

    def dying(*arguments: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            real(*arguments)  # written, but its transaction never ends
            raise RuntimeError("killed")
        return real(*arguments)

    monkeypatch.setattr(drain, "_take_in", dying)
    with pytest.raises(RuntimeError):
        await work(client)
    half = (await client.get(f"/imports/{number}")).body
    assert (half["state"], half["place"], len(await people(client))) == ("running", 6, 6)
    monkeypatch.setattr(drain, "_take_in", real)

    def claimed(holder: str) -> Callable[..., Any]:
        return lambda connection: drain.claim(connection, client.clock(), holder)

    assert await client.run(claimed("another worker")) is None  # the dead one's lease still runs
    client.clock.tick(seconds=31)
    assert (await client.run(claimed(house.name))).place == 6
    await work(client)
    done = (await client.get(f"/imports/{number}")).body
    assert (done["state"], some(done["counts"]), len(await people(client))) == ("done", {"new": 10}, 10)


async def test_a_stopped_import_goes_on_or_is_undone(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "BATCH", 1)
    number = (await bring(client, b"Name\nA\nB\nC\n"))["id"]
    await client.post(f"/imports/{number}/start")
    real = drain._take_in

    def stopping(connection: sa.Connection, *more: Any) -> Any:
        counts = real(connection, *more)
        connection.execute(sa.update(t.imports).values(state="stopped"))
        return counts

    monkeypatch.setattr(drain, "_take_in", stopping)
    await work(client)
    assert (await client.get(f"/imports/{number}")).body["place"] == 1
    assert (await client.post(f"/imports/{number}/stop")).status == 409
    monkeypatch.setattr(drain, "_take_in", real)
    await client.post(f"/imports/{number}/start")
    await work(client)
    assert len(await people(client)) == 3
    await client.post(f"/imports/{number}/undo")
    await work(client)
    assert await people(client) == {}
    assert (await client.delete(f"/imports/{number}")).status == 204
    assert (await client.get(f"/imports/{number}")).status == 404


async def test_a_card_that_was_used_since_is_kept(client: Client) -> None:
    done = await taken(client, RUSSIAN.encode(), verified=True)
    channel = await client.channel()
    await client.hear(channel, address="+79161234567")
    await client.post(f"/imports/{done['id']}/undo")
    await work(client)
    assert some((await client.get(f"/imports/{done['id']}")).body["counts"]) == {"removed": 1, "kept": 1}
    assert list(await people(client)) == ["Анна Петрова"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"mapping": {"9": "name"}}, "mapping"), ({"mapping": {"0": "nonsense"}}, "mapping"), ({"mapping": {"0": ""}}, "mapping"),
        ({"country": "XX"}, "country"), ({"existing": "eat"}, "existing"), ({"encoding": "cp437"}, "encoding"),
    ],
)  # fmt: skip
async def test_changes_that_cannot_be(client: Client, change: dict[str, Any], field: str) -> None:
    number = (await bring(client, RUSSIAN.encode()))["id"]
    assert field in (await client.patch(f"/imports/{number}", change)).errors


async def test_another_encoding_reads_the_file_anew(client: Client) -> None:
    number = (await bring(client, RUSSIAN.encode("cp1251")))["id"]
    garbled = (await client.patch(f"/imports/{number}", {"encoding": "koi8-r"})).body
    assert garbled["columns"][0]["heading"] != "ФИО"
    assert (await client.patch(f"/imports/{number}", {"encoding": "cp1251"})).body["columns"][0]["target"] == "name"
