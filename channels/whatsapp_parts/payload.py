"""Reading untrusted JSON: the body as a whole, and single values whatever type they turn out to have."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from channels.base import BadPayload
from channels.events import JSON

UNREADABLE = (AttributeError, KeyError, LookupError, OverflowError, TypeError, ValueError)
"""What reading an element of the wrong shape raises."""

_decode = msgspec.json.Decoder().decode
_MILLISECONDS = 100_000_000_000
"""As seconds this is the year 5138; anything above is milliseconds."""


def load(body: bytes) -> JSON:
    """The body's JSON. Half emoji, broken UTF-8 and NUL characters are mended: one spoilt text must not cost the whole batch."""
    try:
        return _mended(body) if b"\\u0000" in body else _decode(body)
    except (ValueError, RecursionError):
        try:
            return _mended(body)
        except (ValueError, RecursionError) as error:
            raise BadPayload("The body is not JSON") from error


def _mended(body: bytes) -> JSON:
    return _clean(json.loads(body.decode("utf-8-sig", "replace"), strict=False))


def _clean(value: JSON) -> JSON:
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(key): _clean(item) for key, item in value.items()}
    return value


def text_of(value: JSON) -> str:
    """A text; numbers become texts, null is empty, anything else is a TypeError."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    raise TypeError(f"expected a text, found {type(value).__name__}")


def object_of(value: JSON) -> Mapping[str, JSON]:
    """An object, or a TypeError."""
    if isinstance(value, dict):
        return value
    raise TypeError(f"expected an object, found {type(value).__name__}")


def objects_in(holder: Mapping[str, JSON], key: str) -> list[JSON]:
    """The list at `key`; empty where there is none, and a list of one where the provider forgot the brackets."""
    found = holder.get(key)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def time_of(value: JSON, otherwise: datetime) -> datetime:
    """A Unix time in seconds or milliseconds, as number or text; `otherwise` where it cannot be one."""
    try:
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if seconds > _MILLISECONDS else seconds, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return otherwise


def why(error: Exception) -> str:
    """What was wrong with an unreadable element, naming the field where it is known."""
    return f"the field {error} is missing" if isinstance(error, KeyError) else str(error)
