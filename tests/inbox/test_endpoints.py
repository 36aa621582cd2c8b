"""The registry of endpoints, walked: each is documented, names its right, and lets in exactly the roles that have it."""

from typing import Any

import pytest
from pydantic import ValidationError

from inbox import web  # defines every endpoint
from inbox.access.rights import ROLE_RIGHTS, Right
from inbox.schema import ROLES
from inbox.version import VERSION
from inbox.web import openapi
from inbox.web.endpoint import ENDPOINTS, PREFIX, Endpoint
from inbox.web.stream import SEEN_WITH
from tests.inbox.conftest import Client

assert web.api
ALL = [pytest.param(e, id=e.name) for e in ENDPOINTS]
PUBLIC = {"create_session", "get_openapi"}
"""What may be called without signing in: signing in, and the documentation."""

EXPECTED: dict[str, set[str]] = {
    "owner": {r.value for r in Right},
    "lead": {r.value for r in Right} - {"roles.write", "channels.write", "webhooks.write"},
    "operator": {
        *("self", "conversations.read", "conversations.write", "contacts.read", "contacts.write", "tasks.read", "tasks.write"),
        *("templates.read", "people.read", "channels.read"),
    },
    "marketer": {
        *("self", "flows.read", "flows.write", "templates.read", "templates.write", "broadcasts.read", "broadcasts.write"),
        *("imports.read", "imports.write"),
        *("contacts.read", "conversations.read", "people.read", "channels.read"),
    },
    "viewer": {
        *("self", "conversations.read", "contacts.read", "tasks.read", "templates.read", "flows.read", "broadcasts.read"),
        *("people.read", "channels.read", "events.read", "reports.read"),
    },
}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_exactly_these_rights(role: str) -> None:
    assert {r.value for r in ROLE_RIGHTS[role]} == EXPECTED[role]


def test_every_right_is_needed_somewhere_and_had_by_the_owner() -> None:
    used = {e.right for e in ENDPOINTS} | set(SEEN_WITH.values())
    used.discard(None)
    assert set(Right) == used
    assert ROLE_RIGHTS["owner"] == set(Right)


@pytest.mark.parametrize("each", ALL)
def test_an_endpoint_is_documented_and_names_its_right(each: Endpoint) -> None:
    summary, _ = each.docs
    assert summary.endswith(".") and summary[0].isupper()
    assert (each.right is None) == (each.name in PUBLIC)


@pytest.mark.parametrize("each", ALL)
def test_reading_needs_no_right_to_write(each: Endpoint) -> None:
    if each.method == "GET" and each.right is not None and each.name != "get_upload":
        assert each.right is Right.SELF or each.right.endswith(".read") or each.right is Right.WEBHOOKS_WRITE
    if each.method in ("POST", "PATCH", "DELETE") and each.right is not None:
        harmless = {"check_flow", "check_quality", "preview_template", "preview_broadcast", "count_people", "replay_raw_body"}
        assert each.right is Right.SELF or each.right.endswith(".write") or each.name in harmless


@pytest.mark.parametrize("each", ALL)
def test_unknown_fields_are_refused(each: Endpoint) -> None:
    for model in (each.query, each.body):
        if model is not None:
            with pytest.raises(ValidationError) as caught:
                model.model_validate({"no_such_field": 1})
            assert any(e["type"] == "extra_forbidden" for e in caught.value.errors())


def test_names_and_addresses_are_given_once() -> None:
    assert len({e.name for e in ENDPOINTS}) == len(ENDPOINTS) == len({(e.method, e.path) for e in ENDPOINTS})


def address(each: Endpoint) -> str:
    path = each.path
    for name in each.ids:
        path = path.replace(f"{{{name}}}", "999999")
    for name in each.words:
        path = path.replace(f"{{{name}}}", "0" * 64)
    return path


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_each_role_is_let_in_exactly_where_it_has_the_right(client: Client) -> None:
    """Refused with 403 before anything else is looked at; let in means any other answer."""
    colleagues = {role: await client.become(role, f"{role} two") for role in ROLES}
    stranger = Client(client.http, client.url, client.app, client.clock)
    wrong: list[Any] = []
    for each in ENDPOINTS:
        if each.right is None or each.name in ("stream", "delete_session"):
            continue
        if (await ask(stranger, each)) != 401:
            wrong.append((each.name, "a stranger"))
        for role, colleague in colleagues.items():
            allowed = each.right in ROLE_RIGHTS[role]
            denied = await ask(colleague, each) == 403
            if denied == allowed and not (each.name == "change_manager" and denied):
                wrong.append((each.name, role))
    assert wrong == []


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_what_is_not_there_cannot_be_read(client: Client) -> None:
    """An empty answer about something that does not exist would be taken for the truth."""
    asked = {each.name: await ask(client, each) for each in ENDPOINTS if each.method == "GET" and each.ids}
    assert {name: status for name, status in asked.items() if status not in (404, 422)} == {}


async def ask(client: Client, each: Endpoint) -> int:
    """Call it with something that can do no harm: unknown ids, fields that do not exist."""
    sent = {"Authorization": f"Bearer {client.token}"} if client.token else {}
    url = client.url + PREFIX + address(each)
    body = {"no_such_field": 1} if each.body else None
    async with client.http.request(each.method, url, json=body, headers=sent) as response:
        return response.status


async def test_the_document_describes_every_endpoint(client: Client) -> None:
    found = (await client.get("/openapi.json")).body
    assert found == openapi.document(VERSION)
    assert found["openapi"] == "3.1.0"
    listed = {(m.upper(), p) for p, methods in found["paths"].items() for m in methods}
    assert listed == {(e.method, PREFIX + e.path) for e in ENDPOINTS}


def test_no_reference_of_the_document_leads_nowhere() -> None:
    found = openapi.document(VERSION)

    def references(part: Any) -> list[str]:
        if isinstance(part, dict):
            own = [part["$ref"]] if isinstance(part.get("$ref"), str) else []
            return own + [r for value in part.values() for r in references(value)]
        return [r for value in part for r in references(value)] if isinstance(part, list) else []

    known = {f"#/components/schemas/{name}" for name in found["components"]["schemas"]}
    used = set(references(found))
    assert used and used <= known
