"""Take a webhook apart by the phone number it is for: Meta tells one address of all numbers of an app."""

from collections.abc import Mapping
from dataclasses import replace

import msgspec

from channels.base import BadPayload, Hook
from channels.events import JSON
from channels.whatsapp_parts.payload import UNREADABLE, load, objects_in

Changes = list[tuple[JSON, JSON]]
"""(entry, change)"""


def by_number(hook: Hook) -> Mapping[str, Hook]:
    """Parts by phone number id, "" where a change names none. What is for one number only, or unreadable, stays as it came."""
    try:
        whole = load(hook.body)
        found: dict[str, Changes] = {}
        for entry in objects_in(whole, "entry"):
            for change in objects_in(entry, "changes"):
                found.setdefault(_number(change), []).append((entry, change))
    except (BadPayload, *UNREADABLE):
        return {"": hook}
    if len(found) < 2:
        return dict.fromkeys(found or {""}, hook)
    return {number: replace(hook, body=_body(whole, changes)) for number, changes in found.items()}


def _number(change: JSON) -> str:
    try:
        return str(change["value"]["metadata"]["phone_number_id"])
    except UNREADABLE:
        return ""


def _body(whole: JSON, changes: Changes) -> bytes:
    entries: dict[int, JSON] = {}
    for entry, change in changes:
        entries.setdefault(id(entry), {**entry, "changes": []})["changes"].append(change)
    return msgspec.json.encode({**whole, "entry": list(entries.values())})
