"""Organisations: names that are one, people who come and go, two that become one and two again, imports and segments."""

from typing import Any

import pytest

from inbox.organisations.employing import partial_date
from inbox.organisations.naming import fold_name, sort_name
from inbox.refusals import Invalid
from tests.inbox import rows
from tests.inbox.conftest import Client
from tests.inbox.test_imports import some, taken, work

SAME = [
    ("ООО «Ромашка»", "Ромашка", "OOO Romashka LLC", 'ооо "РОМАШКА"', "Общество с ограниченной ответственностью «Ромашка»"),
    ("Müller & Söhne GmbH", "Muller Sohne", "MÜLLER & SÖHNE"),
    ("Acme, Inc.", "ACME Inc", "Acme Corporation", "acme"),
    ("ИП Иванов И. И.", "Иванов И.И."),
    ("Kowalski Sp. z o.o.", "KOWALSKI"),
    ("Ёлка", "Елка", "Elka"),
]
OTHER = [("Ромашка", "Ромашка Плюс"), ("Acme", "Acme 2"), ("ООО", "ЗАО"), ("A.S.", "Acme"), ("12", "13")]


@pytest.mark.parametrize("names", SAME, ids=lambda names: str(names[0]))
def test_spellings_of_one_name_fold_alike(names: tuple[str, ...]) -> None:
    assert len({fold_name(name) for name in names}) == 1, [fold_name(name) for name in names]


@pytest.mark.parametrize(("one", "two"), OTHER)
def test_other_names_stay_apart(one: str, two: str) -> None:
    assert fold_name(one) != fold_name(two)
    assert fold_name(one) and sort_name(one)


DATES = [
    ("", ""), (None, ""), ("2024", "2024"), ("2024-05", "2024-05"), ("2024-02-29", "2024-02-29"), ("2023-02-29", None),
    ("2024-13", None), ("24", None), ("2024-5", None), ("1066", None), ("2024-05-17T00:00", None), ("last year", None),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "kept"), DATES)
def test_a_date_may_be_partial(typed: str | None, kept: str | None) -> None:
    if kept is not None:
        assert partial_date(typed, "since") == kept
    else:
        with pytest.raises(Invalid):
            partial_date(typed, "since")


async def organisation(client: Client, name: str = "ООО «Ромашка»", **more: Any) -> int:
    answer = await client.post("/organisations", {"name": name} | more)
    assert answer.status == 201, answer
    return int(answer.body["id"])


async def person(client: Client, name: str = "Dora") -> int:
    return int((await client.post("/contacts", {"name": name})).body["id"])


async def employ(client: Client, contact: int, **said: Any) -> int:
    answer = await client.post(f"/contacts/{contact}/organisations", said)
    assert answer.status == 201, answer
    return int(answer.body["id"])


async def where(client: Client, contact: int) -> list[tuple[str, str, bool]]:
    found = (await client.get(f"/contacts/{contact}/organisations")).body["items"]
    return [(each["organisation"]["name"], each["title"], each["current"]) for each in found]


async def who(client: Client, number: int, **query: Any) -> list[str]:
    return [each["contact"]["name"] for each in (await client.get(f"/organisations/{number}/people", **query)).body["items"]]


async def test_an_organisation_is_made_mended_archived_and_brought_back(client: Client) -> None:
    card = {
        "name": "  ООО   «Ромашка» ", "status": "client", "website": "romashka.ru", "phones": ["+7 495 123-45-67"],
        "emails": ["Info@Romashka.RU"], "address": "Тула", "registration": "77 07 083893", "note": "Платят вовремя",
        "fields": {"отрасль": "цветы"}, "tags": ["опт", "vip", "опт"], "manager": client.id,
    }  # fmt: skip
    made = (await client.post("/organisations", card)).body
    assert made["name"] == "ООО «Ромашка»" and made["website"] == "https://romashka.ru" and made["phones"] == ["+74951234567"]
    assert made["registration"] == "7707083893" and made["tags"] == ["vip", "опт"] and made["manager"]["id"] == client.id
    path = f"/organisations/{made['id']}"
    changed = (await client.patch(path, {"status": "former", "manager": None, "phones": []})).body
    assert (changed["status"], changed["manager"], changed["phones"]) == ("former", None, [])
    assert (await client.delete(path)).status == 204
    assert (await client.get("/organisations")).body["items"] == []
    assert [each["id"] for each in (await client.get("/organisations", archived="true")).body["items"]] == [made["id"]]
    assert (await client.post(f"{path}/restore")).status == 200
    assert (await client.post(f"{path}/restore")).status == 409
    kinds = [each["kind"] for each in (await client.get("/events")).body["items"]]
    assert {"organisation.added", "organisation.changed", "organisation.removed", "organisation.restored"} <= set(kinds)


