"""Read the header fields of a mail: any charset, encoded words whole or broken (RFC 2047), parameters in pieces (RFC 2231)."""

import binascii
import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_to_bytes

from channels.mail.charsets import decode

Mail = Message
"""A mail parsed by the standard library with its fast policy (compat32), which decodes nothing and so cannot fail on it."""

_WORD = re.compile(r"=\?([^?\s]+)\?([bBqQ])\?(.{0,4000}?)\?=(\s+(?==\?[^?\s]+\?[bBqQ]\?))?", re.DOTALL)
_PARAMETER = re.compile(r";\s*([^\s=;]+)\s*=\s*(\"(?:\\.|[^\"\\])*\"|[^;]*)", re.DOTALL)
_SECTION = re.compile(r"^([^*]+)\*(?:(\d{1,4})(\*)?)?$")
_ID = re.compile(r"<([^<>]*)>")
_LONGEST = 30_000
"""What is behind it in a header is noise or an attack."""
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def fields(mail: Mail, name: str, charset: str = "") -> list[str]:
    """All values of a header, unfolded, encoded words left alone. `charset`: what raw 8-bit bytes are likely in, if known."""
    wanted = name.lower()
    return [_readable(value, mail, charset) for key, value in mail.raw_items() if key.lower() == wanted]


def field(mail: Mail, name: str, charset: str = "") -> str:
    """The first value of a header that says something, or ""."""
    return next((value for value in fields(mail, name, charset) if value), "")


def text(mail: Mail, name: str, charset: str = "") -> str:
    """A header's first value for people: encoded words decoded, white space collapsed."""
    return plain(decode_words(field(mail, name, charset)))


def plain(value: str) -> str:
    """One line without control characters."""
    return " ".join("".join(" " if ord(c) < 32 or ord(c) == 127 else c for c in value).split())


def _readable(value: object, mail: Mail, charset: str) -> str:
    raw = str(value).encode("utf-8", "surrogateescape")
    text = str(value) if raw.isascii() else decode(raw, charset or likely_charset(mail))
    return re.sub(r"\r?\n[ \t]*", " ", text[:_LONGEST]).strip()


def likely_charset(mail: Mail) -> str:
    """The charset that raw 8-bit bytes in a header are likely in: the one of the mail's text."""
    for part in itertools.islice(mail.walk(), 10):
        kind = "".join(str(value) for key, value in part.raw_items() if key.lower() == "content-type")
        found = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", kind, re.IGNORECASE)
        if found and found[1].lower() not in ("us-ascii", "ascii", "utf-8", "iso-8859-1"):
            return found[1]
    return ""


def decode_words(value: str) -> str:
    """Decode RFC 2047 encoded words. Neighbours of one charset are joined as bytes: senders cut letters in half."""
    if "=?" not in value:
        return value
    return "".join(_runs(value))


def _runs(value: str) -> Iterator[str]:
    """Plain stretches and decoded words of `value` in order."""
    position, held, charset = 0, b"", ""
    for match in _WORD.finditer(value):
        between, here = value[position : match.start()], match[1].partition("*")[0].lower()
        if held and (between or here != charset):
            yield decode(held, charset)
            held = b""
        yield between
        held, charset, position = held + word_bytes(match[2], match[3]), here, match.end()
    yield decode(held, charset)
    yield value[position:]


def word_bytes(encoding: str, content: str) -> bytes:
    """The bytes of one encoded word."""
    raw = content.encode("utf-8", "replace")
    if encoding in "bB":
        return base64_bytes(raw)
    return binascii.a2b_qp(raw.replace(b" ", b"_"), header=True)


def base64_bytes(raw: bytes) -> bytes:
    """Base64 as found in mails: foreign characters skipped, padding in the middle or missing, a last letter too many."""
    out = b""
    for piece in re.split(rb"={1,2}(?=[\s]*[A-Za-z0-9+/])", raw):
        clean = _NOT_BASE64.sub(b"", piece)
        clean = clean[:-1] if len(clean) % 4 == 1 else clean
        out += binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    return out


def parameters(value: str) -> tuple[str, dict[str, str]]:
    """("text/plain", {"charset": "utf-8", ...}) of a Content-Type or Content-Disposition. Names are lower case."""
    main = value.partition(";")[0].strip().lower()
    whole: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(value):
        name, content = match[1].lower(), _unquoted(match[2])
        section = _SECTION.match(name)
        if section is None:
            whole.setdefault(name, decode_words(content))
        else:
            extended = section[3] is not None or section[2] is None
            pieces.setdefault(section[1], {})[int(section[2] or 0)] = (content, extended)
    return main, whole | {name: _joined(found) for name, found in pieces.items()}


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] == '"':
        return re.sub(r"\\([\"\\])", r"\1", value[1:-1])
    return value.strip('"')


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    """An RFC 2231 value from its numbered pieces: charset'language'percent-encoded."""
    charset, raw = "", b""
    for index, (content, extended) in sorted(pieces.items()):
        rest = content
        if index == min(pieces) and extended and content.count("'") >= 2:
            charset, _, rest = content.split("'", 2)
        raw += unquote_to_bytes(rest) if extended else rest.encode("utf-8", "replace")
    return decode_words(decode(raw, charset))


def message_ids(value: str) -> list[str]:
    """The ids in a Message-ID, In-Reply-To or References header, without their brackets, in order, each once."""
    found = _ID.findall(value) or [word.strip("<>,;") for word in value.split() if "@" in word]
    return list(dict.fromkeys(plain(one).replace(" ", "") for one in found if one))


def date(mail: Mail) -> datetime | None:
    """When the mail says it was written, in UTC; None where the header is missing or nonsense."""
    try:
        found = parsedate_to_datetime(text(mail, "Date"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
