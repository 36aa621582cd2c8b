"""What a mail becomes: its text, people, files, thread, and what kind of mail it is."""

import asyncio
import json
import smtplib
import socket
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from channels.base import BadSignature, Hook, Misconfigured, Transport
from channels.email import EmailConnector, EmailSettings
from channels.events import JSON, ConsentChanged, InboundMessage, Notice
from channels.mail import parse, readable, replies
from channels.mail.addresses import read
from channels.mail.verdict import is_hard

FOLDER = Path(__file__).parent / "payloads" / "email"
OURS = "support@shop.example"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def heard(raw: bytes, envelope: str = OURS) -> InboundMessage:
    message = parse.events(raw, address=OURS, envelope=envelope, received_at=NOW)[0]
    assert isinstance(message, InboundMessage)
    return message


def sample(name: str) -> InboundMessage:
    return heard((FOLDER / f"{name}.eml").read_bytes())


def mail(headers: str = "", body: str = "Hello") -> bytes:
    return f"From: Ann <ann@example.com>\r\n{headers}\r\n{body}\r\n".replace("\n", "\r\n").replace("\r\r", "\r").encode()


def test_a_russian_mail_in_an_old_charset_reads_as_it_was_written() -> None:
    message = sample("russian_koi8")
    assert (message.subject, message.sender.name, message.address) == ("Счет на оплату", "Ольга", "olga@example.org")
    assert message.text == "Пришлите, пожалуйста, счет на оплату.\nСпасибо!"
    assert (message.external_id, message.at) == ("koi-1@example.org", datetime(2026, 11, 16, 7, 20, 30, tzinfo=UTC))


def test_headers_in_raw_bytes_are_read_in_the_charset_of_the_text() -> None:
    message = sample("raw_cyrillic_headers")
    assert (message.subject, message.sender.name, message.text) == ("Вопрос по заказу", "Ольга", "Где мой заказ?")


def test_html_is_shown_without_what_runs_loads_or_tracks() -> None:
    message = sample("html_with_pictures")
    assert message.html is not None
    assert 'src="cid:photo@1"' in message.html and 'data-src="https://tracker.example/pixel.gif"' in message.html
    for gone in ("script", "onclick", "javascript", "url(", ' src="https', "<style"):
        assert gone not in message.html
    assert message.text == "The lamp is broken:\n\nclick\nBye"
    assert [(f.name, f.kind, f.content_id, f.content) for f in message.attachments] == [
        ("lamp.png", "image", "photo@1", b"\x89PNG-lamp")
    ]
    assert message.data["cc"] == ["bob@example.com", "Carol, Ms <carol@example.com>"]


def test_an_attachment_that_the_html_does_not_show_is_no_inline_picture() -> None:
    raw = (FOLDER / "html_with_pictures.eml").read_bytes().replace(b"cid:photo@1", b"cid:other@1")
    assert heard(raw).attachments[0].content_id is None


def test_attachments_keep_their_names_in_every_spelling() -> None:
    files = sample("attachment_names").attachments
    assert [f.name for f in files] == ["Договор 15.pdf", "Акт.doc", "image.jpg", "Старое письмо.eml"]
    assert files[0].content == b"%PDF" and files[3].content is not None and b"old text" in files[3].content


def test_a_uuencoded_file_is_taken_out_of_the_text() -> None:
    message = sample("uuencode")
    assert message.text == "Here is the list.\n\n\nRegards"
    assert [(f.name, f.content) for f in message.attachments] == [("list.csv", b"a;b;1;2\n\x00"[:9])]


def test_a_bounce_names_the_address_the_cause_and_our_mail() -> None:
    message = sample("bounce_exchange")
    bounce = message.bounce
    assert bounce is not None and not message.auto_reply
    assert (bounce.address, bounce.code, bounce.hard) == ("gone@example.com", "5.1.1", True)
    assert bounce.external_id == "switchboard.m-7.0123456789ab@shop.example"
    assert bounce.reason.endswith("User unknown in virtual mailbox table")


