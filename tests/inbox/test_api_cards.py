"""The card over HTTP: fields of one's own, categories, what a person wrote and what a machine may fill, the history."""

from typing import Any

import pytest

from inbox.card import write as cards
from tests.inbox import rows
from tests.inbox.conftest import Client

CARS = {
    "name": "cars",
    "type": "group",
    "parts": [{"name": "make", "type": "text"}, {"name": "year", "type": "number"}, {"name": "bought", "type": "date"}],
}
KINDS: list[dict[str, Any]] = [
    {"name": "city", "title": "City", "type": "text"},
    {"name": "children", "type": "number"},
    {"name": "spent", "type": "money", "currency": "EUR"},
    {"name": "since", "type": "date"},
    {"name": "size", "type": "choice", "choices": ["S", "M"]},
    {"name": "likes", "type": "list"},
    {"name": "colours", "type": "list", "choices": ["red", "blue"]},
    {"name": "site", "type": "link"},
    {"name": "friend", "type": "person"},
    {"name": "vip", "type": "boolean"},
    CARS,
]


async def define(client: Client) -> None:
    for kind in KINDS:
        answer = await client.post("/fields", kind)
        assert answer.status == 201, answer


async def card(client: Client, **more: Any) -> int:
    answer = await client.post("/contacts", {"name": "Dora"} | more)
    assert answer.status == 201, answer
    return int(answer.body["id"])


async def test_every_type_of_field_takes_what_fits_and_names_what_does_not(client: Client) -> None:
    await define(client)
    friend = await card(client, name="Eva")
    number = await card(client)
    good: list[tuple[str, Any, Any]] = [
        ("city", " Berlin ", "Berlin"),
        ("children", 2, 2),
        ("children", "2,5", 2.5),
        ("spent", 12.5, {"amount": "12.50", "currency": "EUR"}),
        ("spent", {"amount": "1 000", "currency": "USD"}, {"amount": "1000.00", "currency": "USD"}),
        ("since", "2024-02-29", "2024-02-29"),
        ("size", "M", "M"),
        ("likes", ["tea", "tea", " "], ["tea"]),
        ("colours", ["blue"], ["blue"]),
        ("site", "https://example.com/a", "https://example.com/a"),
        ("friend", friend, friend),
        ("vip", False, False),
        ("cars", [{"make": "Volvo", "year": 2019}, {}], [{"make": "Volvo", "year": 2019}]),
        ("anything", {"nobody": ["defined"]}, {"nobody": ["defined"]}),
    ]
    for name, value, kept in good:
        answer = await client.patch(f"/contacts/{number}", {"set_fields": {name: value}})
        assert answer.status == 200 and answer.body["fields"][name] == kept, (name, answer)
    bad: list[tuple[str, Any, str]] = [
        ("city", 5, "fields.city"),
        ("children", "two", "fields.children"),
        ("children", "nan", "fields.children"),
        ("children", True, "fields.children"),
        ("spent", {"amount": "1", "currency": "euro"}, "fields.spent.currency"),
        ("spent", {"amount": "x"}, "fields.spent.amount"),
        ("spent", {"sum": 1}, "fields.spent.sum"),
        ("since", "2023-02-29", "fields.since"),
        ("size", "XL", "fields.size"),
        ("likes", "tea", "fields.likes"),
        ("colours", ["red", "green"], "fields.colours.1"),
        ("site", "javascript:alert(1)", "fields.site"),
        ("friend", 999_999, "fields.friend"),
        ("vip", "yes", "fields.vip"),
        ("cars", [{"make": "Volvo"}, {"year": "old"}], "fields.cars.1.year"),
        ("cars", [{"wheels": 4}], "fields.cars.0.wheels"),
        ("cars", {"make": "Volvo"}, "fields.cars"),
    ]
    before = (await client.get(f"/contacts/{number}")).body["fields"]
    for name, value, where in bad:
        answer = await client.patch(f"/contacts/{number}", {"name": "Never", "set_fields": {name: value}})
        assert answer.status == 422 and where in answer.errors, (name, value, answer)
    found = (await client.get(f"/contacts/{number}")).body
    assert (found["fields"], found["name"]) == (before, "Dora")
    emptied = await client.patch(f"/contacts/{number}", {"set_fields": {"city": None, "likes": []}})
    assert not {"city", "likes"} & set(emptied.body["fields"]) and emptied.body["fields"]["size"] == "M"


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        pytest.param({"name": "size", "type": "choice"}, 422, "choices", id="a choice of nothing"),
        pytest.param({"name": "size", "type": "choice", "choices": ["a", "a"]}, 422, "choices", id="the same twice"),
        pytest.param({"name": "size", "type": "text", "choices": ["a"]}, 422, "choices", id="a text with choices"),
        pytest.param({"name": "cars", "type": "group"}, 422, "parts", id="an empty group"),
        pytest.param({"name": "cars", "type": "text", "parts": CARS["parts"]}, 422, "parts", id="a text with parts"),
        pytest.param(
            CARS | {"parts": [{"name": "a", "type": "choice"}]}, 422, "parts.0.choices", id="a part's choice of nothing"
        ),
        pytest.param(CARS | {"parts": [{"name": "a", "type": "text"}] * 2}, 422, "parts.1.name", id="a part twice"),
        pytest.param({"name": "Size", "type": "text"}, 422, "name", id="a name that programs cannot use"),
        pytest.param({"name": "size", "type": "colour"}, 422, "type", id="no type"),
        pytest.param({"name": "city", "type": "text"}, 409, "", id="there is one"),
        pytest.param({"name": "category", "type": "text"}, 409, "", id="a name of ours"),
    ],
)
async def test_a_field_that_cannot_be(client: Client, body: dict[str, Any], status: int, field: str) -> None:
    assert (await client.post("/fields", KINDS[0])).status == 201
    answer = await client.post("/fields", body)
    assert answer.status == status and (not field or any(name.startswith(field) for name in answer.errors)), answer
    assert [each["name"] for each in (await client.get("/fields")).body["items"]] == ["city"]


