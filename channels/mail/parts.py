"""Take a mail apart: what is its text, what its HTML, what its attachments, reports and forwarded mails."""

import mimetypes
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.parser import BytesHeaderParser
from urllib.parse import unquote

from channels.events import InboundFile
from channels.mail import headers, tnef, uu
from channels.mail.charsets import decode
from channels.mail.files import file_name, kind
from channels.mail.headers import Mail

_PART = re.compile(r"^--([\w'()+,./:=?-]{8,70})\nContent-(?:Type|Transfer-Encoding|Disposition):", re.MULTILINE | re.IGNORECASE)
_HEAD = re.compile(rb"(?:From [^\n]*\n)?(?:[!-9;-~]+:[^\n]*\n|[ \t][^\n]*\n)*")
_KNOWN = re.compile(
    rb"(?:from|to|cc|subject|date|message-id|received|return-path|mime-version|content-type|reply-to|delivered-to|sender)[ \t]*:",
    re.IGNORECASE,
)
_BROKEN_LINES = 5
_REPORT_PARTS = {"message/delivery-status", "message/disposition-notification", "message/feedback-report"}
_EXTENSIONS = {"image/jpeg": ".jpg", "image/jpg": ".jpg", "text/plain": ".txt", "text/html": ".html", "text/calendar": ".ics"}
_TNEF = {"application/ms-tnef", "application/vnd.ms-tnef"}
_REPORT_PARTS |= {"text/rfc822-headers", "text/rfc822-header", "message/global-delivery-status"}


@dataclass(kw_only=True, slots=True)
class Content:
    """Everything inside a mail, in its order."""

    texts: list[str] = field(default_factory=list)
    htmls: list[str] = field(default_factory=list)
    files: list[InboundFile] = field(default_factory=list)
    reports: list[tuple[str, str]] = field(default_factory=list)
    """(content type, text) of machine-readable parts: delivery status, feedback, headers of the mail that came back."""
    charset: str = ""
    """What raw bytes in the headers of its parts are likely in."""


def read(raw: bytes) -> Mail:
    """The mail's structure. A nesting that no mail program writes is read as one flat text."""
    raw = _tidy(raw)
    try:
        mail = message_from_bytes(raw)
        return message_from_bytes(_with_boundary(raw)) if _lost_its_type(mail) else mail
    except RecursionError:
        return BytesHeaderParser().parsebytes(raw)


def _tidy(raw: bytes) -> bytes:
    """The mail without what would hide its headers: empty lines above them, a broken line with a well-known header below it."""
    raw = raw.lstrip(b"\r\n")
    head = _HEAD.match(raw)
    return _without_broken(raw, head.end() if head else 0)


def _without_broken(raw: bytes, end: int) -> bytes:
    """`end`: where the well-formed headers end."""
    for _ in range(_BROKEN_LINES):
        line = raw[end : raw.find(b"\n", end) + 1]
        if not line.strip() or not _KNOWN.match(raw, end + len(line)):
            break
        raw = raw[:end] + raw[end + len(line) :]
        head = _HEAD.match(raw)
        end = head.end() if head else 0
    return raw


def _lost_its_type(mail: Mail) -> bool:
    """Whether a server on the way dropped the header that says where the parts begin."""
    return not mail.get("Content-Type") and bool(_PART.search(str(mail.get_payload())))


def _with_boundary(raw: bytes) -> bytes:
    """The mail with that header again: the boundary is the line above the first header, what stands before is a part."""
    head, separator, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    found = _PART.search(body.decode("ascii", "replace"))
    boundary = found[1].encode() if found else b""
    return head + b'\nContent-Type: multipart/mixed; boundary="' + boundary + b'"' + separator + b"--" + boundary + b"\n\n" + body


def content(mail: Mail) -> Content:
    """The parts of a mail, each in the place where a mail program shows it."""
    found = Content(charset=headers.likely_charset(mail))
    for part in _leaves(mail):
        _sort(part, found)
    shown = unquote("".join(found.htmls))
    found.files = [file if file.content_id and f"cid:{file.content_id}" in shown else _apart(file) for file in found.files]
    return found


def _apart(file: InboundFile) -> InboundFile:
    """A file that the HTML does not show in its place. Outlook gives such an id to every attachment."""
    return replace(file, content_id=None)


def _leaves(mail: Mail) -> Iterator[Mail]:
    """All parts that are not containers, depth first without recursion; a forwarded mail is one part."""
    waiting = [mail]
    while waiting:
        part = waiting.pop()
        payload = part.get_payload()
        if isinstance(payload, list) and part.get_content_maintype() == "multipart":
            waiting.extend(reversed([child for child in payload if isinstance(child, Mail)]))
        else:
            yield part


def _sort(part: Mail, found: Content) -> None:
    """Put one part where it belongs."""
    mime, options = _type(part, found.charset)
    disposition, also = headers.parameters(headers.field(part, "Content-Disposition", found.charset))
    name = file_name(also.get("filename") or options.get("name") or also.get("name") or "")
    raw = payload_bytes(part)
    if mime in _REPORT_PARTS:
        found.reports.append((mime, decode(raw)))
        found.files.append(_file(part, mime, name or _invented(part, mime, raw, found), raw))
    elif _is_body(mime, disposition, name, found):
        _add_body(mime, raw, options, found)
    elif (mime in _TNEF or name.lower() == "winmail.dat") and (inside := tnef.unpack(raw)) != tnef.Unpacked():
        _add_unpacked(inside, found)
    else:
        found.files.append(_file(part, mime, name or _invented(part, mime, raw, found), raw))
    if mime.startswith(("message/rfc822", "message/global")) and mime not in _REPORT_PARTS:
        found.reports.append(("message/rfc822", decode(raw)))


