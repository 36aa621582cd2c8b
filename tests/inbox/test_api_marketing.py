"""Flows, templates, segments, broadcasts and reports over HTTP."""

from typing import Any

import pytest

from inbox.broadcasts.feed import step
from tests.inbox.conftest import Client

FLOW = """
version: 1
name: hello
languages: [en]
steps:
  - say: Hello
  - end:
"""


async def tagged(client: Client, channel: int, count: int = 3) -> list[int]:
    """Customers with the tag `news`."""
    contacts = []
    for n in range(count):
        conversation = await client.hear(channel, "Hi", address=f"+493090182{n}", name=f"Person {n}")
        contact = (await client.get(f"/conversations/{conversation}")).body["contact"]["id"]
        await client.patch(f"/contacts/{contact}", {"tags": ["news"]})
        contacts.append(contact)
    return contacts


async def test_a_flow_is_kept_only_if_it_can_run(client: Client) -> None:
    made = await client.post("/flows", {"name": "hello", "language": "en", "source": FLOW})
    assert made.status == 201 and made.body["enabled"] and made.body["version"] == 1
    path = f"/flows/{made.body['id']}"
    assert (await client.post("/flows", {"name": "hello", "language": "en", "source": FLOW})).status == 409
    broken = await client.patch(path, {"source": FLOW.replace("say", "shout")})
    assert broken.status == 422 and any(field.startswith("source step 1") for field in broken.errors)
    changed = (await client.patch(path, {"enabled": False})).body
    assert (changed["enabled"], changed["version"], changed["source"]) == (False, 2, FLOW)
    assert (await client.get(path)).body == changed == (await client.get("/flows")).body["items"][0]
    assert (await client.post("/flows/check", {"source": FLOW})).body == {"problems": []}
    assert (await client.post("/flows/check", {"source": "- ["})).body["problems"][0]["line"] > 0


async def test_templates(client: Client) -> None:
    new = {"name": "greeting", "language": "en", "body": "Hello {{ name }}"}
    made = await client.post("/templates", new)
    assert made.status == 201
    path = f"/templates/{made.body['id']}"
    assert (await client.post("/templates", new)).status == 409
    assert (await client.post("/templates", new | {"name": "x", "body": "{{ "})).errors.keys() == {"body"}
    assert (await client.patch(path, {"body": "{% for %}"})).errors.keys() == {"body"}
    assert (await client.patch(path, {"subject": "News"})).body["subject"] == "News"
    assert (await client.delete(path)).status == 204 and (await client.delete(path)).status == 404
    assert (await client.post("/templates", new)).status == 201, "a removed one gives its name back"


async def test_a_template_is_tried_on_somebody(client: Client) -> None:
    contact = (await client.post("/contacts", {"name": "Dora", "fields": {"city": "Berlin"}})).body["id"]
    body = {"body": "{{ name }} from {{ contact.city }}, {{ sum }}", "variables": {"sum": 5}, "contact_id": contact}
    assert (await client.post("/templates/preview", body)).body == {"text": "Dora from Berlin, 5"}
    assert (await client.post("/templates/preview", {"body": "{{ who }}"})).errors.keys() == {"body"}
    nobody = {"body": "Hello {{ contact.name }}{{ name }}!", "contact_id": (await client.post("/contacts", {})).body["id"]}
    assert (await client.post("/templates/preview", nobody)).body == {"text": "Hello !"}, "as a broadcast would say it"
    assert (await client.post("/templates/preview", body | {"contact_id": 999})).status == 404


