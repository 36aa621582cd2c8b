"""The signature of our mails, checked by a verifier written from RFC 6376 that shares no code with the signer."""

import base64
import hashlib
import re
from collections.abc import Mapping

import aiohttp
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from channels.base import OutgoingMessage, Transport
from channels.email import EmailConnector, EmailSettings
from channels.mail.dkim import Signer, body_hash, read_key
from channels.sandbox.base import Customer, Phones, serve
from channels.sandbox.email import MailStandIn

KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def headers_of(mail: bytes) -> list[tuple[str, str]]:
    """(name, everything behind the colon, folding and all) of each header."""
    found: list[tuple[str, str]] = []
    for line in mail.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n"):
        if line[0] in " \t":
            found[-1] = (found[-1][0], found[-1][1] + "\r\n" + line)
        else:
            name, _, value = line.partition(":")
            found.append((name, value))
    return found


def tags(value: str) -> Mapping[str, str]:
    pairs = (one.partition("=") for one in value.split(";"))
    return {name.strip(): re.sub(r"\s", "", text) for name, _, text in pairs}


def relaxed(name: str, value: str) -> str:
    unfolded = value.replace("\r\n", "")
    return f"{name.lower().strip()}:{' '.join(unfolded.replace(chr(9), ' ').split(' ')).strip()}"


def relaxed_line(line: bytes) -> bytes:
    return b" ".join(piece for piece in re.split(rb"[ \t]+", line.rstrip(b" \t")))


def verify(mail: bytes, key: rsa.RSAPublicKey) -> Mapping[str, str]:
    """The signature's tags. Raises InvalidSignature."""
    present = headers_of(mail)
    name, value = present.pop(0)
    assert name == "DKIM-Signature"
    told = tags(value)
    lines = [relaxed_line(line) for line in mail.split(b"\r\n\r\n", 1)[1].split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    digest = hashlib.sha256(b"".join(line + b"\r\n" for line in lines)).digest()
    if base64.b64encode(digest).decode() != told["bh"]:
        raise InvalidSignature
    signed = ""
    for wanted in told["h"].split(":"):
        index = next((i for i in reversed(range(len(present))) if present[i][0].lower() == wanted), None)
        if index is not None:
            signed += re.sub(" +", " ", relaxed(*present.pop(index))) + "\r\n"
    unsigned = re.sub(r"([;\s]b=)[A-Za-z0-9+/=\s]*$", r"\1", value)
    signed += re.sub(" +", " ", relaxed(name, unsigned))
    key.verify(base64.b64decode(told["b"]), signed.encode("latin-1"), padding.PKCS1v15(), SHA256())
    return told


HEAD = b"From: Shop <a@shop.example>\r\nTo: ann@example.com\r\nSubject:  A   folded\r\n\t subject \r\nDate: x\r\n"
MAIL = HEAD + b"\r\nHi  there \r\n\r\n\r\n"


def test_a_signed_mail_verifies() -> None:
    told = verify(Signer("shop.example", "s1", KEY).sign(MAIL), KEY.public_key())
    assert (told["d"], told["s"], told["c"], told["a"]) == ("shop.example", "s1", "relaxed/relaxed", "rsa-sha256")
    assert told["h"].split(":").count("from") == 2


BROKEN = [
    ("another subject", b"A   folded", b"B   folded"),
    ("another text", b"Hi  there", b"Ho  there"),
    ("a second sender on top", b"From: Shop", b"From: Eve <eve@evil.example>\r\nFrom: Shop"),
    ("a second sender below", b"Date: x\r\n", b"Date: x\r\nFrom: Eve <eve@evil.example>\r\n"),
]


@pytest.mark.parametrize(("old", "new"), [c[1:] for c in BROKEN], ids=[c[0] for c in BROKEN])
def test_what_is_changed_on_the_way_breaks_it(old: bytes, new: bytes) -> None:
    signed = Signer("shop.example", "s1", KEY).sign(MAIL)
    with pytest.raises(InvalidSignature):
        verify(signed.replace(old, new), KEY.public_key())


def test_what_mail_servers_may_change_does_not() -> None:
    signed = Signer("shop.example", "s1", KEY).sign(MAIL).replace(b"Hi  there ", b"Hi there\t")
    verify(signed.replace(b"Subject:  A   folded\r\n\t subject ", b"SUBJECT: A folded subject"), KEY.public_key())


# The body of the example in RFC 6376 (A.2) and RFC 8463 (A.3), and the hashes of the empty body that 3.4.4 gives.
HASHES = [
    (b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n", "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8="),
    (b"", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    (b"\r\n\r\n", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
]


@pytest.mark.parametrize(("body", "expected"), HASHES)
def test_the_body_is_hashed_as_the_rfc_says(body: bytes, expected: str) -> None:
    assert body_hash(body) == expected


KEYS = [
    ("as it is", PEM),
    ("line breaks written as backslash n", PEM.replace("\n", "\\n")),
    ("line breaks lost", PEM.replace("\n", " ")),
    ("only the base64", "".join(PEM.splitlines()[1:-1])),
]


@pytest.mark.parametrize("text", [c[1] for c in KEYS], ids=[c[0] for c in KEYS])
def test_a_key_is_read_however_it_was_pasted(text: str) -> None:
    assert read_key(text).private_numbers() == KEY.private_numbers()


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


WRONG = [
    ("no key", {"dkim_selector": "s1", "dkim_key": "hello"}, "dkim_key"),
    ("no RSA key", {"dkim_selector": "s1", "dkim_key": _pem(ec.generate_private_key(ec.SECP256R1()))}, "only RSA"),
    ("no selector", {"dkim_key": PEM}, "dkim_selector"),
    ("no key beside the selector", {"dkim_selector": "s1"}, "dkim_key"),
    ("a strange selector", {"dkim_key": PEM, "dkim_selector": "a b"}, "dkim_selector"),
]


@pytest.mark.parametrize(("given", "words"), [c[1:] for c in WRONG], ids=[c[0] for c in WRONG])
def test_wrong_settings_name_their_field(given: dict[str, str], words: str) -> None:
    with pytest.raises(ValidationError, match=words) as caught:
        EmailSettings.model_validate({"address": "a@b.example", "smtp_host": "h"} | given)
    assert PEM.splitlines()[1] not in str(caught.value)


async def test_our_mails_are_signed_as_they_go_over_the_wire() -> None:
    mail = MailStandIn(Phones([Customer(id="ann", name="Анна", language="ru", addresses={"email": "ann@example.com"})]))
    async with serve(mail), aiohttp.ClientSession() as http:
        given = mail.settings() | {"dkim_selector": "s1", "dkim_key": PEM}
        connector = EmailConnector(EmailSettings.model_validate(given), Transport(http=http))
        text = "Добрый день!\n\nЗаказ  отправлен. \n.\nFrom us\n\n\n"
        await connector.send(OutgoingMessage(id="1", address="ann@example.com", text=text, html=f"<p>{text}</p>", name="Анна"))
        await connector.close()
    raw = mail.received[-1]["raw"]
    assert isinstance(raw, bytes) and raw.isascii()
    assert verify(raw, KEY.public_key())["d"] == "shop.example"
