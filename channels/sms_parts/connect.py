"""Introduce a channel to Twilio: are the credentials right, and do its messages (and calls) come to our webhook?

The addresses are set through Twilio's API; where that cannot be done, a note says what to set by hand.
"""

from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

from channels.base import Account, Misconfigured, Refused
from channels.events import JSON
from channels.sms_parts.api import Api
from channels.sms_parts.settings import SmsSettings, is_name, is_service, speaks_whatsapp
from channels.sms_parts.voice import STATUS

_SANDBOX = "whatsapp:+14155238886"
"""Twilio's shared WhatsApp number for trying things out: its addresses can be set only in the console."""
_TRIAL = "A trial account sends only to numbers verified in Twilio's console"
_NO_CALLS = "Phone calls: Messaging Services have no calls; connect the number itself as `from` to answer them"


async def introduce(api: Api, settings: SmsSettings, webhook: str, title: str) -> Account:
    """Raises Misconfigured for wrong credentials or a sender that is not ours, Retry where Twilio is out of reach."""
    account = await api.get(f"{api.account}.json")
    state = account.get("status", "active")
    if state != "active":
        raise Misconfigured(f"The Twilio account is {state}", code="20005")
    notes = [_TRIAL] if account.get("type") == "Trial" else []
    notes += _doubts(api, webhook)
    if not _is_reachable(api, webhook):
        notes.append(_by_hand(webhook))
    else:
        notes += await _point(api, settings, webhook)
    return Account(name=str(account.get("friendly_name") or title), address=settings.from_, notes=notes)


def _by_hand(webhook: str) -> str:
    return f"In Twilio's console, let incoming messages of this sender be posted to {webhook}"


def _doubts(api: Api, webhook: str) -> Sequence[str]:
    """What is wrong with our own address, in Twilio's eyes."""
    parts = urlsplit(webhook)
    if "_" in (parts.hostname or ""):
        return ["Twilio accepts no address with an underscore in its host name: delivery reports cannot come"]
    if not _is_reachable(api, webhook):
        return ["This installation has no public address yet: Twilio cannot deliver messages, calls and delivery reports to it"]
    return []


def _is_reachable(api: Api, webhook: str) -> bool:
    """A stand-in reaches whatever we reach; Twilio only what is public."""
    host = urlsplit(webhook).hostname or ""
    if not api.is_twilio:
        return True
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host and not host.endswith((".local", ".internal", ".localhost", ".lan"))


async def _point(api: Api, settings: SmsSettings, webhook: str) -> Sequence[str]:
    """Set the sender's addresses to ours. What Twilio does not let us set becomes a note; a wrong token is an error."""
    try:
        return await _point_sender(api, settings, webhook)
    except (Refused, Misconfigured) as error:
        if error.code in ("20003", "401"):
            raise
        return [f"{error.reason}. {_by_hand(webhook)}"]


async def _point_sender(api: Api, settings: SmsSettings, webhook: str) -> Sequence[str]:
    sender, service = settings.from_, settings.messaging_service
    if is_service(sender):
        await _point_service(api, sender, webhook)
        return [_NO_CALLS] if settings.calls != "off" else []
    if speaks_whatsapp(sender):
        return await _point_whatsapp(api, sender, webhook)
    if is_name(sender):
        return ["Customers cannot answer a sender that is a name"]
    if service:
        await _point_service(api, service, webhook)
    if sender.startswith("+"):
        return await _point_number(api, settings, webhook)
    return await _point_short_code(api, sender, webhook)


async def _point_service(api: Api, service: str, webhook: str) -> None:
    """A service's own address counts for all of its numbers."""
    values = {"InboundRequestUrl": webhook, "InboundMethod": "POST", "UseInboundWebhookOnNumber": "false"}
    await api.change(api.on("messaging", f"/v1/Services/{service}"), values)


async def _point_number(api: Api, settings: SmsSettings, webhook: str) -> Sequence[str]:
    number = await _find_number(api, settings.from_)
    values = {"SmsUrl": webhook, "SmsMethod": "POST", "SmsApplicationSid": ""}
    if settings.calls != "off":
        values |= _voice_values(webhook)
    await api.change(f"{api.account}/IncomingPhoneNumbers/{number['sid']}.json", values)
    notes = [_elsewhere(number, "sms_url", webhook, "Messages"), _cannot(number, "sms", "send SMS")]
    if settings.calls != "off":
        notes += [_elsewhere(number, "voice_url", webhook, "Calls"), _cannot(number, "voice", "answer calls")]
    if settings.mms:
        notes += [_cannot(number, "mms", "send pictures: switch Pictures off, so that a link is sent instead")]
    return [note for note in notes if note]


def _voice_values(webhook: str) -> dict[str, str]:
    return {
        "VoiceUrl": webhook,
        "VoiceMethod": "POST",
        "VoiceApplicationSid": "",
        "StatusCallback": f"{webhook}?call={STATUS}",
        "StatusCallbackMethod": "POST",
    }


async def _find_number(api: Api, number: str) -> Mapping[str, JSON]:
    found = await api.get(f"{api.account}/IncomingPhoneNumbers.json", PhoneNumber=number)
    exact: list[Mapping[str, JSON]] = [n for n in found.get("incoming_phone_numbers", ()) if n.get("phone_number") == number]
    if not exact:
        raise Misconfigured("The number in `from` does not belong to this Twilio account", code="21659")
    return exact[0]


def _elsewhere(number: Mapping[str, JSON], field: str, webhook: str, what: str) -> str:
    """That another program was connected to the number before, and no longer is. (Twilio's own demo does not count.)"""
    host = urlsplit(str(number.get(field) or "")).hostname or ""
    mine = urlsplit(webhook).hostname
    return "" if host in ("", mine, "demo.twilio.com") else f"{what} of this number went to {host} before, and now come here"


def _cannot(number: Mapping[str, JSON], what: str, words: str) -> str:
    capabilities = number.get("capabilities") or {}
    return f"This number cannot {words}" if capabilities.get(what, capabilities.get(what.upper(), True)) is False else ""


async def _point_short_code(api: Api, code: str, webhook: str) -> Sequence[str]:
    found = await api.get(f"{api.account}/SMS/ShortCodes.json", ShortCode=code)
    exact = [each for each in found.get("short_codes", ()) if each.get("short_code") == code]
    if not exact:
        raise Misconfigured("The short code in `from` does not belong to this Twilio account", code="21659")
    await api.change(f"{api.account}/SMS/ShortCodes/{exact[0]['sid']}.json", {"SmsUrl": webhook, "SmsMethod": "POST"})
    return []


async def _point_whatsapp(api: Api, sender: str, webhook: str) -> Sequence[str]:
    """Twilio's Senders API. It is in public beta and may be closed to an account: then a note must do."""
    if sender == _SANDBOX:
        return [f"In Twilio's console, under the WhatsApp sandbox, let messages that come in be posted to {webhook}"]
    found = await api.get(api.on("messaging", "/v2/Channels/Senders"), Channel="whatsapp", PageSize="100")
    mine = [each for each in found.get("senders", ()) if each.get("sender_id") == sender]
    if not mine:
        raise Misconfigured("The number in `from` is not a WhatsApp sender of this Twilio account", code="63007")
    whole = {"webhook": {"callback_url": webhook, "callback_method": "POST"}}
    await api.change(api.on("messaging", f"/v2/Channels/Senders/{mine[0]['sid']}"), whole=whole)
    return []