WRONG = [
    ({"name": ""}, "name"), ({"name": "A", "website": "javascript:alert(1)"}, "website"),
    ({"name": "A", "website": "a b"}, "website"),
    ({"name": "A", "phones": ["123"]}, "phones.0"), ({"name": "A", "emails": ["a@example.com", "x"]}, "emails.1"),
    ({"name": "A", "status": "friend"}, "status"),
    ({"name": "A", "manager": 999}, "manager"), ({"name": "A", "fields": {"turnover": "much"}}, "fields.turnover"),
    ({"name": "A", "fields": {"": "no name"}}, "fields..[key]"),
    ({"name": "A", "fields": {"x" * 101: "a"}}, f"fields.{'x' * 101}.[key]"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "field"), WRONG, ids=[each[1][:20] for each in WRONG])
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_what_cannot_stand_there_is_named(client: Client, body: dict[str, Any], field: str) -> None:
    await client.post("/organisations/fields", {"name": "turnover", "type": "number"})
    answer = await client.post("/organisations", body)
    assert answer.status == 422 and field in answer.errors, answer


async def test_they_are_listed_by_name_and_found_however_it_is_spelled(client: Client) -> None:
    names = ["ООО «Ромашка»", "Acme, Inc.", "ЗАО Берёза", "Beta GmbH", "АО «Арбуз»"]
    for name in names:
        await organisation(client, name, registration="7707083893" if name == "Beta GmbH" else "", emails=["a@acme.example"])
    pages, cursor = [], ""
    while True:
        page = (await client.get("/organisations", limit=2, **({"cursor": cursor} if cursor else {}))).body
        pages += [each["name"] for each in page["items"]]
        if not (cursor := page["next"] or ""):
            break
    assert pages == ["Acme, Inc.", "Beta GmbH", "АО «Арбуз»", "ЗАО Берёза", "ООО «Ромашка»"]
    found = {"romashka": "ООО «Ромашка»", "ООО Ромашк": "ООО «Ромашка»", "береза": "ЗАО Берёза", "7707": "Beta GmbH"}
    for q, name in found.items():
        assert [each["name"] for each in (await client.get("/organisations", q=q)).body["items"]] == [name], q
    assert len((await client.get("/organisations", q="acme.example")).body["items"]) == 5


async def test_one_that_may_be_the_same_is_shown_before_it_is_added(client: Client) -> None:
    first = await organisation(client, "ООО «Ромашка»", registration="7707083893")
    for query in ({"name": "OOO Romashka"}, {"registration": "77-07 083893"}):
        answer = await client.get("/organisations/similar", **query)
        assert [each["id"] for each in answer.body["items"]] == [first], query
    assert (await client.get("/organisations/similar", name="Acme")).body["items"] == []
    second = (await client.post("/organisations", {"name": "Ромашка"})).body
    assert [each["id"] for each in second["similar"]] == [first]


async def test_people_change_employers_and_the_history_stays(client: Client) -> None:
    first, dora = await organisation(client, "Acme"), await person(client)
    began = await employ(client, dora, organisation=first, title="Buyer", part="decides", influence="high", since="2022-03")
    assert await who(client, first, current="true") == ["Dora"]
    assert (await client.get(f"/organisations/{first}")).body["people"] == 1
    await employ(client, dora, name="Beta GmbH", title="Director", since="2025", instead_of=began)
    assert await where(client, dora) == [("Beta GmbH", "Director", True), ("Acme", "Buyer", False)]
    old = (await client.get(f"/contacts/{dora}/organisations")).body["items"][1]
    assert (old["since"], old["until"], old["part"], old["influence"]) == ("2022-03", "2025", "decides", "high")
    assert await who(client, first, current="true") == [] and await who(client, first, current="false") == ["Dora"]
    changes = (await client.get(f"/contacts/{dora}/changes", field="organisations")).body["items"]
    assert [each["changes"]["organisations"]["after"] for each in changes] == [
        "Beta GmbH, Director, 2025", "Acme, Buyer, 2022-03 – 2025", "Acme, Buyer, 2022-03",
    ]  # fmt: skip
    kinds = [each["kind"] for each in (await client.get("/events")).body["items"]]
    assert kinds.count("employment.added") == 2 and kinds.count("employment.ended") == 1


