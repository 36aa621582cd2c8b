"""Lists of people taken out as CSV, XLSX and vCard, and brought back."""

import csv
import io
from typing import Any

import openpyxl
import pytest

from inbox.views.exports import harmless
from tests.inbox.conftest import Client
from tests.inbox.test_imports import some, taken

ANNA = {
    "name": "Анна, Петрова", "language": "ru", "tags": ["vip", "b"], "fields": {"city": "Москва", "note": "a\nb; c"},
    "identities": [{"kind": "phone", "address": "+79161234567"}, {"kind": "email", "address": "anna@example.com"}],
}  # fmt: skip


async def some_people(client: Client) -> None:
    await client.post("/contacts", ANNA)
    await client.post("/contacts", {"name": "=HYPERLINK(1)", "tags": ["b"], "fields": {"size": 4}})


async def rows(client: Client, **query: Any) -> list[dict[str, str]]:
    answer = await client.get("/contacts/export", **query)
    assert answer.status == 200
    return list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))


async def test_a_list_as_csv(client: Client) -> None:
    await some_people(client)
    second, first = await rows(client)
    assert (first["Name"], first["Phone"], first["E-mail"], first["Tags"]) == (
        "Анна, Петрова", "+79161234567", "anna@example.com", "b, vip",
    )  # fmt: skip
    assert (first["city"], first["note"], first["size"], second["size"]) == ("Москва", "a\nb; c", "", "4")
    assert second["Name"] == "'=HYPERLINK(1)"
    assert [row["Name"] for row in await rows(client, tag="vip")] == ["Анна, Петрова"]
    events = (await client.get("/events", kind="contacts.exported")).body["items"]
    assert len(events) == 2 and events[0]["actor"]["id"] == client.id


async def test_a_list_as_a_spreadsheet(client: Client) -> None:
    await some_people(client)
    answer = await client.get("/contacts/export", format="xlsx", q="Анна")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.body)).active
    assert sheet is not None
    found = [list(row) for row in sheet.iter_rows(values_only=True)]
    assert found[0][:3] == ["Personal number", "Name", "Phone"] and [row[1] for row in found[1:]] == ["Анна, Петрова"]


@pytest.mark.parametrize("form", ["csv", "xlsx", "vcard"])
async def test_what_was_taken_out_can_be_brought_back(client: Client, form: str) -> None:
    await client.post("/contacts", ANNA)
    content = (await client.get("/contacts/export", format=form)).body
    name = {"csv": "people.csv", "xlsx": "people.xlsx", "vcard": "people.vcf"}[form]
    done = await taken(client, content, name, tags=["again"])
    assert some(done["counts"]) == {"matched": 1}
    (anna,) = (await client.get("/contacts")).body["items"]
    assert (anna["name"], anna["tags"], anna["fields"]["city"]) == (ANNA["name"], ["again", "b", "vip"], "Москва")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [("=1+1", "'=1+1"), ("@x", "'@x"), ("+79161234567", "+79161234567"), ("-5", "-5"), ("+1, +2", "+1, +2"), ("-cmd", "'-cmd")],
)
def test_no_cell_is_a_formula(cell: str, expected: str) -> None:
    assert harmless(cell) == expected


@pytest.mark.parametrize(("role", "status"), [("operator", 403), ("marketer", 403), ("viewer", 403), ("lead", 200)])
async def test_only_who_may_takes_people_out(client: Client, role: str, status: int) -> None:
    assert (await (await client.become(role)).get("/contacts/export")).status == status
