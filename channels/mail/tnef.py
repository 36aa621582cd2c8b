"""Unpack winmail.dat, in which Outlook hides a mail's attachments from everybody else (MS-OXTNEF)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels.events import InboundFile
from channels.mail.charsets import decode
from channels.mail.files import file_name, guess, kind

_SIGNATURE = 0x223E9F78
_NEW_FILE, _TITLE, _DATA, _FILE_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_MAIL_PROPERTIES, _BODY, _CODEPAGE = 0x9003, 0x800C, 0x9007
_BODY_TEXT, _BODY_HTML = 0x1000, 0x1013
_FILE_DATA, _SHORT_NAME, _LONG_NAME, _MIME, _CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_OBJECT, _STRING, _UNICODE, _BINARY = 0xD, 0x1E, 0x1F, 0x102
_MOST = 10_000
"""Properties of one part; more is damage or an attack."""


@dataclass(kw_only=True, slots=True)
class Unpacked:
    """What was inside. `text` and `html` are the mail's own body, where it is only in here."""

    text: str = ""
    html: bytes = b""
    files: list[InboundFile] = field(default_factory=list)


@dataclass(kw_only=True, slots=True)
class _File:
    name: str = ""
    mime: str = ""
    content_id: str = ""
    data: bytes = b""


def unpack(raw: bytes) -> Unpacked:
    """All that can be read; what is damaged costs only what comes behind it."""
    found, files, charset = Unpacked(), list[_File](), "cp1252"
    for name, data in _attributes(raw):
        if name == _CODEPAGE and len(data) >= 4:
            charset = f"cp{struct.unpack_from('<I', data)[0]}"
        elif name == _NEW_FILE:
            files.append(_File())
        elif name == _BODY:
            found.text = decode(data.rstrip(b"\0"), charset)
        elif name == _MAIL_PROPERTIES:
            _fill_mail(found, data, charset)
        elif files:
            _fill_file(files[-1], name, data, charset)
    found.files = [_as_file(one) for one in files if one.data]
    return found


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """(name, value) one after another: level, name and type, length, value, checksum."""
    if len(raw) < 6 or struct.unpack_from("<I", raw)[0] != _SIGNATURE:
        return
    place = 6
    while place + 9 <= len(raw):
        name, length = struct.unpack_from("<HxxI", raw, place + 1)
        place += 9
        if place + length > len(raw):
            return
        yield name, raw[place : place + length]
        place += length + 2


def _fill_mail(found: Unpacked, data: bytes, charset: str) -> None:
    for name, kind_of_value, value in _properties(data):
        if name == _BODY_TEXT:
            found.text = _words(kind_of_value, value, charset)
        elif name == _BODY_HTML:
            found.html = value.rstrip(b"\0") if kind_of_value == _BINARY else _words(kind_of_value, value, charset).encode()


def _fill_file(file: _File, name: int, data: bytes, charset: str) -> None:
    if name == _TITLE:
        file.name = file.name or decode(data.rstrip(b"\0"), charset)
    elif name == _DATA:
        file.data = data
    elif name == _FILE_PROPERTIES:
        for key, kind_of_value, value in _properties(data):
            _fill_from(file, key, kind_of_value, value, charset)


def _fill_from(file: _File, key: int, kind_of_value: int, value: bytes, charset: str) -> None:
    if key == _LONG_NAME:
        file.name = _words(kind_of_value, value, charset)
    elif key == _SHORT_NAME:
        file.name = file.name or _words(kind_of_value, value, charset)
    elif key == _MIME:
        file.mime = _words(kind_of_value, value, charset)
    elif key == _CONTENT_ID:
        file.content_id = _words(kind_of_value, value, charset)
    elif key == _FILE_DATA and not file.data:
        file.data = value[16:] if kind_of_value == _OBJECT else value  # an object begins with the id of its kind


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(name, type, first value) of MAPI properties, as far as they can be read."""
    try:
        count, place = min(struct.unpack_from("<I", data)[0], _MOST), 4
        for _ in range(count):
            kind_of_value, name = struct.unpack_from("<HH", data, place)
            place = _behind_name(data, place + 4) if name >= 0x8000 else place + 4
            value, place = _value(data, place, kind_of_value)
            yield name, kind_of_value & 0xFFF, value
    except struct.error:
        return


def _behind_name(data: bytes, place: int) -> int:
    """A property outside the standard carries whose it is, and a number or words for a name."""
    (by_words,) = struct.unpack_from("<I", data, place + 16)
    (length,) = struct.unpack_from("<I", data, place + 20)
    return place + 24 + (_padded(length) if by_words else 0)


def _value(data: bytes, place: int, kind_of_value: int) -> tuple[bytes, int]:
    base, several = kind_of_value & 0xFFF, bool(kind_of_value & 0x1000)
    size = _FIXED.get(base)
    if size is not None and not several:
        return data[place : place + size], place + size
    (count,) = struct.unpack_from("<I", data, place)
    place, first = place + 4, b""
    for index in range(min(count, _MOST)):
        length = size
        if length is None:
            (length,) = struct.unpack_from("<I", data, place)
            place += 4
        if place + length > len(data):
            raise struct.error
        first = data[place : place + length] if index == 0 else first
        place += _padded(length)
    return first, place


def _padded(length: int) -> int:
    return (length + 3) // 4 * 4


def _words(kind_of_value: int, value: bytes, charset: str) -> str:
    text = value.decode("utf-16-le", "replace") if kind_of_value == _UNICODE else decode(value, charset)
    return text.rstrip("\0")


def _as_file(one: _File) -> InboundFile:
    name = file_name(one.name) or "file"
    mime = one.mime if "/" in one.mime else guess(name)
    return InboundFile(
        kind=kind(mime, name), name=name, mime=mime, size=len(one.data), content=one.data, content_id=one.content_id or None
    )
