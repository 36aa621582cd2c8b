"""A conversation taken out as a page, as text, as JSON and as an archive with its files; who did it is recorded."""

import hashlib
import io
import json
import re
import zipfile
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import FormData

from inbox import schema as t
from inbox.media.archives import file_name
from inbox.store import ids
from inbox.views import transcripts as views
from inbox.web import keys
from tests.inbox.conftest import Client
from tests.inbox.media import picture

HOSTILE = "<script>alert(1)</script> & <img src=https://evil.example/x>"


async def conversation(client: Client) -> int:
    number = await client.hear(await client.channel(), "Where is my order?", address="+4930901821", name="Anna")
    await client.hear((await client.get(f"/conversations/{number}")).body["channel"]["id"], HOSTILE, address="+4930901821")
    await client.post(f"/conversations/{number}/messages", {"text": "Only for us", "note": True})
    await client.post(f"/conversations/{number}/messages", {"text": "On its way, Anna"})
    return number


async def taken(client: Client, number: int, form: str, **more: Any) -> Any:
    answer = await client.get(f"/conversations/{number}/export", format=form, **more)
    assert answer.status == 200
    return answer.body


@pytest.mark.parametrize("form", ["html", "text", "json"])
async def test_everything_said_is_there_and_notes_only_for_us(client: Client, form: str) -> None:
    number = await conversation(client)
    ours = {"labels": ["complains"], "close_summary": "Paid back, to be quiet"}
    assert (await client.patch(f"/conversations/{number}", ours | {"status": "closed"})).status == 200
    whole, theirs = [written(await taken(client, number, form, notes=notes)) for notes in ("true", "false")]
    for words in ("Anna", "Where is my order?", "On its way, Anna", "+4930901821"):
        assert words in whole and words in theirs, words
    for words in ("Only for us", "complains", "Paid back"):
        assert words in whole and words not in theirs, words


def written(body: Any) -> str:
    return body.decode() if isinstance(body, bytes) else body if isinstance(body, str) else json.dumps(body)


async def test_a_page_runs_and_loads_nothing_that_a_stranger_wrote(client: Client) -> None:
    page = written(await taken(client, await conversation(client), "html", language="ru", timezone="Europe/Moscow"))
    assert "&lt;script&gt;" in page and "<script" not in page and "<img src=https" not in page
    assert "22 ноября 2026" in page and "12:00" in page, "in the reader's own time"
    assert not re.findall(r"<\w[^>]*(?:src|href)\s*=\s*[\"']?(?!data:)\w+:|url\(", page)


async def test_json_is_what_the_api_tells(client: Client) -> None:
    number = await conversation(client)
    found = await taken(client, number, "json")
    assert found["messages"] == (await client.get(f"/conversations/{number}/messages")).body["items"]
    assert found["conversation"]["id"] == number and found["events"][-1]["kind"] == "conversation.exported"
    assert (await taken(client, number, "json", notes="false"))["events"] == []


async def test_an_archive_has_every_file(client: Client) -> None:
    number = await conversation(client)
    image = picture("PNG")
    for name, content, note in (("пёс.png", image, True), ("a.txt", b"words", False)):
        uploaded = await client.call("POST", "/uploads", data=form_of(name, content))
        sent = {"text": "See", "note": note, "attachments": [{"file": uploaded.body["file"], "name": uploaded.body["name"]}]}
        assert (await client.post(f"/conversations/{number}/messages", sent)).status == 201
    archive = zipfile.ZipFile(io.BytesIO(await taken(client, number, "zip")))
    assert archive.testzip() is None
    names = archive.namelist()
    assert names[:2] == ["conversation.json", "conversation.html"]
    assert [name.partition("-")[2] for name in names[2:]] == ["пёс.png", "a.txt"]
    assert [archive.read(name) for name in names[2:]] == [image, b"words"]
    assert "data:image/" in archive.read("conversation.html").decode(), "pictures stand in the page itself"
    assert [each["text"] for each in json.loads(archive.read("conversation.json"))["messages"]][-1] == "See"
    without = zipfile.ZipFile(io.BytesIO(await taken(client, number, "zip", notes="false")))
    assert [name.partition("-")[2] for name in without.namelist()[2:]] == ["a.txt"]
    client.app[keys.STORE].path(hashlib.sha256(b"words").hexdigest()).unlink()
    lost = zipfile.ZipFile(io.BytesIO(await taken(client, number, "zip")))
    assert [name.partition("-")[2] for name in lost.namelist()[2:]] == ["пёс.png"], "what is missing is left out"


def form_of(name: str, content: bytes) -> Any:
    form = FormData(quote_fields=False)
    form.add_field("file", content, filename=name)
    return form


def more(connection: sa.Connection, number: int, count: int) -> None:
    row = dict(connection.execute(sa.select(t.messages).where(t.messages.c.conversation_id == number).limit(1)).one()._mapping)
    rows = [row | {"id": ids.one(connection, "messages"), "external_id": f"x{n}", "text": f"line {n}"} for n in range(count)]
    connection.execute(sa.insert(t.messages), rows)


async def test_a_long_conversation_is_written_page_by_page(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "PAGE", 7)
    number = await conversation(client)
    await client.run(more, number, 20)
    found = await taken(client, number, "json")
    assert len(found["messages"]) == 24 and len({each["id"] for each in found["messages"]}) == 24
    text = written(await taken(client, number, "text"))
    assert [n for n in range(20) if f"line {n}\n" not in text] == [] and text.count("--- 2026-11-22 ---") == 1


async def test_who_took_it_out_is_recorded(client: Client) -> None:
    number = await conversation(client)
    viewer = await client.become("viewer", "Vera")
    await taken(viewer, number, "text")
    await taken(viewer, number, "html", show="true")
    events = (await client.get(f"/conversations/{number}/events")).body["items"][-2:]
    assert [(each["kind"], each["actor"]["name"], each["data"]) for each in events] == [
        ("conversation.exported", "Vera", {"format": "text", "notes": True}),
        ("conversation.printed", "Vera", {"format": "html", "notes": True}),
    ]


@pytest.mark.parametrize(
    ("query", "status"),
    [({"format": "pdf"}, 422), ({"timezone": "Mars/Base"}, 422), ({"language": "de"}, 422), ({"colour": "1"}, 422)],
    ids=["format", "zone", "language", "unknown"],
)
async def test_what_cannot_be_written_names_the_field(client: Client, query: dict[str, str], status: int) -> None:
    number = await conversation(client)
    answer = await client.get(f"/conversations/{number}/export", **query)
    assert answer.status == status and next(iter(query)) in answer.errors
    assert (await client.get("/conversations/999999/export")).status == 404


NAMES = [("a/b", "a_b"), ("..", "file"), ("", "file"), ("C:\\x\0y", "C__x_y"), ("ё" * 300, "ё" * 120)]


@pytest.mark.parametrize(("name", "expected"), NAMES)
def test_a_name_in_an_archive_leads_nowhere_else(name: str, expected: str) -> None:
    assert file_name(7, name) == f"files/7-{expected}"