async def test_segments(client: Client) -> None:
    made = await client.post("/segments", {"name": "News", "tag": "news"})
    assert made.status == 201 and (await client.get("/segments")).body["items"] == [made.body]
    assert (await client.post("/segments", {"name": "News", "tag": "x"})).status == 409
    path = f"/segments/{made.body['id']}"
    wanted = {"version": 1, "match": {"kind": "all", "of": [{"kind": "wrote", "days": 7}, {"kind": "tag", "tags": [""]}]}}
    wrong = await client.patch(path, {"filter": wanted})
    assert wrong.status == 422 and list(wrong.errors) == ["filter.match.all.of.1.tag.tags.0"]
    wanted["match"]["of"].pop()  # type: ignore[index]
    changed = await client.patch(path, {"name": "Wrote", "filter": wanted})
    assert (changed.body["name"], changed.body["filter"], changed.body["tag"]) == ("Wrote", wanted, None)
    channel = await client.channel()
    await client.hear(channel)
    await client.hear(channel, address="+4930901821")
    found = (await client.get(f"{path}/count")).body
    assert (found["count"], found["next"], len(found["sample"])) == (2, None, 2)
    assert (await client.post("/segments/count", {"filter": wanted})).body == found
    first = (await client.get(f"{path}/people", limit=1)).body
    second = (await client.get(f"{path}/people", limit=1, cursor=first["next"])).body
    assert [*first["items"], *second["items"]] == found["sample"]
    draft = await client.post("/broadcasts", {"name": "b", "body": "Hi", "segment_id": made.body["id"]})
    assert draft.status == 201 and draft.body["segment"] == {"id": made.body["id"], "name": "Wrote"} and draft.body["tag"] == ""
    assert (await client.delete(path)).status == 409
    assert (await client.post(f"/broadcasts/{draft.body['id']}/cancel")).status == 200
    assert (await client.delete(path)).status == 204 and (await client.get(path)).status == 404


async def test_a_list_is_kept_by_hand(client: Client) -> None:
    channel = await client.channel()
    await client.hear(channel)
    people = [each["id"] for each in (await client.get("/contacts")).body["items"]]
    made = await client.post("/segments", {"name": "Guests", "contacts": []})
    path = f"/segments/{made.body['id']}"
    assert made.body["kind"] == "list"
    assert (await client.post(f"{path}/people", {"contacts": people})).status == 204
    assert [each["id"] for each in (await client.get(f"{path}/people")).body["items"]] == people
    assert (await client.post("/broadcasts/preview", {"body": "Hi", "segment_id": made.body["id"]})).body["people"] == 1
    assert (await client.post(f"{path}/people/remove", {"contacts": people})).status == 204
    assert (await client.get(f"{path}/count")).body["count"] == 0
    assert (await client.post(f"{path}/people", {"contacts": [99999]})).errors.keys() == {"contacts"}


@pytest.mark.parametrize("audience", [{}, {"tag": "vip", "segment_id": 1}, {"segment_id": 999}])
async def test_a_broadcast_goes_to_a_tag_or_to_a_segment(client: Client, audience: dict[str, Any]) -> None:
    for path, more in (("/broadcasts", {"name": "b"}), ("/broadcasts/preview", {})):
        answer = await client.post(path, {"body": "Hi", **more, **audience})
        assert answer.status == 422 and answer.errors.keys() <= {"tag", "segment_id"}


