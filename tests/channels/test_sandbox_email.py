"""The mail provider's stand-in against our connector, over real SMTP and IMAP: what customers write, what becomes of ours."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from imap_tools import MailBoxUnencrypted

from channels.base import (
    Blocked,
    ChannelError,
    Hook,
    Misconfigured,
    OutgoingFile,
    OutgoingMessage,
    Refused,
    Retry,
    Transport,
    Unknown,
)
from channels.email import EmailConnector, EmailSettings
from channels.events import JSON, InboundMessage
from channels.sandbox.base import Customer, Draft, Fault, PhoneFile, Phones, serve
from channels.sandbox.email import ADDRESS, MailStandIn

ANN = "ann.lee@example.com"


@dataclass
class Inbox:
    """What `accept` was given, and the cursor that it would have stored."""

    connector: EmailConnector
    hooks: list[Hook] = field(default_factory=list)
    messages: list[InboundMessage] = field(default_factory=list)
    cursor: Mapping[str, JSON] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    fails: int = 0

    async def accept(self, hook: Hook, cursor: Mapping[str, JSON]) -> None:
        if self.fails and hook.body:
            self.fails -= 1
            raise RuntimeError("the disk is full")
        self.connector.verify(hook)
        self.cursor = json.loads(json.dumps(cursor))
        self.hooks.append(hook)
        self.messages += [event for event in self.connector.parse(hook) if isinstance(event, InboundMessage)]
        self.changed.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    @asynccontextmanager
    async def pulling(self) -> AsyncIterator["asyncio.Task[None]"]:
        """Run `pull` from the stored cursor, as the caller does after a start or an outage."""
        task = asyncio.create_task(self.connector.pull(self.cursor, self.accept))
        try:
            if not self.cursor:
                await self.until(lambda: bool(self.cursor) or task.done())
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@dataclass
class Room:
    """A provider, our connector to it, and a customer."""

    mail: MailStandIn
    connector: EmailConnector
    inbox: Inbox
    ann: Customer
    http: aiohttp.ClientSession

    def connect(self, **changes: str) -> EmailConnector:
        """Another connector with other settings."""
        settings = EmailSettings.model_validate(self.mail.settings() | changes)
        return EmailConnector(settings, Transport(http=self.http))


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    ann = Customer(id="ann", name="Анна Ли", language="ru", addresses={"email": ANN})
    mail = MailStandIn(Phones([ann]))
    async with serve(mail), aiohttp.ClientSession() as http:
        settings = EmailSettings.model_validate(mail.settings())
        connector = EmailConnector(settings, Transport(http=http))
        yield Room(mail=mail, connector=connector, inbox=Inbox(connector), ann=ann, http=http)
        await connector.close()


def message(**changes: object) -> OutgoingMessage:
    start = OutgoingMessage(
        id="m-1", address=ANN, text="Добрый день!\nЧем помочь?", subject="Заказ 15", name="Анна Ли", token="Tok_9"
    )
    return replace(start, **changes)  # type: ignore[arg-type]  # a test names fields of its own choice


async def test_a_customers_mail_wakes_us_and_arrives_whole(room: Room) -> None:
    async with room.inbox.pulling():
        photo = PhoneFile(kind="image", name="Чек за покупку.png", mime="image/png", content=b"\x89PNG...")
        bubble = await room.mail.write(room.ann, Draft(text="Где мой заказ?", subject="Заказ 15", files=(photo,)))
        await room.inbox.until(lambda: len(room.inbox.messages) == 1)
    heard = room.inbox.messages[0]
    assert (heard.text, heard.subject, heard.address, heard.sender.name) == ("Где мой заказ?", "Заказ 15", ANN, "Анна Ли")
    assert heard.external_id == bubble.id and not heard.auto_reply and heard.bounce is None
    assert [(f.name, f.kind, f.content) for f in heard.attachments] == [("Чек за покупку.png", "image", b"\x89PNG...")]


async def test_a_conversation_there_and_back_stays_in_one_thread(room: Room) -> None:
    async with room.inbox.pulling():
        first = await room.mail.write(room.ann, Draft(text="Где мой заказ?", subject="Заказ 15"))
        await room.inbox.until(lambda: len(room.inbox.messages) == 1)
        sent = await room.connector.send(message(reply_to=first.id, html="<p>Добрый день!</p>"))
        shown = room.mail.sent_to(ANN)[0]
        assert (shown.subject, shown.text, shown.reply_to) == ("Re: Заказ 15", "Добрый день!\nЧем помочь?", first.id)
        assert shown.html is not None and "<p>Добрый день!</p>" in shown.html
        await room.mail.write(room.ann, Draft(text="Спасибо, жду."))
        await room.inbox.until(lambda: len(room.inbox.messages) == 2)
    answer = room.inbox.messages[1]
    assert answer.text == "Спасибо, жду."
    assert "> Чем помочь?" in answer.data["quoted"]
    assert (answer.reply_to, answer.references, answer.token) == (sent.external_ids[0], tuple(sent.external_ids), "Tok_9")


async def test_half_a_letter_does_not_stop_a_mail(room: Room) -> None:
    await room.connector.send(message(text="so \ud83d", subject="\ud83d", name="\ud83d"))
    assert room.mail.sent_to(ANN)[0].text == "so ?"


async def test_files_go_out_with_their_names(room: Room) -> None:
    price = OutgoingFile(kind="file", name="Прайс лист.pdf", mime="application/pdf", size=4, url="", read=lambda: b"%PDF")
    notes = OutgoingFile(kind="file", name="a.txt", mime="text/plain", size=4, url="", read=lambda: b"a\r\nb")
    await room.connector.send(message(attachments=(price, notes)))
    shown = room.mail.sent_to(ANN)[0]
    assert [(f.name, f.content) for f in shown.files] == [("Прайс лист.pdf", b"%PDF"), ("a.txt", b"a\r\nb")]


async def test_the_same_message_sent_again_is_recognisable(room: Room) -> None:
    first, again = await room.connector.send(message()), await room.connector.send(message())
    other = await room.connector.send(message(id="m-2"))
    assert first.external_ids == again.external_ids != other.external_ids
    assert first.external_ids[0].startswith("switchboard.m-1.") and first.external_ids[0].endswith("@shop.example")


async def test_mails_share_a_connection(room: Room) -> None:
    before = room.mail.smtp.connections
    for number in range(5):
        await room.connector.send(message(id=f"m-{number}"))
    assert room.mail.smtp.connections - before == 1


async def test_a_connection_that_the_server_closed_meanwhile_is_replaced(room: Room) -> None:
    await room.connector.send(message())
    port = room.mail.smtp.port
    await room.mail.smtp.stop()
    with pytest.raises(Retry):
        await room.connector.send(message(id="m-2"))
    room.mail.smtp.port = port
    await room.mail.smtp.start("127.0.0.1")
    await room.connector.send(message(id="m-2"))
    assert len(room.mail.sent_to(ANN)) == 2


HEADERS: list[tuple[str, dict[str, object], dict[str, str | None], str]] = [
    ("a manager's answer", {"reply_to": "a@b"}, {"In-Reply-To": "<a@b>", "Auto-Submitted": None, "Precedence": None}, ADDRESS),
    ("a bot's answer", {"automatic": True}, {"Auto-Submitted": "auto-replied", "List-Unsubscribe": None}, ""),
    (
        "a broadcast",
        {"automatic": True, "bulk": True, "unsubscribe_url": "https://shop.example/u/1"},
        {
            "Auto-Submitted": "auto-generated",
            "Precedence": "bulk",
            "List-Unsubscribe": "<https://shop.example/u/1>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        ADDRESS,
    ),
    ("a token", {}, {"Reply-To": "Shop <support+Tok_9@shop.example>", "From": "Shop <support@shop.example>"}, ADDRESS),
    ("a thread", {"reply_to": "c@d", "references": ["a@b"]}, {"References": "<a@b> <c@d>", "In-Reply-To": "<c@d>"}, ADDRESS),
    (
        "an id that we made up",
        {"reply_to": "sha256-00", "references": ["sha256-00"]},
        {"References": None, "In-Reply-To": None},
        ADDRESS,
    ),
    (
        "the last mail of the person, where the operator named none",
        {"subject": None, "extra": {"subject": "Заказ 15", "message_id": "x@y"}},
        {"Subject": "Re: Заказ 15", "In-Reply-To": "<x@y>"},
        ADDRESS,
    ),
    (
        "another subject",
        {"subject": "Новое", "extra": {"subject": "Заказ 15", "message_id": "x@y"}},
        {"In-Reply-To": None},
        ADDRESS,
    ),
    (
        "a line break in a subject",
        {"subject": "A\r\nBcc: eve@example.com"},
        {"Subject": "A Bcc: eve@example.com", "Bcc": None},
        ADDRESS,
    ),
]


@pytest.mark.parametrize(("changes", "expected", "sender"), [c[1:] for c in HEADERS], ids=[c[0] for c in HEADERS])
async def test_our_mail_says_what_it_is(
    room: Room, changes: dict[str, object], expected: dict[str, str | None], sender: str
) -> None:
    await room.connector.send(message(**changes))
    taken = room.mail.received[-1]
    headers = taken["headers"]
    assert isinstance(headers, dict)
    assert {name: headers.get(name) for name in expected} == expected
    assert taken["sender"] == sender


FAULTS: list[tuple[str, Fault, type[ChannelError], str]] = [
    ("too many", Fault(kind="status", status=429), Retry, "4.7.1"),
    ("closing", Fault(kind="status", status=421), Retry, "4.3.0"),
    ("greylisted", Fault(kind="status", status=450), Retry, "4.3.0"),
    ("no space", Fault(kind="status", status=452), Retry, "4.3.0"),
    ("refused", Fault(kind="status", status=554), Refused, "5.3.0"),
    ("gone", Fault(kind="status", status=404), Blocked, "5.1.1"),
    ("broken after the content", Fault(kind="drop"), Unknown, "broken"),
]


@pytest.mark.parametrize(("fault", "error", "code"), [c[1:] for c in FAULTS], ids=[c[0] for c in FAULTS])
async def test_a_refusal_is_told_in_our_words(room: Room, fault: Fault, error: type[ChannelError], code: str) -> None:
    room.mail.faults.append(fault)
    with pytest.raises(error) as caught:
        await room.connector.send(message())
    assert (type(caught.value), caught.value.code) == (error, code)
    await room.connector.send(message(id="m-2"))
    assert room.mail.sent_to(ANN)[-1].id.startswith("switchboard.m-2.")


async def test_an_address_that_is_refused_at_once_is_blocked(room: Room) -> None:
    room.mail.refuses.add("gone@example.com")
    with pytest.raises(Blocked, match="No such user"):
        await room.connector.send(message(address="gone@example.com"))


@pytest.mark.parametrize(
    "address",
    [
        "no address",
        "a@b c",
        "x@y\r\nRCPT TO:<eve@example.com>",
        "a@",
        "@b.example",
        "a,b@c.example",
        "unknown-00",
        "a@" + "b" * 70 + "ü.example",
    ],
)
async def test_nonsense_for_an_address_is_refused_before_the_wire(room: Room, address: str) -> None:
    with pytest.raises(Refused):
        await room.connector.send(message(address=address))
    assert room.mail.smtp.connections == 0


async def test_an_international_domain_goes_out_in_ascii(room: Room) -> None:
    await room.connector.send(message(address="ольга@пример.рф".replace("ольга", "olga")))
    assert room.mail.received[-1]["recipients"] == ["olga@xn--e1afmkfd.xn--p1ai"]


async def test_mail_to_nobody_comes_back_as_a_bounce_of_that_very_mail(room: Room) -> None:
    async with room.inbox.pulling():
        sent = await room.connector.send(message(address="nobody@nowhere.example"))
        await room.inbox.until(lambda: len(room.inbox.messages) == 1)
    bounce = room.inbox.messages[0].bounce
    assert bounce is not None
    assert (bounce.address, bounce.code, bounce.hard) == ("nobody@nowhere.example", "5.1.1", True)
    assert bounce.external_id == sent.external_ids[0]


async def test_the_first_connection_leaves_old_mail_alone_but_loses_none_that_comes(room: Room) -> None:
    for number in range(3):
        await room.mail.write(room.ann, Draft(text=f"old {number}", subject="Old"))
    async with room.inbox.pulling():
        pass
    await room.mail.write(room.ann, Draft(text="came while we were away", subject="New"))
    async with room.inbox.pulling():
        await room.inbox.until(lambda: len(room.inbox.messages) == 1)
    assert [heard.text for heard in room.inbox.messages] == ["came while we were away"]


async def test_with_history_the_old_mail_is_read(room: Room) -> None:
    for number in range(3):
        await room.mail.write(room.ann, Draft(text=f"old {number}", subject="Old"))
    connector = room.connect(history="true")
    inbox = Inbox(connector)
    async with inbox.pulling():
        await inbox.until(lambda: len(inbox.messages) == 3)
    assert [heard.text for heard in inbox.messages] == ["old 0", "old 1", "old 2"]


async def test_an_outage_ends_the_pull_with_retry_and_loses_nothing(room: Room) -> None:
    async with room.inbox.pulling() as task:
        await room.mail.write(room.ann, Draft(text="one", subject="S"))
        await room.inbox.until(lambda: len(room.inbox.messages) == 1)
        await room.mail.imap.stop()
        with pytest.raises(Retry):
            await asyncio.wait_for(task, 10)
    await room.mail.write(room.ann, Draft(text="two", subject="S"))
    with pytest.raises(Retry):
        await room.connector.pull(room.inbox.cursor, room.inbox.accept)
    await room.mail.imap.start("127.0.0.1")
    async with room.inbox.pulling():
        await room.inbox.until(lambda: len(room.inbox.messages) == 2)
    assert [heard.text for heard in room.inbox.messages] == ["one", "two"]


async def test_a_mail_that_was_not_stored_comes_again(room: Room) -> None:
    async with room.inbox.pulling() as task:
        room.inbox.fails = 1
        await room.mail.write(room.ann, Draft(text="one", subject="S"))
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(task, 10)
    async with room.inbox.pulling():
        await room.inbox.until(lambda: len(room.inbox.messages) == 1)
    assert room.inbox.messages[0].text == "one"


async def test_a_rebuilt_mailbox_is_read_again_from_the_day_we_came(room: Room) -> None:
    async with room.inbox.pulling():
        await room.mail.write(room.ann, Draft(text="one", subject="S"))
        await room.inbox.until(lambda: len(room.inbox.messages) == 1)
    old = room.mail.box.append(b"From: bob@example.com\r\nMessage-ID: <old@example.com>\r\n\r\nfrom years ago\r\n")
    old.at = old.at.replace(year=2009)
    room.mail.box.rebuild()
    await room.mail.write(room.ann, Draft(text="two", subject="S"))
    async with room.inbox.pulling():
        await room.inbox.until(lambda: room.inbox.messages[-1].text == "two")
    assert [heard.text for heard in room.inbox.messages] == ["one", "one", "two"]
    assert room.inbox.messages[0].external_id == room.inbox.messages[1].external_id


async def test_without_idle_a_mailbox_is_polled(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.mail.imap.WAIT_SECONDS", 0.01)
    room.mail.imap.idle = False
    async with room.inbox.pulling():
        await room.mail.write(room.ann, Draft(text="one", subject="S"))
        await room.inbox.until(lambda: len(room.inbox.messages) == 1)
    assert "looked at every 30 seconds" in (await room.connector.connect("")).notes[0]


async def test_reading_leaves_mail_unseen_for_other_programs(room: Room) -> None:
    async with room.inbox.pulling():
        await room.mail.write(room.ann, Draft(text="one", subject="S"))
        await room.inbox.until(lambda: len(room.inbox.messages) == 1)
    assert room.mail.box.mails[0].flags == set()


async def test_connect_names_the_account(room: Room) -> None:
    account = await room.connector.connect("")
    assert (account.name, account.address) == ("Shop", ADDRESS)
    assert account.notes == ("The password travels without encryption",)


WRONG: list[tuple[str, dict[str, str], type[ChannelError], str]] = [
    ("password", {"password": "wrong"}, Misconfigured, "refuses the user name or password"),
    (
        "mailbox password",
        {"smtp_host": "", "password": "wrong"},
        Misconfigured,
        r"mailbox server refuses the user name or password \(password",
    ),
    (
        "password in Russian",
        {"smtp_host": "", "password": "пароль"},
        Misconfigured,
        r"refuses the user name or password \(password",
    ),
    ("no TLS there", {"tls": "starttls"}, Misconfigured, r"does not offer STARTTLS \(tls"),
    ("no STARTTLS at the mailbox", {"smtp_host": "", "tls": "starttls"}, Misconfigured, r"does not offer STARTTLS \(tls"),
    ("no TLS at once", {"tls": "ssl"}, Misconfigured, r"does not speak TLS at once.*\(tls"),
    ("no TLS at once at the mailbox", {"smtp_host": "", "tls": "ssl"}, Misconfigured, r"does not speak TLS at once.*\(tls"),
    ("no mailbox there", {"smtp_host": "", "imap_port": "9"}, Retry, r"mailbox server cannot be reached.*\(imap_port"),
    ("nothing there", {"smtp_port": "9"}, Retry, r"SMTP server cannot be reached.*\(smtp_port"),
    ("no such SMTP server", {"smtp_host": "smtp.invalid"}, Misconfigured, r"no SMTP server of the name.*\(smtp_host"),
    ("no such IMAP server", {"smtp_host": "", "imap_host": "m.invalid"}, Misconfigured, r"no mailbox server of.*\(imap_host"),
    ("somebody else's address", {"address": "other@shop.example", "user": ADDRESS}, Misconfigured, r"this address.*\(address"),
]


@pytest.mark.parametrize(("changes", "error", "words"), [c[1:] for c in WRONG], ids=[c[0] for c in WRONG])
async def test_connect_says_what_is_wrong(room: Room, changes: dict[str, str], error: type[ChannelError], words: str) -> None:
    with pytest.raises(error, match=words):
        await room.connect(**changes).connect("")


async def test_a_channel_without_a_server_says_that_it_cannot_send(room: Room) -> None:
    connector = room.connect(smtp_host="")
    with pytest.raises(Misconfigured, match="no SMTP server"):
        await connector.send(message())
    assert "cannot send" in (await connector.connect("")).notes[0]


async def test_the_stand_in_refuses_what_a_provider_refuses(room: Room) -> None:
    with pytest.raises(Misconfigured, match="530"):
        await room.connect(password="").send(message())
    with pytest.raises(Misconfigured, match="553"):
        await room.connect(address="other@shop.example").send(message())


async def test_other_mail_programs_can_use_the_mailbox(room: Room) -> None:
    for number in range(3):
        await room.mail.write(room.ann, Draft(text=f"mail {number}", subject=f"S{number}"))
    room.mail.box.mails[0].at = room.mail.box.mails[0].at.replace(year=2009)
    settings = room.mail.settings()

    def use() -> tuple[list[str], list[str], list[str]]:
        box = MailBoxUnencrypted(settings["imap_host"], int(settings["imap_port"]))
        with box.login(settings["user"], settings["password"]):
            recent = [one.subject for one in box.fetch("SINCE 01-Jan-2020")]
            box.flag(box.uids("UID 1"), "\\Flagged", True)
            box.delete(box.uids("FLAGGED"))
            return recent, box.uids("SEEN"), [one.text.strip() for one in box.fetch("ALL", reverse=True, mark_seen=False)]

    recent, seen, left = await asyncio.to_thread(use)
    assert (recent, seen, left) == (["S1", "S2"], ["2", "3"], ["mail 2", "mail 1"])


@pytest.fixture
async def stranger(tmp_path: Path) -> AsyncIterator[int]:
    """A TLS server whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, datetime(2020, 1, 1), datetime(2099, 1, 1))
    pem = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)
    pem += key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("changes", [{"imap_host": ""}, {"smtp_host": ""}], ids=["smtp", "imap"])
