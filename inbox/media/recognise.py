"""What a file really is, by its first bytes. What a provider or a browser calls it counts only where bytes cannot tell."""

import mimetypes

import filetype

UNKNOWN = "application/octet-stream"
INLINE = frozenset({
    "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp", "audio/ogg", "audio/mpeg", "audio/mp4",
    "audio/aac", "audio/amr", "audio/flac", "audio/wav", "audio/webm", "video/mp4", "video/webm", "video/ogg",
})  # fmt: skip
"""Types a browser may show by itself; everything else is downloaded, so that no page of a stranger runs under our address."""
_SAME = {
    "audio/x-wav": "audio/wav", "audio/wave": "audio/wav", "audio/vnd.wave": "audio/wav", "audio/mp3": "audio/mpeg",
    "audio/m4a": "audio/mp4", "audio/x-m4a": "audio/mp4", "audio/x-flac": "audio/flac", "video/x-m4v": "video/mp4",
    "audio/opus": "audio/ogg", "application/ogg": "audio/ogg", "image/jpg": "image/jpeg", "image/x-ms-bmp": "image/bmp",
}  # fmt: skip
_SHOWN_BY_BYTES = ("image", "audio", "video")
"""Families whose every type in use has a signature: a file without one is not what it says."""
_WITHOUT_SIGNATURE = frozenset({"image/svg+xml"})
_OURS = (
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xce\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xca\xfe\xba\xbe", "application/x-mach-binary"),
    (b"#!AMR", "audio/amr"),
)


def real_mime(content: bytes, told: str = "", name: str = "") -> str:
    """The type by content where the content shows it, else what was told, else by the name.

    What is told to be a picture, sound or film and does not look like one is of no known type.
    """
    told, seen = _plain(told), _seen(content)
    if seen == "application/zip" and told.startswith("application/"):
        return told  # an office document, an app: all of them are archives
    if seen:
        return told if _family(told) in ("audio", "video") and _sub(told) == _sub(seen) else seen
    guessed = told or _plain(mimetypes.guess_type(name)[0] or UNKNOWN)
    lies = _family(guessed) in _SHOWN_BY_BYTES and guessed not in _WITHOUT_SIGNATURE
    return UNKNOWN if lies else guessed


def kind_of(mime: str) -> str:
    """image, audio, video or file."""
    family = _family(mime)
    return family if family in _SHOWN_BY_BYTES else "file"


def _seen(content: bytes) -> str:
    head = content[:8192]
    ours = next((mime for start, mime in _OURS if head.startswith(start)), "")
    return ours or _plain(_guess(head)) or _audio_frame(head)


def _guess(head: bytes) -> str:
    return filetype.guess_mime(head) or ""  # type: ignore[no-untyped-call]


def _audio_frame(head: bytes) -> str:
    """MPEG sound without a tag before it: frames begin with eleven set bits and name their layer."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or head[1] & 0x18 == 0x08:
        return ""
    layer = head[1] & 0x06
    if layer == 0:
        return "audio/aac" if head[1] & 0xF0 == 0xF0 else ""
    return "audio/mpeg" if head[2] & 0xF0 != 0xF0 and head[2] & 0x0C != 0x0C else ""


def _plain(mime: str) -> str:
    """Without parameters, in the spelling that browsers know."""
    bare = mime.split(";")[0].strip().lower()
    return _SAME.get(bare, bare)


def _family(mime: str) -> str:
    return mime.partition("/")[0]


def _sub(mime: str) -> str:
    return mime.partition("/")[2]