async def test_a_broadcast_from_a_look_to_the_end(client: Client) -> None:
    channel = await client.channel()
    people = await tagged(client, channel)
    look = (await client.post("/broadcasts/preview", {"body": "Hi {{ name }}", "tag": "news"})).body
    assert look["people"] == 3 and look["sample"][0]["text"] == "Hi Person 0"
    new = {"name": "Autumn", "body": "Hi {{ name }}", "tag": "news"}
    made = (await client.post("/broadcasts", new, **{"Idempotency-Key": "b"})).body
    assert (await client.post("/broadcasts", new, **{"Idempotency-Key": "b"})).body["id"] == made["id"]
    path = f"/broadcasts/{made['id']}"
    assert made["state"] == "draft" and (await client.post(f"{path}/pause")).status == 409
    assert (await client.post(f"{path}/start")).body["state"] == "planning"
    while await client.run(step, client.clock()):
        pass
    running = (await client.get(path)).body
    assert (running["planned"], running["counts"]["queued"]) == (3, 3)
    page = (await client.get(f"{path}/recipients", limit=2)).body
    rest = (await client.get(f"{path}/recipients", limit=2, cursor=page["next"])).body
    assert [r["contact"]["id"] for r in page["items"] + rest["items"]] == people
    assert (await client.get(f"{path}/recipients", state="failed")).body["items"] == []
    assert (await client.post(f"{path}/pause")).body["state"] == "paused"
    assert (await client.post(f"{path}/resume")).body["state"] == "running"
    assert (await client.post(f"{path}/cancel")).body["counts"]["skipped"] == 3
    assert [b["id"] for b in (await client.get("/broadcasts")).body["items"]] == [made["id"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"body": None}, "body", id="no text"),
        pytest.param({"template_id": 1}, "body", id="two texts"),
        pytest.param({"body": "{{ "}, "body", id="a text that cannot be rendered"),
        pytest.param({"channel_id": 999}, "channel_id", id="no such channel"),
        pytest.param({"tag": ""}, "tag", id="nobody"),
    ],
)
async def test_a_broadcast_that_cannot_be(client: Client, change: dict[str, Any], field: str) -> None:
    answer = await client.post("/broadcasts", {"name": "B", "body": "Hi", "tag": "news"} | change)
    assert answer.status == 422 and field in answer.errors


async def test_a_broadcast_of_a_template_has_its_text(client: Client) -> None:
    template = (await client.post("/templates", {"name": "n", "language": "en", "body": "Hi", "subject": "S"})).body["id"]
    made = (await client.post("/broadcasts", {"name": "B", "template_id": template, "tag": "news"})).body
    assert (made["body"], made["subject"]) == ("Hi", "S")


async def test_every_figure_of_a_report_opens_to_exactly_what_it_counts(client: Client) -> None:
    channel = await client.channel()
    oleg = await client.become("operator", "Oleg")
    numbers = [await client.hear(channel, "Hi", address=f"+493090182{n}") for n in range(4)]
    client.clock.tick(minutes=10)
    for number in numbers[:3]:
        await client.patch(f"/conversations/{number}", {"assignee": oleg.id})
    await oleg.post(f"/conversations/{numbers[0]}/messages", {"text": "Hello"})
    await oleg.post(f"/conversations/{numbers[0]}/messages", {"text": "Anything else?"})
    client.clock.tick(minutes=20)
    await oleg.post(f"/conversations/{numbers[1]}/messages", {"text": "Hello"})
    await oleg.patch(f"/conversations/{numbers[1]}", {"status": "closed"})
    client.clock.tick(seconds=1)
    report = {r["manager"]["name"]: r for r in (await client.get("/reports/managers")).body["items"]}
    mine = report["Oleg"]
    values = {name: mine[name]["value"] for name in mine if name != "manager"}
    assert values == {"taken": 3, "answered": 2, "messages": 3, "first_answer_seconds": 1200, "closed": 1, "late": 0}
    for name, figure in mine.items():
        if name != "manager":
            path, _, query = figure["link"].partition("?")
            opened = await client.call("GET", f"{path}?{query}")
            expected = {"messages": 2, "first_answer_seconds": 2}.get(name, figure["value"])
            assert len(opened.body["items"]) == expected, name
    assert report["Olga Owner"]["taken"]["value"] == 0 and report["Olga Owner"]["first_answer_seconds"]["value"] is None


async def test_a_report_counts_only_its_time(client: Client) -> None:
    number = await client.hear(await client.channel())
    await client.patch(f"/conversations/{number}", {"status": "closed"})
    client.clock.tick(days=2)

    async def closed(**query: str) -> float:
        return float((await client.get("/reports/managers", **query)).body["items"][0]["closed"]["value"])

    assert await closed() == 1
    assert await closed(**{"from": "2026-11-23T00:00:00Z"}) == 0
    assert await closed(**{"from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00+03:00"}) == 1
    assert (await client.get("/reports/managers", **{"from": "2026-11-23T00:00:00Z", "to": "2026-11-22T00:00:00Z"})).status == 422
    assert (await client.get("/conversations", figure="closed")).errors.keys() == {"figure"}
