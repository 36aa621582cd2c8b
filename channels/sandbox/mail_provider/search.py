"""What the IMAP server finds and shows: sets of numbers, search keys, and the items of a FETCH."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime

from channels.sandbox.mail_provider.box import Box, Stored


class BadCommand(Exception):
    """The client asks for what this server does not know."""


def in_set(numbers: str, highest: int) -> Callable[[int], bool]:
    """Whether a number is in an IMAP set such as "1:3,7,9:*"; "*" is the highest number there is."""
    ranges: list[tuple[int, int]] = []
    for piece in numbers.split(","):
        low, _, high = piece.partition(":")
        ends = [highest if end == "*" else _number(end) for end in (low, high or low)]
        ranges.append((min(ends), max(ends)))
    return lambda number: any(low <= number <= high for low, high in ranges)


def _number(text: str) -> int:
    if not text.isdigit():
        raise BadCommand(f"{text} is no number")
    return int(text)


def chosen(box: Box, numbers: str, by_uid: bool) -> list[tuple[int, Stored]]:
    """(sequence number, mail) of all mails in the set."""
    highest = max((m.uid for m in box.mails), default=0) if by_uid else len(box.mails)
    wanted = in_set(numbers, highest)
    return [(n, mail) for n, mail in enumerate(box.mails, 1) if wanted(mail.uid if by_uid else n)]


def search(box: Box, keys: str) -> list[tuple[int, Stored]]:
    """(sequence number, mail) of all mails that fulfil every key."""
    found = list(enumerate(box.mails, 1))
    words = re.sub(r"^CHARSET\s+\S+\s+", "", keys.strip(), flags=re.IGNORECASE).strip("()").split()
    while words:
        found = _narrow(box, found, words)
    return found


_FLAGS = {"SEEN": "\\Seen", "ANSWERED": "\\Answered", "FLAGGED": "\\Flagged", "DELETED": "\\Deleted", "DRAFT": "\\Draft"}


def _narrow(box: Box, found: list[tuple[int, Stored]], words: list[str]) -> list[tuple[int, Stored]]:
    """Take one key off `words` and keep the mails that fulfil it."""
    key = words.pop(0).upper()
    if key == "ALL":
        return found
    if key == "UID":
        numbers = {mail.uid for _, mail in chosen(box, words.pop(0), by_uid=True)}
        return [(n, mail) for n, mail in found if mail.uid in numbers]
    if key in ("SINCE", "BEFORE", "ON"):
        day = _day(words.pop(0))
        return [(n, mail) for n, mail in found if _on_day(key, mail.at.date(), day)]
    return _by_flag_or_number(box, found, key)


def _on_day(key: str, at: date, day: date) -> bool:
    return at >= day if key == "SINCE" else at < day if key == "BEFORE" else at == day


def _by_flag_or_number(box: Box, found: list[tuple[int, Stored]], key: str) -> list[tuple[int, Stored]]:
    if key in _FLAGS:
        return [(n, mail) for n, mail in found if _FLAGS[key] in mail.flags]
    if key.removeprefix("UN") in _FLAGS:
        return [(n, mail) for n, mail in found if _FLAGS[key.removeprefix("UN")] not in mail.flags]
    wanted = in_set(key, len(box.mails))
    return [(n, mail) for n, mail in found if wanted(n)]


def _day(text: str) -> date:
    return datetime.strptime(text.strip('"'), "%d-%b-%Y").date()  # noqa: DTZ007


def show(mail: Stored, items: Iterable[str]) -> bytes:
    """The answer to a FETCH of these items for one mail; BODY[] without PEEK marks it as seen."""
    out: list[bytes] = []
    for item in items:
        out.append(_item(mail, item.upper()))
    return b"(" + b" ".join(out) + b")"


def _item(mail: Stored, item: str) -> bytes:
    if item == "UID":
        return b"UID %d" % mail.uid
    if item == "FLAGS":
        return b"FLAGS (" + " ".join(sorted(mail.flags)).encode() + b")"
    if item == "RFC822.SIZE":
        return b"RFC822.SIZE %d" % len(mail.raw)
    if item == "INTERNALDATE":
        return b'INTERNALDATE "' + mail.at.strftime("%d-%b-%Y %H:%M:%S %z").encode() + b'"'
    return _section(mail, item)


_PARTIAL = re.compile(r"(.+)<(\d+)\.(\d+)>$")


def _section(mail: Stored, item: str) -> bytes:
    """A part of the mail, or with `<0.1000>` behind it only its first thousand bytes."""
    part = _PARTIAL.match(item)
    if part:
        name, content = _whole(mail, part[1])
        begin = int(part[2])
        name, content = f"{name}<{begin}>", content[begin : begin + int(part[3])]
    else:
        name, content = _whole(mail, item)
    return name.encode() + b" {%d}\r\n" % len(content) + content


def _whole(mail: Stored, item: str) -> tuple[str, bytes]:
    head, separator, _ = mail.raw.partition(b"\r\n\r\n")
    contents = {"BODY[]": mail.raw, "RFC822": mail.raw, "BODY[HEADER]": head + separator, "RFC822.HEADER": head + separator}
    name = item.replace(".PEEK", "")
    if name not in contents:
        raise BadCommand(f"{item} cannot be fetched here")
    if item in ("BODY[]", "RFC822"):
        mail.flags.add("\\Seen")
    return name, contents[name]