def _type(part: Mail, charset: str) -> tuple[str, dict[str, str]]:
    mime, options = headers.parameters(headers.field(part, "Content-Type", charset) or part.get_default_type())
    if not re.fullmatch(r"[^/\s]+/[^/\s]+", mime):
        mime = "text/plain" if mime in ("", "text", "text/") or "/" not in mime else "application/octet-stream"
    if mime.startswith("multipart/"):
        mime = "text/plain"  # a container in which nothing was found
    return mime, options


def _is_body(mime: str, disposition: str, name: str, found: Content) -> bool:
    """Whether a part is read and not saved: text without a file's name, or with one where the mail has said nothing yet."""
    if (
        mime not in ("text/plain", "text/html", "text/enriched", "text/richtext", "text/x-amp-html")
        or disposition == "attachment"
    ):
        return False
    return not name or not (found.texts or found.htmls)


def _add_body(mime: str, raw: bytes, options: dict[str, str], found: Content) -> None:
    if mime == "text/html":
        found.htmls.append(decode(raw, options.get("charset", "") or _declared(raw)))
    elif mime != "text/x-amp-html":
        raw, files = uu.taken_out(raw)
        found.files.extend(files)
        text = decode(raw, options.get("charset", "").split(" ")[0])
        if options.get("format", "").lower() == "flowed":
            text = _unflowed(text, options.get("delsp", "").lower() == "yes")
        found.texts.append(text)


def _add_unpacked(inside: tnef.Unpacked, found: Content) -> None:
    """Outlook's package: its files, and its body where the mail says nothing itself."""
    found.files.extend(inside.files)
    if not any(text.strip() for text in (*found.texts, *found.htmls)):
        if inside.html:
            found.htmls.append(decode(inside.html, _declared(inside.html)))
        elif inside.text:
            found.texts.append(inside.text)


def _declared(html: bytes) -> str:
    """The charset that the HTML itself names."""
    match = re.search(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", html[:2048], re.IGNORECASE)
    return match[1].decode("ascii") if match else ""


def _unflowed(text: str, delete_space: bool) -> str:
    """RFC 3676: a line that ends in a space goes on in the next one of the same quote depth; "-- " is a signature."""
    out: list[str] = []
    flowing = False
    for line in text.replace("\r\n", "\n").split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        body = line[depth:].removeprefix(" ")
        if flowing and body != "-- " and depth == len(out[-1]) - len(out[-1].lstrip(">")):
            out[-1] = (out[-1][:-1] if delete_space else out[-1]) + body
        else:
            out.append(f"{'>' * depth} {body}" if depth else body)
        flowing = body.endswith(" ") and body != "-- "
    return "\n".join(out)


def payload_bytes(part: Mail) -> bytes:
    """A part's content with its transfer encoding undone; what is broken in it costs only what is broken."""
    encoding = headers.field(part, "Content-Transfer-Encoding").partition(";")[0].strip().lower()
    payload = part.get_payload()
    if isinstance(payload, list):
        return b"\n".join(_flat(child) for child in payload if isinstance(child, Mail))
    # Without the header the library hands out the very bytes that came.
    del part["Content-Transfer-Encoding"]
    raw = part.get_payload(decode=True)
    return _undo(encoding, raw if isinstance(raw, bytes) else b"")


def _undo(encoding: str, raw: bytes) -> bytes:
    if encoding == "base64":
        return headers.base64_bytes(raw)
    if encoding == "quoted-printable":
        return quopri.decodestring(raw)
    if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        files = uu.taken_out(raw)[1]
        return (files[0].content or b"") if files else raw
    return raw


def _flat(mail: Mail) -> bytes:
    """A forwarded mail as bytes again; where the library cannot write what it read, headers and text are still kept."""
    try:
        return mail.as_bytes()
    except (UnicodeError, LookupError, ValueError, TypeError, AttributeError, RecursionError):
        lines = [f"{key}: {value}" for key, value in mail.raw_items()]
        return "\n".join([*lines, "", *(decode(payload_bytes(leaf)) for leaf in _leaves(mail))]).encode("utf-8", "replace")


def _file(part: Mail, mime: str, name: str, raw: bytes) -> InboundFile:
    identity = headers.field(part, "Content-ID").strip().strip("<>").strip()
    return InboundFile(kind=kind(mime, name), name=name, mime=mime, size=len(raw), content=raw, content_id=identity or None)


def _invented(part: Mail, mime: str, raw: bytes, found: Content) -> str:
    """A name for an attachment without one: a forwarded mail is called by its subject."""
    described = file_name(headers.text(part, "Content-Description", found.charset))
    number = len(found.files) + 1
    if mime in _REPORT_PARTS:
        return f"{described or mime.partition('/')[2]}.txt"
    if mime.startswith("message/"):
        subject = file_name(headers.text(BytesHeaderParser().parsebytes(raw[:65536]), "Subject", found.charset))[:80]
        return f"{subject or described or f'message-{number}'}.eml"
    if "." in described[-6:]:
        return described
    extension = _EXTENSIONS.get(mime) or mimetypes.guess_extension(mime) or ".bin"
    main = mime.partition("/")[0]
    return f"{main}{extension}" if main in ("image", "audio", "video") else f"attachment-{number}{extension}"
