"""Mails that others collected: how much of what they expect do we read? SWITCHBOARD_CASES names their folder.

Prints right/all for every set and field, and the ones that went wrong; fails below what has been reached.
"""

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from channels.events import InboundMessage
from channels.mail import parse, readable, replies
from channels.mail.addresses import read

_FOLDER = os.environ.get("SWITCHBOARD_CASES", "")
CASES = Path(_FOLDER)
NOW = datetime(2026, 11, 22, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not _FOLDER, reason="SWITCHBOARD_CASES names no folder of collected mails")

# Per cent of right answers that each field has reached, rounded down. What is wrong below 100 was looked at one by one: most
# are sources that disagree with each other, keep mojibake that we repair, or list parts that carry nothing.
REACHED = {
    "subject": 97,
    "from": 97,
    "name": 98,
    "message_id": 100,
    "text": 95,
    "attachment names": 93,
    "is_bounce": 98,
    "bounce code": 99,
    "bounce hard": 94,
    "bounce address": 98,
    "auto_reply": 99,
    "reply in mail": 100,
    "reply": 93,
}


@dataclass
class Score:
    """Right and wrong answers by (set, field)."""

    right: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def check(self, source: str, name: str, ok: bool, case: str) -> None:
        if ok:
            self.right[source, name] += 1
        else:
            self.wrong[source, name].append(case)

    def show(self) -> None:
        for key in sorted(self.right.keys() | self.wrong.keys()):
            wrong = self.wrong.get(key, [])
            print(f"{key[0]:24} {key[1]:18} {self.right[key]:4} / {self.right[key] + len(wrong):4}  {' '.join(wrong)[:160]}")

    def percent(self, name: str) -> float:
        right = sum(n for key, n in self.right.items() if key[1] == name)
        wrong = sum(len(cases) for key, cases in self.wrong.items() if key[1] == name)
        return 100 * right / (right + wrong)


def words(text: str | None) -> str:
    return " ".join((text or "").split())


def letters(text: str | None) -> str:
    """Only what carries meaning: sources differ in how they set white space and punctuation of HTML."""
    return re.sub(r"\W", "", text or "").lower()


def parsed(raw: bytes) -> InboundMessage:
    message = parse.events(raw, address="us@company.example", envelope="", received_at=NOW)[0]
    assert isinstance(message, InboundMessage)
    return message


Expected = Mapping[str, Any]  # whatever the sources wrote down
Check = tuple[str, bool]


def people(wanted: Expected, message: InboundMessage) -> Iterator[Check]:
    address = message.sender.identities[0].address
    address = "" if address.startswith("unknown-") else address
    listed = ((wanted.get("headers") or {}).get("from") or {}).get("List")
    if "from_email" in wanted:
        expected = (wanted["from_email"] or "", wanted["from_display_name"] or "")
    elif listed:
        expected = (listed[0]["address"] or "", listed[0]["name"] or "")
    elif wanted.get("from"):
        expected = (read(wanted["from"])[0].address, read(wanted["from"])[0].name)
    else:
        return
    yield "from", expected[0].lower() == address
    yield "name", words(expected[1]) == words(message.sender.name)


def headers(wanted: Expected, message: InboundMessage) -> Iterator[Check]:
    inside = wanted.get("headers") or {}
    subject = wanted.get("subject", inside.get("subject"))
    if isinstance(subject, str):
        yield "subject", words(subject) == words(message.subject)
    identity = wanted.get("message_id", inside.get("message_id"))
    if isinstance(identity, str):
        yield "message_id", identity.strip("<>") == message.external_id


def text(wanted: Expected, message: InboundMessage) -> Iterator[Check]:
    whole = letters(f"{message.text} {message.data.get('quoted', '')}")
    shown = letters(readable.to_text(message.html or ""))
    if "body_words" in wanted:
        expected = letters(wanted["body_words"])
        empty = wanted["body_words"] == "no visible content" and not whole
        yield "text", empty or expected in (whole, shown) or expected in whole or bool(whole and whole[:300] in expected)
    for name in ("text_contains", "text_equals", "gettextbody"):
        if isinstance(wanted.get(name), str):
            yield "text", letters(wanted[name]) in whole
    for part in wanted.get("text_parts", [])[:1]:
        yield "text", letters(part)[:200] in whole or letters(part)[:200] in letters(readable.to_text(part)) + whole


