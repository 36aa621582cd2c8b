"""What a message says besides its text, as its row keeps it in `data`, in the words that connectors take."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypedDict

from channels.base import Choice, ContactCard, Location, TemplateUse

_CHOICE = tuple(field.name for field in fields(Choice))


class Said(TypedDict):
    """The fields of an OutgoingMessage that come from `data`."""

    choices: list[Choice]
    template: TemplateUse | None
    location: Location | None
    contacts: list[ContactCard]
    reaction: str | None
    cc: list[str] | None


def said(data: Mapping[str, Any]) -> Said:
    """What `data` holds of choices, template, place, contacts, reaction and copies."""
    return Said(
        choices=[Choice(**{name: each[name] for name in _CHOICE if each.get(name)}) for each in data.get("choices", ())],
        template=TemplateUse(**data["template"]) if data.get("template") else None,
        location=Location(**data["location"]) if data.get("location") else None,
        contacts=[ContactCard(**each) for each in data.get("contacts", ())],
        reaction=data.get("reaction"),
        cc=data.get("cc"),
    )
