"""Read the people in From, To and Cc, however their client wrote them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from channels.mail.headers import Mail, decode_words, fields, plain

# Bounded, like everything here that searches: a header of a megabyte must not cost minutes.
_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'@\\]{1,256}@[^\s<>()\[\],;:\"'@\\]{1,256}")
_QUOTED_LOCAL = re.compile(r"\"((?:\\.|[^\"\\])+)\"@([^\s<>()\[\],;:\"'@\\]+)")
_ANGLE = re.compile(r"^(.*?)<([^<>]*)>?[^<]*$", re.DOTALL)
_COMMENT = re.compile(r"\(((?:\\.|[^()\\])*)\)")
_GROUP = re.compile(r"^[^<>@\",:\[]*:(.*?);?\s*$", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mailbox:
    """A name and an address as a header gives them; either may be empty, not both."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name and self.address else self.address or self.name


def mailboxes(mail: Mail, header: str) -> list[Mailbox]:
    """Everyone named in all headers of this name."""
    return [one for value in fields(mail, header) for one in read(value)]


def read(value: str) -> list[Mailbox]:
    """The mailboxes of one header value. What is no address keeps its words as a name."""
    group = _GROUP.match(value)
    found = [_mailbox(piece) for piece in _pieces(group[1] if group else value)]
    return [one for one in found if one.name or one.address]


def normal(address: str) -> str:
    """The form in which addresses are compared."""
    return address.strip().strip("<>").lower()


def _pieces(value: str) -> Iterator[str]:
    """Cut at commas and semicolons that stand outside quotes, brackets and comments."""
    start, quoted, depth = 0, False, 0
    for index, letter in enumerate(value):
        if letter == '"' and (index == 0 or value[index - 1] != "\\"):
            quoted = not quoted
        elif not quoted and letter in "<(":
            depth += 1
        elif not quoted and letter in ">)":
            depth = max(depth - 1, 0)
        elif letter in ",;" and not quoted and (depth == 0 or "@" in value[start:index]):
            yield value[start:index]
            start, depth = index + 1, 0
    yield value[start:]


def _mailbox(piece: str) -> Mailbox:
    quoted = _QUOTED_LOCAL.search(piece)
    if quoted:
        local = re.sub(r"\\(.)", r"\1", quoted[1])
        return Mailbox(name=_name(piece.replace(quoted[0], "")), address=f'"{local}"@{quoted[2]}'.lower())
    angle = _ANGLE.match(piece)
    if angle and (inside := _ADDRESS.search(angle[2])):
        return Mailbox(name=_name(angle[1]), address=normal(inside[0]))
    if angle and re.fullmatch(r"[\w.+-]+", angle[2].strip()):
        return Mailbox(name=_name(angle[1]), address=normal(angle[2]))  # a name on the sender's own machine
    return _bare(piece)


def _bare(piece: str) -> Mailbox:
    """`ann@example.com (Ann)`, `Ann [mailto:ann@example.com]`, or an encoded word that hides the whole mailbox."""
    decoded = decode_words(piece)
    if decoded != piece and "<" in decoded:
        return _mailbox(decoded.replace("=?", "= ?"))
    comment = " ".join(_COMMENT.findall(decoded))
    outside = _COMMENT.sub(" ", decoded)
    found = _ADDRESS.search(outside) or _ADDRESS.search(decoded)
    if not found:
        return Mailbox(name=_name(decoded), address="")
    rest = re.sub(r"mailto:|[\[\]<>]", " ", outside.replace(found[0], " "))
    return Mailbox(name=_name(rest) or _name(comment), address=normal(found[0]))


def _name(raw: str) -> str:
    """A display name without the quotes and brackets around it; a name that only repeats an address stays as it is."""
    words = re.sub(r"\\(.)", r"\1", plain(decode_words(raw.strip().strip("<>"))))
    return plain(words.strip("\"' ,;<>"))
