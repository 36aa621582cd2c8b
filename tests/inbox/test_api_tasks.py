"""Tasks, people and teams over HTTP."""

from typing import Any

import pytest

from tests.inbox.conftest import Client

TOMORROW, LATER = "2026-11-23T09:00:00Z", "2026-11-24T09:00:00Z"


async def reminder(client: Client, **more: Any) -> dict[str, Any]:
    contact = (await client.post("/contacts", {"name": "Dora"})).body["id"]
    answer = await client.post("/tasks", {"title": "Call back", "due_at": TOMORROW, "contact_id": contact} | more)
    assert answer.status == 201, answer
    return dict(answer.body)


async def test_a_reminder_is_mine_until_it_is_done(client: Client) -> None:
    task = await reminder(client)
    assert (task["kind"], task["manager"]["id"], task["late"]) == ("reminder", client.id, False)
    client.clock.tick(days=2)
    (late,) = (await client.get("/tasks", manager="me")).body["items"]
    assert late["late"] is True
    done = (await client.patch(f"/tasks/{task['id']}", {"done": True})).body
    assert done["done_at"] == "2026-11-24T09:00:00Z" and not done["late"]
    assert (await client.get("/tasks")).body["items"] == []
    assert (await client.get("/tasks", done="true")).body["items"] == [done]
    assert (await client.patch(f"/tasks/{task['id']}", {"done": False})).body["done_at"] is None


async def test_the_most_urgent_is_on_top_and_pages_meet(client: Client) -> None:
    later, sooner = await reminder(client, due_at=LATER), await reminder(client)
    page = (await client.get("/tasks", limit=1)).body
    assert [x["id"] for x in page["items"]] == [sooner["id"]]
    page = (await client.get("/tasks", limit=1, cursor=page["next"])).body
    assert [x["id"] for x in page["items"]] == [later["id"]] and page["next"] is None


async def test_tasks_are_handed_on_and_postponed(client: Client) -> None:
    task, oleg = await reminder(client), await client.become("operator", "Oleg")
    changed = (await client.patch(f"/tasks/{task['id']}", {"manager": oleg.id, "due_at": LATER, "title": "Write"})).body
    assert (changed["manager"]["name"], changed["due_at"], changed["title"]) == ("Oleg", LATER, "Write")
    assert [x["id"] for x in (await client.get("/tasks", manager=oleg.id)).body["items"]] == [task["id"]]
    await client.patch(f"/tasks/{task['id']}", {"manager": None})
    assert [x["id"] for x in (await client.get("/tasks", manager="none")).body["items"]] == [task["id"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        pytest.param({"contact_id": 999}, "contact_id", id="nobody"),
        pytest.param({"contact_id": None}, "contact_id", id="about nobody"),
        pytest.param({"conversation_id": 999}, "conversation_id", id="no conversation"),
        pytest.param({"manager": 999}, "manager", id="for nobody"),
        pytest.param({"due_at": "tomorrow"}, "due_at", id="a word for a time"),
        pytest.param({"due_at": "2026-11-23"}, "due_at", id="a day for a time"),
        pytest.param({"due_at": "9999-12-31T23:59:59-23:59"}, "due_at", id="a time no calendar has"),
        pytest.param({"title": " "}, "title", id="no title"),
    ],
)
async def test_a_task_that_cannot_be(client: Client, change: dict[str, Any], field: str) -> None:
    contact = (await client.post("/contacts", {"name": "Dora"})).body["id"]
    answer = await client.post("/tasks", {"title": "Call", "due_at": TOMORROW, "contact_id": contact} | change)
    assert answer.status == 422 and field in answer.errors


async def test_a_team_has_exactly_the_members_it_is_given(client: Client) -> None:
    oleg = await client.become("operator", "Oleg")
    team = (await client.post("/teams", {"name": "Sales", "members": [oleg.id]})).body
    assert team["members"] == [oleg.id]
    assert (await client.post("/teams", {"name": "Sales"})).status == 409
    assert (await client.patch(f"/teams/{team['id']}", {"members": [999]})).errors.keys() == {"members"}
    assert (await client.patch(f"/teams/{team['id']}", {"name": "Support"})).body["members"] == [oleg.id]
    assert (await client.patch(f"/teams/{team['id']}", {"members": [client.id]})).body["members"] == [client.id]
    people = {m["id"]: m["teams"] for m in (await client.get("/managers")).body["items"]}
    assert people == {oleg.id: [], client.id: [team["id"]]}


async def test_letting_somebody_in(client: Client) -> None:
    new = {"email": "Pia@Example.com", "name": "Pia", "role": "operator", "password": "long enough"}
    made = await client.post("/managers", new)
    assert made.status == 201 and made.body["email"] == "pia@example.com"
    assert (await client.post("/managers", new)).status == 409
    stranger = Client(client.http, client.url, client.app, client.clock)
    assert (await stranger.post("/session", {"email": "pia@example.com", "password": "long enough"})).status == 200


@pytest.mark.parametrize(
    ("role", "whom", "change", "status"),
    [
        pytest.param("operator", "self", {"name": "New", "available": False, "language": "ru"}, 200, id="oneself"),
        pytest.param("operator", "self", {"preferences": {"theme": "dark"}}, 200, id="ones own preferences"),
        pytest.param("operator", "self", {"role": "owner"}, 403, id="nobody makes themselves owner"),
        pytest.param("operator", "self", {"capacity": 1}, 403, id="nor says how much they take"),
        pytest.param("operator", "other", {"name": "New"}, 403, id="nor renames others"),
        pytest.param("viewer", "other", {"available": False}, 403, id="a viewer changes nobody"),
        pytest.param("lead", "other", {"capacity": 5, "available": False}, 200, id="a lead does"),
        pytest.param("lead", "other", {"role": "viewer"}, 403, id="but not roles"),
        pytest.param("lead", "other", {"password": "long enough"}, 403, id="nor passwords"),
        pytest.param("lead", "other", {"disabled": True}, 403, id="nor shuts out"),
        pytest.param("owner", "other", {"role": "viewer", "disabled": True, "password": "long enough"}, 200, id="an owner does"),
    ],
)
async def test_who_changes_whom(client: Client, role: str, whom: str, change: dict[str, Any], status: int) -> None:
    somebody, other = await client.become(role, "Somebody"), await client.become("operator", "Other")
    number = somebody.id if whom == "self" else other.id
    answer = await somebody.patch(f"/managers/{number}", change)
    assert answer.status == status, answer
    for field, value in change.items():
        if status == 200 and field != "password":
            assert answer.body[field] == value
