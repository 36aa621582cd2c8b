"""What WhatsApp says about templates, the number and the account, in words for the person who looks after the channel.

Source: Meta's webhooks reference (account_update, message_template_status_update, phone_number_quality_update and so on).
"""

from collections.abc import Callable, Mapping

from channels.events import JSON, Notice
from channels.whatsapp_parts.errors import reason_of
from channels.whatsapp_parts.payload import objects_in
from channels.whatsapp_parts.template_list import template_news

_BAD = frozenset(
    {
        "REJECTED",
        "FLAGGED",
        "PAUSED",
        "DISABLED",
        "DISABLED_UPDATE",
        "DELETED",
        "PENDING_DELETION",
        "DOWNGRADE",
        "RED",
        "ACCOUNT_RESTRICTION",
        "ACCOUNT_VIOLATION",
        "ACCOUNT_DELETED",
        "ACCOUNT_OFFBOARDED",
        "PARTNER_REMOVED",
        "DEFERRED",
    }
)
"""Outcomes that somebody should look at."""


def notice_of(field: str, value: Mapping[str, JSON]) -> Notice:
    """The notice that a webhook field is; `data` keeps the value as it came, with its field."""
    kind, words = _FIELDS.get(field, (field, _generic))
    text = words(value) or _generic(value)
    outcome = str(value.get("event") or value.get("decision") or value.get("new_quality_score") or "").upper()
    reinstated = _at(value, "ban_info", "waba_ban_state") == "REINSTATE"
    error = field == "errors" or (outcome in _BAD and not reinstated)
    return Notice(kind=kind, text=text, data={"field": field, **value}, error=error, template=template_news(field, value))


def _at(value: Mapping[str, JSON], *path: str) -> str:
    """The text at the end of a path of keys, empty where the path breaks off."""
    found: JSON = value
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return "" if found is None or isinstance(found, dict | list) else str(found)


def _readable(word: str) -> str:
    return word.replace("_", " ").lower()


def _template(value: Mapping[str, JSON]) -> str:
    return f"Template {_at(value, 'message_template_name')} ({_at(value, 'message_template_language')})"


def _template_status(value: Mapping[str, JSON]) -> str:
    reason = _at(value, "reason")
    why = f": {_readable(reason)}" if reason and reason != "NONE" else ""
    return f"{_template(value)} is {_readable(_at(value, 'event'))}{why}"


def _template_quality(value: Mapping[str, JSON]) -> str:
    return f"{_template(value)}: quality is {_readable(_at(value, 'new_quality_score'))}"


def _template_category(value: Mapping[str, JSON]) -> str:
    coming = _at(value, "correct_category")
    return f"{_template(value)}: category {'will be' if coming else 'is now'} {_readable(coming or _at(value, 'new_category'))}"


def _template_components(value: Mapping[str, JSON]) -> str:
    return f"{_template(value)} has a new text"


def _number_quality(value: Mapping[str, JSON]) -> str:
    limit = _at(value, "current_limit") or _at(value, "max_daily_conversations_per_business")
    limit_words = f"; messaging limit {_readable(limit.removeprefix('TIER_'))}" if limit else ""
    return f"Quality of the number: {_readable(_at(value, 'event'))}{limit_words}"


def _number_name(value: Mapping[str, JSON]) -> str:
    name = _at(value, "requested_verified_name")
    reason = _at(value, "rejection_reason")
    return f"Display name {name} is {_readable(_at(value, 'decision'))}{f': {_readable(reason)}' if reason else ''}"


def _account(value: Mapping[str, JSON]) -> str:
    ban = _at(value, "ban_info", "waba_ban_state")
    date = _at(value, "ban_info", "waba_ban_date")
    restrictions = [r for r in objects_in(value, "restriction_info") if isinstance(r, dict)]
    limits = [_readable(_at(restriction, "restriction_type")) for restriction in restrictions]
    more = "; ".join(part for part in [_readable(ban), date, *limits] if part)
    return f"WhatsApp business account: {_readable(_at(value, 'event'))}{f' ({more})' if more else ''}"


def _alert(value: Mapping[str, JSON]) -> str:
    said = _at(value, "alert_info", "alert_description") or _at(value, "alert_description")
    return f"WhatsApp alert: {said}" if said else ""


def _capability(value: Mapping[str, JSON]) -> str:
    limit = _at(value, "max_daily_conversations_per_business") or _at(value, "max_daily_conversation_per_phone")
    people = "any number of" if limit == "-1" else limit
    return f"WhatsApp lets the business write first to {people} people a day" if limit else ""


def _account_review(value: Mapping[str, JSON]) -> str:
    return f"WhatsApp reviewed the business account: {_readable(_at(value, 'decision'))}"


def _error(value: Mapping[str, JSON]) -> str:
    return f"WhatsApp reports a problem: {reason_of(value)}"


def _history(value: Mapping[str, JSON]) -> str:
    return f"Chat history of the phone app: {reason_of(value)}"


def _call(value: Mapping[str, JSON]) -> str:
    return f"WhatsApp call: {_readable(_at(value, 'event'))}"


def _generic(value: Mapping[str, JSON]) -> str:
    said = _at(value, "event") or _at(value, "decision") or _at(value, "type") or _at(value, "message")
    return f"WhatsApp notice: {_readable(said)}" if said else "WhatsApp notice"


_FIELDS: Mapping[str, tuple[str, Callable[[Mapping[str, JSON]], str]]] = {
    "message_template_status_update": ("template", _template_status),
    "message_template_quality_update": ("template", _template_quality),
    "template_category_update": ("template", _template_category),
    "message_template_components_update": ("template", _template_components),
    "phone_number_quality_update": ("quality", _number_quality),
    "phone_number_name_update": ("account", _number_name),
    "account_update": ("account", _account),
    "account_review_update": ("account", _account_review),
    "account_alerts": ("account", _alert),
    "account_settings_update": ("account", _generic),
    "business_capability_update": ("account", _capability),
    "business_status_update": ("account", _generic),
    "security": ("account", _generic),
    "smb_app_state_sync": ("contact_book", _generic),
    "calls": ("call", _call),
    "errors": ("error", _error),
    "history": ("history", _history),
}