def test_a_spam_complaint_stops_marketing_to_that_person() -> None:
    raw = (FOLDER / "complaint.eml").read_bytes()
    message, stop = parse.events(raw, address=OURS, envelope="", received_at=NOW)
    assert isinstance(message, InboundMessage) and message.bounce is None and message.report and not message.auto_reply
    assert isinstance(stop, ConsentChanged)
    assert (stop.address, stop.stopped, stop.marketing_only, stop.source) == ("ann@example.com", True, True, "complaint")


WORDS = [
    ("Exim says it in words", "<gone@example.com>: 550 5.1.1 No such user", "5.1.1", True),
    ("a full mailbox is no dead address", "<gone@example.com>: 552 5.2.2 Mailbox full, over quota", "5.2.2", False),
    ("blocked as spam", "<gone@example.com>: 550 5.7.1 Message rejected as spam by policy", "5.7.1", False),
    ("try later", "<gone@example.com>: 451 4.4.1 timed out", "4.4.1", False),
    ("only a reply code", "gone@example.com\n550 user unknown", "550", True),
    ("a Russian provider", "gone@example.com\n550 нет такого пользователя", "550", True),
]


@pytest.mark.parametrize(("words", "code", "hard"), [c[1:] for c in WORDS], ids=[c[0] for c in WORDS])
def test_a_bounce_without_a_report_is_read_from_its_words(words: str, code: str, hard: bool) -> None:
    raw = f"Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\nSubject: Mail delivery failed\n\nSorry.\n\n{words}\n".encode()
    bounce = heard(raw).bounce
    assert bounce is not None
    assert (bounce.address, bounce.code, bounce.hard) == ("gone@example.com", code, hard)


def test_a_delay_is_soft_and_a_delivery_no_bounce() -> None:
    raw = (FOLDER / "bounce_exchange.eml").read_bytes()
    delayed = heard(raw.replace(b"Action: failed", b"Action: delayed")).bounce
    assert delayed is not None and not delayed.hard and delayed.external_id is None
    assert heard(raw.replace(b"Action: failed", b"Action: delivered")).bounce is None


VERDICTS = [
    ("5.1.1", "User unknown", True),
    ("5.1.1", "", True),
    ("5.4.1", "550 5.4.1 Recipient address rejected: Access denied", True),
    ("5.1.8", "Domain of sender address does not exist", False),
    ("5.7.25", "no PTR record, host not found", False),
    ("4.1.1", "User unknown", False),
    ("5.1.1", "account is temporarily locked", False),
    ("", "The recipient name is not recognized", True),
]


@pytest.mark.parametrize(("code", "words", "hard"), VERDICTS)
def test_words_count_more_than_codes(code: str, words: str, hard: bool) -> None:
    assert is_hard(code, words) is hard


AUTOMATIC = [
    ("Auto-Submitted: auto-replied\n", True),
    ("Auto-Submitted: no\n", False),
    ("Precedence: bulk\n", True),
    ("Precedence: first-class\n", False),
    ("X-Auto-Response-Suppress: All\n", True),
    ("X-Autoreply: yes\n", True),
    ("X-Loop: support@shop.example\n", True),
    ("List-Id: <news.example.com>\n", True),
    ("Return-Path: <>\n", True),
    ("Return-Path: <ann@example.com>\n", False),
    ("Subject: Автоответ: Счёт\n", True),
    ("Subject: Out of Office: back on Monday\n", True),
    ("Subject: Abwesenheitsnotiz\n", True),
    ("Subject: My autobiography\n", False),
]


@pytest.mark.parametrize(("headers", "automatic"), AUTOMATIC)
def test_mail_that_no_person_wrote_is_marked(headers: str, automatic: bool) -> None:
    assert heard(headers.encode() + mail()).auto_reply is automatic


OTHERS = [
    ("others in To and Cc", "To: Shop <support@shop.example>, bob@example.com\nCc: carol@example.com, ann@example.com\n",
     ["bob@example.com", "carol@example.com"]),
    ("our plus address is us", "To: support+Tok@shop.example\n", []),
    ("a crowd expects no answer to all", "To: " + ", ".join(f"p{n}@example.com" for n in range(51)) + "\n", []),
]  # fmt: skip


