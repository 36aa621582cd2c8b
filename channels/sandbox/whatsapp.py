"""A stand-in for Meta's WhatsApp Cloud API: the Graph calls that send, and the signed webhooks that come back.

Source: Meta's Cloud API reference, its limits and error codes. It shares no code with the connector.
"""

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import aiohttp
import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from channels.sandbox.base import Bubble, Customer, Draft, Fault, Phones, StandIn
from channels.sandbox.whatsapp_account import Account
from channels.sandbox.whatsapp_files import Files
from channels.sandbox.whatsapp_hooks import DISPLAY, Element, Hooks
from channels.sandbox.whatsapp_refusals import Refusal, Shown, graph_error
from channels.sandbox.whatsapp_rules import check_body
from channels.sandbox.whatsapp_writing import contents_of, pressed


def digits_of(address: str) -> str:
    """A phone number as WhatsApp writes it; a user id stays as it is."""
    return re.sub(r"\D", "", address) if not re.match(r"[A-Z]{2}\.", address) else address


@web.middleware
async def _refuse(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say a refusal, or that a parameter is missing or misshapen, in Meta's words."""
    try:
        return await handler(request)
    except Refusal as refusal:
        return graph_error(refusal)
    except (AttributeError, KeyError, TypeError, ValueError):
        return graph_error(Refusal(code=100, message="(#100) Invalid parameter"))


class WhatsAppStandIn(StandIn):
    kind: ClassVar[str] = "whatsapp"

    def __init__(self, phones: Phones, *, statuses: bool = True) -> None:
        super().__init__(phones)
        self.statuses = statuses
        self.phone_number_id = "100200300400500"
        # Of an account that exists nowhere else, and the same after a restart: a connected channel goes on working.
        self.access_token, self.app_secret, self.verify_token = "sandbox-token", "sandbox-app-secret", "sandbox-verify"
        self.window: timedelta | None = timedelta(hours=24)
        """None: every message is taken, whenever the customer last wrote."""
        self.account = Account(self.phone_number_id, self._authorise)
        self.templates = self.account.templates
        self.manages_account = True
        """Whether the token may manage the business account, so that debug_token names it."""
        self.without_whatsapp: set[str] = set()
        """Digits of numbers that nobody uses WhatsApp with: Meta takes messages to them and reports the failure afterwards."""
        self.stopped_marketing: set[str] = set()
        """Digits of people who stopped marketing messages: a template to them fails afterwards."""
        self.token_ends = 0
        """When the access token expires, in seconds since 1970; 0: never."""
        self.quality, self.number_status = "GREEN", "CONNECTED"
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self._heard: dict[str, datetime] = {}
        self._owners: dict[str, Customer] = {}
        self._callbacks: dict[str, str] = {}
        self._lists: set[str] = set()
        self._files = Files()
        self._count = 0
        self._run = secrets.token_hex(4).upper()
        self._stopping = asyncio.Event()
        self._hooks = Hooks(self.phone_number_id, self.app_secret, lambda: self.webhook)

    async def start(self, base_url: str) -> None:
        await super().start(base_url)
        self._stopping.clear()

    async def stop(self) -> None:
        self._stopping.set()
        await super().stop()

    async def meet_fault(self) -> web.Response | None:
        """As the others do, but a call that hangs lets go when the sandbox stops."""
        if self.faults and self.faults[0].kind == "hang":
            self.faults.popleft()
            await self._stopping.wait()
            return web.Response(status=503)
        return await super().meet_fault()

    def settings(self) -> dict[str, str]:
        return {
            "phone_number_id": self.phone_number_id,
            "access_token": self.access_token,
            "app_secret": self.app_secret,
            "verify_token": self.verify_token,
            "api_base": f"{self.base_url}/v24.0",
        }

    def routes(self) -> web.Application:
        app = web.Application(client_max_size=110 * 1024 * 1024, middlewares=[_refuse])
        app.router.add_post("/{version}/{node}/messages", self._messages)
        app.router.add_post("/{version}/{node}/media", self._upload)
        app.router.add_get("/files/{media}", self._file)
        app.router.add_get("/{version}/debug_token", self._token)
        self.account.add_routes(app)
        app.router.add_get("/{version}/{node}", self._get)
        app.router.add_post("/{version}/{node}", self._configure)
        return app

    def sent_to(self, address: str) -> list[Bubble]:
        return [b for b in self._owner(digits_of(address)).bubbles if not b.mine and b.channel == self.kind]

    def refuse(self, fault: Fault, headers: Mapping[str, str]) -> web.Response:
        code, text = {
            401: (190, "Invalid OAuth access token - Cannot parse access token"),
            429: (130429, "(#130429) Rate limit hit"),
            503: (131016, "(#131016) Service temporarily unavailable"),
        }.get(
            fault.status,
            (2 if fault.status >= 500 else 100, "An unexpected error has occurred. Please retry your request later."),
        )
        return graph_error(Refusal(status=fault.status, code=code, message=text), headers)

    # what the business does

    def _authorise(self, request: web.Request, *, node: str | None = None) -> None:
        """Refuse a wrong token, and a number that is not ours."""
        if request.headers.get("Authorization") != f"Bearer {self.access_token}":
            raise Refusal(status=401, code=190, message="Invalid OAuth access token - Cannot parse access token")
        if node is not None and node != self.phone_number_id:
            text = f"Unsupported request. Object with ID '{node}' does not exist, cannot be loaded due to missing permissions"
            raise Refusal(code=100, message=text, subcode=33, sort="GraphMethodException")

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        self._authorise(request, node=request.match_info["node"])
        body = msgspec.json.decode(await request.read())
        if body.get("status") == "read":
            return self._seen_by_business(body)
        answer = await self.meet_fault()
        if answer is not None:
            return answer
        return self._accept(request, body, check_body(body, self.templates, self._files))

    def _accept(self, request: web.Request, body: Element, shown: Shown) -> web.StreamResponse:
        address = digits_of(str(body.get("to") or body.get("recipient")))
        if not shown.template and not self._window_open(address):
            text = "(#131047) Re-engagement message"
            why = "Message failed to send because more than 24 hours have passed since the customer last replied to this number."
            raise Refusal(code=131047, message=text, details=why)
        message_id = self._new_id()
        self.received.append(body)
        if body.get("biz_opaque_callback_data"):
            self._callbacks[message_id] = body["biz_opaque_callback_data"]
        failure = self._failure(address, shown)
        if failure is not None:
            self._report(message_id, address, "failed", errors=[failure])
        else:
            self._show(self._owner(address), message_id, body, shown)
            if self.statuses:
                self._report(message_id, address, "sent", "delivered")
        self.drops(request)
        answer = {
            "messaging_product": "whatsapp",
            "contacts": [{"input": str(body.get("to") or body.get("recipient")), "wa_id": address}],
            "messages": [{"id": message_id}],
        }
        return web.Response(body=msgspec.json.encode(answer), content_type="application/json")

    def _show(self, customer: Customer, message_id: str, body: Element, shown: Shown) -> None:
        if shown.kind == "reaction":
            for bubble in (b for b in customer.bubbles if b.id == shown.reacts_to):
                bubble.reaction = shown.text
            self.phones.changed(customer)
            return
        context = body.get("context")
        bubble = Bubble(
            id=message_id,
            channel=self.kind,
            mine=False,
            text=shown.text,
            files=self._files.on_phone(shown.media, shown.kind, shown.name),
            choices=shown.choices,
            reply_to=context.get("message_id") if isinstance(context, dict) else None,
            at=self.now(),
        )
        if shown.kind == "list":
            self._lists.add(message_id)
        self.phones.show(customer, bubble)

    def _failure(self, address: str, shown: Shown) -> Element | None:
        """Why the message will not be delivered, as a status says it."""
        if address in self.without_whatsapp:
            return {"code": 131026, "title": "Message undeliverable", "error_data": {"details": "Message Undeliverable."}}
        if shown.template and address in self.stopped_marketing:
            return {"code": 131050, "title": "User has stopped marketing messages from the business"}
        return None

    def _window_open(self, address: str) -> bool:
        if self.window is None:
            return True
        heard = self._heard.get(address)
        return heard is not None and self.now() - heard <= self.window

    def _seen_by_business(self, body: Element) -> web.Response:
        """Mark-as-read, with or without the typing indicator."""
        if not any(b.id == body.get("message_id") for c in self.phones.customers.values() for b in c.bubbles):
            raise Refusal(code=100, message="(#100) Invalid parameter", details="Message ID is not valid")
        self.received.append(body)
        return web.json_response({"success": True})

    async def _token(self, request: web.Request) -> web.Response:
        """What a token may do: the accounts that it manages."""
        self._authorise(request)
        known = request.query.get("input_token") == self.access_token and self.manages_account
        managed = [{"scope": "whatsapp_business_management", "target_ids": ["1", self.account.id]}] if known else []
        scopes = ["whatsapp_business_messaging", *(each["scope"] for each in managed)]
        told = {"is_valid": True, "expires_at": self.token_ends, "scopes": scopes, "granular_scopes": managed}
        return web.json_response({"data": told})

    async def _upload(self, request: web.Request) -> web.Response:
        self._authorise(request, node=request.match_info["node"])
        return web.json_response({"id": self._files.take(await request.post())})

    async def _get(self, request: web.Request) -> web.Response:
        """A media id, or the number itself."""
        node = request.match_info["node"]
        if node in self._files:
            self._authorise(request)
            return web.json_response(self._files.describe(node, self.base_url))
        self._authorise(request, node=node)
        number = {"verified_name": "Sandbox Shop", "display_phone_number": "+1 555-000-1234", "quality_rating": self.quality}
        number["status"] = self.number_status
        override = {"phone_number": self.webhook} if self.webhook else {}
        return web.json_response({"id": node, **number, "webhook_configuration": override})

    async def _file(self, request: web.Request) -> web.Response:
        self._authorise(request)
        kept = self._files[request.match_info["media"]]
        return web.Response(body=kept.content, headers={"Content-Type": kept.mime})

    async def _configure(self, request: web.Request) -> web.Response:
        """The webhook address of the number: taken once it has answered the handshake."""
        self._authorise(request, node=request.match_info["node"])
        wanted = (await request.json()).get("webhook_configuration") or {}
        challenge = secrets.token_hex(8)
        query = {"hub.mode": "subscribe", "hub.verify_token": wanted.get("verify_token", ""), "hub.challenge": challenge}
        try:
            async with self.http.get(wanted.get("override_callback_uri", ""), params=query) as answer:
                if answer.status != 200 or await answer.text() != challenge:
                    raise ValueError("the callback did not echo the challenge")
        except (aiohttp.ClientError, ValueError):
            raise Refusal(code=100, message="(#100) The callback URL or verify token couldn't be validated.") from None
        self.webhook = wanted["override_callback_uri"]
        return web.json_response({"success": True})

    # what the customer does

    async def write(self, customer: Customer, draft: Draft) -> Bubble:
        address = self._address(customer)
        self._heard[address] = self.now()
        if draft.choice is None:
            contents = contents_of(draft, self._files.keep)
        else:
            contents = [pressed(customer.bubbles, draft, draft.choice, self._lists)]
        elements = [self._element(address, content, draft.reply_to) for content in contents]
        bubble = Bubble(
            id=elements[0]["id"],
            channel=self.kind,
            mine=True,
            text=draft.text,
            files=draft.files,
            reply_to=draft.reply_to,
            at=self.now(),
        )
        self.phones.show(customer, bubble)
        value = {"contacts": [self._contact(customer)], "messages": elements}
        self.later(asyncio.ensure_future(self._hooks.deliver(self.http, [value])))
        return bubble

    async def read(self, customer: Customer) -> None:
        unread = [b for b in customer.bubbles if b.channel == self.kind and not b.mine and b.state != "read"]
        for bubble in unread:
            bubble.state = "read"
        if unread:
            self.phones.changed(customer)
        if self.statuses:
            for bubble in unread:
                self._report(bubble.id, self._address(customer), "read")

    def _element(self, address: str, content: Element, reply_to: str | None) -> Element:
        element = {"from": address, "id": self._new_id(), "timestamp": str(int(self.now().timestamp())), **content}
        if reply_to and "context" not in element:
            element["context"] = {"from": DISPLAY, "id": reply_to}
        return element

    def _contact(self, customer: Customer) -> Element:
        return {"profile": {"name": customer.name}, "wa_id": self._address(customer)}

    def _address(self, customer: Customer) -> str:
        address = digits_of(customer.addresses[self.kind])
        self._owners[address] = customer
        return address

    def _owner(self, address: str) -> Customer:
        """The customer with these digits, found once: a benchmark sends thousands of messages a second."""
        known = self._owners.get(address)
        if known is None:
            same = (c for c in self.phones.customers.values() if digits_of(c.addresses.get(self.kind, "")) == address)
            known = self._owners[address] = next(same, None) or self.phones.owner(self.kind, address)
        return known

    def _new_id(self) -> str:
        """An id that no earlier run has given: we keep what we heard, and would take its like for a repetition."""
        self._count += 1
        return f"wamid.{self._run}{self._count:010d}"

    async def prefer(self, customer: Customer, *, stopped: bool) -> None:
        """The customer stops or resumes marketing messages in WhatsApp's own settings."""
        address = self._address(customer)
        (self.stopped_marketing.add if stopped else self.stopped_marketing.discard)(address)
        wish = {
            "category": "marketing_messages",
            "value": "stop" if stopped else "resume",
            "timestamp": int(self.now().timestamp()),
        }
        value = {"contacts": [self._contact(customer)], "user_preferences": [{"wa_id": address, **wish}]}
        self.later(asyncio.ensure_future(self._hooks.deliver(self.http, [value], field="user_preferences")))

    async def tell_template(
        self, name: str, language: str, field: str = "message_template_status_update", **value: object
    ) -> None:
        """Deliver what Meta says when something about a template changes."""
        template = self.templates.get((name, language))
        about = {"message_template_id": template.id if template else "0", "message_template_name": name}
        said = {**about, "message_template_language": language, **value}
        self.later(asyncio.ensure_future(self._hooks.deliver(self.http, [said], field=field)))

    def _report(self, message_id: str, address: str, *states: str, **more: object) -> None:
        common: Element = {"id": message_id, "timestamp": str(int(self.now().timestamp())), "recipient_id": address, **more}
        callback = self._callbacks.get(message_id)
        if callback is not None:
            common["biz_opaque_callback_data"] = callback
        if self._hooks.report([{**common, "status": state} for state in states]):
            self.later(asyncio.ensure_future(self._hooks.speak(self.http)))
