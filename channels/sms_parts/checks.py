"""What can be wrong with a Twilio channel: its credentials, its sender, where Twilio delivers. Looks, and changes nothing."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from channels.base import ChannelError, Check, Misconfigured
from channels.events import JSON
from channels.sms_parts.api import Api
from channels.sms_parts.settings import SmsSettings, is_name, is_service, speaks_whatsapp

_CREDENTIALS = "Copy the account SID and the auth token again from the first page of Twilio's console"
_AGAIN = "Save the channel again, which sets the address at Twilio"


async def look(api: Api, settings: SmsSettings, webhook: str) -> list[Check]:
    """All checks of a sender. Raises nothing."""
    try:
        account = await api.get(f"{api.account}.json")
    except ChannelError as error:
        return [Check.failed("token", error, _CREDENTIALS)]
    state = str(account.get("status", "active"))
    if state != "active":
        return [Check(name="account", state="error", text=f"The Twilio account is {state}", mend="Look into Twilio's console")]
    return [*_account(account), *await _sender(api, settings, webhook)]


def _account(account: Mapping[str, JSON]) -> list[Check]:
    found = [Check(name="token", text="Twilio takes it")]
    if account.get("type") == "Trial":
        text = "This is a trial account: it sends only to numbers that were verified in Twilio's console"
        found.append(Check(name="account", state="warning", text=text, mend="Upgrade the account in Twilio's console"))
    return found


async def _sender(api: Api, settings: SmsSettings, webhook: str) -> list[Check]:
    """The sender belongs to the account, can do what is wanted of it, and its messages come to us."""
    sender = settings.from_
    try:
        if is_service(sender):
            service = await api.get(api.on("messaging", f"/v1/Services/{sender}"))
            return [_delivered(service.get("inbound_request_url"), webhook)]
        if speaks_whatsapp(sender):
            return await _whatsapp(api, sender, webhook)
        if is_name(sender):
            text = "The sender is a name: customers cannot answer it"
            return [Check(name="sender", state="warning", text=text, mend="Use a number if answers are wanted")]
        return await _number(api, settings, webhook) if sender.startswith("+") else await _short_code(api, sender, webhook)
    except ChannelError as error:
        return [Check.failed("sender", error, "Take a sender in `from` that Twilio's console lists for this account")]


async def _number(api: Api, settings: SmsSettings, webhook: str) -> list[Check]:
    answer = await api.get(f"{api.account}/IncomingPhoneNumbers.json", PhoneNumber=settings.from_)
    number = _exact(answer, "incoming_phone_numbers", "phone_number", settings.from_)
    can = number.get("capabilities") or {}
    found = [Check(name="sender", text="The number belongs to this account")]
    if can.get("sms", can.get("SMS", True)) is False:
        found = [Check(name="sender", state="error", text="This number cannot send SMS", mend="Buy one that can")]
    if number.get("sms_application_sid"):
        text, mend = "Messages of this number go to a TwiML application, not to this channel", _AGAIN
        return [*found, Check(name="webhook", state="error", text=text, mend=mend)]
    return [*found, _delivered(number.get("sms_url"), webhook)]


async def _short_code(api: Api, code: str, webhook: str) -> list[Check]:
    answer = await api.get(f"{api.account}/SMS/ShortCodes.json", ShortCode=code)
    return [_delivered(_exact(answer, "short_codes", "short_code", code).get("sms_url"), webhook)]


async def _whatsapp(api: Api, sender: str, webhook: str) -> list[Check]:
    answer = await api.get(api.on("messaging", "/v2/Channels/Senders"), Channel="whatsapp", PageSize="100")
    found = _exact(answer, "senders", "sender_id", sender)
    status = str(found.get("status") or "ONLINE")
    told = found.get("webhook")
    delivered = _delivered(told.get("callback_url") if isinstance(told, Mapping) else None, webhook)
    if status.partition(":")[0] == "ONLINE":
        return [delivered]
    mend = "Finish its registration in Twilio's console, under WhatsApp senders"
    return [Check(name="sender", state="error", text=f"The WhatsApp sender is {status.lower()}", mend=mend), delivered]


def _exact(answer: Mapping[str, JSON], list_name: str, field: str, wanted: str) -> Mapping[str, JSON]:
    listed = answer.get(list_name)
    found: list[Mapping[str, JSON]] = [
        each for each in (listed if isinstance(listed, list) else ()) if isinstance(each, Mapping) and each.get(field) == wanted
    ]
    if not found:
        raise Misconfigured("The sender does not belong to this Twilio account", code="21659")
    return found[0]


def _delivered(url: object, webhook: str) -> Check:
    """Whether incoming messages are posted to us."""
    if url == webhook:
        return Check(name="webhook", text=f"Twilio delivers to {urlsplit(webhook).netloc}")
    host = urlsplit(str(url or "")).hostname
    text = f"Twilio delivers to {host}, not to this channel's address" if host else "Twilio has no address to deliver messages to"
    return Check(name="webhook", state="error", text=text, mend=_AGAIN)