@pytest.mark.parametrize(("given", "others"), [c[1:] for c in OTHERS], ids=[c[0] for c in OTHERS])
def test_who_else_was_on_a_mail_is_kept_for_the_answer(given: str, others: list[str]) -> None:
    assert heard(mail(f"Subject: Hi\nMessage-ID: <1@x>\n{given}")).reply_context == {
        "subject": "Hi", "message_id": "1@x", "cc": others,
    }  # fmt: skip


def test_what_a_machine_wrote_is_nothing_to_answer() -> None:
    assert heard(mail("Subject: Out of office\nAuto-Submitted: auto-replied\n")).reply_context == {}


def test_what_we_wrote_from_another_program_belongs_to_whom_we_wrote_to() -> None:
    raw = mail("To: Ann <ann@example.com>, bob@example.com\nSubject: Hi\n").replace(
        b"Ann <ann@example.com>\r\nTo", b"support@shop.example\r\nTo"
    )
    message = heard(raw.replace(b"\r\r", b"\r"))
    assert (message.echo, message.address, message.sender.name) == (True, "ann@example.com", "Ann")
    assert message.reply_context["cc"] == ["bob@example.com"]


def test_the_thread_is_told_by_ids_and_token() -> None:
    message = heard(
        mail(
            "To: Shop <support+Tok_9aB@shop.example>\nMessage-ID: < own@example.com >\n"
            "In-Reply-To: <x@example.com> <switchboard.m-1.ff@shop.example>\nReferences: <r1@example.com>\n <r2@example.com>\n"
        )
    )
    assert (message.external_id, message.token) == ("own@example.com", "Tok_9aB")
    assert message.reply_to == "switchboard.m-1.ff@shop.example"
    assert message.answers == ("switchboard.m-1.ff@shop.example", "x@example.com")
    assert message.references == ("r1@example.com", "r2@example.com")
    assert message.reply_context["message_id"] == "own@example.com"


TOKENS = [
    ("in the envelope", mail(), "support+Env1@shop.example", "Env1"),
    ("in Delivered-To", mail("Delivered-To: support+Del1@shop.example\n"), OURS, "Del1"),
    ("in the subject", mail("Subject: Re: Invoice [#Sub_123]\n"), OURS, "Sub_123"),
    ("of another mailbox", mail("To: sales+Tok1@shop.example\n"), OURS, None),
    ("of another company", mail("To: support+Tok1@shop.example.evil\n"), OURS, None),
    ("none", mail("Subject: Invoice #15\n"), OURS, None),
]


@pytest.mark.parametrize(("raw", "envelope", "token"), [c[1:] for c in TOKENS], ids=[c[0] for c in TOKENS])
def test_a_token_is_found_where_it_may_be(raw: bytes, envelope: str, token: str | None) -> None:
    assert heard(raw, envelope).token == token


def test_a_mail_without_an_id_has_the_same_hash_however_it_came() -> None:
    first = heard(mail("Subject: x\n"))
    again = heard(b"Return-Path: <a@b>\r\nReceived: from x\r\n\tby y; Mon\r\n" + mail("Subject: x\n"))
    other = heard(mail("Subject: y\n"))
    assert first.external_id.startswith("sha256-")
    assert first.external_id == again.external_id != other.external_id


def test_mails_without_an_address_are_different_people() -> None:
    one, two = heard(b"Subject: a\n\nhelp"), heard(b"Subject: b\n\nhelp")
    assert one.sender.identities[0].address != two.sender.identities[0].address
    assert not one.sender.identities[0].verified and one.address == ""


def test_a_web_form_that_writes_from_our_address_speaks_for_the_person_in_reply_to() -> None:
    form = heard(b"From: Site <support@shop.example>\nReply-To: Bob <bob@example.com>\n\nhi")
    assert (form.sender.identities[0].address, form.address, form.echo) == ("bob@example.com", "bob@example.com", False)
    assert heard(b"From: Site <support@shop.example>\n\nhi").echo


