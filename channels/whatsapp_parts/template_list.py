"""Read what Meta says of an account's templates: the list, and the webhooks that keep it true.

Source: Meta's "Message templates" reference (message_templates edge) and its webhooks message_template_status_update,
message_template_quality_update, template_category_update, message_template_components_update.
"""

import re
from collections.abc import Iterator, Mapping

from channels.base import ProviderTemplate, TemplateButton, TemplateHeader
from channels.events import JSON, TemplateNews
from channels.whatsapp_parts.payload import objects_in

FIELDS = "id,name,language,status,category,quality_score,rejected_reason,components"

_STATUSES: Mapping[str, str] = {
    "APPROVED": "approved",
    "REINSTATED": "approved",
    "UNPAUSED": "approved",
    "UNARCHIVED": "approved",
    "PENDING": "pending",
    "IN_APPEAL": "pending",
    "REJECTED": "rejected",
    "PAUSED": "paused",
    "DISABLED": "disabled",
    "ARCHIVED": "disabled",
    "LOCKED": "disabled",
    "LIMIT_EXCEEDED": "disabled",
    "PENDING_DELETION": "removed",
    "DELETED": "removed",
}
"""Meta's status or event -> ours. FLAGGED is not here: such a template can still be sent."""
_QUALITIES = {"GREEN": "high", "YELLOW": "medium", "RED": "low", "UNKNOWN": "unknown"}
_BUTTONS = {"QUICK_REPLY": "reply", "PHONE_NUMBER": "phone", "VOICE_CALL": "call"}
_VALUED = frozenset({"copy_code", "otp"})
"""Kinds of buttons that always need a value."""
_KNOWN_PARTS = frozenset({"HEADER", "BODY", "FOOTER", "BUTTONS"})
_CODE = "*{{1}}* is your verification code."
_VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def read_templates(page: Mapping[str, JSON]) -> Iterator[ProviderTemplate]:
    """The templates of one page of the list; an entry without name or language is passed over."""
    for entry in objects_in(page, "data"):
        if isinstance(entry, dict) and entry.get("name") and entry.get("language"):
            template = _template(entry)
            if template.status != "removed":
                yield template


def next_page(page: Mapping[str, JSON]) -> str:
    """Where the next page begins, empty on the last."""
    paging = page.get("paging")
    cursors = paging.get("cursors") if isinstance(paging, dict) and paging.get("next") else None
    return str(cursors.get("after") or "") if isinstance(cursors, dict) else ""


def _template(entry: Mapping[str, JSON]) -> ProviderTemplate:
    parts = {str(p.get("type", "")).upper(): p for p in objects_in(entry, "components") if isinstance(p, dict)}
    category = str(entry.get("category") or "").lower()
    body = _text(parts.get("BODY")) or (_CODE if category == "authentication" else "")
    quality = entry.get("quality_score")
    reason = str(entry.get("rejected_reason") or "")
    strange = sorted(kind.lower().replace("_", " ") for kind in parts.keys() - _KNOWN_PARTS)
    return ProviderTemplate(
        name=str(entry["name"]),
        language=str(entry["language"]),
        external_id=str(entry.get("id") or ""),
        status=_STATUSES.get(str(entry.get("status") or "").upper(), "pending"),
        category=category,
        quality=_QUALITIES.get(str(quality.get("score") if isinstance(quality, dict) else "").upper(), ""),
        reason="" if reason.upper() == "NONE" else _words(reason),
        body=body,
        variables=_variables(body),
        header=_header(parts["HEADER"]) if "HEADER" in parts else None,
        footer=_text(parts.get("FOOTER")),
        buttons=[_button(b) for b in objects_in(parts.get("BUTTONS", {}), "buttons") if isinstance(b, dict)],
        problem=f"It has a part that cannot be filled in from here: {', '.join(strange)}" if strange else "",
    )


def _text(part: Mapping[str, JSON] | None) -> str:
    text = part.get("text") if part is not None else None
    return text if isinstance(text, str) else ""


def _variables(text: str) -> list[str]:
    return list(dict.fromkeys(_VARIABLE.findall(text)))


def _header(part: Mapping[str, JSON]) -> TemplateHeader:
    """A text's only variable is `header`, or `header.NAME` where it is named."""
    text = _text(part)
    names = ["header" if name.isdigit() else f"header.{name}" for name in _variables(text)]
    return TemplateHeader(kind=str(part.get("format") or "TEXT").lower(), text=text, variables=names)


def _button(part: Mapping[str, JSON]) -> TemplateButton:
    declared = str(part.get("type") or "").upper()
    kind = _BUTTONS.get(declared, declared.lower())
    variable = kind in _VALUED or (kind == "url" and bool(_VARIABLE.search(str(part.get("url") or ""))))
    return TemplateButton(kind=kind, text=_text(part), variable=variable)


def _words(code: str) -> str:
    return code.replace("_", " ").lower()


def template_news(field: str, value: Mapping[str, JSON]) -> TemplateNews | None:
    """What a webhook of this field tells of a template; None where it tells of none."""
    name = _told(value, "message_template_name")
    if not name or field not in _NEWS_FIELDS:
        return None
    event, reason = _told(value, "event").upper(), _told(value, "reason")
    return TemplateNews(
        name=name,
        language=_told(value, "message_template_language"),
        external_id=_told(value, "message_template_id"),
        status=_STATUSES.get(event, ""),
        quality=_QUALITIES.get(_told(value, "new_quality_score").upper(), ""),
        category=_told(value, "new_category").lower() if not value.get("correct_category") else "",
        reason=_words(reason) if reason.upper() not in ("", "NONE") else "",
        stale=field == "message_template_components_update" or event == "APPROVED",
    )


def _told(value: Mapping[str, JSON], key: str) -> str:
    """A text or a number as text; anything else says nothing."""
    found = value.get(key)
    return str(found) if isinstance(found, str | int) else ""


_NEWS_FIELDS = frozenset(
    {
        "message_template_status_update",
        "message_template_quality_update",
        "template_category_update",
        "message_template_components_update",
    }
)
