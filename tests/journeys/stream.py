"""A provider's webhooks by the hundred, each brought until it is taken, as providers do."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import aiohttp

from channels.sandbox.whatsapp import WhatsAppStandIn
from tests.journeys.system import Json

AT_ONCE = 8
PAUSE = 0.05


@dataclass
class Stream:
    """Customers of one WhatsApp number who all write."""

    http: aiohttp.ClientSession
    url: str
    stand_in: WhatsAppStandIn
    accepted: list[str] = field(default_factory=list)
    """Ids of the messages that were answered with 200, in that order."""
    refused: int = 0

    async def write(self, customers: Iterable[tuple[str, str, str]]) -> None:
        """(name, digits, text) of each message; several at once, and each once more after it was taken."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, digits: str, text: str) -> None:
            async with gate:
                for _ in range(2):
                    await self.bring(message(name, digits, text))

        await asyncio.gather(*(one(*customer) for customer in customers))

    async def bring(self, value: Json) -> None:
        """Post a webhook again and again until it is taken."""
        body = json.dumps(envelope(value, self.stand_in.phone_number_id)).encode()
        while not await self.post(body):
            self.refused += 1
            await asyncio.sleep(PAUSE)
        self.accepted += [m["id"] for m in value.get("messages", ()) if m["id"] not in self.accepted]

    async def post(self, body: bytes) -> bool:
        try:
            async with self.http.post(self.url, data=body, headers=signed(self.stand_in, body)) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


def signed(stand_in: WhatsAppStandIn, body: bytes) -> dict[str, str]:
    digest = hmac.new(stand_in.app_secret.encode(), body, hashlib.sha256).hexdigest()
    return {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={digest}"}


def envelope(value: Json, number: str) -> Json:
    told = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": number}, **value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": "messages", "value": told}]}]}


def message(name: str, digits: str, text: str, number: str = "1") -> Json:
    """What a webhook says of one message."""
    heard = {"from": digits, "id": f"wamid.{digits}.{number}", "timestamp": _now(), "type": "text", "text": {"body": text}}
    return {"contacts": [{"profile": {"name": name}, "wa_id": digits}], "messages": [heard]}


def _now() -> str:
    return str(int(time.time()))


def status(message_id: int, digits: str, state: str) -> Json:
    """What a webhook says of a message of ours, known by our own id alone."""
    told = {"id": f"wamid.late.{message_id}", "status": state, "timestamp": _now(), "recipient_id": digits}
    return {"statuses": [{**told, "biz_opaque_callback_data": str(message_id)}]}