def test_an_answer_goes_to_reply_to_but_the_person_is_the_sender() -> None:
    message = heard(mail("Reply-To: ann.home@example.com\n"))
    assert (message.sender.identities[0].address, message.address) == ("ann@example.com", "ann.home@example.com")


def test_a_forged_sender_is_only_claimed() -> None:
    assert not heard(mail("Authentication-Results: mx; dmarc=fail\n")).sender.identities[0].verified
    assert heard(mail("Authentication-Results: mx; dmarc=pass\n")).sender.identities[0].verified


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2026 10:00:00 +0300", "Tue, 22 Nov 2033 10:00:00 +0000"])
def test_without_a_believable_date_the_arrival_counts(date: str) -> None:
    assert heard(mail(f"Date: {date}\n")).at == NOW


ADDRESSES = [
    ("Ann Lee <Ann@Example.com>", [("Ann Lee", "ann@example.com")]),
    ('"Lee, Ann" <ann@example.com>, bob@example.com', [("Lee, Ann", "ann@example.com"), ("", "bob@example.com")]),
    ("ann@example.com (Ann Lee)", [("Ann Lee", "ann@example.com")]),
    ("undisclosed-recipients:;", []),
    ("Team: ann@example.com, bob@example.com;", [("", "ann@example.com"), ("", "bob@example.com")]),
    ("=?utf-8?B?0JDQvdC90LA=?= <ann@example.com>", [("Анна", "ann@example.com")]),
    ("=?utf-8?Q?Ann_<ann=40example.com>?=", [("Ann", "ann@example.com")]),
    ("Ann Lee [mailto:ann@example.com]", [("Ann Lee", "ann@example.com")]),
    ("Ann <ann@example.com", [("Ann", "ann@example.com")]),
    ("Nobody in particular", [("Nobody in particular", "")]),
    ("", []),
]


@pytest.mark.parametrize(("value", "expected"), ADDRESSES)
def test_people_are_read_however_their_client_wrote_them(value: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.name, one.address) for one in read(value)] == expected


GMAIL_RU = "пн, 16 нояб. 2026 г. в 10:20, Магазин <support@shop.example>:\n\n> Чем помочь?\n"
OUTLOOK_RU = (
    "________________________________\nОт: Магазин <support@shop.example>\n"
    "Отправлено: 16 ноября 2026 г. 10:20\nКому: Анна\nТема: Заказ\n\nЧем помочь?"
)
QUOTES = [
    ("Gmail, Russian", f"Да, жду.\n\n{GMAIL_RU}", "Да, жду."),
    ("Outlook, Russian", f"Да, жду.\n\n{OUTLOOK_RU}", "Да, жду."),
    ("Mail.ru", "Да.\n\nПонедельник, 16 ноября 2026, 10:20 +03:00 от Магазин <support@shop.example>:\n\nЧем помочь?", "Да."),
    ("Yandex", 'Да.\n\n16.11.2026, 10:20, "Магазин" <support@shop.example>:\n> Чем помочь?', "Да."),
    (
        "wrapped",
        "Yes.\n\nOn Mon, Nov 16, 2026 at 10:20 AM Shop Support Department\n<support@shop.example> wrote:\n\n> Help?",
        "Yes.",
    ),
    ("Apple Mail, German", "Ja.\n\nAm 16.11.2026 um 10:20 schrieb Shop <support@shop.example>:\n\n> Hilfe?", "Ja."),
    ("French", "Oui.\n\nLe lun. 16 nov. 2026 à 10:20, Shop <support@shop.example> a écrit :\n\n> Aide ?", "Oui."),
    ("original message", "Yes.\n\n-----Original Message-----\nFrom: Shop\nSubject: x\n\nHelp?", "Yes."),
    ("bottom posting", "On Mon, Nov 16, 2026, Shop <support@shop.example> wrote:\n> Help?\n\nYes, please.", "Yes, please."),
    ("between the lines", "> First?\nYes.\n> Second?\nNo.", "> First?\nYes.\n> Second?\nNo."),
    ("signature", "Yes.\n-- \nAnn Lee\n+7 999", "Yes."),
    ("a phone's line", "Да\n\nОтправлено с iPhone", "Да"),
    ("a sentence like it", "It was sent from Berlin.", "It was sent from Berlin."),
    ("a verb is no quote", "Я написал вам 2 раза:\nответа нет.", "Я написал вам 2 раза:\nответа нет."),
    ("a date is no quote", "Заказ от 16.11.2026:\nлампа 2 шт.", "Заказ от 16.11.2026:\nлампа 2 шт."),
    ("a route is no header", "Нужна доставка.\nОткуда: Москва\nКуда: Тверь", "Нужна доставка.\nОткуда: Москва\nКуда: Тверь"),
    (
        "a journey is no header",
        "Hi\nFrom: Moscow\nTo: Paris\nDate: 12.12\nPrice?",
        "Hi\nFrom: Moscow\nTo: Paris\nDate: 12.12\nPrice?",
    ),
    ("a rule is no signature", "First\n---\nsecond", "First\n---\nsecond"),
    ("only a quote", "> Help?", "> Help?"),
    ("only a signature", "--\nAnn", "--\nAnn"),
    (
        "a forward",
        "---------- Forwarded message ----------\nFrom: a@b.c\n\nSee",
        "---------- Forwarded message ----------\nFrom: a@b.c\n\nSee",
    ),
]