async def test_a_changed_definition_leaves_what_stands_on_cards(client: Client) -> None:
    size = (await client.post("/fields", {"name": "size", "type": "choice", "choices": ["S", "M"]})).body
    number = await card(client, fields={"size": "S"})
    changed = (await client.patch(f"/fields/{size['id']}", {"title": "Size", "choices": ["M", "L"]})).body
    assert (changed["title"], changed["choices"], changed["type"]) == ("Size", ["M", "L"], "choice")
    kept = await client.patch(f"/contacts/{number}", {"set_fields": {"note": "x"}})
    assert kept.body["fields"] == {"size": "S", "note": "x"}
    assert (await client.patch(f"/contacts/{number}", {"set_fields": {"size": "XS"}})).errors.keys() == {"fields.size"}
    assert (await client.delete(f"/fields/{size['id']}")).status == 204
    assert (await client.patch(f"/contacts/{number}", {"set_fields": {"size": "XS"}})).body["fields"]["size"] == "XS"
    assert (await client.delete(f"/fields/{size['id']}")).status == 404


async def test_only_a_lead_defines_fields(client: Client) -> None:
    lead, operator = await client.become("lead"), await client.become("operator")
    assert (await operator.post("/fields", KINDS[0])).status == 403
    assert (await lead.post("/fields", KINDS[0])).status == 201
    assert [each["title"] for each in (await operator.get("/fields")).body["items"]] == ["City"]


async def test_categories_are_a_setting(client: Client) -> None:
    assert (await client.get("/categories")).body == {"names": ["A", "B", "C"]}
    number = await card(client, category="A")
    assert (await client.patch("/categories", {"names": ["Gold", "Gold"]})).errors.keys() == {"names"}
    for _ in range(2):
        assert (await client.patch("/categories", {"names": ["Gold", "Silver"]})).body == {"names": ["Gold", "Silver"]}
    assert (await client.get("/fields")).body["items"] == []
    assert (await client.patch(f"/contacts/{number}", {"category": "B"})).errors.keys() == {"category"}
    assert (await client.get(f"/contacts/{number}")).body["category"] == "A"
    assert (await client.patch(f"/contacts/{number}", {"category": "Gold"})).body["category"] == "Gold"


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("1990-05-17", "1990-05-17"),
        ("--02-29", "--02-29"),
        ("", None),
        (None, None),
        ("1990-02-30", ...),
        ("17.05.1990", ...),
        ("2030-01-01", ...),
        ("--13-01", ...),
    ],
)
async def test_a_birthday(client: Client, typed: str | None, kept: Any) -> None:
    answer = await client.patch(f"/contacts/{await card(client)}", {"birthday": typed})
    assert "birthday" in answer.errors if kept is ... else answer.body["birthday"] == kept


