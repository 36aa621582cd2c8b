"""How the WhatsApp stand-in delivers: signed webhooks, many statuses in one, again with pauses until they are taken."""

import asyncio
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import aiohttp
import msgspec

Element = dict[str, Any]
"""A part of a webhook. `Any`: it is JSON."""

PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds between the attempts to deliver a webhook; Meta goes on for 7 days, this one until it has used them up."""
DISPLAY = "15550001234"
_BATCH = 50
_TIMEOUT = aiohttp.ClientTimeout(total=20)


class Hooks:
    """Delivers webhook values for one number. `target` gives the address at each attempt: it may be set while we wait."""

    def __init__(self, phone_number_id: str, secret: str, target: Callable[[], str]) -> None:
        self._metadata = {"display_phone_number": DISPLAY, "phone_number_id": phone_number_id}
        self._secret = secret.encode()
        self._target = target
        self._waiting: list[Element] = []
        self._speaking = False

    def report(self, statuses: Sequence[Element]) -> bool:
        """Queue statuses; those of many messages go out together. Returns whether somebody has to start `speak`."""
        self._waiting += [{"statuses": [status]} for status in statuses]
        idle, self._speaking = not self._speaking, True
        return idle

    async def speak(self, http: aiohttp.ClientSession) -> None:
        """Deliver what waits, in order, until nothing does."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                await self.deliver(http, batch)
        finally:
            self._speaking = False

    async def deliver(self, http: aiohttp.ClientSession, values: Sequence[Element], *, field: str = "messages") -> None:
        """POST the values in one webhook; again with growing pauses until it is answered with 2xx."""
        body, headers = self._signed(values, field)
        for pause in (*PAUSES, None):
            if await self._post(http, body, headers):
                return
            if pause is not None:
                await asyncio.sleep(pause)

    def _signed(self, values: Sequence[Element], field: str) -> tuple[bytes, Mapping[str, str]]:
        common = {"messaging_product": "whatsapp", "metadata": self._metadata}
        entry = {"id": "200300400500600", "changes": [{"value": {**common, **value}, "field": field} for value in values]}
        body = msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})
        signature = hmac.new(self._secret, body, hashlib.sha256).hexdigest()
        return body, {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={signature}"}

    async def _post(self, http: aiohttp.ClientSession, body: bytes, headers: Mapping[str, str]) -> bool:
        target = self._target()
        if not target:
            return False
        try:
            async with http.post(target, data=body, headers=headers, timeout=_TIMEOUT) as answer:
                return 200 <= answer.status < 300
        except (aiohttp.ClientError, TimeoutError):
            return False
