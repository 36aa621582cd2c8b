"""What else a Twilio account holds, for the stand-in: its numbers and their webhooks, services, WhatsApp senders, templates.

The shapes are those of Twilio's documentation: /docs/phone-numbers/api/incomingphonenumber-resource, /docs/messaging/api,
/docs/whatsapp/api/senders, /docs/content/content-api-resources.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

Check = Callable[[web.Request], web.Response | None]
"""The refusal of a call that is not authorised, else None."""

_WORDS = {"SmsUrl": "sms_url", "SmsMethod": "sms_method", "SmsApplicationSid": "sms_application_sid", "VoiceUrl": "voice_url",
          "VoiceMethod": "voice_method", "VoiceApplicationSid": "voice_application_sid", "StatusCallback": "status_callback",
          "StatusCallbackMethod": "status_callback_method"}  # fmt: skip
_SERVICE_WORDS = {
    "InboundRequestUrl": "inbound_request_url",
    "InboundMethod": "inbound_method",
    "UseInboundWebhookOnNumber": "use_inbound_webhook_on_number",
}


class AccountApi:
    """One account with one sender: a number, a Messaging Service or a WhatsApp sender."""

    def __init__(self, sender: str, account_sid: str, check: Check) -> None:
        self._check = check
        self._account = account_sid
        self.numbers = [_number(sender)] if sender.startswith("+") else []
        self.services = {sender: _service(sender)} if sender.startswith("MG") else {}
        self.senders = [_whatsapp_sender(sender)] if sender.startswith("whatsapp:") else []
        self.contents: dict[str, dict[str, Any]] = {}
        self.typing: list[str] = []
        """Messages under which dots were shown."""

    def add_content(self, sid: str, name: str, language: str, types: Mapping[str, Any], status: str = "approved") -> None:
        """A content template, as somebody made it in the console."""
        approval = {"name": name, "category": "UTILITY", "content_type": next(iter(types)), "status": status}
        self.contents[sid] = {
            "sid": sid, "account_sid": self._account, "friendly_name": name, "language": language, "variables": {},
            "types": dict(types), "approval_requests": {**approval, "rejection_reason": "", "allow_category_change": True},
        }  # fmt: skip

    def add_routes(self, app: web.Application, account: str) -> None:
        add = app.router.add_route
        add("GET", f"{account}/IncomingPhoneNumbers.json", self._allowed(self._list_numbers))
        add("POST", f"{account}/IncomingPhoneNumbers/{{number}}.json", self._allowed(self._change_number))
        add("GET", "/v1/Services/{service}", self._allowed(self._show_service))
        add("POST", "/v1/Services/{service}", self._allowed(self._change_service))
        add("GET", "/v2/Channels/Senders", self._allowed(self._list_senders))
        add("POST", "/v2/Channels/Senders/{sender}", self._allowed(self._change_sender))
        add("GET", "/v1/ContentAndApprovals", self._allowed(self._list_contents))
        add("POST", "/v2/Indicators/Typing.json", self._allowed(self._show_typing))

    def _allowed(self, handler: Callable[[web.Request], Awaitable[web.Response]]) -> Any:
        async def guarded(request: web.Request) -> web.Response:
            return self._check(request) or await handler(request)

        return guarded

    async def _list_numbers(self, request: web.Request) -> web.Response:
        wanted = request.query.get("PhoneNumber", "")
        found = [number for number in self.numbers if wanted in number["phone_number"]]
        return web.json_response({"incoming_phone_numbers": found, "page": 0, "page_size": 50})

    async def _change_number(self, request: web.Request) -> web.Response:
        number = next((n for n in self.numbers if n["sid"] == request.match_info["number"]), None)
        return await _change(request, number, _WORDS)

    async def _show_service(self, request: web.Request) -> web.Response:
        service = self.services.get(request.match_info["service"])
        return web.json_response(service) if service is not None else _unknown()

    async def _change_service(self, request: web.Request) -> web.Response:
        return await _change(request, self.services.get(request.match_info["service"]), _SERVICE_WORDS)

    async def _list_senders(self, request: web.Request) -> web.Response:
        return web.json_response({"senders": self.senders, "meta": {"page": 0, "page_size": 50, "next_page_url": None}})

    async def _change_sender(self, request: web.Request) -> web.Response:
        sender = next((s for s in self.senders if s["sid"] == request.match_info["sender"]), None)
        if sender is None:
            return _unknown()
        sender["webhook"] |= json.loads(await request.read())["webhook"]
        return web.json_response(sender, status=202)

    async def _list_contents(self, request: web.Request) -> web.Response:
        page, size = int(request.query.get("Page", "0")), int(request.query.get("PageSize", "50"))
        listed = list(self.contents.values())
        more = len(listed) > (page + 1) * size
        following = f"https://content.twilio.com/v1/ContentAndApprovals?PageSize={size}&Page={page + 1}" if more else None
        meta = {"page": page, "page_size": size, "next_page_url": following, "key": "contents"}
        return web.json_response({"contents": listed[page * size : (page + 1) * size], "meta": meta})

    async def _show_typing(self, request: web.Request) -> web.Response:
        form = dict(parse_qsl((await request.read()).decode()))
        if form.get("channel") != "whatsapp" or not form.get("messageId", "").startswith(("SM", "MM")):
            return web.json_response({"code": 20422, "message": "Invalid Parameter", "status": 422}, status=422)
        self.typing.append(form["messageId"])
        return web.json_response({"success": True})


async def _change(request: web.Request, resource: dict[str, Any] | None, words: Mapping[str, str]) -> web.Response:
    """Set what the form names; what Twilio does not know is an error, so that a mistyped parameter is seen."""
    if resource is None:
        return _unknown()
    for name, value in parse_qsl((await request.read()).decode(), keep_blank_values=True):
        if name not in words:
            return web.json_response({"code": 20001, "message": f"Unknown parameter {name}", "status": 400}, status=400)
        resource[words[name]] = value
    return web.json_response(resource)


def _unknown() -> web.Response:
    return web.json_response({"code": 20404, "message": "The requested resource was not found", "status": 404}, status=404)


def _number(number: str) -> dict[str, Any]:
    return {
        "sid": "PN" + "1" * 32, "phone_number": number, "sms_url": "https://demo.twilio.com/welcome/sms/reply/", "voice_url": "",
        "status_callback": "", "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
    }  # fmt: skip


def _service(sid: str) -> dict[str, Any]:
    return {"sid": sid, "friendly_name": "Sandbox", "inbound_request_url": None, "use_inbound_webhook_on_number": True}


def _whatsapp_sender(sender: str) -> dict[str, Any]:
    return {"sid": "XE" + "1" * 32, "sender_id": sender, "status": "ONLINE", "webhook": {"callback_url": None}}
