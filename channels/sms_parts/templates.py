"""Content templates: what Twilio keeps for an account, in our terms, and their use in a message.

Content API: https://www.twilio.com/docs/content/content-api-resources
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from channels.base import Misconfigured, ProviderTemplate, Refused, TemplateButton, TemplateHeader, TemplateUse
from channels.events import JSON
from channels.sms_parts.api import Api

_VARIABLE = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")
_STATES = {"approved": "approved", "rejected": "rejected", "paused": "paused", "disabled": "disabled"}
_BUTTONS = {"QUICK_REPLY": "reply", "URL": "url", "PHONE_NUMBER": "phone", "COPY_CODE": "copy_code", "VOICE_CALL": "call"}
_PAGES = 50
"""Of a hundred templates each: an account has fewer."""


async def all_templates(api: Api, *, whatsapp: bool) -> Sequence[ProviderTemplate]:
    """Every content template. Off WhatsApp nobody has to approve one."""
    found: list[ProviderTemplate] = []
    page = api.on("content", "/v1/ContentAndApprovals?PageSize=100")
    for _ in range(_PAGES):
        answer = await api.get(page)
        if not isinstance(answer.get("contents"), list):
            raise Misconfigured("What answers at this address is not Twilio's Content API")
        found += [read(each, whatsapp=whatsapp) for each in answer["contents"] if isinstance(each, dict)]
        following = (answer.get("meta") or {}).get("next_page_url")
        if not following:
            break
        page = api.on("content", _path(following))
    return _told_apart(found)


def _told_apart(found: Sequence[ProviderTemplate]) -> Sequence[ProviderTemplate]:
    """Twilio lets two templates have the same name: the end of the SID tells the later ones apart."""
    taken: set[tuple[str, str]] = set()
    named = []
    for each in found:
        name = each.name if (each.name, each.language) not in taken else f"{each.name} ({each.external_id[-6:]})"
        taken.add((name, each.language))
        named.append(replace(each, name=name))
    return named


def _path(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2]


def read(content: Mapping[str, JSON], *, whatsapp: bool) -> ProviderTemplate:
    """One of Twilio's contents. Of its several types the first that says more than plain text is shown."""
    parts = _shown(content.get("types") or {})
    approval = _approval(content.get("approval_requests"))
    status = _STATES.get(str(approval.get("status")), "pending") if whatsapp else "approved"
    return ProviderTemplate(
        name=str(content.get("friendly_name") or approval.get("name") or content.get("sid", "")),
        language=str(content.get("language") or ""),
        external_id=str(content.get("sid", "")),
        status=status,
        category=str(approval.get("category") or "").lower(),
        reason=_reason(approval, status),
        body=str(parts.get("body") or parts.get("title") or ""),
        variables=_variables(content, parts),
        header=_header(parts),
        footer=str(parts.get("footer") or parts.get("subtitle") or ""),
        buttons=[_button(each) for each in parts.get("actions") or () if isinstance(each, dict)],
    )


def _shown(types: Mapping[str, JSON]) -> Mapping[str, JSON]:
    known = {kind: parts for kind, parts in types.items() if isinstance(parts, dict)}
    rich = [parts for kind, parts in known.items() if kind != "twilio/text"]
    return (rich or [*known.values()] or [{}])[0]


def _approval(told: JSON) -> Mapping[str, JSON]:
    """The answer of WhatsApp, which Twilio wraps in more than one way."""
    if isinstance(told, list):
        told = next((each for each in told if isinstance(each, dict)), {})
    if isinstance(told, dict) and isinstance(told.get("whatsapp"), dict):
        told = told["whatsapp"]
    return told if isinstance(told, dict) else {}


def _reason(approval: Mapping[str, JSON], status: str) -> str:
    if status == "pending" and approval.get("status") in (None, "", "unsubmitted"):
        return "Not submitted to WhatsApp for approval yet"
    return str(approval.get("rejection_reason") or "")


def _variables(content: Mapping[str, JSON], parts: Mapping[str, JSON]) -> Sequence[str]:
    """Of all parts alike: Twilio has one set for text, media and buttons. In the order of the text, then the others."""
    named = list(dict.fromkeys(name for text in _texts(parts) for name in _VARIABLE.findall(text)))
    return named or list(content.get("variables") or {})


def _texts(parts: JSON) -> Iterator[str]:
    if isinstance(parts, str):
        yield parts
    elif isinstance(parts, dict):
        for part in sorted(parts, key=lambda name: name != "body"):
            yield from _texts(parts[part])
    elif isinstance(parts, list):
        for part in parts:
            yield from _texts(part)


def _header(parts: Mapping[str, JSON]) -> TemplateHeader | None:
    """Only a text. Media belong to the content itself, or are an address with a variable: nothing is to be attached."""
    return TemplateHeader(kind="text", text=str(parts["header_text"])) if parts.get("header_text") else None


def _button(action: Mapping[str, JSON]) -> TemplateButton:
    kind = str(action.get("type") or "QUICK_REPLY")
    return TemplateButton(kind=_BUTTONS.get(kind, kind.lower()), text=str(action.get("title") or ""))


def parameters(sid: str, use: TemplateUse) -> list[tuple[str, str]]:
    """ContentSid and ContentVariables. Raises Refused for a value that has no text."""
    form = [("ContentSid", sid)]
    values = {name: _text(name, value) for name, value in use.variables.items()}
    if values:
        form.append(("ContentVariables", json.dumps(values, ensure_ascii=False, separators=(",", ":"))))
    return form


def _text(name: str, value: JSON) -> str:
    text = value.get("fallback_value") if isinstance(value, Mapping) else value
    if not isinstance(text, str):
        raise Refused(f"The template's variable {name} needs a text", code="variable")
    return text
