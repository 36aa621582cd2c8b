"""Webhooks captured by others, posted to a running installation, and what a program then finds in the public API.

SWITCHBOARD_CASES names their folder; without it everything here is skipped.
"""

import base64
import hashlib
import hmac
import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import pytest_asyncio
import sqlalchemy as sa

from inbox import accounts
from inbox import schema as t
from inbox.accounts import Vault
from inbox.db import Database
from tests.journeys.system import Json, System, installation

CASES = os.environ.get("SWITCHBOARD_CASES", "")
SECRET = "secret-of-the-tests"
pytestmark = [
    pytest.mark.journey,
    pytest.mark.skipif(not CASES, reason="SWITCHBOARD_CASES names no folder of captured webhooks"),
]
SETTINGS: Mapping[str, tuple[str, dict[str, str]]] = {
    "telegram": ("telegram", {"token": "730001:outside", "secret": SECRET, "mode": "webhook"}),
    "whatsapp": (
        "whatsapp",
        {"phone_number_id": "1", "access_token": "token", "app_secret": SECRET, "verify_token": "v"},
    ),
    "twilio": ("sms", {"account_sid": "accountSID", "auth_token": SECRET, "from": "+15005550006"}),
}
"""By folder of cases: the kind of channel and its settings."""


@dataclass
class Seen:
    """What became of one case: the answers to both posts, and the messages of its channel with their senders."""

    case: Json
    answers: tuple[int, int]
    messages: list[Json]
    people: dict[int, Json]

    @property
    def shown(self) -> list[Json]:
        return [m for m in self.messages if m["kind"] != "unsupported"]

    def senders(self) -> set[str]:
        cards = [self.people[m["author"]["id"]] for m in self.messages if m["author"]["kind"] == "contact"]
        return {digits(i["address"]) for card in cards for i in card["identities"]}


def digits(address: str) -> str:
    return address.rpartition(":")[2].partition("#")[0].lstrip("+")


def cases(folder: str) -> list[Json]:
    return [json.loads(path.read_text()) for path in sorted((Path(CASES) / "payloads" / folder).glob("*.json"))]


def request(folder: str, case: Json, address: str) -> tuple[str, bytes, dict[str, str]]:
    """(address, body, headers) of a case as its provider would send it to us, signed as the case says."""
    raw = case.get("body_raw")
    form = folder == "twilio"
    text = raw if isinstance(raw, str) else urlencode(case["body"]) if form else json.dumps(case["body"], ensure_ascii=False)
    body = text.encode()
    if form and str(case.get("url", "")).endswith("/status"):
        address += "?message=m1"
    name, proof = _proof(folder, address, body)
    headers = {"Content-Type": case.get("content_type") or "application/json"}
    signature = case.get("signature")
    if signature != "missing":
        headers[name] = proof[:-4] + "0000" if signature == "invalid" else proof
    return address, body, headers


def _proof(folder: str, address: str, body: bytes) -> tuple[str, str]:
    if folder == "telegram":
        return "X-Telegram-Bot-Api-Secret-Token", SECRET
    if folder == "whatsapp":
        return "X-Hub-Signature-256", "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    pairs = sorted(set(parse_qsl(body.decode(), keep_blank_values=True)))
    text = address + "".join(name + value for name, value in pairs)
    return "X-Twilio-Signature", base64.b64encode(hmac.digest(SECRET.encode(), text.encode(), "sha1")).decode()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """Only the web server: bots would answer people who exist nowhere."""
    async with installation(tmp_path_factory.mktemp("outside")) as found:
        found.start("valkey", "web")
        await found.ready()
        yield found
        assert found.errors() == []


def connect(system: System, folder: str, count: int) -> list[int]:
    """A channel for each case, because their chats and message ids are the same few again and again."""
    settings = system.settings
    kind, values = SETTINGS[folder]
    db, vault = Database(settings), Vault(settings.key)
    with db.begin() as connection:
        numbers = [accounts.add(connection, datetime.now(UTC), vault, kind, f"{folder} {n}", values) for n in range(count)]
    db.close()
    return numbers


async def run(system: System, folder: str) -> list[Seen]:
    """Post every case twice and look at what the API shows."""
    found = cases(folder)
    db = Database(system.settings)
    seen = []
    for channel, case in zip(connect(system, folder, len(found)), found, strict=True):
        address, body, headers = request(folder, case, f"{system.url}/hooks/{channel}")
        codes = [await _post(system, address, body, headers) for _ in range(2)]
        seen.append(await _look(system, case, channel, (codes[0], codes[1])))
        with db.begin() as connection:
            connection.execute(_FORGET)
    db.close()
    return seen


async def _look(system: System, case: Json, channel: int, answers: tuple[int, int]) -> Seen:
    messages: list[Json] = []
    people: dict[int, Json] = {}
    for conversation in await system.api.every(f"/conversations?status=any&channel={channel}"):
        contact = conversation["contact"]["id"]
        people[contact] = await system.api.get(f"/contacts/{contact}")
        messages += await system.api.messages(conversation["id"])
    return Seen(case, answers, messages, people)


