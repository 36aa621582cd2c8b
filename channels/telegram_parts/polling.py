"""Long polling: fetch updates where no public address is to be had, losing none and taking none twice.

Telegram forgets what is before the `offset` of the next call, so that call is made only when all is on disk.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from channels.base import Accept, BadPayload, ChannelError, Hook, Misconfigured, Refused, Retry, Unknown
from channels.events import JSON
from channels.telegram_parts.calls import BotApi
from channels.telegram_parts.refusals import refusal
from channels.telegram_parts.updates import ALLOWED, decode, pressed, updates_in

WAIT = 25
"""Seconds that Telegram holds an empty answer back."""
QUICK = 10.0
"""Seconds for calls that nobody should wait for."""
_BATCH = 100
_NUMBERING_LASTS = timedelta(days=6)
"""After a week without news Telegram may number anew, and an old offset would make it forget what came since."""


async def poll(api: BotApi, cursor: Mapping[str, JSON], accept: Accept, as_hook: Callable[[bytes], Hook]) -> None:
    """Fetch for ever. A whole answer is one delivery. Raises Retry or Misconfigured."""
    offset = _start(cursor, datetime.now(UTC))
    spinning: set[asyncio.Task[None]] = set()
    try:
        while True:
            body = await _updates(api, offset)
            if not body:
                continue
            numbers = _numbers(body)
            # Once Telegram says that there is nothing more, all before the offset is done with: none is needed then.
            offset = max(numbers) + 1 if numbers else 0
            if numbers:
                await accept(as_hook(body), {"offset": offset, "at": datetime.now(UTC).isoformat()})
                for query in pressed(body):
                    task = asyncio.create_task(stop_spinning(api, query))
                    spinning.add(task)
                    task.add_done_callback(spinning.discard)
    finally:
        for task in spinning:
            task.cancel()


async def stop_spinning(api: BotApi, query: str) -> None:
    """Answer a pressed button. One pressed too long ago has stopped by itself, and the message is safe either way."""
    try:
        await api.call("answerCallbackQuery", {"callback_query_id": query}, timeout=QUICK)
    except ChannelError:
        return


def _start(cursor: Mapping[str, JSON], now: datetime) -> int:
    """The offset to begin with. What was fetched but not confirmed comes again then, and is known by its ids."""
    try:
        old = now - datetime.fromisoformat(str(cursor["at"])) > _NUMBERING_LASTS
    except (KeyError, ValueError, TypeError):
        old = False
    return 0 if old else int(cursor.get("offset") or 0)


async def _updates(api: BotApi, offset: int) -> bytes:
    """The next answer of getUpdates, unread; empty where a webhook stood in the way and was removed.

    Raises Retry or Misconfigured.
    """
    wanted: dict[str, Any] = {"limit": _BATCH, "timeout": WAIT, "allowed_updates": ALLOWED}
    if offset:
        wanted["offset"] = offset
    try:
        status, body = await api.post("getUpdates", wanted, timeout=WAIT + QUICK)
        if status == 409 and b"webhook is active" in body:
            await api.call("deleteWebhook", {"drop_pending_updates": False})
            return b""
    except Unknown as error:
        raise Retry(error.reason, code=error.code) from None
    if status == 200:
        return body
    refused = refusal(status, body)
    raise Misconfigured(refused.reason, code=refused.code) if isinstance(refused, Refused) else refused


def _numbers(body: bytes) -> list[int]:
    """The ids of polled updates. Raises Retry where the answer is not a list of updates."""
    try:
        found = decode(body)
    except BadPayload as error:
        raise Retry("Telegram's answer cannot be read", code="answer") from error
    updates = found.get("result")
    numbers = [u["update_id"] for u in updates_in(found) if isinstance(u, dict) and isinstance(u.get("update_id"), int)]
    if not isinstance(updates, list) or (updates and not numbers):
        raise Retry("Telegram's answer is no list of updates", code="answer")
    return numbers
