"""Name and sort the files of a mail."""

import mimetypes
import re

from channels.mail.headers import plain

_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")


def file_name(name: str) -> str:
    """The last part of a path without the letters that no file system takes."""
    return _UNSAFE.sub("_", re.split(r"[\\/]", plain(name).strip())[-1]).strip()[-200:]


def kind(mime: str, name: str) -> str:
    """image, audio, video or file; where the type says nothing, the name does."""
    if mime in ("", "application/octet-stream"):
        mime = guess(name)
    main = mime.partition("/")[0]
    return main if main in ("image", "audio", "video") else "file"


def guess(name: str) -> str:
    """The type that a name's ending means."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"
