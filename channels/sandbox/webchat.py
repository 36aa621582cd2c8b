"""Stands behind the web chat: no provider, but the customers' browsers, which speak to the real /chat endpoints.

Each customer is one browser: it opens a session when they first write, waits on the stream, asks for what it missed
whenever the stream begins again, and acknowledges what it shows. As browsers do, it keeps its token over a restart.
"""

import asyncio
import base64
import contextlib
import json
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from channels.sandbox.base import Bubble, Customer, Draft, PhoneFile, Phones, StandIn

_PAUSES = (0.1, 0.5, 2.0, 5.0)
"""Seconds before a lost stream is opened again."""
_QUIET = aiohttp.ClientTimeout(total=None, connect=10, sock_read=60)


class NotTaken(OSError):
    """The chat endpoint answered, but not with yes."""


@dataclass(slots=True)
class Browser:
    """What one customer's browser remembers."""

    customer: Customer
    token: str
    since: str = ""
    shown: set[str] = field(default_factory=set)


class WebchatStandIn(StandIn):
    kind = "webchat"

    def __init__(self, phones: Phones) -> None:
        self._browsers: dict[str, Browser] = {}
        self._chat = ""
        super().__init__(phones)
        self._opening = asyncio.Lock()

    def settings(self) -> dict[str, str]:
        return {"title": "Ромашка · Daisy"}

    def routes(self) -> web.Application:
        return web.Application()

    @property
    def webhook(self) -> str:
        return self._chat

    @webhook.setter
    def webhook(self, webhook: str) -> None:
        """Whoever had the chat open before a restart has it open again."""
        self._chat = webhook
        if webhook:
            self.later(asyncio.ensure_future(self._reopen()))

    @property
    def chat(self) -> str:
        """Address of the chat's endpoints, which stand beside the channel's hook."""
        if not self.webhook:
            raise NotTaken("nobody has connected the web chat")
        return self.webhook.replace("/hooks/", "/chat/").rstrip("/")

    async def write(self, customer: Customer, draft: Draft) -> Bubble:
        browser = await self._browser(customer)
        bubble = Bubble(
            id=uuid.uuid4().hex,
            channel=self.kind,
            mine=True,
            text=draft.text,
            files=draft.files,
            reply_to=draft.reply_to,
            state="sent",
        )
        self.phones.show(customer, bubble)
        files = [{"name": f.name, "mime": f.mime, "content": base64.b64encode(f.content).decode()} for f in draft.files]
        body = {"id": bubble.id, "text": draft.text, "choice": draft.choice, "reply_to": draft.reply_to, "files": files}
        facts = {"name": customer.name, "language": customer.language, "page": "https://daisy.example/cart"}
        await self._post(browser, body | facts)
        bubble.state = "delivered"
        self.phones.changed(customer)
        return bubble

    async def read(self, customer: Customer) -> None:
        browser = self._browsers.get(customer.id)
        unread = [b for b in customer.bubbles if b.channel == self.kind and not b.mine and b.state != "read"]
        if browser is None or not unread:
            return
        for bubble in unread:
            bubble.state = "read"
        self.phones.changed(customer)
        await self._post(browser, {"type": "read", "ids": [b.id for b in unread]})

    async def _browser(self, customer: Customer) -> Browser:
        """This customer's browser, with a session; the first time also with its stream."""
        async with self._opening:
            if customer.id not in self._browsers:
                tokens = self._remembered()
                async with self.http.post(f"{self.chat}/session", json={"token": tokens.get(customer.id, "")}) as response:
                    opened = await _json(response)
                self._remember({**tokens, customer.id: opened["token"]})
                customer.addresses = {**customer.addresses, self.kind: opened["visitor"]}
                browser = self._browsers[customer.id] = Browser(customer, opened["token"])
                self.later(asyncio.ensure_future(self._listen(browser)))
            return self._browsers[customer.id]

    async def _reopen(self) -> None:
        for customer_id in self._remembered():
            if customer := self.phones.customers.get(customer_id):
                with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):  # then when they write
                    await self._browser(customer)

    def _remembered(self) -> dict[str, str]:
        """Tokens by customer."""
        try:
            return dict(json.loads(self._file().read_text())) if self.memory else {}
        except (FileNotFoundError, ValueError):
            return {}

    def _remember(self, tokens: dict[str, str]) -> None:
        if self.memory:
            self.memory.mkdir(parents=True, exist_ok=True)
            fresh = self._file().with_suffix(".new")
            fresh.write_text(json.dumps(tokens))
            fresh.replace(self._file())

    def _file(self) -> Path:
        assert self.memory is not None
        return self.memory / "webchat.json"

    async def _post(self, browser: Browser, body: dict[str, Any]) -> None:
        async with self.http.post(f"{self.chat}/messages", json=body, headers=_proof(browser)) as response:
            await _json(response)

    async def _listen(self, browser: Browser) -> None:
        """Wait on the stream, again and again."""
        pauses = iter(_PAUSES)
        while True:
            try:
                async with self.http.get(f"{self.chat}/stream", headers=_proof(browser), timeout=_QUIET) as response:
                    response.raise_for_status()
                    # Only now, with the stream open, can nothing fall between what is asked for and what is told.
                    await self._catch_up(browser)
                    pauses = iter(_PAUSES)
                    async for told in _events(response):
                        await self._hear(browser, told)
            except (aiohttp.ClientError, OSError, TimeoutError):
                pass  # the server is away: a browser waits and tries again
            await asyncio.sleep(next(pauses, _PAUSES[-1]))

    async def _catch_up(self, browser: Browser) -> None:
        url, params = f"{self.chat}/messages", {"since": browser.since}
        async with self.http.get(url, params=params, headers=_proof(browser)) as response:
            missed = await _json(response)
        browser.since = missed["next"]
        for told in missed["items"]:
            if not told["mine"]:
                await self._hear(browser, {"type": "message", **told})
            elif all(bubble.id != told["client_id"] for bubble in browser.customer.bubbles):
                self.phones.show(browser.customer, await self._bubble({**told, "id": told["client_id"]}))

    async def _hear(self, browser: Browser, told: dict[str, Any]) -> None:
        if told["type"] != "message" or told["mine"]:
            return
        if told["id"] not in browser.shown:
            browser.shown.add(told["id"])
            self.received.append(told)
            self.phones.show(browser.customer, await self._bubble(told))
        if self.statuses:
            await self._post(browser, {"type": "received", "ids": [told["id"]]})

    async def _bubble(self, told: dict[str, Any]) -> Bubble:
        bubble = Bubble(
            id=told["id"],
            channel=self.kind,
            mine=told["mine"],
            text=told["text"],
            files=[await self._fetch(f) for f in told["attachments"]],
            choices=[(c["id"], c["title"]) for c in told["choices"]],
            reply_to=told.get("reply_to"),
        )
        if told.get("at"):
            bubble.at = datetime.fromisoformat(told["at"])
        return bubble

    async def _fetch(self, file: dict[str, Any]) -> PhoneFile:
        async with self.http.get(file["url"]) as response:
            content = await response.read() if response.ok else b""
        return PhoneFile(kind=file["kind"], name=file["name"], mime=file["mime"], content=content)


def _proof(browser: Browser) -> dict[str, str]:
    return {"x-visitor-token": browser.token}


async def _json(response: aiohttp.ClientResponse) -> dict[str, Any]:
    if not response.ok:
        raise NotTaken(f"the chat answered {response.status}")
    body = await response.json()
    assert isinstance(body, dict)
    return body


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """The messages of an event stream: one JSON object a `data:` line."""
    async for line in response.content:
        if line.startswith(b"data:"):
            yield json.loads(line[5:])
