"""vCards (RFC 6350, and versions 2.1 and 3.0 as telephones write them): read as rows of a table, written from contacts."""

import quopri
import re
from collections.abc import Iterable, Iterator, Sequence

HEADINGS = (
    "Name", "Phone", "Phone 2", "Phone 3", "Email", "Email 2", "Email 3", "Company", "Position", "Birthday", "City",
    "Tags", "Note",
)  # fmt: skip
"""The columns of a vCard; further phones and mails than three are left out."""
_PLAIN = {"FN": 0, "ORG": 7, "TITLE": 8, "BDAY": 9, "CATEGORIES": 11, "NOTE": 12}
_MANY = {"TEL": (1, 2, 3), "EMAIL": (4, 5, 6)}
_ESCAPED = re.compile(r"\\(.)")


def read(lines: Iterable[str]) -> Iterator[list[str]]:
    """A row a card. What no column takes is passed over."""
    row: list[str] | None = None
    for line in _unfolded(lines):
        word = line.strip().upper()
        if word == "BEGIN:VCARD":
            row = [""] * len(HEADINGS)
        elif word == "END:VCARD" and row is not None:
            yield row
            row = None
        elif row is not None:
            _take(row, line)


def _unfolded(lines: Iterable[str]) -> Iterator[str]:
    """Lines with their continuations: behind a space, or after the `=` of quoted-printable."""
    held = ""
    for raw in lines:
        line = raw.rstrip("\r\n")
        if line[:1] in (" ", "\t"):
            held += line[1:]
        elif held.endswith("=") and "QUOTED-PRINTABLE" in held.partition(":")[0].upper():
            held = held[:-1] + line
        else:
            if held:
                yield held
            held = line
    if held:
        yield held


def _take(row: list[str], line: str) -> None:
    head, _, value = line.partition(":")
    name, *parameters = head.split(";")
    name = name.rpartition(".")[2].upper()
    text = _decoded(value, parameters).replace("\0", "")
    if name in _PLAIN:
        # An organisation is told with its departments.
        row[_PLAIN[name]] = _plain(text.partition(";")[0] if name == "ORG" else text).strip(", ")
    elif name in _MANY:
        place = next((n for n in _MANY[name] if not row[n]), None)
        if place is not None:
            row[place] = _plain(text).removeprefix("tel:").removeprefix("mailto:")
    elif name == "N" and not row[0]:
        last, first, middle, *_ = [*map(_plain, text.split(";")), "", "", ""]
        row[0] = " ".join(part for part in (first, middle, last) if part)
    elif name == "ADR" and not row[10]:
        row[10] = _plain([*text.split(";"), "", "", "", ""][3])


def _decoded(value: str, parameters: Sequence[str]) -> str:
    words = [each.upper() for each in parameters]
    if not any("QUOTED-PRINTABLE" in word for word in words):
        return value
    charset = next((word.partition("=")[2] for word in words if word.startswith("CHARSET=")), "UTF-8")
    try:
        return quopri.decodestring(value.encode("ascii", "replace")).decode(charset, "replace")
    except LookupError:
        return value


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: {"n": " ", "N": " "}.get(found[1], found[1]), text).strip()


def card(
    *, name: str, number: str, phones: Sequence[str], emails: Sequence[str], tags: Sequence[str], fields: dict[str, str]
) -> str:
    """One contact as vCard 4.0, lines folded at 75 bytes."""
    lines = ["BEGIN:VCARD", "VERSION:4.0", f"UID:switchboard:{number}", f"FN:{_written(name or number)}"]
    lines += [f"TEL;VALUE=uri:tel:{each}" for each in phones] + [f"EMAIL:{_written(each)}" for each in emails]
    named = {"company": "ORG", "position": "TITLE", "birthday": "BDAY", "note": "NOTE"}
    lines += [f"{word}:{_written(fields[key])}" for key, word in named.items() if fields.get(key)]
    if city := fields.get("city"):
        lines.append(f"ADR:;;;{_written(city)};;;")
    if tags:
        lines.append("CATEGORIES:" + ",".join(map(_written, tags)))
    return "".join(_folded(line) for line in [*lines, "END:VCARD"])


def _written(text: str) -> str:
    for sign in ("\\", ",", ";"):
        text = text.replace(sign, "\\" + sign)
    return text.replace("\r", "").replace("\n", "\\n")


def _folded(line: str) -> str:
    out, length = [], 0
    for char in line:
        size = len(char.encode())
        if length + size > 74:
            out.append("\r\n ")
            length = 1
        out.append(char)
        length += size
    return "".join(out) + "\r\n"