_FORGET = sa.update(t.identities).values(address=t.identities.c.address + sa.literal(" of an earlier case"))
"""The same few invented people stand in all the cases, each time under another name: the next case meets strangers."""


async def _post(system: System, address: str, body: bytes, headers: Mapping[str, str]) -> int:
    async with system.http.post(address, data=body, headers=headers) as answer:
        await answer.read()
        return answer.status


def wanted(case: Json) -> list[Json]:
    """What is expected of each message of a case: the source's own word first, then what its field names say."""
    expected, derived = case.get("expected") or {}, case.get("derived_from_field_names") or []
    items = [dict(item) for item in (derived if isinstance(derived, list) else [derived])]
    said = {name: expected[name] for name in ("text", "external_id", "attachments") if isinstance(expected.get(name), str | list)}
    if "sender" in expected:
        said["sender_id"] = expected["sender"]
    if "contact_name" in expected and "#{" not in expected["contact_name"] and not expected.get("needs_prior_state"):
        said["contact_name"] = expected["contact_name"]
    messages = [item for item in items if _is_message(item)]
    return [item | said for item in messages] or ([said] if said and expected.get("outcome", "message") == "message" else [])


def _is_message(item: Json) -> bool:
    if "status" in item or item.get("type") in ("reaction", "revoke", "edit", "system"):
        return False
    return any(item.get(name) not in (None, "") for name in ("text", "media", "media_id", "files", "external_id", "message_id"))


def differences(seen: Seen) -> Iterator[str]:
    case, expected = seen.case, seen.case.get("expected") or {}
    if any(code >= 500 for code in seen.answers):
        yield f"answered {seen.answers}"
    if len({(m["channel"]["id"], m["external_id"], m["conversation_id"]) for m in seen.messages}) != len(seen.messages):
        yield "stored twice"
    if expected.get("outcome") in ("ignored", "rejected", "accepted_nothing") or expected.get("messages") == 0:
        # A message whose file cannot be fetched is kept, where sources that fetch at once lose it.
        fetched = isinstance(derived := case.get("derived_from_field_names"), dict) and derived.get("files")
        if seen.shown and not fetched and not expected.get("needs_prior_state"):
            yield f"a message, where {expected['outcome']} is expected"
        return
    if "approximate" in case:
        return
    for item in wanted(case):
        yield from _wrong(item, seen)


def _wrong(item: Json, seen: Seen) -> Iterator[str]:
    number = item.get("external_id") or item.get("message_id")
    # A pressed button has the number of the press; the message that it stands under is ours.
    found = [m for m in seen.messages if number is None or m["external_id"] == str(number) or m["kind"] == "choice"]
    if not found and not (item.get("text") or item.get("files") or item.get("external_id")):
        return  # an update about a message: joined, pinned, reacted
    if not found:
        yield "no such message" if seen.messages else f"no message, answered {seen.answers[0]}"
        return
    text = item.get("text")
    if isinstance(text, str) and all(m["text"] != text for m in found):
        yield f"text {found[0]['text']!r}, not {text!r}"
    sender = item.get("sender_id") or item.get("sender")
    if sender is not None and digits(str(sender)) not in seen.senders():
        yield f"sender {sorted(seen.senders())}, not {sender!r}"
    name = item.get("contact_name") or item.get("sender_name")
    if name and all(m["author"]["name"] != name for m in found if m["author"]["kind"] == "contact"):
        yield f"name {found[0]['author']['name']!r}, not {name!r}"
    if (item.get("media") or item.get("media_id") or item.get("files")) and not any(m["attachments"] for m in found):
        yield "no attachment"
    files = item.get("attachments")
    if isinstance(files, list) and sum(len(m["attachments"]) + bool(m["location"]) for m in found) != len(files):
        yield f"{sum(len(m['attachments']) for m in found)} attachments, not {len(files)}"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("folder", SETTINGS)
async def test_captured_webhooks_are_found_in_the_api_as_their_sources_read_them(
    system: System, folder: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tally: Counter[str] = Counter()
    reports: list[str] = []
    for seen in await run(system, folder):
        found = list(differences(seen))
        judged = bool(seen.case.get("expected") or wanted(seen.case))
        outcome = "wrong" if found else "right" if judged else "without expectation"
        tally[outcome] += 1
        tally["refused"] += seen.answers[0] >= 400
        reports += [f"{seen.case['id']}: {'; '.join(found)}"] if found else []
    with capsys.disabled():
        print(f"\n{folder} over HTTP: {dict(tally)}", *reports, sep="\n  ")
    assert not any("answered (5" in report or "stored twice" in report for report in reports)
    assert tally["right"] >= 0.98 * (tally["right"] + tally["wrong"])


def test_every_case_is_judged() -> None:
    """A filter that drops what it does not understand would make the figures above worth nothing."""
    without: dict[str, Any] = {folder: sum(not (wanted(c) or c.get("expected")) for c in cases(folder)) for folder in SETTINGS}
    total = {folder: len(cases(folder)) for folder in SETTINGS}
    assert all(total.values()), total
    assert all(without[folder] <= 0.35 * total[folder] for folder in SETTINGS), (without, total)
