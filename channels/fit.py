"""Fit a message to what a channel carries: fewer buttons, shorter texts, no HTML, files as links; nothing is lost.

Pure: the same message and capabilities give the same parts with the same ids, so a retry sends what was meant.
"""

from collections.abc import Sequence
from dataclasses import replace
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit

from channels.base import Capabilities, Choice, OutgoingFile, OutgoingMessage
from channels.fit_parts.answers import understand
from channels.fit_parts.cut import shorten, split
from channels.fit_parts.instead import say_instead
from channels.fit_parts.markup import split_html
from channels.fit_parts.notes import notes
from channels.fit_parts.plain import html_to_text

__all__ = ["fit", "html_to_text", "notes", "split", "understand"]

_STAND_INS = {"voice": ("audio", "file"), "sticker": ("image", "file")}
"""What a kind may be sent as where the channel does not know it. Any other kind may be sent as a file."""


def fit(message: OutgoingMessage, can: Capabilities) -> list[OutgoingMessage]:
    """The messages to send instead, in their order. The first keeps `message.id`, the others are `id.1`, `id.2` ...

    A template is sent as it is: its text was approved. Buttons stay on the last part, and there never without words.
    """
    if (message.template and can.templates) or _carried_as_it_is(message, can):
        return [message]
    message = say_instead(message, can)
    carried, linked = _sort(message.attachments, can)
    text = message.text or (html_to_text(message.html) if message.html else "")
    few = len(message.choices) <= can.choices
    titles = _titles(message.choices, can) if few else []
    whole_titles = bool(text) and titles == [choice.title for choice in message.choices]
    added = _lines(linked, () if few and whole_titles else message.choices)
    whole = replace(
        message,
        text="\n\n".join(part for part in (text, *added) if part),
        html=_add(message.html, added) if can.html and message.html else None,
        subject=message.subject if can.subject else None,
        template=None,
        choices=[replace(choice, title=title) for choice, title in zip(message.choices, titles, strict=True)] if few else (),
        attachments=(),
    )
    return _number(_arrange(whole, carried, can))


def _carried_as_it_is(message: OutgoingMessage, can: Capabilities) -> bool:
    """Whether it is nothing but words that fit, as most are."""
    more = message.html, message.subject, message.choices, message.attachments, message.template, message.quote
    rich = message.location, message.contacts, message.reaction
    return bool(message.text) and not any(more) and not any(rich) and len(message.text) <= can.text_limit


def _titles(choices: Sequence[Choice], can: Capabilities) -> list[str]:
    """What the buttons say: their titles as far as there is room, or where two would look alike their numbers in the text."""
    titles = [shorten(choice.title, can.choice_title_limit) for choice in choices]
    alike = len(set(titles)) < len({choice.title for choice in choices})
    return [str(number) for number in range(1, len(choices) + 1)] if alike else titles


def _sort(files: Sequence[OutgoingFile], can: Capabilities) -> tuple[list[OutgoingFile], list[OutgoingFile]]:
    """(files that the channel carries, as the kind it carries them; files that become a link)."""
    carried: list[OutgoingFile] = []
    linked: list[OutgoingFile] = []
    for file in files:
        kind = next((k for k in (file.kind, *_STAND_INS.get(file.kind, ("file",))) if k in can.media), None)
        if kind and (not can.media_limit or file.size <= can.media_limit):
            carried.append(file if kind == file.kind else replace(file, kind=kind))
        else:
            linked.append(file)
    return carried, linked


def _lines(linked: Sequence[OutgoingFile], choices: Sequence[Choice]) -> Sequence[str]:
    """Paragraphs to add to the text: the links, the numbered choices."""
    links = "\n".join(f"{file.name}: {file.url}" if file.name else file.url for file in linked)
    return [part for part in (links, "\n".join(f"{n}. {c.title}" for n, c in enumerate(choices, 1))) if part]


def _add(html: str, added: Sequence[str]) -> str:
    return "".join([html, *("<br><br>" + escape(part).replace("\n", "<br>") for part in added)])


def _arrange(whole: OutgoingMessage, files: Sequence[OutgoingFile], can: Capabilities) -> list[OutgoingMessage]:
    """Files first, with the text as caption where it fits and no buttons must follow an album; else the text after them."""
    size = max(can.attachments, 1)
    groups = [files[start : start + size] for start in range(0, len(files), size)]
    if groups and len(whole.text) <= can.caption_limit and not (whole.choices and len(files) > 1):
        captioned = replace(whole, attachments=groups[0])
        return [captioned, *(_bare(whole, group) for group in groups[1:])]
    return [*(_bare(whole, group) for group in groups), *_texts(whole, can)]


def _bare(whole: OutgoingMessage, files: Sequence[OutgoingFile]) -> OutgoingMessage:
    return replace(whole, text="", html=None, choices=(), attachments=files, location=None, contacts=())


def _texts(whole: OutgoingMessage, can: Capabilities) -> list[OutgoingMessage]:
    """The text in parts. Formatting survives: what is open at a cut is closed there and opened again after it."""
    parts: list[tuple[str, str | None]] = [(text, None) for text in split(whole.text, can.text_limit)]
    if len(parts) == 1:
        return [replace(whole, text=parts[0][0])]
    if whole.html:
        parts = [(html_to_text(html), html) for html in split_html(whole.html, can.text_limit)]
    cut = replace(whole, choices=(), location=None, contacts=())
    return [replace(cut, text=text, html=html) for text, html in parts[:-1]] + [
        replace(whole, text=parts[-1][0], html=parts[-1][1])
    ]


def _number(parts: Sequence[OutgoingMessage]) -> list[OutgoingMessage]:
    """Give the parts their ids; only the first quotes the message that is answered."""
    first = parts[0]
    rest = [
        replace(part, id=f"{first.id}.{n}", reply_to=None, status_url=_renamed(first, n)) for n, part in enumerate(parts[1:], 1)
    ]
    return [first, *rest]


def _renamed(first: OutgoingMessage, number: int) -> str | None:
    """The status address with the part's id where the message's id was: a status must find its own part."""
    if not first.status_url:
        return first.status_url
    url = urlsplit(first.status_url)
    query = parse_qsl(url.query, keep_blank_values=True)
    return url._replace(query=urlencode([(k, f"{v}.{number}" if v == first.id else v) for k, v in query])).geturl()
