"""What can be wrong with a WhatsApp number: its token and permissions, the number itself, where its webhooks go. Changes nothing.

Source: Meta's references of the phone number node, of debug_token and of subscribed_apps.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from channels.base import ChannelError, Check
from channels.events import JSON
from channels.whatsapp_parts.graph import Graph
from channels.whatsapp_parts.payload import objects_in

_NUMBER = "verified_name,display_phone_number,quality_rating,webhook_configuration,code_verification_status,status"
_NEEDED = {
    "whatsapp_business_messaging": "send and receive messages",
    "whatsapp_business_management": "read templates and subscribe to webhooks",
}
_RENEW = (
    "Make a permanent token: Meta Business settings, System users, Generate token, with the permissions "
    "whatsapp_business_messaging and whatsapp_business_management; then put it into the settings"
)
_BY_HAND = (
    "Save the channel again, which gives Meta the address. If that does not help, enter it in the app dashboard: WhatsApp, "
    "Configuration, Webhook; the callback URL and verify token are those of this channel, the field to subscribe is messages"
)
_SOON = 7 * 24 * 3600


async def look(graph: Graph, number_id: str, token: str, webhook: str, now: datetime) -> list[Check]:
    """All checks of a number. Raises nothing."""
    try:
        number = await graph.get(number_id, fields=_NUMBER)
    except ChannelError as error:
        return [_not_let_in(error)]
    return [*await _token(graph, token, now), *_number(number), _webhook(number, webhook)]


def _not_let_in(error: ChannelError) -> Check:
    if error.code in ("190", "401", "0"):
        return Check.failed("token", error, _RENEW)
    mend = (
        "Compare the phone number ID (not the phone number) with the app dashboard, WhatsApp, API setup, and give the token's "
        "system user access to this WhatsApp account"
    )
    return Check.failed("number", error, mend)


async def _token(graph: Graph, token: str, now: datetime) -> list[Check]:
    """How long the token lasts and what it may do, as far as Meta tells."""
    try:
        told = (await graph.get("debug_token", input_token=token)).get("data")
    except ChannelError:
        return [Check(name="token", text="Meta takes it")]
    if not isinstance(told, Mapping):
        return [Check(name="token", text="Meta takes it")]
    return [_lasting(told, now), *_permissions(told)]


def _lasting(told: Mapping[str, JSON], now: datetime) -> Check:
    ends = told.get("expires_at")
    if not isinstance(ends, int) or ends <= 0:
        return Check(name="token", text="Meta takes it, and it does not expire")
    until = datetime.fromtimestamp(ends, UTC)
    text = f"Expires on {until:%Y-%m-%d %H:%M} UTC"
    soon = ends - now.timestamp() < _SOON
    return Check(name="token", state="warning" if soon else "ok", text=text, mend=_RENEW if soon else "")


def _permissions(told: Mapping[str, JSON]) -> list[Check]:
    scopes = {str(each) for each in objects_in(told, "scopes")}
    scopes |= {str(each.get("scope")) for each in objects_in(told, "granular_scopes") if isinstance(each, dict)}
    missing = [name for name in _NEEDED if name not in scopes] if scopes else []
    if not missing:
        return [Check(name="permissions", text=", ".join(sorted(scopes & _NEEDED.keys())))] if scopes else []
    worst = "error" if "whatsapp_business_messaging" in missing else "warning"
    text = "; ".join(f"{name} is missing: needed to {_NEEDED[name]}" for name in missing)
    return [Check(name="permissions", state=worst, text=text, mend=_RENEW)]


def _number(number: Mapping[str, JSON]) -> list[Check]:
    shown = f"{number.get('display_phone_number') or ''} {number.get('verified_name') or ''}".strip()
    found = [Check(name="number", text=shown)]
    state = str(number.get("status") or "CONNECTED")
    if state != "CONNECTED":
        mend = "Register the number: app dashboard, WhatsApp, API setup; look for messages of Meta in the WhatsApp Manager"
        found = [Check(name="number", state="error", text=f"{shown} is {state.lower()} with WhatsApp", mend=mend)]
    quality = str(number.get("quality_rating") or "UNKNOWN")
    if quality in ("RED", "YELLOW"):
        text = f"WhatsApp rates the quality of this number as {'low' if quality == 'RED' else 'medium'}"
        mend = "Customers block or report messages: send fewer broadcasts, and only to those who asked for them"
        found.append(Check(name="quality", state="warning", text=text, mend=mend))
    return found


def _webhook(number: Mapping[str, JSON], webhook: str) -> Check:
    """The most particular address counts: the number's own, then the account's, then the app's."""
    known = number.get("webhook_configuration")
    levels: Sequence[str] = ("phone_number", "whatsapp_business_account", "application")
    url = next((str(known[level]) for level in levels if known.get(level)), "") if isinstance(known, Mapping) else ""
    if url == webhook:
        return Check(name="webhook", text=f"Meta delivers to {urlsplit(url).netloc}")
    if not url:
        return Check(name="webhook", state="error", text="Meta has no address to deliver messages to", mend=_BY_HAND)
    elsewhere = f"Meta delivers to {urlsplit(url).hostname or 'another address'}, not to this channel's address"
    return Check(name="webhook", state="error", text=elsewhere, mend=_BY_HAND)
