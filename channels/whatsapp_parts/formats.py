"""In which form WhatsApp takes a file: its type, the kind of message that shows it, and what must be converted first.

Source: Meta's "Supported media types" and "Audio messages".
"""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass, field

from channels.base import OutgoingFile, Refused
from channels.events import JSON
from channels.whatsapp_parts.voice import CannotConvert, is_voice, may_be_voice, to_voice

Body = dict[str, JSON]

_MEGABYTE = 1_000_000
_PLAYED = frozenset({"audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"})
_NATIVE: Mapping[str, tuple[frozenset[str], int, str]] = {
    "image": (frozenset({"image/jpeg", "image/png"}), 5 * _MEGABYTE, "image"),
    "video": (frozenset({"video/mp4", "video/3gpp"}), 16 * _MEGABYTE, "video"),
    "audio": (_PLAYED, 16 * _MEGABYTE, "audio"),
    "voice": (_PLAYED, 16 * _MEGABYTE, "audio"),
    "sticker": (frozenset({"image/webp"}), 500_000, "sticker"),
}
"""Kind -> (types that WhatsApp shows, largest size, its own word). What does not fit goes as a document."""

_OTHER_NAMES: Mapping[str, str] = {
    "audio/mp3": "audio/mpeg",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/opus": "audio/ogg",
    "application/ogg": "audio/ogg",
    "image/jpg": "image/jpeg",
}
"""MIME types that programs write and WhatsApp does not know."""
_VOICE = "audio/ogg; codecs=opus"
"""A voice note is Opus in Ogg and must say so, or WhatsApp refuses it (131053)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A file as it is uploaded. `kind`: the type of message that shows it; `voice`: with waveform and microphone."""

    content: bytes = field(repr=False)
    mime: str
    kind: str
    name: str
    voice: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Uploaded:
    """A file that Meta has: its id and the type of message that shows it."""

    media_id: str
    kind: str
    name: str
    voice: bool = False

    def body(self, caption: str = "") -> Body:
        media: Body = {"id": self.media_id}
        if caption and self.takes_caption:
            media["caption"] = caption
        if self.kind == "document" and self.name:
            media["filename"] = self.name
        if self.voice:
            media["voice"] = True
        return {"type": self.kind, self.kind: media}

    @property
    def takes_caption(self) -> bool:
        return self.kind in ("image", "video", "document")


def ready(file: OutgoingFile) -> Ready:
    """Read the file and bring it into a form that WhatsApp takes. Blocks; raises Refused for a voice note nobody could hear."""
    content, mime = file.read(), plain_type(file)
    if file.kind in ("voice", "audio") and (mime == "audio/ogg" or file.kind == "voice" or mime not in _PLAYED):
        return _sound(file, content, mime)
    return Ready(content=content, mime=mime or "application/octet-stream", kind=_kind(file, mime, len(content)), name=file.name)


def plain_type(file: OutgoingFile) -> str:
    """The MIME type without parameters, by its usual name; guessed from the file's name where it has none."""
    plain = file.mime.split(";")[0].strip().lower()
    if "/" not in plain:
        plain = mimetypes.guess_type(file.name)[0] or ""
    return _OTHER_NAMES.get(plain, plain)


def _kind(file: OutgoingFile, mime: str, size: int) -> str:
    types, limit, kind = _NATIVE.get(file.kind, (frozenset[str](), 0, "document"))
    return kind if mime in types and max(size, file.size) <= limit else "document"


def _sound(file: OutgoingFile, content: bytes, mime: str) -> Ready:
    """A recording as Opus in Ogg; as it is where that cannot be made of it but WhatsApp plays it."""
    voice, name = file.kind == "voice", file.name
    if not is_voice(content):
        try:
            content, name = to_voice(content), (file.name.rpartition(".")[0] or "voice") + ".ogg"
        except CannotConvert as error:
            if not may_be_voice(content):
                return _unconverted(file, content, mime, error)
    return Ready(content=content, mime=_VOICE, kind=_kind(file, "audio/ogg", len(content)), name=name, voice=voice)


def _unconverted(file: OutgoingFile, content: bytes, mime: str, error: CannotConvert) -> Ready:
    """A kind of sound that phones play goes as plain sound; of the others, a recording is refused and a file is a document."""
    played = mime in _PLAYED and mime != "audio/ogg"
    if file.kind == "voice" and not played:
        raise Refused(f"WhatsApp takes voice notes only as Opus in Ogg: {error}", code="voice") from error
    kind = _kind(file, mime if played else "", len(content))
    return Ready(content=content, mime=mime or "application/octet-stream", kind=kind, name=file.name)
