"""What Telegram shows a file as, and which files may share an album."""

from collections.abc import Iterator, Sequence

from channels.base import OutgoingFile

_ALBUM = 10
_PHOTO_LIMIT = 10_000_000

METHODS = {
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

Shown = tuple[str, OutgoingFile]
"""(what Telegram shows it as, the file)."""


def albums(files: Sequence[OutgoingFile], plainly: frozenset[str] = frozenset()) -> Iterator[Sequence[Shown]]:
    """Neighbours that may share an album stay together, ten at most. `plainly`: what is sent as a document instead."""
    waiting: list[Shown] = []
    for file in files:
        shown = _shown_as(file)
        shown = "document" if shown in plainly else shown
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
