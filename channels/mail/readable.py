"""Read the HTML of a mail as text, line by line, as a person sees it; quotes keep their marks."""

import re
from collections.abc import Mapping
from html.parser import HTMLParser

import nh3

from channels.mail.html import DROPPED_WHOLE

QUOTE = "\ue000"
"""Stands at the head of a line where a mail program marked the beginning of the quoted mail."""

_READ = nh3.Cleaner(
    tags=nh3.ALLOWED_TAGS | {"font", "center", "hr", "img"},
    clean_content_tags=DROPPED_WHOLE,
    attributes={"*": {"class", "id"}, "div": {"class", "id", "name"}, "img": {"alt"}, "a": {"href"}},
    link_rel=None,
)

_BREAKS = {
    "p",
    "div",
    "tr",
    "table",
    "ul",
    "ol",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "pre",
    "center",
    "address",
    "article",
    "section",
}
_BREAKS |= {
    "header",
    "footer",
    "dl",
    "dt",
    "dd",
    "figure",
    "caption",
    "thead",
    "tbody",
    "nav",
    "aside",
    "main",
    "details",
    "summary",
}
_SPACED = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "ul", "ol", "table"}
_QUOTING_CLASSES = re.compile(
    r"gmail_quote|yahoo_quoted|moz-cite-prefix|protonmail_quote|zmail_extra|tutanota_quote|OutlookMessageHeader|freshdesk_quote|"
    r"front-blockquote|missive_quote|ntes-mailmaster-quote|hs_reply|quoted_text|mail-quote-collapse|ms-outlook-mobile-reference-message"
)
_QUOTING_IDS = re.compile(
    r"divRplyFwdMsg|appendonsend|reply-intro|mail-editor-reference-message-container|isForwardContent|olk-src-body|zwchr|"
    r"isReplyContent|mailcontent_quote|spiceworks-quote"
)
_QUOTING_NAMES = {"quote", "messageReplySection"}


class _Reader(HTMLParser):
    """Collects lines; block quotes get "> " before each line, as in plain mails."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[str] = [""]
        self.depth = 0
        self.preformatted = 0
        self.quotes: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {key: value or "" for key, value in attrs}
        if _begins_quote(found):
            self._quote_begins()
        if tag == "br":
            self._line()
        elif tag == "hr":
            self._block()
            self.lines[-1] += "-----"
            self._line()
        elif tag == "li":
            self._block()
            self.lines[-1] += "* "
        elif tag in ("td", "th") and self.lines[-1].strip():
            self.lines[-1] += " "
        elif tag in _BREAKS or tag == "blockquote":
            self._open(tag)

    def _open(self, tag: str) -> None:
        self._block(spaced=tag in _SPACED)
        self.depth += tag == "blockquote"
        self.preformatted += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in _BREAKS or tag in ("li", "blockquote"):
            self._block(spaced=tag in _SPACED)
        self.depth = max(self.depth - (tag == "blockquote"), 0)
        self.preformatted = max(self.preformatted - (tag == "pre"), 0)

    def handle_data(self, data: str) -> None:
        if self.preformatted:
            for index, line in enumerate(data.split("\n")):
                if index:
                    self._line()
                self._add(line)
        else:
            self._add(re.sub(r"[ \t\r\n\f]+", " ", data))

    def _add(self, words: str) -> None:
        if not self.lines[-1].strip() and not self.preformatted:
            words = words.lstrip(" ")
        if words and not self.lines[-1] and self.depth:
            self.lines[-1] = "> " * self.depth
        self.lines[-1] += words

    def _line(self) -> None:
        if not self.lines[-1] and self.depth:
            self.lines[-1] = ">" * self.depth
        self.lines.append("")

    def _block(self, spaced: bool = False) -> None:
        """Begin a new line where the present one has words; paragraphs leave an empty line between them."""
        if self.lines[-1].strip():
            self.lines.append("")
        if spaced and len(self.lines) > 1 and self.lines[-2].strip("> "):
            self._line()

    def _quote_begins(self) -> None:
        self._block()
        if self.depth == 0:
            self.lines[-1] = QUOTE
            self.lines.append("")


def _begins_quote(attributes: Mapping[str, str]) -> bool:
    """Whether a mail program put this element around, or above, the mail that is answered."""
    if attributes.get("name") in _QUOTING_NAMES:
        return True
    return bool(_QUOTING_CLASSES.search(attributes.get("class", "")) or _QUOTING_IDS.search(attributes.get("id", "")))


def to_text(html: str) -> str:
    """What a person would read in the HTML, line by line. Parsed once by a browser's rules, so that no tag soup breaks it."""
    reader = _Reader()
    reader.feed(_READ.clean(html.replace(QUOTE, "")))
    reader.close()
    lines = (line.replace("\xa0", " ").rstrip() for line in reader.lines)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
