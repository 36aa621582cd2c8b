"""Make what providers send storable: no NUL (PostgreSQL refuses it), no lone surrogates, no time from the future."""

import re
from dataclasses import fields, is_dataclass, replace
from typing import Any

from channels.events import Event

_SUSPICIOUS = re.compile(rb"\\u0000|\\u[dD][89a-fA-F]|\x00")


def may_hold_dirt(content_type: str, body: bytes) -> bool:
    """Whether anything in this body could need cleaning. JSON without such escapes is clean; others may be encoded anyhow."""
    return not content_type.startswith("application/json") or _SUSPICIOUS.search(body) is not None


def clean_message(event: Event) -> Event:
    """The event with unstorable characters taken out of all its strings; the same object if there are none (nearly always)."""
    return _clean(event)  # type: ignore[no-any-return]


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _clean_text(value)
    if isinstance(value, dict):
        return _clean_dict(value)
    if isinstance(value, list | tuple):
        cleaned = [_clean(item) for item in value]
        changed = any(a is not b for a, b in zip(cleaned, value, strict=True))
        return type(value)(cleaned) if changed else value
    if is_dataclass(value) and not isinstance(value, type):
        changes = {f: new for f in _names(type(value)) if (new := _clean(old := getattr(value, f))) is not old}
        return replace(value, **changes) if changes else value
    return value


def _clean_text(text: str) -> str:
    if text.isascii():
        return text.replace("\x00", "") if "\x00" in text else text
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\x00", "") if "\x00" in text else text


def _clean_dict(value: dict[Any, Any]) -> dict[Any, Any]:
    cleaned = {_clean(k): _clean(v) for k, v in value.items()}
    same = len(cleaned) == len(value) and all(a is b for a, b in zip(cleaned.values(), value.values(), strict=True))
    return value if same and all(a is b for a, b in zip(cleaned, value, strict=True)) else cleaned


_NAMES: dict[type, tuple[str, ...]] = {}


def _names(of: type) -> tuple[str, ...]:
    if of not in _NAMES:
        _NAMES[of] = tuple(f.name for f in fields(of))
    return _NAMES[of]
