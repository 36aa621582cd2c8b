"""Segments where they are used: lists of conversations and people narrow down to one."""

import sys
from datetime import timedelta
from typing import Any

import pytest

from inbox.segments import walk
from inbox.views import sifted
from tests.inbox.conftest import Client
from tests.inbox.rows import contact_of

VIP = {"version": 1, "match": {"kind": "tag", "tags": ["vip"]}}
NAMED = {"version": 1, "match": {"kind": "field", "name": "city", "op": "is", "value": "Tula"}}
NOT_VIP = {"version": 1, "match": {"kind": "tag", "tags": ["vip"], "not": True}}


async def people(client: Client) -> dict[str, int]:
    """Anna (vip, Tula), Bert (vip), Cleo (Tula), Dora: their conversations."""
    channel = await client.channel()
    found = {}
    for n, (name, tags, city) in enumerate(
        (("Anna", ["vip"], "Tula"), ("Bert", ["vip"], None), ("Cleo", [], "Tula"), ("Dora", [], None))
    ):
        client.clock.tick(seconds=1)
        found[name] = await client.hear(channel, "Hello", address=f"+49309018{n}0", name=name)
        contact = await client.run(contact_of, found[name])
        await client.patch(f"/contacts/{contact}", {"tags": tags, "set_fields": {"city": city} if city else {}})
    return found


async def segment(client: Client, found: dict[str, Any], name: str = "Some") -> int:
    return int((await client.post("/segments", {"name": name, "filter": found})).body["id"])


CASES = [
    ("tag", VIP, ["Bert", "Anna"]),
    ("field", NAMED, ["Cleo", "Anna"]),
    ("not", NOT_VIP, ["Dora", "Cleo"]),
    ("both", {"version": 1, "match": {"kind": "all", "of": [VIP["match"], NAMED["match"]]}}, ["Anna"]),
    ("any", {"version": 1, "match": {"kind": "any", "of": [VIP["match"], NAMED["match"]]}}, ["Cleo", "Bert", "Anna"]),
]


@pytest.mark.parametrize("most", [2_000, 0], ids=["few", "many"])
@pytest.mark.parametrize(("match", "names"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
async def test_lists_narrow_down_to_a_segment(
    client: Client, monkeypatch: pytest.MonkeyPatch, match: dict[str, Any], names: list[str], most: int
) -> None:
    monkeypatch.setattr(sys.modules["inbox.segments.few"], "MOST", most)
    await people(client)
    number = await segment(client, match)
    for path in ("/conversations", "/contacts"):
        items = (await client.get(path, segment=number)).body["items"]
        assert [each["contact"]["name"] if path == "/conversations" else each["name"] for each in items] == names, path
    first = (await client.get("/conversations", segment=number, limit=1)).body
    rest = (await client.get("/conversations", segment=number, cursor=first["next"])).body["items"] if first["next"] else []
    assert [each["contact"]["name"] for each in [*first["items"], *rest]] == names


async def test_a_segment_goes_with_the_other_filters_and_into_a_saved_view(client: Client) -> None:
    found = await people(client)
    number = await segment(client, VIP)
    await client.patch(f"/conversations/{found['Anna']}", {"assignee": client.id})
    listed = (await client.get("/conversations", segment=number, assignee="me")).body["items"]
    assert [each["id"] for each in listed] == [found["Anna"]]
    assert [each["id"] for each in (await client.get("/conversations", segment=number, q="Bert")).body["items"]] == [
        found["Bert"]
    ]
    assert (await client.get("/conversations", segment=number, q="Dora")).body["items"] == []
    saved = await client.post("/views", {"name": "VIPs", "filter": {"segment": number, "view": "all"}})
    assert saved.status == 201 and saved.body["filter"]["segment"] == number


async def test_a_segment_that_is_not_there_is_said_so(client: Client) -> None:
    for path in ("/conversations", "/contacts"):
        answer = await client.get(path, segment=77)
        assert answer.status == 422 and "no segment 77" in answer.errors["segment"]


async def test_days_count_from_the_moment_of_asking(client: Client) -> None:
    await people(client)
    number = await segment(client, {"version": 1, "match": {"kind": "wrote", "days": 2}})
    assert len((await client.get("/conversations", segment=number)).body["items"]) == 4
    client.clock.time += timedelta(days=3)
    assert (await client.get("/conversations", segment=number)).body["items"] == []


async def test_a_count_is_told_at_once_where_an_index_names_the_people(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "BUDGET", -1)
    monkeypatch.setattr(walk, "FIRST", 1)
    await people(client)
    for found, count, whole in ((VIP, 2, True), (CASES[3][1], 1, True), (NAMED, 1, False), (NOT_VIP, 0, False)):
        answer = (await client.post("/segments/count", {"filter": found})).body
        assert (answer["count"], answer["next"] is None) == (count, whole), found


@pytest.mark.parametrize("most", [2_000, 0], ids=["few", "many"])
async def test_a_list_goes_on_behind_a_short_page(client: Client, monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    monkeypatch.setattr(sys.modules["inbox.segments.few"], "MOST", most)
    monkeypatch.setattr(sifted, "SECONDS", -1)
    monkeypatch.setattr(sifted, "FIRST", 1)
    await people(client)
    number = await segment(client, NAMED)
    for path in ("/conversations", "/contacts"):
        found, cursor = [], None
        for _ in range(9):
            page = (await client.get(path, segment=number, **({"cursor": cursor} if cursor else {}))).body
            found += [each["contact"]["name"] if path == "/conversations" else each["name"] for each in page["items"]]
            if (cursor := page["next"]) is None:
                break
        assert found == ["Cleo", "Anna"], path
