"""Where a visitor came from, by their own browser's word: a campaign's marks, the site that linked here, where they landed."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from channels.events import JSON

_MARKS = ("source", "medium", "campaign", "term", "content")
_LENGTH = 500


def came(visit: Any) -> dict[str, JSON]:
    """What is worth keeping of the browser's word, cleaned; what makes no sense is left out and costs the message nothing."""
    if not isinstance(visit, Mapping):
        return {}
    pages = {name: address for name in ("landing", "referrer") if (address := page(visit.get(name)))}
    given = visit.get("utm")
    marks = {mark: text for mark in _MARKS if isinstance(given, Mapping) and (text := _words(given.get(mark)))}
    return {**pages, **({"utm": marks} if marks else {})}


def source(visit: Mapping[str, JSON]) -> str:
    """The source of a contact in a line: the campaign's marks, else the site that linked here, else nothing."""
    marks = visit.get("utm", {})
    told = " / ".join(marks[mark] for mark in ("source", "medium", "campaign") if mark in marks)
    return told or urlsplit(visit.get("referrer", "")).hostname or ""


def page(given: Any) -> str:
    """An address of the web, without the part behind #; anything else is nothing."""
    text = _words(given).partition("#")[0]
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.hostname else ""


def _words(given: Any) -> str:
    if not isinstance(given, str):
        return ""
    return given.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip()[:_LENGTH]
