"""winmail.dat as Outlook packs it, written here from MS-OXTNEF, and damaged."""

import base64
import struct
from datetime import UTC, datetime

import pytest

from channels.events import InboundMessage
from channels.mail import parse, tnef


def attribute(name: int, data: bytes, level: int = 2) -> bytes:
    checksum = sum(data) & 0xFFFF
    return struct.pack("<BHHI", level, name, 6, len(data)) + data + struct.pack("<H", checksum)


def prop(name: int, kind: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, name, 1, len(value)) + value + b"\0" * (-len(value) % 4)


def named(value: int) -> bytes:
    """A number under a name of somebody's own."""
    words = "X-Own".encode("utf-16-le") + b"\0\0"
    head = struct.pack("<HH", 3, 0x8001) + b"G" * 16 + struct.pack("<II", 1, len(words)) + words + b"\0" * (-len(words) % 4)
    return head + struct.pack("<I", value)


def properties(*each: bytes) -> bytes:
    return struct.pack("<I", len(each)) + b"".join(each)


LONG = "Счёт на оплату № 7.pdf".encode("utf-16-le") + b"\0\0"
PACKED = (
    struct.pack("<IH", 0x223E9F78, 1)
    + attribute(0x9007, struct.pack("<II", 1251, 0), level=1)
    + attribute(0x9003, properties(named(5), prop(0x1000, 0x1E, "Смотрите вложение".encode("cp1251") + b"\0")), level=1)
    + attribute(0x9002, b"\0" * 14)
    + attribute(0x8010, b"SCHET~1.PDF\0")
    + attribute(0x800F, b"%PDF-7")
    + attribute(0x9005, properties(prop(0x3707, 0x1F, LONG), prop(0x370E, 0x1E, b"application/pdf\0")))
    + attribute(0x9002, b"\0" * 14)
    + attribute(0x8010, "Фото.png\0".encode("cp1251"))
    + attribute(0x9005, properties(prop(0x3701, 0xD, b"I" * 16 + b"\x89PNG")))
)


def mail(packed: bytes, text: str = "") -> InboundMessage:
    raw = (
        b"From: ann@example.com\r\nMessage-ID: <1@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: text/plain\r\n\r\n"
        + text.encode()
        + b"\r\n--b\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(packed) + b"\r\n--b--\r\n"
    )
    message = parse.events(raw, address="us@shop.example", envelope="", received_at=datetime(2026, 11, 22, tzinfo=UTC))[0]
    assert isinstance(message, InboundMessage)
    return message


def test_the_files_inside_are_the_mails_files() -> None:
    message = mail(PACKED)
    assert [(f.name, f.mime, f.kind, f.content) for f in message.attachments] == [
        ("Счёт на оплату № 7.pdf", "application/pdf", "file", b"%PDF-7"),
        ("Фото.png", "image/png", "image", b"\x89PNG"),
    ]
    assert message.text == "Смотрите вложение"


def test_a_mail_that_speaks_for_itself_keeps_its_words() -> None:
    assert mail(PACKED, "Hello").text == "Hello"


@pytest.mark.parametrize(
    "raw", [b"", b"no package", struct.pack("<IH", 0x223E9F78, 1)], ids=["empty", "foreign", "nothing inside"]
)
def test_what_is_no_package_stays_a_file(raw: bytes) -> None:
    assert [f.name for f in mail(raw, "Hello").attachments] == ["winmail.dat"]


def test_damage_anywhere_costs_only_what_comes_behind() -> None:
    for end in range(len(PACKED)):
        tnef.unpack(PACKED[:end])
        tnef.unpack(PACKED[:end] + b"\xff" * 40 + PACKED[end + 40 :])
    assert tnef.unpack(PACKED[:-20]).files[0].content == b"%PDF-7"
