"""Long formatted texts: cut into parts that are each whole HTML, with nothing lost."""

from dataclasses import replace
from html import unescape
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Capabilities, Choice, OutgoingMessage
from channels.fit import fit
from channels.fit_parts.markup import split_html

LINKS = ['<a href="https://e.org/?a=1&amp;b=2">one</a>', '<a href="https://e.org/?a=1&amp;b=2">two</a>']


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize(
    ("html", "limit", "parts"),
    [
        ("<b>short</b>", 10, ["<b>short</b>"]),
        ("<b>one two</b>", 0, ["<b>one two</b>"]),
        ("<b>one two</b>", 4, ["<b>one</b>", "<b>two</b>"]),
        ("<i>one <b>two three</b></i>", 8, ["<i>one <b>two</b></i>", "<i><b>three</b></i>"]),
        (
            '<a href="https://e.org/?a=1&amp;b=2">one two</a>',
            4,
            LINKS,
        ),
        ("<code>x&lt;y&amp;&amp;z</code>", 3, ["<code>x&lt;y</code>", "<code>&amp;&amp;z</code>"]),
        ("<b>one</b><br>two", 4, ["<b>one</b>", "two"]),
        ("<b>one</u> two", 4, ["<b>one</b>", "<b>two</b>"]),
    ],
)
def test_a_cut_closes_what_is_open_and_opens_it_again(html: str, limit: int, parts: list[str]) -> None:
    assert split_html(html, limit) == parts


def test_characters_may_count_for_more_than_one() -> None:
    parts = split_html(f"<b>{'😀' * 10}</b>", 6, utf16)
    assert parts == ["<b>😀😀😀</b>"] * 3 + ["<b>😀</b>"]


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1, max_size=30)
_MARKED = st.recursive(
    _TEXTS.map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;")),
    lambda inner: st.builds(
        lambda tag, inside: f"<{tag}>{''.join(inside)}</{tag}>", st.sampled_from("biu"), st.lists(inner, max_size=3)
    ),
    max_leaves=8,
)


class Shown(HTMLParser):
    """The text of HTML whose tags must all be closed in their order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.open = "", [""]
        self.feed(html)
        self.close()
        assert self.open == [""]

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@given(_MARKED, st.integers(1, 20))
def test_no_part_is_too_long_and_only_white_space_is_lost(html: str, limit: int) -> None:
    parts = [Shown(part).text for part in split_html(html, limit)]
    assert max(map(len, parts)) <= max(limit, 0) or (len(parts) == 1 and len(Shown(html).text) <= limit)
    assert "".join("".join(parts).split()) == "".join(Shown(html).text.split())


def test_a_long_message_keeps_its_formatting_on_every_part() -> None:
    html = "<p>" + "<b>Важно.</b> Читайте дальше. " * 300 + "</p>"
    whole = OutgoingMessage(id="7", address="1", text="Важно. Читайте дальше. " * 300, html=html)
    parts = fit(replace(whole, choices=[Choice(id="y", title="Yes")]), Capabilities(text_limit=4096, choices=3, html=True))
    assert [part.id for part in parts] == ["7", "7.1"]
    assert all(part.html and "<b>Важно.</b>" in part.html and len(part.text) <= 4096 for part in parts)
    assert [len(part.choices) for part in parts] == [0, 1]
    assert unescape(parts[0].text).startswith("Важно. Читайте")