@pytest.mark.parametrize(("body", "new"), [c[1:] for c in QUOTES], ids=[c[0] for c in QUOTES])
def test_what_is_new_stands_apart_from_what_is_quoted(body: str, new: str) -> None:
    found = replies.split(body)
    assert found.text == new
    shown = "".join(f"{found.text}{found.quoted}".split())
    assert sorted(shown) == sorted("".join(body.split()))


def test_an_html_answer_is_cut_where_the_program_marked_it() -> None:
    quoted = '<div class="gmail_quote">Someone said<blockquote>Help?</blockquote></div>'
    message = heard(f"From: a@b.c\nContent-Type: text/html\n\n<div>Yes</div>{quoted}".encode())
    assert (message.text, message.data["quoted"]) == ("Yes", "Someone said\n> Help?")


def test_html_reads_as_a_person_sees_it() -> None:
    assert readable.to_text("<p>One<br>two</p><ul><li>a</li><li>b</li></ul><table><tr><td>x</td><td>y</td></tr></table>") == (
        "One\ntwo\n\n* a\n* b\n\nx y"
    )


BROKEN = [
    ("nothing", b"", ""),
    ("no headers", b"\n\njust text", "just text"),
    ("unknown charset", b"Content-Type: text/plain; charset=no-such\n\n\xd0\x94\xd0\xb0", "Да"),
    ("wrong charset", b"Content-Type: text/plain; charset=utf-8\n\n\xc4\xe0, \xec\xee\xe6\xed\xee", "Да, можно"),
    ("a codec that is no charset", b"Content-Type: text/plain; charset=unicode_escape\n\n\\x", "\\x"),
    ("no boundary", b"Content-Type: multipart/mixed\n\ntext", "text"),
    ("lost Content-Type", b"Subject: x\n\n--abcdefgh\nContent-Type: text/plain\n\ntext\n--abcdefgh--\n", "text"),
    ("broken base64", b"Content-Transfer-Encoding: base64\n\n0JTQsA=", "Да"),
]


@pytest.mark.parametrize(("raw", "text"), [c[1:] for c in BROKEN], ids=[c[0] for c in BROKEN])
def test_a_broken_mail_is_still_read(raw: bytes, text: str) -> None:
    assert heard(raw).text == text


def _pieces() -> st.SearchStrategy[bytes]:
    words = [path.read_bytes() for path in sorted(FOLDER.glob("*.eml"))]
    lines = sorted({line for raw in words for line in raw.split(b"\r\n")})
    return st.lists(st.one_of(st.sampled_from(lines), st.binary(max_size=40)), max_size=30).map(b"\r\n".join)