async def test_an_employment_is_changed_ended_taken_up_again_and_dropped(client: Client) -> None:
    first, dora = await organisation(client, "Acme"), await person(client)
    number = await employ(client, dora, organisation=first, since="2024")
    path = f"/contacts/{dora}/organisations/{number}"
    steps: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"title": "Buyer", "part": "pays"}, {"title": "Buyer", "part": "pays", "current": True}),
        ({"until": "2025-02"}, {"until": "2025-02", "current": False}),
        ({"current": True}, {"until": None, "current": True}),
        ({"current": False}, {"until": None, "current": False}),
        ({"since": None, "part": None}, {"since": None, "part": None}),
    ]
    for change, expected in steps:
        answer = await client.patch(path, change)
        assert answer.status == 200 and expected.items() <= answer.body.items(), (change, answer)
    assert (await client.delete(path)).status == 204
    assert (await client.delete(path)).status == 404
    assert await where(client, dora) == []


async def test_what_does_not_fit_is_refused(client: Client) -> None:
    first, dora = await organisation(client, "Acme"), await person(client)
    await employ(client, dora, organisation=first, since="2024")
    put = f"/contacts/{dora}/organisations"
    wrong: list[tuple[dict[str, Any], int, str]] = [
        ({"organisation": first, "since": "2024"}, 409, ""), ({}, 422, "organisation"),
        ({"organisation": first, "name": "Acme"}, 422, "organisation"), ({"organisation": 999}, 422, "organisation"),
        ({"name": "B", "since": "2024-05", "until": "2023"}, 422, "until"), ({"name": "B", "since": "2024-02-30"}, 422, "since"),
        ({"name": "B", "until": "2024", "current": True}, 422, "until"), ({"name": "B", "part": "leads"}, 422, "part"),
        ({"name": "B", "instead_of": 999}, 404, ""),
    ]  # fmt: skip
    for body, status, field in wrong:
        answer = await client.post(put, body)
        assert answer.status == status and (not field or field in answer.errors), (body, answer)
    assert [each["name"] for each in (await client.get("/organisations")).body["items"]] == ["Acme"], "refused: nothing was made"
    await client.delete(f"/organisations/{first}")
    assert (await client.post(put, {"organisation": first})).status == 409


async def test_two_become_one_and_two_again(client: Client) -> None:
    one = await organisation(client, "Acme", tags=["a"])
    two = await organisation(client, "Acme Inc", website="acme.example", registration="12", tags=["b"], fields={"x": "y"})
    dora, ben = await person(client), await person(client, "Ben")
    await employ(client, dora, organisation=one)
    await employ(client, dora, organisation=two)
    await employ(client, ben, organisation=two)
    before = [(await client.get(f"/organisations/{each}")).body for each in (one, two)]
    answer = await client.post(f"/organisations/{one}/merge", {"with": two})
    assert answer.status == 200 and answer.body["merged"]["name"] == "Acme Inc"
    kept = (await client.get(f"/organisations/{one}")).body
    taken = (kept["website"], kept["registration"], kept["tags"], kept["fields"], kept["people"])
    assert taken == ("https://acme.example", "12", ["a", "b"], {"x": "y"}, 2)
    assert (await client.get(f"/organisations/{two}")).body["merged_into"] == one
    assert (await client.patch(f"/organisations/{two}", {"note": "x"})).status == 409
    undone = await client.post(f"/organisations/merges/{answer.body['id']}/undo")
    assert undone.status == 200 and undone.body["undone_at"]
    assert [(await client.get(f"/organisations/{each}")).body for each in (one, two)] == before
    assert await who(client, two) == ["Ben", "Dora"] and await who(client, one) == ["Dora"]
    assert (await client.post(f"/organisations/merges/{answer.body['id']}/undo")).status == 409
    assert (await client.post(f"/organisations/{one}/merge", {"with": one})).status == 422


