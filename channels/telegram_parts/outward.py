"""Formatted text as it goes: our HTML in the few tags of https://core.telegram.org/bots/api#html-style, every one closed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

_TAGS = {
    **dict.fromkeys(("b", "strong", "h1", "h2", "h3", "h4", "h5", "h6"), "b"),
    **dict.fromkeys(("i", "em", "cite"), "i"),
    **dict.fromkeys(("u", "ins"), "u"),
    **dict.fromkeys(("s", "del", "strike"), "s"),
    **{tag: tag for tag in ("a", "code", "pre", "blockquote", "tg-spoiler")},
}
"""HTML's tag -> Telegram's."""
_APART = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"})
"""Blocks with an empty line around them."""
_LINES = frozenset({"div", "li", "tr", "hr", "section", "article", "header", "footer", "dt", "dd", "figure", "address"})
_UNSEEN = frozenset({"script", "style", "head", "template", "title"})
_LITERAL = frozenset({"code", "pre"})
"""Telegram allows no other formatting inside."""
_ADDRESS = re.compile(r"(https?|tg|mailto|tel):", re.IGNORECASE)


def units(text: str) -> int:
    """The length of a text as Telegram counts it: in UTF-16 units, of which most emoji have two or more."""
    return len(text) + sum(character > "\uffff" for character in text)


def to_telegram(html: str) -> str:
    """What Telegram can show of `html`; tags that it does not know leave their text."""
    writer = _Writer()
    writer.feed(html)
    writer.close()
    return writer.done()


@dataclass(slots=True)
class _Open:
    """A tag that is open. `theirs`: what Telegram calls it, empty where it shows nothing. `written`: text has followed it."""

    name: str
    theirs: str = ""
    raw: str = ""
    written: bool = False
    number: int = 0
    """Of the last item of an ordered list."""


class _Writer(HTMLParser):
    """Reads HTML as a browser would, as far as that matters: white space collapses, blocks are lines, lists have signs.

    Line breaks and opening tags wait for the text that follows them, so that none stands empty.
    """

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._out: list[str] = []
        self._open: list[_Open] = []
        self._breaks = 0
        self._space = False
        self._sign = ""

    def done(self) -> str:
        while self._open:
            self._close(self._open.pop())
        return "".join(self._out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._breaks, self._space = min(self._breaks + 1, 2), False
        elif tag == "img":
            self.handle_data(dict(attrs).get("alt") or "")
        elif tag in {"td", "th"}:
            self._space = True
        elif tag == "hr":
            self._line(1)
        else:
            self._line(self._apart(tag))
            self._sign = self._item() if tag == "li" else self._sign
            self._open.append(self._opened(tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if any(each.name == tag for each in self._open):
            while (last := self._open.pop()).name != tag:
                self._close(last)
            self._close(last)
        self._line(self._apart(tag))

    def handle_data(self, data: str) -> None:
        if any(each.name in _UNSEEN for each in self._open):
            return
        exact = any(each.name == "pre" for each in self._open)
        text = data if exact else re.sub(r"[ \t\n\r\f]+", " ", data)
        if not exact:
            self._space = (self._space or text.startswith(" ")) and bool(self._out) and not self._breaks
            text = text.lstrip(" ")
        if text:
            self._write(text.rstrip(" ") if not exact else text)
            self._space = not exact and text.endswith(" ")

    def _write(self, text: str) -> None:
        before = ("\n" * self._breaks if self._out else "") + (" " if self._space else "")
        self._out.append(before)
        self._breaks = 0
        for each in self._open:
            if not each.written:
                self._out.append(each.raw)
                each.written = True
        self._out.append(escape(self._sign + text, quote=False))
        self._sign = ""

    def _close(self, tag: _Open) -> None:
        if tag.written and tag.theirs:
            self._out.append(f"</{tag.theirs}>")

    def _apart(self, tag: str) -> int:
        """Line breaks around a block; a list in a list stands close."""
        nested = tag in {"ul", "ol"} and any(each.name == "li" for each in self._open)
        return 2 if tag in _APART and not nested else 1 if tag in _LINES or nested else 0

    def _line(self, breaks: int) -> None:
        if breaks:
            self._breaks, self._space = max(self._breaks, breaks), False

    def _item(self) -> str:
        """The sign before a list's item: its number, or a dot."""
        around = next((each for each in reversed(self._open) if each.name in {"ol", "ul"}), None)
        if around is None or around.name == "ul":
            return "• "
        around.number += 1
        return f"{around.number}. "

    def _opened(self, tag: str, attrs: dict[str, str | None]) -> _Open:
        theirs = "tg-spoiler" if tag == "span" and "spoiler" in (attrs.get("class") or "") else _TAGS.get(tag, "")
        within = [each.theirs for each in self._open]
        language = attrs.get("class") or ""
        if tag == "code" and self._open and self._open[-1].name == "pre" and re.fullmatch(r"language-[\w+#-]+", language):
            return _Open(tag, "code", f'<code class="{language}">')
        if not theirs or not _may_stand(theirs, within):
            return _Open(tag)
        if theirs != "a":
            return _Open(tag, theirs, f"<{theirs}>")
        address = attrs.get("href") or ""
        return _Open(tag, "a", f'<a href="{escape(address)}">') if _ADDRESS.match(address) else _Open(tag)


def _may_stand(tag: str, within: Sequence[str]) -> bool:
    """Nothing inside code, no link in a link, no quotation in a quotation."""
    return not _LITERAL.intersection(within) and (tag not in within or tag in {"b", "i", "u", "s"})
