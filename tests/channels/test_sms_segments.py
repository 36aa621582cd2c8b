"""How many SMS a text becomes, and what the preview is told about it."""

from typing import Any

import pytest

from channels.base import OutgoingFile, OutgoingMessage, Segments, TemplateUse, Transport
from channels.sms import SmsConnector, SmsSettings
from channels.sms_parts.segments import count

LENGTHS = [
    ("nothing", "", ("GSM-7", 0, 0, 160)),
    ("a letter", "a", ("GSM-7", 1, 1, 159)),
    ("160 letters", "a" * 160, ("GSM-7", 160, 1, 0)),
    ("161 letters", "a" * 161, ("GSM-7", 161, 2, 145)),
    ("306 letters", "a" * 306, ("GSM-7", 306, 2, 0)),
    ("307 letters", "a" * 307, ("GSM-7", 307, 3, 152)),
    ("80 of two units", "€" * 80, ("GSM-7", 160, 1, 0)),
    ("the extension table", "\f^{}\\[~]|€", ("GSM-7", 20, 1, 140)),
    ("one of two units at the end of a segment", "a" * 152 + "€" + "a" * 152, ("GSM-7", 306, 3, 152)),
    ("70 Russian letters", "я" * 70, ("UCS-2", 70, 1, 0)),
    ("71 Russian letters", "я" * 71, ("UCS-2", 71, 2, 63)),
    ("135 Russian letters", "я" * 135, ("UCS-2", 135, 3, 66)),
    ("an emoji is two units", "😀" * 35, ("UCS-2", 70, 1, 0)),
    ("an emoji is never cut", "я" * 66 + "😀" + "я" * 66, ("UCS-2", 134, 3, 66)),
    ("what is two units in GSM-7 is one in UCS-2", "я€", ("UCS-2", 2, 1, 68)),
    ("accents of the alphabet", "èéùìòÇØøÅåÆæßÉÄÖÑÜäöñüà", ("GSM-7", 23, 1, 137)),
    ("an accent outside of it", "ç", ("UCS-2", 1, 1, 69)),
    ("lines", "a\r\nb", ("GSM-7", 4, 1, 156)),
    ("a tab is not in GSM's alphabet", "\t", ("UCS-2", 1, 1, 69)),
]


@pytest.mark.parametrize(("text", "expected"), [case[1:] for case in LENGTHS], ids=[case[0] for case in LENGTHS])
def test_a_text_becomes_so_many_sms(text: str, expected: tuple[str, int, int, int]) -> None:
    found = count(text)
    assert (found.encoding, found.characters, found.count, found.left) == expected


def cost(sender: str, **fields: Any) -> Segments | None:
    settings = SmsSettings.model_validate({"account_sid": "AC1", "auth_token": "x", "from": sender})
    transport = Transport(http=None)  # type: ignore[arg-type]  # nothing is called
    message = OutgoingMessage(**{"id": "m1", "address": "+15005550001", "text": "Hi", **fields})
    return SmsConnector(settings, transport).cost(message)


FILE = OutgoingFile(kind="image", name="a.png", mime="image/png", size=3, url="https://files.example/a", read=lambda: b"abc")


def test_only_a_text_by_sms_is_counted() -> None:
    found = cost("+15005550006")
    assert found == Segments(encoding="GSM-7", characters=2, count=1, left=158) == cost("MG1")
    assert cost("whatsapp:+15005550006") is None
    assert cost("+15005550006", attachments=[FILE]) is None
    assert cost("+15005550006", template=TemplateUse(name="HX1", language="en")) is None