async def test_merges_behind_one_another_are_undone_one_by_one(client: Client) -> None:
    one, two, three = [await organisation(client, name) for name in ("Acme", "Beta", "Gamma")]
    merges = [
        (await client.post(f"/organisations/{kept}/merge", {"with": gone})).body for kept, gone in ((two, three), (one, two))
    ]

    async def leads() -> list[int | None]:
        return [(await client.get(f"/organisations/{each}")).body["merged_into"] for each in (two, three)]

    assert await leads() == [one, one]
    for merge, expected in zip(reversed(merges), ([None, two], [None, None]), strict=True):
        assert (await client.post(f"/organisations/merges/{merge['id']}/undo")).status == 200
        assert await leads() == expected


async def test_a_merge_is_undone_even_if_somebody_dated_an_employment_like_another_since(client: Client) -> None:
    one, two = await organisation(client, "Acme"), await organisation(client, "Beta")
    dora = await person(client)
    first = await employ(client, dora, organisation=one)
    await employ(client, dora, organisation=two)
    later = await employ(client, dora, organisation=two, since="2024")
    merge = (await client.post(f"/organisations/{one}/merge", {"with": two})).body
    await client.delete(f"/contacts/{dora}/organisations/{first}")
    assert (await client.patch(f"/contacts/{dora}/organisations/{later}", {"since": None})).status == 200
    assert (await client.post(f"/organisations/merges/{merge['id']}/undo")).status == 200
    assert (await who(client, one), await who(client, two)) == (["Dora"], ["Dora"])


async def test_people_who_are_one_take_their_employers_along_and_undo_returns_them(client: Client) -> None:
    acme, beta = await organisation(client, "Acme"), await organisation(client, "Beta")
    dora, twin = await person(client), await person(client, "Dora S.")
    await employ(client, dora, organisation=acme, since="2024")
    await employ(client, twin, organisation=acme, since="2024", title="Buyer")
    await employ(client, twin, organisation=beta)
    await client.post(f"/contacts/{dora}/merge", {"with": twin})
    assert sorted(await where(client, dora)) == [("Acme", "", True), ("Beta", "", True)]
    assert await who(client, acme) == ["Dora"] and (await client.get(f"/organisations/{acme}")).body["people"] == 1
    merge = (await client.get(f"/contacts/{dora}/merges")).body["items"][0]["id"]
    assert (await client.post(f"/merges/{merge}/undo")).status == 200
    assert await where(client, dora) == [("Acme", "", True)]
    assert sorted(await where(client, twin)) == [("Acme", "Buyer", True), ("Beta", "", True)]


async def test_an_organisation_shows_what_is_said_and_due_with_its_people(client: Client) -> None:
    channel, acme = await client.channel(), await organisation(client, "Acme")
    talk = await client.hear(channel, "Hello", address="+4930901830")
    await client.hear(channel, "Not ours", address="+4930901831")
    anna = await client.run(rows.contact_of, talk)
    due = {"title": "Send the price", "due_at": "2026-11-23T09:00:00Z", "contact_id": anna}
    await client.post("/tasks", due)
    number = await employ(client, anna, organisation=acme)
    assert [each["id"] for each in (await client.get(f"/organisations/{acme}/conversations")).body["items"]] == [talk]
    assert due["title"] in [each["title"] for each in (await client.get(f"/organisations/{acme}/tasks")).body["items"]]
    assert due["title"] in [each["title"] for each in (await client.get("/tasks", contact=anna)).body["items"]]
    await client.patch(f"/contacts/{anna}/organisations/{number}", {"current": False})
    assert (await client.get(f"/organisations/{acme}/conversations")).body["items"] == []
    assert (await client.get("/organisations/999/conversations")).status == 404


FILE = (
    "ФИО;Телефон;Компания;Должность\nАнна Петрова;+79161234501;ООО «Ромашка»;Закупки\nБорис Ёлкин;+79161234502;Ромашка;\n"
    "Вера;+79161234503;—;Директор\nГлеб;+79161234504;Acme;\n"
)


