"""The buttons under a message: https://core.telegram.org/bots/features#keyboards."""

from collections.abc import Iterator, Sequence
from typing import Any

from channels.base import Choice, Refused

CALLBACK_LIMIT = 64
"""Bytes of a button's callback_data."""
_ROW_CHARACTERS = 30
"""About what fits side by side on a phone; longer titles get a row of their own."""
_ROW_BUTTONS = 8


def keyboard(choices: Sequence[Choice]) -> dict[str, Any]:
    """The `reply_markup` parameter for these choices, {} for none. Raises Refused.

    Inline buttons answer with the choice's id. Where an id is too long for one, or a place is asked for, the buttons stand in
    place of the phone's keyboard instead: pressed, they send their title, which is understood as the choice.
    """
    if not choices:
        return {}
    if any(choice.kind == "location" or _too_long(choice) for choice in choices):
        return {"reply_markup": _typed(choices)}
    return {"reply_markup": {"inline_keyboard": list(_rows([_inline(choice) for choice in choices]))}}


def _too_long(choice: Choice) -> bool:
    return choice.kind == "reply" and len(choice.id.encode()) > CALLBACK_LIMIT


def _inline(choice: Choice) -> dict[str, Any]:
    match choice.kind:
        case "link":
            return {"text": choice.title, "url": choice.value}
        case "form" if choice.value.startswith("https://"):
            return {"text": choice.title, "web_app": {"url": choice.value}}
        case "form":
            raise Refused(f"The form of the button “{choice.title}” must be an https address", code="choices")
        case _ if not choice.id:
            raise Refused(f"The id of the button “{choice.title}” must have 1 to {CALLBACK_LIMIT} bytes", code="choices")
        case _:
            return {"text": choice.title, "callback_data": choice.id}


def _typed(choices: Sequence[Choice]) -> dict[str, Any]:
    """A keyboard that disappears after its first use."""
    for choice in choices:
        if choice.kind in {"link", "form"}:
            raise Refused(
                f"The button “{choice.title}” cannot stand beside one that asks for a place or has a long id", code="choices"
            )
    buttons = [{"text": c.title, **({"request_location": True} if c.kind == "location" else {})} for c in choices]
    return {"keyboard": list(_rows(buttons)), "resize_keyboard": True, "one_time_keyboard": True}


def _rows(buttons: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    row: list[dict[str, Any]] = []
    width = 0
    for button in buttons:
        width += len(button["text"]) + 4
        if row and (width > _ROW_CHARACTERS or len(row) == _ROW_BUTTONS):
            yield row
            row, width = [], len(button["text"]) + 4
        row.append(button)
    yield row
