"""Who may call what: every address x every role x a conversation of one's own, one's team, a colleague; files and the stream.

What is expected comes from the right that an endpoint declares and from the tables below, so that an exception is written down.
Whoever may read conversations reads everybody's: a colleague who is ill must not keep a customer waiting.
"""

import asyncio
import itertools
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa

from inbox import live, web
from inbox import schema as t
from inbox.access.rights import ROLE_RIGHTS, Right
from inbox.schema import ROLES
from inbox.web.endpoint import ENDPOINTS, PREFIX, Endpoint
from inbox.web.stream import PERSONAL, SEEN_WITH
from tests.inbox.conftest import Client
from tests.inbox.rows import contact_of
from tests.inbox.test_stream import listening

assert web.api
WHOSE = ("own", "team", "other")
NOBODY = "999999"

SCOPED = {"conversation_id", "message_id", "attachment_id", "contact_id"}
"""Parts of a path that lead to a conversation: these are asked three times, with what is really there."""
UNSCOPED = {
    "broadcast_id", "identity_id", "field_id", "channel_id", "raw_id", "duplicate_id", "merge_id", "file", "flow_id", "import_id",
    "view_id", "manager_id", "team_id", "segment_id", "session_id", "token_id", "task_id", "template_id", "webhook_id", "step_id",
    "batch_id", "repair_id", "other_id", "organisation_id", "employment_id", "offer_id", "macro_id", "canned_id",
}  # fmt: skip
"""These belong to the company or to the person who asks: asked with a number that nobody has."""

NOT_THERE = {"get_letter", "get_original", "get_thumbnail", "cancel_message", "recall_message"}
"""Of a note and its text file there is no letter, no small picture, and nothing that waits to be sent: 404 for all let in."""
GIVEN: dict[str, Any] = {
    "change_conversation": {"priority": 1},
    "add_message": {"text": "A note", "note": True},
    "preview_message": {"text": "Hello"},
    "keep_draft": {"text": "Not ready yet"},
    "change_contact": {"name": "Anna"},
}
"""Bodies with which a handler gets as far as the conversation. Others are refused by their fields, after the right was seen."""


@dataclass
class Office:
    """Somebody of each role, and for each of them a conversation, a message, a file and a contact of each kind."""

    people: dict[str, Client]
    colleague: Client
    found: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)


@pytest.fixture
async def office(client: Client) -> Office:
    people = {role: await client.become(role, f"{role} two") for role in ROLES}
    colleague = await client.become("operator", "Colleague")
    made = Office(people=people, colleague=colleague)
    channel = await client.channel()
    numbers = itertools.count(4930901820)
    for role, who in people.items():
        team = (await client.post("/teams", {"name": f"Team {role}", "members": [who.id]})).body["id"]
        whose = {"own": {"manager_id": who.id}, "team": {"team_id": team}, "other": {"manager_id": colleague.id}}
        for name, change in whose.items():
            number = await client.hear(channel, "Hello", address=f"+{next(numbers)}")
            await client.run(_given_to, number, change)
            made.found[role, name] = await _filed(client, number)
    return made


def _given_to(connection: sa.Connection, conversation: int, change: dict[str, int]) -> None:
    connection.execute(sa.update(t.conversations).where(t.conversations.c.id == conversation).values(change))


async def _filed(client: Client, conversation: int) -> dict[str, int]:
    form = aiohttp.FormData()
    form.add_field("file", b"words", filename="words.txt", content_type="text/plain")
    file = (await client.call("POST", "/uploads", data=form)).body["file"]
    note = await client.post(
        f"/conversations/{conversation}/messages", {"text": "", "note": True, "attachments": [{"file": file}]}
    )
    assert note.status == 201, note
    return {
        "conversation_id": conversation, "message_id": note.body["id"], "attachment_id": note.body["attachments"][0]["id"],
        "contact_id": await client.run(contact_of, conversation),
    }  # fmt: skip


def parts(each: Endpoint) -> set[str]:
    return {*each.ids, *each.words}


def test_it_is_known_of_every_part_of_a_path_whom_it_belongs_to() -> None:
    named = {part: each.name for each in ENDPOINTS for part in parts(each)}
    assert {part: name for part, name in named.items() if part not in SCOPED | UNSCOPED} == {}


def test_the_tables_name_what_is_there() -> None:
    names = {each.name for each in ENDPOINTS}
    assert names >= GIVEN.keys() | NOT_THERE
    assert {part for each in ENDPOINTS for part in parts(each)} <= SCOPED | UNSCOPED


def expected(each: Endpoint, role: str) -> set[int]:
    """The answers that are right for this role. Any that comes from behind the door counts as let in."""
    if each.right not in ROLE_RIGHTS[role]:
        return {403}
    if each.name in NOT_THERE:
        return {404}
    if each.method == "GET" and parts(each) <= SCOPED:
        return {200, 422}  # 422: an address that needs something to look for
    inside = {each.status, 200, 201, 204, 409, 413, 415, 422}
    return inside if parts(each) <= SCOPED else inside | {404}