async def test_a_column_of_companies_files_people_under_them_and_undo_takes_them_out(client: Client) -> None:
    known = await organisation(client, "OOO Romashka")
    gleb = (await client.post("/contacts", {"name": "Глеб", "identities": [{"kind": "phone", "address": "+79161234504"}]})).body
    beta = await organisation(client, "Beta")
    await employ(client, gleb["id"], organisation=beta)
    done = await taken(client, FILE.encode())
    assert some(done["counts"]) == {"new": 3, "unchanged": 1}, "who has an employer keeps it"
    assert {each["name"] for each in (await client.get("/organisations")).body["items"]} == {"OOO Romashka", "Beta"}
    assert sorted(await who(client, known)) == ["Анна Петрова", "Борис Ёлкин"]
    found = {each["name"]: each for each in (await client.get("/contacts")).body["items"]}
    assert found["Анна Петрова"]["employers"] == [{"id": known, "name": "OOO Romashka", "title": "Закупки"}]
    assert found["Вера"]["employers"] == [] and found["Вера"]["fields"] == {"position": "Директор"}
    again = await taken(client, FILE.encode(), existing="replace")
    assert some(again["counts"]) == {"matched": 1, "unchanged": 3}
    assert await where(client, gleb["id"]) == [("Acme", "", True), ("Beta", "", False)]
    assert await ends(client, gleb["id"]) == {"Acme": None, "Beta": "2026-11-22"}
    await client.post(f"/contacts/{found['Борис Ёлкин']['id']}/organisations", {"organisation": beta})
    for each in (again, done):
        assert (await client.post(f"/imports/{each['id']}/undo")).status == 200
        await work(client)
    assert await where(client, gleb["id"]) == [("Beta", "", True)]
    assert [each["name"] for each in (await client.get("/contacts")).body["items"]] == ["Борис Ёлкин", "Глеб"]
    assert {each["name"] for each in (await client.get("/organisations")).body["items"]} == {"OOO Romashka", "Beta"}


async def ends(client: Client, contact: int) -> dict[str, str | None]:
    found = (await client.get(f"/contacts/{contact}/organisations")).body["items"]
    return {each["organisation"]["name"]: each["until"] for each in found}


async def test_a_file_that_is_right_moves_people_on_and_keeps_where_they_were(client: Client) -> None:
    ida = (await client.post("/contacts", {"name": "Ida", "identities": [{"kind": "phone", "address": "+79161234509"}]})).body[
        "id"
    ]
    for name, since in (("Beta", "2020"), ("Later", "2027-01-01"), ("Gone", ""), ("Kept", "")):
        await client.post(f"/contacts/{ida}/organisations", {"name": name, "since": since})
    gone = next(
        n for n in (await client.get(f"/contacts/{ida}/organisations")).body["items"] if n["organisation"]["name"] == "Gone"
    )
    await client.patch(f"/contacts/{ida}/organisations/{gone['id']}", {"current": False})
    text = "ФИО;Телефон;Компания\n" + "".join(f"Ida;+79161234509;{each}\n" for each in ("Gone", "Acme", "Kept"))
    before = (await client.get(f"/contacts/{ida}/organisations")).body["items"]
    done = await taken(client, text.encode(), existing="replace")
    jobs = (await client.get(f"/contacts/{ida}/organisations")).body["items"]
    seen = [(each["organisation"]["name"], each["since"], each["until"], each["current"]) for each in jobs]
    now = sorted(each for each in seen if each[0] != "Gone")
    assert now == [
        ("Acme", None, None, True), ("Beta", "2020", "2026-11-22", False), ("Kept", None, None, True),
        ("Later", "2027-01-01", None, False),
    ]  # fmt: skip
    again = await taken(client, text.encode(), existing="replace")
    assert some(again["counts"]) == {"unchanged": 3}
    assert ("Gone", "", True) in await where(client, ida) and ("Gone", "", False) in await where(client, ida), "is back, and was"
    assert (await client.post(f"/imports/{done['id']}/undo")).status == 200
    await work(client)
    assert (await client.get(f"/contacts/{ida}/organisations")).body["items"] == before


async def test_an_end_that_somebody_dated_since_stays_after_the_undo(client: Client) -> None:
    ida = (await client.post("/contacts", {"name": "Ida", "identities": [{"kind": "phone", "address": "+79161234509"}]})).body[
        "id"
    ]
    job = (await client.post(f"/contacts/{ida}/organisations", {"name": "Beta"})).body["id"]
    done = await taken(client, "ФИО;Телефон;Компания\nIda;+79161234509;Acme\n".encode(), existing="replace")
    await client.patch(f"/contacts/{ida}/organisations/{job}", {"until": "2026-10"})
    await client.post(f"/imports/{done['id']}/undo")
    await work(client)
    assert await ends(client, ida) == {"Beta": "2026-10"}
