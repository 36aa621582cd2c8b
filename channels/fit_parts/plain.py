"""HTML as plain text, for channels that carry no HTML: what a reader would see, with the addresses of links."""

import re
from html.parser import HTMLParser

_APART = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre"})
"""Blocks with an empty line after them."""
_BLOCKS = _APART | {
    *("address", "article", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form", "header", "hr", "li"),
    *("main", "nav", "section", "tr"),
}
_UNSEEN = frozenset({"script", "style", "head", "template", "title"})


def html_to_text(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = [re.sub(r"[ \t]+", " ", line).strip() for line in "".join(reader.out).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects the visible text; broken HTML is read as far as it goes."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self._unseen: list[str] = []
        self._links: list[tuple[str, int]] = []
        """(address, where its text begins in `out`) of the links that are open."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag == "br":
            self.out.append("\n")
        elif tag in _BLOCKS:
            self._start_block(tag)
        elif tag == "a":
            self._links.append((dict(attrs).get("href") or "", len(self.out)))
        elif tag == "img" and not self._unseen:
            self.out.append(dict(attrs).get("alt") or "")
        elif tag in ("td", "th"):
            self.out.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if self._unseen and tag == self._unseen[-1]:
            self._unseen.pop()
        elif tag == "a" and self._links:
            self._end_link()
        elif tag in _BLOCKS:
            self.out.append("\n\n" if tag in _APART else "\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.out.append(re.sub(r"\s+", " ", data))

    def _start_block(self, tag: str) -> None:
        self._new_line()
        if tag == "li":
            self.out.append("- ")

    def _new_line(self) -> None:
        if self.out and not self.out[-1].endswith("\n"):
            self.out.append("\n")

    def _end_link(self) -> None:
        address, start = self._links.pop()
        shown = "".join(self.out[start:]).strip()
        target = address.removeprefix("mailto:").removeprefix("tel:")
        if target and not target.startswith("#") and target.rstrip("/") not in (shown, shown.rstrip("/")):
            self.out.append(f" ({target})" if shown else target)