@settings(max_examples=150, deadline=None)
@given(_pieces())
def test_no_bytes_are_too_strange(raw: bytes) -> None:
    message = heard(raw)
    assert message.external_id
    json.dumps([message.data, message.reply_context, message.text, message.html, message.subject], ensure_ascii=False).encode()


HOSTILE = [
    ("brackets", b"From: " + b"<" * 100_000),
    ("a word without end", b"From: " + b"a" * 100_000),
    ("spaces", b"Message-ID: <" + b" " * 100_000),
    ("encoded words", b"Subject: " + b"=?utf-8?q?a" * 10_000),
    ("dashes", b"From: a@b.c\n\n" + (b"-" * 500 + b"\n") * 200),
    ("elements in elements", b"From: a@b.c\nContent-Type: text/html\n\n" + b"<div>" * 100_000 + b"x"),
    ("empty lines", b"From: a@b.c\n\n" + b"\n" * 1_000_000 + b"x"),
    ("announcements", b"From: a@b.c\n\n" + b"On 3 March 2025, at 10:15 a@b.example\n" * 40_000),
    ("rulers", b"From: a@b.c\n\n" + b"_____\n\n" * 100_000),
    ("a report of one word", b"From: mailer-daemon@b.c\nSubject: Undelivered mail\n\n" + b"a" * 1_000_000),
    ("a report of codes", b"From: mailer-daemon@b.c\nSubject: Undelivered mail\n\n" + b"5.1." * 300_000),
    ("parts in parts", b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(2000))),
]


@pytest.mark.parametrize("raw", [c[1] for c in HOSTILE], ids=[c[0] for c in HOSTILE])
def test_a_hostile_mail_costs_no_more_than_it_weighs(raw: bytes) -> None:
    began = time.process_time()
    assert heard(raw).external_id
    assert time.process_time() - began < 5


@pytest.fixture
async def http() -> "Iterator[aiohttp.ClientSession]":  # type: ignore[misc]  # pytest-asyncio drives the generator
    async with aiohttp.ClientSession() as session:
        yield session


def connector(http: aiohttp.ClientSession, **settings: str) -> EmailConnector:
    return EmailConnector(EmailSettings.model_validate({"address": OURS} | settings), Transport(http=http))