async def ask(who: Client, each: Endpoint, found: dict[str, int]) -> int:
    path = each.path
    for part in parts(each):
        path = path.replace(f"{{{part}}}", str(found.get(part, NOBODY)) if part in each.ids else "0" * 64)
    body = GIVEN.get(each.name, {"no_such_field": 1}) if each.body else None
    sent = {"Authorization": f"Bearer {who.token}"} if who.token else {}
    async with who.http.request(each.method, who.url + PREFIX + path, json=body, headers=sent) as response:
        await response.read()
        return response.status


ASKED = [each for each in ENDPOINTS if each.right is not None and each.name not in ("stream", "delete_session")]


async def test_every_address_answers_every_role_as_its_right_says(office: Office) -> None:
    wrong = []
    for each in ASKED:
        scoped = bool(parts(each) & SCOPED)
        for role, whose in itertools.product(ROLES, WHOSE if scoped else WHOSE[-1:]):
            status = await ask(office.people[role], each, office.found[role, whose] if scoped else {})
            if each.name == "change_manager" and status in (403, 404):
                continue  # one's own name is everybody's to change, another's is not: tests of people
            if status not in expected(each, role):
                wrong.append((each.method, each.path, role, whose, status))
    assert not wrong, "\n".join(map(str, wrong))


async def test_nobody_gets_in_without_a_token_or_with_a_wrong_one(office: Office) -> None:
    found = office.found["owner", "own"]
    for token in ("", "not a token"):
        stranger = Client(office.colleague.http, office.colleague.url, office.colleague.app, office.colleague.clock, token)
        assert {each.name: status for each in ASKED if (status := await ask(stranger, each, found)) != 401} == {}


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_file_is_for_those_who_may_read_its_conversation(office: Office) -> None:
    for (role, whose), found in office.found.items():
        answer = await office.people[role].get(f"/files/{found['attachment_id']}")
        assert (role, whose, answer.status, answer.body) == (role, whose, 200, b"words")


PRIVATE = [
    ("/tokens/{}", "DELETE", None, 404),
    ("/sessions/{}", "DELETE", None, 404),
    ("/managers/{}", "PATCH", {"name": "Not me"}, 403),
]
"""What is another's own, asked for by an operator: (address, method, body, answer)"""


@pytest.mark.parametrize(("path", "method", "body", "status"), PRIVATE, ids=[each[0] for each in PRIVATE])
@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_what_is_anothers_own_is_not_ours(client: Client, path: str, method: str, body: Any, status: int) -> None:
    mine, other = await client.become("operator", "A"), await client.become("operator", "B")
    token = (await other.post("/tokens", {"name": "B's"})).body["id"]
    number = {"/tokens/{}": token, "/managers/{}": other.id}.get(path, 999999)
    answer = await mine.call(method, path.format(number), **({"json": body} if body else {}))
    assert answer.status == status
    assert token in [each["id"] for each in (await other.get("/tokens")).body["items"]]


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
async def test_a_role_is_nobodys_own_to_raise(client: Client) -> None:
    for role in ROLES:
        who = await client.become(role, f"{role} three")
        answer = await who.patch(f"/managers/{who.id}", {"role": "owner"})
        assert (answer.status == 403) == (role != "owner"), role


# --- the stream
HIDDEN: dict[str, set[str]] = {
    "owner": set(),
    "lead": set(),
    "operator": {"broadcast", "flow", "import"},
    "marketer": {"task"},
    "viewer": {"import"},
}
"""Events that a role is not told of."""


async def test_the_stream_tells_each_role_what_it_may_see_and_nobody_anothers_own(office: Office) -> None:
    names = [name for name in SEEN_WITH if name not in ("counts", "reload")]
    async with AsyncExitStack() as opened:
        listeners = {role: await opened.enter_async_context(listening(who)) for role, who in office.people.items()}
        await office.colleague.run(_tell_all, names, office.colleague.id)
        for role, listener in listeners.items():
            heard: set[str] = set()
            async with asyncio.timeout(20):
                while (name := (await listener.event())[1]) != "counts":
                    heard.add(name)
            assert heard == set(names) - HIDDEN[role] - PERSONAL, role


def _tell_all(connection: sa.Connection, names: list[str], somebody: int) -> None:
    connection.execute(sa.select(t.managers.c.id).limit(1))
    for name in [*names, "never heard of"]:
        live.tell(connection, name, manager_id=somebody)
    live.tell(connection, "counts")


def test_every_event_has_a_right_of_reading() -> None:
    assert all(right is Right.SELF or right.endswith(".read") for right in SEEN_WITH.values())