async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(room: Room, stranger: int, changes: dict[str, str]) -> None:
    port = str(stranger)
    with pytest.raises(Misconfigured, match="certificate"):
        await room.connect(**({"tls": "ssl", "smtp_port": port, "imap_port": port} | changes)).connect("")


async def test_checks_look_at_each_server_and_name_the_setting_to_mend(room: Room) -> None:
    good = await room.connector.checks("")
    assert [(one.name, one.state) for one in good] == [("SMTP", "ok"), ("IMAP", "ok"), ("settings", "warning")]
    wrong = await room.connect(password="wrong").checks("")
    assert [(one.name, one.state, one.mend) for one in wrong[:2]] == [
        ("SMTP", "error", "Correct password"),
        ("IMAP", "error", "Correct password"),
    ]


async def test_only_the_beginning_of_an_enormous_mail_is_read(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("channels.mail.imap.LARGEST", 2000)
    async with room.inbox.pulling():
        room.mail.deliver(b"From: bob@example.com\r\nMessage-ID: <big@example.com>\r\n\r\nHello\r\n" + b"x" * 9000)
        await room.inbox.until(lambda: len(room.inbox.messages) == 1)
    assert room.inbox.messages[0].text.startswith("Hello") and len(room.inbox.hooks[-1].body) == 2000


TWO = {"subject": "Заказ 15", "message_id": "x@y", "cc": ["bob@example.com", "broken address", ANN.upper()]}
COPIES: list[tuple[str, dict[str, object], str | None, list[str]]] = [
    ("all who were on it", {"extra": TWO}, "bob@example.com", [ANN, "bob@example.com"]),
    ("only the customer", {"extra": TWO, "cc": []}, None, [ANN]),
    ("somebody else", {"extra": TWO, "cc": ["eve@example.com"]}, "eve@example.com", [ANN, "eve@example.com"]),
    ("a bot answers one", {"extra": TWO, "automatic": True}, None, [ANN]),
    ("a broadcast goes to one", {"extra": TWO, "bulk": True, "automatic": True}, None, [ANN]),
    ("a new subject is for one", {"extra": TWO, "subject": "Другое"}, None, [ANN]),
]


@pytest.mark.parametrize(("changes", "header", "recipients"), [c[1:] for c in COPIES], ids=[c[0] for c in COPIES])
async def test_an_answer_goes_to_all_who_were_on_the_mail(
    room: Room, changes: dict[str, object], header: str | None, recipients: list[str]
) -> None:
    await room.connector.send(message(**changes))
    taken = room.mail.received[-1]
    headers = taken["headers"]
    assert isinstance(headers, dict)
    assert (headers.get("Cc"), taken["recipients"]) == (header, recipients)


async def test_a_dead_copy_stops_the_mail_only_where_somebody_asked_for_it(room: Room) -> None:
    room.mail.refuses.add("bob@example.com")
    await room.connector.send(message(extra=TWO))
    assert room.mail.received[-1]["recipients"] == [ANN]
    with pytest.raises(Refused, match=r"Nothing was sent, because the copy to bob@example\.com"):
        await room.connector.send(message(id="m-2", cc=["bob@example.com"]))
    with pytest.raises(Refused, match=r"no mail address \(cc\)"):
        await room.connector.send(message(id="m-3", cc=["no address"]))
    assert len(room.mail.received) == 1
