"""Cut a long formatted text into parts, each whole HTML: what is open at a cut is closed there and opened again after it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

from channels.fit_parts.cut import split

_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_BLOCKS = frozenset(
    {"p", "div", "li", "ul", "ol", "table", "tr", "blockquote", "pre", "section", "h1", "h2", "h3", "h4", "h5", "h6"}
)
"""Their ends are the end of a line, so that a cut may fall there."""


def split_html(html: str, limit: int, length: Callable[[str], int] = len) -> list[str]:
    """`html` in parts that show at most `limit` units of text, measured by `length`; only white space at the cuts is lost.

    A cut never falls inside a tag or an entity. `limit` < 1: no limit.
    """
    pieces = list(_read(html))
    text = "".join(piece.text for piece in pieces)
    if limit < 1 or length(text) <= limit:
        return [html]
    return _write(pieces, list(_bounds(text, _parts(text, limit, length))))


def shown_text(html: str) -> str:
    """The text that `split_html` measures."""
    return "".join(piece.text for piece in _read(html))


def _parts(text: str, limit: int, length: Callable[[str], int]) -> Sequence[str]:
    """Parts of at most `limit` units, where a character may count for more than one."""
    characters = limit
    while True:
        parts = split(text, characters)
        longest = max(map(length, parts))
        if longest <= limit or characters == 1:
            return parts
        characters = max(1, characters * limit // longest)


def _bounds(text: str, parts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Where each part stands in the text."""
    end = 0
    for part in parts:
        start = text.index(part, end)
        end = start + len(part)
        yield start, end


@dataclass(frozen=True, slots=True)
class _Piece:
    """A tag or a text. `raw`: the tag as it was written; `text`: what it shows."""

    kind: str
    """text, open, close or void."""
    name: str = ""
    raw: str = ""
    text: str = ""


def _read(html: str) -> Iterator[_Piece]:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return iter(reader.pieces)


class _Reader(HTMLParser):
    """Takes HTML apart; what is no tag that we keep is text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[_Piece] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        raw = self.get_starttag_text() or f"<{tag}>"
        if tag in _VOID:
            self.pieces.append(_Piece("void", tag, raw, "\n" if tag in {"br", "hr"} else ""))
        else:
            self.pieces.append(_Piece("open", tag, raw))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in _VOID:
            self.pieces.append(_Piece("close", tag, f"</{tag}>", "\n" if tag in _BLOCKS else ""))

    def handle_data(self, data: str) -> None:
        self.pieces.append(_Piece("text", text=data))


class _Part:
    """One part while it is written, with the tags that are open in it."""

    def __init__(self, opened: Sequence[_Piece] = ()) -> None:
        self.opened = list(opened)
        self.out = [piece.raw for piece in opened]

    def close(self, name: str) -> None:
        """End a tag and what is still open inside it; one that was never opened is left out."""
        if not any(piece.name == name for piece in self.opened):
            return
        while self.opened:
            last = self.opened.pop()
            self.out.append(f"</{last.name}>")
            if last.name == name:
                return

    def done(self) -> str:
        return "".join([*self.out, *(f"</{piece.name}>" for piece in reversed(self.opened))])


def _write(pieces: Sequence[_Piece], bounds: Sequence[tuple[int, int]]) -> list[str]:
    """The parts: the text within the bounds with the tags around it."""
    parts, part, at, number = [], _Part(), 0, 0
    for piece in pieces:
        end = at + len(piece.text)
        while number + 1 < len(bounds) and end > bounds[number + 1][0]:
            part.out.append(_shown(piece, at, bounds[number]))
            parts.append(part.done())
            part, number = _Part(part.opened), number + 1
        part.out.append(_shown(piece, at, bounds[number]))
        if piece.kind == "open":
            part.out.append(piece.raw)
            part.opened.append(piece)
        elif piece.kind == "close":
            part.close(piece.name)
        at = end
    return [*parts, part.done()]


def _shown(piece: _Piece, at: int, bound: tuple[int, int]) -> str:
    """What of a text or a line break lies within the bound."""
    start, end = max(bound[0] - at, 0), min(bound[1] - at, len(piece.text))
    if piece.kind == "text":
        return escape(piece.text[start:end], quote=False) if start < end else ""
    return piece.raw if piece.kind == "void" and (start < end or not piece.text) else ""
