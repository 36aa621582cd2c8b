"""A stand-in for Twilio: its REST API for messages, signed webhooks, delivery reports, media, STOP / START, phone calls.

It is one sender (an SMS number, `whatsapp:+number` or a Messaging Service `MG...`) of one account.
"""

import asyncio
import base64
import hmac
import itertools
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import ClassVar
from urllib.parse import parse_qsl, urlencode

import aiohttp
from aiohttp import web

from channels.sandbox.base import Bubble, Customer, Draft, Fault, PhoneFile, Phones, StandIn
from channels.sandbox.sms_account import AccountApi
from channels.sandbox.sms_calls import Call, Caller
from channels.sandbox.sms_rules import Refusal, Sender, check_message, error

_STOP = frozenset({"STOP", "UNSUBSCRIBE", "END", "QUIT", "STOPALL", "REVOKE", "OPTOUT", "CANCEL"})
_RESUME = frozenset({"START", "UNSTOP", "YES"})
_HELP = frozenset({"HELP", "INFO"})
_HELPED = "Reply STOP to unsubscribe. Msg&Data Rates May Apply."
_STOPPED = "You have successfully been unsubscribed from messages from this number. Reply START to resubscribe."
_RESUMED = (
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe."
)


@dataclass(slots=True, kw_only=True)
class _Accepted:
    """A message that we were given: who has it and where its statuses go."""

    form: Mapping[str, str]
    media: Sequence[str]
    bubble: Bubble
    customer: Customer
    callback: str


