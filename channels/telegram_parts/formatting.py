"""Formatted text as it comes: Telegram's entities into safe HTML."""

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

_TAGS = {
    "bold": ("<b>", "</b>"),
    "italic": ("<i>", "</i>"),
    "underline": ("<u>", "</u>"),
    "strikethrough": ("<s>", "</s>"),
    "spoiler": ('<span class="spoiler">', "</span>"),
    "code": ("<code>", "</code>"),
    "pre": ("<pre>", "</pre>"),
    "blockquote": ("<blockquote>", "</blockquote>"),
    "expandable_blockquote": ("<blockquote>", "</blockquote>"),
}
_LINKS = {"text_link", "url", "email", "phone_number"}
_MOST_ENTITIES = 100
"""Telegram formats no more than this in one message; a limit keeps the nesting of a made-up payload finite."""

Span = tuple[int, int, str, str]
"""(start, end, opening tag, closing tag), in UTF-16 units."""


def to_html(text: str, entities: Any) -> str | None:
    """`text` as safe HTML, or None where no entity changes its looks. `entities`: as Telegram sent them, trusted in nothing."""
    if not isinstance(entities, list):
        return None
    cut = _cutter(text)
    found = (_span(entity, cut) for entity in entities[:_MOST_ENTITIES] if isinstance(entity, dict))
    spans = sorted((span for span in found if span), key=lambda span: (span[0], -span[1]))
    return _render(cut, 0, len(text.encode("utf-16-le", "surrogatepass")) // 2, spans) if spans else None


def _cutter(text: str) -> Callable[[int, int], str]:
    """A slice of the text by UTF-16 units, which is how Telegram counts."""
    if not text or max(text) <= "\uffff":
        return lambda start, end: text[start:end]
    units = text.encode("utf-16-le", "surrogatepass")
    return lambda start, end: units[2 * start : 2 * end].decode("utf-16-le", "replace")


def _span(entity: dict[str, Any], cut: Callable[[int, int], str]) -> Span | None:
    kind, start, length = entity.get("type"), entity.get("offset"), entity.get("length")
    if not (isinstance(kind, str) and isinstance(start, int) and isinstance(length, int)) or start < 0 or length <= 0:
        return None
    if kind in _LINKS:
        address = _address(kind, str(entity.get("url") or cut(start, start + length)))
        return (start, start + length, f'<a href="{escape(address)}">', "</a>") if address else None
    if kind == "pre" and isinstance(entity.get("language"), str) and entity["language"]:
        return (start, start + length, f'<pre><code class="language-{escape(entity["language"])}">', "</code></pre>")
    tags = _TAGS.get(kind)
    return (start, start + length, *tags) if tags else None


def _address(kind: str, written: str) -> str:
    """Where a link may lead: the web, mail and Telegram, never a script. Empty where it may not."""
    if kind == "email":
        return f"mailto:{written}"
    if kind == "phone_number":
        return f"tel:{re.sub(r'[^0-9+]', '', written)}"
    if re.match(r"(https?|tg|mailto|tel):", written, re.IGNORECASE):
        return written
    return f"https://{written}" if kind == "url" and "://" not in written else ""


def _render(cut: Callable[[int, int], str], start: int, end: int, spans: Sequence[Span]) -> str:
    """Nested tags; a span that overlaps the one before it is clipped, so that no text is lost or repeated."""
    out: list[str] = []
    at, index = start, 0
    while index < len(spans):
        first, last, opening, closing = spans[index]
        first, last = max(first, at), min(last, end)
        index += 1
        if last <= first:
            continue
        inside = index
        while inside < len(spans) and spans[inside][0] < last:
            inside += 1
        out += [_plain(cut(at, first)), opening, _render(cut, first, last, spans[index:inside]), closing]
        at, index = last, inside
    return "".join(out) + _plain(cut(at, end))


def _plain(text: str) -> str:
    return escape(text).replace("\n", "<br>")