def files(wanted: Expected, message: InboundMessage) -> Iterator[Check]:
    names = [file.name for file in message.attachments]
    listed = (
        wanted.get("attachments", []) if "body_words" in wanted or "text_parts" in wanted else wanted.get("attachment_names", [])
    )
    for one in listed:
        name = one["filename"] if isinstance(one, dict) else one
        if name and name != "message.html" and not re.fullmatch(r"[0-9a-f]{8}", name):
            yield "attachment names", re.split(r"[\\/]", name)[-1].strip() in names


def kinds(wanted: Expected, message: InboundMessage) -> Iterator[Check]:
    if "is_auto_reply" in wanted:
        yield "auto_reply", wanted["is_auto_reply"] == message.auto_reply
    if "is_bounce" not in wanted:
        return
    yield "is_bounce", wanted["is_bounce"] == (message.bounce is not None)
    if not wanted["is_bounce"] or message.bounce is None or not wanted.get("bounces"):
        return
    bounces = wanted["bounces"]
    yield "bounce hard", any(one["hard_bounce"] == message.bounce.hard for one in bounces)
    yield "bounce address", bool(message.bounce.address)
    # x.0.9yy are codes that the source makes up where the mail has none; the reply code is then what can be known.
    codes = {one["status"] for one in bounces if not re.match(r"[45]\.0\.9", one["status"])} - {""}
    codes |= {one["replycode"] for one in bounces if re.match(r"[45]\.0\.9", one["status"])} - {""}
    if codes:
        yield "bounce code", message.bounce.code in codes


def trimmed(wanted: Expected, message: InboundMessage) -> Iterator[Check]:
    for name in ("trimmed_reply", "trimmed_reply_markdown"):
        if name in wanted:
            yield "reply in mail", letters(wanted[name]) == letters(message.text)


CHECKS: tuple[Callable[[Expected, InboundMessage], Iterator[Check]], ...] = (people, headers, text, files, kinds, trimmed)


def reply_checks(wanted: Expected, found: replies.Reply) -> Iterator[Check]:
    for name in ("reply_equals", "html_reply_words"):
        if name in wanted:
            yield "reply", letters(wanted[name]) == letters(found.text)
    if "reply_contains" in wanted:
        yield "reply", all(letters(one) in letters(found.text) for one in wanted["reply_contains"])


def score() -> Score:
    """All sets, all fields."""
    result = Score()
    for path in sorted(CASES.glob("email/*/*.expected.json")):
        wanted = json.loads(path.read_text())
        message = parsed((CASES / wanted["mail"]).read_bytes())
        for check in CHECKS:
            for name, ok in check(wanted, message):
                result.check(path.parent.name, name, ok, path.name.removesuffix(".expected.json"))
    for path in sorted(CASES.glob("email_reply/*/*.json")):
        case = json.loads(path.read_text())
        body = readable.to_text(case["text"]) if path.parent.name.endswith("_html") else case["text"]
        expected = case.get("expected") or []
        for wanted in expected if isinstance(expected, list) else [expected]:
            for name, ok in reply_checks(wanted, replies.split(body)):
                result.check(path.parent.name, name, ok, path.stem)
    return result


def test_no_collected_mail_is_too_broken_to_read() -> None:
    mails = [path for path in CASES.glob("email/*/*") if path.suffix != ".json"]
    assert len(mails) > 100
    for path in mails:
        assert parsed(path.read_bytes()).external_id, path.name


def test_what_was_reached_is_kept() -> None:
    result = score()
    result.show()
    figures = {name: result.percent(name) for name in REACHED}
    print({name: round(percent, 1) for name, percent in figures.items()})
    assert {name for name, percent in figures.items() if percent < REACHED[name]} == set()
