"""Which calls of the Bot API make up one outgoing message: text, one file, an album, buttons."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from channels.base import Choice, OutgoingFile, OutgoingMessage, Refused
from channels.telegram_parts.formatting import to_telegram

CAPTION_LIMIT = 1024
CALLBACK_LIMIT = 64
"""Bytes of a button's callback_data."""
_ALBUM = 10
_PHOTO_LIMIT = 10_000_000
_ROW_CHARACTERS = 30
"""About what fits side by side on a phone; longer titles get a row of their own."""
_MESSAGE_NUMBERS = 2**31
"""Message numbers are 32 bits; the id of a pressed button, which cannot be quoted, has more."""

_METHODS = {
    "photo": "sendPhoto",
    "animation": "sendAnimation",
    "video": "sendVideo",
    "voice": "sendVoice",
    "audio": "sendAudio",
    "document": "sendDocument",
    "sticker": "sendSticker",
}
_ACCEPTED = {
    ("image", "image/gif"): "animation",
    ("image", "image/jpeg"): "photo",
    ("image", "image/png"): "photo",
    ("image", "image/webp"): "photo",
    ("video", "video/mp4"): "video",
    ("voice", "audio/ogg"): "voice",
    ("voice", "audio/mpeg"): "voice",
    ("voice", "audio/mp4"): "voice",
    ("audio", "audio/mpeg"): "audio",
    ("audio", "audio/mp3"): "audio",
    ("audio", "audio/mp4"): "audio",
    ("audio", "audio/x-m4a"): "audio",
    ("sticker", "image/webp"): "sticker",
    ("sticker", "video/webm"): "sticker",
    ("sticker", "application/x-tgsticker"): "sticker",
}
"""(our kind, its MIME type) -> what Telegram shows it as; all else is a document, which it takes in any format."""
_ALBUMS = {"photo": "visual", "video": "visual", "audio": "audio", "document": "document"}
"""Files that may share an album."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One method with its parameters; `files` by the name that the parameters refer to."""

    method: str
    parameters: Mapping[str, Any]
    files: Mapping[str, OutgoingFile] = field(default_factory=dict)


def plan(message: OutgoingMessage, *, plain: bool = False) -> list[Call]:
    """The calls that bring `message` to the customer, in order. `plain`: without formatting. Raises Refused."""
    parts = [list(part) for part in _parts(message.attachments)]
    keyboard = _keyboard(message.choices)
    captioned = len(parts) == 1 and _takes_caption(parts[0], message)
    said = _said(message, "caption" if captioned else "text", plain=plain)
    calls = [_media(part, said if captioned else {}, keyboard if captioned else {}) for part in parts]
    if not captioned and (said or keyboard or not parts):
        calls.append(Call(method="sendMessage", parameters=_text(said, keyboard)))
    return [_addressed(call, message, first=number == 0) for number, call in enumerate(calls)]


def _text(said: Mapping[str, Any], keyboard: Mapping[str, Any]) -> dict[str, Any]:
    if not said and not keyboard:
        raise Refused("The message is empty", code="empty")
    return {**(said or {"text": "…"}), **keyboard}


def _said(message: OutgoingMessage, name: str, *, plain: bool) -> dict[str, str]:
    if message.html and not plain:
        return {name: to_telegram(message.html), "parse_mode": "HTML"}
    return {name: message.text} if message.text else {}


def _takes_caption(part: Sequence[tuple[str, OutgoingFile]], message: OutgoingMessage) -> bool:
    """A sticker has no caption, an album no buttons; then the words follow in a message of their own."""
    if len(message.text) > CAPTION_LIMIT or (message.choices and len(part) > 1):
        return False
    return part[0][0] != "sticker" or not (message.text or message.html)


def _parts(files: Sequence[OutgoingFile]) -> Iterator[Sequence[tuple[str, OutgoingFile]]]:
    """Neighbours that may share an album stay together, ten at most."""
    waiting: list[tuple[str, OutgoingFile]] = []
    for file in files:
        shown = _shown_as(file)
        album = _ALBUMS.get(shown)
        if waiting and (album is None or album != _ALBUMS.get(waiting[0][0]) or len(waiting) == _ALBUM):
            yield waiting
            waiting = []
        waiting.append((shown, file))
    if waiting:
        yield waiting


def _shown_as(file: OutgoingFile) -> str:
    shown = _ACCEPTED.get((file.kind, file.mime.partition(";")[0].strip().lower()), "document")
    return "document" if shown == "photo" and file.size > _PHOTO_LIMIT else shown


def _media(part: Sequence[tuple[str, OutgoingFile]], caption: Mapping[str, Any], keyboard: Mapping[str, Any]) -> Call:
    if len(part) == 1:
        shown, file = part[0]
        return Call(method=_METHODS[shown], parameters={**caption, **keyboard}, files={shown: file})
    media = [{"type": shown, "media": f"attach://file{number}"} for number, (shown, _) in enumerate(part)]
    media[0] |= caption
    files = {f"file{number}": file for number, (_, file) in enumerate(part)}
    return Call(method="sendMediaGroup", parameters={"media": media}, files=files)


def _keyboard(choices: Sequence[Choice]) -> dict[str, Any]:
    if not choices:
        return {}
    rows: list[list[dict[str, str]]] = []
    width = _ROW_CHARACTERS
    for choice in choices:
        if not 0 < len(choice.id.encode()) <= CALLBACK_LIMIT:
            raise Refused(f"The id of the button “{choice.title}” must have 1 to {CALLBACK_LIMIT} bytes", code="choices")
        width += len(choice.title) + 4
        if width > _ROW_CHARACTERS:
            rows.append([])
            width = len(choice.title) + 4
        rows[-1].append({"text": choice.title, "callback_data": choice.id})
    return {"reply_markup": {"inline_keyboard": rows}}


_CONTEXT = ("business_connection_id", "message_thread_id", "direct_messages_topic_id")


def context(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that keep an answer where the customer wrote."""
    return {name: extra[name] for name in _CONTEXT if extra.get(name)}


def _addressed(call: Call, message: OutgoingMessage, *, first: bool) -> Call:
    parameters = {"chat_id": message.address, **context(message.extra), **call.parameters}
    quoted = message.reply_to or ""
    if first and quoted.isdecimal() and int(quoted) < _MESSAGE_NUMBERS:
        parameters["reply_parameters"] = {"message_id": int(quoted), "allow_sending_without_reply": True}
    return Call(method=call.method, parameters=parameters, files=call.files)
