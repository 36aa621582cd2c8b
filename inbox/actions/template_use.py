"""Check a message's template against what its provider last told of it, before anything is queued."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from inbox.care import provider_templates
from inbox.delivery.outgoing import NewFile
from inbox.refusals import Invalid

_FILES: Mapping[str, tuple[str, ...]] = {
    "image": ("image",), "video": ("video",), "gif": ("video", "image"), "document": ("file", "image", "video", "audio"),
}  # fmt: skip
"""Header -> kinds of files that can stand there."""
_WITHOUT_VALUE = ("phone",)


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """A template ready to be queued. `text`: what the customer will read, empty where we do not know the template."""

    template: Mapping[str, Any]
    text: str = ""


def prepare(
    connection: sa.Connection, channel_id: int, use: Mapping[str, Any], files: Sequence[NewFile], *, has_place: bool
) -> Prepared:
    """The template with all that its provider wants to be told. Raises Invalid naming what is missing or too much.

    A channel whose list was never read leaves the judging to the provider.
    """
    if not provider_templates.is_listed(connection, channel_id):
        return Prepared(template=use)
    row = _usable(provider_templates.find(connection, channel_id, use["name"]), use)
    parts, header = row.parts, row.parts["header"] or {"kind": "", "text": "", "variables": []}
    values = {key: value for key, value in use.get("variables", {}).items() if not key.startswith("button.")}
    _check_variables([*header["variables"], *parts["variables"]], values)
    _check_header(header["kind"], files, has_place=has_place)
    buttons = _buttons(parts["buttons"], use)
    kinds = {index: parts["buttons"][int(index)]["kind"] for index in buttons}
    shown = [_filled(header["text"], header["variables"], values), _filled(row.body, parts["variables"], values), parts["footer"]]
    return Prepared(
        template={
            **use, "buttons": buttons, "button_kinds": kinds, "header": header["kind"], "external_id": row.external_id,
        },
        text="\n\n".join(part for part in shown if part),
    )  # fmt: skip


def _usable(languages: Sequence[sa.Row[Any]], use: Mapping[str, Any]) -> Any:
    if not languages:
        raise Invalid("template.name", "The provider has no such template")
    row = next((each for each in languages if each.language == use["language"]), None)
    if row is None:
        there = ", ".join(each.language for each in languages)
        raise Invalid("template.language", f"The provider has this template only in {there}")
    why = provider_templates.problem(row)
    if why:
        raise Invalid("template.name", why)
    return row


def _check_variables(wanted: Sequence[str], given: Mapping[str, Any]) -> None:
    missing = [name for name in wanted if name not in given]
    strange = [name for name in given if name not in wanted]
    needs = f"takes {len(wanted)} ({', '.join(wanted)})" if wanted else "takes none"
    if missing:
        raise Invalid(f"template.variables.{missing[0]}", f"Give this variable a value: the template {needs}")
    if strange:
        raise Invalid(f"template.variables.{strange[0]}", f"There is no such variable: the template {needs}")
    for name, value in given.items():
        if isinstance(value, str) and not value.strip():
            raise Invalid(f"template.variables.{name}", "Give this variable a value")


def _check_header(kind: str, files: Sequence[NewFile], *, has_place: bool) -> None:
    fitting = _FILES.get(kind, ())
    if fitting and not files:
        raise Invalid("template.media", f"This template begins with a file: give its {kind}")
    if files and not fitting:
        raise Invalid("template.media", "This template has no place for a file")
    if len(files) > 1:
        raise Invalid("template.media", "This template has a place for one file")
    if files and files[0].kind not in fitting and files[0].mime:
        raise Invalid("template.media", f"This template begins with a file of another kind: give its {kind}")
    if kind == "location" and not has_place:
        raise Invalid("location", "This template begins with a place: give its location")


def _buttons(wanted: Sequence[Mapping[str, Any]], use: Mapping[str, Any]) -> dict[str, str]:
    """Values by index; a one-time code stands in the text and on its button alike."""
    given = dict(use.get("buttons", {}))
    for index, button in enumerate(wanted):
        if button["kind"] == "otp" and "1" in use.get("variables", {}):
            given.setdefault(str(index), str(use["variables"]["1"]))
        if button["variable"] and not given.get(str(index)) and not _named(use, index):
            raise Invalid(f"template.buttons.{index}", f"Give the button {button['text']} a value".replace("  ", " "))
    for index in given:
        if int(index) >= len(wanted) or wanted[int(index)]["kind"] in _WITHOUT_VALUE:
            raise Invalid(f"template.buttons.{index}", "This button takes no value")
    return given


def _named(use: Mapping[str, Any], index: int) -> bool:
    """Whether the value came under a variable's name ("button.0.url")."""
    return any(key.startswith(f"button.{index}") for key in use.get("variables", {}))


def _filled(text: str, names: Sequence[str], values: Mapping[str, Any]) -> str:
    """The text as the customer reads it. A header's `header` stands for its {{1}}, `header.NAME` for {{NAME}}."""
    said = {name.removeprefix("header.") if name != "header" else "1": values[name] for name in names}

    def value(found: re.Match[str]) -> str:
        given = said.get(found[1], found[0])
        return given if isinstance(given, str) else str(given.get(given.get("type", ""), {}).get("fallback_value", ""))

    return re.sub(r"\{\{\s*(\w+)\s*\}\}", value, text)