class TwilioStandIn(StandIn):
    """One Twilio account with one sender."""

    kind: ClassVar[str] = "sms"

    def __init__(
        self,
        phones: Phones,
        *,
        sender: str = "+15005550006",
        account_sid: str = "AC" + "5" * 32,
        auth_token: str = "sandbox-token",  # noqa: S107 - of the stand-in itself
    ) -> None:
        super().__init__(phones)
        self.sender, self.account_sid, self.auth_token = sender, account_sid, auth_token
        self.stopped: set[str] = set()
        """Addresses whose owner sent STOP."""
        self._whatsapp = sender.startswith("whatsapp:")
        self._authorization = "Basic " + base64.b64encode(f"{account_sid}:{auth_token}".encode()).decode()
        self._numbers = itertools.count(time.time_ns())  # no SID comes twice, also after a restart
        self._media: dict[str, PhoneFile] = {}
        self._callbacks: dict[str, _Accepted] = {}
        self._heard: dict[str, datetime] = {}
        """When a customer last wrote: WhatsApp's window."""
        self.account = AccountApi(sender, account_sid, self._refusal)

    def settings(self) -> dict[str, str]:
        return {"account_sid": self.account_sid, "auth_token": self.auth_token, "from": self.sender, "api_base": self.base_url}

    def routes(self) -> web.Application:
        app = web.Application()
        account = "/2010-04-01/Accounts/{account}"
        app.router.add_post(f"{account}/Messages.json", self._create_message)
        app.router.add_get(f"{account}.json", self._show_account)
        app.router.add_get(f"{account}/Messages/{{message}}/Media/{{media}}", self._find_media)
        app.router.add_get("/stored-media/{media}", self._show_media)
        app.router.add_get(f"{account}/Recordings/{{media}}.mp3", self._find_media)
        self.account.add_routes(app, account)
        return app

    def refuse(self, fault: Fault, headers: Mapping[str, str]) -> web.Response:
        codes = {401: 20003, 403: 20403, 404: 20404, 429: 20429, 500: 20500, 503: 20503}
        return error(fault.status, codes.get(fault.status, fault.status * 100), "Fault", headers)

    # What the business does

    async def _create_message(self, request: web.Request) -> web.Response:
        fault = await self.meet_fault()
        if fault is not None:
            return fault
        body = await request.read()
        pairs = parse_qsl(body.decode(), keep_blank_values=True)
        form, media = dict(pairs), [value for name, value in pairs if name == "MediaUrl"]
        try:
            self._check_account(request)
            check_message(self._sender(), form, media)
        except Refusal as refusal:
            return refusal.response
        accepted = self._accept(form, media)
        if self.drops(request):
            raise web.HTTPServiceUnavailable
        return web.json_response(self._shown(accepted), status=201)

    def _check_account(self, request: web.Request) -> None:
        if not hmac.compare_digest(request.headers.get("Authorization", ""), self._authorization):
            raise Refusal(401, 20003, "Authenticate")
        if request.match_info.get("account", self.account_sid) != self.account_sid:
            raise Refusal(404, 20404, "The requested resource was not found")

    def _sender(self) -> Sender:
        return Sender(name=self.sender, stopped=self.stopped, contents=self.account.contents)

    def _refusal(self, request: web.Request) -> web.Response | None:
        try:
            self._check_account(request)
        except Refusal as refusal:
            return refusal.response
        return None

    def _accept(self, form: dict[str, str], media: Sequence[str]) -> _Accepted:
        customer = self.phones.owner(self.kind, form["To"].removeprefix("whatsapp:"))
        text = form.get("Body", "") or self._template_text(form)
        bubble = Bubble(id=self._sid("MM" if media else "SM"), channel=self.kind, mine=False, text=text, state="sent")
        accepted = _Accepted(form=form, media=media, bubble=bubble, customer=customer, callback=form.get("StatusCallback", ""))
        self._callbacks[bubble.id] = accepted
        self.received.append({**form, "MediaUrl": list(media)} if media else form)
        if self._whatsapp and not self._window_open(form):
            self._later_report(accepted, ("failed",), 63016)
            return accepted
        self.phones.show(customer, bubble)
        self._later_deliver(accepted)
        return accepted

    def _template_text(self, form: Mapping[str, str]) -> str:
        """The text of a content template, with its variables filled in."""
        content = self.account.contents.get(form.get("ContentSid", ""))
        if content is None:
            return ""
        text = str(next(iter(content["types"].values())).get("body", ""))
        for name, value in json.loads(form.get("ContentVariables") or "{}").items():
            text = text.replace("{{" + name + "}}", str(value))
        return text

    def _window_open(self, form: Mapping[str, str]) -> bool:
        heard = self._heard.get(form["To"].removeprefix("whatsapp:"))
        return "ContentSid" in form or (heard is not None and datetime.now(UTC) - heard < timedelta(hours=24))

    def _shown(self, accepted: _Accepted) -> dict[str, object]:
        sid, form = accepted.bubble.id, accepted.form
        return {
            "sid": sid,
            "account_sid": self.account_sid,
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "from": form.get("From"),
            "to": form["To"],
            "body": accepted.bubble.text,
            "status": "accepted" if "MessagingServiceSid" in form else "queued",
            "direction": "outbound-api",
            "num_media": str(len(accepted.media)),
            "num_segments": "1",
            "date_created": format_datetime(accepted.bubble.at),
            "error_code": None,
            "error_message": None,
            "uri": f"/2010-04-01/Accounts/{self.account_sid}/Messages/{sid}.json",
        }

    async def _show_account(self, request: web.Request) -> web.Response:
        return self._refusal(request) or web.json_response(
            {
                "sid": self.account_sid,
                "friendly_name": "Sandbox",
                "status": "active",
                "type": "Full",
                "auth_token": self.auth_token,
            }
        )

    # Delivery and its reports

    def _later_deliver(self, accepted: _Accepted) -> None:
        if accepted.media or (self.statuses and accepted.callback):
            self.later(asyncio.create_task(self._deliver(accepted)))
        else:
            accepted.bubble.state = "delivered"

    async def _deliver(self, accepted: _Accepted) -> None:
        """Fetch the media as Twilio does, then report sent and delivered, or undelivered where the media cannot be had."""
        try:
            accepted.bubble.files = [await self._fetch(url) for url in accepted.media]
        except aiohttp.ClientError:
            await self._report(accepted, ("undelivered",), 63019 if self._whatsapp else 30008)
            return
        accepted.bubble.state = "delivered"
        self.phones.changed(accepted.customer)
        if self.statuses:
            await self._report(accepted, ("sent", "delivered"))

    async def _fetch(self, url: str) -> PhoneFile:
        async with self.http.get(url, raise_for_status=True) as response:
            mime = response.content_type
            kind = mime.partition("/")[0]
            name = url.partition("?")[0].rsplit("/", 1)[-1]
            content = await response.read()
        return PhoneFile(kind=kind if kind in ("image", "audio", "video") else "file", name=name, mime=mime, content=content)

    def _later_report(self, accepted: _Accepted, states: Sequence[str], code: int = 0) -> None:
        if accepted.callback:
            self.later(asyncio.create_task(self._report(accepted, states, code)))

    async def _report(self, accepted: _Accepted, states: Sequence[str], code: int = 0) -> None:
        """Call the status callback with each state in turn; a callback that fails is not repeated."""
        for state in states:
            sid, form = accepted.bubble.id, accepted.form
            parameters = {"MessageSid": sid, "SmsSid": sid, "MessageStatus": state, "SmsStatus": state, "To": form["To"]}
            parameters |= {"From": form.get("From", self.sender), "AccountSid": self.account_sid, "ApiVersion": "2010-04-01"}
            if code:
                parameters["ErrorCode"] = str(code)
            await self._call(accepted.callback, parameters)

    async def read(self, customer: Customer) -> None:
        """WhatsApp reports what was read; of SMS nobody knows."""
        for bubble in customer.bubbles:
            accepted = self._callbacks.get(bubble.id)
            if accepted and bubble.state == "delivered":
                bubble.state = "read"
                if self._whatsapp and self.statuses and accepted.callback:
                    await self._report(accepted, ("read",))
        self.phones.changed(customer)

    # What the customer does

    async def write(self, customer: Customer, draft: Draft) -> Bubble:
        address = customer.addresses[self.kind]
        sid = self._sid("MM" if draft.files else "SM")
        bubble = Bubble(
            id=sid, channel=self.kind, mine=True, text=draft.text, files=draft.files, reply_to=draft.reply_to, state="sent"
        )
        self.phones.show(customer, bubble)
        self._heard[address] = datetime.now(UTC)
        parameters = self._inbound(sid, address, draft)
        if self._whatsapp:
            parameters |= self._whatsapp_parameters(customer, draft)
        else:
            parameters |= self._obey(customer, address, draft.text)
        if self.webhook and await self._call(self.webhook, parameters):
            bubble.state = "delivered"
            self.phones.changed(customer)
        return bubble

    def _inbound(self, sid: str, address: str, draft: Draft) -> dict[str, str]:
        prefix = "whatsapp:" if self._whatsapp else ""
        parameters = {
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsMessageSid": sid,
            "AccountSid": self.account_sid,
            "SmsStatus": "received",
        }
        parameters |= {"From": prefix + address, "To": self.sender, "Body": draft.text, "ApiVersion": "2010-04-01"}
        parameters |= {"NumMedia": str(len(draft.files)), "NumSegments": "1", "FromCity": "", "FromCountry": ""}
        if self.sender.startswith("MG"):
            parameters |= {"To": "+15005550006", "MessagingServiceSid": self.sender}
        for number, file in enumerate(draft.files):
            media = self._sid("ME")
            self._media[media] = file
            parameters[f"MediaUrl{number}"] = (
                f"{self.base_url}/2010-04-01/Accounts/{self.account_sid}/Messages/{sid}/Media/{media}"
            )
            parameters[f"MediaContentType{number}"] = file.mime
        return parameters

    def _whatsapp_parameters(self, customer: Customer, draft: Draft) -> dict[str, str]:
        found = {"ProfileName": customer.name, "WaId": customer.addresses[self.kind].lstrip("+")}
        if draft.choice:
            found |= {"ButtonText": draft.text, "ButtonPayload": draft.choice, "MessageType": "button"}
        if draft.reply_to:
            found |= {"OriginalRepliedMessageSid": draft.reply_to, "OriginalRepliedMessageSender": self.sender}
        return found

    def _obey(self, customer: Customer, address: str, text: str) -> dict[str, str]:
        """STOP, START and HELP take effect at Twilio itself, which answers the customer; a Messaging Service also tells us."""
        word = text.strip().upper()
        if word in _STOP:
            told, answer = "STOP", "" if address in self.stopped else _STOPPED
            self.stopped.add(address)
        elif word in _RESUME and (word != "YES" or address in self.stopped):
            told, answer = "START", _RESUMED if address in self.stopped else ""
            self.stopped.discard(address)
        elif word in _HELP:
            told, answer = "HELP", _HELPED
        else:
            return {}
        if answer:
            self.phones.show(customer, Bubble(id=self._sid("SM"), channel=self.kind, mine=False, text=answer))
        return {"OptOutType": told} if self.sender.startswith("MG") else {}

    async def call(self, customer: Customer, caller: Caller | None = None) -> list[str]:
        """The customer rings us up. Returns what they were told; nobody hears of it while the number has no voice webhook."""
        number = next(iter(self.account.numbers), {})
        heard: list[str] = []
        if number.get("voice_url"):
            await Call(
                sid=self._sid("CA"), account=self.account_sid, customer=customer, number=self.sender,
                voice_url=number["voice_url"], status_url=number["status_callback"], caller=caller or Caller(),
                post=self._post, file=self._keep_recording, heard=heard,
            ).run()  # fmt: skip
        return heard

    def _keep_recording(self, file: PhoneFile) -> tuple[str, str]:
        sid = self._sid("RE")
        self._media[sid] = file
        return sid, f"{self.base_url}/2010-04-01/Accounts/{self.account_sid}/Recordings/{sid}"

    # The wire

    async def _call(self, url: str, parameters: Mapping[str, str]) -> bool:
        """Post a signed form; whether it was accepted. Twilio does not repeat what failed."""
        response = await self._post(url, parameters)
        return response is not None and response.ok

    async def _post(self, url: str, parameters: Mapping[str, str]) -> aiohttp.ClientResponse | None:
        text = url + "".join(f"{name}{parameters[name]}" for name in sorted(parameters))
        signed = base64.b64encode(hmac.digest(self.auth_token.encode(), text.encode(), "sha1")).decode()
        headers = {"X-Twilio-Signature": signed, "Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        try:
            async with self.http.post(url, data=urlencode(parameters).encode(), headers=headers) as response:
                await response.read()
                return response
        except aiohttp.ClientError:
            return None

    async def _find_media(self, request: web.Request) -> web.Response:
        """Twilio sends the owner on to where the bytes are, without credentials."""
        if refusal := self._refusal(request):
            return refusal
        if request.match_info["media"] not in self._media:
            return error(404, 20404, "The requested resource was not found")
        raise web.HTTPTemporaryRedirect(f"{self.base_url}/stored-media/{request.match_info['media']}")

    async def _show_media(self, request: web.Request) -> web.Response:
        file = self._media[request.match_info["media"]]
        return web.Response(body=file.content, content_type=file.mime.partition(";")[0])

    def _sid(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):032x}"