async def test_what_a_person_wrote_is_kept_with_its_history(client: Client) -> None:
    home = {"label": "home", "text": "Lindenstr. 1, Berlin"}
    number = await card(client, tags=["a"])
    client.clock.tick(minutes=1)
    operator = await client.become("operator", "Otto")
    changed = await operator.patch(
        f"/contacts/{number}", {"name": "Dora M.", "addresses": [home], "tags": ["b"], "set_fields": {"city": "Berlin"}}
    )
    assert changed.body["addresses"] == [home]
    assert changed.body["edited"]["name"] == {"by": operator.id, "at": "2026-11-22T09:01:00+00:00"}
    assert (await operator.patch(f"/contacts/{number}", {"name": "Dora M."})).status == 200
    history = (await client.get(f"/contacts/{number}/changes")).body["items"]
    assert len(history) == 2 and history[0]["actor"] == {"kind": "manager", "id": operator.id, "name": "Otto"}
    assert history[0]["changes"] == {
        "name": {"before": "Dora", "after": "Dora M."},
        "addresses": {"before": [], "after": [home]},
        "tags": {"before": ["a"], "after": ["b"]},
        "fields.city": {"before": None, "after": "Berlin"},
    }
    of_city = (await client.get(f"/contacts/{number}/changes", field="fields.city")).body["items"]
    assert [each["id"] for each in of_city] == [history[0]["id"]]
    first = (await client.get(f"/contacts/{number}/changes", limit=1)).body
    second = (await client.get(f"/contacts/{number}/changes", limit=1, cursor=first["next"])).body
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [each["id"] for each in history] and second["next"] is None


async def test_a_machine_fills_what_is_empty_and_nothing_else(client: Client) -> None:
    number = await card(client, fields={"city": "Berlin"}, language="de")
    await client.patch(f"/contacts/{number}", {"set_fields": {"street": "Linden"}})
    await client.patch(f"/contacts/{number}", {"set_fields": {"street": None}, "language": None})
    told = {"name": "dora1", "language": "en", "timezone": "Europe/Berlin"}
    await client.run(cards.fill, number, told, {"city": "Paris", "street": "Rue", "plan": "basic"})
    found = (await client.get(f"/contacts/{number}")).body
    assert (found["name"], found["language"], found["timezone"]) == ("Dora", None, "Europe/Berlin")
    assert found["fields"] == {"city": "Berlin", "plan": "basic"}


async def test_a_name_that_a_person_took_away_is_not_put_back_by_a_channel(client: Client) -> None:
    channel = await client.channel()
    number = await client.run(rows.contact_of, await client.hear(channel, name="Anna Schmidt"))
    await client.patch(f"/contacts/{number}", {"name": ""})
    client.clock.tick(minutes=1)
    await client.hear(channel, "again", name="Anna Schmidt")
    assert (await client.get(f"/contacts/{number}")).body["name"] == ""


async def test_where_somebody_came_from_is_kept_from_the_first_message(client: Client) -> None:
    channel = await client.channel()
    advert = {"source_id": "42", "headline": "Lamps"}
    number = await client.run(rows.contact_of, await client.hear(channel, start="42", data={"referral": advert}))
    await client.hear(channel, "again", start="other")
    found = (await client.get(f"/contacts/{number}")).body
    assert found["source"] == "42"
    assert found["origin"] == {"channel_id": channel, "start": "42", "referral": advert}


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        pytest.param("+5491123456789", "+541123456789", True, id="Argentina, with and without 9"),
        pytest.param("+5511987654321", "+551187654321", True, id="Brazil, with and without 9"),
        pytest.param("+5215512345678", "+525512345678", True, id="Mexico, with and without 1"),
        pytest.param("+5511987654321", "+551127654321", False, id="a Brazilian landline is another"),
        pytest.param("+4915112345678", "+4915112345679", False, id="neighbours"),
    ],
)
async def test_two_spellings_of_a_number_are_one_person(client: Client, one: str, two: str, same: bool) -> None:
    first, second = await client.channel("sms"), await client.channel("whatsapp")
    met = await client.run(rows.contact_of, await client.hear(first, address=one))
    client.clock.tick(minutes=1)
    again = await client.run(rows.contact_of, await client.hear(second, address=two, kind="whatsapp"))
    assert (met == again) is same
    known = {i["address"] for i in (await client.get(f"/contacts/{met}")).body["identities"]}
    assert known == ({one, two} if same else {one})
