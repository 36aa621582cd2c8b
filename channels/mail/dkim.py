"""Sign our mails so that others can tell them from forged ones: DKIM (RFC 6376), rsa-sha256, relaxed/relaxed."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

_SIGNED = (
    "from", "to", "cc", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type",
    "content-transfer-encoding", "auto-submitted", "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
_ONCE_MORE = ("from", "to", "cc", "subject", "date", "reply-to")
"""Named once more than they occur: a second one, added on the way, breaks the signature (RFC 6376, 8.15)."""
_HEADER = re.compile(rb"([^\r\n:]+):((?:[^\r\n]|\r\n[ \t])*)\r\n")
_WIDTH = 70
_SMALLEST = 1024


class Signer:
    """Signs for one domain under one selector."""

    def __init__(self, domain: str, selector: str, key: RSAPrivateKey) -> None:
        self._domain = domain
        self._selector = selector
        self._key = key

    def sign(self, mail: bytes) -> bytes:
        """The mail with its DKIM-Signature above it. `mail` has CRLF line ends, as it goes over the wire."""
        head, _, body = mail.partition(b"\r\n\r\n")
        headers = [(name.strip().lower().decode("ascii", "replace"), value) for name, value in _HEADER.findall(head + b"\r\n")]
        names = [name for name in _SIGNED if any(name == present for present, _ in headers)]
        names += _ONCE_MORE
        unsigned = (
            f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={self._domain}; s={self._selector};\r\n\th={_folded(':'.join(names), ':')};"
            f"\r\n\tbh={body_hash(body)};\r\n\tb="
        ).encode()
        signed = b"".join(_chosen(names, headers)) + canonical("dkim-signature", unsigned)
        signature = base64.b64encode(self._key.sign(signed, PKCS1v15(), SHA256())).decode("ascii")
        return b"DKIM-Signature: " + unsigned + _folded(signature, "").encode() + b"\r\n" + mail


def read_key(text: str) -> RSAPrivateKey:
    """An RSA key in PEM, also with its line breaks lost, or bare base64 of DER. Raises ValueError saying what is wrong."""
    label = re.search(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----(.*?)-----END", text.replace("\\n", "\n"), re.DOTALL)
    content = re.sub(r"\s", "", label[2] if label else text)
    try:
        if label:
            lines = "\n".join(content[i : i + 64] for i in range(0, len(content), 64))
            key = load_pem_private_key(f"-----BEGIN {label[1]}-----\n{lines}\n-----END {label[1]}-----\n".encode(), None)
        else:
            key = load_der_private_key(base64.b64decode(content, validate=True), None)
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm):
        raise ValueError("this is no private key in PEM, or it needs a password") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("only RSA keys are used for signing")
    if key.key_size < _SMALLEST:
        raise ValueError(f"a key of {key.key_size} bits is too short: verifiers ignore those under {_SMALLEST}")
    return key


def body_hash(body: bytes) -> str:
    """bh=: white space at line ends and empty lines at the end do not count, other white space is one space (3.4.4)."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    whole = b"\r\n".join(lines).rstrip(b"\r\n")
    return base64.b64encode(hashlib.sha256(whole + b"\r\n" if whole else b"").digest()).decode("ascii")


def canonical(name: str, value: bytes) -> bytes:
    """A header as it is hashed (3.4.2), without the line end."""
    unfolded = value.replace(b"\r\n", b"")
    return name.lower().encode() + b":" + re.sub(rb"[ \t]+", b" ", unfolded).strip(b" ")


def _chosen(names: list[str], headers: list[tuple[str, bytes]]) -> Iterator[bytes]:
    """The signed headers, each name from the bottom up; a name with none left stands for nothing (5.4.2)."""
    left = list(headers)
    for name in names:
        index = max((i for i, (present, _) in enumerate(left) if present == name), default=-1)
        if index >= 0:
            yield canonical(name, left.pop(index)[1]) + b"\r\n"


def _folded(text: str, at: str) -> str:
    """Cut into lines; between the names of h= only beside a colon."""
    if not at:
        return "\r\n\t ".join(text[i : i + _WIDTH] for i in range(0, len(text), _WIDTH))
    lines = [""]
    for piece in text.split(at):
        if len(lines[-1]) + len(piece) > _WIDTH:
            lines.append("")
        lines[-1] += piece + at
    return "\r\n\t ".join(lines).removesuffix(at)
