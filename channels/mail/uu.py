"""Take uuencoded files out of a text: how files travelled before MIME, and from some programs still do."""

import binascii
import re

from channels.events import InboundFile
from channels.mail.charsets import decode
from channels.mail.files import file_name, guess, kind
from channels.mail.headers import base64_bytes

_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.MULTILINE)
_END = re.compile(rb"^(end|====)[ \t]*\r?$\n?", re.MULTILINE)


def taken_out(raw: bytes) -> tuple[bytes, list[InboundFile]]:
    """The text without its uuencoded files, and the files."""
    files: list[InboundFile] = []
    while match := _BEGIN.search(raw):
        end = _END.search(raw, match.end())
        body = raw[match.end() : end.start() if end else len(raw)]
        data = base64_bytes(body) if match[0].startswith(b"begin-b") else _decoded(body)
        if not data:
            break
        name = file_name(decode(match[1]).strip())
        files.append(InboundFile(kind=kind("", name), name=name, mime=guess(name), size=len(data), content=data))
        raw = raw[: match.start()] + (raw[end.end() :] if end else b"")
    return raw, files


def _decoded(body: bytes) -> bytes:
    """The lines; a damaged one is cut to what its length byte can hold, as every decoder does."""
    out = b""
    for line in body.splitlines():
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            length = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out += binascii.a2b_uu(line[:length])
            except binascii.Error:
                return b""
    return out