def hook(method: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Hook:
    return Hook(method=method, url=f"mail:{OURS}", headers=headers or {}, body=body, received_at=NOW)


async def test_mail_over_http_is_refused(http: aiohttp.ClientSession) -> None:
    channel = connector(http, smtp_host="localhost")
    channel.verify(hook("MAIL"))
    with pytest.raises(BadSignature) as caught:
        channel.verify(hook("POST", mail()))
    assert caught.value.missing
    assert channel.parse(hook("MAIL", headers={"mailbox": "Opened"})) == [Notice(kind="mailbox", text="Opened")]


SETTINGS = [
    ("nothing to do", {"address": OURS}, "smtp_host"),
    ("no address", {"address": "shop", "smtp_host": "h"}, "address"),
    ("no port", {"address": OURS, "smtp_host": "h", "smtp_port": "70000"}, "smtp_port"),
    ("unknown TLS", {"address": OURS, "smtp_host": "h", "tls": "maybe"}, "tls"),
]


@pytest.mark.parametrize(("given_settings", "field"), [c[1:] for c in SETTINGS], ids=[c[0] for c in SETTINGS])
def test_wrong_settings_name_their_field(given_settings: dict[str, str], field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        EmailSettings.model_validate(given_settings)


PORTS = [
    ({"tls": "ssl"}, (465, "ssl"), (993, "ssl")),
    ({"tls": "starttls"}, (587, "starttls"), (143, "starttls")),
    ({"tls": "starttls", "imap_port": "993"}, (587, "starttls"), (993, "ssl")),
    ({"tls": "ssl", "smtp_port": "587"}, (587, "starttls"), (993, "ssl")),
    ({"tls": "none", "smtp_port": "1025", "imap_port": ""}, (1025, "none"), (143, "none")),
]


@pytest.mark.parametrize(("changes", "smtp", "imap"), PORTS)
def test_ports_and_encryption_fit_each_other(changes: dict[str, str], smtp: tuple[int, str], imap: tuple[int, str]) -> None:
    given = EmailSettings.model_validate({"address": OURS, "smtp_host": "h", "imap_host": "h"} | changes)
    servers = given.smtp(), given.imap()
    assert [(one.port, one.tls) for one in servers] == [smtp, imap]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Stored:
    """An `accept` that keeps what it gets, or fails."""

    def __init__(self) -> None:
        self.hooks: list[Hook] = []
        self.broken = False

    async def __call__(self, hook: Hook, cursor: Mapping[str, JSON]) -> None:
        if self.broken:
            raise OSError("disk full")
        self.hooks.append(hook)


async def _push(port: int, kind: type[smtplib.SMTP], recipients: list[str], sender: str = "ann@example.com") -> str:
    """Send one mail as another server would; returns the refusal, or ""."""

    def deliver() -> str:
        with kind("127.0.0.1", port, local_hostname="mx.example.com") as server:
            try:
                server.sendmail(sender, recipients, mail("Subject: pushed\n"))
            except smtplib.SMTPRecipientsRefused as error:
                return str(next(iter(error.recipients.values()))[0])
            except smtplib.SMTPResponseException as error:
                return str(error.smtp_code)
            return ""

    return await asyncio.to_thread(deliver)


async def _open(port: int, task: "asyncio.Task[None]") -> None:
    async with asyncio.timeout(10):
        while not task.done():
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except ConnectionRefusedError:
                await asyncio.sleep(0)
                continue
            writer.close()
            await writer.wait_closed()
            return


async def test_pushed_mail_is_confirmed_only_when_it_is_stored(http: aiohttp.ClientSession) -> None:
    port, stored = free_port(), Stored()
    channel = connector(http, listen=str(port))
    assert channel.pulls
    task = asyncio.create_task(channel.pull({}, stored))
    try:
        await _open(port, task)
        assert await _push(port, smtplib.SMTP, ["support+Tok1@shop.example"]) == ""
        message = channel.parse(stored.hooks[0])[0]
        assert isinstance(message, InboundMessage)
        assert (message.text, message.subject, message.token, message.auto_reply) == ("Hello", "pushed", "Tok1", False)
        assert await _push(port, smtplib.SMTP, [OURS], sender="") == ""
        bounce_like = channel.parse(stored.hooks[1])[0]
        assert isinstance(bounce_like, InboundMessage) and bounce_like.auto_reply
        assert await _push(port, smtplib.SMTP, ["eve@elsewhere.example"]) == "550"
        stored.broken = True
        assert await _push(port, smtplib.SMTP, [OURS]) == "451"
        assert len(stored.hooks) == 2
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_lmtp_answers_for_every_recipient(http: aiohttp.ClientSession) -> None:
    port, stored = free_port(), Stored()
    task = asyncio.create_task(connector(http, listen=str(port)).pull({}, stored))
    try:
        await _open(port, task)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"LHLO mx\r\nMAIL FROM:<a@b.c>\r\nRCPT TO:<%b>\r\nRCPT TO:<sales@shop.example>\r\nDATA\r\n" % OURS.encode())
        while not (await reader.readline()).startswith(b"354"):
            pass
        writer.write(b"Subject: x\r\n\r\nhi\r\n.\r\nQUIT\r\n")
        answers = [line async for line in reader]
        assert [line[:3] for line in answers] == [b"250", b"250", b"221"]
        writer.close()
        await writer.wait_closed()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_port_that_is_taken_is_a_wrong_setting(http: aiohttp.ClientSession) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Misconfigured, match="cannot be opened"):
            await connector(http, listen=str(taken.getsockname()[1])).pull({}, Stored())
